//! `/social/friend-requests` and `/social/friends`: asking somebody to be friends, and the friends.

use axum::Json;
use axum::extract::State;
use chat_proto::v1;
use chat_proto::v1::list_friend_requests_request::Direction;
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
pub(super) struct AskFriend {
    #[schema(value_type = wire::UserId)]
    to_user_id: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AddFriend {
    #[schema(value_type = wire::UserId)]
    friend_id: String,
}

/// Asks a user to be friends.
#[utoipa::path(
    post, path = "/social/friend-requests", operation_id = "sendFriendRequest", tag = "friends",
    request_body = AskFriend,
    responses(
        (status = 201, description = "Asked", body = wire::FriendRequestAnswer),
        (status = 200, description = "Pending already, or accepted where it was pending the other way round",
            body = wire::FriendRequestAnswer),
        (status = 404, description = "`not_found`: no such user"),
        (status = 409, description = "`failed_precondition`: oneself, or a friend already"),
    ),
)]
pub(super) async fn ask(
    State(core): State<Core>,
    caller: Caller,
    Body(body): Body<AskFriend>,
) -> Result<(StatusCode, Json<wire::FriendRequestAnswer>), Refusal> {
    send(core, caller, body.to_user_id).await
}

/// Asks a user to be friends, in the older form.
#[utoipa::path(
    post, path = "/social/friends", operation_id = "addFriend", tag = "friends",
    request_body = AddFriend,
    responses(
        (status = 201, description = "Asked", body = wire::FriendRequestAnswer),
        (status = 200, description = "Pending already, or accepted where it was pending the other way round",
            body = wire::FriendRequestAnswer),
        (status = 404, description = "`not_found`: no such user"),
        (status = 409, description = "`failed_precondition`: oneself, or a friend already"),
    ),
)]
pub(super) async fn add(
    State(core): State<Core>,
    caller: Caller,
    Body(body): Body<AddFriend>,
) -> Result<(StatusCode, Json<wire::FriendRequestAnswer>), Refusal> {
    send(core, caller, body.friend_id).await
}

/// Lists the pending requests to the caller.
#[utoipa::path(
    get, path = "/social/friend-requests/incoming", operation_id = "listIncomingFriendRequests", tag = "friends",
    responses((status = 200, description = "The requests", body = wire::FriendRequests)),
)]
pub(super) async fn incoming(State(core): State<Core>, caller: Caller) -> Result<Json<wire::FriendRequests>, Refusal> {
    pending(core, caller, Direction::Incoming).await
}

/// Lists the pending requests of the caller.
#[utoipa::path(
    get, path = "/social/friend-requests/outgoing", operation_id = "listOutgoingFriendRequests", tag = "friends",
    responses((status = 200, description = "The requests", body = wire::FriendRequests)),
)]
pub(super) async fn outgoing(State(core): State<Core>, caller: Caller) -> Result<Json<wire::FriendRequests>, Refusal> {
    pending(core, caller, Direction::Outgoing).await
}

/// Accepts a request, by its addressee alone.
#[utoipa::path(
    post, path = "/social/friend-requests/{id}/accept", operation_id = "acceptFriendRequest", tag = "friends",
    params(("id" = Uuid, Path, description = "The request")),
    responses(
        (status = 200, description = "Accepted", body = wire::FriendRequestAnswer),
        (status = 403, description = "`forbidden`: somebody else's to answer"),
        (status = 404, description = "`not_found`: no such request"),
        (status = 409, description = "`failed_precondition`: not pending any more"),
    ),
)]
pub(super) async fn accept(
    State(mut core): State<Core>,
    caller: Caller,
    Segment(request_id): Segment,
) -> Result<Json<wire::FriendRequestAnswer>, Refusal> {
    let request = with_token(&caller.token, v1::AcceptFriendRequestRequest { request_id })?;
    Ok(Json(answered(answer(core.social.accept_friend_request(request)).await?.request)?))
}

/// Rejects a request, by its addressee alone.
#[utoipa::path(
    post, path = "/social/friend-requests/{id}/reject", operation_id = "rejectFriendRequest", tag = "friends",
    params(("id" = Uuid, Path, description = "The request")),
    responses(
        (status = 200, description = "Rejected", body = wire::FriendRequestAnswer),
        (status = 403, description = "`forbidden`: somebody else's to answer"),
        (status = 404, description = "`not_found`: no such request"),
        (status = 409, description = "`failed_precondition`: not pending any more"),
    ),
)]
pub(super) async fn reject(
    State(mut core): State<Core>,
    caller: Caller,
    Segment(request_id): Segment,
) -> Result<Json<wire::FriendRequestAnswer>, Refusal> {
    let request = with_token(&caller.token, v1::RejectFriendRequestRequest { request_id })?;
    Ok(Json(answered(answer(core.social.reject_friend_request(request)).await?.request)?))
}

/// Lists the caller's friends.
#[utoipa::path(
    get, path = "/social/friends/{userId}", operation_id = "listFriends", tag = "friends",
    params(("userId" = wire::UserId, Path, description = "The caller")),
    responses(
        (status = 200, description = "The friends, by id", body = wire::Friends),
        (status = 403, description = "`forbidden`: somebody else's friends"),
    ),
)]
pub(super) async fn list(
    State(mut core): State<Core>,
    caller: Caller,
    Segment(user_id): Segment,
) -> Result<Json<wire::Friends>, Refusal> {
    let me = answer(core.auth.get_me(with_token(&caller.token, v1::GetMeRequest {})?)).await?;
    if me.user_id != user_id {
        return Err(Refusal::new(Code::Forbidden, "somebody else's friends"));
    }
    let list = answer(core.social.list_friends(with_token(&caller.token, v1::ListFriendsRequest {})?)).await?;
    Ok(Json(wire::Friends::of(user_id, list)))
}

/// Ends a friendship, for both.
#[utoipa::path(
    delete, path = "/social/friends/{userId}", operation_id = "removeFriend", tag = "friends",
    params(("userId" = wire::UserId, Path, description = "The friend")),
    responses(
        (status = 204, description = "Friends no more"),
        (status = 404, description = "`not_found`: no friend, or no such user"),
    ),
)]
pub(super) async fn remove(
    State(mut core): State<Core>,
    caller: Caller,
    Segment(user_id): Segment,
) -> Result<StatusCode, Refusal> {
    answer(core.social.remove_friend(with_token(&caller.token, v1::RemoveFriendRequest { user_id })?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn send(
    mut core: Core,
    caller: Caller,
    to_user_id: String,
) -> Result<(StatusCode, Json<wire::FriendRequestAnswer>), Refusal> {
    let request = with_token(&caller.token, v1::SendFriendRequestRequest { to_user_id })?;
    let sent = answer(core.social.send_friend_request(request)).await?;
    let status = if sent.created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(answered(sent.request)?)))
}

async fn pending(mut core: Core, caller: Caller, direction: Direction) -> Result<Json<wire::FriendRequests>, Refusal> {
    let request = v1::ListFriendRequestsRequest { direction: direction.into() };
    let list = answer(core.social.list_friend_requests(with_token(&caller.token, request)?)).await?;
    Ok(Json(wire::FriendRequests { requests: list.requests.into_iter().map(wire::FriendRequest::from).collect() }))
}

fn answered(request: Option<v1::FriendRequest>) -> Result<wire::FriendRequestAnswer, Refusal> {
    Ok(wire::FriendRequestAnswer { ok: true, request: request.ok_or_else(no_answer)?.into() })
}
