//! `/social/rooms/invite` and `/social/invites`: asking somebody into a room.

use axum::Json;
use axum::extract::State;
use chat_proto::v1;
use http::StatusCode;
use serde::Deserialize;

use super::body::{Body, Segment};
use super::rooms::no_answer;
use crate::auth::Caller;
use crate::core::{Core, answer, with_token};
use crate::error::{Code, Refusal};
use crate::wire;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invite {
    room_id: String,
    to_user_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reply {
    invite_id: String,
}

pub(super) async fn invite(
    State(mut core): State<Core>,
    caller: Caller,
    Body(body): Body<Invite>,
) -> Result<(StatusCode, Json<wire::InviteAnswer>), Refusal> {
    let request = v1::InviteToRoomRequest { room_id: body.room_id, to_user_id: body.to_user_id };
    let made = answer(core.social.invite_to_room(with_token(&caller.token, request)?)).await?;
    let status = if made.created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(answered(made.invite)?)))
}

pub(super) async fn accept(
    State(mut core): State<Core>,
    caller: Caller,
    Body(Reply { invite_id }): Body<Reply>,
) -> Result<Json<wire::InviteAnswer>, Refusal> {
    let request = with_token(&caller.token, v1::AcceptInviteRequest { invite_id })?;
    Ok(Json(answered(answer(core.social.accept_invite(request)).await?.invite)?))
}

pub(super) async fn reject(
    State(mut core): State<Core>,
    caller: Caller,
    Body(Reply { invite_id }): Body<Reply>,
) -> Result<Json<wire::InviteAnswer>, Refusal> {
    let request = with_token(&caller.token, v1::RejectInviteRequest { invite_id })?;
    Ok(Json(answered(answer(core.social.reject_invite(request)).await?.invite)?))
}

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
