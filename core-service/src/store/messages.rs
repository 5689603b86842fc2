//! The log: appending to it, and reading it in pages.

use std::sync::Arc;

use chat_sabotage::{Fault, planted, strikes};
use futures::future::BoxFuture;
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::members::{self, Membership};
use super::writer::WriteTx;
use super::{Store, direct, files, sabotage, time, user};
use crate::domain::{
    Actor, Appended, ClientMsgId, Credential, Cursor, Error, Event, FileId, Message, MessageId, NewMessage, Page,
    PageLimit, Result, RoomEvent, RoomId, RoomType, Scope, Sha256Hash, StoredFile, Timestamp,
};

/// The columns that [`message`] reads.
const MESSAGE: &str = "SELECT message_id, client_msg_id, seq, user_id, text, sent_at, sent_at_client,
    file_id, name, mime_type, size, sha256
    FROM messages JOIN users ON users.key = messages.user LEFT JOIN files ON files.key = messages.file";

/// Bytes of text that are read at a time, unless one message has more: with all else that a page holds they stay below
/// the 4 MiB that a gRPC client takes by default.
const PAGE_BYTES: usize = 3 * 1024 * 1024;

/// Which messages of a range are read first, and so are not those left out where it is too long.
#[derive(Clone, Copy)]
enum First {
    Oldest,
    Newest,
}

impl Store {
    /// Appends a message to its room, once for each `(room, user, client_msg_id)`. Calls are stored in the order in
    /// which they are made; the future is the answer, after the commit.
    ///
    /// Errors: `unauthenticated`, `forbidden` (a service account without the scope), `not_a_member`, `not_friends`,
    /// `not_found` (the file), `idempotency_conflict`, `rate_limited`, `unavailable`.
    pub fn append(&self, credential: Credential, new: NewMessage) -> BoxFuture<'static, Result<Appended>> {
        self.write_in_scope(credential, Scope::MessagesWrite, move |tx, actor| append(tx, actor, new))
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

    /// What follows a position, up to another one, for a watch that has been authorised. At most one full page;
    /// at least one message where there is any.
    pub async fn replay(&self, room: RoomId, after: i64, upto: i64) -> Result<Vec<Message>> {
        self.reader
            .run(move |connection| {
                let key = super::rooms::key(connection, &room)?.ok_or(Error::NotAMember)?;
                let upto = upto.min(after.saturating_add(i64::from(PageLimit::max().get())));
                range(connection, &room, key, (after, upto), First::Oldest)
            })
            .await
    }
}

fn append(tx: &mut WriteTx<'_>, actor: &Actor, new: NewMessage) -> Result<Appended> {
    let membership = match members::of(tx.connection(), actor, &new.room) {
        Err(Error::NotAMember) => return append_as_no_member(tx, actor, &new),
        membership => membership?,
    };
    if let Some(earlier) = repeated(tx.connection(), membership.room, actor, &new)? {
        return Ok(earlier);
    }
    if membership.kind == RoomType::Direct {
        direct::check(tx.connection(), actor, membership.room)?;
    }
    tx.limits().check_send(&actor.user)?;
    let file = new.file.map(|id| files::seen_by(tx.connection(), actor, &id)).transpose()?;
    let file_key = file.as_ref().map(|known| known.key);
    let message = Message {
        id: MessageId::make(),
        client_msg_id: new.client_msg_id,
        seq: membership.latest_seq + 1 + i64::from(strikes(Fault::SkipSeq, 50)),
        room: new.room,
        user: actor.user.clone(),
        text: new.text.into_string(),
        file: file.map(|known| known.file),
        sent_at: tx.now(),
        sent_at_client: new.sent_at_client,
    };
    insert(tx.connection(), membership.room, actor, &message, file_key)?;
    let message = Arc::new(message);
    tx.tell(Event::Room(message.room.clone(), RoomEvent::Message(message.clone())));
    Ok(Appended::Accepted(message))
}

/// Who has left is still told what became of what they sent; whatever else they send, there is no such room for them.
fn append_as_no_member(tx: &WriteTx<'_>, actor: &Actor, new: &NewMessage) -> Result<Appended> {
    let room = super::rooms::key(tx.connection(), &new.room)?.ok_or(Error::NotAMember)?;
    let earlier = repeated(tx.connection(), room, actor, new)?;
    if planted(Fault::StoreStrangers) && earlier.is_none() {
        sabotage::store_stranger(tx.connection(), room, actor, new, tx.now())?;
    }
    earlier.ok_or(Error::NotAMember)
}

/// The answer to a send whose key is stored already. Errors: `idempotency_conflict`.
fn repeated(connection: &Connection, room: i64, actor: &Actor, new: &NewMessage) -> Result<Option<Appended>> {
    let Some(mut earlier) = by_client_msg_id(connection, &new.room, room, actor, &new.client_msg_id)? else {
        return Ok(None);
    };
    let same = earlier.text == new.text.as_str() && is_same_file(connection, actor, earlier.file.as_ref(), new.file)?;
    if planted(Fault::DuplicateAsNew) {
        sabotage::renew(connection, room, &mut earlier)?;
    }
    if planted(Fault::OverwriteOnConflict) && !same {
        sabotage::overwrite(connection, room, &earlier, new)?;
    }
    if same { Ok(Some(Appended::Duplicate(Arc::new(earlier)))) } else { Err(Error::IdempotencyConflict) }
}

/// Whether a repeat carries the file that it carried before: the same content under the same name.
fn is_same_file(
    connection: &Connection,
    actor: &Actor,
    earlier: Option<&StoredFile>,
    again: Option<FileId>,
) -> Result<bool> {
    let (Some(earlier), Some(again)) = (earlier, again) else { return Ok(earlier.is_none() && again.is_none()) };
    if earlier.id == again {
        return Ok(true);
    }
    match files::seen_by(connection, actor, &again) {
        Ok(again) => Ok(again.file.sha256 == earlier.sha256 && again.file.name == earlier.name),
        Err(Error::NotFound(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

pub(super) fn insert(
    connection: &Connection,
    room: i64,
    actor: &Actor,
    message: &Message,
    file: Option<i64>,
) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO messages (room, seq, message_id, user, client_msg_id, text, sent_at, sent_at_client, file)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    insert.execute((
        room,
        message.seq,
        message.id.as_bytes(),
        actor.key,
        message.client_msg_id.as_bytes(),
        &message.text,
        message.sent_at.millis(),
        message.sent_at_client.map(Timestamp::millis),
        file,
    ))?;
    let mut advance = connection.prepare_cached("UPDATE rooms SET latest_seq = ?2 WHERE key = ?1")?;
    advance.execute((room, message.seq))?;
    file.map_or(Ok(()), |file| files::mark_sent(connection, file))
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
    Ok(range(connection, room, key, (latest_seq - 1, latest_seq), First::Newest)?.pop())
}

/// Messages of others beyond a member's read position. Positions are gapless, so that only one's own are counted,
/// and these in the index: the primary key would go through everybody's.
pub(super) fn unread(
    connection: &Connection,
    room: i64,
    user: i64,
    latest_seq: i64,
    last_read_seq: i64,
) -> Result<i64> {
    let mut statement = connection.prepare_cached(
        "SELECT count(*) FROM messages INDEXED BY messages_by_client_msg_id
         WHERE room = ?1 AND user = ?2 AND seq > ?3",
    )?;
    let own: i64 = statement.query_row((room, user, last_read_seq), |row| row.get(0))?;
    Ok(latest_seq - last_read_seq - own)
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
    let (bounds, first) = match cursor {
        Cursor::After(seq) if seq > latest_seq && !planted(Fault::AcceptStaleCursor) => return Err(Error::CursorAhead),
        Cursor::After(seq) => ((seq, latest_seq.min(seq + limit)), First::Oldest),
        Cursor::Before(seq) => (newest_below(latest_seq.saturating_add(1).min(seq), limit), First::Newest),
        Cursor::Newest => (newest_below(latest_seq + 1, limit), First::Newest),
    };
    let mut messages = range(connection, &room, membership.room, bounds, first)?;
    let has_more = match first {
        First::Oldest => messages.last().is_some_and(|newest| newest.seq < latest_seq),
        First::Newest => messages.first().is_some_and(|oldest| oldest.seq > 1),
    };
    if !messages.is_empty() && strikes(Fault::PageOffByOne, 20) {
        messages.remove(0);
    }
    let has_more = has_more && !(matches!(cursor, Cursor::After(_)) && strikes(Fault::PageEndsEarly, 5));
    Ok(Page { room, messages, cursor, latest_seq, has_more, epoch })
}

/// The bounds of the page that ends right below a position.
fn newest_below(seq: i64, limit: i64) -> (i64, i64) {
    ((seq - 1 - limit).max(0), seq - 1)
}

/// The messages with `after < seq <= upto`, ascending: all of them, or as many from one end as [`PAGE_BYTES`] allows.
fn range(
    connection: &Connection,
    room: &RoomId,
    key: i64,
    (after, upto): (i64, i64),
    first: First,
) -> Result<Vec<Message>> {
    let order = match first {
        First::Oldest => "ASC",
        First::Newest => "DESC",
    };
    let sql = format!("{MESSAGE} WHERE room = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq {order}");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((key, after, upto))?;
    let (mut messages, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let message = message(row, room)?;
        bytes += message.text.len();
        if bytes > PAGE_BYTES && !messages.is_empty() {
            break;
        }
        messages.push(message);
    }
    if matches!(first, First::Newest) {
        messages.reverse();
    }
    Ok(messages)
}

fn message(row: &Row<'_>, room: &RoomId) -> rusqlite::Result<Message> {
    Ok(Message {
        id: MessageId::stored(row.get("message_id")?),
        client_msg_id: ClientMsgId::stored(row.get("client_msg_id")?),
        seq: row.get("seq")?,
        room: room.clone(),
        user: user(row, "user_id")?,
        text: row.get("text")?,
        file: row.get::<_, Option<[u8; 16]>>("file_id")?.map(|id| file(row, id)).transpose()?,
        sent_at: time(row, "sent_at")?,
        sent_at_client: row.get::<_, Option<i64>>("sent_at_client")?.map(Timestamp::stored),
    })
}

fn file(row: &Row<'_>, id: [u8; 16]) -> rusqlite::Result<StoredFile> {
    Ok(StoredFile {
        id: FileId::stored(id),
        name: row.get("name")?,
        media_type: row.get("mime_type")?,
        size: row.get("size")?,
        sha256: Sha256Hash::stored(row.get("sha256")?),
    })
}

#[cfg(test)]
mod tests {
    use chat_process::Shutdown;
    use prometheus_client::registry::Registry;
    use proptest::prelude::*;
    use proptest::test_runner::TestRunner;

    use super::super::schema;
    use super::*;
    use crate::domain::{Clock, MessageText, UserId};
    use crate::limits::Limits;
    use crate::metrics::Metrics;

    fn client_msg_id(number: i64) -> ClientMsgId {
        ClientMsgId::stored(u128::from(number.unsigned_abs()).to_be_bytes())
    }

    #[tokio::test]
    async fn a_replay_of_long_messages_comes_in_parts() {
        const LONG: i64 = 110;
        let (dir, clock, shutdown) = (tempfile::tempdir().unwrap(), Clock::system(), Shutdown::new());
        let metrics = Arc::new(Metrics::register(&mut Registry::default()));
        let limits = Arc::new(Limits::new(None));
        crate::store::seed_demo(dir.path(), Timestamp::stored(0), "").unwrap();
        let store = Store::open(dir.path(), clock, Arc::default(), limits, metrics, &shutdown).unwrap();
        let (alice, room) = (UserId::stored("alice"), RoomId::stored("lobby"));
        for number in 0..LONG {
            let client_msg_id = client_msg_id(number);
            let text = MessageText::parse(&"\u{1f980}".repeat(8_000)).unwrap();
            let new = NewMessage { room: room.clone(), client_msg_id, text, file: None, sent_at_client: None };
            store.append(Credential::Service { on_behalf_of: Some(alice.clone()) }, new).await.unwrap();
        }

        let mut seqs = Vec::new();
        while seqs.last() != Some(&LONG) {
            let part = store.replay(room.clone(), seqs.last().copied().unwrap_or(0), LONG).await.unwrap();
            assert!(!part.is_empty());
            assert!(part.iter().map(|message| message.text.len()).sum::<usize>() <= PAGE_BYTES);
            seqs.extend(part.iter().map(|message| message.seq));
        }
        assert_eq!(seqs, Vec::from_iter(1..=LONG));
    }

    #[test]
    fn unread_is_what_others_wrote_beyond_the_position() {
        let dir = tempfile::tempdir().unwrap();
        let (connection, _) = schema::open(&dir.path().join("unread.db")).unwrap();
        let users = ["alice", "bob", "carol"].map(|name| {
            let sql = "INSERT INTO users (user_id, display_name, password_hash, created_at) VALUES (?1, ?1, '', 0)";
            connection.execute(sql, [name]).unwrap();
            Actor { key: connection.last_insert_rowid(), user: UserId::stored(name), session: None }
        });
        let lives = (prop::collection::vec(0..users.len(), 0..40), any::<prop::sample::Index>());
        let outcome = TestRunner::default().run(&lives, |(authors, position)| {
            connection.execute_batch("DELETE FROM messages WHERE room > 0; DELETE FROM rooms WHERE key > 0").unwrap();
            let sql = "INSERT INTO rooms (room_id, type, title, created_at) VALUES ('den', 'channel', '', 0)";
            connection.execute(sql, []).unwrap();
            let room = connection.last_insert_rowid();
            for (seq, author) in (1..).zip(&authors) {
                let message = Message {
                    id: MessageId::make(),
                    client_msg_id: client_msg_id(seq),
                    seq,
                    room: RoomId::stored("den"),
                    user: users[*author].user.clone(),
                    text: String::new(),
                    file: None,
                    sent_at: Timestamp::stored(0),
                    sent_at_client: None,
                };
                insert(&connection, room, &users[*author], &message, None).unwrap();
            }

            let read = position.index(authors.len() + 1);
            for (index, user) in users.iter().enumerate() {
                let others = authors[read..].iter().filter(|author| **author != index).count();
                let unread = unread(&connection, room, user.key, authors.len() as i64, read as i64).unwrap();
                prop_assert_eq!(unread, others as i64);
            }
            Ok(())
        });
        outcome.unwrap();
    }
}
