//! `ChatService`: sending, reading and following messages.

use std::sync::Arc;

use chat_process::Shutdown;
use chat_proto::v1;
use chat_proto::v1::chat_service_server::ChatService;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::gate::Gate;
use super::sends::Sends;
use super::watches::Source;
use super::{Parts, convert, subscription};
use crate::domain::{Credential, Cursor, PageLimit, RoomId, Scope};
use crate::metrics::Metrics;
use crate::store::Store;

/// Messages of a page where none are asked for.
const LIST_DEFAULT: i32 = 50;
/// The same for a resync.
const RESYNC_DEFAULT: i32 = 100;

/// The service.
pub(crate) struct Chat {
    store: Store,
    source: Source,
    sends: Sends,
    metrics: Arc<Metrics>,
    gate: Gate,
    shutdown: Shutdown,
}

impl Chat {
    pub(super) fn new(parts: &Parts, gate: Gate, shutdown: Shutdown) -> Self {
        Self {
            store: parts.store.clone(),
            source: Source { store: parts.store.clone(), hub: parts.hub.clone(), clock: parts.clock.clone() },
            sends: Sends::new(parts.store.clone(), parts.metrics.clone()),
            metrics: parts.metrics.clone(),
            gate,
            shutdown,
        }
    }

    async fn page(
        &self,
        credential: Credential,
        room: &str,
        cursor: Cursor,
        limit: PageLimit,
    ) -> Result<Response<v1::Page>, Status> {
        let page = self.store.page(credential, RoomId::parse(room)?, cursor, limit).await?;
        Ok(Response::new(convert::page(&page)))
    }
}

#[tonic::async_trait]
impl ChatService for Chat {
    async fn send_message(
        &self,
        request: Request<v1::SendMessageRequest>,
    ) -> Result<Response<v1::SendMessageResponse>, Status> {
        let credential = self.gate.identify(request.metadata());
        let stored = self.sends.send(credential, request.into_inner()).await?;
        Ok(Response::new(convert::appended(&stored)))
    }

    type SendMessagesStream = BoxStream<'static, Result<v1::SendMessagesResponse, Status>>;

    async fn send_messages(
        &self,
        request: Request<Streaming<v1::SendMessagesRequest>>,
    ) -> Result<Response<Self::SendMessagesStream>, Status> {
        let credential = self.gate.admit(&request)?;
        match &credential {
            Credential::Service { on_behalf_of: None } => {}
            Credential::Account { token, .. } => self.store.check_account(*token, Scope::MessagesWrite).await?,
            _ => self.store.me(credential.clone()).await.map(|_| ())?,
        }
        let answers = self.sends.clone().pipeline(credential, request.into_inner(), &self.shutdown);
        Ok(Response::new(answers.boxed()))
    }

    async fn resync(&self, request: Request<v1::ResyncRequest>) -> Result<Response<v1::Page>, Status> {
        let credential = self.gate.admit(&request)?;
        let request = request.into_inner();
        let limit = PageLimit::parse(request.limit, RESYNC_DEFAULT)?;
        self.page(credential, &request.room_id, Cursor::after(request.after_seq)?, limit).await
    }

    async fn list_messages(&self, request: Request<v1::ListMessagesRequest>) -> Result<Response<v1::Page>, Status> {
        let credential = self.gate.admit(&request)?;
        let request = request.into_inner();
        let limit = PageLimit::parse(request.limit, LIST_DEFAULT)?;
        self.page(credential, &request.room_id, convert::cursor(request.cursor)?, limit).await
    }

    type SubscribeStream = ReceiverStream<Result<v1::SubscribeResponse, Status>>;

    async fn subscribe(
        &self,
        request: Request<Streaming<v1::SubscribeRequest>>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let credential = self.gate.admit(&request)?;
        let guard = subscription::Guard::begin(&self.source, &credential).await?;
        let opening = subscription::Opening {
            source: self.source.clone(),
            credential,
            gate: self.gate.clone(),
            metrics: self.metrics.clone(),
        };
        Ok(Response::new(opening.start(request.into_inner(), guard, &self.shutdown)))
    }
}
