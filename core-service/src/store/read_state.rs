//! Who has read how far, and who writes.

use super::writer::WriteTx;
use super::{Store, members};
use crate::domain::{Actor, Credential, Error, Event, Result, RoomEvent, RoomId, UserEvent};

impl Store {
    /// Moves the actor's read position forward to a position, or to the newest; one behind it changes nothing. Returns
    /// where it is then.
    ///
    /// Errors: `unauthenticated`, `not_a_member`, `invalid_argument` (a position that is not there), `unavailable`.
    pub async fn mark_read(&self, credential: Credential, room: RoomId, seq: Option<i64>) -> Result<i64> {
        self.write_as(credential, move |tx, actor| mark_read(tx, actor, room, seq)).await
    }

    /// Tells a small room that the actor writes, or stopped to. It is stored nowhere, but comes between the room's
    /// changes like one of them. Errors: `unauthenticated`, `not_a_member`, `rate_limited`, `unavailable`.
    pub async fn set_typing(&self, credential: Credential, room: RoomId, is_typing: bool) -> Result<()> {
        self.write_as(credential, move |tx, actor| {
            let membership = members::of(tx.connection(), actor, &room)?;
            tx.limits().check_typing(&actor.user)?;
            if members::is_small(tx.connection(), membership.room)? {
                tx.tell(Event::Room(room, RoomEvent::Typing(actor.user.clone(), is_typing)));
            }
            Ok(())
        })
        .await
    }
}

fn mark_read(tx: &mut WriteTx<'_>, actor: &Actor, room: RoomId, seq: Option<i64>) -> Result<i64> {
    let membership = members::of(tx.connection(), actor, &room)?;
    let latest = membership.latest_seq;
    if seq.is_some_and(|seq| !(1..=latest).contains(&seq)) {
        return Err(Error::invalid("seq", "not a position of this room"));
    }
    let seq = seq.unwrap_or(latest);
    if seq <= membership.last_read_seq {
        return Ok(membership.last_read_seq);
    }
    let sql = "UPDATE members SET last_read_seq = ?3 WHERE room = ?1 AND user = ?2";
    tx.connection().prepare_cached(sql)?.execute((membership.room, actor.key, seq))?;
    if members::is_small(tx.connection(), membership.room)? {
        tx.tell(Event::Room(room.clone(), RoomEvent::Read(actor.user.clone(), seq)));
    }
    tx.tell(Event::User(actor.user.clone(), UserEvent::Read(room, seq)));
    Ok(seq)
}
