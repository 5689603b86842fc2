//! The core of Holdfast: owns every rule and every byte, and serves them over gRPC.

pub mod config;
pub mod demo;
pub mod domain;
pub mod files;
pub mod hub;
pub mod limits;
pub mod listener;
pub mod metrics;
pub mod passwords;
mod presence;
mod rpc;
mod service_token;
pub mod store;
pub mod tokens;

use std::sync::Arc;
use std::time::Duration;

use chat_process::{Shutdown, StartError, admin};
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::service::LayerExt as _;
use tonic::transport::Server;
use tonic::transport::server::{Router, TcpIncoming};
use tower::util::MapResponseLayer;

use config::Config;
use domain::Clock;
use files::Files;
use hub::Hub;
use limits::Limits;
use listener::Listener;
use metrics::Metrics;
use passwords::Passwords;
use rpc::{Parts, Services};
use store::Store;

/// Calls that one connection has in flight at most.
const STREAMS: u32 = 4_096;

/// Calls of one connection that may be given up before this side has seen them; beyond, HTTP/2 takes it for an attack
/// and ends the connection. After a stall, those are all that timed out meanwhile.
const GIVEN_UP: usize = STREAMS as usize;

/// What one connection may have in flight unread, in bytes, over all its calls.
const WINDOW: u32 = 4 * 1024 * 1024;

/// How often a silent connection is asked whether it still lives, and how long it has to answer: with the grace that
/// presence has, a gateway that is gone with its machine takes its users offline within 15 s.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(4));

/// Opens the store and serves it on the tasks of `shutdown`. Returns once calls are accepted.
///
/// Errors: a data directory, database or token that cannot be used.
pub async fn serve(
    config: Config,
    listener: Listener,
    admin_listener: TcpListener,
    shutdown: &Shutdown,
) -> Result<(), StartError> {
    if let Some(fault) = chat_sabotage::chosen().map_err(StartError::Usage)? {
        tracing::warn!(%fault, "A FAULT IS PLANTED: this process breaks its promise on purpose");
    }
    let mut registry = Registry::default();
    if config.demo {
        demo::make(&config.data_dir).await?;
    }
    let parts = parts(&config, &mut registry, shutdown)?;
    let (health, router) = router(parts, &config, shutdown)?;
    let address = listener.address()?;
    let admin_address = admin_listener.local_addr().map_err(|error| StartError::cannot("listen", error))?;

    let (ready, readiness) = watch::channel(true);
    admin::serve(admin_listener, Arc::new(registry), readiness, shutdown);
    let stop = shutdown.token();
    shutdown.spawn_essential("gRPC server", async move {
        let stopped = async move {
            stop.cancelled().await;
            let _ = ready.send(false);
            health.set_service_status("", tonic_health::ServingStatus::NotServing).await;
        };
        let served = match listener {
            Listener::Tcp(listener) => {
                // `serve_with_incoming` itself leaves Nagle's algorithm on: 44 ms a call.
                let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
                router.serve_with_incoming_shutdown(incoming, stopped).await
            }
            Listener::Unix(listener, _) => {
                router.serve_with_incoming_shutdown(UnixListenerStream::new(listener), stopped).await
            }
        };
        if let Err(error) = served {
            tracing::error!(%error, "the gRPC server failed");
        }
    });
    tracing::info!(%address, admin = %admin_address, "listening");
    Ok(())
}

fn parts(config: &Config, registry: &mut Registry, shutdown: &Shutdown) -> Result<Parts, StartError> {
    let clock = Clock::system();
    let hub = Arc::new(Hub::default());
    let limits = Arc::new(Limits::new((!config.common.no_rate_limits).then_some(&config.rates)));
    let metrics = Arc::new(Metrics::register(registry));
    let (hub_of_store, limits_of_store) = (hub.clone(), limits.clone());
    let passwords = Passwords::new().map_err(|error| StartError::cannot("hash passwords", error))?;
    let service_token = service_token::load_or_make(config)?;
    // Late, because it starts the writer, whose end is a fault.
    let store = Store::open(&config.data_dir, clock.clone(), hub_of_store, limits_of_store, metrics.clone(), shutdown)?;
    let files = Files::open(&config.data_dir, config.files_bucket.as_ref())?;
    presence::start(store.clone(), hub.clone(), shutdown);
    files::start_sweeping(files.clone(), store.clone(), shutdown);
    Ok(Parts { store, hub, files, limits, metrics, passwords, clock, service_token })
}

fn router(
    parts: Parts,
    config: &Config,
    shutdown: &Shutdown,
) -> Result<(tonic_health::server::HealthReporter, Router), StartError> {
    let services = Services::new(parts, config, shutdown);
    let (health, health_service) = tonic_health::server::health_reporter();
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(chat_proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let cannot = |error| StartError::cannot("describe the services", error);
    let labelled = MapResponseLayer::new(rpc::label_malformed::<tonic::body::Body>);
    let router = Server::builder()
        .trace_fn(rpc::request_span)
        .max_concurrent_streams(STREAMS)
        .http2_max_pending_accept_reset_streams(Some(GIVEN_UP))
        .initial_connection_window_size(WINDOW)
        .http2_keepalive_interval(Some(KEEP_ALIVE.0))
        .http2_keepalive_timeout(Some(KEEP_ALIVE.1))
        .add_service(labelled.named_layer(services.auth))
        .add_service(labelled.named_layer(services.chat))
        .add_service(labelled.named_layer(services.social))
        .add_service(labelled.named_layer(services.files))
        .add_service(health_service)
        .add_service(reflection().build_v1().map_err(cannot)?)
        .add_service(reflection().build_v1alpha().map_err(cannot)?);
    Ok((health, router))
}
