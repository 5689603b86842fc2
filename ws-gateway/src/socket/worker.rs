//! One task per socket: works its events off in order, and closes it when its time has come. Sends enter the line to
//! the core in the order in which they arrived and are answered when their answers come, so that many are under way
//! at a time.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chat_proto::v1;
use futures::future::{BoxFuture, FutureExt as _};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde::Serialize;
use socketioxide::extract::SocketRef;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::flight;
use super::incoming::{Callback, Full, Incoming, Queued, full};
use super::inline;
use super::payload::{self, Dialect, Send};
use super::turns::Turns;
use super::{Session, Works};
use crate::core::{DEADLINE, answer, with_token};
use crate::error::{Code, Refusal};
use crate::feed::Outlet;
use crate::sends::{self, Pending};
use crate::wire;

/// How long a full buffer is waited for before an answer is given up, and the socket with it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pause before the core is asked again whether a session holds.
const DOUBT_PAUSE: Duration = Duration::from_secs(1);

/// How long a stopping gateway waits for answers.
const DRAIN: Duration = Duration::from_secs(4);

/// Events a second that the core does not see and so does not count (contract: other calls).
const LOCAL_RATE: NonZeroU32 = NonZeroU32::new(50).unwrap();

/// The task.
pub(super) struct Worker {
    works: Works,
    socket: SocketRef,
    session: Arc<Session>,
    close: CancellationToken,
    doubt: Arc<Notify>,
    limiter: Option<DefaultDirectRateLimiter>,
    /// Joins and leaves are carried out in the order in which they arrived,
    turns: Turns,
    /// and so is what is said of writing.
    writing: Turns,
}

/// What an event comes to.
struct Outcome {
    event: &'static str,
    callback: Callback,
    answer: Answer,
}

enum Answer {
    Sent(wire::MessageAck, Option<Refusal>),
    Page(wire::Page),
    Joined(wire::RoomJoined),
    Left(wire::RoomName),
    Read(wire::LastRead),
    Typing,
    Deprecated,
    Refused(Refusal),
}

type Flight = flight::Flight<Outcome>;

impl Worker {
    pub(super) fn new(
        works: Works,
        socket: SocketRef,
        session: Session,
        close: CancellationToken,
        doubt: Arc<Notify>,
    ) -> Self {
        let limiter = works.limited.then(|| RateLimiter::direct(Quota::per_second(LOCAL_RATE)));
        Self {
            works,
            socket,
            session: Arc::new(session),
            close,
            doubt,
            limiter,
            turns: Turns::default(),
            writing: Turns::default(),
        }
    }

    pub(super) async fn run(self, mut queue: mpsc::Receiver<Queued>, outlet: Outlet) {
        self.greet();
        self.works.feed.connected(outlet).await;
        let mut flight = Flight::new();
        let (expiry, verified) = (sleep_until(self.expiry()), self.verify());
        tokio::pin!(expiry, verified);
        loop {
            tokio::select! {
                () = self.close.cancelled() => break,
                () = &mut expiry => break,
                () = &mut verified => break,
                () = self.works.stopping.cancelled() => {
                    self.drain(&mut queue, &mut flight).await;
                    break;
                }
                Some(outcome) = flight.next() => if !self.conclude(outcome).await { break },
                Some(queued) = queue.recv(), if flight.has_room() => self.begin(queued, &mut flight),
            }
        }
        self.disconnect().await;
    }

    /// A new socket's buffer has room: one that does not take the greeting is closed, whatever it says itself.
    fn greet(&self) {
        let me = &self.session.me;
        let ready = wire::SessionReady {
            user_id: me.user_id.clone(),
            display_name: me.display_name.clone(),
            epoch: me.epoch.clone(),
            server_time: wire::time(Some(wire::now())),
            limits: me.file_limits.unwrap_or_default().into(),
        };
        if self.socket.emit("session_ready", &ready).is_err() {
            self.close.cancel();
        }
    }

    fn expiry(&self) -> Instant {
        let expires_at = self.session.me.expires_at.and_then(|at| SystemTime::try_from(at).ok());
        let left = expires_at.and_then(|at| at.duration_since(SystemTime::now()).ok());
        Instant::now() + left.unwrap_or_default()
    }

    /// Starts on an event.
    fn begin(&self, queued: Queued, flight: &mut Flight) {
        match queued.event {
            "message_send" => self.send(queued, Dialect::Strict, flight),
            "message" => self.send(queued, Dialect::Legacy, flight),
            _ => flight.push(self.ask(queued)),
        }
    }

    /// Starts on an event that is no send.
    fn ask(&self, Queued { event, incoming, .. }: Queued) -> BoxFuture<'static, Outcome> {
        let callback = incoming.callback;
        let arguments = incoming.arguments.as_str();
        let started = match event {
            "message_resync" => self.counted(payload::resync(arguments)).map(|request| self.resync(request)),
            "join_room" => self.counted(payload::room(arguments)).map(|room| self.join(room)),
            "leave_room" => self.count().and_then(|()| payload::room(arguments)).map(|room| self.leave(room)),
            "typing" => self.counted(payload::typing(arguments)).map(|request| self.typing(request)),
            "mark_read" => self.counted(payload::mark_read(arguments)).map(|request| self.mark_read(request)),
            _ => self.count().map(|()| std::future::ready(Answer::Deprecated).boxed()),
        };
        let answer = started.unwrap_or_else(|refusal| std::future::ready(Answer::Refused(refusal)).boxed());
        answer.map(move |answer| Outcome { event, callback, answer }).boxed()
    }

    /// Starts on a send: behind the socket's earlier ones it waits for its place in the line.
    fn send(&self, queued: Queued, dialect: Dialect, flight: &mut Flight) {
        let Queued { event, incoming: Incoming { arguments, callback }, arrived, bytes } = queued;
        let outcome = move |answer| Outcome { event, callback, answer };
        let Send { mut request, inline } = match payload::send(&arguments, dialect) {
            Ok(send) => send,
            Err(unsendable) => {
                let refusal = self.count().err().unwrap_or(unsendable.refusal);
                let ack = wire::MessageAck::rejected(unsendable.client_msg_id, unsendable.room_id, &refusal);
                return flight.push(std::future::ready(outcome(Answer::Sent(ack, Some(refusal)))).boxed());
            }
        };
        drop(arguments);
        let (client_msg_id, room_id) = (request.client_msg_id.clone(), request.room_id.clone());
        let (core, sends, session) = (self.works.core.clone(), self.works.sends.clone(), self.session.clone());
        let placed = async move {
            if let Some(inline) = inline {
                let stored = inline::store(&core, &session.token, inline, arrived + sends::PATIENCE);
                request.file = Some(stored.await?);
            }
            let pending = sends.submit(session.token.clone(), request, arrived).await;
            drop(bytes);
            Ok(pending)
        };
        let answer = move |sent| match sent {
            Ok(stored) => Answer::Sent(wire::MessageAck::stored(client_msg_id, stored), None),
            Err(refusal) => {
                let ack = wire::MessageAck::rejected(Some(client_msg_id), Some(room_id), &refusal);
                Answer::Sent(ack, Some(refusal))
            }
        };
        let answering = |placed: Result<Pending, Refusal>| match placed {
            Ok(pending) => pending.answer().map(answer).map(outcome).boxed(),
            Err(refusal) => std::future::ready(outcome(answer(Err(refusal)))).boxed(),
        };
        flight.place(placed.map(answering).boxed());
    }

    fn typing(&self, request: v1::SetTypingRequest) -> BoxFuture<'static, Answer> {
        let (mut core, session, mut turn) = (self.works.core.clone(), self.session.clone(), self.writing.take());
        let said = async move {
            turn.come().await;
            answer(core.social.set_typing(with_token(&session.token, request)?)).await
        };
        said.map(|said| said.map_or_else(Answer::Refused, |_| Answer::Typing)).boxed()
    }

    fn mark_read(&self, request: v1::MarkReadRequest) -> BoxFuture<'static, Answer> {
        let (mut core, session) = (self.works.core.clone(), self.session.clone());
        let marked = async move { answer(core.social.mark_read(with_token(&session.token, request)?)).await };
        marked.map(|marked| marked.map_or_else(Answer::Refused, |marked| Answer::Read(marked.into()))).boxed()
    }

    fn resync(&self, request: v1::ResyncRequest) -> BoxFuture<'static, Answer> {
        let (mut core, session) = (self.works.core.clone(), self.session.clone());
        let read = async move { answer(core.chat.resync(with_token(&session.token, request)?)).await };
        read.map(|page| page.map_or_else(Answer::Refused, |page| Answer::Page(page.into()))).boxed()
    }

    /// A read of the room finds out whether the user may be in it.
    fn join(&self, room_id: String) -> BoxFuture<'static, Answer> {
        let (mut core, session, feed) = (self.works.core.clone(), self.session.clone(), self.works.feed.clone());
        let (socket, mut turn) = (self.socket.id, self.turns.take());
        let until = Instant::now() + DEADLINE;
        let joined = async move {
            let request = v1::ListMessagesRequest { room_id: room_id.clone(), limit: 1, cursor: None };
            let allowed = async { answer(core.chat.list_messages(with_token(&session.token, request)?)).await }.await;
            // Earlier ones have earlier deadlines.
            turn.come().await;
            allowed?;
            let joined = timeout_at(until, feed.join(socket, room_id)).await;
            joined.ok().flatten().ok_or_else(Refusal::unavailable)
        };
        joined.map(|joined| joined.map_or_else(Answer::Refused, Answer::Joined)).boxed()
    }

    fn leave(&self, room_id: String) -> BoxFuture<'static, Answer> {
        let (feed, socket, mut turn) = (self.works.feed.clone(), self.socket.id, self.turns.take());
        let left = async move {
            turn.come().await;
            feed.leave(socket, room_id.clone()).await;
            Answer::Left(wire::RoomName { room_id })
        };
        left.boxed()
    }

    /// Finds out, whenever there is doubt, whether the session still holds. Completes when it does not. The core being
    /// away says nothing about it: then it is asked again.
    async fn verify(&self) {
        let mut core = self.works.core.clone();
        loop {
            self.doubt.notified().await;
            loop {
                let me =
                    async { answer(core.auth.get_me(with_token(&self.session.token, v1::GetMeRequest {})?)).await };
                match me.await {
                    Ok(_) => break,
                    Err(refusal) if refusal.is(Code::Unauthenticated) => return,
                    Err(_) => sleep(DOUBT_PAUSE).await,
                }
            }
        }
    }

    /// Counts an event that the core will not see.
    fn count(&self) -> Result<(), Refusal> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        let wait = |until: governor::NotUntil<_>| until.wait_time_from(DefaultClock::default().now());
        limiter.check().map_err(|until| Refusal::rate_limited(wait(until)))
    }

    /// Counts an event where it is malformed: the core counts the others.
    fn counted<T>(&self, read: Result<T, Refusal>) -> Result<T, Refusal> {
        if read.is_err() {
            self.count()?;
        }
        read
    }

    /// Answers an event. Says whether the socket goes on.
    async fn conclude(&self, Outcome { event, callback, answer }: Outcome) -> bool {
        match answer {
            Answer::Sent(ack, refusal) => {
                let told = self.emit("message_ack", &ack).await;
                let called = match refusal {
                    Some(refusal) => wire::Callback::refused(&refusal, Some(ack)),
                    None => wire::Callback::ok(ack),
                };
                told && self.call_back(&callback, &called).await
            }
            Answer::Page(page) => {
                self.emit("message_resync_result", &page).await
                    && self.call_back(&callback, &wire::Callback::ok(page)).await
            }
            Answer::Joined(joined) => self.call_back(&callback, &wire::Callback::ok(joined)).await,
            Answer::Left(room) => self.call_back(&callback, &wire::Callback::ok(room)).await,
            Answer::Read(read) => self.call_back(&callback, &wire::Callback::ok(read)).await,
            Answer::Typing => self.call_back(&callback, &wire::Callback::<()>::done()).await,
            Answer::Deprecated => {
                self.call_back(&callback, &wire::Callback::ok(wire::Deprecated { deprecated: true })).await
            }
            Answer::Refused(refusal) if callback.is_wanted() => {
                self.call_back(&callback, &wire::Callback::<()>::refused(&refusal, None)).await
            }
            Answer::Refused(refusal) => {
                self.emit("request_error", &wire::RequestError { event, error: refusal.body() }).await
            }
        }
    }

    async fn emit(&self, event: &str, payload: &impl Serialize) -> bool {
        self.wait_for_room(|| full(self.socket.emit(event, payload))).await
    }

    async fn call_back(&self, callback: &Callback, answer: &impl Serialize) -> bool {
        !callback.is_wanted() || self.wait_for_room(|| callback.try_send(answer)).await
    }

    /// Answers wait for the client to read them; one that does not is given up.
    async fn wait_for_room(&self, attempt: impl Fn() -> Result<(), Full>) -> bool {
        let room = async {
            while attempt().is_err() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            in_time = timeout(PATIENCE, room) => in_time.is_ok(),
            () = self.close.cancelled() => false,
        }
    }

    /// Answers what has arrived, while the gateway stops.
    async fn drain(&self, queue: &mut mpsc::Receiver<Queued>, flight: &mut Flight) {
        let spread = u64::try_from(uuid::Uuid::new_v4().as_u128() % 4_500).unwrap_or_default();
        self.emit("server_draining", &wire::ServerDraining { reconnect_after_ms: 500 + spread }).await;
        let answered = async {
            while let Ok(queued) = queue.try_recv() {
                self.begin(queued, flight);
            }
            while let Some(outcome) = flight.next().await {
                self.conclude(outcome).await;
            }
        };
        if timeout(DRAIN, answered).await.is_err() {
            tracing::warn!(socket = %self.socket.id, "the stop cut off what was in flight");
        }
    }

    /// Closes the socket; where its buffer is full, as soon as there is room. A dead peer the heartbeat removes.
    async fn disconnect(&self) {
        let closed = async {
            while self.socket.connected() && full(self.socket.clone().disconnect().map_err(Into::into)).is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        if timeout(PATIENCE, closed).await.is_err() {
            tracing::debug!(socket = %self.socket.id, "left to the heartbeat");
        }
    }
}
