//! The REST surface: every route on one screen. Handlers decode, call the core, and encode.

mod auth;
mod body;
mod direct;
mod disposition;
mod download;
mod friends;
mod health;
mod invites;
mod linger;
mod messages;
mod openapi;
mod rooms;
#[cfg(test)]
mod tests;
mod upload;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use chat_process::Shutdown;
use chat_proto::v1;
use http::StatusCode;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use crate::auth::token as auth_token;
use crate::core::{Core, answer, with_token};
use crate::error::{Code, Refusal};
use crate::feed::Feed;
use crate::peer::Peers;
use crate::sends::Sends;
use crate::token::Token;

pub(crate) use body::Segment;
pub(crate) use health::Readiness;

/// Bytes of a JSON body at most.
const MAX_BODY: usize = 256 * 1024;

/// What handlers take one by one.
#[derive(Clone, FromRef)]
pub(crate) struct Handles {
    pub(crate) core: Core,
    pub(crate) sends: Sends,
    pub(crate) feed: Feed,
    pub(crate) peers: Peers,
    pub(crate) token: Token,
    pub(crate) readiness: Readiness,
}

/// Every route with its handlers. What is said here is what the handlers' descriptions say, and so what is served: a
/// test compares them.
#[rustfmt::skip]
fn table() -> Vec<(&'static str, UtoipaMethodRouter<Handles>)> {
    vec![
        ("POST /auth/signup", routes!(auth::sign_up)),
        ("POST /auth/login", routes!(auth::log_in)),
        ("POST /auth/logout", routes!(auth::log_out)),
        ("GET /auth/me", routes!(auth::me)),
        ("GET /auth/users", routes!(auth::users)),
        ("GET /auth/sessions", routes!(auth::sessions)),
        ("DELETE /auth/sessions/{id}", routes!(auth::revoke_session)),
        ("POST /auth/password", routes!(auth::change_password)),

        ("POST /social/friend-requests", routes!(friends::ask)),
        ("GET /social/friend-requests/incoming", routes!(friends::incoming)),
        ("GET /social/friend-requests/outgoing", routes!(friends::outgoing)),
        ("POST /social/friend-requests/{id}/accept", routes!(friends::accept)),
        ("POST /social/friend-requests/{id}/reject", routes!(friends::reject)),
        ("POST /social/friends", routes!(friends::add)),
        ("GET DELETE /social/friends/{userId}", routes!(friends::list, friends::remove)),

        ("GET POST /social/rooms", routes!(rooms::list, rooms::create)),
        ("GET /social/rooms/{roomId}/members", routes!(rooms::members)),
        ("DELETE /social/rooms/{roomId}/members/{userId}", routes!(rooms::remove_member)),
        ("POST /social/rooms/{roomId}/leave", routes!(rooms::leave)),
        ("POST /social/rooms/{roomId}/read", routes!(rooms::read)),
        ("GET POST /social/rooms/{roomId}/messages", routes!(messages::page, messages::send)),
        ("POST /social/rooms/invite", routes!(invites::invite)),
        ("POST /social/rooms/invite/accept", routes!(invites::accept)),
        ("POST /social/rooms/invite/reject", routes!(invites::reject)),
        ("GET /social/invites/{userId}", routes!(invites::list)),

        ("POST /social/dm/start", routes!(direct::start)),
        ("GET /social/dm/rooms", routes!(direct::list)),
        ("POST /social/dm/rooms/{roomId}/read", routes!(direct::read)),

        // The core says how long a file may be.
        ("POST /files", routes!(upload::file).layer(DefaultBodyLimit::disable())),
        ("GET /files/{fileId}", routes!(download::file)),

        ("GET /openapi.json", routes!(openapi::describe)),
        ("GET /healthz", routes!(health::live)),
        ("GET /readyz", routes!(health::ready)),
    ]
}

pub(crate) fn routes(handles: Handles, shutdown: &Shutdown) -> Router {
    let (router, _) = described().split_for_parts();
    let core = handles.core.clone();
    router
        .with_state(handles)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn_with_state(core, first_the_session))
        .layer(from_fn_with_state(shutdown.clone(), linger::layer))
}

/// Whoever has no session is told so, and not what is wrong with what they ask. Handlers look at the request before the
/// core looks at the session, so that a refusal of the request's form is looked at again.
async fn first_the_session(State(mut core): State<Core>, request: Request, next: Next) -> Response {
    const NEED_NONE: [&str; 2] = ["/auth/signup", "/auth/login"];
    let token = auth_token(request.headers()).filter(|_| !NEED_NONE.contains(&request.uri().path()));
    let token = token.map(ToOwned::to_owned);
    let response = next.run(request).await;
    let of_form = [
        StatusCode::BAD_REQUEST,
        StatusCode::NOT_FOUND,
        StatusCode::PAYLOAD_TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
    ];
    let Some(token) = token.filter(|_| of_form.contains(&response.status())) else { return response };
    let known = async { answer(core.auth.get_me(with_token(&token, v1::GetMeRequest {})?)).await };
    match known.await {
        Err(refusal) if refusal.is(Code::Unauthenticated) => refusal.into_response(),
        _ => response,
    }
}

fn described() -> OpenApiRouter<Handles> {
    let described = OpenApiRouter::with_openapi(openapi::beginning());
    table().into_iter().fold(described, |described, (_, routes)| described.routes(routes))
}

/// What no route answers.
pub(crate) async fn not_found() -> Refusal {
    Refusal::new(Code::NotFound, "no such route")
}

/// What a route does not answer by this method.
pub(crate) async fn method_not_allowed() -> Refusal {
    Refusal::invalid("method: not one of this route").with_http(StatusCode::METHOD_NOT_ALLOWED)
}
