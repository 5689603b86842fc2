//! The users and rooms of a measurement, their connections, and the proof in the end: the judge's verdict on the
//! record that the figures are taken from.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::Target;
use super::seat::Seat;
use crate::check::{self, Invariant};
use crate::history::{Client, Event, History, Room, RoomLog};
use crate::link::{Link, Names, Opener, Surface};
use crate::recorder::Recorder;
use crate::report::{Checked, Found};
use crate::rest::Person;

/// Users of one room at most, so that it is no large one in the contract's sense; they may have many connections each.
const MOST_USERS: u32 = 50;

/// Calls under way at a time.
const AT_ONCE: usize = 8;

/// Connections that are being opened at a time.
const OPENING: usize = 64;

/// News that wait for a connection's client at most.
const HEARD: usize = 1_024;

/// Everybody.
pub(super) struct Crew {
    /// Where everything is recorded.
    pub(super) recorder: Arc<Recorder>,
    people: Vec<Person>,
    names: Arc<Names>,
}

/// A record that the judge has found nothing wrong with.
pub(super) struct Proven {
    /// The record.
    pub(super) history: History,
    /// What was held against it.
    pub(super) invariants: Vec<Checked>,
}

/// A record that shows a breach: its figures mean nothing.
#[derive(Debug, thiserror::Error)]
#[error("the promise was broken, so that the figures are void{0}")]
pub(super) struct Void(String);

impl Crew {
    /// Users with a room each.
    pub(super) async fn apart(target: &Target, clients: u32) -> Result<Self> {
        let crew = Self::sign_up(target, clients, clients).await?;
        for (person, number) in crew.people.iter().zip(0..) {
            crew.recorder.record(Event::Entering { client: Client(number), room: Room(number) });
            person.create_room(crew.names.name(Room(number))).await?;
        }
        Ok(crew)
    }

    /// Users in one room, for so many connections.
    pub(super) async fn together(target: &Target, connections: u32) -> Result<Self> {
        let crew = Self::sign_up(target, connections.min(MOST_USERS), 1).await?;
        let room = Room(0);
        let (name, recorder) = (crew.names.name(room), &crew.recorder);
        let (host, others) = crew.people.split_first().context("nobody")?;
        recorder.record(Event::Entering { client: Client(0), room });
        host.create_room(name).await?;
        let entering = others.iter().zip(1..).map(|(person, number)| {
            host.let_in(person, name, move || {
                recorder.record(Event::Entering { client: Client(number), room });
            })
        });
        stream::iter(entering).buffered(AT_ONCE).try_collect::<()>().await?;
        Ok(crew)
    }

    async fn sign_up(target: &Target, users: u32, rooms: u32) -> Result<Self> {
        let run = Uuid::new_v4().simple().to_string();
        let name = |number| format!("load-{}-{number}", &run[..10]);
        let signing_up = (0..users).map(|number| Person::sign_up(&target.gateway, name(number)));
        let people = stream::iter(signing_up).buffered(AT_ONCE).try_collect().await?;
        let names = Arc::new(Names::new((0..rooms).map(name).collect()));
        Ok(Self { recorder: Arc::new(Recorder::new()), people, names })
    }

    /// Opens connections, those of a number to the room of that number where each has one. With [`Ears::Open`] they are
    /// open when they hear the room live.
    pub(super) async fn seats(&self, target: &Target, via: Surface, count: u32, ears: Ears) -> Result<Vec<Seat>> {
        let opening = (0..count).map(|number| self.seat(target, via, number, ears));
        stream::iter(opening).buffered(OPENING).try_collect().await
    }

    async fn seat(&self, target: &Target, via: Surface, number: u32, ears: Ears) -> Result<Seat> {
        let client = number % u32::try_from(self.people.len())?;
        let room = Room(number % u32::try_from(self.names.rooms.len())?);
        let person = self.people.get(client as usize).context("nobody")?;
        let (heard, hears) = mpsc::channel(HEARD);
        let (recorder, names, token) = (self.recorder.clone(), self.names.clone(), person.token.clone());
        let opener = Opener { recorder, names, client: Client(client), token, heard };
        let positions = [(room, 0)];
        let positions = if ears == Ears::Open { &positions[..] } else { &[] };
        let link = Link::open(&opener, via, target.place(via)?, positions).await;
        let link = link.with_context(|| format!("connection {number} of {via:?}"))?;
        let mut seat = Seat::new(link, hears, &opener, room);
        if ears == Ears::Open {
            seat.join().await?;
        }
        Ok(seat)
    }

    /// Sends of the measured span begin now.
    pub(super) fn now(&self) -> Duration {
        self.recorder.elapsed()
    }

    /// Reads the rooms and judges the record. Errors: [`Void`], or the rooms cannot be read.
    pub(super) async fn prove(self, excused: &[Invariant]) -> Result<Proven> {
        let mut rooms = Vec::new();
        for (name, person) in self.names.rooms.iter().zip(&self.people) {
            rooms.push(RoomLog { name: name.clone(), log: person.log(name).await? });
        }
        let clients = self.people.iter().map(|person| person.user_id.clone()).collect();
        let history = History { clients, rooms, entries: self.recorder.take() };
        let verdict = check::check(&history);
        let violations = self.recorder.violations().into_iter().map(|what| format!("\n\n{what}"));
        let breaches = verdict.breaches.iter().filter(|breach| !excused.contains(&breach.invariant));
        let broken: String =
            violations.chain(breaches.map(|breach| format!("\n\n{}", Found::new(breach, &history)))).collect();
        if !broken.is_empty() {
            return Err(Void(broken).into());
        }
        Ok(Proven { invariants: Checked::all(&verdict), history })
    }
}

/// Whether a connection that could do without hears its room live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ears {
    /// It hears it.
    Open,
    /// It does not ask for it; over Socket.IO it is told all the same.
    Shut,
}
