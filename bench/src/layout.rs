//! Which layout the table of messages should have: keys and index orders beside each other, filled in batches as the
//! core writes them and read in pages as clients do.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rusqlite::{Connection, params};
use uuid::Uuid;

const ROOMS: u32 = 1_000;
/// Who writes in each room.
const MEMBERS: u32 = 20;
/// Rows of each transaction.
const BATCH: u32 = 100;
const PAGE: u32 = 100;
const PAGE_READS: u32 = 5_000;
/// The fill's speed is taken over this last part of it, where the table is as large as it gets.
const TAIL: u32 = 10;
/// The text of each row, in bytes.
const TEXT: usize = 100;

/// What to fill, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Rows of each table
    #[arg(long, default_value_t = 1_000_000)]
    rows: u32,
    /// Where the databases are written, one at a time; the disk decides what is measured
    #[arg(long, default_value = "target")]
    dir: PathBuf,
}

/// A way to lay the table out: its name, the table's constraints, and its indexes.
struct Layout {
    name: &'static str,
    key: &'static str,
    options: &'static str,
    indexes: &'static [&'static str],
}

const LAYOUTS: [Layout; 3] = [
    Layout {
        name: "key (room, seq), index (room, user, client_msg_id)",
        key: ", PRIMARY KEY (room, seq)",
        options: ", WITHOUT ROWID",
        indexes: &["room, user, client_msg_id"],
    },
    Layout {
        name: "key (room, seq), index (client_msg_id, user, room)",
        key: ", PRIMARY KEY (room, seq)",
        options: ", WITHOUT ROWID",
        indexes: &["client_msg_id, user, room"],
    },
    Layout {
        name: "rowid, indexes (room, seq) and (room, user, client_msg_id)",
        key: "",
        options: "",
        indexes: &["room, seq", "room, user, client_msg_id"],
    },
];

/// How clients make their ids.
struct Ids {
    name: &'static str,
    make: fn() -> Uuid,
}

const IDS: [Ids; 2] = [Ids { name: "v7", make: Uuid::now_v7 }, Ids { name: "v4", make: Uuid::new_v4 }];

/// What one table showed.
struct Figures {
    rows_per_second: f64,
    page_read: Duration,
    bytes: u64,
}

/// Fills and reads each layout with each kind of id, and prints a line for each as soon as it is measured.
#[expect(clippy::print_stdout, reason = "the figures are what the program is for")]
pub(crate) fn run(args: &Args) -> Result<()> {
    println!("{} rows, {ROOMS} rooms of {MEMBERS} writers, batches of {BATCH}, synchronous=FULL", args.rows);
    println!("| layout | ids | rows/s at the end of the fill | page of {PAGE} | file |");
    println!("| --- | --- | ---: | ---: | ---: |");
    for ids in &IDS {
        for layout in &LAYOUTS {
            let figures = measure(layout, ids, args)?;
            println!(
                "| {} | {} | {:.0} | {:.0} µs | {} MB |",
                layout.name,
                ids.name,
                figures.rows_per_second,
                figures.page_read.as_secs_f64() * 1e6,
                figures.bytes / 1_000_000,
            );
        }
    }
    Ok(())
}

fn measure(layout: &Layout, ids: &Ids, args: &Args) -> Result<Figures> {
    let dir = tempfile::tempdir_in(&args.dir).with_context(|| format!("no folder in {}", args.dir.display()))?;
    let path = dir.path().join("layout.db");
    let mut connection = create(&path, layout)?;
    let mut latest = vec![0; ROOMS as usize];
    let rows = args.rows / BATCH * BATCH;
    let tail = rows / TAIL / BATCH * BATCH;
    fill(&mut connection, ids, &mut latest, rows - tail)?;
    let began = Instant::now();
    fill(&mut connection, ids, &mut latest, tail)?;
    let rows_per_second = f64::from(tail) / began.elapsed().as_secs_f64();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    drop(connection);
    Ok(Figures { rows_per_second, page_read: read_pages(&path, &latest)?, bytes: fs::metadata(&path)?.len() })
}

fn create(path: &Path, layout: &Layout) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.execute_batch(&format!(
        "CREATE TABLE messages (room INTEGER NOT NULL, seq INTEGER NOT NULL, message_id BLOB NOT NULL, \
         user INTEGER NOT NULL, client_msg_id BLOB NOT NULL, text TEXT NOT NULL, sent_at INTEGER NOT NULL, \
         sent_at_client INTEGER{}) STRICT{}",
        layout.key, layout.options
    ))?;
    for (number, columns) in layout.indexes.iter().enumerate() {
        connection.execute_batch(&format!("CREATE UNIQUE INDEX index_{number} ON messages ({columns})"))?;
    }
    Ok(connection)
}

/// Adds rows to rooms at random. `latest` holds the newest position of each room.
fn fill(connection: &mut Connection, ids: &Ids, latest: &mut [i64], rows: u32) -> Result<()> {
    let text = "x".repeat(TEXT);
    for batch in 0..rows / BATCH {
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached("INSERT INTO messages VALUES (?1,?2,?3,?4,?5,?6,?7,?7)")?;
            for _ in 0..BATCH {
                let room = fastrand::u32(..ROOMS);
                let user = room + fastrand::u32(..MEMBERS);
                let seq = &mut latest[room as usize];
                *seq += 1;
                insert.execute(params![
                    room,
                    *seq,
                    Uuid::now_v7().as_bytes(),
                    user,
                    (ids.make)().as_bytes(),
                    text,
                    batch
                ])?;
            }
        }
        transaction.commit()?;
    }
    Ok(())
}

/// The mean time of a page at a random position of a random room.
fn read_pages(path: &Path, latest: &[i64]) -> Result<Duration> {
    let connection = Connection::open(path)?;
    let mut page = connection.prepare("SELECT * FROM messages WHERE room = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3")?;
    let began = Instant::now();
    for _ in 0..PAGE_READS {
        let room = fastrand::u32(..ROOMS);
        let after = fastrand::i64(0..=(latest[room as usize] - i64::from(PAGE)).max(0));
        let mut rows = page.query(params![room, after, PAGE])?;
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            bytes += row.get_ref("text")?.as_str()?.len();
        }
        anyhow::ensure!(bytes > 0, "an empty page");
    }
    Ok(began.elapsed() / PAGE_READS)
}
