//! SQLite behind verbs, and the only place that knows SQL. A verb holds its whole transaction: it finds out who
//! acts, decides, and changes, all against one state of the database.

mod accounts;
mod actor;
mod backup;
mod demo;
mod direct;
mod files;
mod friends;
mod invites;
mod members;
mod messages;
#[cfg(test)]
mod plans;
mod read_state;
mod reader;
mod rooms;
mod sabotage;
mod schema;
mod service_accounts;
mod sessions;
mod wal;
mod watch;
mod writer;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use chat_process::{Shutdown, StartError};
use futures::future::BoxFuture;
use rusqlite::Connection;

use crate::domain::{Actor, Clock, Credential, Error, Result, Scope, Timestamp, UserId};
use crate::hub::Hub;
use crate::limits::Limits;
use crate::metrics::Metrics;
use actor::Power;
use reader::Reader;
use writer::{WriteTx, Writer};

pub use backup::{back_up, restore};
pub use demo::{has_users, seed_demo};
pub use members::SMALL;
pub use service_accounts::ServiceAccounts;

/// The answer to an invite or a friend request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Yes.
    Accept,
    /// No.
    Reject,
}

/// The database file in the data directory.
const FILE: &str = "holdfast.db";

/// The store. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Store {
    reader: Reader,
    writer: Writer,
    clock: Clock,
    epoch: Arc<str>,
    /// Held for as long as the store lives.
    _lock: Arc<File>,
}

impl Store {
    /// Opens the database in a directory, made where missing, and brings its schema up to date. Events of commits go
    /// to the hub. Errors: a directory or database that cannot be used, or that a newer version wrote.
    pub fn open(
        dir: &Path,
        clock: Clock,
        hub: Arc<Hub>,
        limits: Arc<Limits>,
        metrics: Arc<Metrics>,
        shutdown: &Shutdown,
    ) -> Result<Self, StartError> {
        let path = dir.join(FILE);
        let cannot = |error: &dyn std::fmt::Display| StartError::cannot(format!("open {}", path.display()), error);
        std::fs::create_dir_all(dir).map_err(|error| cannot(&error))?;
        let lock = lock(dir).map_err(|error| cannot(&error))?;
        let (connection, epoch) = schema::open(&path).map_err(|error| cannot(&error))?;
        let reader = Reader::open(&path).map_err(|error| cannot(&error))?;
        let writer =
            writer::start(connection, clock.clone(), hub, limits, metrics, shutdown).map_err(|error| cannot(&error))?;
        Ok(Self { reader, writer, clock, epoch: epoch.into(), _lock: lock.into() })
    }

    /// Which history of the database this is.
    #[must_use]
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Reads as whoever the credential turns out to be, in one snapshot.
    async fn read_as<T: Send + 'static>(
        &self,
        credential: Credential,
        read: impl FnOnce(&Connection, &Actor) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.read_with(credential, Power::Own, read).await
    }

    /// The same for what a service account may read that has a scope.
    async fn read_in_scope<T: Send + 'static>(
        &self,
        credential: Credential,
        scope: Scope,
        read: impl FnOnce(&Connection, &Actor) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.read_with(credential, Power::Scoped(scope), read).await
    }

    async fn read_with<T: Send + 'static>(
        &self,
        credential: Credential,
        power: Power,
        read: impl FnOnce(&Connection, &Actor) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let now = self.clock.now();
        let (answer, touch) = self
            .reader
            .run(move |connection| {
                let (actor, touch) = actor::find(connection, &credential, power, now)?;
                Ok((read(connection, &actor)?, touch))
            })
            .await?;
        if let Some(touch) = touch {
            self.writer.submit_and_forget(move |tx| actor::touch(tx.connection(), touch, now));
        }
        Ok(answer)
    }

    /// Changes as whoever the credential turns out to be, in one transaction. The order of calls is the order of
    /// transactions; the future is the answer.
    fn write_as<T: Send + 'static>(
        &self,
        credential: Credential,
        change: impl FnOnce(&mut WriteTx<'_>, &Actor) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        self.write_with(credential, Power::Own, change)
    }

    /// The same for what a service account may change that has a scope.
    fn write_in_scope<T: Send + 'static>(
        &self,
        credential: Credential,
        scope: Scope,
        change: impl FnOnce(&mut WriteTx<'_>, &Actor) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        self.write_with(credential, Power::Scoped(scope), change)
    }

    fn write_with<T: Send + 'static>(
        &self,
        credential: Credential,
        power: Power,
        change: impl FnOnce(&mut WriteTx<'_>, &Actor) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        self.writer.submit(move |tx| {
            let (actor, touch) = actor::find(tx.connection(), &credential, power, tx.now())?;
            if let Some(touch) = touch {
                actor::touch(tx.connection(), touch, tx.now())?;
            }
            change(tx, &actor)
        })
    }
}

/// Makes sure that one process writes: what another one committed, the hub of this one would not hear. The system lets
/// go of the lock with the process, however that ends. Errors: another process has it.
fn lock(dir: &Path) -> Result<File, LockError> {
    let file = File::options().create(true).truncate(false).write(true).open(dir.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LockError::Taken),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Why the data directory is not this process's.
#[derive(Debug, thiserror::Error)]
enum LockError {
    #[error("another core-service uses this data directory")]
    Taken,
    #[error("cannot lock the data directory: {0}")]
    Io(#[from] std::io::Error),
}

/// A failure of SQLite is the domain's `internal`, and is logged here, once.
impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        tracing::error!(%error, "the database failed");
        Self::Internal
    }
}

/// A stored time.
fn time(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::stored)
}

/// A stored user id.
fn user(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<UserId> {
    Ok(UserId::stored(row.get_ref(column)?.as_str()?))
}
