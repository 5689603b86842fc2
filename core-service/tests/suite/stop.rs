//! A planned stop: what is in flight is answered, what is open is told.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;
use tonic::Code;

use crate::harness::{Server, code, fresh_id, send_request, soon};

#[tokio::test]
async fn open_streams_are_told_and_the_server_drains() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;
    let (mut subscription, _) = alice.watches("den", None).await;
    let mut stream = alice.streams().await.unwrap();
    stream.send(send_request("den", &fresh_id(), "hi"), None).await;
    assert_eq!(stream.outcome().await, "accepted");

    server.shutdown.begin();
    for status in [subscription.ends().await, soon(stream.answers.message()).await.unwrap_err()] {
        assert_eq!((status.code(), code(&status).as_str()), (Code::Unavailable, "unavailable"));
    }
    // The clients are still connected, and keep nothing up.
    server.stop().await;
}

/// Whoever was not told `accepted` is told that it is worth trying again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_in_flight_are_answered() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;
    let stopping = AtomicBool::new(false);
    let senders = join_all((0..20).map(|_| async {
        let mut answered = 0;
        loop {
            let before = stopping.load(Ordering::Acquire);
            match alice.sends("den", &fresh_id(), "hi").await {
                Ok(_) => answered += 1,
                Err(status) if status.code() == Code::Unavailable => return (answered, before),
                // A connection that closes is not told apart from one that breaks.
                Err(status) => assert!(before || stopping.load(Ordering::Acquire), "{status:?}"),
            }
        }
    }));
    let stop = async {
        let (mut subscription, _) = alice.watches("den", Some(0)).await;
        subscription.messages(100).await;
        stopping.store(true, Ordering::Release);
        server.shutdown.begin();
    };
    let (answers, ()) = soon(async { tokio::join!(senders, stop) }).await;
    let answered: usize = answers.iter().map(|(answered, _)| answered).sum();

    let token = alice.token();
    drop(alice);
    let server = server.stop().await.start().await;
    let log = server.holder("alice", &token).reads("den").await;
    assert!(log.len() >= answered && answered >= 100, "{} stored, {answered} answered", log.len());
}

#[tokio::test]
async fn a_stop_is_quick_although_a_subscriber_does_not_read() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;
    let (subscription, _) = alice.watches("den", Some(0)).await;
    for _ in 0..3 {
        alice.says("den", "hi").await;
    }
    let began = std::time::Instant::now();
    server.stop().await;
    assert!(began.elapsed() < std::time::Duration::from_secs(5));
    drop(subscription);
}
