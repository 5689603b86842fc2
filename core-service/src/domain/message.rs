//! Messages, and the pages that they are read in.

use super::{ClientMsgId, Error, FileId, MessageId, MessageText, Result, RoomId, StoredFile, Timestamp, UserId};

/// Most messages of one page.
pub const MAX_PAGE: i32 = 500;

/// A message on its way in.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Where it goes.
    pub room: RoomId,
    /// The sender's id for it, the same on every retry.
    pub client_msg_id: ClientMsgId,
    /// What it says; empty where a file says it all.
    pub text: MessageText,
    /// The file that goes with it.
    pub file: Option<FileId>,
    /// When the sender says it was written.
    pub sent_at_client: Option<Timestamp>,
}

/// A stored message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The server's id for it.
    pub id: MessageId,
    /// The sender's id for it.
    pub client_msg_id: ClientMsgId,
    /// Position in the room, 1 for the first.
    pub seq: i64,
    /// The room.
    pub room: RoomId,
    /// The sender.
    pub user: UserId,
    /// What it says.
    pub text: String,
    /// The file that goes with it.
    pub file: Option<StoredFile>,
    /// When it was stored.
    pub sent_at: Timestamp,
    /// When the sender says it was written.
    pub sent_at_client: Option<Timestamp>,
}

/// What became of a send.
#[derive(Clone, Debug)]
pub enum Appended {
    /// Stored by this send.
    Accepted(std::sync::Arc<Message>),
    /// Stored by an earlier send with the same key; this is that one.
    Duplicate(std::sync::Arc<Message>),
}

/// Where a page begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// What follows this position; 0 is the beginning.
    After(i64),
    /// What comes before this position.
    Before(i64),
    /// The newest page.
    Newest,
}

/// How many messages a page holds at most: 1 to 500.
#[derive(Clone, Copy, Debug)]
pub struct PageLimit(i32);

/// A page of a room's log, ascending by position.
#[derive(Clone, Debug)]
pub struct Page {
    /// The room.
    pub room: RoomId,
    /// Every message from the cursor to the last one here.
    pub messages: Vec<Message>,
    /// The cursor as it was asked for.
    pub cursor: Cursor,
    /// The room's newest position at that moment.
    pub latest_seq: i64,
    /// Whether more exists in the cursor's direction.
    pub has_more: bool,
    /// The history that these positions belong to.
    pub epoch: String,
}

impl Cursor {
    /// What follows a position. Errors: `invalid_argument` for a negative one.
    pub fn after(seq: i64) -> Result<Self> {
        if seq >= 0 { Ok(Self::After(seq)) } else { Err(Error::invalid("afterSeq", "must not be negative")) }
    }

    /// What comes before a position. Errors: `invalid_argument` below 1.
    pub fn before(seq: i64) -> Result<Self> {
        if seq >= 1 { Ok(Self::Before(seq)) } else { Err(Error::invalid("beforeSeq", "must be positive")) }
    }
}

impl PageLimit {
    /// 1 to 500, 0 meaning `default`. Errors: `invalid_argument`.
    pub fn parse(limit: i32, default: i32) -> Result<Self> {
        match limit {
            0 => Ok(Self(default)),
            1..=MAX_PAGE => Ok(Self(limit)),
            _ => Err(Error::invalid("limit", "must be 1 to 500")),
        }
    }

    /// The largest page.
    #[must_use]
    pub fn max() -> Self {
        Self(MAX_PAGE)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> i32 {
        self.0
    }
}
