//! Who is in a room.

use chat_sabotage::{Fault, planted};
use rusqlite::{Connection, OptionalExtension as _};

use super::writer::WriteTx;
use super::{Store, rooms, time};
use crate::domain::{Actor, Credential, Error, Event, Member, Result, Role, RoomEvent, RoomId, UserEvent, UserId};

/// An actor's place in a room, and the room as a send needs it.
#[derive(Debug)]
pub(super) struct Membership {
    /// The store's key of the room.
    pub(super) room: i64,
    /// The room's newest position.
    pub(super) latest_seq: i64,
    /// What the actor may do there.
    pub(super) role: Role,
}

impl Store {
    /// The members of a room, the longest-standing first. Errors: `unauthenticated`, `not_a_member`.
    pub async fn members(&self, credential: Credential, room: RoomId) -> Result<Vec<Member>> {
        self.read_as(credential, move |connection, actor| all(connection, of(connection, actor, &room)?.room)).await
    }

    /// Ends a membership; a room that loses its owner passes to the longest-standing member.
    ///
    /// Errors: `unauthenticated`, `not_a_member`, `unavailable`.
    pub async fn leave(&self, credential: Credential, room: RoomId) -> Result<()> {
        self.write_as(credential, move |tx, actor| leave(tx, actor, room)).await
    }
}

/// The actor's place in a room. Errors: `not_a_member`, also where there is no such room.
pub(super) fn of(connection: &Connection, actor: &Actor, room: &RoomId) -> Result<Membership> {
    let mut statement = connection.prepare_cached(
        "SELECT rooms.key, latest_seq, role FROM rooms JOIN members ON members.room = rooms.key
         WHERE room_id = ?1 AND user = ?2",
    )?;
    let found = statement
        .query_row((room.as_str(), actor.key), |row| {
            Ok((row.get("key")?, row.get("latest_seq")?, row.get::<_, String>("role")?))
        })
        .optional()?;
    let (room, latest_seq, role) = found.ok_or(Error::NotAMember)?;
    Ok(Membership { room, latest_seq, role: Role::stored(&role)? })
}

/// Whether a user is in a room.
pub(super) fn is_member(connection: &Connection, room: i64, user: i64) -> Result<bool> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM members WHERE room = ?1 AND user = ?2")?;
    Ok(statement.exists((room, user))?)
}

/// The members, the longest-standing first.
pub(super) fn all(connection: &Connection, room: i64) -> Result<Vec<Member>> {
    let mut statement = connection.prepare_cached(
        "SELECT user_id, display_name, role, joined_at, last_read_seq
         FROM members JOIN users ON users.key = members.user WHERE room = ?1 ORDER BY joined_at, user",
    )?;
    let mut rows = statement.query([room])?;
    let mut members = Vec::new();
    while let Some(row) = rows.next()? {
        members.push(Member {
            user: UserId::stored(row.get_ref("user_id")?.as_str().map_err(rusqlite::Error::from)?),
            display_name: row.get("display_name")?,
            role: Role::stored(&row.get::<_, String>("role")?)?,
            joined_at: time(row, "joined_at")?,
            last_read_seq: row.get("last_read_seq")?,
        });
    }
    Ok(members)
}

/// Makes somebody a member, and tells the room and them.
pub(super) fn join(
    tx: &mut WriteTx<'_>,
    user: &UserId,
    user_key: i64,
    room: &RoomId,
    key: i64,
    role: Role,
) -> Result<()> {
    let mut insert =
        tx.connection().prepare_cached("INSERT INTO members (room, user, role, joined_at) VALUES (?1, ?2, ?3, ?4)")?;
    insert.execute((key, user_key, role.word(), tx.now().millis()))?;
    drop(insert);
    let summary = rooms::summary(tx.connection(), user_key, key)?;
    tx.tell(Event::Room(room.clone(), RoomEvent::Joined(user.clone())));
    tx.tell(Event::User(user.clone(), UserEvent::RoomAdded(summary.into())));
    Ok(())
}

fn leave(tx: &mut WriteTx<'_>, actor: &Actor, room: RoomId) -> Result<()> {
    let membership = of(tx.connection(), actor, &room)?;
    let mut delete = tx.connection().prepare_cached("DELETE FROM members WHERE room = ?1 AND user = ?2")?;
    delete.execute((membership.room, actor.key))?;
    drop(delete);
    if membership.role == Role::Owner {
        pass_on(tx.connection(), membership.room)?;
    }
    if planted(Fault::DeliverToRemoved) {
        return Ok(());
    }
    tx.tell(Event::Room(room.clone(), RoomEvent::Left(actor.user.clone())));
    tx.tell(Event::User(actor.user.clone(), UserEvent::RoomRemoved(room)));
    Ok(())
}

/// Makes the longest-standing member the owner; nobody where the room is empty now.
fn pass_on(connection: &Connection, room: i64) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE members SET role = 'owner' WHERE room = ?1
         AND user = (SELECT user FROM members WHERE room = ?1 ORDER BY joined_at, user LIMIT 1)",
    )?;
    statement.execute([room])?;
    Ok(())
}
