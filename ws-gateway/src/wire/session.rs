//! Accounts and sessions, those of sockets too.

use chat_proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::{DisplayName, UserId, time};

/// The first event of a connection.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionReady {
    pub(crate) user_id: String,
    pub(crate) display_name: String,
    pub(crate) epoch: String,
    pub(crate) server_time: String,
    pub(crate) limits: Limits,
}

/// What a client may send and ask for.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limits {
    max_text_chars: u32,
    max_inline_file_bytes: i64,
    max_upload_bytes: i64,
    max_page: u32,
}

impl From<v1::FileLimits> for Limits {
    fn from(files: v1::FileLimits) -> Self {
        Self {
            max_text_chars: 8_000,
            max_inline_file_bytes: files.max_inline_bytes,
            max_upload_bytes: files.max_upload_bytes,
            max_page: 500,
        }
    }
}

/// The answer to `set_user`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Deprecated {
    pub(crate) deprecated: bool,
}

/// A new session.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    ok: bool,
    #[schema(value_type = UserId)]
    user_id: String,
    #[schema(value_type = DisplayName)]
    display_name: String,
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    token: String,
    #[schema(format = DateTime)]
    expires_at: String,
}

impl From<v1::SessionResponse> for Session {
    fn from(session: v1::SessionResponse) -> Self {
        Self {
            ok: true,
            user_id: session.user_id,
            display_name: session.display_name,
            token: session.token,
            expires_at: time(session.expires_at),
        }
    }
}

/// Who the caller is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me {
    #[schema(value_type = UserId)]
    user_id: String,
    #[schema(value_type = DisplayName)]
    display_name: String,
    #[schema(format = DateTime)]
    expires_at: String,
}

impl From<v1::GetMeResponse> for Me {
    fn from(me: v1::GetMeResponse) -> Self {
        Self { user_id: me.user_id, display_name: me.display_name, expires_at: time(me.expires_at) }
    }
}

/// The answer to a search for people.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Users {
    users: Vec<User>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct User {
    #[schema(value_type = UserId)]
    user_id: String,
    #[schema(value_type = DisplayName)]
    display_name: String,
}

impl From<v1::SearchUsersResponse> for Users {
    fn from(found: v1::SearchUsersResponse) -> Self {
        let user = |user: v1::User| User { user_id: user.user_id, display_name: user.display_name };
        Self { users: found.users.into_iter().map(user).collect() }
    }
}

/// The caller's sessions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sessions {
    sessions: Vec<SessionInfo>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SessionInfo {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    last_seen_at: String,
    #[schema(max_length = 255)]
    user_agent: String,
    current: bool,
}

impl From<v1::ListSessionsResponse> for Sessions {
    fn from(list: v1::ListSessionsResponse) -> Self {
        let session = |session: v1::Session| SessionInfo {
            id: session.id,
            created_at: time(session.created_at),
            last_seen_at: time(session.last_seen_at),
            user_agent: session.user_agent,
            current: session.current,
        };
        Self { sessions: list.sessions.into_iter().map(session).collect() }
    }
}

/// Before a planned stop.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServerDraining {
    pub(crate) reconnect_after_ms: u64,
}
