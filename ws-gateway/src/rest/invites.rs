//! `/social/rooms/invite` and `/social/invites`: asking somebody into a room.

use axum::Json;
use axum::extract::State;
use chat_proto::v1;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{Body, Segment};
use super::rooms::no_answer;
use crate::auth::Caller;
use crate::core::{Core, answer, with_token};
use crate::error::{Code, Refusal};
use crate::wire;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct InviteUser {
    #[schema(value_type = wire::ChannelId)]
    room_id: String,
    #[schema(value_type = wire::UserId)]
    to_user_id: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct InviteReply {
    #[schema(format = Uuid)]
    invite_id: String,
}

/// Invites a user to a channel, by any of its members.
#[utoipa::path(
    post, path = "/social/rooms/invite", operation_id = "inviteToRoom", tag = "invites",
    request_body = InviteUser,
    responses(
        (status = 201, description = "Invited", body = wire::InviteAnswer),
        (status = 200, description = "Pending already", body = wire::InviteAnswer),
        (status = 403, description = "`not_a_member`: no such room, or the caller is no member of it"),
        (status = 404, description = "`not_found`: no such user"),
        (status = 409, description = "`failed_precondition`: a member already, or a direct room"),
    ),
)]
pub(super) async fn invite(
    State(mut core): State<Core>,
    caller: Caller,
    Body(body): Body<InviteUser>,
) -> Result<(StatusCode, Json<wire::InviteAnswer>), Refusal> {
    let request = v1::InviteToRoomRequest { room_id: body.room_id, to_user_id: body.to_user_id };
    let made = answer(core.social.invite_to_room(with_token(&caller.token, request)?)).await?;
    let status = if made.created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(answered(made.invite)?)))
}

/// Accepts an invite, by the invited alone.
#[utoipa::path(
    post, path = "/social/rooms/invite/accept", operation_id = "acceptInvite", tag = "invites",
    request_body = InviteReply,
    responses(
        (status = 200, description = "Accepted", body = wire::InviteAnswer),
        (status = 403, description = "`forbidden`: somebody else's invite"),
        (status = 404, description = "`not_found`: no such invite"),
        (status = 409, description = "`failed_precondition`: not pending any more"),
    ),
)]
pub(super) async fn accept(
    State(mut core): State<Core>,
    caller: Caller,
    Body(InviteReply { invite_id }): Body<InviteReply>,
) -> Result<Json<wire::InviteAnswer>, Refusal> {
    let request = with_token(&caller.token, v1::AcceptInviteRequest { invite_id })?;
    Ok(Json(answered(answer(core.social.accept_invite(request)).await?.invite)?))
}

/// Rejects an invite, by the invited alone.
#[utoipa::path(
    post, path = "/social/rooms/invite/reject", operation_id = "rejectInvite", tag = "invites",
    request_body = InviteReply,
    responses(
        (status = 200, description = "Rejected", body = wire::InviteAnswer),
        (status = 403, description = "`forbidden`: somebody else's invite"),
        (status = 404, description = "`not_found`: no such invite"),
        (status = 409, description = "`failed_precondition`: not pending any more"),
    ),
)]
pub(super) async fn reject(
    State(mut core): State<Core>,
    caller: Caller,
    Body(InviteReply { invite_id }): Body<InviteReply>,
) -> Result<Json<wire::InviteAnswer>, Refusal> {
    let request = with_token(&caller.token, v1::RejectInviteRequest { invite_id })?;
    Ok(Json(answered(answer(core.social.reject_invite(request)).await?.invite)?))
}

/// Lists the caller's pending invites.
#[utoipa::path(
    get, path = "/social/invites/{userId}", operation_id = "listInvites", tag = "invites",
    params(("userId" = wire::UserId, Path, description = "The caller")),
    responses(
        (status = 200, description = "Invites, the oldest first", body = wire::Invites),
        (status = 403, description = "`forbidden`: somebody else's invites"),
    ),
)]
pub(super) async fn list(
    State(mut core): State<Core>,
    caller: Caller,
    Segment(user_id): Segment,
) -> Result<Json<wire::Invites>, Refusal> {
    let me = answer(core.auth.get_me(with_token(&caller.token, v1::GetMeRequest {})?)).await?;
    if me.user_id != user_id {
        return Err(Refusal::new(Code::Forbidden, "somebody else's invites"));
    }
    let list = answer(core.social.list_invites(with_token(&caller.token, v1::ListInvitesRequest {})?)).await?;
    let invites = list.invites.into_iter().map(wire::Invite::from).collect();
    Ok(Json(wire::Invites { user_id, invites }))
}

fn answered(invite: Option<v1::Invite>) -> Result<wire::InviteAnswer, Refusal> {
    Ok(wire::InviteAnswer { ok: true, invite: invite.ok_or_else(no_answer)?.into() })
}
