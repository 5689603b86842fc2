//! Rooms, who is in them, and invites to them.

use chat_proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ChannelId, DisplayName, Message, Position, RequestStatus, RoomId, UserId, time};

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

/// What kind of room: for any number of people, or for two.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RoomType {
    Channel,
    Dm,
}

impl From<v1::RoomType> for RoomType {
    fn from(kind: v1::RoomType) -> Self {
        match kind {
            v1::RoomType::Direct => Self::Dm,
            v1::RoomType::Channel | v1::RoomType::Unspecified => Self::Channel,
        }
    }
}

/// A room as it stands for one of its members.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomSummary {
    #[schema(value_type = RoomId)]
    room_id: String,
    r#type: RoomType,
    #[schema(max_length = 100)]
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<UserId>, nullable = false)]
    peer_user_id: Option<String>,
    #[schema(value_type = Position)]
    latest_seq: i64,
    #[schema(value_type = Position)]
    last_read_seq: i64,
    #[schema(minimum = 0)]
    unread_count: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_message: Option<Message>,
}

impl From<v1::RoomSummary> for RoomSummary {
    fn from(room: v1::RoomSummary) -> Self {
        Self {
            r#type: room.r#type().into(),
            room_id: room.room_id,
            title: room.title,
            peer_user_id: room.peer_user_id,
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
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rooms {
    pub(crate) rooms: Vec<RoomSummary>,
}

/// A room that was just made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Room {
    #[schema(value_type = ChannelId)]
    room_id: String,
    r#type: RoomType,
    #[schema(max_length = 100)]
    title: String,
    #[schema(value_type = Vec<UserId>)]
    members: Vec<String>,
}

impl From<v1::Room> for Room {
    fn from(room: v1::Room) -> Self {
        Self { r#type: room.r#type().into(), room_id: room.room_id, title: room.title, members: room.members }
    }
}

/// The answer to the making of a room.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoomCreated {
    pub(crate) ok: bool,
    pub(crate) room: Room,
}

/// Who is in a room.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Members {
    #[schema(value_type = RoomId)]
    room_id: String,
    #[schema(value_type = Vec<UserId>)]
    members: Vec<String>,
    details: Vec<MemberDetails>,
}

/// What a member may do: the owner removes others.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Role {
    Owner,
    Member,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MemberDetails {
    #[schema(value_type = UserId)]
    user_id: String,
    #[schema(value_type = DisplayName)]
    display_name: String,
    role: Role,
    #[schema(format = DateTime)]
    joined_at: String,
    #[schema(value_type = Position)]
    last_read_seq: i64,
}

impl From<v1::ListMembersResponse> for Members {
    fn from(list: v1::ListMembersResponse) -> Self {
        let details = |member: v1::Member| MemberDetails {
            role: if member.role() == v1::Role::Owner { Role::Owner } else { Role::Member },
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
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invite {
    #[schema(format = Uuid)]
    id: String,
    #[schema(value_type = ChannelId)]
    room_id: String,
    #[schema(value_type = UserId)]
    from_user_id: String,
    #[schema(value_type = UserId)]
    to_user_id: String,
    status: RequestStatus,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<v1::InviteStatus> for RequestStatus {
    fn from(status: v1::InviteStatus) -> Self {
        match status {
            v1::InviteStatus::Accepted => Self::Accepted,
            v1::InviteStatus::Rejected => Self::Rejected,
            v1::InviteStatus::Pending | v1::InviteStatus::Unspecified => Self::Pending,
        }
    }
}

impl From<v1::Invite> for Invite {
    fn from(invite: v1::Invite) -> Self {
        Self {
            status: invite.status().into(),
            id: invite.id,
            room_id: invite.room_id,
            from_user_id: invite.from_user_id,
            to_user_id: invite.to_user_id,
            created_at: time(invite.created_at),
        }
    }
}

/// The answer to an invitation, and to its acceptance or rejection.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InviteAnswer {
    pub(crate) ok: bool,
    pub(crate) invite: Invite,
}

/// Somebody's pending invites.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invites {
    #[schema(value_type = UserId)]
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
