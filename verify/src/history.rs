//! What happened: every call and answer of a run, in the order in which it was recorded.
//!
//! The order means something. What a client does is recorded before it is done, what it hears after it was heard. So
//! if one entry stands before another, a call that the first one answered was over before the call that the second
//! one began. The checker relies on that and on nothing else about time.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use uuid::Uuid;

/// A place in [`History::entries`].
pub type Index = usize;

/// A user of the run: a place in [`History::clients`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Client(pub u32);

/// A room of the run: a place in [`History::rooms`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Room(pub u32);

/// One connection of a client; each has a number of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Socket(pub u32);

/// The digest of a text, as it is stored: trimmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Text(pub u64);

/// The digest of a message: its ids, author and text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Print(pub u64);

/// A message of a room's log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// Its position.
    pub seq: i64,
    /// The server's id.
    pub id: Uuid,
    /// The sender's id.
    pub client_msg_id: Uuid,
    /// The sender's user id.
    pub author: String,
    /// What it says.
    pub text: Text,
}

/// A run, as far as the checker needs it.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The user ids.
    pub clients: Vec<String>,
    /// The rooms, with the whole log of each as it was read after everything had come to rest.
    pub rooms: Vec<RoomLog>,
    /// What happened.
    pub entries: Vec<Entry>,
}

/// A room at the end.
#[derive(Clone, Debug, Default)]
pub struct RoomLog {
    /// Its id.
    pub name: String,
    /// Its messages, as pages from the beginning gave them.
    pub log: Vec<Message>,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Since the run began.
    pub at: Duration,
    /// What.
    pub event: Event,
}

/// What can happen.
#[derive(Clone, Debug)]
pub enum Event {
    /// A connection was let in.
    Opened {
        /// The new connection.
        socket: Socket,
        /// Whose it is.
        client: Client,
    },
    /// A connection ended, or was given up.
    Closed {
        /// The connection.
        socket: Socket,
    },
    /// A message is about to be written to a connection. Entries of one connection stand in the order of writing.
    Sent {
        /// The connection.
        socket: Socket,
        /// Where to.
        room: Room,
        /// The client's id of the message: the same for each further try.
        client_msg_id: Uuid,
        /// What it says.
        text: Text,
    },
    /// A send was answered.
    Answered {
        /// The connection.
        socket: Socket,
        /// The room of the send.
        room: Room,
        /// The id of the send.
        client_msg_id: Uuid,
        /// What it says: an id may have been used with two texts, and the sends of one connection into one room are
        /// answered in order.
        text: Text,
        /// The answer.
        answer: Answer,
    },
    /// From here on a connection is promised everything beyond `latest_seq`, in order.
    Joined {
        /// The connection.
        socket: Socket,
        /// The room.
        room: Room,
        /// The position up to which the client has to read for itself.
        latest_seq: i64,
        /// Whether the stream promises each message exactly once (gRPC), not at least once (Socket.IO).
        exact: bool,
    },
    /// A connection was told that it hears of a room no more.
    Parted {
        /// The connection.
        socket: Socket,
        /// The room.
        room: Room,
    },
    /// A message arrived live.
    Live {
        /// The connection.
        socket: Socket,
        /// The room.
        room: Room,
        /// Its position.
        seq: i64,
        /// What it is.
        print: Print,
    },
    /// A page is about to be asked for.
    Asked {
        /// Who asks.
        client: Client,
        /// The room.
        room: Room,
        /// The cursor.
        after_seq: i64,
    },
    /// A page came.
    Paged {
        /// The entry of its [`Event::Asked`].
        asked: Index,
        /// The cursor, as the page echoes it.
        after_seq: i64,
        /// What it holds, in its order.
        messages: Vec<(i64, Print)>,
        /// The room's newest position, as the page says.
        latest_seq: i64,
        /// Whether the page says that newer ones exist.
        has_more: bool,
    },
    /// A page was refused for good.
    PageRefused {
        /// The entry of its [`Event::Asked`].
        asked: Index,
        /// The contract's code.
        code: String,
    },
    /// Somebody was told which history of the database this is.
    Epoch {
        /// Who.
        client: Client,
        /// Its name.
        epoch: String,
    },
    /// A client is about to become a member of a room: from here on it may hear of it.
    Entering {
        /// Who.
        client: Client,
        /// Where.
        room: Room,
    },
    /// A client's departure from a room was acknowledged: from here on it hears of nothing new there.
    Left {
        /// Who.
        client: Client,
        /// Where.
        room: Room,
    },
    /// What a member has of a room after its last resync, from position 1 on.
    View {
        /// Who.
        client: Client,
        /// The room.
        room: Room,
        /// The messages in order.
        messages: Vec<Print>,
    },
    /// The run is over and this connection is still open: it must have been told everything.
    StillOpen {
        /// The connection.
        socket: Socket,
    },
    /// A message that was given up after everything had come to rest: nobody ever answered it.
    Unanswered {
        /// Whose.
        client: Client,
        /// Where.
        room: Room,
        /// Its id.
        client_msg_id: Uuid,
    },
}

/// What became of one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Stored by this try.
    Accepted(Stored),
    /// Stored by an earlier one.
    Duplicate(Stored),
    /// Not stored, and the same try is no use again.
    Rejected(String),
    /// Nobody knows: to be tried again.
    Retry(String),
}

/// Where a message was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The server's id.
    pub id: Uuid,
    /// Its position.
    pub seq: i64,
}

impl Text {
    /// The digest of a text without white space at its ends.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(digest(text.trim()))
    }
}

impl Message {
    /// The digest by which views are compared.
    #[must_use]
    pub fn print(&self) -> Print {
        Print(digest((self.id, self.client_msg_id, &self.author, self.text.0)))
    }
}

impl Answer {
    /// Where it was stored, if it was.
    #[must_use]
    pub fn stored(&self) -> Option<Stored> {
        match self {
            Self::Accepted(stored) | Self::Duplicate(stored) => Some(*stored),
            Self::Rejected(_) | Self::Retry(_) => None,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(Stored { id, seq }) => write!(formatter, "accepted as {seq} ({id})"),
            Self::Duplicate(Stored { id, seq }) => write!(formatter, "duplicate of {seq} ({id})"),
            Self::Rejected(code) => write!(formatter, "rejected: {code}"),
            Self::Retry(code) => write!(formatter, "to be tried again: {code}"),
        }
    }
}

/// Stable within one run, which is all that digests are compared in.
fn digest(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
