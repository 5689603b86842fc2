//! Sends on their way to the core: one pipelined stream for the whole gateway. Where the stream breaks, whatever has
//! no answer yet is sent again, in order; the core stores each message once.
//!
//! The line to the core has a limited number of places, which are given in the order in which they were asked for.
//! Sends enter the stream in the order of their places and each connection starts with the oldest, so that those of
//! one socket are stored in its order. One that runs out of time, with a place or without, is answered `unavailable`;
//! those behind it do not wait for its retry, which is a send of its own.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use chat_process::Shutdown;
use chat_proto::v1;
use chat_proto::v1::send_messages_response::Outcome;
use chat_sabotage::{Fault, planted, strikes};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, timeout, timeout_at};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Streaming;

use crate::core::{Core, with_token};
use crate::error::Refusal;
use crate::metrics::{Metrics, SendOutcome};
use crate::sabotage;
use crate::token::Token;

/// How long a send is tried, from its arrival on; with the two ticks until it is noticed, 5 s at most.
pub(crate) const PATIENCE: Duration = Duration::from_millis(4_500);

/// How long one attempt to connect may take.
const CONNECT: Duration = Duration::from_millis(500);

/// How long a stream may owe an answer without giving any.
const SILENCE: Duration = PATIENCE;

/// Places in the line; beyond, submitting waits.
const PLACES: usize = 1_024;

/// Pause between attempts to connect, and between looks at the time.
const PAUSE: Duration = Duration::from_millis(100);

/// What became of a send.
pub(crate) type Sent = Result<v1::SendMessageResponse, Refusal>;

/// The way in. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Sends {
    jobs: mpsc::Sender<Job>,
    places: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

#[derive(Debug)]
struct Job {
    request: v1::SendMessagesRequest,
    until: Instant,
    /// Whoever waits; nobody any more once it was answered.
    caller: Option<oneshot::Sender<Sent>>,
    _place: OwnedSemaphorePermit,
}

/// The answer to a send, when it comes.
#[derive(Debug)]
pub(crate) struct Pending {
    answer: oneshot::Receiver<Sent>,
    metrics: Arc<Metrics>,
}

impl Sends {
    /// Starts the stream's task; it ends with `stopped`.
    pub(crate) fn start(
        core: Core,
        token: Token,
        metrics: Arc<Metrics>,
        stopped: CancellationToken,
        shutdown: &Shutdown,
    ) -> Self {
        // Who has a place finds room here.
        let (jobs, submitted) = mpsc::channel(PLACES);
        shutdown.spawn_essential("sends", async move {
            stopped.run_until_cancelled(Line::new(core, token, submitted).run()).await;
        });
        Self { jobs, places: Arc::new(Semaphore::new(PLACES)), metrics }
    }

    /// Puts a send that arrived then in line, as soon as there is a place. The order of calls is the order of storing.
    pub(crate) async fn submit(
        &self,
        session_token: String,
        send: v1::SendMessageRequest,
        arrived: Instant,
    ) -> Pending {
        let request = v1::SendMessagesRequest { send: Some(send), session_token: Some(session_token) };
        let until = arrived + if planted(Fault::AcceptUnanswered) { sabotage::PATIENCE } else { PATIENCE };
        let (caller, answer) = oneshot::channel();
        // Where there is no place in time, or no line any more, `caller` is dropped, which is an answer as well.
        if let Some(place) = self.place(until).await {
            let _ = self.jobs.try_send(Job { request, until, caller: Some(caller), _place: place });
        }
        Pending { answer, metrics: self.metrics.clone() }
    }

    async fn place(&self, until: Instant) -> Option<OwnedSemaphorePermit> {
        if until <= Instant::now() {
            return None;
        }
        timeout_at(until, self.places.clone().acquire_owned()).await.ok()?.ok()
    }
}

impl Pending {
    /// What became of it. Errors: the core's refusal, `unavailable` after 5 s.
    pub(crate) async fn answer(self) -> Sent {
        let sent = self.answer.await.unwrap_or_else(|_| Err(Refusal::unavailable()));
        let outcome = match &sent {
            Ok(stored) => stored.status().as_str_name().to_ascii_lowercase(),
            Err(refusal) => refusal.code().to_owned(),
        };
        self.metrics.sends.get_or_create(&SendOutcome { outcome }).inc();
        sent
    }
}

impl Job {
    /// Whether anybody waits for the answer.
    fn is_wanted(&self) -> bool {
        self.caller.as_ref().is_some_and(|caller| !caller.is_closed())
    }

    /// Answers once; a caller that went away wants no answer.
    fn answer(&mut self, sent: Sent) {
        if let Some(caller) = self.caller.take() {
            let _ = caller.send(sent);
        }
    }

    fn give_up(&mut self) {
        let late = match planted(Fault::AcceptUnanswered) {
            true => Ok(sabotage::made_up(self.request.clone())),
            false => Err(Refusal::unavailable()),
        };
        self.answer(late);
    }
}

/// Everything that has no answer yet, the oldest first.
struct Line {
    core: Core,
    token: Token,
    submitted: mpsc::Receiver<Job>,
    /// Whether there may be anybody left who submits.
    open: bool,
    waiting: VecDeque<Job>,
    ticks: Interval,
    ticked: Instant,
}

/// An open stream: the way in, and the answers.
struct Wire {
    sends: mpsc::Sender<v1::SendMessagesRequest>,
    answers: Streaming<v1::SendMessagesResponse>,
}

/// How many of the waiting are on the stream, and when it last gave an answer or began to owe one.
struct Owed {
    sent: usize,
    heard: Instant,
}

impl Line {
    fn new(core: Core, token: Token, submitted: mpsc::Receiver<Job>) -> Self {
        let mut ticks = interval(PAUSE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let waiting = VecDeque::new();
        Self { core, token, submitted, open: true, waiting, ticks, ticked: Instant::now() }
    }

    /// Runs until nobody can submit any more and everything is answered.
    async fn run(mut self) {
        while let Some(wire) = self.connected().await {
            self.work(wire).await;
            self.waiting.retain(Job::is_wanted);
            if planted(Fault::RetryAsNew) {
                self.waiting.iter_mut().for_each(|job| sabotage::rename(&mut job.request));
            }
        }
    }

    /// Opens a stream once there is something to send, however many attempts that takes; time goes on meanwhile.
    async fn connected(&mut self) -> Option<Wire> {
        let connected = connect(self.core.clone(), self.token.clone());
        tokio::pin!(connected);
        while self.open || !self.waiting.is_empty() {
            tokio::select! {
                wire = &mut connected, if !self.waiting.is_empty() => return Some(wire),
                job = self.submitted.recv(), if self.open => self.take(job),
                _ = self.ticks.tick() => { self.expire(0); }
            }
        }
        None
    }

    /// Works the line off over one stream, until it breaks or there is nothing to do and nobody to submit.
    async fn work(&mut self, Wire { sends, mut answers }: Wire) {
        let mut owed = Owed { sent: 0, heard: Instant::now() };
        while self.open || !self.waiting.is_empty() {
            tokio::select! {
                // What is there is handed on before anything is decided about it. There are no more answers than were
                // sent, and no more to take than there are places: the last branch has its turn.
                biased;
                answer = answers.message() => match answer {
                    Ok(Some(answer)) => self.settle(answer, &mut owed),
                    Ok(None) | Err(_) => return,
                },
                _ = self.ticks.tick() => {
                    let before = self.expire(owed.sent);
                    // A stream that is silent for so long is not worth keeping, even if it seems open.
                    if owed.sent > 0 && owed.heard + SILENCE <= before {
                        return;
                    }
                }
                job = self.submitted.recv(), if self.open => self.take(job),
                Ok(permit) = sends.reserve(), if owed.sent < self.waiting.len() => {
                    if let Some(request) = self.next(owed.sent) {
                        permit.send(request);
                        owed.one_more();
                    }
                }
            }
        }
    }

    fn take(&mut self, job: Option<Job>) {
        match job {
            Some(job) => self.waiting.push_back(job),
            None => self.open = false,
        }
    }

    /// The first that is not sent yet.
    fn next(&mut self, sent: usize) -> Option<v1::SendMessagesRequest> {
        if sent + 1 < self.waiting.len() && strikes(Fault::SwapSends, 3) {
            self.waiting.swap(sent, sent + 1);
        }
        self.waiting.get(sent).map(|job| job.request.clone())
    }

    /// Answers come in the order of the sends of a room, so that the first of its name is meant. One that ran out of
    /// time has nobody waiting for it any more.
    fn settle(&mut self, answer: v1::SendMessagesResponse, owed: &mut Owed) {
        owed.heard = Instant::now();
        let meant = |job: &Job| {
            let send = job.request.send.as_ref();
            send.is_some_and(|send| send.client_msg_id == answer.client_msg_id && send.room_id == answer.room_id)
        };
        let Some(index) = self.waiting.iter().take(owed.sent).position(meant) else { return };
        let Some(mut job) = self.waiting.remove(index) else { return };
        owed.sent -= 1;
        let outcome = match answer.outcome {
            Some(Outcome::Result(stored)) => Ok(stored),
            Some(Outcome::Rejection(rejection)) => Err(Refusal::from_rejection(rejection)),
            None => Err(Refusal::unavailable()),
        };
        if planted(Fault::SwallowAnswer) && sabotage::is_unlucky(&answer.client_msg_id) {
            // Dropped, it would be answered `unavailable`.
            return mem::forget(job.caller);
        }
        job.answer(outcome);
    }

    /// Answers those whose time was up at the tick before this one, and says when that was: in between, whatever had
    /// come by then was handed on, even if this process itself was frozen. Those that nobody waits for any more leave
    /// the line, unless they are on the stream, whose answers are told apart by their order.
    fn expire(&mut self, sent: usize) -> Instant {
        let before = mem::replace(&mut self.ticked, Instant::now());
        self.waiting.iter_mut().filter(|job| job.until <= before).for_each(Job::give_up);
        let mut indices = 0..;
        self.waiting.retain(|job| indices.next().is_some_and(|index: usize| index < sent) || job.is_wanted());
        before
    }
}

impl Owed {
    fn one_more(&mut self) {
        if self.sent == 0 {
            self.heard = Instant::now();
        }
        self.sent += 1;
    }
}

/// A stream, after as many attempts as it takes.
async fn connect(mut core: Core, token: Token) -> Wire {
    loop {
        if let Ok(Some(wire)) = timeout(CONNECT, attempt(&mut core, &token)).await {
            return wire;
        }
        sleep(PAUSE).await;
    }
}

async fn attempt(core: &mut Core, token: &Token) -> Option<Wire> {
    let (sends, stream) = mpsc::channel(64);
    let request = with_token(token.get().ok()?.reveal(), ReceiverStream::new(stream)).ok()?;
    match core.chat.send_messages(request).await {
        Ok(answers) => Some(Wire { sends, answers: answers.into_inner() }),
        Err(status) => {
            tracing::debug!(%status, "no stream for sends yet");
            None
        }
    }
}
