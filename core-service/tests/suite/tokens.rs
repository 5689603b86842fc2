//! `core-service token`: the accounts of internal services, managed beside the service that runs.

use std::path::Path;

use rustix::process::Signal;

use crate::harness::{Caller, code, fresh_id, refusal, send_request, soon};
use crate::process::{Running, binary, fails};

/// Runs a command on the accounts of a data directory, which must go well. Returns what it prints.
fn token(dir: &Path, flags: &[&str]) -> String {
    let data = dir.join("data").display().to_string();
    let output = binary(&["--data-dir", &data, "token"]).args(flags).output().unwrap();
    assert!(output.status.success(), "{flags:?}: {output:?}");
    assert!(!String::from_utf8(output.stderr).unwrap().contains("hfs_"), "the log shows a token");
    String::from_utf8(output.stdout).unwrap()
}

/// The holder of a new token.
fn made(dir: &Path, running: &Running, name: &str, scope: &str) -> Caller {
    let printed = token(dir, &["create", "--name", name, "--scope", scope]);
    assert_eq!(printed.lines().count(), 1);
    Caller::at(running.channel(), "", Some(printed.trim()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_works_at_once_and_its_use_is_listed() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(dir.path(), &["--demo"]);
    assert_eq!(token(dir.path(), &["list"]), "");
    let writer = made(dir.path(), &running, "writer", "messages:write");
    let both = made(dir.path(), &running, "both", "rooms:watch,messages:write");
    let listed = token(dir.path(), &["list"]);
    let columns: Vec<Vec<_>> = listed.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!((columns[0][0], columns[0][1]), ("both", "messages:write rooms:watch"));
    assert_eq!((columns[1][0], columns[1][1]), ("writer", "messages:write"));
    assert!(columns.iter().all(|column| column[2].starts_with("made 2") && column[3] == "last used never"), "{listed}");

    let said = writer.on_behalf_of("alice").says("lobby", "from a service").await;
    let (mut watch, _) = both.watches("lobby", Some(0)).await;
    assert_eq!(watch.message().await, said);
    assert_eq!((&*said.user_id, refusal(writer.try_subscribes().await.map(|_| ()))), ("alice", "forbidden".to_owned()));
    // Noted with the send itself, and beside a read: soon.
    let used = |name: &str| {
        let listed = token(dir.path(), &["list"]);
        listed.lines().any(|line| line.starts_with(name) && line.contains("last used 2"))
    };
    assert!(used("writer"));
    soon(async {
        while !used("both") {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(running.stop(Signal::TERM), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_token_ends_its_stream_and_is_worth_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(dir.path(), &["--demo"]);
    let (gone, kept) = (
        made(dir.path(), &running, "gone", "messages:write,rooms:watch"),
        made(dir.path(), &running, "kept", "messages:write,rooms:watch"),
    );
    let (mut watch, _) = gone.watches("lobby", None).await;
    let (mut keeps, _) = kept.watches("lobby", None).await;
    let mut sends = gone.on_behalf_of("alice").streams().await.unwrap();

    let began = std::time::Instant::now();
    assert_eq!(token(dir.path(), &["revoke", "--name", "gone"]), "");
    assert_eq!(refusal(gone.on_behalf_of("alice").sends("lobby", &fresh_id(), "hi").await), "unauthenticated");
    sends.send(send_request("lobby", &fresh_id(), "hi"), None).await;
    assert_eq!(sends.outcome().await, "unauthenticated");
    assert_eq!(code(&watch.ends().await), "unauthenticated");
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    assert_eq!(refusal(gone.try_subscribes().await.map(|_| ())), "unauthenticated");

    let said = kept.on_behalf_of("bob").says("lobby", "still here").await;
    assert_eq!(keeps.message().await, said);
    assert_eq!(token(dir.path(), &["list"]).lines().count(), 1);
    // The name is free again, for another token.
    let again = made(dir.path(), &running, "gone", "messages:write");
    assert_ne!(again.token(), gone.token());
    again.on_behalf_of("alice").says("lobby", "anew").await;
    assert_eq!(refusal(gone.on_behalf_of("alice").sends("lobby", &fresh_id(), "hi").await), "unauthenticated");
    assert_eq!(running.stop(Signal::TERM), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_outlive_a_restart_and_are_not_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(dir.path(), &["--demo"]);
    let shown = made(dir.path(), &running, "writer", "messages:write").token();
    assert!(shown.len() >= 43);
    assert_eq!(running.stop(Signal::TERM), Some(0));
    let database = std::fs::read(dir.path().join("data/holdfast.db")).unwrap();
    let holds = |text: &str| database.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("messages:write") && !holds(&shown) && !holds(&shown[4..]));

    let made_meanwhile = token(dir.path(), &["create", "--name", "other", "--scope", "messages:write"]);
    let running = Running::start(dir.path(), &[]);
    for token in [&*shown, made_meanwhile.trim()] {
        let writer = Caller::at(running.channel(), "", Some(token));
        writer.on_behalf_of("alice").says("lobby", "hi").await;
    }
    assert_eq!(running.stop(Signal::TERM), Some(0));
}

#[test]
fn what_is_wrong_with_a_command_is_said_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let (data, nothing) = (dir.path().join("data").display().to_string(), dir.path().join("nothing"));
    let nowhere = nothing.display().to_string();
    Running::start(dir.path(), &[]).stop(Signal::TERM);
    token(dir.path(), &["create", "--name", "taken", "--scope", "rooms:watch"]);
    for (flags, status, part) in [
        (&["create", "--name", "A", "--scope", "messages:write"][..], 2, "1 to 64"),
        (&["create", "--name", "", "--scope", "messages:write"], 2, "1 to 64"),
        (&["create", "--name", "x", "--scope", "everything"], 2, "everything"),
        (&["create", "--name", "x", "--scope", "messages:write,"], 2, "messages:write"),
        (&["create", "--name", "x"], 2, "required"),
        (&["create", "--scope", "messages:write"], 2, "required"),
        (&["revoke"], 2, "required"),
        (&["revoke", "--name", "A b"], 2, "1 to 64"),
        (&["make"], 2, "make"),
        (&[], 2, "core-service"),
        (&["create", "--name", "taken", "--scope", "messages:write"], 1, "taken"),
        (&["revoke", "--name", "nobody"], 1, "nobody"),
    ] {
        let line = fails(binary(&["--data-dir", &data, "token"]).args(flags), status);
        assert!(line.contains(part), "{line:?} lacks {part:?}");
    }
    for flags in [&["list"][..], &["revoke", "--name", "x"], &["create", "--name", "x", "--scope", "rooms:watch"]] {
        let line = fails(binary(&["--data-dir", &nowhere, "token"]).args(flags), 1);
        assert!(line.contains("there is no database"), "{line:?}");
    }
    assert!(!nothing.exists());
}
