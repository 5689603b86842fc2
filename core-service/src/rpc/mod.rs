//! The gRPC surface: each call is decoded, becomes one verb of the store, and is encoded. One file per service.

mod auth;
mod chat;
mod convert;
mod files;
mod gate;
mod malformed;
mod sends;
mod social;
mod status;
mod subscription;
mod watches;

use std::sync::Arc;

use chat_process::{ServiceToken, Shutdown};
use chat_proto::v1::auth_service_server::AuthServiceServer;
use chat_proto::v1::chat_service_server::ChatServiceServer;
use chat_proto::v1::file_service_server::FileServiceServer;
use chat_proto::v1::social_service_server::SocialServiceServer;

use crate::config::Config;
use crate::domain::Clock;
use crate::files::Files;
use crate::hub::Hub;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::passwords::Passwords;
use crate::store::Store;

pub(crate) use malformed::label_malformed;

/// The context of a call's log lines: its name, and the gateway's name for the request behind it.
pub(crate) fn request_span(request: &http::Request<()>) -> tracing::Span {
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    tracing::info_span!("call", path = request.uri().path(), id)
}

/// Bytes of one request at most: the longest text many times over.
const MAX_REQUEST: usize = 1024 * 1024;

/// What the services are made of.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) hub: Arc<Hub>,
    pub(crate) files: Files,
    pub(crate) limits: Arc<Limits>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) passwords: Passwords,
    pub(crate) clock: Clock,
    pub(crate) service_token: ServiceToken,
}

/// The services of `chat.v1`.
pub(crate) struct Services {
    pub(crate) auth: AuthServiceServer<auth::Auth>,
    pub(crate) chat: ChatServiceServer<chat::Chat>,
    pub(crate) social: SocialServiceServer<social::Social>,
    pub(crate) files: FileServiceServer<files::Files>,
}

impl Services {
    pub(crate) fn new(parts: Parts, config: &Config, shutdown: &Shutdown) -> Self {
        let gate = gate::Gate::new(&parts.service_token, parts.limits.clone());
        let chat = chat::Chat::new(&parts, gate.clone(), shutdown.clone());
        let social = social::Social::new(parts.store.clone(), parts.hub.clone(), gate.clone());
        let (contents, limits) = (parts.files.clone(), config.file_limits);
        let files = files::Files::new(parts.store.clone(), contents, limits, gate.clone(), shutdown.clone());
        let auth = auth::Auth::new(parts, gate, config);
        Self {
            auth: AuthServiceServer::new(auth).max_decoding_message_size(MAX_REQUEST),
            chat: ChatServiceServer::new(chat).max_decoding_message_size(MAX_REQUEST),
            social: SocialServiceServer::new(social).max_decoding_message_size(MAX_REQUEST),
            files: FileServiceServer::new(files).max_decoding_message_size(MAX_REQUEST),
        }
    }
}
