//! The values and rules of the chat, free of any I/O: ids and texts that cannot be built wrong, what is stored, what
//! a commit tells, and the one error.

pub mod account;
pub mod credential;
pub mod error;
pub mod event;
pub mod file;
pub mod friend;
pub mod ids;
pub mod message;
pub mod room;
pub mod service_account;
pub mod text;
pub mod time;

pub use account::{Account, LiveSession, NewSession, Profile};
pub use credential::{Actor, Credential, Token, TokenHash};
pub use error::{Error, Result};
pub use event::{Event, OnlineUsers, RoomEvent, UserEvent};
pub use file::{FileName, MediaType, NewFile, Sha256Hash, StoredFile};
pub use friend::{Asked, Direction, Friend, FriendRequest, FriendRequestStatus};
pub use ids::{ClientMsgId, FileId, FriendRequestId, InviteId, MessageId, RoomId, SessionId, UserId};
pub use message::{Appended, Cursor, Message, NewMessage, Page, PageLimit};
pub use room::{
    DirectRoom, Invite, InviteStatus, Invited, Member, Role, Room, RoomSummary, RoomType, UserState, WatchStart,
};
pub use service_account::{AccountName, Scope, Scopes, ServiceAccount};
pub use text::{DisplayName, MessageText, Password, Title};
pub use time::{Clock, Timestamp};
