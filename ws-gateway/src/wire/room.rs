//! Rooms, who is in them, and invites to them.

use chat_proto::v1;
use serde::Serialize;

use super::{Message, time};

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

fn room_type(kind: v1::RoomType) -> &'static str {
    match kind {
        v1::RoomType::Channel | v1::RoomType::Unspecified => "channel",
    }
}
