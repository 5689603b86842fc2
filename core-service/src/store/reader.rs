//! Reads: a pool of connections that cannot write, each read in a snapshot of its own.

use std::path::Path;
use std::time::Duration;

use deadpool_sqlite::{Config, Hook, HookError, Pool, PoolConfig, Runtime, Timeouts};
use rusqlite::Connection;
use tracing::Span;

use super::schema::STATEMENTS;
use crate::domain::{Error, Result};

/// Connections, and so reads at a time.
const CONNECTIONS: usize = 8;

/// How long a read waits for a connection before the caller is told to come back.
const PATIENCE: Duration = Duration::from_secs(2);

/// The pool. Clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Reader(Pool);

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self, deadpool_sqlite::BuildError> {
        let mut config = Config::new(path);
        config.pool = Some(PoolConfig {
            timeouts: Timeouts { wait: Some(PATIENCE), ..Timeouts::new() },
            ..PoolConfig::new(CONNECTIONS)
        });
        let builder = match config.builder(Runtime::Tokio1) {
            Ok(builder) => builder,
            Err(never) => match never {},
        };
        let pool = builder.post_create(Hook::async_fn(|connection, _| {
            Box::pin(async move {
                let prepared = connection.interact(prepare).await;
                match prepared {
                    Ok(prepared) => prepared.map_err(HookError::Backend),
                    Err(error) => Err(HookError::message(error.to_string())),
                }
            })
        }));
        Ok(Self(pool.build()?))
    }

    /// Runs one read in a snapshot. Errors: the read's own, `unavailable` where no connection gets free,
    /// `internal` where the database fails.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let connection = self.0.get().await.map_err(|error| {
            tracing::warn!(%error, "no connection for a read");
            Error::Unavailable
        })?;
        let context = Span::current();
        let answered = connection.interact(move |connection| {
            let _context = context.entered();
            let snapshot = connection.transaction()?;
            read(&snapshot)
        });
        answered.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a read died");
            Err(Error::Internal)
        })
    }
}

fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    #[cfg(test)]
    super::plans::note(connection);
    connection.pragma_update(None, "query_only", true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}
