//! `chat-verify torture`: clients, faults, and the verdict on what came of it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use fastrand::Rng;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::cast::Cast;
use crate::check::check;
use crate::client::{Actor, Phase, Setup};
use crate::faults::Schedule;
use crate::history::{Client, History, Room, RoomLog};
use crate::link::{Opener, Surface};
use crate::recorder::Recorder;
use crate::report::{Report, say};
use crate::stage::Stage;

/// The mean pause between two deeds of a client.
const PACE: Duration = Duration::from_millis(60);

/// How often progress is told.
const PROGRESS: Duration = Duration::from_secs(5);

/// How long clients may take at most to finish what they have begun, and then to read what they lack.
const CALM: Duration = Duration::from_secs(300);

/// News that wait for a client at most.
const HEARD: usize = 1_024;

/// What is attacked, how, and for how long.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Repeats the faults and the clients' dice of an earlier run; a random one where it is absent
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How long the faults go on
    #[arg(long, default_value = "1", value_name = "M", value_parser = minutes)]
    minutes: Duration,
    /// Users, over WebSocket, polling and gRPC in turn
    #[arg(long, default_value_t = 9, value_name = "C", value_parser = clap::value_parser!(u32).range(1..=500))]
    clients: u32,
    /// Rooms
    #[arg(long, default_value_t = 4, value_name = "R", value_parser = clap::value_parser!(u32).range(1..=500))]
    rooms: u32,
    /// Gateways of a stack of its own
    #[arg(long, default_value_t = 2, value_name = "G", value_parser = clap::value_parser!(u8).range(1..=8))]
    gateways: u8,
    /// A gateway that runs already, such as http://127.0.0.1:3000, instead of a stack of its own; may be repeated.
    /// Nothing happens to its processes. Its rate limits should be off
    #[arg(long, value_name = "URL")]
    gateway: Vec<String>,
    /// The core behind it, such as http://127.0.0.1:50051, for clients over gRPC
    #[arg(long, value_name = "URL", requires = "gateway")]
    core: Option<String>,
    /// Where core-service and ws-gateway are; by default beside this program
    #[arg(long, value_name = "DIR", conflicts_with = "gateway")]
    binaries: Option<PathBuf>,
    /// Also writes the report as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Args {
    /// Where the report goes as JSON.
    #[must_use]
    pub fn json(&self) -> Option<&Path> {
        self.json.as_deref()
    }
}

fn minutes(text: &str) -> Result<Duration, String> {
    let minutes: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    let positive = minutes.is_finite() && minutes > 0.0;
    positive
        .then(|| Duration::try_from_secs_f64(minutes * 60.0).ok())
        .flatten()
        .ok_or("not a length of time".to_owned())
}

/// Attacks, and judges. Errors: the service could not be attacked, or a process of it ended in a way that it must not.
pub async fn run(args: &Args) -> Result<Report> {
    let seed = args.seed.unwrap_or_else(|| Rng::new().u64(..1_000_000));
    let mut stage = stage(args).await?;
    let outcome = tokio::select! {
        outcome = attack(args, seed, &mut stage) => outcome,
        signal = told_to_stop() => signal.and_then(|()| bail!("interrupted")),
    };
    let stopped = stage.stop();
    let outcome = outcome.and_then(|report| stopped.map(|()| report));
    if !outcome.as_ref().is_ok_and(Report::is_clean)
        && let Some(dir) = stage.keep()
    {
        say(&format!("logs and data: {}", dir.display()));
    }
    outcome.with_context(|| format!("seed {seed}"))
}

/// SIGINT or SIGTERM: the processes that were started here must not stay behind.
async fn told_to_stop() -> Result<()> {
    let mut term = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = term.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}

async fn stage(args: &Args) -> Result<Stage> {
    if !args.gateway.is_empty() {
        return Stage::foreign(&args.gateway, args.core.as_deref()).await;
    }
    let binaries = args.binaries.clone().map_or_else(chat_stack::own_folder, Ok)?;
    Stage::start(binaries, usize::from(args.gateways)).await
}

async fn attack(args: &Args, seed: u64, stage: &mut Stage) -> Result<Report> {
    let recorder = Arc::new(Recorder::new());
    let mut rng = Rng::with_seed(seed);
    let cast = Cast::assemble(stage.direct(), args.clients, args.rooms, &mut rng, &recorder).await?;
    say(&format!(
        "seed {seed}: {} clients, {} rooms, {} gateways, {:.1} min",
        args.clients,
        args.rooms,
        stage.scope().gateways,
        args.minutes.as_secs_f64() / 60.0
    ));
    let (phase, phases) = watch::channel(Phase::Storm);
    let (calm, mut calmed) = mpsc::channel(cast.people.len());
    let mut actors = JoinSet::new();
    for number in 0..cast.people.len() {
        let setup = setup(number, &cast, stage, &recorder, rng.fork())?;
        actors.spawn(Actor::new(setup).run(phases.clone(), calm.clone()));
    }
    drop((calm, phases));

    let began = Instant::now();
    let faults = tokio::select! {
        faults = storm(stage, Schedule::new(seed, stage.scope()), began + args.minutes) => faults?,
        ended = actors.join_next() => return Err(early(ended)),
        () = tell_progress(&recorder, began) => BTreeMap::new(),
    };
    stage.clear_up();
    phase.send_replace(Phase::Calm);
    say(&progress(&recorder, began, "faults are over"));
    let all_calm = async { while calmed.recv().await.is_some() {} };
    tokio::select! {
        calm = timeout(CALM, all_calm) => calm.context("the clients did not come to rest")?,
        ended = actors.join_next() => return Err(early(ended)),
    }
    let rooms = logs(&cast).await?;
    phase.send_replace(Phase::End(Arc::new(lengths(&rooms))));
    let ends = async {
        while let Some(actor) = actors.join_next().await {
            actor.context("a client broke down")??;
        }
        Ok::<(), anyhow::Error>(())
    };
    timeout(CALM, ends).await.context("the clients did not come to an end")??;
    stage.check()?;
    say(&progress(&recorder, began, "all is read"));
    let clients = cast.people.iter().map(|person| person.user_id.clone()).collect();
    let history = History { clients, rooms, entries: recorder.take() };
    let verdict = check(&history);
    Ok(Report::new(seed, began.elapsed(), &recorder, faults, &history, &verdict))
}

/// Who runs out before everything is over has something to complain of.
fn early(ended: Option<Result<Result<()>, tokio::task::JoinError>>) -> anyhow::Error {
    match ended {
        Some(Ok(Err(error))) => error,
        Some(Err(error)) => error.into(),
        _ => anyhow::anyhow!("a client went home early"),
    }
}

fn setup(number: usize, cast: &Cast, stage: &Stage, recorder: &Arc<Recorder>, rng: Rng) -> Result<Setup> {
    let person = cast.people.get(number).context("nobody")?.clone();
    let surface = match (number % 3, stage.core()) {
        (1, _) => Surface::Polling,
        (2, Some(_)) => Surface::Grpc,
        _ => Surface::Websocket,
    };
    let places = if surface == Surface::Grpc { stage.core().into_iter().collect() } else { stage.gateways() };
    let (tell, heard) = mpsc::channel(HEARD);
    let opener = Opener {
        recorder: recorder.clone(),
        names: cast.names.clone(),
        client: Client(u32::try_from(number)?),
        token: person.token.clone(),
        heard: tell,
    };
    let (host, rooms) = (cast.host.clone(), cast.memberships.get(number).cloned().unwrap_or_default());
    Ok(Setup { opener, heard, surface, places: places.into(), person, host, rooms, rng, pace: PACE })
}

/// Lets things go wrong until it is time. Returns how often what did.
async fn storm(stage: &mut Stage, schedule: Schedule, until: Instant) -> Result<BTreeMap<&'static str, u64>> {
    let mut faults = BTreeMap::new();
    for (pause, fault) in schedule {
        if Instant::now() + pause >= until {
            tokio::time::sleep_until(until).await;
            break;
        }
        sleep(pause).await;
        stage.check()?;
        stage.suffer(fault).await.with_context(|| format!("after {}", fault.kind()))?;
        *faults.entry(fault.kind()).or_default() += 1;
    }
    Ok(faults)
}

async fn tell_progress(recorder: &Recorder, began: Instant) {
    let mut ticks = interval(PROGRESS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    loop {
        ticks.tick().await;
        say(&progress(recorder, began, ""));
    }
}

fn progress(recorder: &Recorder, began: Instant, what: &str) -> String {
    let tally = recorder.tally();
    format!(
        "{:6.1} s  {} acknowledged, {} tries, {} live, {} pages, {} connections  {what}",
        began.elapsed().as_secs_f64(),
        tally.accepted + tally.duplicates,
        tally.tries,
        tally.live,
        tally.pages,
        tally.connections
    )
}

async fn logs(cast: &Cast) -> Result<Vec<RoomLog>> {
    let mut rooms = Vec::new();
    for name in &cast.names.rooms {
        rooms.push(RoomLog { name: name.clone(), log: cast.host.log(name).await? });
    }
    Ok(rooms)
}

/// The newest position of each room.
fn lengths(rooms: &[RoomLog]) -> HashMap<Room, i64> {
    let newest = |room: &RoomLog| room.log.last().map_or(0, |message| message.seq);
    rooms.iter().zip(0..).map(|(room, number)| (Room(number), newest(room))).collect()
}
