//! Direct rooms, which have two people.

use chat_proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::{DirectRoomId, UserId, time};

/// The answer to the start of a direct room.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DmStarted {
    ok: bool,
    room: DmRoom,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DmRoom {
    #[schema(value_type = DirectRoomId)]
    room_id: String,
    #[schema(value_type = UserId)]
    peer_user_id: String,
}

impl From<v1::DirectRoom> for DmStarted {
    fn from(room: v1::DirectRoom) -> Self {
        Self { ok: true, room: DmRoom { room_id: room.room_id, peer_user_id: room.peer_user_id } }
    }
}

/// The caller's direct rooms, the one with the newest message first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DmRooms {
    rooms: Vec<DmSummary>,
}

/// A direct room as it stands for one of the two.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DmSummary {
    #[schema(value_type = DirectRoomId)]
    room_id: String,
    #[schema(value_type = UserId)]
    peer_user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    last_message_at: Option<String>,
    /// The beginning of the newest message's text, in one line; the file's name where it has no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 120, nullable = false)]
    last_message_preview: Option<String>,
    #[schema(minimum = 0)]
    unread_count: i64,
}

impl From<v1::ListDirectRoomsResponse> for DmRooms {
    fn from(list: v1::ListDirectRoomsResponse) -> Self {
        let summary = |room: v1::DirectRoom| DmSummary {
            room_id: room.room_id,
            peer_user_id: room.peer_user_id,
            last_message_at: room.last_message_at.map(|at| time(Some(at))),
            last_message_preview: room.last_message_preview,
            unread_count: room.unread_count,
        };
        Self { rooms: list.rooms.into_iter().map(summary).collect() }
    }
}

/// The answer to the reading of a direct room.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DmRead {
    pub(crate) ok: bool,
}
