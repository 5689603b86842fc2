//! No statement scans a table: each one that the store runs is noted here, and its plan is asked for.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use chat_process::Shutdown;
use prometheus_client::registry::Registry;
use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use super::{FILE, Reply, ServiceAccounts, Store, back_up, restore, seed_demo};
use crate::domain::{
    Account, AccountName, Appended, Asked, ClientMsgId, Clock, Credential, Cursor, Direction, DisplayName, FileName,
    InviteId, Invited, MediaType, MessageText, NewFile, NewMessage, NewSession, PageLimit, Result, RoomId, Scope,
    Scopes, SessionId, Sha256Hash, StoredFile, Timestamp, Title, Token, UserId,
};
use crate::limits::Limits;
use crate::metrics::Metrics;

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Statements that may look at a table from its first row on, and why that is not many rows.
const JUSTIFIED: [(&str, &str); 3] = [
    ("SELECT epoch FROM history", "a table of one row"),
    ("SELECT 1 FROM users LIMIT 1", "ends at the first row"),
    (
        "SELECT name, scopes, created_at, last_used_at FROM service_accounts ORDER BY name",
        "an operator lists all of the few that there are",
    ),
];

/// Notes every statement of a connection.
pub(super) fn note(connection: &Connection) {
    connection.trace_v2(
        TraceEventCodes::SQLITE_TRACE_STMT,
        Some(|event| {
            if let TraceEvent::Stmt(statement, _) = event {
                SEEN.lock().unwrap().insert(statement.sql().into_owned());
            }
        }),
    );
}

fn scans(connection: &Connection, statement: &str) -> Vec<String> {
    // What a subquery yields is read whole, and is limited where it is made.
    let no_table = |step: &str| step.starts_with("SCAN (") || step == "SCAN CONSTANT ROW";
    plan(connection, statement).into_iter().filter(|step| step.starts_with("SCAN ") && !no_table(step)).collect()
}

fn plan(connection: &Connection, statement: &str) -> Vec<String> {
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
    let nothing = vec![rusqlite::types::Null; plan.parameter_count()];
    let steps = plan.query_map(rusqlite::params_from_iter(nothing), |row| row.get::<_, String>("detail")).unwrap();
    steps.map(std::result::Result::unwrap).collect()
}

#[tokio::test]
async fn no_statement_scans_a_table() {
    let dir = tempfile::tempdir().unwrap();
    use_everything(dir.path()).await.unwrap();
    let connection = Connection::open(dir.path().join("data").join(FILE)).unwrap();
    let seen = SEEN.lock().unwrap().clone();
    let is_query = |sql: &&String| ["SELECT", "INSERT", "UPDATE", "DELETE"].iter().any(|verb| sql.starts_with(verb));
    let own = |sql: &&String| !sql.contains("sqlite_") && !sql.contains("pragma_");
    let queries: Vec<_> = seen.iter().filter(is_query).filter(own).collect();
    assert!(queries.len() >= 40, "only {} statements were run: {queries:#?}", queries.len());

    for query in &queries {
        let justified = JUSTIFIED.iter().any(|(sql, _)| sql == *query);
        let scans = scans(&connection, query);
        assert_eq!(!scans.is_empty(), justified, "{query}\n{scans:#?}");
    }

    // A join happens on the writer's thread: what it counts is one member's own messages, not the room's log.
    let counts: Vec<_> = queries.iter().filter(|query| query.starts_with("SELECT count(*) FROM messages")).collect();
    assert_eq!(counts.len(), 1, "{counts:#?}");
    let own = "SEARCH messages USING COVERING INDEX messages_by_client_msg_id (room=? AND user=?)";
    assert_eq!(plan(&connection, counts[0]), [own]);

    // Nor does anybody who names a file go through all the messages that it was sent with.
    let seen = queries.iter().find(|query| query.contains("CROSS JOIN messages")).unwrap();
    let by_room = "SEARCH messages USING COVERING INDEX messages_by_file (file=? AND room=?)";
    assert!(plan(&connection, seen).iter().any(|step| step == by_room), "{:#?}", plan(&connection, seen));
}

/// Runs every verb of the store, in every one of its ways.
async fn use_everything(dir: &std::path::Path) -> Result<()> {
    let data = dir.join("data");
    // Sessions are due to be marked as seen at every call.
    let minutes = AtomicI64::new(0);
    let clock = Clock::new(move || Timestamp::stored(minutes.fetch_add(2, Ordering::Relaxed) * 60_000));
    let shutdown = Shutdown::new();
    let metrics = Arc::new(Metrics::register(&mut Registry::default()));
    seed_demo(&data, Timestamp::stored(0), "hash").unwrap();
    let store = Store::open(&data, clock, Arc::default(), Arc::new(Limits::new(None)), metrics, &shutdown).unwrap();

    let (id, session, acting) = session()?;
    let (user, room) = (UserId::parse("userId", "zoe")?, RoomId::parse("den")?);
    let display_name = DisplayName::parse("Zoe", &user)?;
    store.sign_up(Account { user: user.clone(), display_name, password_hash: "one".into() }, session).await?;
    assert_eq!(store.password_hash(user.clone()).await?.as_deref(), Some("one"));
    let (_, other, _) = self::session()?;
    store.log_in(user.clone(), "one".into(), other).await?;
    let (_, verified) = store.own_password_hash(acting.clone()).await?;
    store.change_password(acting.clone(), verified, "two".into()).await?;
    assert_eq!(store.search_users(acting.clone(), "zo", 20).await?.len(), 1);
    assert!(store.me(acting.clone()).await?.session.is_some());
    assert_eq!(store.sessions(acting.clone()).await?.0.len(), 1);

    let service = Credential::Service { on_behalf_of: None };
    let alice = Credential::Service { on_behalf_of: Some(UserId::parse("userId", "alice")?) };
    store.create_room(acting.clone(), room.clone(), Title::parse("", "den")?).await?;
    let invite = || store.invite(acting.clone(), room.clone(), UserId::stored("alice"));
    let rejected = invite_id(&invite().await?);
    store.reply_to_invite(alice.clone(), rejected, Reply::Reject).await?;
    let accepted = invite_id(&invite().await?);
    assert!(matches!(invite().await?, Invited::Pending(_)));
    assert_eq!(store.invites(alice.clone()).await?.len(), 1);
    store.reply_to_invite(alice.clone(), accepted, Reply::Accept).await?;

    let client_msg_id = ClientMsgId::parse("00000000-0000-4000-8000-000000000001")?;
    let text = MessageText::parse("hi")?;
    let file = Some(keep_file(&store, &acting, "a.txt").await?.id);
    let new = NewMessage { room: room.clone(), client_msg_id, text, file, sent_at_client: None };
    assert!(matches!(store.append(acting.clone(), new.clone()).await?, Appended::Accepted(_)));
    let again = NewMessage { file: Some(keep_file(&store, &alice, "a.txt").await?.id), ..new.clone() };
    assert!(matches!(store.append(acting.clone(), new).await?, Appended::Duplicate(_)));
    assert!(store.append(acting.clone(), again).await.is_err(), "somebody else's file");
    for cursor in [Cursor::After(0), Cursor::Before(2), Cursor::Newest] {
        assert_eq!(store.page(acting.clone(), room.clone(), cursor, PageLimit::max()).await?.messages.len(), 1);
    }
    assert_eq!(store.replay(room.clone(), 0, 1).await?.len(), 1);
    for credential in [acting.clone(), service.clone()] {
        assert_eq!(store.start_watch(credential.clone(), room.clone(), Some(0)).await?.members.len(), 2);
        assert_eq!(store.user_state(credential, user.clone()).await?.rooms.len(), 1);
    }
    assert_eq!(store.rooms(acting.clone()).await?.len(), 1);
    assert_eq!(store.members(acting.clone(), room.clone()).await?.len(), 2);
    assert_eq!(store.mark_read(alice.clone(), room.clone(), None).await?, 1);
    store.set_typing(alice.clone(), room.clone(), true).await?;
    assert_eq!(store.entourage(room.clone()).await?.len(), 2);
    use_people(&store, &acting, &alice, &user).await?;
    use_files(&store, &acting).await?;
    use_accounts(&store, &data, &room).await?;
    assert!(store.remove_member(acting.clone(), room.clone(), UserId::stored("bob")).await.is_err());
    store.remove_member(acting.clone(), room.clone(), UserId::stored("alice")).await?;
    store.leave(acting.clone(), room).await?;

    let (third, another, _) = self::session()?;
    store.log_in(user, "two".into(), another).await?;
    store.revoke_session(acting.clone(), third).await?;
    assert_ne!(id, third);
    store.log_out(acting).await?;
    back_up(&data, &dir.join("backup.db")).unwrap();
    restore(&dir.join("backup.db"), &dir.join("restored")).unwrap();
    Ok(())
}

/// Friends and their direct room.
async fn use_people(store: &Store, acting: &Credential, alice: &Credential, user: &UserId) -> Result<()> {
    for reply in [Reply::Reject, Reply::Accept] {
        let asked = store.ask_friend(acting.clone(), UserId::stored("alice")).await?;
        let Asked::Created(request) = asked else { panic!("{asked:?}") };
        assert!(matches!(store.ask_friend(acting.clone(), UserId::stored("alice")).await?, Asked::Known(_)));
        for (credential, direction) in [(acting, Direction::Outgoing), (alice, Direction::Incoming)] {
            assert_eq!(store.friend_requests(credential.clone(), direction).await?.len(), 1);
        }
        store.reply_to_friend_request(alice.clone(), request.id, reply).await?;
    }
    assert_eq!(store.friends(acting.clone()).await?.len(), 1);
    assert_eq!(store.acquaintances(user.clone()).await?.len(), 1);
    for _ in 0..2 {
        let room = store.start_direct(acting.clone(), UserId::stored("alice")).await?;
        let (client_msg_id, text) = (ClientMsgId::stored([9; 16]), MessageText::parse("hi")?);
        store
            .append(acting.clone(), NewMessage { room, client_msg_id, text, file: None, sent_at_client: None })
            .await?;
    }
    assert_eq!(store.direct_rooms(alice.clone()).await?.len(), 1);
    store.remove_friend(acting.clone(), UserId::stored("alice")).await
}

async fn use_files(store: &Store, acting: &Credential) -> Result<()> {
    store.may_upload(acting.clone()).await?;
    let unsent = keep_file(store, acting, "b.txt").await?;
    assert_eq!(keep_file(store, acting, "b.txt").await?, unsent);
    assert_eq!(store.file(acting.clone(), unsent.id).await?, unsent);
    assert!(store.has_content(unsent.sha256).await?);
    store.forget_unsent(std::time::Duration::ZERO).await.map(|_| ())
}

async fn use_accounts(store: &Store, data: &std::path::Path, room: &RoomId) -> Result<()> {
    let accounts = ServiceAccounts::open(data).unwrap();
    let name: AccountName = "watcher".parse().unwrap();
    let token = accounts.create(&name, &Scopes::of(vec![Scope::RoomsWatch]), store.now()).unwrap().hash();
    assert!(accounts.create(&name, &Scopes::of(vec![Scope::RoomsWatch]), store.now()).is_err());
    store.check_account(token, Scope::RoomsWatch).await?;
    let account = Credential::Account { token, on_behalf_of: None };
    assert_eq!(store.start_watch(account, room.clone(), None).await?.members.len(), 2);
    assert_eq!(accounts.list().unwrap().len(), 1);
    accounts.revoke(&name).unwrap();
    assert!(store.check_account(token, Scope::RoomsWatch).await.is_err());
    Ok(())
}

async fn keep_file(store: &Store, acting: &Credential, name: &str) -> Result<StoredFile> {
    let (name, media_type) = (FileName::parse(name)?, MediaType::parse("text/plain")?);
    store.keep_file(acting.clone(), NewFile { name, media_type, size: 1, sha256: Sha256Hash::stored([1; 32]) }).await
}

fn invite_id(invited: &Invited) -> InviteId {
    match invited {
        Invited::Created(invite) | Invited::Pending(invite) => invite.id,
    }
}

fn session() -> Result<(SessionId, NewSession, Credential)> {
    let (id, token) = (SessionId::make(), Token::make()?.hash());
    let expires_at = Timestamp::stored(i64::MAX);
    let session = NewSession { id, token, expires_at, user_agent: String::new() };
    Ok((id, session, Credential::Session { token, on_behalf: false }))
}
