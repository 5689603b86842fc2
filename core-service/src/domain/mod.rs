//! The values and rules of the chat, free of any I/O: ids and texts that cannot be built wrong, what is stored, what
//! a commit tells, and the one error.

pub mod account;
pub mod credential;
pub mod error;
pub mod event;
pub mod ids;
pub mod message;
pub mod room;
pub mod text;
pub mod time;

pub use account::{Account, LiveSession, NewSession, Profile};
pub use credential::{Actor, Credential, Token, TokenHash};
pub use error::{Error, Result};
pub use event::{Event, RoomEvent, UserEvent};
pub use ids::{ClientMsgId, InviteId, MessageId, RoomId, SessionId, UserId};
pub use message::{Appended, Cursor, Message, NewMessage, Page, PageLimit};
pub use room::{Invite, InviteStatus, Invited, Member, Role, Room, RoomSummary, RoomType, UserState, WatchStart};
pub use text::{DisplayName, MessageText, Password, Title};
pub use time::{Clock, Timestamp};
