//! Accounts and sessions.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chat_proto::v1;
use tonic::{Code, Response, Status};

use crate::harness::{Caller, PASSWORD, Server, code, fresh_id, log_in_request, refusal, sign_up_request};

async fn log_in(caller: &Caller, user: &str, password: &str) -> Result<v1::SessionResponse, Status> {
    caller.auth().log_in(log_in_request(user, password)).await.map(Response::into_inner)
}

async fn sessions(caller: &Caller) -> Vec<v1::Session> {
    caller.auth().list_sessions(v1::ListSessionsRequest {}).await.unwrap().into_inner().sessions
}

async fn changes_password(caller: &Caller, from: &str, to: &str) -> Result<(), Status> {
    let (current_password, new_password) = (from.to_owned(), to.to_owned());
    let request = v1::ChangePasswordRequest { current_password, new_password };
    caller.auth().change_password(request).await.map(|_| ())
}

fn from_address(address: &str) -> Option<v1::Client> {
    Some(v1::Client { address: address.to_owned(), user_agent: String::new() })
}

#[tokio::test]
async fn a_sign_up_opens_a_session() {
    let server = Server::start_with(&["--session-ttl", "1h"]).await;
    let request = v1::SignUpRequest { display_name: " Alice B. ".to_owned(), ..sign_up_request("alice") };
    let opened = server.stranger().auth().sign_up(request).await.unwrap().into_inner();
    assert_eq!((opened.user_id.as_str(), opened.display_name.as_str()), ("alice", "Alice B."));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let lasts = Duration::from_secs(opened.expires_at.unwrap().seconds.unsigned_abs()).saturating_sub(now);
    assert!((3_590..=3_600).contains(&lasts.as_secs()), "{lasts:?}");

    let me = server.holder("alice", &opened.token).me().await.unwrap();
    assert_eq!((me.user_id.as_str(), me.display_name.as_str()), ("alice", "Alice B."));
    assert_eq!(me.expires_at, opened.expires_at);
}

#[tokio::test]
async fn sign_ups_that_do_not_fit_are_refused() {
    let server = Server::start().await;
    server.sign_up("alice").await;
    let good = sign_up_request("bob");
    for (request, expected) in [
        (sign_up_request("alice"), "already_exists"),
        (sign_up_request(""), "invalid_argument"),
        (sign_up_request("Bob"), "invalid_argument"),
        (sign_up_request("b"), "invalid_argument"),
        (v1::SignUpRequest { password: "1234567".to_owned(), ..good.clone() }, "invalid_argument"),
        (v1::SignUpRequest { password: "x".repeat(257), ..good.clone() }, "invalid_argument"),
        (v1::SignUpRequest { display_name: "x".repeat(65), ..good.clone() }, "too_large"),
        (v1::SignUpRequest { display_name: "a\nb".to_owned(), ..good.clone() }, "invalid_argument"),
    ] {
        let shown = format!("{request:?}");
        assert_eq!(refusal(server.stranger().auth().sign_up(request).await), expected, "{shown}");
    }
    server.sign_up("constructor").await;
    server.sign_up("bob").await;
}

#[tokio::test]
async fn a_wrong_user_and_a_wrong_password_look_the_same() {
    let server = Server::start().await;
    server.sign_up("alice").await;
    let stranger = server.stranger();
    let wrong = log_in(&stranger, "alice", "wrong horse").await.unwrap_err();
    assert_eq!((wrong.code(), code(&wrong)), (Code::Unauthenticated, "unauthenticated".to_owned()));
    for (user, password) in [("nobody", PASSWORD), ("Not An Id", PASSWORD), ("", ""), ("alice", "")] {
        let refused = log_in(&stranger, user, password).await.unwrap_err();
        assert_eq!((refused.code(), refused.message()), (wrong.code(), wrong.message()), "{user}");
        assert_eq!(refused.details(), wrong.details());
    }
    assert_eq!(log_in(&stranger, "alice", PASSWORD).await.unwrap().user_id, "alice");
}

#[tokio::test]
async fn sessions_are_listed_and_end_one_by_one() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    let user_agent = format!("Phone\n{}", "x".repeat(300));
    let client = Some(v1::Client { address: String::new(), user_agent });
    let request = v1::LogInRequest { client, ..log_in_request("alice", PASSWORD) };
    let token = server.stranger().auth().log_in(request).await.unwrap().into_inner().token;
    let phone = server.holder("alice", &token);
    let bob = server.sign_up("bob").await;

    let listed = sessions(&phone).await;
    assert_eq!(listed.len(), 2);
    let current: Vec<_> = listed.iter().filter(|session| session.current).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0].id, phone.me().await.unwrap().session_id);
    assert_eq!(current[0].user_agent, format!("Phone{}", "x".repeat(250)));

    let revoke = |id: &str| v1::RevokeSessionRequest { session_id: id.to_owned() };
    let phones = &current[0].id;
    assert_eq!(refusal(bob.auth().revoke_session(revoke(phones)).await), "not_found");
    for unknown in ["", "junk", &fresh_id()] {
        assert_eq!(refusal(alice.auth().revoke_session(revoke(unknown)).await), "not_found", "{unknown}");
    }
    alice.auth().revoke_session(revoke(phones)).await.unwrap();
    assert_eq!(refusal(phone.me().await), "unauthenticated");
    assert_eq!(sessions(&alice).await.len(), 1);
    alice.auth().log_out(v1::LogOutRequest {}).await.unwrap();
    assert_eq!(refusal(alice.auth().log_out(v1::LogOutRequest {}).await), "unauthenticated");
    assert_eq!(refusal(alice.me().await), "unauthenticated");
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_the_old_password() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    let other = server.log_in("alice").await;

    assert_eq!(refusal(changes_password(&alice, "wrong horse", "another one").await), "forbidden");
    assert_eq!(refusal(changes_password(&alice, PASSWORD, "short").await), "invalid_argument");
    other.me().await.unwrap();
    changes_password(&alice, PASSWORD, "another one").await.unwrap();
    assert_eq!(refusal(other.me().await), "unauthenticated");
    alice.me().await.unwrap();
    let stranger = server.stranger();
    assert_eq!(refusal(log_in(&stranger, "alice", PASSWORD).await), "unauthenticated");
    log_in(&stranger, "alice", "another one").await.unwrap();
}

#[tokio::test]
async fn people_are_found_by_prefix() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    for (id, display_name) in [("alan", ""), ("bob", "Albert"), ("zed", "zed")] {
        let request = v1::SignUpRequest { display_name: display_name.to_owned(), ..sign_up_request(id) };
        server.stranger().auth().sign_up(request).await.unwrap();
    }
    let search = |query: &str, limit| {
        let (mut auth, query) = (alice.auth(), query.to_owned());
        async move {
            let found = auth.search_users(v1::SearchUsersRequest { query, limit }).await?.into_inner().users;
            Ok::<_, Status>(found.into_iter().map(|user| user.user_id).collect::<Vec<_>>())
        }
    };
    assert_eq!(search("AL", 0).await.unwrap(), ["alan", "alice", "bob"]);
    assert_eq!(search("al", 1).await.unwrap(), ["alan"]);
    assert_eq!(search("ali", 0).await.unwrap(), ["alice"]);
    assert!(search("%", 0).await.unwrap().is_empty());
    for (query, limit) in [("", 0), ("  ", 0), (&*"x".repeat(65), 0), ("al", 51), ("al", -1)] {
        assert_eq!(refusal(search(query, limit).await), "invalid_argument", "{query} {limit}");
    }
}

/// Every byte of the data directory.
fn bytes_of(dir: &std::path::Path) -> Vec<u8> {
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.is_file() && !path.ends_with("service-token"))
        .flat_map(|path| std::fs::read(path).unwrap())
        .collect()
}

#[tokio::test]
async fn neither_tokens_nor_passwords_are_on_disk() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;
    alice.says("den", "a text that is on disk").await;
    let other = server.log_in("alice").await;
    changes_password(&alice, PASSWORD, "another horse").await.unwrap();
    let tokens = [alice.token(), other.token()];

    let check = |bytes: &[u8]| {
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(holds("a text that is on disk"), "the scan sees what is there");
        assert!(holds("$argon2id$"));
        for secret in [PASSWORD, "another horse", &tokens[0], &tokens[1]] {
            assert!(!holds(secret), "{secret}");
        }
    };
    assert!(server.data().join("holdfast.db-wal").exists());
    check(&bytes_of(&server.data()));
    let stopped = server.stop().await;
    check(&bytes_of(&stopped.dir().join("data")));
}

#[tokio::test]
async fn too_many_failures_close_an_account_to_an_address() {
    let server = Server::start_with(&["--failed-logins-per-account", "2", "--failed-logins-per-address", "4"]).await;
    server.sign_up("alice").await;
    server.sign_up("bob").await;
    let (stranger, service) = (server.stranger(), server.service());
    for _ in 0..5 {
        log_in(&stranger, "alice", PASSWORD).await.unwrap();
    }
    for _ in 0..2 {
        assert_eq!(refusal(log_in(&stranger, "alice", "wrong").await), "unauthenticated");
    }
    let refused = log_in(&stranger, "alice", PASSWORD).await.unwrap_err();
    assert_eq!((refused.code(), code(&refused)), (Code::ResourceExhausted, "rate_limited".to_owned()));
    let details = tonic_types::StatusExt::get_error_details(&refused);
    let wait = details.retry_info().unwrap().retry_delay.unwrap();
    assert!(wait > Duration::from_secs(14 * 60) && wait <= Duration::from_secs(15 * 60), "{wait:?}");

    // The address is not closed yet, and another one is open; whom a stranger claims to be does not count.
    log_in(&stranger, "bob", PASSWORD).await.unwrap();
    let elsewhere =
        |user, password| v1::LogInRequest { client: from_address("192.0.2.7"), ..log_in_request(user, password) };
    service.auth().log_in(elsewhere("alice", PASSWORD)).await.unwrap();
    assert_eq!(refusal(stranger.auth().log_in(elsewhere("alice", PASSWORD)).await), "rate_limited");
    assert_eq!(refusal(server.log_in("bob").await.auth().log_in(elsewhere("alice", PASSWORD)).await), "rate_limited");
    for _ in 0..2 {
        assert_eq!(refusal(log_in(&stranger, "bob", "wrong").await), "unauthenticated");
    }
    assert_eq!(refusal(log_in(&stranger, "carol", PASSWORD).await), "rate_limited");
    service.auth().log_in(elsewhere("bob", PASSWORD)).await.unwrap();
    let odd = v1::LogInRequest { client: from_address("nowhere"), ..log_in_request("bob", PASSWORD) };
    assert_eq!(refusal(service.auth().log_in(odd).await), "invalid_argument");
}

#[tokio::test]
async fn sign_ups_are_limited_by_address() {
    let server = Server::start_with(&["--sign-ups-per-address", "2"]).await;
    server.sign_up("alice").await;
    server.sign_up("bob").await;
    let again = server.stranger().auth().sign_up(sign_up_request("carol")).await;
    assert_eq!(refusal(again), "rate_limited");
    let claimed = v1::SignUpRequest { client: from_address("192.0.2.7"), ..sign_up_request("carol") };
    assert_eq!(refusal(server.stranger().auth().sign_up(claimed.clone()).await), "rate_limited");
    server.service().auth().sign_up(claimed).await.unwrap();
}

#[tokio::test]
async fn calls_are_limited_by_session_and_guesses_at_the_own_password_too() {
    let server = Server::start_with(&["--calls-per-second", "3", "--failed-logins-per-account", "2"]).await;
    let alice = server.sign_up("alice").await;
    let mut refused = 0;
    for _ in 0..20 {
        refused += usize::from(alice.me().await.is_err_and(|status| code(&status) == "rate_limited"));
    }
    assert!(refused > 0);
    server.log_in("alice").await.me().await.unwrap();

    let bob = server.sign_up("bob").await;
    for _ in 0..2 {
        assert_eq!(refusal(changes_password(&bob, "wrong horse", "another one").await), "forbidden");
    }
    assert_eq!(refusal(changes_password(&bob, PASSWORD, "another one").await), "rate_limited");
}

#[tokio::test]
async fn sessions_whose_time_is_over_are_listed_nowhere() {
    let server = Server::start_with(&["--no-rate-limits", "--session-ttl", "1s"]).await;
    let early = server.sign_up("alice").await;
    let mut stream = early.subscribes().await;
    stream.ends().await;
    let late = server.log_in("alice").await;
    let listed = sessions(&late).await;
    assert_eq!(listed.len(), 1);
    assert!(listed[0].current);
    assert_eq!(refusal(early.me().await), "unauthenticated");
}

#[tokio::test]
async fn a_service_has_no_session_of_its_own() {
    let server = Server::start().await;
    server.sign_up("alice").await;
    let service = server.service();
    assert_eq!(refusal(service.me().await), "invalid_argument");
    let acting = service.on_behalf_of("alice");
    let me = acting.me().await.unwrap();
    assert_eq!((me.user_id.as_str(), me.session_id.as_str(), me.expires_at), ("alice", "", None));
    assert_eq!(refusal(acting.auth().log_out(v1::LogOutRequest {}).await), "forbidden");
    assert!(sessions(&acting).await.iter().all(|session| !session.current));
}
