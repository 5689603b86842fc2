//! Clients that send, each into a room of its own, with so many sends in flight.

use anyhow::Result;
use serde::Serialize;

use super::crew::{Crew, Ears};
use super::figures::{Measured, Rate};
use super::latency::{sent_from, until_answered};
use super::seat::{Seat, each};
use super::usage::Watched;
use super::{PAGE, Target, share, warm_up};
use crate::check::Invariant;
use crate::link::Surface;

/// What is sent how.
#[derive(Clone, Debug, clap::Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Args {
    #[command(flatten)]
    #[serde(skip)]
    pub(super) target: Target,
    /// How messages are sent
    #[arg(long, default_value = "websocket", requires_ifs([("grpc", "core"), ("grpc-unary", "core")]))]
    via: Surface,
    /// Clients, each in a room of its own
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: u32,
    /// Sends of each client that have no answer yet, at most
    #[arg(long, default_value_t = 32, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    in_flight: u32,
    /// Messages in all
    #[arg(long, default_value_t = 40_000, value_name = "M", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    messages: u32,
}

impl Args {
    pub(super) fn wrong(&self) -> Option<&'static str> {
        (self.messages < self.clients).then_some("--messages: fewer than clients, of which each sends one at least")
    }

    pub(super) async fn run(&self) -> Result<Measured> {
        let target = &self.target;
        let crew = Crew::apart(target, self.clients).await?;
        let (ears, excused) = match self.via {
            // The gateway tells a socket of every room.
            Surface::Websocket | Surface::Polling => (Ears::Open, &[][..]),
            Surface::Grpc => (Ears::Shut, &[][..]),
            // Calls that are under way at the same time have no order.
            Surface::GrpcUnary => (Ears::Shut, &[Invariant::SocketOrder][..]),
        };
        let seats = crew.seats(target, self.via, self.clients, ears).await?;
        let seats = self.phase(seats, warm_up(self.messages, self.clients)).await?;

        let from = crew.now();
        let watched = Watched::begin(&target.pid)?;
        let seats = self.phase(seats, self.messages).await?;
        let processes = watched.end().await?;

        let seats = each(seats, move |_, mut seat| async move {
            if ears == Ears::Open {
                seat.listen(seat.stored as usize).await?;
            }
            seat.read(PAGE).await?;
            seat.testify();
            Ok(seat)
        });
        let seats = seats.await?;
        let proven = crew.prove(excused).await?;
        drop(seats);
        let entries = &proven.history.entries;
        let times = until_answered(entries, &sent_from(entries, from))?;
        Ok(Measured {
            rates: vec![Rate::of("acknowledged", times.count(), times.span())],
            latency: Some(("from the send to its acknowledgement", times.latency())),
            connections: None,
            processes,
            invariants: proven.invariants,
        })
    }

    async fn phase(&self, seats: Vec<Seat>, messages: u32) -> Result<Vec<Seat>> {
        let (clients, in_flight) = (self.clients, self.in_flight);
        let work = move |number, mut seat: Seat| async move {
            seat.send(share(messages, clients, number), in_flight).await?;
            Ok(seat)
        };
        each(seats, work).await
    }
}
