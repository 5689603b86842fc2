//! A long room that many read from its beginning at once.

use anyhow::Result;
use serde::Serialize;

use super::Target;
use super::crew::{Crew, Ears};
use super::figures::{Measured, Rate};
use super::latency::until_paged;
use super::seat::{Seat, each};
use super::usage::Watched;
use crate::link::Surface;

/// Sends in flight while the room is filled.
const FILLING: u32 = 256;

/// How long the room is, and who reads it how.
#[derive(Clone, Debug, clap::Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Args {
    #[command(flatten)]
    #[serde(skip)]
    pub(super) target: Target,
    /// How pages are asked for
    #[arg(long, default_value = "websocket", requires_if("grpc", "core"))]
    pub(super) via: Surface,
    /// Connections that read, each one page at a time
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: u32,
    /// Messages of the room
    #[arg(long, default_value_t = 40_000, value_name = "M", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    messages: u32,
    /// Messages of a page
    #[arg(long, default_value_t = 100, value_name = "P", value_parser = clap::value_parser!(u32).range(1..=500))]
    page: u32,
}

impl Args {
    pub(super) async fn run(&self) -> Result<Measured> {
        let target = &self.target;
        let crew = Crew::together(target, self.clients).await?;
        let writer = crew.seats(target, Surface::Websocket, 1, Ears::Open).await?;
        let messages = self.messages;
        let writer = each(writer, move |_, mut seat| async move {
            seat.send(messages, FILLING).await?;
            seat.listen(messages as usize).await?;
            seat.testify();
            Ok(seat)
        });
        let writer = writer.await?;
        let mut readers = crew.seats(target, self.via, self.clients, Ears::Shut).await?;
        // To warm up, the first one reads it alone.
        if let Some(first) = readers.first_mut() {
            first.read(self.page).await?;
            first.forget();
        }

        let from = crew.now();
        let watched = Watched::begin(&target.pid)?;
        let page = self.page;
        let read = each(readers, move |_, mut seat: Seat| async move {
            seat.read(page).await?;
            Ok(seat)
        });
        let readers = read.await?;
        let processes = watched.end().await?;

        readers.iter().for_each(Seat::testify);
        let proven = crew.prove(&[]).await?;
        drop((readers, writer));
        let (times, messages) = until_paged(&proven.history.entries, from)?;
        Ok(Measured {
            rates: vec![Rate::of("pages", times.count(), times.span()), Rate::of("messages", messages, times.span())],
            latency: Some(("from the question to its page", times.latency())),
            connections: None,
            processes,
            invariants: proven.invariants,
        })
    }
}
