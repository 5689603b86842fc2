//! What was acknowledged is there afterwards, and a history knows whether it is still the same.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use chat_proto::v1;
use core_service::store;

use crate::harness::{DUPLICATE, Server, Stopped, assert_gapless, fresh_id, refusal, send_request, soon, texts};

/// A room of alice's with bob in it and some messages.
async fn lived_in() -> Server {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.creates("den").await;
    alice.brings("den", &bob).await;
    for text in ["1", "2", "3"] {
        alice.says("den", text).await;
    }
    server
}

#[tokio::test]
async fn everything_acknowledged_is_there_after_a_restart() {
    let server = lived_in().await;
    let alice = server.log_in("alice").await;
    let id = fresh_id();
    let sent = alice.sends("den", &id, "4").await.unwrap().message;
    alice.creates("hall").await;
    let invite = alice.invites("hall", "bob").await.unwrap().invite.unwrap();
    let (log, rooms, members) = (alice.reads("den").await, alice.rooms().await, alice.members("den").await.unwrap());
    let (me, token) = (alice.me().await.unwrap(), alice.token());

    let server = server.stop().await.start().await;
    let alice = server.holder("alice", &token);
    assert_eq!(alice.me().await.unwrap(), me);
    assert_eq!(alice.reads("den").await, log);
    assert_eq!(alice.rooms().await, rooms);
    assert_eq!(alice.members("den").await.unwrap(), members);
    let again = alice.sends("den", &id, "4").await.unwrap();
    assert_eq!((again.status(), again.message), (DUPLICATE, sent));
    assert_eq!(alice.says("den", "5").await.seq, 5);
    assert_eq!(server.log_in("bob").await.accepts(&invite.id).await.unwrap().room_id, "hall");
}

/// Sends that a stop interrupts: answered or not, each is stored once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_in_the_midst_of_sends_loses_none_that_was_answered() {
    let server = lived_in().await;
    let alice = server.log_in("alice").await;
    let mut stream = alice.streams().await.unwrap();
    let ids: Vec<String> = (0..600).map(|_| fresh_id()).collect();
    for id in &ids {
        stream.send(send_request("den", id, id), None).await;
    }
    let mut accepted = HashMap::new();
    let shutdown = server.shutdown.clone();
    while let Ok(Some(answer)) = soon(stream.answers.message()).await {
        let Some(v1::send_messages_response::Outcome::Result(result)) = answer.outcome else { panic!("rejected") };
        accepted.insert(answer.client_msg_id, result.message.unwrap().seq);
        if accepted.len() == 10 {
            shutdown.begin();
        }
    }
    let token = alice.token();
    drop((stream, alice));
    let server = server.stop().await.start().await;
    let alice = server.holder("alice", &token);

    assert!(accepted.len() >= 10);
    let log = alice.reads("den").await;
    let stored: HashMap<_, _> = log.iter().map(|message| (message.client_msg_id.clone(), message.seq)).collect();
    assert_eq!(stored.len(), log.len());
    for (id, seq) in accepted {
        assert_eq!(stored.get(&id), Some(&seq));
    }
    for id in ids {
        alice.sends("den", &id, &id).await.unwrap();
    }
    assert_eq!(alice.reads("den").await.len(), 603);
}

fn data(stopped: &Stopped) -> std::path::PathBuf {
    stopped.dir().join("data")
}

#[tokio::test]
async fn a_restored_backup_is_another_history() {
    let server = lived_in().await;
    let alice = server.log_in("alice").await;
    let epoch = alice.me().await.unwrap().epoch;
    let (outside, token) = (tempfile::tempdir().unwrap(), alice.token());
    let backup = outside.path().join("backup.db");
    store::back_up(&server.data(), &backup).unwrap();
    alice.says("den", "after the backup").await;

    let stopped = server.stop().await;
    store::restore(&backup, &data(&stopped)).unwrap_err();
    std::fs::rename(data(&stopped), stopped.dir().join("lost")).unwrap();
    store::restore(&backup, &data(&stopped)).unwrap();
    let server = stopped.start().await;
    let alice = server.holder("alice", &token);
    let restored = alice.me().await.unwrap().epoch;
    assert_ne!(restored, epoch);
    let page = alice.resyncs("den", 0, 0).await.unwrap();
    assert_eq!((texts(&page.messages), page.epoch), (vec!["1", "2", "3"], restored.clone()));
    assert_eq!(refusal(alice.resyncs("den", 4, 0).await), "cursor_ahead");
    let mut subscription = alice.subscribes().await;
    subscription.watch("den", Some(4)).await;
    assert_eq!(subscription.error().await.code, "cursor_ahead");
    assert_eq!(alice.says("den", "in the new history").await.seq, 4);

    let server = server.stop().await.start().await;
    assert_eq!(server.holder("alice", &token).me().await.unwrap().epoch, restored);
}

/// A database that was not closed has a log beside it, which would be played into the restored one.
#[tokio::test]
async fn nothing_is_restored_beside_the_remains_of_a_database() {
    let server = lived_in().await;
    let dir = tempfile::tempdir().unwrap();
    let backup = dir.path().join("backup.db");
    store::back_up(&server.data(), &backup).unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let target = dir.path().join(format!("target{suffix}"));
        std::fs::create_dir(&target).unwrap();
        let remains = target.join(format!("holdfast.db{suffix}"));
        std::fs::copy(server.data().join("holdfast.db-wal"), &remains).unwrap();
        let refused = store::restore(&backup, &target).unwrap_err().to_string();
        assert!(refused.contains(&*remains.to_string_lossy()), "{refused}");
        std::fs::remove_file(&remains).unwrap();
        store::restore(&backup, &target).unwrap();
        let left: Vec<_> = std::fs::read_dir(&target).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["holdfast.db"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_whole_and_ends_while_messages_are_being_sent() {
    let server = lived_in().await;
    let alice = server.log_in("alice").await;
    // Several of the steps that a copy could be made in.
    for _ in 0..4 {
        let mut stream = alice.streams().await.unwrap();
        for _ in 0..250 {
            stream.send(send_request("den", &fresh_id(), &"x".repeat(8_000)), None).await;
        }
        for _ in 0..250 {
            assert_eq!(stream.outcome().await, "accepted");
        }
    }
    let before = alice.rooms().await[0].latest_seq;
    let outside = tempfile::tempdir().unwrap();
    let (data, backup) = (server.data(), outside.path().join("backup.db"));
    let done = AtomicBool::new(false);
    let sending = async {
        let mut sent = 0;
        while !done.load(Ordering::Acquire) {
            alice.says("den", "meanwhile").await;
            sent += 1;
        }
        sent
    };
    let copying = async {
        let (from, to) = (data.clone(), backup.clone());
        let copied = tokio::task::spawn_blocking(move || store::back_up(&from, &to)).await.unwrap();
        done.store(true, Ordering::Release);
        copied.unwrap();
    };
    let (sent, ()) = soon(async { tokio::join!(sending, copying) }).await;
    assert!(sent > 0);

    let token = alice.token();
    let stopped = server.stop().await;
    std::fs::rename(stopped.dir().join("data"), stopped.dir().join("original")).unwrap();
    store::restore(&backup, &stopped.dir().join("data")).unwrap();
    let log = stopped.start().await.holder("alice", &token).reads("den").await;
    assert_gapless(&log, 1);
    assert!((before..=before + sent).contains(&(log.len() as i64)));
}
