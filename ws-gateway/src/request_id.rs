//! The name of a request, by which its traces are found in the logs of both processes: every line that the gateway
//! writes about it has the name, and the core is told it.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderName;
use tonic::metadata::{Ascii, MetadataValue};
use tower_http::request_id::RequestId;
use tracing::Instrument as _;

/// The header of requests and answers, and of calls to the core.
pub(crate) const NAME: &str = "x-request-id";

/// The same, typed.
pub(crate) const HEADER: HeaderName = HeaderName::from_static(NAME);

tokio::task_local! {
    static CURRENT: Option<MetadataValue<Ascii>>;
}

/// Works a request off under its name, and logs a fault.
pub(crate) async fn enter(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok());
    let span = tracing::info_span!("request", method = %request.method(), path = request.uri().path(), id);
    let id = id.and_then(|id| id.parse().ok());
    let work = CURRENT.scope(id, async {
        let response = next.run(request).await;
        if response.status().is_server_error() {
            tracing::warn!(status = response.status().as_u16(), "a request failed");
        }
        response
    });
    work.instrument(span).await
}

/// The name of the request that this task works off, if it is one.
pub(crate) fn current() -> Option<MetadataValue<Ascii>> {
    CURRENT.try_with(Clone::clone).ok().flatten()
}
