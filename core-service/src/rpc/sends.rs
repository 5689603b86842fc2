//! Sends on their way to the store: one at a time, or pipelined over a stream.

use std::future::ready;
use std::sync::Arc;

use chat_process::Shutdown;
use chat_proto::v1;
use chat_proto::v1::send_messages_response::Outcome;
use futures::future::BoxFuture;
use futures::{FutureExt as _, Stream, StreamExt as _, stream};
use tonic::{Status, Streaming};

use super::{convert, malformed};
use crate::domain::{Appended, Credential, Error, Result, TokenHash};
use crate::metrics::{Metrics, SendOutcome};
use crate::store::Store;

/// Sends of one stream that wait for their answer at most; beyond, the stream is not read.
const IN_FLIGHT: usize = 1_024;

/// The way to the store, counted.
#[derive(Clone)]
pub(super) struct Sends {
    store: Store,
    metrics: Arc<Metrics>,
}

impl Sends {
    pub(super) fn new(store: Store, metrics: Arc<Metrics>) -> Self {
        Self { store, metrics }
    }

    /// Stores one message. The order of calls is the order of storing; the future is the answer.
    pub(super) fn send(
        &self,
        credential: Result<Credential>,
        send: v1::SendMessageRequest,
    ) -> BoxFuture<'static, Result<Appended>> {
        let answer = match credential.and_then(|credential| Ok((credential, convert::new_message(send)?))) {
            Ok((credential, new)) => self.store.append(credential, new),
            Err(refusal) => ready(Err(refusal)).boxed(),
        };
        let metrics = self.metrics.clone();
        answer.inspect(move |outcome| metrics.count_send(outcome)).boxed()
    }

    /// Stores whatever a stream brings, and answers in its order. The stop ends it once what is in flight is answered.
    pub(super) fn pipeline(
        self,
        opener: Credential,
        sends: Streaming<v1::SendMessagesRequest>,
        shutdown: &Shutdown,
    ) -> impl Stream<Item = Result<v1::SendMessagesResponse, Status>> + Send + 'static {
        let token = shutdown.token();
        let stop = token.clone();
        let answers = sends
            .take_until(token.clone().cancelled_owned())
            .map(move |send| match send {
                Ok(send) => self.answer(&opener, send),
                Err(status) => ready(Err(malformed::relabel(&status).unwrap_or(status))).boxed(),
            })
            .buffered(IN_FLIGHT);
        let farewell = stream::once(async move { stop.is_cancelled().then(|| Err(Error::Unavailable.into())) });
        answers.chain(farewell.filter_map(ready))
    }

    fn answer(
        &self,
        opener: &Credential,
        request: v1::SendMessagesRequest,
    ) -> BoxFuture<'static, Result<v1::SendMessagesResponse, Status>> {
        let send = request.send.unwrap_or_default();
        let (client_msg_id, room_id) = (send.client_msg_id.clone(), send.room_id.clone());
        let credential = sender(opener, request.session_token);
        let answer = self.send(credential, send).map(move |outcome| {
            let outcome = match outcome {
                Ok(stored) => Outcome::Result(convert::appended(&stored)),
                Err(refusal) => Outcome::Rejection(rejection(&refusal)),
            };
            Ok(v1::SendMessagesResponse { client_msg_id, room_id, outcome: Some(outcome) })
        });
        answer.boxed()
    }
}

impl Metrics {
    fn count_send(&self, outcome: &Result<Appended>) {
        let outcome = match outcome {
            Ok(Appended::Accepted(_)) => "accepted",
            Ok(Appended::Duplicate(_)) => "duplicate",
            Err(refusal) => refusal.code(),
        };
        self.sends.get_or_create(&SendOutcome { outcome }).inc();
    }
}

/// Who sends: whoever opened the stream, or, on a service's own stream, the session that is named.
fn sender(opener: &Credential, session_token: Option<String>) -> Result<Credential> {
    match (opener, session_token) {
        (_, None) => Ok(opener.clone()),
        (Credential::Service { on_behalf_of: None }, Some(token)) => {
            Ok(Credential::Session { token: TokenHash::of(&token), on_behalf: false })
        }
        _ => Err(Error::Forbidden("only a service may send for the sessions of others")),
    }
}

fn rejection(refusal: &Error) -> v1::Rejection {
    let retry_after = match refusal {
        Error::RateLimited { retry_after } => prost_types::Duration::try_from(*retry_after).ok(),
        _ => None,
    };
    v1::Rejection { code: refusal.code().to_owned(), message: refusal.to_string(), retry_after }
}
