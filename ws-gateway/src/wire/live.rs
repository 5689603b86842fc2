//! What people do at this moment: who is there, who writes, who has read what.

use chat_proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::Position;

/// A user by their name: `online_users` is a list of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OnlineUser {
    pub(crate) user_id: String,
}

/// `presence`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Presence {
    pub(crate) user_id: String,
    pub(crate) online: bool,
}

impl From<v1::Presence> for Presence {
    fn from(presence: v1::Presence) -> Self {
        Self { user_id: presence.user_id, online: presence.online }
    }
}

/// `typing`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Typing {
    pub(crate) room_id: String,
    pub(crate) user_id: String,
    pub(crate) is_typing: bool,
}

impl From<v1::Typing> for Typing {
    fn from(typing: v1::Typing) -> Self {
        Self { room_id: typing.room_id, user_id: typing.user_id, is_typing: typing.is_typing }
    }
}

/// `read_state`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReadState {
    pub(crate) room_id: String,
    pub(crate) user_id: String,
    pub(crate) last_read_seq: i64,
}

impl From<v1::ReadState> for ReadState {
    fn from(state: v1::ReadState) -> Self {
        Self { room_id: state.room_id, user_id: state.user_id, last_read_seq: state.last_read_seq }
    }
}

/// The answer to `mark_read`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LastRead {
    last_read_seq: i64,
}

impl From<v1::MarkReadResponse> for LastRead {
    fn from(marked: v1::MarkReadResponse) -> Self {
        Self { last_read_seq: marked.last_read_seq }
    }
}

/// The answer to the moving of a read position over REST.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReadAnswer {
    pub(crate) ok: bool,
    /// The position as it stands now.
    #[schema(value_type = Position)]
    pub(crate) last_read_seq: i64,
}
