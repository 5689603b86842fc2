//! What a commit tells to those who follow rooms and users.

use std::sync::Arc;

use super::{FriendRequest, Invite, Message, RoomId, RoomSummary, SessionId, UserId};

/// One event with whom it concerns. Events leave in the order of commit, and never before it.
#[derive(Clone, Debug)]
pub enum Event {
    /// For those who follow a room.
    Room(RoomId, RoomEvent),
    /// For those who follow a user.
    User(UserId, UserEvent),
    /// Somebody entered or left a small room: they and its members hear of each other, or do no more.
    Moved(RoomId, UserId),
    /// A room became small, or ceased to be: its members hear of each other, or do no more.
    Crossed(RoomId),
    /// Two people became friends, or ceased to be: the same for these two.
    Friendship(UserId, UserId),
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
    /// Somebody writes, or stopped to.
    Typing(UserId, bool),
    /// Somebody read up to a position.
    Read(UserId, i64),
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
    /// A friend request to the user, or one of theirs or to them that was answered.
    FriendRequest(Arc<FriendRequest>),
    /// The user read a room up to a position.
    Read(RoomId, i64),
    /// Somebody whom the user hears about came or went.
    Presence(UserId, bool),
    /// Everybody whom the user hears about and who is online.
    OnlineUsers(Arc<OnlineUsers>),
}

/// Who of those whom a user hears about is online.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnlineUsers {
    /// Those who are.
    pub users: Vec<UserId>,
    /// Whether nobody else is. Right after a start it is not known of everybody yet.
    pub complete: bool,
}
