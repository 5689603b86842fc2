//! `/auth`: accounts and sessions.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chat_proto::v1;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use prost_types::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::body::{Body, Params, Segment};
use crate::auth::{COOKIE, Caller};
use crate::core::{Core, answer, with_token};
use crate::error::Refusal;
use crate::peer::Peer;
use crate::token::Token;
use crate::wire;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignUp {
    #[schema(value_type = wire::UserId)]
    user_id: String,
    #[schema(min_length = 8, max_length = 256, format = Password)]
    password: String,
    /// The user id where there is none.
    #[schema(value_type = Option<wire::DisplayName>)]
    display_name: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogIn {
    user_id: String,
    #[schema(format = Password)]
    password: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangePassword {
    #[schema(format = Password)]
    current_password: String,
    #[schema(min_length = 8, max_length = 256, format = Password)]
    new_password: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Search {
    /// The beginning of a user id or a display name.
    #[serde(default)]
    #[param(required = true, min_length = 1, max_length = 64)]
    query: String,
    #[param(minimum = 1, maximum = 50, default = 20, nullable = false)]
    limit: Option<i32>,
}

/// Makes an account and its first session.
#[utoipa::path(
    post, path = "/auth/signup", operation_id = "signUp", tag = "auth", security(()),
    request_body = SignUp,
    responses(
        (status = 201, description = "The new session", body = wire::Session, headers(
            ("Set-Cookie" = String, description = "The token, as `chat_session`"),
        )),
        (status = 409, description = "`already_exists`: the user id is taken"),
    ),
)]
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

/// Makes a session.
#[utoipa::path(
    post, path = "/auth/login", operation_id = "logIn", tag = "auth", security(()),
    request_body = LogIn,
    responses(
        (status = 200, description = "The new session", body = wire::Session, headers(
            ("Set-Cookie" = String, description = "The token, as `chat_session`"),
        )),
        (status = 401, description = "`unauthenticated`: no such user, or another password"),
    ),
)]
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

/// Revokes the session that calls, and closes its sockets.
#[utoipa::path(
    post, path = "/auth/logout", operation_id = "logOut", tag = "auth",
    responses((status = 204, description = "Logged out", headers(
        ("Set-Cookie" = String, description = "An empty `chat_session` that expires at once"),
    ))),
)]
pub(super) async fn log_out(State(mut core): State<Core>, caller: Caller, peer: Peer) -> Result<Response, Refusal> {
    answer(core.auth.log_out(with_token(&caller.token, v1::LogOutRequest {})?)).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie("", 0, &peer))]).into_response())
}

/// Tells who the caller is.
#[utoipa::path(
    get, path = "/auth/me", operation_id = "getMe", tag = "auth",
    responses((status = 200, description = "The caller", body = wire::Me)),
)]
pub(super) async fn me(State(mut core): State<Core>, caller: Caller) -> Result<Json<wire::Me>, Refusal> {
    let me = answer(core.auth.get_me(with_token(&caller.token, v1::GetMeRequest {})?)).await?;
    Ok(Json(me.into()))
}

/// Finds users by the beginning of their id or display name.
#[utoipa::path(
    get, path = "/auth/users", operation_id = "searchUsers", tag = "auth",
    params(Search),
    responses((status = 200, description = "Users, by id", body = wire::Users)),
)]
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

/// Lists the caller's live sessions.
#[utoipa::path(
    get, path = "/auth/sessions", operation_id = "listSessions", tag = "auth",
    responses((status = 200, description = "Sessions, the newest first", body = wire::Sessions)),
)]
pub(super) async fn sessions(State(mut core): State<Core>, caller: Caller) -> Result<Json<wire::Sessions>, Refusal> {
    let list = answer(core.auth.list_sessions(with_token(&caller.token, v1::ListSessionsRequest {})?)).await?;
    Ok(Json(list.into()))
}

/// Revokes one of the caller's sessions, and closes its sockets.
#[utoipa::path(
    delete, path = "/auth/sessions/{id}", operation_id = "revokeSession", tag = "auth",
    params(("id" = Uuid, Path, description = "The session")),
    responses(
        (status = 204, description = "Revoked"),
        (status = 404, description = "`not_found`: no such session of the caller's"),
    ),
)]
pub(super) async fn revoke_session(
    State(mut core): State<Core>,
    caller: Caller,
    Segment(session_id): Segment,
) -> Result<StatusCode, Refusal> {
    let request = v1::RevokeSessionRequest { session_id };
    answer(core.auth.revoke_session(with_token(&caller.token, request)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets a new password, and revokes the caller's other sessions.
#[utoipa::path(
    post, path = "/auth/password", operation_id = "changePassword", tag = "auth",
    request_body = ChangePassword,
    responses(
        (status = 204, description = "Changed"),
        (status = 403, description = "`forbidden`: another current password"),
    ),
)]
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
