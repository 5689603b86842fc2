//! One Subscribe stream. All its watches run on one task, so that a watch that was ended says nothing more.

use std::collections::HashMap;
use std::future::{pending, ready};
use std::sync::Arc;
use std::time::Duration;

use chat_process::Shutdown;
use chat_proto::v1;
use chat_proto::v1::subscribe_request::Request as Wish;
use chat_proto::v1::watch_error::Target;
use futures::StreamExt as _;
use futures::future::{AbortHandle, Abortable, BoxFuture, Fuse, FusedFuture as _, FutureExt as _};
use futures::stream::FuturesUnordered;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::mpsc;
use tokio::sync::mpsc::OwnedPermit;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::gate::Gate;
use super::malformed;
use super::watches::{Source, Watches};
use crate::domain::{
    Credential, Cursor, Error, Result, RoomId, Scope, SessionId, Timestamp, TokenHash, UserEvent, UserId,
};
use crate::hub;
use crate::metrics::Metrics;

/// Events that wait for the subscriber to read; beyond, its watches wait too.
const QUEUE: usize = 64;

/// Watches of a session's stream at most.
const SESSION_WATCHES: usize = 1_000;
/// Watches of a service's stream at most.
const SERVICE_WATCHES: usize = 100_000;

/// A stream about to start.
pub(super) struct Opening {
    pub(super) source: Source,
    pub(super) credential: Credential,
    pub(super) gate: Gate,
    pub(super) metrics: Arc<Metrics>,
}

type Outcome = Result<v1::SubscribeResponse, Status>;

impl Opening {
    /// Starts the stream's task. It ends with the stream.
    pub(super) fn start(
        self,
        wishes: Streaming<v1::SubscribeRequest>,
        guard: Guard,
        shutdown: &Shutdown,
    ) -> ReceiverStream<Outcome> {
        let (out, stream) = mpsc::channel(QUEUE);
        let Ok(last) = out.clone().try_reserve_owned() else { return ReceiverStream::new(stream) };
        let counted = Counted::new(&self.metrics.subscriptions);
        let own = match &guard {
            Guard::Session(session) => Some(session.user.clone()),
            Guard::Account(_) | Guard::Service => acting_for(&self.credential),
        };
        let subscription = Subscription {
            watches: Watches { source: self.source, credential: self.credential, own, metrics: self.metrics, out },
            gate: self.gate,
            running: FuturesUnordered::new(),
            handles: HashMap::new(),
        };
        let token = shutdown.token();
        shutdown.spawn(async move {
            let _counted = counted;
            let stopped = async move {
                token.cancelled().await;
                Error::Unavailable.into()
            };
            subscription.run(wishes, guard, stopped.boxed(), last).await;
        });
        ReceiverStream::new(stream)
    }
}

fn acting_for(credential: &Credential) -> Option<UserId> {
    match credential {
        Credential::Service { on_behalf_of } | Credential::Account { on_behalf_of, .. } => on_behalf_of.clone(),
        Credential::Session { .. } => None,
    }
}

/// What is watched.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Topic {
    Room(RoomId),
    User(UserId),
}

struct Subscription {
    watches: Watches,
    gate: Gate,
    running: FuturesUnordered<Abortable<BoxFuture<'static, Topic>>>,
    handles: HashMap<Topic, AbortHandle>,
}

impl Subscription {
    async fn run(
        mut self,
        wishes: Streaming<v1::SubscribeRequest>,
        guard: Guard,
        stopped: BoxFuture<'static, Status>,
        last: OwnedPermit<Outcome>,
    ) {
        let (out, source) = (self.watches.out.clone(), self.watches.source.clone());
        let credential = self.watches.credential.clone();
        let end = tokio::select! {
            end = self.serve(wishes) => end,
            refusal = guard.ends(&source, &credential) => Some(refusal.into()),
            status = stopped => Some(status),
            () = out.closed() => None,
        };
        if let Some(status) = end {
            last.send(Err(status));
        }
    }

    /// Works wishes and watches off, until there are neither any more.
    async fn serve(&mut self, mut wishes: Streaming<v1::SubscribeRequest>) -> Option<Status> {
        let mut open = true;
        // Said while the watches go on: one that waits for room in the queue, and is not run, would keep that room.
        let mut refusal = Fuse::terminated();
        while open || !self.running.is_empty() || !refusal.is_terminated() {
            tokio::select! {
                wish = wishes.message(), if open && refusal.is_terminated() => match wish {
                    Ok(Some(wish)) => refusal = self.grant(wish).fuse(),
                    Ok(None) => open = false,
                    Err(status) => return Some(malformed::relabel(&status).unwrap_or(status)),
                },
                () = &mut refusal, if !refusal.is_terminated() => {}
                Some(ended) = self.running.next() => if let Ok(topic) = ended {
                    self.handles.remove(&topic);
                },
            }
        }
        None
    }

    /// Does what is wished; where it is refused, the future says so in the stream.
    fn grant(&mut self, wish: v1::SubscribeRequest) -> BoxFuture<'static, ()> {
        let target = target(&wish);
        match self.try_grant(wish) {
            Ok(()) => ready(()).boxed(),
            Err(refusal) => self.watches.clone().refuse(target, refusal).boxed(),
        }
    }

    fn try_grant(&mut self, wish: v1::SubscribeRequest) -> Result<()> {
        self.gate.count(&self.watches.credential)?;
        match wish.request {
            Some(Wish::WatchRoom(wish)) => {
                let room = RoomId::parse(&wish.room_id)?;
                let after = wish.after_seq;
                after.map(Cursor::after).transpose()?;
                self.watch(Topic::Room(room.clone()), |watches| watches.room(room, after).boxed())
            }
            Some(Wish::WatchUser(wish)) => {
                let user = UserId::parse("userId", &wish.user_id)?;
                self.watch(Topic::User(user.clone()), |watches| watches.user(user).boxed())
            }
            Some(Wish::UnwatchRoom(wish)) => self.unwatch(&Topic::Room(RoomId::parse(&wish.room_id)?)),
            Some(Wish::UnwatchUser(wish)) => self.unwatch(&Topic::User(UserId::parse("userId", &wish.user_id)?)),
            None => Err(Error::invalid("request", "neither watch nor unwatch")),
        }
    }

    /// Starts a watch; one of the same topic ends.
    fn watch(&mut self, topic: Topic, follow: impl FnOnce(Watches) -> BoxFuture<'static, ()>) -> Result<()> {
        self.unwatch(&topic)?;
        let most = if self.watches.own.is_some() { SESSION_WATCHES } else { SERVICE_WATCHES };
        if self.handles.len() >= most {
            return Err(Error::FailedPrecondition("too many watches on one stream"));
        }
        let counted = Counted::new(&self.watches.metrics.watches);
        let (handle, registration) = AbortHandle::new_pair();
        self.handles.insert(topic.clone(), handle);
        let watch = follow(self.watches.clone()).map(move |()| {
            drop(counted);
            topic
        });
        self.running.push(Abortable::new(watch.boxed(), registration));
        Ok(())
    }

    fn unwatch(&mut self, topic: &Topic) -> Result<()> {
        if let Some(handle) = self.handles.remove(topic) {
            handle.abort();
        }
        Ok(())
    }
}

/// Whom a refusal names.
fn target(wish: &v1::SubscribeRequest) -> Option<Target> {
    Some(match wish.request.as_ref()? {
        Wish::WatchRoom(wish) => Target::RoomId(wish.room_id.clone()),
        Wish::UnwatchRoom(wish) => Target::RoomId(wish.room_id.clone()),
        Wish::WatchUser(wish) => Target::UserId(wish.user_id.clone()),
        Wish::UnwatchUser(wish) => Target::UserId(wish.user_id.clone()),
    })
}

/// How often a service account is looked at: its token is revoked by another process.
const ACCOUNT_LOOK: Duration = Duration::from_secs(1);

/// Knows when the right to a stream ends.
pub(super) enum Guard {
    Session(Box<Session>),
    Account(TokenHash),
    Service,
}

pub(super) struct Session {
    id: SessionId,
    user: UserId,
    expires_at: Timestamp,
    events: hub::Cursor<UserId, UserEvent>,
}

impl Guard {
    /// Makes sure that the credential is worth something, and follows its session, if it is one.
    ///
    /// Errors: `unauthenticated`, `forbidden`, `not_found` (a service that acts for nobody known).
    pub(super) async fn begin(source: &Source, credential: &Credential) -> Result<Self> {
        match credential {
            Credential::Service { on_behalf_of: None } => return Ok(Self::Service),
            Credential::Account { token, .. } => {
                source.store.check_account(*token, Scope::RoomsWatch).await?;
                return Ok(Self::Account(*token));
            }
            Credential::Session { .. } | Credential::Service { .. } => {}
        }
        let user = source.store.me(credential.clone()).await?.profile.user;
        // Followed first, then looked at again: a revocation in between is in one of the two.
        let events = source.hub.watch_user(&user);
        let live = source.store.me(credential.clone()).await?.session;
        Ok(live.map_or(Self::Service, |live| {
            Self::Session(Box::new(Session { id: live.id, user, expires_at: live.expires_at, events }))
        }))
    }

    /// Completes when the right to the stream ends, with what that means; never for the gateway.
    async fn ends(self, source: &Source, credential: &Credential) -> Error {
        match self {
            Self::Session(session) => session.ends(source, credential).await,
            Self::Account(token) => loop {
                tokio::time::sleep(ACCOUNT_LOOK).await;
                match source.store.check_account(token, Scope::RoomsWatch).await {
                    // It may be busy, which says nothing.
                    Ok(()) | Err(Error::Unavailable | Error::Internal) => {}
                    Err(refusal) => return refusal,
                }
            },
            Self::Service => pending().await,
        }
    }
}

impl Session {
    /// Completes when the session is revoked or its time is over.
    async fn ends(mut self, source: &Source, credential: &Credential) -> Error {
        let expired = tokio::time::sleep(self.expires_at.since(source.clock.now()));
        tokio::pin!(expired);
        loop {
            let event = tokio::select! {
                event = self.events.next() => event,
                () = &mut expired => return Error::Unauthenticated,
            };
            match event {
                Ok(UserEvent::SessionRevoked(id)) if id == self.id => return Error::Unauthenticated,
                Ok(_) => {}
                Err(hub::Lagged) => {
                    self.events = source.hub.watch_user(&self.user);
                    if let Err(refusal) = source.store.me(credential.clone()).await {
                        return refusal;
                    }
                }
            }
        }
    }
}

/// Counts itself in a gauge for as long as it lives.
struct Counted(Gauge);

impl Counted {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}
