//! `/social/rooms`: rooms and their members.

use axum::Json;
use axum::extract::State;
use chat_proto::v1;
use http::StatusCode;
use serde::Deserialize;

use super::body::{Body, Segment};
use crate::auth::Caller;
use crate::core::{Core, answer, with_token};
use crate::error::{Code, Refusal};
use crate::wire;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    room_id: String,
    title: Option<String>,
}

pub(super) async fn create(
    State(mut core): State<Core>,
    caller: Caller,
    Body(body): Body<Create>,
) -> Result<(StatusCode, Json<wire::RoomCreated>), Refusal> {
    let request = v1::CreateRoomRequest { room_id: body.room_id, title: body.title.unwrap_or_default() };
    let created = answer(core.social.create_room(with_token(&caller.token, request)?)).await?;
    let room = created.room.ok_or_else(no_answer)?.into();
    Ok((StatusCode::CREATED, Json(wire::RoomCreated { ok: true, room })))
}

pub(super) async fn list(State(mut core): State<Core>, caller: Caller) -> Result<Json<wire::Rooms>, Refusal> {
    let list = answer(core.social.list_rooms(with_token(&caller.token, v1::ListRoomsRequest {})?)).await?;
    Ok(Json(wire::Rooms { rooms: list.rooms.into_iter().map(wire::RoomSummary::from).collect() }))
}

pub(super) async fn members(
    State(mut core): State<Core>,
    caller: Caller,
    Segment(room_id): Segment,
) -> Result<Json<wire::Members>, Refusal> {
    let request = v1::ListMembersRequest { room_id };
    Ok(Json(answer(core.social.list_members(with_token(&caller.token, request)?)).await?.into()))
}

pub(super) async fn leave(
    State(mut core): State<Core>,
    caller: Caller,
    Segment(room_id): Segment,
) -> Result<StatusCode, Refusal> {
    answer(core.social.leave_room(with_token(&caller.token, v1::LeaveRoomRequest { room_id })?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An answer without its content: the core is of another make.
pub(super) fn no_answer() -> Refusal {
    Refusal::new(Code::Internal, "internal error")
}
