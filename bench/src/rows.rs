//! The yardstick: the rows of messages written straight into SQLite, in the core's schema and durability.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use rusqlite::{Connection, params};
use uuid::Uuid;

/// Rows of each transaction.
const BATCH: u32 = 100;

/// Writes `rows` messages of one user into one room. Returns how long it took.
pub(crate) fn write(dir: &Path, rows: u32, text: &str) -> Result<Duration> {
    let dir = tempfile::tempdir_in(dir)?;
    let mut connection = Connection::open(dir.path().join("rows.db"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(include_str!("../../migrations/0001_message_path.sql"))?;
    connection.execute("INSERT INTO users VALUES (1, 'alice', 'Alice', '', 0)", [])?;
    connection.execute("INSERT INTO rooms VALUES (1, 'lobby', 'channel', 'Lobby', 0, 0)", [])?;
    let began = Instant::now();
    let mut seq = 0;
    while seq < rows {
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached("INSERT INTO messages VALUES (1, ?1, ?2, 1, ?3, ?4, 0, 0)")?;
            for _ in 0..BATCH.min(rows - seq) {
                seq += 1;
                insert.execute(params![seq, Uuid::now_v7().as_bytes(), Uuid::now_v7().as_bytes(), text])?;
            }
            transaction.execute("UPDATE rooms SET latest_seq = ?1 WHERE key = 1", [seq])?;
        }
        transaction.commit()?;
    }
    Ok(began.elapsed())
}
