//! The demo data: people and rooms to try the chat with.

use std::path::Path;

use chat_process::StartError;
use rusqlite::{Connection, OpenFlags};

use super::writer::{self, WriteTx};
use super::{FILE, LockError, accounts, friends, invites, lock, members, rooms, schema};
use crate::domain::{Account, Actor, DisplayName, Result, Role, RoomId, Timestamp, Title, UserId};

/// Whether the database of a data directory, of whatever version, has users.
#[must_use]
pub fn has_users(dir: &Path) -> bool {
    let connection = Connection::open_with_flags(dir.join(FILE), OpenFlags::SQLITE_OPEN_READ_ONLY);
    let asked = connection.and_then(|connection| any_user(&connection));
    // Where there is none yet, or not even a table, there is nobody.
    asked.unwrap_or(false)
}

/// Fills an empty database with alice and her friends bob and charlie, the rooms `lobby` and `project-alpha`, and an
/// invite of charlie to the latter. Returns whether it did: a database with users stays as it is. The service may run
/// beside it: where there are no users, nobody listens who would have to be told.
///
/// Errors: a directory or database that cannot be used.
pub fn seed_demo(dir: &Path, now: Timestamp, password_hash: &str) -> std::result::Result<bool, StartError> {
    let cannot = |error: &dyn std::fmt::Display| StartError::cannot("make the demo data", error);
    std::fs::create_dir_all(dir).map_err(|error| cannot(&error))?;
    let path = dir.join(FILE);
    let (connection, _lock) = match lock(dir) {
        Ok(lock) => schema::open(&path).map(|(connection, _)| (connection, Some(lock))),
        Err(LockError::Taken) => schema::open_as_it_is(&path).map(|connection| (connection, None)),
        Err(LockError::Io(error)) => return Err(cannot(&error)),
    }
    .map_err(|error| cannot(&error))?;
    writer::alone(&connection, now, |tx| seed(tx, password_hash)).map_err(|error| cannot(&error))
}

fn any_user(connection: &Connection) -> rusqlite::Result<bool> {
    connection.prepare("SELECT 1 FROM users LIMIT 1")?.exists([])
}

fn seed(tx: &mut WriteTx<'_>, password_hash: &str) -> Result<bool> {
    if any_user(tx.connection())? {
        return Ok(false);
    }
    let alice = person(tx, "alice", "Alice", password_hash)?;
    let bob = person(tx, "bob", "Bob", password_hash)?;
    let charlie = person(tx, "charlie", "Charlie", password_hash)?;
    friends::befriend(tx, alice.key, bob.key)?;
    friends::befriend(tx, alice.key, charlie.key)?;
    room(tx, "lobby", "Lobby", &alice, &[&bob, &charlie])?;
    let project = room(tx, "project-alpha", "Project Alpha", &alice, &[&bob])?;
    invites::invite(tx, &alice, project, charlie.user)?;
    Ok(true)
}

fn person(tx: &mut WriteTx<'_>, id: &str, name: &str, password_hash: &str) -> Result<Actor> {
    let user = UserId::parse("userId", id)?;
    let display_name = DisplayName::parse(name, &user)?;
    let account = Account { user: user.clone(), display_name, password_hash: password_hash.to_owned() };
    Ok(Actor { key: accounts::create(tx, &account)?, user, session: None })
}

fn room(tx: &mut WriteTx<'_>, id: &str, title: &str, owner: &Actor, others: &[&Actor]) -> Result<RoomId> {
    let id = RoomId::parse_channel(id)?;
    rooms::create(tx, owner, id.clone(), &Title::parse(title, id.as_str())?)?;
    let key = members::of(tx.connection(), owner, &id)?.room;
    members::join(tx, others, &id, key, Role::Member)?;
    Ok(id)
}
