//! The way to the core. Unary calls have a channel and a deadline of their own, so that neither a long replay nor a
//! core that hangs holds them up; so have the bytes of files, which would hold up the calls.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chat_proto::v1::auth_service_client::AuthServiceClient;
use chat_proto::v1::chat_service_client::ChatServiceClient;
use chat_proto::v1::file_service_client::FileServiceClient;
use chat_proto::v1::social_service_client::SocialServiceClient;
use tokio::sync::Semaphore;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};

use crate::error::Refusal;
use crate::request_id;

/// How long a call may take before it is answered `unavailable`.
pub(crate) const DEADLINE: Duration = Duration::from_millis(1_800);

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(1);

/// How often a silent connection is asked whether it still lives, and how long it has to answer.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(3));

/// Bytes of one answer at most: above every page and every list.
const MAX_ANSWER: usize = 32 * 1024 * 1024;

/// Bytes of one part of a file, on its way to the core or from there.
pub(crate) const PART: usize = 64 * 1024;

/// Calls for parts of files at a time.
const DOWNLOADS: usize = 64;

/// Clients of the core's services. Clones share their connections.
#[derive(Clone, Debug)]
pub(crate) struct Core {
    pub(crate) auth: AuthServiceClient<Channel>,
    pub(crate) chat: ChatServiceClient<Channel>,
    pub(crate) social: SocialServiceClient<Channel>,
    pub(crate) files: FileServiceClient<Channel>,
    /// Turns of calls for parts of files.
    pub(crate) downloads: Arc<Semaphore>,
}

impl Core {
    /// Clients that connect when they are first used. Errors: a malformed address.
    pub(crate) fn lazy(address: &str) -> Result<Self, tonic::transport::Error> {
        let endpoint = Endpoint::from_shared(address.to_owned())?
            .connect_timeout(CONNECT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE.0)
            .keep_alive_timeout(KEEP_ALIVE.1)
            .keep_alive_while_idle(true);
        let channel = endpoint.connect_lazy();
        Ok(Self {
            auth: AuthServiceClient::new(channel.clone()),
            chat: ChatServiceClient::new(channel.clone()).max_decoding_message_size(MAX_ANSWER),
            social: SocialServiceClient::new(channel).max_decoding_message_size(MAX_ANSWER),
            files: FileServiceClient::new(endpoint.connect_lazy()),
            downloads: Arc::new(Semaphore::new(DOWNLOADS)),
        })
    }
}

/// Characters of a token at most: every real one is shorter, and the core reads no longer headers.
const MAX_TOKEN: usize = 512;

/// A request that shows a token, a session's or the service's.
pub(crate) fn with_token<T>(token: &str, message: T) -> Result<Request<T>, Refusal> {
    if token.len() > MAX_TOKEN {
        return Err(Refusal::unauthenticated());
    }
    let mut request = Request::new(message);
    let value: MetadataValue<_> = format!("Bearer {token}").parse().map_err(|_| Refusal::unauthenticated())?;
    request.metadata_mut().insert("authorization", value);
    if let Some(id) = request_id::current() {
        request.metadata_mut().insert(request_id::NAME, id);
    }
    Ok(request)
}

/// What the core answers, within the deadline.
pub(crate) async fn answer<T>(call: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, Refusal> {
    match tokio::time::timeout(DEADLINE, call).await {
        Ok(answered) => Ok(answered?.into_inner()),
        Err(_) => Err(Refusal::unavailable()),
    }
}
