//! Who is in a room.

use chat_sabotage::{Fault, planted};
use rusqlite::Connection;

use super::actor::user_key;
use super::writer::WriteTx;
use super::{Store, rooms, time, user};
use crate::domain::{
    Actor, Credential, Error, Event, Member, Result, Role, RoomEvent, RoomId, RoomType, UserEvent, UserId,
};

/// Members of a room up to which they hear of each other's coming, going, reading and writing (contract: Socket.IO).
pub const SMALL: i64 = 200;

/// An actor's place in a room, and the room as a send needs it.
#[derive(Debug)]
pub(super) struct Membership {
    /// The store's key of the room.
    pub(super) room: i64,
    /// The kind of the room.
    pub(super) kind: RoomType,
    /// The room's newest position.
    pub(super) latest_seq: i64,
    /// What the actor may do there.
    pub(super) role: Role,
    /// How far the actor has read.
    pub(super) last_read_seq: i64,
}

impl Membership {
    /// The same, where people come and go. Errors: `failed_precondition` in a direct room.
    pub(super) fn in_channel(self) -> Result<Self> {
        match self.kind {
            RoomType::Channel => Ok(self),
            RoomType::Direct => Err(Error::FailedPrecondition("a direct room has the same two members for good")),
        }
    }
}

impl Store {
    /// The members of a room, the longest-standing first. Errors: `unauthenticated`, `not_a_member`.
    pub async fn members(&self, credential: Credential, room: RoomId) -> Result<Vec<Member>> {
        self.read_as(credential, move |connection, actor| all(connection, of(connection, actor, &room)?.room)).await
    }

    /// The members of a room that is small, or was a moment ago: twice as many as a small one has at most.
    pub async fn entourage(&self, room: RoomId) -> Result<Vec<UserId>> {
        self.reader
            .run(move |connection| {
                let Some(key) = rooms::key(connection, &room)? else { return Ok(Vec::new()) };
                let sql = "SELECT user_id FROM members JOIN users ON users.key = members.user WHERE room = ?1 LIMIT ?2";
                let mut statement = connection.prepare_cached(sql)?;
                let users = statement.query_map((key, 2 * SMALL), |row| user(row, "user_id"))?;
                Ok(users.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }

    /// Ends a membership; a room that loses its owner passes to the longest-standing member.
    ///
    /// Errors: `unauthenticated`, `not_a_member`, `failed_precondition` (a direct room), `unavailable`.
    pub async fn leave(&self, credential: Credential, room: RoomId) -> Result<()> {
        self.write_as(credential, move |tx, actor| {
            let membership = of(tx.connection(), actor, &room)?.in_channel()?;
            end(tx, membership.room, actor.key, room, actor.user.clone())?;
            if membership.role == Role::Owner {
                pass_on(tx.connection(), membership.room)?;
            }
            Ok(())
        })
        .await
    }

    /// Ends the membership of somebody else, by the owner.
    ///
    /// Errors: `unauthenticated`, `not_a_member`, `forbidden` (by anybody else), `not_found` (no such member),
    /// `failed_precondition` (a direct room, oneself), `unavailable`.
    pub async fn remove_member(&self, credential: Credential, room: RoomId, member: UserId) -> Result<()> {
        self.write_as(credential, move |tx, actor| {
            let membership = of(tx.connection(), actor, &room)?.in_channel()?;
            if membership.role != Role::Owner {
                return Err(Error::Forbidden("only the owner removes members"));
            }
            if member == actor.user {
                return Err(Error::FailedPrecondition("the owner leaves instead"));
            }
            let key = user_key(tx.connection(), &member)?;
            end(tx, membership.room, key, room, member)
        })
        .await
    }
}

/// The actor's place in a room. Errors: `not_a_member`, also where there is no such room.
pub(super) fn of(connection: &Connection, actor: &Actor, room: &RoomId) -> Result<Membership> {
    let mut statement = connection.prepare_cached(
        "SELECT rooms.key, type, latest_seq, role, last_read_seq FROM rooms JOIN members ON members.room = rooms.key
         WHERE room_id = ?1 AND user = ?2",
    )?;
    let mut rows = statement.query((room.as_str(), actor.key))?;
    let row = rows.next()?.ok_or(Error::NotAMember)?;
    Ok(Membership {
        room: row.get("key")?,
        kind: RoomType::stored(row.get_ref("type")?.as_str().map_err(rusqlite::Error::from)?)?,
        latest_seq: row.get("latest_seq")?,
        role: Role::stored(row.get_ref("role")?.as_str().map_err(rusqlite::Error::from)?)?,
        last_read_seq: row.get("last_read_seq")?,
    })
}

/// Whether a user is in a room.
pub(super) fn is_member(connection: &Connection, room: i64, user: i64) -> Result<bool> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM members WHERE room = ?1 AND user = ?2")?;
    Ok(statement.exists((room, user))?)
}

/// How many members there are, counted up to a limit.
pub(super) fn count(connection: &Connection, room: i64, limit: i64) -> Result<i64> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM members WHERE room = ?1 LIMIT ?2)";
    Ok(connection.prepare_cached(sql)?.query_row((room, limit), |row| row.get(0))?)
}

/// Whether its members hear of each other.
pub(super) fn is_small(connection: &Connection, room: i64) -> Result<bool> {
    Ok(count(connection, room, SMALL + 1)? <= SMALL)
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
            user: user(row, "user_id")?,
            display_name: row.get("display_name")?,
            role: Role::stored(&row.get::<_, String>("role")?)?,
            joined_at: time(row, "joined_at")?,
            last_read_seq: row.get("last_read_seq")?,
        });
    }
    Ok(members)
}

/// Makes people members, and tells the room and them.
pub(super) fn join(tx: &mut WriteTx<'_>, newcomers: &[&Actor], room: &RoomId, key: i64, role: Role) -> Result<()> {
    let sql = "INSERT INTO members (room, user, role, joined_at) VALUES (?1, ?2, ?3, ?4)";
    for user in newcomers {
        tx.connection().prepare_cached(sql)?.execute((key, user.key, role.word(), tx.now().millis()))?;
    }
    for user in newcomers {
        let summary = rooms::summary(tx.connection(), user.key, key)?;
        tx.tell(Event::Room(room.clone(), RoomEvent::Joined(user.user.clone())));
        tx.tell(Event::User(user.user.clone(), UserEvent::RoomAdded(summary.into())));
        tx.tell(Event::Moved(room.clone(), user.user.clone()));
    }
    let before = i64::try_from(newcomers.len()).unwrap_or(i64::MAX);
    tell_crossing(tx, room, key, |members| members > SMALL && members - before <= SMALL)
}

/// Tells it where the number of members has passed the limit of small rooms.
fn tell_crossing(tx: &mut WriteTx<'_>, room: &RoomId, key: i64, crossed: impl FnOnce(i64) -> bool) -> Result<()> {
    if crossed(count(tx.connection(), key, SMALL + 2)?) {
        tx.tell(Event::Crossed(room.clone()));
    }
    Ok(())
}

/// Ends a membership, and tells the room and whose it was. Errors: `not_found`.
fn end(tx: &mut WriteTx<'_>, room_key: i64, user_key: i64, room: RoomId, user: UserId) -> Result<()> {
    let sql = "DELETE FROM members WHERE room = ?1 AND user = ?2";
    if tx.connection().prepare_cached(sql)?.execute((room_key, user_key))? == 0 {
        return Err(Error::NotFound("member"));
    }
    if planted(Fault::DeliverToRemoved) {
        return Ok(());
    }
    tx.tell(Event::Room(room.clone(), RoomEvent::Left(user.clone())));
    tx.tell(Event::User(user.clone(), UserEvent::RoomRemoved(room.clone())));
    tx.tell(Event::Moved(room.clone(), user));
    tell_crossing(tx, &room, room_key, |members| members == SMALL)
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
