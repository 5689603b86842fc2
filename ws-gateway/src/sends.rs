//! Sends on their way to the core: one pipelined stream for the whole gateway. Where the stream breaks, whatever has
//! no answer yet is sent again, in order; the core stores each message once.
//!
//! Sends enter the stream in the order in which they were submitted and each connection starts with the oldest, so
//! that those of one socket are stored in its order. One that runs out of time is answered `unavailable` and leaves
//! the line; those behind it do not wait for its retry, which is a send of its own.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chat_process::Shutdown;
use chat_proto::v1;
use chat_proto::v1::send_messages_response::Outcome;
use chat_sabotage::{Fault, planted, strikes};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Streaming;

use crate::core::{Core, with_token};
use crate::error::Refusal;
use crate::metrics::{Metrics, SendOutcome};
use crate::sabotage;
use crate::token::Token;

/// How long a send is tried; with the attempt under way, 5 s at most.
const PATIENCE: Duration = Duration::from_millis(4_500);

/// How long one attempt to connect may take.
const CONNECT: Duration = Duration::from_millis(500);

/// Sends that wait for an answer at most; beyond, submitting waits.
const IN_FLIGHT: usize = 1_024;

/// Pause between attempts to connect.
const PAUSE: Duration = Duration::from_millis(100);

/// What became of a send.
pub(crate) type Sent = Result<v1::SendMessageResponse, Refusal>;

/// The way in. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Sends {
    jobs: mpsc::Sender<Job>,
    metrics: Arc<Metrics>,
}

#[derive(Debug)]
struct Job {
    request: v1::SendMessagesRequest,
    until: Instant,
    answer: oneshot::Sender<Sent>,
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
        let (jobs, submitted) = mpsc::channel(IN_FLIGHT);
        let mut line = Line { core, token, submitted, waiting: VecDeque::new() };
        shutdown.spawn_essential("sends", async move {
            stopped.run_until_cancelled(line.run()).await;
        });
        Self { jobs, metrics }
    }

    /// Puts a send in line. The order of calls is the order of storing.
    pub(crate) async fn submit(&self, session_token: String, send: v1::SendMessageRequest) -> Pending {
        let request = v1::SendMessagesRequest { send: Some(send), session_token: Some(session_token) };
        let (answer, pending) = oneshot::channel();
        // Where the line is gone the answer is gone with it, which is answered as well.
        let patience = if planted(Fault::AcceptUnanswered) { sabotage::PATIENCE } else { PATIENCE };
        let _ = self.jobs.send(Job { request, until: Instant::now() + patience, answer }).await;
        Pending { answer: pending, metrics: self.metrics.clone() }
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

/// Everything that has no answer yet, the oldest first.
struct Line {
    core: Core,
    token: Token,
    submitted: mpsc::Receiver<Job>,
    waiting: VecDeque<Job>,
}

/// An open stream: the way in, the answers, and how many of the waiting are on it.
struct Wire {
    sends: mpsc::Sender<v1::SendMessagesRequest>,
    answers: Streaming<v1::SendMessagesResponse>,
    sent: usize,
}

impl Line {
    /// Runs until nobody can submit any more and everything is answered.
    async fn run(&mut self) {
        while self.wait_for_work().await {
            match timeout(CONNECT, self.connect()).await {
                Ok(Some(wire)) => self.work(wire).await,
                Ok(None) | Err(_) => tokio::time::sleep(PAUSE).await,
            }
            self.expire();
            if planted(Fault::RetryAsNew) {
                self.waiting.iter_mut().for_each(|job| sabotage::rename(&mut job.request));
            }
        }
    }

    async fn wait_for_work(&mut self) -> bool {
        if self.waiting.is_empty() {
            match self.submitted.recv().await {
                Some(job) => self.waiting.push_back(job),
                None => return false,
            }
        }
        while self.waiting.len() < IN_FLIGHT
            && let Ok(job) = self.submitted.try_recv()
        {
            self.waiting.push_back(job);
        }
        true
    }

    async fn connect(&mut self) -> Option<Wire> {
        let (sends, stream) = mpsc::channel(64);
        let request = with_token(self.token.get().ok()?.reveal(), ReceiverStream::new(stream)).ok()?;
        match self.core.chat.send_messages(request).await {
            Ok(answers) => Some(Wire { sends, answers: answers.into_inner(), sent: 0 }),
            Err(status) => {
                tracing::debug!(%status, "no stream for sends yet");
                None
            }
        }
    }

    /// Works the line off over one stream, until it breaks or there is nothing to do and nobody to submit.
    async fn work(&mut self, mut wire: Wire) {
        let mut ticks = interval(PAUSE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut open = true;
        while open || !self.waiting.is_empty() {
            tokio::select! {
                answer = wire.answers.message() => match answer {
                    Ok(Some(answer)) => self.settle(answer, &mut wire.sent),
                    Ok(None) | Err(_) => return,
                },
                Ok(permit) = wire.sends.reserve(), if wire.sent < self.waiting.len() => {
                    if wire.sent + 1 < self.waiting.len() && strikes(Fault::SwapSends, 3) {
                        self.waiting.swap(wire.sent, wire.sent + 1);
                    }
                    if let Some(job) = self.waiting.get(wire.sent) {
                        permit.send(job.request.clone());
                        wire.sent += 1;
                    }
                },
                job = self.submitted.recv(), if open && self.waiting.len() < IN_FLIGHT => match job {
                    Some(job) => self.waiting.push_back(job),
                    None => open = false,
                },
                // Somebody ran out of time on a stream that seems open: it is not worth keeping.
                _ = ticks.tick() => if self.overdue() { return },
            }
        }
    }

    /// Answers come in the order of the sends of a room, so that the first of its name is meant. One that ran out of
    /// time has nobody waiting for it any more.
    fn settle(&mut self, answer: v1::SendMessagesResponse, sent: &mut usize) {
        let meant = |job: &Job| {
            let send = job.request.send.as_ref();
            send.is_some_and(|send| send.client_msg_id == answer.client_msg_id && send.room_id == answer.room_id)
        };
        let Some(index) = self.waiting.iter().take(*sent).position(meant) else { return };
        let Some(job) = self.waiting.remove(index) else { return };
        *sent -= 1;
        let outcome = match answer.outcome {
            Some(Outcome::Result(stored)) => Ok(stored),
            Some(Outcome::Rejection(rejection)) => Err(Refusal::from_rejection(rejection)),
            None => Err(Refusal::unavailable()),
        };
        if planted(Fault::SwallowAnswer) && sabotage::is_unlucky(&answer.client_msg_id) {
            // Dropped, it would be answered `unavailable`.
            return std::mem::forget(job.answer);
        }
        // A caller that went away wants no answer.
        let _ = job.answer.send(outcome);
    }

    fn overdue(&self) -> bool {
        self.waiting.front().is_some_and(|job| job.until <= Instant::now())
    }

    fn expire(&mut self) {
        let now = Instant::now();
        while let Some(job) = self.waiting.pop_front_if(|job| job.until <= now) {
            let late = match planted(Fault::AcceptUnanswered) {
                true => Ok(sabotage::made_up(job.request)),
                false => Err(Refusal::unavailable()),
            };
            let _ = job.answer.send(late);
        }
    }
}
