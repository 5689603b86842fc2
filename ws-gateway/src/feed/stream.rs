//! The Subscribe stream that is always on its way back.

use std::collections::VecDeque;
use std::time::Duration;

use chat_proto::v1;
use chat_proto::v1::subscribe_response::Event;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use crate::core::{Core, with_token};
use crate::error::Refusal;
use crate::token::Token;

/// How long one attempt to open the stream may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Pause between attempts: from, doubling, to.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// What comes out of the stream.
#[expect(clippy::large_enum_variant, reason = "short-lived, and nearly always the largest one")]
pub(super) enum News {
    Opened,
    Closed,
    Event(Event),
}

/// The stream, or the way to the next one.
pub(super) struct Subscription {
    core: Core,
    token: Token,
    open: Option<Open>,
    pause: Duration,
    /// What the core was not told yet.
    wishes: VecDeque<v1::SubscribeRequest>,
}

struct Open {
    wishes: mpsc::Sender<v1::SubscribeRequest>,
    events: Streaming<v1::SubscribeResponse>,
}

impl Subscription {
    pub(super) fn new(core: Core, token: Token) -> Self {
        Self { core, token, open: None, pause: PAUSE.0, wishes: VecDeque::new() }
    }

    /// Asks for something on the open stream, as soon as it takes it.
    pub(super) fn wish(&mut self, wish: v1::SubscribeRequest) {
        self.wishes.push_back(wish);
    }

    /// What was wished of a stream that is gone.
    pub(super) fn forget_wishes(&mut self) {
        self.wishes.clear();
    }

    /// The next thing that happens. Cancel-safe but for a pause or an attempt, which begin anew.
    pub(super) async fn next(&mut self) -> News {
        loop {
            let Some(open) = &mut self.open else {
                return self.reopen().await;
            };
            let event = tokio::select! {
                event = open.events.message() => event,
                Ok(permit) = open.wishes.reserve(), if !self.wishes.is_empty() => {
                    if let Some(wish) = self.wishes.pop_front() {
                        permit.send(wish);
                    }
                    continue;
                }
            };
            match event {
                Ok(Some(v1::SubscribeResponse { event: Some(event) })) => return News::Event(event),
                Ok(Some(_)) => {}
                ended => {
                    let code = ended.err().map(|status| status.code());
                    tracing::warn!(?code, "the stream of events ended");
                    self.open = None;
                    return News::Closed;
                }
            }
        }
    }

    async fn reopen(&mut self) -> News {
        loop {
            match timeout(PATIENCE, self.try_open()).await {
                Ok(Ok(open)) => {
                    self.open = Some(open);
                    self.pause = PAUSE.0;
                    return News::Opened;
                }
                Ok(Err(refusal)) => tracing::debug!(code = refusal.code(), "no stream of events yet"),
                Err(_) => tracing::debug!("no stream of events in time"),
            }
            tokio::time::sleep(self.pause).await;
            self.pause = (self.pause * 2).min(PAUSE.1);
        }
    }

    async fn try_open(&mut self) -> Result<Open, Refusal> {
        let (wishes, stream) = mpsc::channel(64);
        let request = with_token(self.token.get()?.reveal(), ReceiverStream::new(stream))?;
        let events = self.core.chat.subscribe(request).await?.into_inner();
        Ok(Open { wishes, events })
    }
}
