//! The yardstick: the rows of messages written straight into SQLite, in the core's schema and durability.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rusqlite::{Connection, params};
use uuid::Uuid;

/// Rows of each transaction.
const BATCH: u32 = 100;
/// The text of each message, in bytes.
const TEXT: usize = 100;

/// How many rows, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the database is written; the disk should be the core's
    #[arg(long, default_value = "target")]
    dir: PathBuf,
    /// Messages
    #[arg(long, default_value_t = 40_000, value_parser = clap::value_parser!(u32).range(1..))]
    messages: u32,
}

/// Prints the rows that were written a second, as a number alone.
#[expect(clippy::print_stdout, reason = "the figure is what the program is for")]
pub(crate) fn run(args: &Args) -> Result<()> {
    let took = write(&args.dir, args.messages)?;
    println!("{:.1}", f64::from(args.messages) / took.as_secs_f64());
    Ok(())
}

/// Writes `rows` messages of one user into one room. Returns how long it took.
fn write(dir: &Path, rows: u32) -> Result<Duration> {
    let dir = tempfile::tempdir_in(dir).with_context(|| format!("no folder in {}", dir.display()))?;
    let mut connection = Connection::open(dir.path().join("rows.db"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(include_str!("../../migrations/0001_message_path.sql"))?;
    connection.execute("INSERT INTO users VALUES (1, 'alice', 'Alice', '', 0)", [])?;
    connection.execute("INSERT INTO rooms VALUES (1, 'lobby', 'channel', 'Lobby', 0, 0)", [])?;
    let text = "x".repeat(TEXT);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written() {
        let dir = tempfile::tempdir().unwrap();
        assert!(write(dir.path(), 250).unwrap() > Duration::ZERO);
    }
}
