//! Direct rooms: two friends, one room, for good.

use std::time::{Duration, SystemTime};

use chat_proto::v1;
use chat_proto::v1::subscribe_response::Event;
use chat_proto::v1::user_event::Event as UserEvent;
use tonic::{Code, Status};

use crate::harness::{Caller, DUPLICATE, Server, code, fresh_id, refusal, send_request, sign_up_request, texts};

const ROOM: &str = "dm:alice:bob";

async fn starts(caller: &Caller, to: &str) -> Result<v1::DirectRoom, Status> {
    let request = v1::StartDirectMessageRequest { to_user_id: to.to_owned() };
    Ok(caller.social().start_direct_message(request).await?.into_inner().room.unwrap())
}

async fn direct_rooms(caller: &Caller) -> Vec<v1::DirectRoom> {
    caller.social().list_direct_rooms(v1::ListDirectRoomsRequest {}).await.unwrap().into_inner().rooms
}

async fn parts_from(caller: &Caller, friend: &Caller) {
    let request = v1::RemoveFriendRequest { user_id: friend.id.clone() };
    caller.social().remove_friend(request).await.unwrap();
}

/// Alice and bob, who are friends.
async fn friends(server: &Server) -> (Caller, Caller) {
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.befriends(&bob).await;
    (alice, bob)
}

#[tokio::test]
async fn two_friends_have_one_room_whoever_starts_it() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    let request = v1::SignUpRequest { display_name: "Bobby".to_owned(), ..sign_up_request("bob") };
    let token = server.stranger().auth().sign_up(request).await.unwrap().into_inner().token;
    let bob = server.holder("bob", &token);
    alice.befriends(&bob).await;
    let mut told = bob.listens().await;

    let room = starts(&bob, "alice").await.unwrap();
    assert_eq!((&*room.room_id, &*room.peer_user_id, room.unread_count), (ROOM, "alice", 0));
    assert_eq!((room.last_message_at, room.last_message_preview.clone()), (None, None));
    let UserEvent::RoomAdded(added) = told.user_event().await else { panic!("no room") };
    assert_eq!((&*added.room_id, added.r#type(), added.peer_user_id()), (ROOM, v1::RoomType::Direct, "alice"));

    assert_eq!(starts(&alice, "bob").await.unwrap().peer_user_id, "bob");
    assert_eq!(starts(&bob, "alice").await.unwrap(), room);
    let members = alice.members(ROOM).await.unwrap();
    let shown: Vec<_> = members.iter().map(|member| (&*member.user_id, member.role())).collect();
    assert_eq!(shown, [("alice", v1::Role::Member), ("bob", v1::Role::Member)]);
    let [listed] = &alice.rooms().await[..] else { panic!() };
    assert_eq!((&*listed.room_id, &*listed.title, listed.peer_user_id()), (ROOM, "Bobby", "bob"));
    // Nothing more of the room was told.
    alice.creates("den").await;
    alice.brings("den", &bob).await;
    assert!(matches!(told.user_event().await, UserEvent::Invite(_)));
}

#[tokio::test]
async fn only_friends_start_one() {
    let server = Server::start().await;
    let (alice, _) = friends(&server).await;
    server.sign_up("carol").await;
    for (to, expected) in [
        ("carol", "not_friends"),
        ("alice", "failed_precondition"),
        ("nobody", "not_found"),
        ("No Body", "invalid_argument"),
        ("", "invalid_argument"),
    ] {
        assert_eq!(refusal(starts(&alice, to).await), expected, "{to}");
    }
    assert!(alice.rooms().await.is_empty());
}

#[tokio::test]
async fn who_are_friends_no_more_read_what_was_said_and_say_nothing() {
    let server = Server::start().await;
    let (alice, bob) = friends(&server).await;
    starts(&alice, "bob").await.unwrap();
    let id = fresh_id();
    let said = alice.sends(ROOM, &id, "hi").await.unwrap().message;
    let (mut watch, _) = bob.watches(ROOM, Some(0)).await;
    assert_eq!(Some(watch.message().await), said);
    parts_from(&bob, &alice).await;

    for caller in [&alice, &bob] {
        let refused = caller.sends(ROOM, &fresh_id(), "still there?").await.unwrap_err();
        assert_eq!((refused.code(), code(&refused)), (Code::PermissionDenied, "not_friends".to_owned()));
        let mut stream = caller.streams().await.unwrap();
        stream.send(send_request(ROOM, &fresh_id(), "still there?"), None).await;
        assert_eq!(stream.outcome().await, "not_friends");
        assert_eq!(texts(&caller.reads(ROOM).await), ["hi"]);
        assert_eq!(direct_rooms(caller).await.len(), 1);
    }
    assert_eq!(refusal(starts(&alice, "bob").await), "not_friends");
    let again = alice.sends(ROOM, &id, "hi").await.unwrap();
    assert_eq!((again.status(), again.message), (DUPLICATE, said), "what was stored is stored");
    assert_eq!(refusal(alice.sends(ROOM, &id, "other").await), "idempotency_conflict");

    alice.befriends(&bob).await;
    let made_up = bob.says(ROOM, "friends again").await;
    assert_eq!((made_up.seq, watch.message().await), (2, made_up.clone()));
}

#[tokio::test]
async fn nobody_comes_into_a_direct_room_and_nobody_goes() {
    let server = Server::start().await;
    let (alice, bob) = friends(&server).await;
    let carol = server.sign_up("carol").await;
    alice.befriends(&carol).await;
    starts(&alice, "bob").await.unwrap();
    let remove = |user: &str| v1::RemoveMemberRequest { room_id: ROOM.to_owned(), user_id: user.to_owned() };
    for caller in [&alice, &bob] {
        assert_eq!(refusal(caller.leaves(ROOM).await), "failed_precondition");
        for other in ["alice", "bob", "carol", "nobody"] {
            assert_eq!(refusal(caller.invites(ROOM, other).await), "failed_precondition", "{other}");
            assert_eq!(refusal(caller.social().remove_member(remove(other)).await), "failed_precondition", "{other}");
        }
    }
    assert_eq!(refusal(carol.sends(ROOM, &fresh_id(), "me too").await), "not_a_member");
    assert_eq!(refusal(carol.invites(ROOM, "carol").await), "not_a_member");
    assert_eq!(alice.members(ROOM).await.unwrap().len(), 2);
}

#[tokio::test]
async fn direct_rooms_are_listed_the_newest_first_with_what_was_said_last() {
    let server = Server::start().await;
    let (alice, bob) = friends(&server).await;
    let (carol, dave) = (server.sign_up("carol").await, server.sign_up("dave").await);
    alice.creates("den").await;
    alice.says("den", "no direct room").await;
    for friend in [&carol, &dave] {
        alice.befriends(friend).await;
        starts(friend, "alice").await.unwrap();
    }
    starts(&alice, "bob").await.unwrap();
    bob.says(ROOM, "one").await;
    let older = alice.says(ROOM, &format!("two\nlines\tand {}", "\u{e4}".repeat(200))).await;
    let stored = SystemTime::try_from(older.sent_at.unwrap()).unwrap();
    // The list goes by whole milliseconds.
    while SystemTime::now() < stored + Duration::from_millis(1) {
        tokio::task::yield_now().await;
    }
    let newer = dave.says("dm:alice:dave", "short").await;

    let rooms = direct_rooms(&alice).await;
    let shown: Vec<_> = rooms.iter().map(|room| (&*room.room_id, &*room.peer_user_id, room.unread_count)).collect();
    let expected = [("dm:alice:dave", "dave", 1), (ROOM, "bob", 1), ("dm:alice:carol", "carol", 0)];
    assert_eq!(shown, expected);
    assert_eq!((rooms[0].last_message_at, rooms[0].last_message_preview()), (newer.sent_at, "short"));
    let long = format!("two lines and {}", "\u{e4}".repeat(120 - 14));
    assert_eq!((rooms[1].last_message_at, rooms[1].last_message_preview()), (older.sent_at, &*long));
    assert_eq!((rooms[2].last_message_at, rooms[2].last_message_preview.as_ref()), (None, None));
    assert_eq!(direct_rooms(&dave).await[0].unread_count, 0);
}

#[tokio::test]
async fn a_service_that_watches_a_direct_room_is_told_who_is_in_it() {
    let server = Server::start().await;
    let (alice, bob) = friends(&server).await;
    starts(&alice, "bob").await.unwrap();
    let (mut watch, watching) = server.service().watches(ROOM, Some(0)).await;
    assert_eq!(watching.members, ["alice", "bob"]);
    let said = bob.says(ROOM, "hi").await;
    assert_eq!(watch.next().await, Event::Message(said));
}
