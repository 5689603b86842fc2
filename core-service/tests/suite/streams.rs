//! Sends over one stream: pipelined, answered in their order, for one user or, from a service, for many.

use std::collections::HashMap;

use futures::future::join_all;

use crate::harness::{Server, fresh_id, refusal, send_request, soon, texts};

#[tokio::test]
async fn answers_come_in_the_order_of_the_sends_and_rejections_between_them() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;
    let mut stream = alice.streams().await.unwrap();
    let id = fresh_id();

    let sends = [
        (send_request("den", &id, "one"), "accepted"),
        (send_request("den", &fresh_id(), ""), "invalid_argument"),
        (send_request("den", &id, "one"), "duplicate"),
        (send_request("nowhere", &fresh_id(), "x"), "not_a_member"),
        (send_request("den", &id, "other"), "idempotency_conflict"),
        (send_request("den", &fresh_id(), &"x".repeat(8_001)), "too_large"),
        (send_request("den", &fresh_id(), "two"), "accepted"),
    ];
    for (send, _) in &sends {
        stream.send(send.clone(), None).await;
    }
    for (send, expected) in &sends {
        let answer = stream.answer().await;
        assert_eq!((&answer.client_msg_id, &answer.room_id), (&send.client_msg_id, &send.room_id));
        let outcome = match answer.outcome.unwrap() {
            chat_proto::v1::send_messages_response::Outcome::Result(result) => result.status().as_str_name().to_owned(),
            chat_proto::v1::send_messages_response::Outcome::Rejection(rejection) => {
                assert!(!rejection.message.is_empty());
                rejection.code
            }
        };
        assert_eq!(outcome.to_lowercase(), *expected);
    }
    let mut answers = stream.finish();
    assert_eq!(soon(answers.message()).await.unwrap(), None);
    assert_eq!(texts(&alice.reads("den").await), ["one", "two"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_stream_sends_is_stored_in_that_order() {
    const STREAMS: usize = 5;
    const EACH: usize = 300;
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;

    join_all((0..STREAMS).map(|stream_number| {
        let alice = alice.clone();
        async move {
            let mut stream = alice.streams().await.unwrap();
            for number in 0..EACH {
                let text = format!("{stream_number} {number}");
                stream.send(send_request("den", &fresh_id(), &text), None).await;
            }
            for _ in 0..EACH {
                assert_eq!(stream.outcome().await, "accepted");
            }
        }
    }))
    .await;

    let log = alice.reads("den").await;
    assert_eq!(log.len(), STREAMS * EACH);
    let mut next: HashMap<String, usize> = HashMap::new();
    for message in log {
        let (stream, number) = message.text.split_once(' ').unwrap();
        let due = next.entry(stream.to_owned()).or_default();
        assert_eq!(number.parse(), Ok(*due), "stream {stream}");
        *due += 1;
    }
}

#[tokio::test]
async fn a_service_sends_for_the_sessions_that_it_was_given() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.creates("den").await;
    alice.brings("den", &bob).await;
    let mut stream = server.service().streams().await.unwrap();

    for (session, expected) in [
        (Some(alice.token()), "accepted"),
        (Some(bob.token()), "accepted"),
        (Some("junk".to_owned()), "unauthenticated"),
        (None, "invalid_argument"),
    ] {
        stream.send(send_request("den", &fresh_id(), "hi"), session.as_deref()).await;
        assert_eq!(stream.outcome().await, expected);
    }
    bob.auth().log_out(chat_proto::v1::LogOutRequest {}).await.unwrap();
    stream.send(send_request("den", &fresh_id(), "hi"), Some(&bob.token())).await;
    assert_eq!(stream.outcome().await, "unauthenticated");
    let authors: Vec<_> = alice.reads("den").await.into_iter().map(|message| message.user_id).collect();
    assert_eq!(authors, ["alice", "bob"]);
}

#[tokio::test]
async fn nobody_else_sends_for_the_sessions_of_others() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.creates("den").await;

    for opener in [bob, alice.clone(), server.service().on_behalf_of("alice")] {
        let mut stream = opener.streams().await.unwrap();
        stream.send(send_request("den", &fresh_id(), "hi"), Some(&alice.token())).await;
        assert_eq!(stream.outcome().await, "forbidden", "{}", opener.id);
    }
    let mut stream = server.service().on_behalf_of("alice").streams().await.unwrap();
    stream.send(send_request("den", &fresh_id(), "hi"), None).await;
    assert_eq!(stream.outcome().await, "accepted");
    assert_eq!(alice.reads("den").await.len(), 1);
}

#[tokio::test]
async fn a_stream_is_refused_to_whom_a_call_is() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    for (caller, expected) in [
        (server.stranger(), "unauthenticated"),
        (server.holder("", "junk"), "unauthenticated"),
        (alice.on_behalf_of("alice"), "forbidden"),
        (server.service().on_behalf_of("nobody"), "not_found"),
    ] {
        assert_eq!(refusal(caller.streams().await.map(|_| ())), expected);
    }
}
