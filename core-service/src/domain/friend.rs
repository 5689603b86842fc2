//! Friends, and requests to become one.

use super::room::stored_words;
use super::{FriendRequestId, Timestamp, UserId};

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FriendRequestStatus {
    /// Waits for an answer.
    Pending,
    /// The two are friends.
    Accepted,
    /// The addressee declined.
    Rejected,
}

/// A request to become friends.
#[derive(Clone, Debug)]
pub struct FriendRequest {
    /// The id.
    pub id: FriendRequestId,
    /// Who asks.
    pub from: UserId,
    /// Who is asked.
    pub to: UserId,
    /// What became of it.
    pub status: FriendRequestStatus,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub enum Asked {
    /// This call made it.
    Created(FriendRequest),
    /// It was there already, one way or the other.
    Known(FriendRequest),
}

/// Whose requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Those to the caller.
    Incoming,
    /// Those of the caller.
    Outgoing,
}

/// A friend of somebody's.
#[derive(Clone, Debug)]
pub struct Friend {
    /// The user.
    pub user: UserId,
    /// How they are called.
    pub display_name: String,
}

stored_words! {
    FriendRequestStatus { Pending = "pending", Accepted = "accepted", Rejected = "rejected" }
}
