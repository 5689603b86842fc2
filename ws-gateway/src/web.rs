//! The web client, embedded in the binary: one process serves page and API.

mod built;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use crate::error::{Code, Refusal};
use crate::rest::{Segment, not_found};

/// Addresses that show a page. Which one, the client's scripts find out.
const PAGES: [&str; 6] = ["/", "/login", "/rt", "/settings", "/a/{room_id}", "/b/{peer_user_id}"];

/// What browsers look for beside the page, at fixed addresses, and how long they may keep it.
const BESIDE: [(&str, &str); 7] = [
    ("/sw.js", ASK_FIRST),
    ("/manifest.webmanifest", ASK_FIRST),
    ("/favicon.svg", A_DAY),
    ("/icon-192.png", A_DAY),
    ("/icon-512.png", A_DAY),
    ("/icon-maskable-512.png", A_DAY),
    ("/apple-touch-icon.png", A_DAY),
];

const ASK_FIRST: &str = "no-cache";
const A_DAY: &str = "public, max-age=86400";
const FOREVER: &str = "public, max-age=31536000, immutable";

/// The page runs its own scripts and styles only, talks to nobody but the gateway, asks for no device, and shares its
/// window with no other site.
const OF_PAGES: [(HeaderName, &str); 3] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; \
         worker-src 'self'; manifest-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=(), serial=(), hid=()",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

pub(crate) fn routes() -> Router {
    let mut router = Router::new().route("/assets/{*path}", get(asset));
    for path in PAGES {
        router = router.route(path, get(page));
    }
    for (path, caching) in BESIDE {
        router = router.route(path, get(move |headers| beside(path, caching, headers)));
    }
    router
}

/// What no route answers. Who follows a link gets the client's page, which says so; whatever else asks is answered as
/// the API does.
pub(crate) async fn missing(method: Method, uri: Uri, mut headers: HeaderMap) -> Response {
    if !is_navigation(&method, &headers) || is_of_api(uri.path()) {
        return not_found().await.into_response();
    }
    // There is no "not modified" of what is not there.
    headers.remove(header::IF_NONE_MATCH);
    let mut response = page(headers).await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// Whether a browser asks for something to show in its window.
fn is_navigation(method: &Method, headers: &HeaderMap) -> bool {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = accepted.flat_map(|value| value.split(',')).filter_map(|kind| kind.split(';').next());
    reads && kinds.any(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
}

/// Whether scripts alone have business under this path.
fn is_of_api(path: &str) -> bool {
    ["/auth", "/social", "/files", "/socket.io"]
        .iter()
        .any(|part| path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

async fn page(headers: HeaderMap) -> Response {
    let Some(mut response) = built::serve("index.html", ASK_FIRST, &headers) else {
        return Refusal::new(Code::Unavailable, "the web client is not built").into_response();
    };
    for (name, value) in OF_PAGES {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Names of assets hold a hash of their content.
async fn asset(Segment(path): Segment, headers: HeaderMap) -> Response {
    or_not_found(built::serve(&format!("assets/{path}"), FOREVER, &headers)).await
}

async fn beside(path: &'static str, caching: &'static str, headers: HeaderMap) -> Response {
    or_not_found(built::serve(path.trim_start_matches('/'), caching, &headers)).await
}

async fn or_not_found(found: Option<Response>) -> Response {
    match found {
        Some(response) => response,
        None => not_found().await.into_response(),
    }
}
