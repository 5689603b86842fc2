//! `/social/dm`: rooms of two friends.

use axum::Json;
use axum::extract::State;
use chat_proto::v1;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{Body, Segment};
use super::rooms::no_answer;
use crate::auth::Caller;
use crate::core::{Core, answer, with_token};
use crate::error::Refusal;
use crate::wire;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct StartDm {
    #[schema(value_type = wire::UserId)]
    to_user_id: String,
}

/// Finds the direct room with a friend, and makes it where it is missing.
#[utoipa::path(
    post, path = "/social/dm/start", operation_id = "startDirectRoom", tag = "direct",
    request_body = StartDm,
    responses(
        (status = 200, description = "The room", body = wire::DmStarted),
        (status = 403, description = "`not_friends`: no friend of the caller's"),
        (status = 404, description = "`not_found`: no such user"),
        (status = 409, description = "`failed_precondition`: oneself"),
    ),
)]
pub(super) async fn start(
    State(mut core): State<Core>,
    caller: Caller,
    Body(body): Body<StartDm>,
) -> Result<Json<wire::DmStarted>, Refusal> {
    let request = v1::StartDirectMessageRequest { to_user_id: body.to_user_id };
    let started = answer(core.social.start_direct_message(with_token(&caller.token, request)?)).await?;
    Ok(Json(started.room.ok_or_else(no_answer)?.into()))
}

/// Lists the caller's direct rooms.
#[utoipa::path(
    get, path = "/social/dm/rooms", operation_id = "listDirectRooms", tag = "direct",
    responses((status = 200, description = "The rooms, the one with the newest message first", body = wire::DmRooms)),
)]
pub(super) async fn list(State(mut core): State<Core>, caller: Caller) -> Result<Json<wire::DmRooms>, Refusal> {
    let request = with_token(&caller.token, v1::ListDirectRoomsRequest {})?;
    Ok(Json(answer(core.social.list_direct_rooms(request)).await?.into()))
}

/// Marks a direct room as read up to the newest message.
#[utoipa::path(
    post, path = "/social/dm/rooms/{roomId}/read", operation_id = "readDirectRoom", tag = "direct",
    params(("roomId" = wire::DirectRoomId, Path, description = "The room")),
    responses(
        (status = 200, description = "Read", body = wire::DmRead),
        (status = 403, description = "`not_a_member`: no such room, or the caller is no member of it"),
    ),
)]
pub(super) async fn read(
    State(mut core): State<Core>,
    caller: Caller,
    Segment(room_id): Segment,
) -> Result<Json<wire::DmRead>, Refusal> {
    if !room_id.starts_with("dm:") {
        return Err(Refusal::invalid("roomId: not a direct room"));
    }
    let request = v1::MarkReadRequest { room_id, seq: None };
    answer(core.social.mark_read(with_token(&caller.token, request)?)).await?;
    Ok(Json(wire::DmRead { ok: true }))
}
