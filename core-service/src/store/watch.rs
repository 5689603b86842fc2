//! How things stand at the moment when a watch starts, read in one snapshot with the right to watch.

use rusqlite::Connection;

use super::actor::{Power, account, find, user_key};
use super::{Store, members, rooms, time};
use crate::domain::{Actor, Credential, Error, Result, RoomId, Scope, SessionId, UserId, UserState, WatchStart};

impl Store {
    /// A room as its watch starts. A session must be a member's; a service may watch any room that exists.
    ///
    /// Errors: `unauthenticated`, `forbidden` (a service account without the scope), `not_a_member`, `cursor_ahead` for a position beyond the newest.
    pub async fn start_watch(&self, credential: Credential, room: RoomId, after: Option<i64>) -> Result<WatchStart> {
        let (epoch, now) = (self.epoch().to_owned(), self.clock.now());
        self.reader
            .run(move |connection| {
                let watch = Power::Scoped(Scope::RoomsWatch);
                let key = match &credential {
                    Credential::Service { on_behalf_of: None } => rooms::key(connection, &room)?,
                    Credential::Account { token, on_behalf_of: None } => {
                        account(connection, token, watch, now)?;
                        rooms::key(connection, &room)?
                    }
                    _ => Some(members::of(connection, &find(connection, &credential, watch, now)?.0, &room)?.room),
                };
                let key = key.ok_or(Error::NotAMember)?;
                let latest_seq = latest_seq(connection, key)?;
                if after.is_some_and(|after| after > latest_seq) {
                    return Err(Error::CursorAhead);
                }
                let members = members::all(connection, key)?.into_iter();
                let members = members.map(|member| (member.user, member.last_read_seq)).collect();
                Ok(WatchStart { latest_seq, epoch, members })
            })
            .await
    }

    /// A user as their watch starts. A session may watch its own user; a service any.
    ///
    /// Errors: `unauthenticated`, `forbidden`, `not_found`.
    pub async fn user_state(&self, credential: Credential, user: UserId) -> Result<UserState> {
        let now = self.clock.now();
        self.reader
            .run(move |connection| {
                let key = match &credential {
                    Credential::Service { on_behalf_of: None } => user_key(connection, &user)?,
                    _ => own_key(&find(connection, &credential, Power::Own, now)?.0, &user)?,
                };
                let mut statement = connection.prepare_cached(
                    "SELECT room_id, joined_at FROM members JOIN rooms ON rooms.key = members.room WHERE user = ?1",
                )?;
                let rooms = statement.query_map([key], |row| {
                    Ok((RoomId::stored(row.get_ref("room_id")?.as_str()?), time(row, "joined_at")?))
                })?;
                let rooms = rooms.collect::<rusqlite::Result<_>>()?;
                let mut statement =
                    connection.prepare_cached("SELECT session_id FROM sessions WHERE user = ?1 AND expires_at > ?2")?;
                let sessions = statement.query_map((key, now.millis()), |row| row.get(0).map(SessionId::stored))?;
                Ok(UserState { rooms, sessions: sessions.collect::<rusqlite::Result<_>>()? })
            })
            .await
    }
}

fn own_key(actor: &Actor, user: &UserId) -> Result<i64> {
    if actor.user == *user { Ok(actor.key) } else { Err(Error::Forbidden("somebody else's events")) }
}

fn latest_seq(connection: &Connection, room: i64) -> Result<i64> {
    let mut statement = connection.prepare_cached("SELECT latest_seq FROM rooms WHERE key = ?1")?;
    Ok(statement.query_row([room], |row| row.get(0))?)
}
