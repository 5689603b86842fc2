//! Members who are removed: by the owner, at once, and for everybody to see.

use chat_proto::v1;
use chat_proto::v1::subscribe_response::Event;
use chat_proto::v1::user_event::Event as UserEvent;
use chat_proto::v1::watch_error::Target;
use tonic::Status;

use crate::harness::{Caller, Server, Subscription, fresh_id, refusal, send_request};

async fn removes(caller: &Caller, room: &str, user: &str) -> Result<(), Status> {
    let request = v1::RemoveMemberRequest { room_id: room.to_owned(), user_id: user.to_owned() };
    caller.social().remove_member(request).await.map(|_| ())
}

/// Sends, with some on their way at any time, until one is refused. Returns how many were stored.
async fn sends_until_refused(caller: &Caller, room: &str) -> usize {
    const ON_THEIR_WAY: usize = 20;
    let mut stream = caller.streams().await.unwrap();
    for _ in 0..ON_THEIR_WAY {
        stream.send(send_request(room, &fresh_id(), "hi"), None).await;
    }
    let mut stored = 0;
    while stream.outcome().await == "accepted" {
        stored += 1;
        stream.send(send_request(room, &fresh_id(), "hi"), None).await;
    }
    for _ in 1..ON_THEIR_WAY {
        assert_eq!(stream.outcome().await, "not_a_member");
    }
    stored
}

/// Reads on until somebody is out, or the watch is refused; returns the messages before, and which it was.
async fn until_the_end(subscription: &mut Subscription) -> (Vec<v1::Message>, Event) {
    let mut messages = Vec::new();
    loop {
        match subscription.next().await {
            Event::Message(message) => messages.push(message),
            Event::Watching(_) => {}
            end => return (messages, end),
        }
    }
}

/// The promise of a removal: once it is acknowledged, nothing of theirs is stored and nothing is shown to them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_removed_while_they_send_is_out_with_the_acknowledgement() {
    const ROUNDS: usize = 12;
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.creates("den").await;
    for round in 0..ROUNDS {
        alice.brings("den", &bob).await;
        let latest = alice.rooms().await[0].latest_seq;
        let (mut alices, _) = alice.watches("den", Some(latest)).await;
        let (mut bobs, _) = bob.watches("den", Some(latest)).await;

        let removing = async {
            let mut seen = bobs.messages(1 + round).await;
            removes(&alice, "den", "bob").await.unwrap();
            let log = alice.reads("den").await;
            alice.says("den", "among ourselves").await;
            let (rest, end) = until_the_end(&mut bobs).await;
            seen.extend(rest);
            (seen, end, log)
        };
        let (stored, (seen, end, at_removal), (others, left)) =
            tokio::join!(sends_until_refused(&bob, "den"), removing, until_the_end(&mut alices));

        let before = usize::try_from(latest).unwrap();
        assert_eq!(at_removal.len(), before + stored, "round {round}: what was accepted was there by then");
        let log = alice.reads("den").await;
        assert_eq!(log.len(), at_removal.len() + 1, "round {round}: something was stored after the removal");
        let theirs = &at_removal[before..];
        assert_eq!((&seen[..], &others[..]), (theirs, theirs), "round {round}");
        let error = Event::Error(v1::WatchError {
            target: Some(Target::RoomId("den".to_owned())),
            code: "not_a_member".to_owned(),
            message: "not a member of this room".to_owned(),
        });
        let member_left = v1::MemberLeft { room_id: "den".to_owned(), user_id: "bob".to_owned() };
        assert_eq!((end, left), (error, Event::MemberLeft(member_left)));
        assert_eq!(alices.message().await.text, "among ourselves");
        // Nothing more of the room comes before the next thing that bob asks for.
        bobs.watch_user("bob").await;
        assert!(matches!(bobs.user_event().await, UserEvent::State(_)));
    }
}

#[tokio::test]
async fn the_owner_removes_others_and_nobody_else_does() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    let (bob, carol) = (server.sign_up("bob").await, server.sign_up("carol").await);
    alice.creates("den").await;
    alice.brings("den", &bob).await;
    for (caller, room, user, expected) in [
        (&bob, "den", "alice", "forbidden"),
        (&bob, "den", "bob", "forbidden"),
        (&bob, "den", "nobody", "forbidden"),
        (&carol, "den", "bob", "not_a_member"),
        (&carol, "den", "carol", "not_a_member"),
        (&alice, "nowhere", "bob", "not_a_member"),
        (&alice, "den", "alice", "failed_precondition"),
        (&alice, "den", "carol", "not_found"),
        (&alice, "den", "nobody", "not_found"),
        (&alice, "den", "No Body", "invalid_argument"),
        (&alice, "no room", "bob", "invalid_argument"),
    ] {
        assert_eq!(refusal(removes(caller, room, user).await), expected, "{} {room} {user}", caller.id);
    }
    assert_eq!(alice.members("den").await.unwrap().len(), 2);
    // Who leaves hands that over, too.
    alice.brings("den", &carol).await;
    alice.leaves("den").await.unwrap();
    assert_eq!(refusal(removes(&carol, "den", "bob").await), "forbidden");
    removes(&bob, "den", "carol").await.unwrap();
    assert_eq!(refusal(removes(&bob, "den", "carol").await), "not_found");
}

#[tokio::test]
async fn who_was_removed_is_told_and_can_be_brought_back() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.creates("den").await;
    alice.brings("den", &bob).await;
    alice.says("den", "1").await;
    bob.social().mark_read(v1::MarkReadRequest { room_id: "den".to_owned(), seq: Some(1) }).await.unwrap();
    let mut told = bob.listens().await;

    removes(&alice, "den", "bob").await.unwrap();
    let removed = v1::RoomRemoved { room_id: "den".to_owned() };
    assert_eq!(told.user_event().await, UserEvent::RoomRemoved(removed));
    assert!(bob.rooms().await.is_empty());
    assert_eq!(refusal(bob.resyncs("den", 0, 1).await), "not_a_member");

    alice.says("den", "2").await;
    alice.brings("den", &bob).await;
    assert!(matches!(told.user_event().await, UserEvent::Invite(_)));
    let UserEvent::RoomAdded(room) = told.user_event().await else { panic!("no room") };
    assert_eq!((room.latest_seq, room.last_read_seq, room.unread_count), (2, 0, 2));
    assert_eq!(bob.reads("den").await.len(), 2);
}

#[tokio::test]
async fn a_removal_outlives_a_restart() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.creates("den").await;
    alice.brings("den", &bob).await;
    removes(&alice, "den", "bob").await.unwrap();
    let token = bob.token();
    drop((alice, bob));
    let server = server.stop().await.start().await;
    assert_eq!(refusal(server.holder("bob", &token).sends("den", &fresh_id(), "hi").await), "not_a_member");
}
