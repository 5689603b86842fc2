//! Bodies that nobody reads to their end, such as those of requests that are refused by their headers. HTTP/1.1 has no
//! way to stop a client that sends: closing the connection under it would lose it the answer (RFC 9112, 9.6). So the
//! rest is read for a moment, and thrown away.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use chat_process::Shutdown;
use futures::StreamExt as _;
use http_body::{Body as _, Frame, SizeHint};
use tokio::time::timeout;

/// How long the rest of a body is read.
const MOMENT: Duration = Duration::from_secs(2);

/// Lets the bodies of requests linger.
pub(super) async fn layer(State(shutdown): State<Shutdown>, request: Request, next: Next) -> Response {
    next.run(request.map(|body| Body::new(Lingering { body, shutdown }))).await
}

struct Lingering {
    body: Body,
    shutdown: Shutdown,
}

impl http_body::Body for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if self.body.is_end_stream() {
            return;
        }
        let mut rest = std::mem::take(&mut self.body).into_data_stream();
        self.shutdown.spawn(async move {
            let read = async { while let Some(Ok(_)) = rest.next().await {} };
            // However much of it there is, the answer stands.
            let _ = timeout(MOMENT, read).await;
        });
    }
}
