//! Pages: each one proves its own completeness.

use std::sync::LazyLock;

use chat_proto::v1;
use chat_proto::v1::list_messages_request::Cursor;
use chat_proto::v1::page;
use proptest::prelude::*;
use tonic::Code;
use tonic::Response;

use crate::harness::{Caller, Server, assert_gapless, code, fresh_id, refusal, send_request};

/// Messages in the room of these tests; more than two of the largest pages.
const LENGTH: i64 = 1_010;

async fn filled(server: &Server, length: i64) -> Caller {
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;
    let mut stream = alice.streams().await.unwrap();
    for number in 0..length {
        stream.send(send_request("den", &fresh_id(), &number.to_string()), None).await;
    }
    for _ in 0..length {
        assert_eq!(stream.outcome().await, "accepted");
    }
    alice
}

async fn list(caller: &Caller, limit: i32, cursor: Option<Cursor>) -> Result<v1::Page, tonic::Status> {
    let request = v1::ListMessagesRequest { room_id: "den".to_owned(), limit, cursor };
    caller.chat().list_messages(request).await.map(Response::into_inner)
}

fn after(seq: i64) -> Option<Cursor> {
    Some(Cursor::AfterSeq(seq))
}

fn before(seq: i64) -> Option<Cursor> {
    Some(Cursor::BeforeSeq(seq))
}

/// What a page must hold, by the contract alone: the bounds of its positions, and whether more exists.
fn expected(cursor: Option<Cursor>, limit: i64, latest: i64) -> (i64, i64, bool) {
    match cursor {
        Some(Cursor::AfterSeq(seq)) => {
            let last = (seq + limit).min(latest);
            (seq + 1, last, last < latest)
        }
        Some(Cursor::BeforeSeq(seq)) => {
            let last = (seq - 1).min(latest);
            let first = (last - limit + 1).max(1);
            (first, last, first > 1)
        }
        None => expected(before(latest + 1), limit, latest),
    }
}

fn check(page: &v1::Page, cursor: Option<Cursor>, limit: i64, latest: i64) {
    let (first, last, more) = expected(cursor, limit, latest);
    assert_gapless(&page.messages, first);
    assert_eq!(page.messages.len() as i64, (last - first + 1).max(0));
    assert!(page.messages.iter().all(|message| message.text == (message.seq - 1).to_string()));
    assert_eq!((page.has_more, page.latest_seq, page.room_id.as_str()), (more, latest, "den"));
    let echoed = match page.cursor {
        Some(page::Cursor::AfterSeq(seq)) => after(seq),
        Some(page::Cursor::BeforeSeq(seq)) => before(seq),
        None => None,
    };
    assert_eq!(echoed, cursor);
}

#[tokio::test]
async fn pages_hold_what_their_cursor_says() {
    let server = Server::start().await;
    let alice = filled(&server, LENGTH).await;
    let epoch = alice.me().await.unwrap().epoch;
    assert!(!epoch.is_empty());

    let cursors = [0, 1, 509, 510, 511, 1_009, 1_010].map(after);
    let back = [1, 2, 500, 501, 502, 1_010, 1_011, 1_012, i64::MAX].map(before);
    for cursor in cursors.into_iter().chain(back).chain([None]) {
        for limit in [1, 50, 500] {
            let page = list(&alice, limit, cursor).await.unwrap();
            check(&page, cursor, limit.into(), LENGTH);
            assert_eq!(page.epoch, epoch);
        }
        check(&list(&alice, 0, cursor).await.unwrap(), cursor, 50, LENGTH);
    }
    for seq in [0, 910, 911, 1_010] {
        check(&alice.resyncs("den", seq, 0).await.unwrap(), after(seq), 100, LENGTH);
        check(&alice.resyncs("den", seq, 500).await.unwrap(), after(seq), 500, LENGTH);
    }
}

/// Pages that end before the asked number does, so that any gRPC client takes them; read by one as tonic makes it.
#[tokio::test]
async fn a_page_of_long_messages_ends_early_and_says_so() {
    const LONG: i64 = 210;
    /// Less than this is a page that needlessly ends early.
    const WORTHWHILE: usize = 2_900_000;
    let server = Server::start().await;
    let alice = filled(&server, 0).await;
    let longest = "\u{1f980}".repeat(8_000);
    let mut stream = alice.streams().await.unwrap();
    for _ in 0..LONG {
        stream.send(send_request("den", &fresh_id(), &longest), None).await;
        assert_eq!(stream.outcome().await, "accepted");
    }
    let bytes = |page: &v1::Page| page.messages.iter().map(|message| message.text.len()).sum::<usize>();

    let mut seq = 0;
    while seq < LONG {
        let page = list(&alice, 500, after(seq)).await.unwrap();
        assert_eq!(alice.resyncs("den", seq, 500).await.unwrap(), page);
        assert_gapless(&page.messages, seq + 1);
        seq = page.messages.last().unwrap().seq;
        assert_eq!((page.has_more, page.latest_seq), (seq < LONG, LONG));
        assert!(!page.has_more || bytes(&page) > WORTHWHILE, "{}", bytes(&page));
    }

    let (mut cursor, mut last) = (None, LONG);
    while last > 0 {
        let page = list(&alice, 500, cursor).await.unwrap();
        let first = page.messages[0].seq;
        assert_gapless(&page.messages, first);
        assert_eq!(page.messages.last().unwrap().seq, last);
        assert_eq!((page.has_more, page.latest_seq), (first > 1, LONG));
        assert!(!page.has_more || bytes(&page) > WORTHWHILE, "{}", bytes(&page));
        (cursor, last) = (before(first), first - 1);
    }

    let (mut watcher, _) = alice.watches("den", Some(0)).await;
    assert_gapless(&watcher.messages(LONG as usize).await, 1);
}

#[tokio::test]
async fn cursors_and_limits_out_of_range_are_refused() {
    let server = Server::start().await;
    let alice = filled(&server, 3).await;
    for limit in [-1, 501, i32::MAX, i32::MIN] {
        assert_eq!(refusal(list(&alice, limit, None).await), "invalid_argument", "{limit}");
        assert_eq!(refusal(alice.resyncs("den", 0, limit).await), "invalid_argument", "{limit}");
    }
    for cursor in [after(-1), after(i64::MIN), before(0), before(-1)] {
        assert_eq!(refusal(list(&alice, 1, cursor).await), "invalid_argument", "{cursor:?}");
    }
    for seq in [4, 501, i64::MAX] {
        let refused = list(&alice, 1, after(seq)).await.unwrap_err();
        assert_eq!((refused.code(), code(&refused)), (Code::OutOfRange, "cursor_ahead".to_owned()), "{seq}");
        assert_eq!(refusal(alice.resyncs("den", seq, 1).await), "cursor_ahead", "{seq}");
    }
    assert_eq!(refusal(alice.resyncs("den", -1, 1).await), "invalid_argument");
    assert_eq!(refusal(alice.resyncs("", 0, 1).await), "invalid_argument");
}

#[tokio::test]
async fn a_room_without_messages_has_an_empty_page() {
    let server = Server::start().await;
    let alice = filled(&server, 0).await;
    for cursor in [None, after(0), before(1), before(9)] {
        check(&list(&alice, 10, cursor).await.unwrap(), cursor, 10, 0);
    }
    assert_eq!(refusal(list(&alice, 10, after(1)).await), "cursor_ahead");
}

#[tokio::test]
async fn pages_are_for_members() {
    let server = Server::start().await;
    let alice = filled(&server, 1).await;
    let bob = server.sign_up("bob").await;
    assert_eq!(refusal(list(&bob, 1, None).await), "not_a_member");
    let foreign = bob.resyncs("den", 0, 1).await.unwrap_err();
    let unknown = bob.resyncs("nowhere", 0, 1).await.unwrap_err();
    assert_eq!((foreign.code(), foreign.message()), (unknown.code(), unknown.message()));
    // A cursor ahead tells a stranger nothing either.
    assert_eq!(refusal(bob.resyncs("den", 99, 1).await), "not_a_member");
    alice.brings("den", &bob).await;
    assert_eq!(bob.resyncs("den", 0, 1).await.unwrap().messages, alice.reads("den").await);
}

/// One server for all cases of the property; nothing else changes it.
static SHARED: LazyLock<(tokio::runtime::Runtime, Server, Caller)> = LazyLock::new(|| {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (server, alice) = runtime.block_on(async {
        let server = Server::start().await;
        let alice = filled(&server, LENGTH).await;
        (server, alice)
    });
    (runtime, server, alice)
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_page_is_the_one_that_the_contract_describes(
        cursor in prop_oneof![
            (0..=LENGTH).prop_map(after), (1..=LENGTH + 5).prop_map(before), Just(None),
        ],
        limit in 1..=500i32,
    ) {
        let (runtime, _, alice) = &*SHARED;
        let page = runtime.block_on(list(alice, limit, cursor)).unwrap();
        check(&page, cursor, limit.into(), LENGTH);
    }
}
