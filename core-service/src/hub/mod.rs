//! Live subscriptions. Each followed room or user has a feed: a short tail of its latest events. A subscriber is a
//! cursor into it that reads at its own pace; one that falls behind the tail is told so and reads the store instead.
//! So there is no queue per subscriber that could overflow, and nothing is ever skipped in silence.

mod feed;
mod presence;
mod topics;

use std::sync::Arc;

pub use feed::{Cursor, Lagged};
pub use presence::{News, Presence, Stay};

use chat_sabotage::{Fault, strikes};

use crate::domain::{Event, RoomEvent, RoomId, UserEvent, UserId};
use topics::Topics;

/// Everything that is followed right now.
#[derive(Debug, Default)]
pub struct Hub {
    rooms: Topics<RoomId, RoomEvent>,
    users: Topics<UserId, UserEvent>,
    /// Who is online.
    pub presence: Arc<Presence>,
}

impl Hub {
    /// Follows a room from this moment on.
    pub fn watch_room(&self, room: &RoomId) -> Cursor<RoomId, RoomEvent> {
        self.rooms.watch(room)
    }

    /// Follows a user from this moment on.
    pub fn watch_user(&self, user: &UserId) -> Cursor<UserId, UserEvent> {
        self.users.watch(user)
    }

    /// Hands committed events on, in the order of commit. Only the writer calls this.
    pub fn publish(&self, events: Vec<Event>) {
        for event in events {
            match event {
                Event::Room(_, RoomEvent::Message(_)) if strikes(Fault::LoseEvent, 50) => {}
                Event::Room(room, event) => self.rooms.publish(&room, event),
                Event::User(user, event) => self.users.publish(&user, event),
                Event::Moved(room, user) => self.presence.moved(room, user),
                Event::Crossed(room) => self.presence.crossed(room),
                Event::Friendship(one, other) => self.presence.view_changed([one, other]),
            }
        }
    }

    /// Tells a user about the presence of others. Only the task that works [`Presence::news`] off calls this.
    pub fn tell_presence(&self, user: &UserId, event: UserEvent) {
        self.users.publish(user, event);
    }

    /// Whether anybody follows a user.
    #[must_use]
    pub fn follows(&self, user: &UserId) -> bool {
        self.users.is_followed(user)
    }
}
