//! The write connection and the schema: settings, migrations, the epoch.

use std::path::Path;

use chat_sabotage::{Fault, planted};
use rusqlite::{Connection, OptionalExtension as _};
use rusqlite_migration::{M, Migrations};
use uuid::Uuid;

/// Prepared statements that a connection keeps; more than there are.
pub(super) const STATEMENTS: usize = 256;

/// One file a step, append-only. A database with more steps than these was written by a newer version.
const STEPS: &[M<'_>] = &[
    M::up(include_str!("../../../migrations/0001_message_path.sql")),
    M::up(include_str!("../../../migrations/0002_people_rooms_files.sql")).foreign_key_check(),
];

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    #[error("it was written by a newer version of Holdfast (schema {found}, this one knows {known})")]
    Newer { found: usize, known: usize },
    #[error("its schema is an earlier version's: start the service first")]
    Older,
    #[error(transparent)]
    Migration(#[from] rusqlite_migration::Error),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// Opens the one connection that writes. Returns the epoch with it.
pub(super) fn open(path: &Path) -> Result<(Connection, String), OpenError> {
    let mut connection = Connection::open(path)?;
    #[cfg(test)]
    super::plans::note(&connection);
    // FULL: a commit is on disk before it is acknowledged. The rest is speed.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A step that makes a table anew would take those that refer to it along.
    connection.pragma_update(None, "foreign_keys", false)?;
    migrate(&mut connection)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    if planted(Fault::ForgetDedupe) {
        // Not gone, since it is read from, but no longer unique.
        connection.execute_batch(
            "DROP INDEX IF EXISTS messages_by_client_msg_id;
             CREATE INDEX messages_by_client_msg_id ON messages (room, user, client_msg_id)",
        )?;
    }
    let epoch = epoch(&connection)?;
    Ok((connection, epoch))
}

/// Opens a database beside the service that uses it, which may be of an earlier version: nothing is brought up to date.
pub(super) fn open_as_it_is(path: &Path) -> Result<Connection, OpenError> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    if steps(&connection)? < STEPS.len() { Err(OpenError::Older) } else { Ok(connection) }
}

/// How many steps a database has been through. Errors: more than there are here.
fn steps(connection: &Connection) -> Result<usize, OpenError> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let (found, known) = (found as usize, STEPS.len());
    if found > known { Err(OpenError::Newer { found, known }) } else { Ok(found) }
}

fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    steps(connection)?;
    Ok(Migrations::from_slice(STEPS).to_latest(connection)?)
}

fn epoch(connection: &Connection) -> rusqlite::Result<String> {
    let known = connection.query_row("SELECT epoch FROM history", [], |row| row.get(0)).optional()?;
    let known = known.filter(|_| !planted(Fault::NewEpoch));
    known.map_or_else(|| new_epoch(connection), Ok)
}

/// Begins a new history: whoever holds positions of the old one must read again.
pub(super) fn new_epoch(connection: &Connection) -> rusqlite::Result<String> {
    let epoch = Uuid::new_v4().to_string();
    connection.execute("INSERT OR REPLACE INTO history (one, epoch) VALUES (1, ?1)", [&epoch])?;
    Ok(epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_the_first_step_keeps_what_it_holds() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("old.db");
        let mut old = Connection::open(&path).unwrap();
        Migrations::from_slice(&STEPS[..1]).to_latest(&mut old).unwrap();
        old.execute_batch(
            "INSERT INTO users VALUES (7, 'alice', 'Alice', '', 0);
             INSERT INTO rooms VALUES (3, 'den', 'channel', 'Den', 1, 0);
             INSERT INTO members VALUES (3, 7, 'owner', 0, 1);
             INSERT INTO messages VALUES (3, 1, x'01', 7, x'02', 'hi', 0, NULL)",
        )
        .unwrap();
        drop(old);
        let (connection, _) = open(&path).unwrap();
        let sql =
            "SELECT rooms.title, text, latest_seq FROM messages JOIN rooms ON rooms.key = room WHERE file IS NULL";
        let kept = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        assert_eq!(kept, Ok(("Den".to_owned(), "hi".to_owned(), 1)));
        // What refers to the table refers to the new one.
        assert!(connection.execute("DELETE FROM rooms", []).is_err());
        connection.execute("INSERT INTO rooms VALUES (4, 'dm:a:b', 'dm', '', 0, 0)", []).unwrap();
    }

    #[test]
    fn a_commit_is_on_disk_before_it_returns() {
        let dir = tempfile::tempdir().unwrap();
        let (connection, _) = open(&dir.path().join("schema.db")).unwrap();
        let pragma = |name: &str| -> String {
            let value =
                connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
            format!("{value:?}")
        };
        assert_eq!(pragma("journal_mode"), r#"Text("wal")"#);
        // FULL: the log is synced at every commit.
        assert_eq!(pragma("synchronous"), "Integer(2)");
        assert_eq!(pragma("foreign_keys"), "Integer(1)");
    }
}
