//! The web client, embedded in the binary: one process serves page and API.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::error::{Code, Refusal};
use crate::rest::{Segment, not_found};

#[derive(RustEmbed)]
#[folder = "../web/dist"]
struct Dist;

/// The page runs its own scripts and styles only, and talks to nobody but the gateway.
const CSP: &str = "default-src 'self'; img-src 'self' data: blob:; connect-src 'self' ws: wss:; object-src 'none'; \
                   base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

pub(crate) fn routes() -> Router {
    let mut router = Router::new().route("/assets/{*path}", get(asset)).route("/favicon.svg", get(icon));
    for path in ["/", "/login", "/rt", "/a/{room_id}", "/b/{peer_user_id}"] {
        router = router.route(path, get(page));
    }
    router
}

async fn page(headers: HeaderMap) -> Response {
    match Dist::get("index.html") {
        Some(file) => {
            let mut response = serve("index.html", file, "no-cache", &headers);
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
            response
        }
        None => Refusal::new(Code::Unavailable, "the web client is not built").into_response(),
    }
}

/// Names of assets hold a hash of their content.
async fn asset(Segment(path): Segment, headers: HeaderMap) -> Response {
    let path = format!("assets/{path}");
    match Dist::get(&path) {
        Some(file) => serve(&path, file, "public, max-age=31536000, immutable", &headers),
        None => not_found().await.into_response(),
    }
}

async fn icon(headers: HeaderMap) -> Response {
    match Dist::get("favicon.svg") {
        Some(file) => serve("favicon.svg", file, "public, max-age=86400", &headers),
        None => not_found().await.into_response(),
    }
}

fn serve(path: &str, file: EmbeddedFile, caching: &'static str, asked: &HeaderMap) -> Response {
    let hash: String = file.metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{hash}\"");
    let cached = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, caching.to_owned())];
    if asked.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, cached).into_response();
    }
    let kind = match path.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "application/octet-stream",
    };
    (cached, [(header::CONTENT_TYPE, kind)], file.data.into_owned()).into_response()
}
