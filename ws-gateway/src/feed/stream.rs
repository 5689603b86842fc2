//! The Subscribe stream that is always on its way back.

use std::collections::VecDeque;
use std::time::Duration;

use chat_proto::v1;
use chat_proto::v1::subscribe_response::Event;
use futures::future::{BoxFuture, FutureExt as _};
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
    link: Link,
    /// What the core was not told yet.
    wishes: VecDeque<v1::SubscribeRequest>,
}

#[expect(clippy::large_enum_variant, reason = "there is one, and it is nearly always open")]
enum Link {
    Open(Open),
    /// Goes on where it was, however often whoever polls it turns to something else.
    Opening(BoxFuture<'static, Open>),
}

struct Open {
    wishes: mpsc::Sender<v1::SubscribeRequest>,
    events: Streaming<v1::SubscribeResponse>,
}

impl Subscription {
    pub(super) fn new(core: Core, token: Token) -> Self {
        let link = Link::Opening(open(core.clone(), token.clone()).boxed());
        Self { core, token, link, wishes: VecDeque::new() }
    }

    /// Asks for something on the open stream, as soon as it takes it.
    pub(super) fn wish(&mut self, wish: v1::SubscribeRequest) {
        self.wishes.push_back(wish);
    }

    /// What was wished of a stream that is gone.
    pub(super) fn forget_wishes(&mut self) {
        self.wishes.clear();
    }

    /// The next thing that happens. Cancel-safe.
    pub(super) async fn next(&mut self) -> News {
        loop {
            let open = match &mut self.link {
                Link::Open(open) => open,
                Link::Opening(opening) => {
                    self.link = Link::Open(opening.await);
                    return News::Opened;
                }
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
                    self.link = Link::Opening(self::open(self.core.clone(), self.token.clone()).boxed());
                    return News::Closed;
                }
            }
        }
    }
}

/// Tries until there is a stream.
async fn open(mut core: Core, token: Token) -> Open {
    let mut pause = PAUSE.0;
    let mut told = false;
    loop {
        let code = match timeout(PATIENCE, try_open(&mut core, &token)).await {
            Ok(Ok(open)) => {
                if told {
                    tracing::info!("events from the core come again");
                }
                return open;
            }
            Ok(Err(refusal)) => refusal.code(),
            Err(_) => "unavailable",
        };
        // Once for each time that it is away.
        if !told {
            tracing::warn!(code, "no events come from the core");
            told = true;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE.1);
    }
}

async fn try_open(core: &mut Core, token: &Token) -> Result<Open, Refusal> {
    let (wishes, stream) = mpsc::channel(64);
    let request = with_token(token.get()?.reveal(), ReceiverStream::new(stream))?;
    let events = core.chat.subscribe(request).await?.into_inner();
    Ok(Open { wishes, events })
}
