//! The write-ahead log, kept short. SQLite moves its content into the database by itself, but begins the file anew only
//! in a moment without readers; under steady reads that moment may never come, and the file would fill the disk.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;

/// Bytes of the file beyond which the writer makes such a moment.
pub(super) const LIMIT: u64 = 64 * 1024 * 1024;

/// How long it waits for the reads under way, which see the database as it was before.
const PATIENCE: Duration = Duration::from_millis(200);

/// How long a connection waits for a lock otherwise.
const BUSY: Duration = Duration::from_secs(5);

/// The log of one database.
#[derive(Debug)]
pub(super) struct Wal {
    path: PathBuf,
    limit: u64,
    /// The length at which it is time.
    due: u64,
}

impl Wal {
    pub(super) fn of(connection: &Connection, limit: u64) -> Self {
        let path = format!("{}-wal", connection.path().unwrap_or_default()).into();
        Self { path, limit, due: limit }
    }

    /// Empties the file where it is too long. Where a read lasts longer than the patience, as a backup's does, the
    /// file may grow by as much again before the next attempt.
    pub(super) fn keep_short(&mut self, connection: &Connection) {
        let length = fs::metadata(&self.path).map_or(0, |file| file.len());
        if length < self.due {
            return;
        }
        self.due = match empty(connection) {
            Ok(true) => self.limit,
            Ok(false) => length + self.limit,
            Err(error) => {
                tracing::error!(%error, "the write-ahead log cannot be emptied");
                length + self.limit
            }
        };
    }
}

/// Moves the whole log into the database. Returns whether no reader was in the way.
fn empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(PATIENCE)?;
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
    connection.busy_timeout(BUSY)?;
    Ok(!busy?)
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    #[test]
    fn a_long_log_is_emptied_as_soon_as_no_read_is_in_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.db");
        let (connection, _) = schema::open(&path).unwrap();
        let reader = Connection::open(&path).unwrap();
        let mut wal = Wal::of(&connection, 256 * 1024);
        let mut grow = |least: u64| {
            let mut length = 0;
            while length < least {
                schema::new_epoch(&connection).unwrap();
                wal.keep_short(&connection);
                length = fs::metadata(dir.path().join("log.db-wal")).unwrap().len();
                if length == 0 {
                    break;
                }
            }
            length
        };

        reader.execute_batch("BEGIN; SELECT * FROM history").unwrap();
        assert!(grow(400 * 1024) >= 400 * 1024, "emptied below a reader");
        reader.execute_batch("COMMIT").unwrap();
        assert_eq!(grow(1024 * 1024), 0);
    }
}
