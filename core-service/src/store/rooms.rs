//! Rooms.

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::writer::WriteTx;
use super::{Store, members, messages};
use crate::domain::{Actor, Credential, Error, Result, Role, Room, RoomId, RoomSummary, RoomType, Title, UserId};

/// The columns that [`summarise`] reads.
const SUMMARY: &str = "SELECT rooms.key, room_id, type, title, latest_seq, last_read_seq, joined_at
    FROM members JOIN rooms ON rooms.key = members.room";

impl Store {
    /// Makes a channel; the actor is its owner and only member. Errors: `unauthenticated`, `already_exists`,
    /// `unavailable`.
    pub async fn create_room(&self, credential: Credential, id: RoomId, title: Title) -> Result<Room> {
        self.write_as(credential, move |tx, actor| create(tx, actor, id, &title)).await
    }

    /// The actor's rooms, the one with the newest message first. Errors: `unauthenticated`.
    pub async fn rooms(&self, credential: Credential) -> Result<Vec<RoomSummary>> {
        self.read_as(credential, |connection, actor| all(connection, actor.key, None)).await
    }
}

/// The store's key of a room.
pub(super) fn key(connection: &Connection, room: &RoomId) -> Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT key FROM rooms WHERE room_id = ?1")?;
    Ok(statement.query_row([room.as_str()], |row| row.get(0)).optional()?)
}

/// A room as it stands for one of its members.
pub(super) fn summary(connection: &Connection, user: i64, room: i64) -> Result<RoomSummary> {
    let mut statement = connection.prepare_cached(&format!("{SUMMARY} WHERE user = ?1 AND room = ?2"))?;
    let mut rows = statement.query((user, room))?;
    let row = rows.next()?.ok_or(Error::NotAMember)?;
    summarise(connection, user, row)
}

pub(super) fn create(tx: &mut WriteTx<'_>, actor: &Actor, id: RoomId, title: &Title) -> Result<Room> {
    if key(tx.connection(), &id)?.is_some() {
        return Err(Error::AlreadyExists("room id"));
    }
    let kind = RoomType::Channel;
    let key = insert(tx, &id, kind, title.as_str())?;
    members::join(tx, &[actor], &id, key, Role::Owner)?;
    Ok(Room { id, kind, title: title.as_str().to_owned(), members: vec![actor.user.clone()] })
}

/// Makes a room without members. Returns its key.
pub(super) fn insert(tx: &WriteTx<'_>, id: &RoomId, kind: RoomType, title: &str) -> Result<i64> {
    let sql = "INSERT INTO rooms (room_id, type, title, created_at) VALUES (?1, ?2, ?3, ?4)";
    Ok(tx.connection().prepare_cached(sql)?.insert((id.as_str(), kind.word(), title, tx.now().millis()))?)
}

/// A user's rooms, or those of one kind, the one with the newest message first.
pub(super) fn all(connection: &Connection, user: i64, kind: Option<RoomType>) -> Result<Vec<RoomSummary>> {
    let mut statement =
        connection.prepare_cached(&format!("{SUMMARY} WHERE user = ?1 AND (?2 IS NULL OR type = ?2)"))?;
    let mut rows = statement.query((user, kind.map(RoomType::word)))?;
    let mut rooms = Vec::new();
    while let Some(row) = rows.next()? {
        rooms.push(summarise(connection, user, row)?);
    }
    let newest = |room: &RoomSummary| room.last_message.as_ref().map(|message| message.sent_at);
    rooms.sort_by(|a, b| newest(b).cmp(&newest(a)).then_with(|| a.id.cmp(&b.id)));
    Ok(rooms)
}

fn summarise(connection: &Connection, user: i64, row: &Row<'_>) -> Result<RoomSummary> {
    let key = row.get("key")?;
    let id = RoomId::stored(row.get_ref("room_id")?.as_str().map_err(rusqlite::Error::from)?);
    let latest_seq = row.get("latest_seq")?;
    let last_read_seq = row.get("last_read_seq")?;
    let kind = RoomType::stored(&row.get::<_, String>("type")?)?;
    let (title, peer) = match kind {
        RoomType::Channel => (row.get("title")?, None),
        RoomType::Direct => peer(connection, key, user)?,
    };
    Ok(RoomSummary {
        kind,
        title,
        latest_seq,
        last_read_seq,
        unread_count: messages::unread(connection, key, user, latest_seq, last_read_seq)?,
        last_message: messages::newest(connection, &id, key, latest_seq)?,
        peer,
        joined_at: super::time(row, "joined_at")?,
        id,
    })
}

/// How the other one of a direct room is called, and who it is.
fn peer(connection: &Connection, room: i64, user: i64) -> Result<(String, Option<UserId>)> {
    let sql = "SELECT display_name, user_id FROM members JOIN users ON users.key = members.user
               WHERE room = ?1 AND user <> ?2";
    let peer = connection
        .prepare_cached(sql)?
        .query_row((room, user), |row| Ok((row.get("display_name")?, Some(super::user(row, "user_id")?))));
    Ok(peer?)
}
