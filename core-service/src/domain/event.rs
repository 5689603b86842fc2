//! What a commit tells to those who follow rooms and users.

use std::sync::Arc;

use super::{Invite, Message, RoomId, RoomSummary, SessionId, UserId};

/// One event with whom it concerns. Events leave in the order of commit, and never before it.
#[derive(Clone, Debug)]
pub enum Event {
    /// For those who follow a room.
    Room(RoomId, RoomEvent),
    /// For those who follow a user.
    User(UserId, UserEvent),
}

/// Something that happened in a room.
#[derive(Clone, Debug)]
pub enum RoomEvent {
    /// A message was stored.
    Message(Arc<Message>),
    /// Somebody became a member.
    Joined(UserId),
    /// Somebody is no member any more.
    Left(UserId),
}

/// Something that happened to a user.
#[derive(Clone, Debug)]
pub enum UserEvent {
    /// The user became a member of a room.
    RoomAdded(Arc<RoomSummary>),
    /// The user is no member of a room any more.
    RoomRemoved(RoomId),
    /// The user was invited.
    Invited(Arc<Invite>),
    /// A session of the user ended before its time.
    SessionRevoked(SessionId),
}
