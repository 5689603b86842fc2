//! The operator's port: `/metrics` in OpenMetrics text, `/healthz`, `/readyz`. It is not meant for the public.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::Shutdown;

/// Serves the port until the stop begins.
pub fn serve(listener: TcpListener, registry: Arc<Registry>, ready: watch::Receiver<bool>, shutdown: &Shutdown) {
    let metrics = move || {
        let registry = registry.clone();
        async move { render(&registry) }
    };
    let readiness = move || {
        let ready = *ready.borrow();
        async move { if ready { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") } }
    };
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readiness));
    let token = shutdown.token();
    shutdown.spawn_essential("admin port", async move {
        let served = tokio::select! {
            served = async { axum::serve(listener, router).await } => served,
            () = token.cancelled() => Ok(()),
        };
        if let Err(error) = served {
            tracing::error!(%error, "the admin port failed");
        }
    });
}

fn render(registry: &Registry) -> impl IntoResponse + use<> {
    let mut text = String::new();
    match encode(&mut text, registry) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            (StatusCode::OK, [(header::CONTENT_TYPE, kind)], text)
        }
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, "text/plain")], String::new()),
    }
}
