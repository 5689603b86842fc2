//! `/auth`: accounts and sessions.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chat_proto::v1;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use prost_types::Timestamp;
use serde::Deserialize;

use super::body::{Body, Params, Segment};
use crate::auth::{COOKIE, Caller};
use crate::core::{Core, answer, with_token};
use crate::error::Refusal;
use crate::peer::Peer;
use crate::token::Token;
use crate::wire;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignUp {
    user_id: String,
    password: String,
    display_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogIn {
    user_id: String,
    password: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangePassword {
    current_password: String,
    new_password: String,
}

#[derive(Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    query: String,
    limit: Option<i32>,
}

pub(super) async fn sign_up(
    State(mut core): State<Core>,
    State(token): State<Token>,
    peer: Peer,
    headers: HeaderMap,
    Body(body): Body<SignUp>,
) -> Result<Response, Refusal> {
    let request = v1::SignUpRequest {
        user_id: body.user_id,
        password: body.password,
        display_name: body.display_name.unwrap_or_default(),
        client: Some(client(&peer, &headers)),
    };
    let session = answer(core.auth.sign_up(with_token(token.get()?.reveal(), request)?)).await?;
    Ok(opened(StatusCode::CREATED, session, &peer))
}

pub(super) async fn log_in(
    State(mut core): State<Core>,
    State(token): State<Token>,
    peer: Peer,
    headers: HeaderMap,
    Body(body): Body<LogIn>,
) -> Result<Response, Refusal> {
    let client = Some(client(&peer, &headers));
    let request = v1::LogInRequest { user_id: body.user_id, password: body.password, client };
    let session = answer(core.auth.log_in(with_token(token.get()?.reveal(), request)?)).await?;
    Ok(opened(StatusCode::OK, session, &peer))
}

pub(super) async fn log_out(State(mut core): State<Core>, caller: Caller, peer: Peer) -> Result<Response, Refusal> {
    answer(core.auth.log_out(with_token(&caller.token, v1::LogOutRequest {})?)).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie("", 0, &peer))]).into_response())
}

pub(super) async fn me(State(mut core): State<Core>, caller: Caller) -> Result<Json<wire::Me>, Refusal> {
    let me = answer(core.auth.get_me(with_token(&caller.token, v1::GetMeRequest {})?)).await?;
    Ok(Json(me.into()))
}

pub(super) async fn users(
    State(mut core): State<Core>,
    caller: Caller,
    Params(search): Params<Search>,
) -> Result<Json<wire::Users>, Refusal> {
    // In protobuf 0 stands for the default.
    if search.limit == Some(0) {
        return Err(Refusal::invalid("limit: must be 1 to 50"));
    }
    let request = v1::SearchUsersRequest { query: search.query, limit: search.limit.unwrap_or(0) };
    let found = answer(core.auth.search_users(with_token(&caller.token, request)?)).await?;
    Ok(Json(found.into()))
}

pub(super) async fn sessions(State(mut core): State<Core>, caller: Caller) -> Result<Json<wire::Sessions>, Refusal> {
    let list = answer(core.auth.list_sessions(with_token(&caller.token, v1::ListSessionsRequest {})?)).await?;
    Ok(Json(list.into()))
}

pub(super) async fn revoke_session(
    State(mut core): State<Core>,
    caller: Caller,
    Segment(session_id): Segment,
) -> Result<StatusCode, Refusal> {
    let request = v1::RevokeSessionRequest { session_id };
    answer(core.auth.revoke_session(with_token(&caller.token, request)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn change_password(
    State(mut core): State<Core>,
    caller: Caller,
    Body(body): Body<ChangePassword>,
) -> Result<StatusCode, Refusal> {
    let request =
        v1::ChangePasswordRequest { current_password: body.current_password, new_password: body.new_password };
    answer(core.auth.change_password(with_token(&caller.token, request)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn client(peer: &Peer, headers: &HeaderMap) -> v1::Client {
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    v1::Client { address: peer.address.to_string(), user_agent: user_agent.to_owned() }
}

fn opened(status: StatusCode, session: v1::SessionResponse, peer: &Peer) -> Response {
    let until = session.expires_at.unwrap_or_default();
    let cookie = cookie(&session.token, lifetime(&until), peer);
    (status, [(header::SET_COOKIE, cookie)], Json(wire::Session::from(session))).into_response()
}

fn lifetime(until: &Timestamp) -> i64 {
    until.seconds.saturating_sub(wire::now().seconds).max(0)
}

/// The session cookie: not for scripts, not for other sites (RFC 6265).
fn cookie(token: &str, max_age: i64, peer: &Peer) -> HeaderValue {
    let secure = if peer.https { "; Secure" } else { "" };
    let text = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}");
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}
