//! Every JSON shape that leaves the gateway, shared by REST and events. `golden/*.json` shows each of them.

use std::time::SystemTime;

use chat_proto::v1;
use prost_types::Timestamp;
use serde::Serialize;

use crate::error::{ErrorBody, Refusal};

/// A message, as everybody sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    id: String,
    client_msg_id: String,
    seq: i64,
    room_id: String,
    user_id: String,
    text: String,
    sent_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at_client: Option<String>,
}

impl From<v1::Message> for Message {
    fn from(message: v1::Message) -> Self {
        Self {
            id: message.id,
            client_msg_id: message.client_msg_id,
            seq: message.seq,
            room_id: message.room_id,
            user_id: message.user_id,
            text: message.text,
            sent_at: time(message.sent_at),
            sent_at_client: message.sent_at_client.map(|at| time(Some(at))),
        }
    }
}

/// A page of a room's log.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page {
    room_id: String,
    messages: Vec<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_seq: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before_seq: Option<i64>,
    latest_seq: i64,
    has_more: bool,
    epoch: String,
}

impl From<v1::Page> for Page {
    fn from(page: v1::Page) -> Self {
        let (after_seq, before_seq) = match page.cursor {
            Some(v1::page::Cursor::AfterSeq(seq)) => (Some(seq), None),
            Some(v1::page::Cursor::BeforeSeq(seq)) => (None, Some(seq)),
            None => (None, None),
        };
        Self {
            room_id: page.room_id,
            messages: page.messages.into_iter().map(Message::from).collect(),
            after_seq,
            before_seq,
            latest_seq: page.latest_seq,
            has_more: page.has_more,
            epoch: page.epoch,
        }
    }
}

/// The answer to a send, as event and in the callback.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageAck {
    #[serde(skip_serializing_if = "Option::is_none")]
    client_msg_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_msg_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retryable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

impl MessageAck {
    /// Stored, now or before. `client_msg_id` is as it was sent.
    pub(crate) fn stored(client_msg_id: String, stored: v1::SendMessageResponse) -> Self {
        let status = send_status(&stored);
        let message = stored.message.unwrap_or_default();
        Self {
            client_msg_id: Some(client_msg_id),
            server_msg_id: Some(message.id),
            room_id: Some(message.room_id),
            seq: Some(message.seq),
            status,
            reason: None,
            message: None,
            retryable: None,
            retry_after_ms: None,
        }
    }

    /// Refused. The ids are as they were sent, where they were texts.
    pub(crate) fn rejected(client_msg_id: Option<String>, room_id: Option<String>, refusal: &Refusal) -> Self {
        Self {
            client_msg_id,
            server_msg_id: None,
            room_id,
            seq: None,
            status: "rejected",
            reason: Some(refusal.code()),
            message: Some(refusal.message().to_owned()),
            retryable: Some(refusal.retryable()),
            retry_after_ms: refusal.retry_after_ms(),
        }
    }
}

/// What the server did with a send.
pub(crate) fn send_status(stored: &v1::SendMessageResponse) -> &'static str {
    match stored.status() {
        v1::send_message_response::Status::Duplicate => "duplicate",
        _ => "accepted",
    }
}

/// The answer to a send over REST.
#[derive(Debug, Serialize)]
pub(crate) struct MessageStored {
    pub(crate) status: &'static str,
    pub(crate) message: Message,
}

/// What an acknowledgement callback gets: `ok`, the answer's fields or the error.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Callback<T> {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorBody>,
    #[serde(flatten)]
    answer: Option<T>,
}

impl<T> Callback<T> {
    pub(crate) fn ok(answer: T) -> Self {
        Self { ok: true, error: None, answer: Some(answer) }
    }

    pub(crate) fn refused(refusal: &Refusal, answer: Option<T>) -> Self {
        Self { ok: false, error: Some(refusal.body()), answer }
    }
}

/// A refused event that had no callback.
#[derive(Debug, Serialize)]
pub(crate) struct RequestError<'a> {
    pub(crate) event: &'a str,
    pub(crate) error: ErrorBody,
}

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

/// What a client may send. Files are not taken.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limits {
    max_text_chars: u32,
    max_inline_file_bytes: u32,
    max_upload_bytes: u32,
    max_page: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_text_chars: 8_000, max_inline_file_bytes: 0, max_upload_bytes: 0, max_page: 500 }
    }
}

/// Everything beyond `latest_seq` arrives live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomJoined {
    pub(crate) room_id: String,
    pub(crate) latest_seq: i64,
    pub(crate) epoch: String,
}

/// A room by its name: `room_removed`, and the answer to `leave_room`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomName {
    pub(crate) room_id: String,
}

/// The answer to `set_user`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Deprecated {
    pub(crate) deprecated: bool,
}

/// `member_joined` and `member_left`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomMember {
    pub(crate) room_id: String,
    pub(crate) user_id: String,
}

/// A room as it stands for one of its members.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomSummary {
    room_id: String,
    r#type: &'static str,
    title: String,
    latest_seq: i64,
    last_read_seq: i64,
    unread_count: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message: Option<Message>,
}

impl From<v1::RoomSummary> for RoomSummary {
    fn from(room: v1::RoomSummary) -> Self {
        Self {
            r#type: room_type(room.r#type()),
            room_id: room.room_id,
            title: room.title,
            latest_seq: room.latest_seq,
            last_read_seq: room.last_read_seq,
            unread_count: room.unread_count,
            last_message: room.last_message.map(Message::from),
        }
    }
}

/// `room_added`.
#[derive(Debug, Serialize)]
pub(crate) struct RoomAdded {
    pub(crate) room: RoomSummary,
}

/// The caller's rooms.
#[derive(Debug, Serialize)]
pub(crate) struct Rooms {
    pub(crate) rooms: Vec<RoomSummary>,
}

/// A room that was just made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Room {
    room_id: String,
    r#type: &'static str,
    title: String,
    members: Vec<String>,
}

impl From<v1::Room> for Room {
    fn from(room: v1::Room) -> Self {
        Self { r#type: room_type(room.r#type()), room_id: room.room_id, title: room.title, members: room.members }
    }
}

/// The answer to the making of a room.
#[derive(Debug, Serialize)]
pub(crate) struct RoomCreated {
    pub(crate) ok: bool,
    pub(crate) room: Room,
}

/// Who is in a room.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Members {
    room_id: String,
    members: Vec<String>,
    details: Vec<MemberDetails>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberDetails {
    user_id: String,
    display_name: String,
    role: &'static str,
    joined_at: String,
    last_read_seq: i64,
}

impl From<v1::ListMembersResponse> for Members {
    fn from(list: v1::ListMembersResponse) -> Self {
        let details = |member: v1::Member| MemberDetails {
            role: if member.role() == v1::Role::Owner { "owner" } else { "member" },
            user_id: member.user_id,
            display_name: member.display_name,
            joined_at: time(member.joined_at),
            last_read_seq: member.last_read_seq,
        };
        Self {
            room_id: list.room_id,
            members: list.members.iter().map(|member| member.user_id.clone()).collect(),
            details: list.members.into_iter().map(details).collect(),
        }
    }
}

/// An invite to a room.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invite {
    id: String,
    room_id: String,
    from_user_id: String,
    to_user_id: String,
    status: &'static str,
    created_at: String,
}

impl From<v1::Invite> for Invite {
    fn from(invite: v1::Invite) -> Self {
        Self {
            status: match invite.status() {
                v1::InviteStatus::Accepted => "accepted",
                v1::InviteStatus::Rejected => "rejected",
                v1::InviteStatus::Pending | v1::InviteStatus::Unspecified => "pending",
            },
            id: invite.id,
            room_id: invite.room_id,
            from_user_id: invite.from_user_id,
            to_user_id: invite.to_user_id,
            created_at: time(invite.created_at),
        }
    }
}

/// The answer to an invitation, and to its acceptance or rejection.
#[derive(Debug, Serialize)]
pub(crate) struct InviteAnswer {
    pub(crate) ok: bool,
    pub(crate) invite: Invite,
}

/// Somebody's pending invites.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invites {
    pub(crate) user_id: String,
    pub(crate) invites: Vec<Invite>,
}

/// An invite, to the sockets of the invited.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InviteAlarm {
    r#type: &'static str,
    invite_id: String,
    room_id: String,
    from_user_id: String,
    created_at: String,
}

impl From<v1::Invite> for InviteAlarm {
    fn from(invite: v1::Invite) -> Self {
        Self {
            r#type: "room_invite",
            invite_id: invite.id,
            room_id: invite.room_id,
            from_user_id: invite.from_user_id,
            created_at: time(invite.created_at),
        }
    }
}

/// A new session.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    ok: bool,
    user_id: String,
    display_name: String,
    token: String,
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
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me {
    user_id: String,
    display_name: String,
    expires_at: String,
}

impl From<v1::GetMeResponse> for Me {
    fn from(me: v1::GetMeResponse) -> Self {
        Self { user_id: me.user_id, display_name: me.display_name, expires_at: time(me.expires_at) }
    }
}

/// The answer to a search for people.
#[derive(Debug, Serialize)]
pub(crate) struct Users {
    users: Vec<User>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct User {
    user_id: String,
    display_name: String,
}

impl From<v1::SearchUsersResponse> for Users {
    fn from(found: v1::SearchUsersResponse) -> Self {
        let user = |user: v1::User| User { user_id: user.user_id, display_name: user.display_name };
        Self { users: found.users.into_iter().map(user).collect() }
    }
}

/// The caller's sessions.
#[derive(Debug, Serialize)]
pub(crate) struct Sessions {
    sessions: Vec<SessionInfo>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionInfo {
    id: String,
    created_at: String,
    last_seen_at: String,
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

/// The time now.
pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}

/// RFC 3339 in UTC with exactly three decimals.
pub(crate) fn time(time: Option<Timestamp>) -> String {
    let Timestamp { seconds, nanos } = time.unwrap_or_default();
    let whole = Timestamp { seconds, nanos: 0 }.to_string();
    format!("{}.{:03}Z", whole.trim_end_matches('Z'), nanos / 1_000_000)
}

fn room_type(kind: v1::RoomType) -> &'static str {
    match kind {
        v1::RoomType::Channel | v1::RoomType::Unspecified => "channel",
    }
}

#[cfg(test)]
mod tests;
