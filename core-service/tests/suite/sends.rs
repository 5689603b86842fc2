//! One send: stored once, whatever is repeated, and refused with the contract's codes.

use std::collections::HashSet;

use chat_proto::v1;
use futures::future::join_all;
use prost_types::Timestamp;
use tonic::Code;

use crate::harness::{ACCEPTED, DUPLICATE, Server, assert_gapless, code, fresh_id, refusal, send_request, texts};

#[tokio::test]
async fn a_repeat_is_answered_with_the_first() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;
    let id = fresh_id();

    let first = alice.sends("den", &id, "  hello \n").await.unwrap();
    assert_eq!(first.status(), ACCEPTED);
    let message = first.message.unwrap();
    assert_eq!((message.seq, message.text.as_str(), message.user_id.as_str()), (1, "hello", "alice"));
    assert_eq!((message.client_msg_id.as_str(), message.room_id.as_str()), (id.as_str(), "den"));
    alice.says("den", "another").await;

    for repeat in [id.clone(), id.to_uppercase()] {
        let again = alice.sends("den", &repeat, "hello").await.unwrap();
        assert_eq!(again.status(), DUPLICATE);
        assert_eq!(again.message.as_ref(), Some(&message));
    }
    assert_eq!(texts(&alice.reads("den").await), ["hello", "another"]);
}

#[tokio::test]
async fn the_same_id_with_other_content_is_refused_and_changes_nothing() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;
    let id = fresh_id();
    let first = alice.sends("den", &id, "one").await.unwrap().message;

    let refused = alice.sends("den", &id.to_uppercase(), "two").await.unwrap_err();
    assert_eq!((refused.code(), code(&refused)), (Code::AlreadyExists, "idempotency_conflict".to_owned()));
    assert_eq!(texts(&alice.reads("den").await), ["one"]);
    assert_eq!(alice.sends("den", &id, "one").await.unwrap().message, first);
}

#[tokio::test]
async fn who_left_still_learns_what_became_of_their_sends_and_nothing_else() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.creates("den").await;
    alice.brings("den", &bob).await;
    let (hers, his) = (fresh_id(), fresh_id());
    alice.sends("den", &hers, "hers").await.unwrap();
    let first = bob.sends("den", &his, "his").await.unwrap().message;
    alice.says("den", "another").await;
    bob.leaves("den").await.unwrap();

    let again = bob.sends("den", &his.to_uppercase(), " his ").await.unwrap();
    assert_eq!((again.status(), again.message), (DUPLICATE, first));
    assert_eq!(refusal(bob.sends("den", &his, "other").await), "idempotency_conflict");
    // A new message, somebody else's id, and one's own id elsewhere: all as for a room that there is not.
    let unknown = bob.sends("nowhere", &his, "his").await.unwrap_err();
    for (room, id, text) in [("den", &*fresh_id(), "new"), ("den", &*hers, "hers"), ("hall", &*his, "his")] {
        let refused = bob.sends(room, id, text).await.unwrap_err();
        assert_eq!((refused.code(), code(&refused)), (Code::PermissionDenied, "not_a_member".to_owned()), "{text}");
        assert_eq!((refused.message(), refused.details()), (unknown.message(), unknown.details()), "{text}");
    }
    assert_eq!(texts(&alice.reads("den").await), ["hers", "his", "another"]);
}

#[tokio::test]
async fn the_time_of_writing_is_kept_and_binds_nothing() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;
    let written = Some(Timestamp { seconds: 1_700_000_000, nanos: 123_000_000 });
    let send = v1::SendMessageRequest { sent_at_client: written, ..send_request("den", &fresh_id(), "hi") };
    let first = alice.chat().send_message(send.clone()).await.unwrap().into_inner().message.unwrap();
    assert_eq!(first.sent_at_client, written);

    let later = v1::SendMessageRequest { sent_at_client: None, ..send };
    let again = alice.chat().send_message(later).await.unwrap().into_inner();
    assert_eq!((again.status(), again.message), (DUPLICATE, Some(first)));
}

#[tokio::test]
async fn an_id_is_one_users_in_one_room() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.creates("den").await;
    alice.creates("hall").await;
    alice.brings("den", &bob).await;
    let id = fresh_id();

    for (who, room, seq) in [(&alice, "den", 1), (&bob, "den", 2), (&alice, "hall", 1)] {
        let answer = who.sends(room, &id, &format!("{} in {room}", who.id)).await.unwrap();
        assert_eq!((answer.status(), answer.message.unwrap().seq), (ACCEPTED, seq));
    }
    assert_eq!(texts(&bob.reads("den").await), ["alice in den", "bob in den"]);
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_leaves_no_gap() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;
    let (long, id) = ("\u{1f980}".repeat(8_001), fresh_id());
    let in_no_year = Some(Timestamp { seconds: i64::MAX, nanos: 0 });
    let odd_time = v1::SendMessageRequest { sent_at_client: in_no_year, ..send_request("den", &id, "x") };

    for (request, expected) in [
        (send_request("den", &id, ""), "invalid_argument"),
        (send_request("den", &id, " \u{3000}\n"), "invalid_argument"),
        (send_request("den", &id, "a\0b"), "invalid_argument"),
        (send_request("den", &id, &long), "too_large"),
        (send_request("den", "", "x"), "invalid_argument"),
        (send_request("den", "0192f0c123457abc8def0123456789ab", "x"), "invalid_argument"),
        (send_request("", &id, "x"), "invalid_argument"),
        (send_request("a room", &id, "x"), "invalid_argument"),
        (odd_time, "invalid_argument"),
    ] {
        let shown = format!("{:.80}", format!("{request:?}"));
        assert_eq!(refusal(alice.chat().send_message(request).await), expected, "{shown}");
    }

    let longest = "\u{1f980}".repeat(8_000);
    let stored = alice.says("den", &format!("  {longest}  ")).await;
    assert_eq!((stored.seq, stored.text), (1, longest));
}

#[tokio::test]
async fn a_room_of_others_looks_like_none() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.creates("den").await;

    let foreign = bob.sends("den", &fresh_id(), "hi").await.unwrap_err();
    let unknown = bob.sends("nowhere", &fresh_id(), "hi").await.unwrap_err();
    let direct = bob.sends("dm:alice:bob", &fresh_id(), "hi").await.unwrap_err();
    assert_eq!((foreign.code(), code(&foreign)), (Code::PermissionDenied, "not_a_member".to_owned()));
    for other in [unknown, direct] {
        assert_eq!(other.code(), foreign.code());
        assert_eq!((other.message(), other.details()), (foreign.message(), foreign.details()));
    }
    assert!(alice.reads("den").await.is_empty());
}

#[tokio::test]
async fn a_service_sends_for_whom_it_names() {
    let server = Server::start().await;
    let (alice, service) = (server.sign_up("alice").await, server.service());
    alice.creates("den").await;

    let sent = service.on_behalf_of("alice").sends("den", &fresh_id(), "hi").await.unwrap();
    assert_eq!(sent.message.unwrap().user_id, "alice");
    for (caller, expected) in [
        (service.clone(), "invalid_argument"),
        (service.on_behalf_of("Not An Id"), "invalid_argument"),
        (service.on_behalf_of("nobody"), "not_found"),
        (alice.on_behalf_of("alice"), "forbidden"),
        (server.holder("", "junk").on_behalf_of("alice"), "unauthenticated"),
    ] {
        let refused = refusal(caller.sends("den", &fresh_id(), "hi").await);
        assert_eq!(refused, expected, "{}", caller.id);
    }
    assert_eq!(alice.reads("den").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_senders_make_one_log_that_everybody_sees_alike() {
    const SENDERS: usize = 20;
    const EACH: usize = 10;
    let server = Server::start().await;
    let service = server.service();
    let names: Vec<String> = (0..SENDERS).map(|number| format!("user{number:02}")).collect();
    join_all(names.iter().map(|name| server.sign_up(name))).await;
    let senders: Vec<_> = names.iter().map(|name| service.on_behalf_of(name)).collect();
    senders[0].creates("den").await;
    for sender in &senders[1..] {
        senders[0].brings("den", sender).await;
    }
    let mut subscribers = Vec::new();
    for watcher in senders.iter().take(4).chain([&service]) {
        subscribers.push(watcher.watches("den", Some(0)).await.0);
    }

    let all = join_all(senders.iter().map(|sender| async {
        let mut seqs = Vec::new();
        for number in 0..EACH {
            seqs.push(sender.says("den", &format!("{number}")).await.seq);
        }
        assert!(seqs.is_sorted(), "one sender's own order is kept");
        seqs
    }))
    .await;

    let acknowledged: HashSet<i64> = all.into_iter().flatten().collect();
    assert_eq!(acknowledged, (1..=(SENDERS * EACH) as i64).collect());
    let log = senders[0].reads("den").await;
    assert_eq!(log.len(), SENDERS * EACH);
    for subscriber in &mut subscribers {
        assert_eq!(subscriber.messages(log.len()).await, log);
    }
    assert_gapless(&log, 1);
}

#[tokio::test]
async fn sends_over_the_rate_are_told_when_to_come_back_and_repeats_are_free() {
    let server = Server::start_with(&["--sends-per-second", "1", "--send-burst", "3"]).await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.creates("den").await;
    alice.brings("den", &bob).await;
    let id = fresh_id();
    alice.sends("den", &id, "0").await.unwrap();
    for text in ["1", "2"] {
        alice.says("den", text).await;
    }

    let refused = alice.sends("den", &fresh_id(), "3").await.unwrap_err();
    assert_eq!((refused.code(), code(&refused)), (Code::ResourceExhausted, "rate_limited".to_owned()));
    let details = tonic_types::StatusExt::get_error_details(&refused);
    let wait = details.retry_info().unwrap().retry_delay.unwrap();
    assert!(!wait.is_zero() && wait <= std::time::Duration::from_secs(1), "{wait:?}");
    assert_eq!(alice.sends("den", &id, "0").await.unwrap().status(), DUPLICATE);
    bob.says("den", "mine").await;
    assert_eq!(alice.reads("den").await.len(), 4);
}
