//! The edge of Holdfast for browsers: owns connections and translation, no rule and no database. Kill it at any moment
//! and nothing is lost; run several of them and a room spans all.

mod auth;
pub mod config;
mod core;
mod error;
mod feed;
mod metrics;
mod origin;
mod peer;
mod request_id;
mod rest;
mod sabotage;
mod sends;
mod socket;
mod token;
mod web;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::serve::ListenerExt as _;
use chat_process::{Shutdown, StartError, admin};
use http::{HeaderName, HeaderValue, header};
use prometheus_client::registry::Registry;
use socket2::SockRef;
use socketioxide::SocketIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::core::Core;
use config::Config;
use feed::Feed;
use metrics::Metrics;
use origin::Origins;
use peer::Peers;
use rest::{Handles, Readiness};
use sends::Sends;
use socket::Works;
use token::Token;

/// How long a peer may leave what it was sent unacknowledged before its connection is cut (RFC 5482): the library's
/// writer would wait for it forever.
const USER_TIMEOUT: Duration = Duration::from_secs(3);

/// Bytes that wait in the kernel for a peer that reads slowly.
const SEND_BUFFER: usize = 256 * 1024;

/// How long clients that poll have to fetch the last that was said to them.
const LAST_POLL: Duration = Duration::from_millis(500);

/// Serves browsers on the tasks of `shutdown`. Returns once connections are accepted.
///
/// Errors: a malformed address of the core, a service token that is of no use.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    admin_listener: TcpListener,
    shutdown: &Shutdown,
) -> Result<(), StartError> {
    if let Some(fault) = chat_sabotage::chosen().map_err(StartError::Usage)? {
        tracing::warn!(%fault, "A FAULT IS PLANTED: this process breaks its promise on purpose");
    }
    let local = |listener: &TcpListener| listener.local_addr().map_err(|error| StartError::cannot("listen", error));
    let (address, admin_address) = (local(&listener)?, local(&admin_listener)?);
    let mut registry = Registry::default();
    let metrics = Arc::new(Metrics::register(&mut registry));
    let (up, ready) = watch::channel(false);
    let token = Token::load(config.service_token_file(), shutdown)?;
    let stopped = CancellationToken::new();

    let core = lazy_core(&config)?;
    let feed = Feed::start(lazy_core(&config)?, token.clone(), metrics.clone(), up, stopped.clone(), shutdown);
    let sends = Sends::start(lazy_core(&config)?, token.clone(), metrics.clone(), stopped.clone(), shutdown);
    let workers = TaskTracker::new();
    let works = Works {
        core: core.clone(),
        sends: sends.clone(),
        feed: feed.clone(),
        metrics,
        workers: workers.clone(),
        stopping: shutdown.token(),
        limited: !config.common.no_rate_limits,
    };
    let readiness = Readiness { up: ready.clone(), stopping: shutdown.token() };
    let handles = Handles { core, sends, feed, peers: Peers::new(config.trusted_proxies), token, readiness };
    let (router, io) = router(handles, works, Origins::new(config.allowed_origins), shutdown);

    admin::serve(admin_listener, Arc::new(registry), ready, shutdown);
    // Sockets that poll need new requests until they are closed, and requests under way need the core until they are
    // answered: each part stops when those who use it are done.
    let stop = shutdown.token();
    shutdown.spawn_essential("HTTP server", async move {
        let closed = async move {
            stop.cancelled().await;
            close_sockets(&workers, &io).await;
        };
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener.tap_io(tune), service).with_graceful_shutdown(closed);
        if let Err(error) = server.await {
            tracing::error!(%error, "the HTTP server failed");
        }
        stopped.cancel();
    });
    tracing::info!(%address, admin = %admin_address, "listening");
    Ok(())
}

fn lazy_core(config: &Config) -> Result<Core, StartError> {
    Core::lazy(&config.core).map_err(|error| StartError::Usage(format!("--core {}: {error}", config.core)))
}

fn router(handles: Handles, works: Works, origins: Origins, shutdown: &Shutdown) -> (Router, SocketIo) {
    let router = rest::routes(handles, shutdown)
        .merge(web::routes())
        .method_not_allowed_fallback(rest::method_not_allowed)
        .fallback(web::missing);
    let (router, io) = socket::serve(router, works);
    let id = request_id::HEADER;
    let constant =
        |name: HeaderName, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    let router = router
        .layer(from_fn_with_state(origins.clone(), origin::check))
        .layer(origins.cors())
        .layer(constant(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(constant(header::REFERRER_POLICY, "same-origin"))
        .layer(from_fn(request_id::enter))
        .layer(PropagateRequestIdLayer::new(id.clone()))
        .layer(SetRequestIdLayer::new(id, MakeRequestUuid));
    (router, io)
}

/// Sets up an accepted connection. What cannot be set is not worth refusing it.
fn tune(stream: &mut TcpStream) {
    let socket = SockRef::from(&*stream);
    let set = socket
        .set_tcp_nodelay(true)
        .and_then(|()| socket.set_tcp_user_timeout(Some(USER_TIMEOUT)))
        .and_then(|()| socket.set_send_buffer_size(SEND_BUFFER));
    if let Err(error) = set {
        tracing::debug!(%error, "a connection could not be tuned");
    }
}

/// Lets every socket answer what is in flight, then closes what is left.
async fn close_sockets(workers: &TaskTracker, io: &SocketIo) {
    workers.close();
    if timeout(Duration::from_secs(5), workers.wait()).await.is_err() {
        tracing::warn!("some sockets did not drain in time");
    }
    sleep(LAST_POLL).await;
    // A peer that does not read would hold it up forever.
    let _ = timeout(Duration::from_secs(1), io.close()).await;
}
