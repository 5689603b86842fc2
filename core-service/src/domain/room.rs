//! Rooms, who is in them, and invites to them.

use super::{InviteId, Message, RoomId, Timestamp, UserId};

/// What kind of room it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomType {
    /// Entered by invitation.
    Channel,
    /// Between two people, for good.
    Direct,
}

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// One in each room that has members.
    Owner,
    /// Everybody else.
    Member,
}

/// What became of an invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteStatus {
    /// Waits for an answer.
    Pending,
    /// The invited joined.
    Accepted,
    /// The invited declined.
    Rejected,
}

/// A room with its members.
#[derive(Clone, Debug)]
pub struct Room {
    /// The id.
    pub id: RoomId,
    /// The kind.
    pub kind: RoomType,
    /// The title.
    pub title: String,
    /// Who is in it, the longest-standing first.
    pub members: Vec<UserId>,
}

/// A room as it stands for one of its members.
#[derive(Clone, Debug)]
pub struct RoomSummary {
    /// The id.
    pub id: RoomId,
    /// The kind.
    pub kind: RoomType,
    /// The title.
    pub title: String,
    /// The newest position; 0 in a room without messages.
    pub latest_seq: i64,
    /// The member's read position.
    pub last_read_seq: i64,
    /// Messages of others beyond it.
    pub unread_count: i64,
    /// The newest message.
    pub last_message: Option<Message>,
    /// The other one, in a direct room.
    pub peer: Option<UserId>,
    /// Since when the member is one.
    pub joined_at: Timestamp,
}

/// A direct room as it stands for one of the two.
#[derive(Clone, Debug)]
pub struct DirectRoom {
    /// The id.
    pub id: RoomId,
    /// The other one.
    pub peer: UserId,
    /// The newest message.
    pub last_message: Option<Message>,
    /// Messages of the other one beyond the read position.
    pub unread_count: i64,
}

/// A member of a room.
#[derive(Clone, Debug)]
pub struct Member {
    /// The user.
    pub user: UserId,
    /// How they are called.
    pub display_name: String,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub joined_at: Timestamp,
    /// Their read position.
    pub last_read_seq: i64,
}

/// An invite to a room.
#[derive(Clone, Debug)]
pub struct Invite {
    /// The id.
    pub id: InviteId,
    /// Where to.
    pub room: RoomId,
    /// Who invites.
    pub from: UserId,
    /// Who is invited.
    pub to: UserId,
    /// What became of it.
    pub status: InviteStatus,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The answer to an invitation.
#[derive(Clone, Debug)]
pub enum Invited {
    /// This call made it.
    Created(Invite),
    /// It was there already.
    Pending(Invite),
}

/// A room at the moment when a watch of it starts.
#[derive(Clone, Debug)]
pub struct WatchStart {
    /// The newest position.
    pub latest_seq: i64,
    /// The history that it belongs to.
    pub epoch: String,
    /// Who is a member, and how far each has read.
    pub members: Vec<(UserId, i64)>,
}

/// A user's memberships and sessions at one moment.
#[derive(Clone, Debug)]
pub struct UserState {
    /// The rooms that the user is a member of, and since when.
    pub rooms: Vec<(RoomId, Timestamp)>,
    /// The live sessions.
    pub sessions: Vec<super::SessionId>,
}

/// Words that the store keeps for the values of an enum.
macro_rules! stored_words {
    ($($type:ident { $($variant:ident = $word:literal),* })*) => {$(
        impl $type {
            /// The word that the store keeps.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The value of a stored word. Errors: `internal` for one that no version ever stored.
            pub fn stored(word: &str) -> $crate::domain::Result<Self> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => Err($crate::domain::Error::Internal),
                }
            }
        }
    )*};
}

pub(super) use stored_words;

stored_words! {
    RoomType { Channel = "channel", Direct = "dm" }
    Role { Owner = "owner", Member = "member" }
    InviteStatus { Pending = "pending", Accepted = "accepted", Rejected = "rejected" }
}
