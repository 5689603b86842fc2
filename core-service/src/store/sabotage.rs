//! What planted faults store although it was refused. Without the feature `sabotage` nobody calls this.

use std::time::Duration;

use rusqlite::Connection;

use super::messages;
use crate::domain::{Actor, Event, Message, MessageId, NewMessage, Result, RoomEvent, Timestamp};

/// How long a commit takes where `ack-before-commit` is planted.
pub(super) const SLOW_DISK: Duration = Duration::from_millis(20);

/// Whether messages were stored and nothing else worth telling: losing those is what a checker has to find, losing
/// an account only keeps it from starting.
pub(super) fn only_messages(events: &[Event]) -> bool {
    !events.is_empty() && events.iter().all(|event| matches!(event, Event::Room(_, RoomEvent::Message(_))))
}

/// Stores the message of somebody who is no member of its room.
pub(super) fn store_stranger(
    connection: &Connection,
    room: i64,
    actor: &Actor,
    new: &NewMessage,
    now: Timestamp,
) -> Result<()> {
    let latest_seq = latest_seq(connection, room)?;
    let message = Message {
        id: MessageId::make(),
        client_msg_id: new.client_msg_id,
        seq: latest_seq + 1,
        room: new.room.clone(),
        user: actor.user.clone(),
        text: new.text.as_str().to_owned(),
        file: None,
        sent_at: now,
        sent_at_client: new.sent_at_client,
    };
    messages::insert(connection, room, actor, &message, None)?;
    keep(connection)
}

/// Gives the answer to a repeat another id, and the newest position.
pub(super) fn renew(connection: &Connection, room: i64, earlier: &mut Message) -> Result<()> {
    (earlier.id, earlier.seq) = (MessageId::make(), latest_seq(connection, room)?);
    Ok(())
}

/// Gives a stored message another text.
pub(super) fn overwrite(connection: &Connection, room: i64, stored: &Message, new: &NewMessage) -> Result<()> {
    connection
        .execute("UPDATE messages SET text = ?3 WHERE room = ?1 AND seq = ?2", (room, stored.seq, new.text.as_str()))?;
    keep(connection)
}

/// Makes a job that is about to be refused leave what it did: its savepoint begins anew behind it.
fn keep(connection: &Connection) -> Result<()> {
    Ok(connection.execute_batch("RELEASE job; SAVEPOINT job")?)
}

fn latest_seq(connection: &Connection, room: i64) -> Result<i64> {
    Ok(connection.query_row("SELECT latest_seq FROM rooms WHERE key = ?1", [room], |row| row.get(0))?)
}
