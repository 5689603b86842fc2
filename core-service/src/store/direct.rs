//! Direct rooms: two friends, for good.

use rusqlite::Connection;

use super::actor::user_key;
use super::writer::WriteTx;
use super::{Store, friends, members, rooms};
use crate::domain::{Actor, Credential, DirectRoom, Error, Result, Role, RoomId, RoomSummary, RoomType, UserId};

impl Store {
    /// The id of the direct room with a friend, which is made where it is missing. Errors: `unauthenticated`, `not_found` (the user),
    /// `not_friends`, `failed_precondition` (oneself), `unavailable`.
    pub async fn start_direct(&self, credential: Credential, to: UserId) -> Result<RoomId> {
        self.write_as(credential, move |tx, actor| start(tx, actor, to)).await
    }

    /// The actor's direct rooms, the one with the newest message first. Errors: `unauthenticated`.
    pub async fn direct_rooms(&self, credential: Credential) -> Result<Vec<DirectRoom>> {
        self.read_as(credential, |connection, actor| {
            let rooms = rooms::all(connection, actor.key, Some(RoomType::Direct))?;
            Ok(rooms.into_iter().filter_map(DirectRoom::of).collect())
        })
        .await
    }
}

impl DirectRoom {
    fn of(room: RoomSummary) -> Option<Self> {
        let RoomSummary { id, peer, last_message, unread_count, .. } = room;
        peer.map(|peer| Self { id, peer, last_message, unread_count })
    }
}

/// Makes sure that the two of a direct room are still friends. Errors: `not_friends`.
pub(super) fn check(connection: &Connection, actor: &Actor, room: i64) -> Result<()> {
    let sql = "SELECT user FROM members WHERE room = ?1 AND user <> ?2";
    let peer = connection.prepare_cached(sql)?.query_row((room, actor.key), |row| row.get(0))?;
    if friends::are_friends(connection, actor.key, peer)? { Ok(()) } else { Err(Error::NotFriends) }
}

fn start(tx: &mut WriteTx<'_>, actor: &Actor, to: UserId) -> Result<RoomId> {
    if to == actor.user {
        return Err(Error::FailedPrecondition("a direct room with oneself"));
    }
    let peer = Actor { key: user_key(tx.connection(), &to)?, user: to, session: None };
    if !friends::are_friends(tx.connection(), actor.key, peer.key)? {
        return Err(Error::NotFriends);
    }
    let id = RoomId::direct(&actor.user, &peer.user);
    if rooms::key(tx.connection(), &id)?.is_none() {
        let key = rooms::insert(tx, &id, RoomType::Direct, "")?;
        members::join(tx, &[actor, &peer], &id, key, Role::Member)?;
    }
    Ok(id)
}
