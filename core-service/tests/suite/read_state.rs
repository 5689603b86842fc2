//! Who has read how far, and who writes.

use chat_proto::v1;
use chat_proto::v1::subscribe_response::Event;
use chat_proto::v1::user_event::Event as UserEvent;
use tonic::{Code, Status};

use crate::harness::{Caller, Server, code, fresh_id, refusal};

pub(crate) async fn marks(caller: &Caller, room: &str, seq: Option<i64>) -> Result<i64, Status> {
    let request = v1::MarkReadRequest { room_id: room.to_owned(), seq };
    Ok(caller.social().mark_read(request).await?.into_inner().last_read_seq)
}

pub(crate) async fn types(caller: &Caller, room: &str, is_typing: bool) -> Result<(), Status> {
    let request = v1::SetTypingRequest { room_id: room.to_owned(), is_typing };
    caller.social().set_typing(request).await.map(|_| ())
}

/// The position of a member, and what they have not read.
async fn position(caller: &Caller) -> (i64, i64) {
    let [room] = &caller.rooms().await[..] else { panic!("one room") };
    (room.last_read_seq, room.unread_count)
}

/// Alice and bob in a room.
async fn two(server: &Server) -> (Caller, Caller) {
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.creates("den").await;
    alice.brings("den", &bob).await;
    (alice, bob)
}

#[tokio::test]
async fn a_position_moves_forward_only_and_to_what_is_there() {
    let server = Server::start().await;
    let (alice, bob) = two(&server).await;
    assert_eq!(marks(&bob, "den", None).await.unwrap(), 0, "there is nothing to read");
    for text in ["1", "2", "3", "4"] {
        alice.says("den", text).await;
    }
    for (seq, position) in [(Some(2), 2), (Some(1), 2), (Some(2), 2), (Some(3), 3), (None, 4), (Some(1), 4)] {
        assert_eq!(marks(&bob, "den", seq).await.unwrap(), position, "{seq:?}");
    }
    for seq in [0, -1, 5, i64::MAX, i64::MIN] {
        assert_eq!(refusal(marks(&bob, "den", Some(seq)).await), "invalid_argument", "{seq}");
    }
    assert_eq!(refusal(marks(&bob, "no room", None).await), "invalid_argument");
    assert_eq!(refusal(marks(&bob, "nowhere", None).await), "not_a_member");

    let members = alice.members("den").await.unwrap();
    let shown: Vec<_> = members.iter().map(|member| (&*member.user_id, member.last_read_seq)).collect();
    assert_eq!(shown, [("alice", 0), ("bob", 4)]);
    let token = bob.token();
    drop((alice, bob));
    let server = server.stop().await.start().await;
    assert_eq!(position(&server.holder("bob", &token)).await, (4, 0));
}

#[tokio::test]
async fn what_is_unread_is_what_others_wrote_beyond_the_position() {
    let server = Server::start().await;
    let (alice, bob) = two(&server).await;
    for (author, text) in [(&alice, "1"), (&bob, "2"), (&alice, "3"), (&alice, "4")] {
        author.says("den", text).await;
    }
    assert_eq!((position(&alice).await, position(&bob).await), ((0, 1), (0, 3)), "sending moves nothing");
    marks(&bob, "den", Some(2)).await.unwrap();
    marks(&alice, "den", Some(1)).await.unwrap();
    assert_eq!((position(&alice).await, position(&bob).await), ((1, 1), (2, 2)));
    marks(&bob, "den", None).await.unwrap();
    assert_eq!(position(&bob).await, (4, 0));
}

#[tokio::test]
async fn members_hear_of_it_where_it_happened_and_ones_own_devices_too() {
    let server = Server::start().await;
    let (alice, bob) = two(&server).await;
    let (mut alices, _) = alice.watches("den", None).await;
    let mut devices = [bob.listens().await, server.log_in("bob").await.listens().await];

    let first = alice.says("den", "1").await;
    marks(&bob, "den", Some(1)).await.unwrap();
    let second = alice.says("den", "2").await;
    marks(&bob, "den", Some(1)).await.unwrap();
    marks(&bob, "den", None).await.unwrap();
    let third = alice.says("den", "3").await;

    let read = |last_read_seq| v1::ReadState { room_id: "den".to_owned(), user_id: "bob".to_owned(), last_read_seq };
    for event in [
        Event::Message(first),
        Event::ReadState(read(1)),
        Event::Message(second),
        // What moved nothing is told to nobody.
        Event::ReadState(read(2)),
        Event::Message(third),
    ] {
        assert_eq!(alices.next().await, event);
    }
    for device in &mut devices {
        assert_eq!(device.user_event().await, UserEvent::ReadState(read(1)));
        assert_eq!(device.user_event().await, UserEvent::ReadState(read(2)));
    }
}

#[tokio::test]
async fn the_others_hear_who_writes() {
    let server = Server::start().await;
    let (alice, bob) = two(&server).await;
    let (mut alices, _) = alice.watches("den", None).await;
    let (mut bobs, _) = bob.watches("den", None).await;
    let (mut services, _) = server.service().watches("den", None).await;

    types(&bob, "den", true).await.unwrap();
    let said = bob.says("den", "hi").await;
    types(&bob, "den", false).await.unwrap();
    let typing =
        |is_typing| Event::Typing(v1::Typing { room_id: "den".to_owned(), user_id: "bob".to_owned(), is_typing });
    for told in [&mut alices, &mut services] {
        for event in [typing(true), Event::Message(said.clone()), typing(false)] {
            assert_eq!(told.next().await, event);
        }
    }
    // Bob knows.
    assert_eq!(bobs.message().await, said);
    let next = alice.says("den", "you are back").await;
    assert_eq!(bobs.message().await, next);

    let carol = server.sign_up("carol").await;
    for (room, expected) in [("den", "not_a_member"), ("nowhere", "not_a_member"), ("no room", "invalid_argument")] {
        assert_eq!(refusal(types(&carol, room, true).await), expected, "{room}");
    }
    assert_eq!(alices.message().await, next);
    assert!(alice.resyncs("den", 2, 1).await.unwrap().messages.is_empty(), "it is stored nowhere");
}

#[tokio::test]
async fn typing_has_a_rate_of_its_own() {
    let server = Server::start_with(&[]).await;
    let (alice, bob) = two(&server).await;
    let mut passed = 0;
    let refused = loop {
        assert!(passed < 1_000, "there is no rate");
        match types(&alice, "den", passed % 2 == 0).await {
            Ok(()) => passed += 1,
            Err(refused) => break refused,
        }
    };
    assert!((10..40).contains(&passed), "{passed}");
    assert_eq!((refused.code(), code(&refused)), (Code::ResourceExhausted, "rate_limited".to_owned()));
    let details = tonic_types::StatusExt::get_error_details(&refused);
    assert!(!details.retry_info().unwrap().retry_delay.unwrap().is_zero());
    types(&bob, "den", true).await.unwrap();
    alice.sends("den", &fresh_id(), "said instead").await.unwrap();
}
