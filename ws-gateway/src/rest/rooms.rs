//! `/social/rooms`: rooms, their members, and how far these have read.

use axum::Json;
use axum::extract::State;
use chat_proto::v1;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{Body, Segment};
use crate::auth::Caller;
use crate::core::{Core, answer, with_token};
use crate::error::{Code, Refusal};
use crate::feed::Feed;
use crate::wire;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateRoom {
    #[schema(value_type = wire::ChannelId)]
    room_id: String,
    /// The room id where there is none.
    #[schema(max_length = 100)]
    title: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct MarkRead {
    /// Up to where; at most the room's newest position.
    #[schema(value_type = wire::Seq)]
    seq: i64,
}

/// Makes a channel, whose owner is the caller.
#[utoipa::path(
    post, path = "/social/rooms", operation_id = "createRoom", tag = "rooms",
    request_body = CreateRoom,
    responses(
        (status = 201, description = "Made", body = wire::RoomCreated),
        (status = 409, description = "`already_exists`: the room id is taken"),
    ),
)]
pub(super) async fn create(
    State(mut core): State<Core>,
    caller: Caller,
    Body(body): Body<CreateRoom>,
) -> Result<(StatusCode, Json<wire::RoomCreated>), Refusal> {
    let request = v1::CreateRoomRequest { room_id: body.room_id, title: body.title.unwrap_or_default() };
    let created = answer(core.social.create_room(with_token(&caller.token, request)?)).await?;
    let room = created.room.ok_or_else(no_answer)?.into();
    Ok((StatusCode::CREATED, Json(wire::RoomCreated { ok: true, room })))
}

/// Lists the caller's rooms.
#[utoipa::path(
    get, path = "/social/rooms", operation_id = "listRooms", tag = "rooms",
    responses((status = 200, description = "Rooms, the one with the newest message first", body = wire::Rooms)),
)]
pub(super) async fn list(State(mut core): State<Core>, caller: Caller) -> Result<Json<wire::Rooms>, Refusal> {
    let list = answer(core.social.list_rooms(with_token(&caller.token, v1::ListRoomsRequest {})?)).await?;
    Ok(Json(wire::Rooms { rooms: list.rooms.into_iter().map(wire::RoomSummary::from).collect() }))
}

/// Lists a room's members.
#[utoipa::path(
    get, path = "/social/rooms/{roomId}/members", operation_id = "listMembers", tag = "rooms",
    params(("roomId" = wire::RoomId, Path, description = "The room")),
    responses(
        (status = 200, description = "Members, the longest-standing first", body = wire::Members),
        (status = 403, description = "`not_a_member`: no such room, or the caller is no member of it"),
    ),
)]
pub(super) async fn members(
    State(mut core): State<Core>,
    caller: Caller,
    Segment(room_id): Segment,
) -> Result<Json<wire::Members>, Refusal> {
    let request = v1::ListMembersRequest { room_id };
    Ok(Json(answer(core.social.list_members(with_token(&caller.token, request)?)).await?.into()))
}

/// Ends the caller's membership.
#[utoipa::path(
    post, path = "/social/rooms/{roomId}/leave", operation_id = "leaveRoom", tag = "rooms",
    params(("roomId" = wire::RoomId, Path, description = "The room")),
    responses(
        (status = 204, description = "Left; where it was the owner, the longest-standing member is now"),
        (status = 403, description = "`not_a_member`: no such room, or the caller is no member of it"),
        (status = 409, description = "`failed_precondition`: a direct room"),
    ),
)]
pub(super) async fn leave(
    State(mut core): State<Core>,
    caller: Caller,
    Segment(room_id): Segment,
) -> Result<StatusCode, Refusal> {
    answer(core.social.leave_room(with_token(&caller.token, v1::LeaveRoomRequest { room_id })?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends somebody else's membership, by the owner.
#[utoipa::path(
    delete, path = "/social/rooms/{roomId}/members/{userId}", operation_id = "removeMember", tag = "rooms",
    params(
        ("roomId" = wire::RoomId, Path, description = "The room"),
        ("userId" = wire::UserId, Path, description = "The member"),
    ),
    responses(
        (status = 204, description = "A member no more"),
        (status = 403, description = "`not_a_member`: no such room, or the caller is no member of it; \
                                      `forbidden`: the caller is not its owner"),
        (status = 404, description = "`not_found`: no such member"),
        (status = 409, description = "`failed_precondition`: a direct room, or oneself"),
    ),
)]
pub(super) async fn remove_member(
    State(mut core): State<Core>,
    State(feed): State<Feed>,
    caller: Caller,
    Segment((room_id, user_id)): Segment<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let request = v1::RemoveMemberRequest { room_id: room_id.clone(), user_id: user_id.clone() };
    answer(core.social.remove_member(with_token(&caller.token, request)?)).await?;
    // What was said before the removal may still be on its way to the sockets here.
    feed.departed(room_id, user_id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Moves the caller's read position forward.
#[utoipa::path(
    post, path = "/social/rooms/{roomId}/read", operation_id = "markRead", tag = "rooms",
    params(("roomId" = wire::RoomId, Path, description = "The room")),
    request_body = MarkRead,
    responses(
        (status = 200, description = "The position as it stands now; one that lies behind it changes nothing",
            body = wire::ReadAnswer),
        (status = 403, description = "`not_a_member`: no such room, or the caller is no member of it"),
    ),
)]
pub(super) async fn read(
    State(mut core): State<Core>,
    caller: Caller,
    Segment(room_id): Segment,
    Body(MarkRead { seq }): Body<MarkRead>,
) -> Result<Json<wire::ReadAnswer>, Refusal> {
    let request = v1::MarkReadRequest { room_id, seq: Some(seq) };
    let read = answer(core.social.mark_read(with_token(&caller.token, request)?)).await?;
    Ok(Json(wire::ReadAnswer { ok: true, last_read_seq: read.last_read_seq }))
}

/// An answer without its content: the core is of another make.
pub(super) fn no_answer() -> Refusal {
    Refusal::new(Code::Internal, "internal error")
}
