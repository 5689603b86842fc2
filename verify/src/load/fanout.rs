//! One room with many connections: some of them send, all hear.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Serialize;
use tokio::sync::oneshot;

use super::crew::{Crew, Ears};
use super::figures::{Measured, Rate};
use super::latency::{Due, sent_from, until_live};
use super::pace::{Clock, Schedule};
use super::seat::{Seat, each, text};
use super::usage::Watched;
use super::{ONLY_SENDS, PAGE, Target, share, warm_up};
use crate::link::Surface;
use crate::recorder::Recorder;

/// How long after everybody is ready a schedule begins.
const LEAD: Duration = Duration::from_millis(20);

/// Who sends and who hears.
#[derive(Clone, Debug, clap::Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Args {
    #[command(flatten)]
    #[serde(skip)]
    pub(super) target: Target,
    /// How messages are sent and heard
    #[arg(long, default_value = "websocket", requires_if("grpc", "core"))]
    via: Surface,
    /// Connections that hear the room
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: u32,
    /// Those of them that send as well
    #[arg(long, default_value_t = 4, value_name = "S", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    senders: u32,
    /// Messages a second in all, whether they are answered or not; with 0 each sender keeps its number in flight
    #[arg(long, default_value_t = 0, value_name = "R", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    rate: u32,
    /// Sends of each sender that have no answer yet, at most, where there is no rate
    #[arg(long, default_value_t = 8, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    in_flight: u32,
    /// Messages in all
    #[arg(long, default_value_t = 2_000, value_name = "M", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    messages: u32,
}

/// The time of the record.
struct RecordClock(Arc<Recorder>);

impl Clock for RecordClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn pause(&self, time: Duration) {
        thread::sleep(time);
    }
}

impl Args {
    pub(super) fn wrong(&self) -> Option<&'static str> {
        if self.via == Surface::GrpcUnary {
            return Some(ONLY_SENDS);
        }
        (self.senders > self.clients).then_some("--senders: more than --clients, of which they are a part")
    }

    pub(super) async fn run(&self) -> Result<Measured> {
        let target = &self.target;
        let crew = Crew::together(target, self.clients).await?;
        let seats = crew.seats(target, self.via, self.clients, Ears::Open).await?;
        let (seats, _) = self.phase(&crew, seats, warm_up(self.messages, self.senders)).await?;

        let from = crew.now();
        let watched = Watched::begin(&target.pid)?;
        let (seats, due) = self.phase(&crew, seats, self.messages).await?;
        let processes = watched.end().await?;

        let seats = each(seats, |_, mut seat| async move {
            seat.read(PAGE).await?;
            seat.testify();
            Ok(seat)
        });
        let seats = seats.await?;
        let proven = crew.prove(&[]).await?;
        drop(seats);
        let entries = &proven.history.entries;
        let due = due.unwrap_or_else(|| sent_from(entries, from));
        let times = until_live(entries, &proven.history.rooms, &due)?;
        let sent = Rate::of("messages", u64::from(self.messages), times.span());
        Ok(Measured {
            rates: vec![Rate::of("deliveries", times.count(), times.span()), sent],
            latency: Some(("from the send, or when it was due, to its arrival at each connection", times.latency())),
            connections: None,
            processes,
            invariants: proven.invariants,
        })
    }

    /// Sends so many messages until all connections have all of them. Says when each was due, where there is a rate.
    async fn phase(&self, crew: &Crew, seats: Vec<Seat>, messages: u32) -> Result<(Vec<Seat>, Option<Due>)> {
        let all = seats.first().map_or(0, Seat::has) + messages as usize;
        let (senders, in_flight, rate) = (self.senders, self.in_flight, self.rate);
        let schedule = (rate > 0).then(|| self.keep_schedule(crew, &seats, messages));
        let work = move |number: usize, mut seat: Seat| async move {
            if number < senders as usize {
                let own = share(messages, senders, number);
                if rate == 0 {
                    seat.send(own, in_flight).await?;
                } else {
                    seat.settle(seat.stored + own).await?;
                }
            }
            seat.listen(all).await?;
            Ok(seat)
        };
        let scheduled = async {
            match schedule {
                Some(schedule) => Ok(Some(schedule.await.context("the schedule broke down")??)),
                None => Ok(None),
            }
        };
        tokio::try_join!(each(seats, work), scheduled)
    }

    /// Sends in turn from a thread of its own, whose pauses are finer than those of the runtime.
    fn keep_schedule(&self, crew: &Crew, seats: &[Seat], messages: u32) -> oneshot::Receiver<Result<Due>> {
        let senders = seats.iter().take(self.senders as usize);
        let links: Vec<_> = senders.map(|seat| (seat.link.clone(), seat.room)).collect();
        let schedule = Schedule { begin: crew.now() + LEAD, rate: self.rate };
        let (clock, text) = (RecordClock(crew.recorder.clone()), text());
        let (tell, told) = oneshot::channel();
        thread::spawn(move || {
            let kept = schedule.keep(messages, &clock, |number, id| {
                let sender = links.get(number as usize % links.len());
                sender.is_some_and(|(link, room)| link.send(*room, id, text.clone()))
            });
            // Whoever waited may have given up.
            let _ = tell.send(kept);
        });
        told
    }
}
