//! The users and rooms of a run: new ones, so that a service that is in use is not disturbed.

use std::sync::Arc;

use anyhow::Result;
use fastrand::Rng;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use uuid::Uuid;

use crate::history::{Client, Event, Room};
use crate::link::Names;
use crate::recorder::Recorder;
use crate::rest::Person;

/// Calls under way at a time.
const AT_ONCE: usize = 8;

/// Everybody.
#[derive(Debug)]
pub(crate) struct Cast {
    /// Owns all rooms and never leaves them.
    pub(crate) host: Person,
    /// The clients, by number.
    pub(crate) people: Vec<Person>,
    /// The rooms.
    pub(crate) names: Arc<Names>,
    /// The rooms of each client.
    pub(crate) memberships: Vec<Vec<Room>>,
}

impl Cast {
    /// Signs everybody up, and puts each client into about three quarters of the rooms.
    ///
    /// Errors: the service refuses, as it does where its rate limits are on and the clients many.
    pub(crate) async fn assemble(
        gateway: &str,
        clients: u32,
        rooms: u32,
        rng: &mut Rng,
        recorder: &Recorder,
    ) -> Result<Self> {
        let run = Uuid::new_v4().simple().to_string();
        let run = &run[..10];
        let host = Person::sign_up(gateway, format!("verify-{run}")).await?;
        let signing_up = (0..clients).map(|number| Person::sign_up(gateway, format!("verify-{run}-{number}")));
        let people: Vec<Person> = stream::iter(signing_up).buffered(AT_ONCE).try_collect().await?;
        let names: Vec<String> = (0..rooms).map(|number| format!("verify-{run}-{number}")).collect();
        for name in &names {
            host.create_room(name).await?;
        }
        let mut memberships = Vec::new();
        for (person, client) in people.iter().zip(0..) {
            let mut entered = Vec::new();
            for (name, room) in names.iter().zip(0..rooms) {
                if client % rooms == room || rng.u32(0..4) > 0 {
                    let entering = || {
                        recorder.record(Event::Entering { client: Client(client), room: Room(room) });
                    };
                    host.let_in(person, name, entering).await?;
                    entered.push(Room(room));
                }
            }
            memberships.push(entered);
        }
        Ok(Self { host, people, names: Arc::new(Names::new(names)), memberships })
    }
}
