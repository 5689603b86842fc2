//! The log: appending to it, and reading it in pages.

use std::sync::Arc;

use chat_sabotage::{Fault, planted, strikes};
use futures::future::BoxFuture;
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::members::{self, Membership};
use super::writer::WriteTx;
use super::{Store, sabotage, time};
use crate::domain::{
    Actor, Appended, ClientMsgId, Credential, Cursor, Error, Event, Message, MessageId, NewMessage, Page, PageLimit,
    Result, RoomEvent, RoomId, Timestamp, UserId,
};

/// The columns that [`message`] reads.
const MESSAGE: &str = "SELECT message_id, client_msg_id, seq, user_id, text, sent_at, sent_at_client
    FROM messages JOIN users ON users.key = messages.user";

impl Store {
    /// Appends a message to its room, once for each `(room, user, client_msg_id)`. Calls are stored in the order in
    /// which they are made; the future is the answer, after the commit.
    ///
    /// Errors: `unauthenticated`, `not_a_member`, `idempotency_conflict`, `rate_limited`, `unavailable`.
    pub fn append(&self, credential: Credential, new: NewMessage) -> BoxFuture<'static, Result<Appended>> {
        self.write_as(credential, move |tx, actor| append(tx, actor, new))
    }

    /// A page of a room's log. Errors: `unauthenticated`, `not_a_member`, `cursor_ahead`.
    pub async fn page(&self, credential: Credential, room: RoomId, cursor: Cursor, limit: PageLimit) -> Result<Page> {
        let epoch = self.epoch().to_owned();
        self.read_as(credential, move |connection, actor| {
            let membership = members::of(connection, actor, &room)?;
            read_page(connection, room, &membership, cursor, limit, epoch)
        })
        .await
    }

    /// What follows a position, up to another one, for a watch that has been authorised. At most one full page.
    pub async fn replay(&self, room: RoomId, after: i64, upto: i64) -> Result<Vec<Message>> {
        self.reader
            .run(move |connection| {
                let key = super::rooms::key(connection, &room)?.ok_or(Error::NotAMember)?;
                let upto = upto.min(after.saturating_add(i64::from(PageLimit::max().get())));
                range(connection, &room, key, after, upto)
            })
            .await
    }
}

fn append(tx: &mut WriteTx<'_>, actor: &Actor, new: NewMessage) -> Result<Appended> {
    let membership = members::of(tx.connection(), actor, &new.room);
    if planted(Fault::StoreStrangers) && matches!(membership, Err(Error::NotAMember)) {
        // A further try finds it stored already.
        let _ = sabotage::store_stranger(tx.connection(), actor, &new, tx.now());
    }
    let membership = membership?;
    let earlier = by_client_msg_id(tx.connection(), &new.room, membership.room, actor, &new.client_msg_id)?;
    if let Some(mut earlier) = earlier {
        let same = earlier.text == new.text.as_str();
        if planted(Fault::DuplicateAsNew) {
            (earlier.id, earlier.seq) = (MessageId::make(), membership.latest_seq);
        }
        if planted(Fault::OverwriteOnConflict) && !same {
            sabotage::overwrite(tx.connection(), membership.room, &earlier, &new)?;
        }
        return if same { Ok(Appended::Duplicate(Arc::new(earlier))) } else { Err(Error::IdempotencyConflict) };
    }
    tx.limits().check_send(&actor.user)?;
    let message = Message {
        id: MessageId::make(),
        client_msg_id: new.client_msg_id,
        seq: membership.latest_seq + 1 + i64::from(strikes(Fault::SkipSeq, 50)),
        room: new.room,
        user: actor.user.clone(),
        text: new.text.into_string(),
        sent_at: tx.now(),
        sent_at_client: new.sent_at_client,
    };
    insert(tx.connection(), &membership, actor, &message)?;
    let message = Arc::new(message);
    tx.tell(Event::Room(message.room.clone(), RoomEvent::Message(message.clone())));
    Ok(Appended::Accepted(message))
}

pub(super) fn insert(connection: &Connection, membership: &Membership, actor: &Actor, message: &Message) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO messages (room, seq, message_id, user, client_msg_id, text, sent_at, sent_at_client)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    insert.execute((
        membership.room,
        message.seq,
        message.id.as_bytes(),
        actor.key,
        message.client_msg_id.as_bytes(),
        &message.text,
        message.sent_at.millis(),
        message.sent_at_client.map(Timestamp::millis),
    ))?;
    let mut advance = connection.prepare_cached("UPDATE rooms SET latest_seq = ?2 WHERE key = ?1")?;
    advance.execute((membership.room, message.seq))?;
    Ok(())
}

fn by_client_msg_id(
    connection: &Connection,
    room: &RoomId,
    room_key: i64,
    actor: &Actor,
    id: &ClientMsgId,
) -> Result<Option<Message>> {
    if planted(Fault::ForgetDedupe) {
        return Ok(None);
    }
    let sql = format!("{MESSAGE} WHERE room = ?1 AND user = ?2 AND client_msg_id = ?3");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row((room_key, actor.key, id.as_bytes()), |row| message(row, room)).optional()?)
}

/// The newest message of a room.
pub(super) fn newest(connection: &Connection, room: &RoomId, key: i64, latest_seq: i64) -> Result<Option<Message>> {
    Ok(range(connection, room, key, latest_seq - 1, latest_seq)?.pop())
}

/// Messages of others beyond a member's read position.
pub(super) fn unread(connection: &Connection, room: i64, user: i64, last_read_seq: i64) -> Result<i64> {
    let mut statement =
        connection.prepare_cached("SELECT count(*) FROM messages WHERE room = ?1 AND seq > ?2 AND user <> ?3")?;
    Ok(statement.query_row((room, last_read_seq, user), |row| row.get(0))?)
}

fn read_page(
    connection: &Connection,
    room: RoomId,
    membership: &Membership,
    cursor: Cursor,
    limit: PageLimit,
    epoch: String,
) -> Result<Page> {
    let latest_seq = membership.latest_seq;
    let limit = i64::from(limit.get());
    // Positions are gapless, so that a page is a range, and what lies beyond it follows from its bounds.
    let (after, upto) = match cursor {
        Cursor::After(seq) if seq > latest_seq && !planted(Fault::AcceptStaleCursor) => return Err(Error::CursorAhead),
        Cursor::After(seq) => (seq, latest_seq.min(seq + limit)),
        Cursor::Before(seq) => newest_below(latest_seq.saturating_add(1).min(seq), limit),
        Cursor::Newest => newest_below(latest_seq + 1, limit),
    };
    let has_more = if matches!(cursor, Cursor::After(_)) { upto < latest_seq } else { after > 0 };
    let after = after + i64::from(after < upto && strikes(Fault::PageOffByOne, 20));
    let has_more = has_more && !(matches!(cursor, Cursor::After(_)) && strikes(Fault::PageEndsEarly, 5));
    let messages = range(connection, &room, membership.room, after, upto)?;
    Ok(Page { room, messages, cursor, latest_seq, has_more, epoch })
}

/// The bounds of the page that ends right below a position.
fn newest_below(seq: i64, limit: i64) -> (i64, i64) {
    ((seq - 1 - limit).max(0), seq - 1)
}

/// The messages with `after < seq <= upto`.
fn range(connection: &Connection, room: &RoomId, key: i64, after: i64, upto: i64) -> Result<Vec<Message>> {
    let sql = format!("{MESSAGE} WHERE room = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq");
    let mut statement = connection.prepare_cached(&sql)?;
    let messages = statement.query_map((key, after, upto), |row| message(row, room))?;
    Ok(messages.collect::<rusqlite::Result<_>>()?)
}

fn message(row: &Row<'_>, room: &RoomId) -> rusqlite::Result<Message> {
    Ok(Message {
        id: MessageId::stored(row.get("message_id")?),
        client_msg_id: ClientMsgId::stored(row.get("client_msg_id")?),
        seq: row.get("seq")?,
        room: room.clone(),
        user: UserId::stored(row.get_ref("user_id")?.as_str()?),
        text: row.get("text")?,
        sent_at: time(row, "sent_at")?,
        sent_at_client: row.get::<_, Option<i64>>("sent_at_client")?.map(Timestamp::stored),
    })
}
