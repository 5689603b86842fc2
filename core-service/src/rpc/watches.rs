//! One watch: what it says and in which order. Catching up, going live and falling behind are one loop, so that there
//! is no seam at which a message could be lost or repeated.

use std::convert::Infallible;
use std::sync::Arc;

use chat_proto::v1;
use chat_proto::v1::subscribe_response::Event;
use chat_sabotage::{Fault, planted};
use tokio::sync::mpsc;
use tonic::Status;

use super::convert;
use crate::domain::{Clock, Credential, Error, Result, RoomEvent, RoomId, UserEvent, UserId, WatchStart};
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::presence;
use crate::store::{SMALL, Store};

/// Where a watch reads.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) store: Store,
    pub(super) hub: Arc<Hub>,
    pub(super) clock: Clock,
}

/// Where a watch writes. A full queue holds the watch up, never the hub.
pub(super) type Out = mpsc::Sender<Result<v1::SubscribeResponse, Status>>;

/// What all watches of one stream share.
#[derive(Clone)]
pub(super) struct Watches {
    pub(super) source: Source,
    pub(super) credential: Credential,
    /// The user whose session opened the stream; none for a service.
    pub(super) own: Option<UserId>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) out: Out,
}

impl Watches {
    /// Follows a room until the right to it ends, and says so in the stream.
    pub(super) async fn room(self, room: RoomId, after: Option<i64>) {
        let Err(refusal) = self.follow_room(&room, after).await;
        let target = v1::watch_error::Target::RoomId(room.to_string());
        self.refuse(Some(target), refusal).await;
    }

    /// Follows a user until the right to it ends, and says so in the stream.
    pub(super) async fn user(self, user: UserId) {
        let Err(refusal) = self.follow_user(&user).await;
        let target = v1::watch_error::Target::UserId(user.to_string());
        self.refuse(Some(target), refusal).await;
    }

    /// Says in the stream that a watch did not come about, or has ended; without a target where the wish named none.
    pub(super) async fn refuse(self, target: Option<v1::watch_error::Target>, refusal: Error) {
        let error = v1::WatchError { target, code: refusal.code().to_owned(), message: refusal.to_string() };
        self.say(Event::Error(error)).await;
    }

    async fn follow_room(&self, room: &RoomId, mut after: Option<i64>) -> Result<Infallible> {
        let source = &self.source;
        loop {
            // First the place in the live tail, then the snapshot: what happens in between is in both, never in neither.
            let mut live = source.hub.watch_room(room);
            let start = source.store.start_watch(self.credential.clone(), room.clone(), after).await?;
            let mut seq = after.unwrap_or(start.latest_seq);
            let latest_seq = start.latest_seq;
            if planted(Fault::ReplayOffByOne) && seq < latest_seq {
                seq += 1;
            }
            self.say(self.watching(room, start)).await;
            while seq < latest_seq {
                for message in source.store.replay(room.clone(), seq, latest_seq).await? {
                    seq = message.seq;
                    self.say(Event::Message(convert::message(&message))).await;
                }
            }
            while let Ok(event) = live.next().await {
                match event {
                    RoomEvent::Message(message) if message.seq <= seq => {}
                    RoomEvent::Message(message) => {
                        seq = message.seq;
                        self.say(Event::Message(convert::message(&message))).await;
                    }
                    RoomEvent::Joined(user) => self.say(joined(room, &user)).await,
                    // Whether the own membership ended for good the next start decides.
                    RoomEvent::Left(user) if self.own.as_ref() == Some(&user) => break,
                    RoomEvent::Left(user) => self.say(left(room, &user)).await,
                    RoomEvent::Typing(user, _) if self.own.as_ref() == Some(&user) => {}
                    RoomEvent::Typing(user, is_typing) => self.say(typing(room, &user, is_typing)).await,
                    RoomEvent::Read(user, seq) => {
                        self.say(Event::ReadState(convert::read_state(room, &user, seq))).await;
                    }
                }
            }
            self.metrics.watches_restarted.inc();
            after = Some(seq);
        }
    }

    async fn follow_user(&self, user: &UserId) -> Result<Infallible> {
        let source = &self.source;
        let mut stay = None;
        loop {
            let mut live = source.hub.watch_user(user);
            let state = source.store.user_state(self.credential.clone(), user.clone()).await?;
            stay.get_or_insert_with(|| source.hub.presence.enter(user));
            self.say(convert::about(user, convert::user_state(&state))).await;
            let online = presence::view(&source.store, &source.hub, user).await?;
            self.say(convert::user_event(user, &UserEvent::OnlineUsers(online.into()))).await;
            while let Ok(event) = live.next().await {
                self.say(convert::user_event(user, &event)).await;
            }
            self.metrics.watches_restarted.inc();
        }
    }

    fn watching(&self, room: &RoomId, start: WatchStart) -> Event {
        let told = if self.own.is_none() { start.members } else { Vec::new() };
        let is_small = told.len() as i64 <= SMALL;
        let last_read_seqs = told.iter().filter(|_| is_small).map(|(_, seq)| *seq).collect();
        let members = told.iter().map(|(user, _)| user.to_string()).collect();
        let (room_id, latest_seq) = (room.to_string(), start.latest_seq);
        Event::Watching(v1::Watching { room_id, latest_seq, epoch: start.epoch, members, last_read_seqs })
    }

    async fn say(&self, event: Event) {
        // Where nobody listens any more, the stream is about to be dropped, and this watch with it.
        let _ = self.out.send(Ok(v1::SubscribeResponse { event: Some(event) })).await;
    }
}

fn joined(room: &RoomId, user: &UserId) -> Event {
    Event::MemberJoined(v1::MemberJoined { room_id: room.to_string(), user_id: user.to_string() })
}

fn left(room: &RoomId, user: &UserId) -> Event {
    Event::MemberLeft(v1::MemberLeft { room_id: room.to_string(), user_id: user.to_string() })
}

fn typing(room: &RoomId, user: &UserId, is_typing: bool) -> Event {
    Event::Typing(v1::Typing { room_id: room.to_string(), user_id: user.to_string(), is_typing })
}
