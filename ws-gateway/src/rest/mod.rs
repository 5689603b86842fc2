//! The REST surface: every route on one screen. Handlers decode, call the core, and encode.

mod auth;
mod body;
mod invites;
mod messages;
mod rooms;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::routing::{delete, get, post};
use http::StatusCode;

use crate::core::Core;
use crate::error::{Code, Refusal};
use crate::peer::Peers;
use crate::sends::Sends;
use crate::token::Token;

pub(crate) use body::Segment;

/// Bytes of a JSON body at most.
const MAX_BODY: usize = 256 * 1024;

/// What handlers take one by one.
#[derive(Clone, FromRef)]
pub(crate) struct Handles {
    pub(crate) core: Core,
    pub(crate) sends: Sends,
    pub(crate) peers: Peers,
    pub(crate) token: Token,
}

pub(crate) fn routes(handles: Handles) -> Router {
    Router::new()
        .route("/auth/signup", post(auth::sign_up))
        .route("/auth/login", post(auth::log_in))
        .route("/auth/logout", post(auth::log_out))
        .route("/auth/me", get(auth::me))
        .route("/auth/users", get(auth::users))
        .route("/auth/sessions", get(auth::sessions))
        .route("/auth/sessions/{id}", delete(auth::revoke_session))
        .route("/auth/password", post(auth::change_password))
        .route("/social/rooms", get(rooms::list).post(rooms::create))
        .route("/social/rooms/invite", post(invites::invite))
        .route("/social/rooms/invite/accept", post(invites::accept))
        .route("/social/rooms/invite/reject", post(invites::reject))
        .route("/social/invites/{user_id}", get(invites::list))
        .route("/social/rooms/{room_id}/members", get(rooms::members))
        .route("/social/rooms/{room_id}/leave", post(rooms::leave))
        .route("/social/rooms/{room_id}/messages", get(messages::page).post(messages::send))
        .with_state(handles)
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

/// What no route answers.
pub(crate) async fn not_found() -> Refusal {
    Refusal::new(Code::NotFound, "no such route")
}

/// What a route does not answer by this method.
pub(crate) async fn method_not_allowed() -> Refusal {
    Refusal::invalid("method: not one of this route").with_http(StatusCode::METHOD_NOT_ALLOWED)
}
