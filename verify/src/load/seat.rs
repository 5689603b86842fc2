//! A connection to one room, and what it has of the room.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use uuid::Uuid;

use crate::history::{Answer, Client, Event, Print, Room};
use crate::link::{Heard, Link, News, Opener};
use crate::recorder::Recorder;

/// How long a connection may hear nothing while something is due.
const PATIENCE: Duration = Duration::from_secs(30);

/// The text of each message: 100 bytes.
const TEXT: [u8; 100] = [b'x'; 100];

/// An open connection.
pub(super) struct Seat {
    /// Shared with whoever sends by a schedule.
    pub(super) link: Arc<Link>,
    heard: mpsc::Receiver<Heard>,
    recorder: Arc<Recorder>,
    client: Client,
    pub(super) room: Room,
    joined: bool,
    /// The room from its beginning, without a hole.
    view: Vec<Print>,
    /// Its sends that are stored.
    pub(super) stored: u32,
}

/// What every message says.
pub(super) fn text() -> Arc<str> {
    String::from_utf8_lossy(&TEXT).into()
}

impl Seat {
    pub(super) fn new(link: Link, heard: mpsc::Receiver<Heard>, opener: &Opener, room: Room) -> Self {
        let (recorder, client) = (opener.recorder.clone(), opener.client);
        Self { link: Arc::new(link), heard, recorder, client, room, joined: false, view: Vec::new(), stored: 0 }
    }

    /// How many messages of the room it has.
    pub(super) fn has(&self) -> usize {
        self.view.len()
    }

    /// Waits until the room is heard live.
    pub(super) async fn join(&mut self) -> Result<()> {
        while !self.joined {
            self.hear().await.context("waiting for the room")?;
        }
        Ok(())
    }

    /// Sends messages, so many at a time, until all are stored.
    pub(super) async fn send(&mut self, count: u32, in_flight: u32) -> Result<()> {
        let (text, before) = (text(), self.stored);
        let mut sent = 0;
        while self.stored - before < count {
            while sent < count && sent - (self.stored - before) < in_flight {
                if !self.link.send(self.room, Uuid::now_v7(), text.clone()) {
                    break;
                }
                sent += 1;
            }
            self.hear().await.with_context(|| format!("{} of {count} sends are stored", self.stored - before))?;
        }
        Ok(())
    }

    /// Waits until so many sends are stored in all.
    pub(super) async fn settle(&mut self, stored: u32) -> Result<()> {
        while self.stored < stored {
            self.hear().await.with_context(|| format!("{} of {stored} sends are stored", self.stored))?;
        }
        Ok(())
    }

    /// Waits until it has so many messages live.
    pub(super) async fn listen(&mut self, count: usize) -> Result<()> {
        while self.has() < count {
            self.hear().await.with_context(|| format!("{} of {count} messages came", self.has()))?;
        }
        Ok(())
    }

    /// Reads what it lacks, page by page, until the room has no more.
    pub(super) async fn read(&mut self, limit: u32) -> Result<()> {
        loop {
            let after = i64::try_from(self.has())?;
            let answer = self.link.page(self.room, after, limit).await?;
            let page = answer.map_err(|code| anyhow::anyhow!("a page was refused: {code}"))?;
            for (seq, print) in &page.messages {
                self.take(*seq, *print)?;
            }
            if !page.has_more {
                return Ok(());
            }
            if page.messages.is_empty() {
                bail!("an empty page says that there is more");
            }
        }
    }

    /// Forgets what it has, to read it again.
    pub(super) fn forget(&mut self) {
        self.view.clear();
    }

    /// Says what it has in the end, and, where it heard the room, that it still does.
    pub(super) fn testify(&self) {
        let (client, room, messages) = (self.client, self.room, self.view.clone());
        self.recorder.record(Event::View { client, room, messages });
        if self.joined {
            self.recorder.record(Event::StillOpen { socket: self.link.socket });
        }
    }

    /// Takes one thing that it is told. Errors: nothing comes, what comes ends it, or a send is not stored.
    async fn hear(&mut self) -> Result<()> {
        let heard = timeout(PATIENCE, self.heard.recv()).await;
        let heard = heard.with_context(|| format!("nothing came for {} s", PATIENCE.as_secs()))?;
        match heard.context("the connection is gone")?.news {
            News::Joined { room, .. } => self.joined |= room == self.room,
            News::Live { room, seq, print } if room == self.room => self.take(seq, print)?,
            News::Answered { answer: Answer::Accepted(_), .. } => self.stored += 1,
            News::Answered { answer: Answer::Retry(code), .. } if code == "rate_limited" => {
                bail!("the service limits rates: start it with --no-rate-limits")
            }
            News::Answered { answer, .. } => bail!("a send was not accepted, but {answer}"),
            News::Ahead { .. } => bail!("the room ends before what was read of it"),
            News::Draining(_) => bail!("the server is about to stop"),
            News::Closed => bail!("the server closed connection {}", self.link.socket.0),
            News::Live { .. } => {}
        }
        Ok(())
    }

    /// What is next is kept, what is known is not; a hole is filled by pages in the end.
    fn take(&mut self, seq: i64, print: Print) -> Result<()> {
        if usize::try_from(seq)? == self.view.len() + 1 {
            self.view.push(print);
        }
        Ok(())
    }
}

/// Lets each connection do something, all at once. Errors: that of the first which fails; the others are given up.
pub(super) async fn each<Work>(seats: Vec<Seat>, work: impl Fn(usize, Seat) -> Work) -> Result<Vec<Seat>>
where
    Work: Future<Output = Result<Seat>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for (number, seat) in seats.into_iter().enumerate() {
        let working = work(number, seat);
        tasks.spawn(async move { (number, working.await) });
    }
    let mut done = Vec::with_capacity(tasks.len());
    while let Some(task) = tasks.join_next().await {
        let (number, seat) = task.context("a client broke down")?;
        done.push((number, seat?));
    }
    done.sort_unstable_by_key(|(number, _)| *number);
    Ok(done.into_iter().map(|(_, seat)| seat).collect())
}
