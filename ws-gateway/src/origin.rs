//! Which pages may call: a browser says where a request comes from, and pages of strangers are refused, whatever
//! credentials the browser adds.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, header};
use tower_http::cors::CorsLayer;

use crate::error::{Code, Refusal};
use crate::request_id;

/// The origins that are allowed besides the gateway's own.
#[derive(Clone, Debug)]
pub(crate) struct Origins(Arc<[String]>);

impl Origins {
    pub(crate) fn new(allowed: Vec<String>) -> Self {
        Self(allowed.into())
    }

    /// Tells browsers which pages of other origins may read answers (the Fetch standard's CORS).
    pub(crate) fn cors(&self) -> CorsLayer {
        let allowed = self.0.iter().filter_map(|origin| HeaderValue::try_from(origin).ok());
        CorsLayer::new()
            .allow_origin(allowed.collect::<Vec<_>>())
            .allow_credentials(true)
            .allow_methods([Method::GET, Method::POST, Method::DELETE])
            .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::RANGE])
            .expose_headers([
                header::RETRY_AFTER,
                header::ETAG,
                header::CONTENT_RANGE,
                header::CONTENT_DISPOSITION,
                request_id::HEADER,
            ])
    }

    /// Whether a request may come from where it says, or says nothing.
    fn allow(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        self.0.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)) || is_own(origin, headers)
    }
}

/// An origin is the gateway's own where its authority is the one that the request was sent to.
fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    authority.zip(host).is_some_and(|(authority, host)| authority.eq_ignore_ascii_case(host))
}

/// Refuses what comes from elsewhere: every handshake of Socket.IO, and whatever changes something.
pub(crate) async fn check(State(origins): State<Origins>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let handshake = request.uri().path().starts_with("/socket.io");
    if (handshake || !reads) && !origins.allow(request.headers()) {
        return Refusal::new(Code::Forbidden, "a request from another site").into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::from_iter([(header::HOST, "chat.example:3000".parse().unwrap())]);
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        Origins::new(vec!["https://other.example".to_owned()]).allow(&headers)
    }

    #[test]
    fn none_the_own_and_the_allowed_pass() {
        for good in
            [None, Some("http://chat.example:3000"), Some("https://Chat.example:3000"), Some("https://other.example")]
        {
            assert!(allowed(good), "{good:?}");
        }
        for bad in
            ["null", "http://chat.example", "https://evil.example", "http://other.example", "chat.example:3000", ""]
        {
            assert!(!allowed(Some(bad)), "{bad}");
        }
    }
}
