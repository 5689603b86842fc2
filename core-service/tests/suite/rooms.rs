//! Rooms, their members, and invites.

use std::time::{Duration, SystemTime};

use chat_proto::v1;
use tonic::Status;

use crate::harness::{Caller, Server, fresh_id, refusal};

async fn create(caller: &Caller, room: &str, title: &str) -> Result<v1::Room, Status> {
    let request = v1::CreateRoomRequest { room_id: room.to_owned(), title: title.to_owned() };
    Ok(caller.social().create_room(request).await?.into_inner().room.unwrap())
}

async fn invites(caller: &Caller) -> Vec<v1::Invite> {
    caller.social().list_invites(v1::ListInvitesRequest {}).await.unwrap().into_inner().invites
}

fn roles(members: &[v1::Member]) -> Vec<(&str, v1::Role)> {
    members.iter().map(|member| (member.user_id.as_str(), member.role())).collect()
}

#[tokio::test]
async fn a_room_has_its_maker_for_owner_and_a_name_of_its_own() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    let room = create(&alice, "den", " The Den ").await.unwrap();
    assert_eq!((room.room_id.as_str(), room.title.as_str(), room.r#type()), ("den", "The Den", v1::RoomType::Channel));
    assert_eq!(room.members, ["alice"]);
    assert_eq!(create(&alice, "hall", "").await.unwrap().title, "hall");
    assert_eq!(roles(&alice.members("den").await.unwrap()), [("alice", v1::Role::Owner)]);

    for caller in [&alice, &bob] {
        assert_eq!(refusal(create(caller, "den", "").await), "already_exists");
    }
    // Names differ by case.
    create(&bob, "Den", "").await.unwrap();
    for (room, title, expected) in [
        ("", "", "invalid_argument"),
        ("a room", "", "invalid_argument"),
        ("dm:alice:bob", "", "invalid_argument"),
        (&*"x".repeat(65), "", "invalid_argument"),
        ("x", &*"t".repeat(101), "too_large"),
        ("x", "a\nb", "invalid_argument"),
    ] {
        assert_eq!(refusal(create(&alice, room, title).await), expected, "{room} {title}");
    }
}

/// Waits until the clock shows more than when a message was stored: the list goes by whole milliseconds.
async fn later_than(message: &v1::Message) {
    let stored = SystemTime::try_from(message.sent_at.unwrap()).unwrap();
    while SystemTime::now() < stored + Duration::from_millis(1) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn rooms_are_listed_by_their_newest_message_with_what_is_unread() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    for room in ["calm", "new", "old"] {
        alice.creates(room).await;
        alice.brings(room, &bob).await;
    }
    alice.creates("alone").await;
    alice.says("new", "1").await;
    later_than(&alice.says("old", "1").await).await;
    bob.says("new", "2").await;
    let last = alice.says("new", "3").await;

    let rooms = bob.rooms().await;
    let shown: Vec<_> = rooms.iter().map(|room| (&*room.room_id, room.latest_seq, room.unread_count)).collect();
    assert_eq!(shown, [("new", 3, 2), ("old", 1, 1), ("calm", 0, 0)]);
    assert_eq!(rooms[0].last_message, Some(last));
    assert_eq!((rooms[2].last_message.clone(), rooms[0].last_read_seq), (None, 0));
    assert_eq!(alice.rooms().await[0].unread_count, 1);
}

#[tokio::test]
async fn members_are_listed_to_members_the_longest_standing_first() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    let (zoe, bob) = (server.sign_up("zoe").await, server.sign_up("bob").await);
    alice.creates("den").await;
    alice.brings("den", &zoe).await;
    zoe.brings("den", &bob).await;
    let members = bob.members("den").await.unwrap();
    let (owner, member) = (v1::Role::Owner, v1::Role::Member);
    assert_eq!(roles(&members), [("alice", owner), ("zoe", member), ("bob", member)]);
    let carol = server.sign_up("carol").await;
    for room in ["den", "nowhere"] {
        assert_eq!(refusal(carol.members(room).await), "not_a_member");
        assert_eq!(refusal(carol.leaves(room).await), "not_a_member");
        assert_eq!(refusal(carol.invites(room, "alice").await), "not_a_member");
    }
}

#[tokio::test]
async fn an_invite_is_made_once_by_any_member() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    let (bob, carol) = (server.sign_up("bob").await, server.sign_up("carol").await);
    alice.creates("den").await;
    alice.brings("den", &bob).await;

    let made = bob.invites("den", "carol").await.unwrap();
    let invite = made.invite.unwrap();
    assert!(made.created);
    assert_eq!((&*invite.room_id, &*invite.from_user_id, &*invite.to_user_id), ("den", "bob", "carol"));
    assert_eq!(invite.status(), v1::InviteStatus::Pending);
    let again = alice.invites("den", "carol").await.unwrap();
    assert_eq!((again.created, again.invite.as_ref()), (false, Some(&invite)));

    for (room, to, expected) in [
        ("den", "bob", "failed_precondition"),
        ("den", "alice", "failed_precondition"),
        ("den", "nobody", "not_found"),
        ("den", "No Body", "invalid_argument"),
        ("no room", "carol", "invalid_argument"),
        ("dm:alice:bob", "carol", "not_a_member"),
    ] {
        assert_eq!(refusal(alice.invites(room, to).await), expected, "{room} {to}");
    }
    alice.creates("hall").await;
    let second = alice.invites("hall", "carol").await.unwrap().invite.unwrap();
    assert_eq!(invites(&carol).await, [invite, second]);
    assert!(invites(&bob).await.is_empty());
}

#[tokio::test]
async fn an_invite_is_answered_once_by_the_invited_alone() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    for room in ["den", "hall"] {
        alice.creates(room).await;
    }
    let den = alice.invites("den", "bob").await.unwrap().invite.unwrap().id;
    let hall = alice.invites("hall", "bob").await.unwrap().invite.unwrap().id;

    assert_eq!(refusal(alice.accepts(&den).await), "forbidden");
    assert_eq!(refusal(alice.rejects(&den).await), "forbidden");
    for (id, expected) in [("", "invalid_argument"), ("junk", "not_found"), (&*fresh_id(), "not_found")] {
        assert_eq!(refusal(bob.accepts(id).await), expected, "{id}");
        assert_eq!(refusal(bob.rejects(id).await), expected, "{id}");
    }
    assert_eq!(bob.accepts(&den).await.unwrap().status(), v1::InviteStatus::Accepted);
    assert_eq!(bob.rejects(&hall).await.unwrap().status(), v1::InviteStatus::Rejected);
    for id in [&den, &hall] {
        assert_eq!(refusal(bob.accepts(id).await), "failed_precondition");
        assert_eq!(refusal(bob.rejects(id).await), "failed_precondition");
    }
    bob.says("den", "here").await;
    assert_eq!(refusal(bob.members("hall").await), "not_a_member");
    assert!(invites(&bob).await.is_empty());
    // Who declined can be asked again.
    assert!(alice.invites("hall", "bob").await.unwrap().created);
}

#[tokio::test]
async fn an_owner_who_leaves_passes_the_room_on() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    let (zoe, bob) = (server.sign_up("zoe").await, server.sign_up("bob").await);
    alice.creates("den").await;
    alice.brings("den", &zoe).await;
    alice.brings("den", &bob).await;

    alice.leaves("den").await.unwrap();
    let (owner, member) = (v1::Role::Owner, v1::Role::Member);
    assert_eq!(roles(&bob.members("den").await.unwrap()), [("zoe", owner), ("bob", member)]);
    assert_eq!(refusal(alice.sends("den", &fresh_id(), "x").await), "not_a_member");
    assert!(alice.rooms().await.is_empty());
    zoe.brings("den", &alice).await;
    bob.leaves("den").await.unwrap();
    assert_eq!(roles(&zoe.members("den").await.unwrap()), [("zoe", owner), ("alice", member)]);
}

#[tokio::test]
async fn an_emptied_room_keeps_its_name_and_its_log_for_whoever_was_invited() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.creates("den").await;
    let message = alice.says("den", "is anybody there").await;
    let invite = alice.invites("den", "bob").await.unwrap().invite.unwrap().id;
    alice.leaves("den").await.unwrap();
    for caller in [&alice, &bob] {
        assert_eq!(refusal(create(caller, "den", "").await), "already_exists");
        assert_eq!(refusal(caller.resyncs("den", 0, 1).await), "not_a_member");
    }

    bob.accepts(&invite).await.unwrap();
    assert_eq!(roles(&bob.members("den").await.unwrap()), [("bob", v1::Role::Owner)]);
    assert_eq!(bob.reads("den").await, [message]);
    assert_eq!(bob.says("den", "now there is").await.seq, 2);
}
