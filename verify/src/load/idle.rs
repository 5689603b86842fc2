//! Connections on which nothing happens, and what they take.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use serde::Serialize;
use tokio::time::sleep;

use super::Target;
use super::crew::{Crew, Ears};
use super::figures::{Connections, Measured, Memory};
use super::seat::each;
use super::usage::{Moment, Watched, look};
use crate::link::Surface;

/// Users that all connections belong to.
const USERS: u32 = 8;

/// A runtime's thread for blocking work ends when it had none for 10 s.
const THREADS: Duration = Duration::from_secs(12);

/// How long what was opened, or warmed up, may take to come to rest.
const REST: Duration = Duration::from_secs(2);

/// How many connections, for how long.
#[derive(Clone, Debug, clap::Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Args {
    #[command(flatten)]
    #[serde(skip)]
    pub(super) target: Target,
    /// How they are connected
    #[arg(long, default_value = "websocket", requires_if("grpc", "core"))]
    pub(super) via: Surface,
    /// Connections, of a few users in one room
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    clients: u32,
    /// How long they are idle
    #[arg(long, default_value_t = 30, value_name = "T", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
}

impl Args {
    pub(super) async fn run(&self) -> Result<Measured> {
        let target = &self.target;
        let crew = Crew::together(target, self.clients.min(USERS)).await?;
        // Neither the sign-ups' memory is counted, which goes with the threads that it was used in, nor what the first
        // connection takes for all.
        sleep(THREADS).await;
        drop(crew.seats(target, self.via, 1, Ears::Open).await?);
        sleep(REST).await;
        let before = look(&target.pid)?;
        let seats = crew.seats(target, self.via, self.clients, Ears::Open).await?;
        sleep(REST).await;
        let connected = look(&target.pid)?;
        let watched = Watched::begin(&target.pid)?;
        sleep(Duration::from_secs(self.seconds.into())).await;
        let processes = watched.end().await?;

        // Who is still there hears the one message that the first one sends.
        let open = Arc::new(AtomicU32::new(0));
        let count = open.clone();
        let seats = each(seats, move |number, mut seat| {
            let open = count.clone();
            async move {
                let sent = if number == 0 { seat.send(1, 1).await } else { Ok(()) };
                if sent.is_ok() && seat.listen(1).await.is_ok() {
                    open.fetch_add(1, Ordering::Relaxed);
                    seat.testify();
                }
                Ok(seat)
            }
        });
        let seats = seats.await?;
        let (asked, open) = (self.clients, open.load(Ordering::Relaxed));
        ensure!(open == asked, "{} of {asked} connections were lost", asked - open);
        let proven = crew.prove(&[]).await?;
        drop(seats);
        let memory = before.iter().zip(&connected).map(|(before, connected)| memory(before, connected, asked));
        Ok(Measured {
            rates: Vec::new(),
            latency: None,
            connections: Some(Connections { open_at_the_end: open, memory: memory.collect() }),
            processes,
            invariants: proven.invariants,
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "no machine has so much memory")]
fn memory(before: &Moment, connected: &Moment, connections: u32) -> Memory {
    let (without, with) = (before.rss_bytes, connected.rss_bytes);
    Memory {
        name: before.name.clone(),
        before_bytes: without,
        connected_bytes: with,
        bytes_per_connection: (with as f64 - without as f64) / f64::from(connections),
    }
}
