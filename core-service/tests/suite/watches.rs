//! Following rooms and users: what was there, then what happens, with no seam between the two.

use std::collections::HashMap;

use chat_proto::v1;
use chat_proto::v1::subscribe_request::Request as Wish;
use chat_proto::v1::subscribe_response::Event;
use chat_proto::v1::user_event::Event as UserEvent;
use chat_proto::v1::watch_error::Target;
use futures::future::join_all;
use tonic::Code;

use crate::harness::{
    Caller, PASSWORD, Server, Subscription, assert_gapless, code, fresh_id, refusal, send_request, soon, texts,
};

/// Sends many messages over one stream.
async fn pours(caller: &Caller, room: &str, texts: impl Iterator<Item = String>) {
    let mut stream = caller.streams().await.unwrap();
    let mut sent = 0;
    for text in texts {
        stream.send(send_request(room, &fresh_id(), &text), None).await;
        sent += 1;
    }
    for _ in 0..sent {
        assert_eq!(stream.outcome().await, "accepted");
    }
}

#[tokio::test]
async fn a_watch_says_where_it_starts_replays_and_goes_on_live() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;
    for text in ["1", "2", "3"] {
        alice.says("den", text).await;
    }
    let epoch = alice.me().await.unwrap().epoch;

    let (mut all, watching) = alice.watches("den", Some(0)).await;
    assert_eq!((watching.room_id.as_str(), watching.latest_seq, &watching.epoch), ("den", 3, &epoch));
    assert!(watching.members.is_empty(), "these are for services");
    let (mut some, _) = alice.watches("den", Some(2)).await;
    let (mut at_head, _) = alice.watches("den", Some(3)).await;
    let (mut none, watching) = alice.watches("den", None).await;
    assert_eq!(watching.latest_seq, 3);
    let log = alice.reads("den").await;
    assert_eq!(all.messages(3).await, log);
    assert_eq!(some.messages(1).await, log[2..]);

    let fourth = alice.says("den", "4").await;
    for subscription in [&mut all, &mut some, &mut at_head, &mut none] {
        assert_eq!(subscription.message().await, fourth);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_turns_live_under_sends_with_no_gap_and_no_repeat() {
    const LENGTH: usize = 1_500;
    const WATCHERS: usize = 24;
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;

    let pouring = async {
        for _ in 0..LENGTH / 50 {
            pours(&alice, "den", (0..50).map(|number| number.to_string())).await;
        }
    };
    let watching = join_all((0..WATCHERS).map(|number| {
        let alice = alice.clone();
        async move {
            // Each starts when a share of the log is there, some from its beginning, some from a place in it.
            let start = (number * LENGTH / WATCHERS) as i64;
            let (mut waiting, _) = alice.watches("den", Some(0)).await;
            while start > 0 && waiting.messages(1).await[0].seq < start {}
            drop(waiting);
            let after = if number % 2 == 0 { 0 } else { start };
            let (mut subscription, watching) = alice.watches("den", Some(after)).await;
            assert!(watching.latest_seq >= start);
            let rest = LENGTH - usize::try_from(after).unwrap();
            assert_gapless(&subscription.messages(rest).await, after + 1);
            watching.latest_seq < LENGTH as i64
        }
    }));
    let ((), were_live) = tokio::join!(pouring, watching);
    let live = were_live.into_iter().filter(|live| *live).count();
    assert!(live > WATCHERS / 4, "only {live} went from the replay to what was being sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_falls_behind_and_still_gets_everything_in_order() {
    const LENGTH: usize = 900;
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;
    let (mut slow, _) = alice.watches("den", Some(0)).await;
    // More than the connection's windows, the stream's queue and the live tail hold together.
    pours(&alice, "den", (0..LENGTH).map(|number| format!("{number:08000}"))).await;

    let (mut messages, mut restarts) = (Vec::new(), 0);
    while messages.len() < LENGTH {
        match slow.next().await {
            Event::Message(message) => messages.push(message),
            Event::Watching(watching) => {
                restarts += 1;
                assert_eq!(watching.latest_seq, LENGTH as i64);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_gapless(&messages, 1);
    assert!(restarts > 0, "the reader was not slow enough to show anything");
    let next = alice.says("den", "live again").await;
    assert_eq!(slow.message().await, next);
}

/// A watch that waits for room in the stream's queue must not keep a refusal from being said, nor be kept by it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_said_while_many_watches_wait_for_a_slow_reader() {
    const ROOMS: usize = 80;
    const EACH: usize = 12;
    const REFUSED: usize = 20;
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    let rooms: Vec<String> = (0..ROOMS).map(|number| format!("room{number}")).collect();
    let mut subscription = server.service().subscribes().await;
    for room in &rooms {
        alice.creates(room).await;
        subscription.watch(room, None).await;
        subscription.watching().await;
    }
    // All have more to say than the queue and the connection's windows hold, before the first word is read.
    let mut stream = alice.streams().await.unwrap();
    for number in 0..EACH {
        for room in &rooms {
            stream.send(send_request(room, &fresh_id(), &format!("{number:08000}")), None).await;
        }
        for _ in &rooms {
            assert_eq!(stream.outcome().await, "accepted");
        }
    }
    for _ in 0..REFUSED {
        subscription.watch("not a room", None).await;
    }

    let (mut messages, mut refused) = (HashMap::<String, Vec<v1::Message>>::new(), 0);
    for _ in 0..ROOMS * EACH + REFUSED {
        match subscription.next().await {
            Event::Message(message) => messages.entry(message.room_id.clone()).or_default().push(message),
            Event::Error(error) => {
                assert_eq!(error.code, "invalid_argument");
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((messages.len(), refused), (ROOMS, REFUSED));
    for messages in messages.values() {
        assert_eq!(messages.len(), EACH);
        assert_gapless(messages, 1);
    }
}

#[tokio::test]
async fn a_second_watch_of_a_room_takes_the_place_of_the_first() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;
    alice.says("den", "1").await;
    alice.says("den", "2").await;
    let (mut subscription, _) = alice.watches("den", Some(0)).await;
    assert_eq!(texts(&subscription.messages(2).await), ["1", "2"]);

    subscription.watch("den", Some(1)).await;
    assert_eq!(subscription.watching().await.latest_seq, 2);
    assert_eq!(subscription.message().await.seq, 2);
    for text in ["3", "4"] {
        alice.says("den", text).await;
        assert_eq!(subscription.message().await.text, text);
    }
}

#[tokio::test]
async fn what_is_unwatched_is_silent_and_can_be_watched_again() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;
    alice.creates("hall").await;
    let (mut subscription, _) = alice.watches("den", None).await;

    subscription.unwatch("den").await;
    subscription.unwatch("nowhere").await;
    subscription.watch("hall", None).await;
    assert_eq!(subscription.watching().await.room_id, "hall");
    alice.says("den", "unheard").await;
    let heard = alice.says("hall", "heard").await;
    assert_eq!(subscription.message().await, heard);
    subscription.watch("den", Some(0)).await;
    assert_eq!(subscription.watching().await.room_id, "den");
    assert_eq!(subscription.message().await.text, "unheard");
}

#[tokio::test]
async fn a_refused_watch_is_an_error_in_a_stream_that_goes_on() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.creates("den").await;
    bob.creates("cave").await;
    let mut subscription = alice.subscribes().await;
    let room = |room: &str, after_seq| Wish::WatchRoom(v1::WatchRoom { room_id: room.to_owned(), after_seq });
    let user = |user: &str| Wish::WatchUser(v1::WatchUser { user_id: user.to_owned() });
    let in_room = |room: &str| Some(Target::RoomId(room.to_owned()));
    let of_user = |user: &str| Some(Target::UserId(user.to_owned()));

    for (wish, target, expected) in [
        (room("cave", Some(0)), in_room("cave"), "not_a_member"),
        (room("nowhere", Some(0)), in_room("nowhere"), "not_a_member"),
        (room("no room", None), in_room("no room"), "invalid_argument"),
        (room("den", Some(-1)), in_room("den"), "invalid_argument"),
        (room("den", Some(1)), in_room("den"), "cursor_ahead"),
        (user("bob"), of_user("bob"), "forbidden"),
        (user("No User"), of_user("No User"), "invalid_argument"),
        (Wish::UnwatchRoom(v1::UnwatchRoom { room_id: String::new() }), in_room(""), "invalid_argument"),
        (Wish::UnwatchUser(v1::UnwatchUser { user_id: String::new() }), of_user(""), "invalid_argument"),
    ] {
        subscription.wish(wish).await;
        let error = subscription.error().await;
        assert_eq!((error.target, error.code.as_str()), (target, expected));
        assert!(!error.message.is_empty());
    }
    subscription.wish_nothing().await;
    let error = subscription.error().await;
    assert_eq!((error.target, error.code.as_str()), (None, "invalid_argument"));

    subscription.watch("den", Some(0)).await;
    assert_eq!(subscription.watching().await.latest_seq, 0);
}

#[tokio::test]
async fn members_come_and_go_between_the_messages_where_it_happened() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.creates("den").await;
    let (mut subscription, watching) = server.service().watches("den", Some(0)).await;
    assert_eq!(watching.members, ["alice"]);

    alice.says("den", "alone").await;
    alice.brings("den", &bob).await;
    bob.says("den", "here").await;
    bob.leaves("den").await.unwrap();
    alice.says("den", "alone again").await;
    alice.brings("den", &bob).await;

    assert_eq!(subscription.message().await.text, "alone");
    let joined = v1::MemberJoined { room_id: "den".into(), user_id: "bob".into() };
    assert_eq!(subscription.next().await, Event::MemberJoined(joined.clone()));
    assert_eq!(subscription.message().await.text, "here");
    let left = v1::MemberLeft { room_id: "den".into(), user_id: "bob".into() };
    assert_eq!(subscription.next().await, Event::MemberLeft(left));
    assert_eq!(subscription.message().await.text, "alone again");
    assert_eq!(subscription.next().await, Event::MemberJoined(joined));
    let (_, watching) = server.service().watches("den", None).await;
    assert_eq!(watching.members, ["alice", "bob"]);
}

/// Reads until somebody is out, and returns the last position before.
async fn last_before_leaving(subscription: &mut Subscription, user: &str) -> i64 {
    let mut last = 0;
    loop {
        match subscription.next().await {
            Event::Message(message) => last = message.seq,
            Event::MemberLeft(left) if left.user_id == user => return last,
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_left_gets_not_one_message_more() {
    const ROUNDS: usize = 15;
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.creates("den").await;
    for round in 0..ROUNDS {
        alice.brings("den", &bob).await;
        let latest = alice.rooms().await[0].latest_seq;
        let (mut judge, _) = server.service().watches("den", Some(latest)).await;
        let (mut bobs, _) = bob.watches("den", Some(latest)).await;

        let pouring = pours(&alice, "den", (0..60).map(|number| format!("{round} {number}")));
        let leaving = async {
            let first = bobs.messages(1 + round).await;
            bob.leaves("den").await.unwrap();
            first
        };
        let ((), mut seen) = tokio::join!(pouring, leaving);
        loop {
            match bobs.next().await {
                Event::Message(message) => seen.push(message),
                Event::Error(error) => {
                    assert_eq!(error.code, "not_a_member");
                    assert_eq!(error.target, Some(Target::RoomId("den".into())));
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        let last = last_before_leaving(&mut judge, "bob").await;
        assert_gapless(&seen, latest + 1);
        assert_eq!(seen.last().unwrap().seq, last, "round {round}");

        // The stream goes on without the room.
        alice.says("den", "among ourselves").await;
        bobs.watch_user("bob").await;
        assert!(matches!(bobs.user_event().await, UserEvent::State(_)));
    }
}

#[tokio::test]
async fn a_service_watches_any_room_and_for_a_user_only_theirs() {
    let server = Server::start().await;
    let (alice, service) = (server.sign_up("alice").await, server.service());
    server.sign_up("bob").await;
    alice.creates("den").await;
    alice.says("den", "1").await;

    let (mut any, _) = service.watches("den", Some(0)).await;
    assert_eq!(any.message().await.text, "1");
    any.watch("nowhere", None).await;
    assert_eq!(any.error().await.code, "not_a_member");
    any.watch_user("nobody").await;
    assert_eq!(any.error().await.code, "not_found");

    let (mut alices, watching) = service.on_behalf_of("alice").watches("den", None).await;
    assert_eq!(watching.latest_seq, 1);
    alices.watch_user("bob").await;
    assert_eq!(alices.error().await.code, "forbidden");
    let mut bobs = service.on_behalf_of("bob").subscribes().await;
    bobs.watch("den", None).await;
    assert_eq!(bobs.error().await.code, "not_a_member");
}

#[tokio::test]
async fn a_watched_user_is_told_how_things_stand_and_what_changes() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.creates("den").await;
    bob.creates("cave").await;
    let other_session = server.log_in("bob").await;
    let (bobs_id, other_id) = (bob.me().await.unwrap().session_id, other_session.me().await.unwrap().session_id);

    let mut subscription = server.service().subscribes().await;
    subscription.watch_user("bob").await;
    let UserEvent::State(mut state) = subscription.user_event().await else { panic!("no state") };
    let mut sessions = vec![bobs_id, other_id.clone()];
    sessions.sort();
    state.session_ids.sort();
    assert_eq!((state.room_ids, state.session_ids), (vec!["cave".to_owned()], sessions));

    let invite = alice.invites("den", "bob").await.unwrap().invite.unwrap();
    assert_eq!(subscription.user_event().await, UserEvent::Invite(invite.clone()));
    bob.accepts(&invite.id).await.unwrap();
    let UserEvent::RoomAdded(room) = subscription.user_event().await else { panic!("no room") };
    assert_eq!((room.room_id.as_str(), room.latest_seq), ("den", 0));
    bob.leaves("den").await.unwrap();
    let removed = v1::RoomRemoved { room_id: "den".into() };
    assert_eq!(subscription.user_event().await, UserEvent::RoomRemoved(removed));
    other_session.auth().log_out(v1::LogOutRequest {}).await.unwrap();
    let revoked = v1::SessionRevoked { session_id: other_id };
    assert_eq!(subscription.user_event().await, UserEvent::SessionRevoked(revoked));
}

async fn assert_ended(mut subscription: Subscription) {
    let status = subscription.ends().await;
    assert_eq!((status.code(), code(&status)), (Code::Unauthenticated, "unauthenticated".to_owned()));
}

#[tokio::test]
async fn a_session_that_is_revoked_takes_its_streams_along_and_no_others() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    let mut own = alice.listens().await;

    let logged_out = server.log_in("alice").await;
    let streams = [logged_out.listens().await, logged_out.listens().await];
    logged_out.auth().log_out(v1::LogOutRequest {}).await.unwrap();
    for stream in streams {
        assert_ended(stream).await;
    }

    let revoked = server.log_in("alice").await;
    let stream = revoked.listens().await;
    let session_id = revoked.me().await.unwrap().session_id;
    alice.auth().revoke_session(v1::RevokeSessionRequest { session_id }).await.unwrap();
    assert_ended(stream).await;

    let stream = server.log_in("alice").await.listens().await;
    let current_password = PASSWORD.to_owned();
    let request = v1::ChangePasswordRequest { current_password, new_password: "another one".to_owned() };
    alice.auth().change_password(request).await.unwrap();
    assert_ended(stream).await;

    // Three sessions were reported to the one that is left, which goes on.
    for _ in 0..3 {
        assert!(matches!(own.user_event().await, UserEvent::SessionRevoked(_)));
    }
    own.watch_user("alice").await;
    assert!(matches!(own.user_event().await, UserEvent::State(_)));
}

#[tokio::test]
async fn a_session_ends_with_its_time() {
    let server = Server::start_with(&["--no-rate-limits", "--session-ttl", "1s"]).await;
    let alice = server.sign_up("alice").await;
    assert_ended(alice.listens().await).await;
    assert_eq!(refusal(alice.me().await), "unauthenticated");
    assert_eq!(refusal(alice.try_subscribes().await.map(|_| ())), "unauthenticated");
    assert_eq!(refusal(alice.sends("den", &fresh_id(), "x").await), "unauthenticated");
}

#[tokio::test]
async fn no_stream_for_whom_no_call_is_answered() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    for (caller, expected) in [
        (server.stranger(), "unauthenticated"),
        (server.holder("", "junk"), "unauthenticated"),
        (alice.on_behalf_of("alice"), "forbidden"),
        (server.service().on_behalf_of("nobody"), "not_found"),
    ] {
        assert_eq!(refusal(caller.try_subscribes().await.map(|_| ())), expected);
    }
}

#[tokio::test]
async fn a_stream_whose_wishes_end_goes_on() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;
    let wish = v1::SubscribeRequest {
        request: Some(Wish::WatchRoom(v1::WatchRoom { room_id: "den".into(), after_seq: None })),
    };
    let answer = soon(alice.chat().subscribe(tokio_stream::iter([wish]))).await.unwrap();
    let mut events = answer.into_inner();
    assert!(soon(events.message()).await.unwrap().is_some());
    let message = alice.says("den", "hi").await;
    let event = soon(events.message()).await.unwrap().unwrap().event;
    assert_eq!(event, Some(Event::Message(message)));
}
