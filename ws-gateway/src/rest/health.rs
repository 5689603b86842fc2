//! `/healthz` and `/readyz`: whether the process lives, and whether it is of use.

use axum::extract::State;
use http::StatusCode;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What readiness depends on.
#[derive(Clone, Debug)]
pub(crate) struct Readiness {
    /// Whether the core is there.
    pub(crate) up: watch::Receiver<bool>,
    pub(crate) stopping: CancellationToken,
}

/// Tells that the process lives.
#[utoipa::path(
    get, path = "/healthz", operation_id = "getHealth", tag = "service", security(()),
    responses((status = 200, description = "It lives", body = String, content_type = "text/plain")),
)]
pub(super) async fn live() -> &'static str {
    "ok\n"
}

/// Tells whether the gateway takes work.
#[utoipa::path(
    get, path = "/readyz", operation_id = "getReadiness", tag = "service", security(()),
    responses(
        (status = 200, description = "Ready", body = String, content_type = "text/plain"),
        (status = 503, description = "The core is away, or the gateway drains",
            body = String, content_type = "text/plain"),
    ),
)]
pub(super) async fn ready(State(readiness): State<Readiness>) -> (StatusCode, &'static str) {
    if *readiness.up.borrow() && !readiness.stopping.is_cancelled() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}
