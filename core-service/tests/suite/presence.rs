//! Who is online: whoever is watched as a user. Friends hear of it, and those who share a small room.

use std::time::{Duration, Instant};

use chat_proto::v1;
use chat_proto::v1::subscribe_response::Event;
use chat_proto::v1::user_event::Event as UserEvent;

use crate::harness::{Caller, Server, Subscription, fresh_id};

/// How long somebody stays online without a device (contract: Socket.IO).
const GRACE: Duration = Duration::from_secs(5);

/// The next who came or went, whatever else comes before, and for whom it is.
pub(crate) async fn moved(subscription: &mut Subscription) -> (String, bool, String) {
    loop {
        if let Event::Presence(v1::Presence { user_id, online, watcher_id }) = subscription.next().await {
            return (user_id, online, watcher_id);
        }
    }
}

/// Waits until somebody has come or gone, whoever else does before.
async fn until_moved(subscription: &mut Subscription, expected: &(String, bool, String)) {
    while moved(subscription).await != *expected {}
}

pub(crate) fn is(user: &str, online: bool, watcher: &str) -> (String, bool, String) {
    (user.to_owned(), online, watcher.to_owned())
}

/// The next list of those who are online.
async fn online(subscription: &mut Subscription) -> v1::OnlineUsers {
    loop {
        if let Event::UserEvent(v1::UserEvent { event: Some(UserEvent::OnlineUsers(online)), .. }) =
            subscription.next().await
        {
            return online;
        }
    }
}

/// Waits until these are the ones who are online by all that was told, and no others.
pub(crate) async fn until_online(subscription: &mut Subscription, users: &[&str]) {
    while !subscription.online.iter().map(String::as_str).eq(users.iter().copied()) {
        match subscription.next().await {
            Event::UserEvent(v1::UserEvent { event: Some(UserEvent::OnlineUsers(online)), .. }) => {
                subscription.online = online.user_ids.into_iter().collect();
            }
            Event::Presence(presence) if presence.online => {
                subscription.online.insert(presence.user_id);
            }
            Event::Presence(presence) => {
                subscription.online.remove(&presence.user_id);
            }
            _ => {}
        }
    }
}

/// Somebody who is told of an invite was told nothing of this user before it.
pub(crate) async fn assert_unheard(host: &Caller, guest: &Caller, told: &mut Subscription, user: &str) {
    let room = format!("room-{}", fresh_id());
    host.creates(&room).await;
    host.invites(&room, &guest.id).await.unwrap();
    loop {
        match told.next().await {
            Event::Presence(presence) => assert_ne!(presence.user_id, user),
            Event::UserEvent(v1::UserEvent { event: Some(UserEvent::OnlineUsers(online)), .. }) => {
                assert!(online.user_ids.iter().all(|online| online != user), "{online:?}");
            }
            Event::UserEvent(v1::UserEvent { event: Some(UserEvent::Invite(invite)), .. })
                if invite.room_id == room =>
            {
                return;
            }
            _ => {}
        }
    }
}

async fn friends_online(caller: &Caller) -> Vec<String> {
    let friends = caller.social().list_friends(v1::ListFriendsRequest {}).await.unwrap().into_inner().friends;
    friends.into_iter().filter(|friend| friend.online).map(|friend| friend.user_id).collect()
}

async fn parts_from(caller: &Caller, friend: &Caller) {
    let request = v1::RemoveFriendRequest { user_id: friend.id.clone() };
    caller.social().remove_friend(request).await.unwrap();
}

#[tokio::test]
async fn friends_and_those_in_a_small_room_hear_of_it_and_strangers_do_not() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    let (carol, dave) = (server.sign_up("carol").await, server.sign_up("dave").await);
    alice.befriends(&bob).await;
    alice.creates("den").await;
    alice.brings("den", &carol).await;
    bob.creates("cave").await;
    bob.brings("cave", &dave).await;
    let (mut bobs, mut carols, mut daves) = (bob.listens().await, carol.listens().await, dave.listens().await);
    assert_eq!(moved(&mut bobs).await, is("dave", true, "bob"));

    let mut alices = alice.listens().await;
    assert_eq!(online(&mut alices).await.user_ids, ["bob", "carol"]);
    assert_eq!(moved(&mut bobs).await, is("alice", true, "bob"));
    assert_eq!(moved(&mut carols).await, is("alice", true, "carol"));
    assert_eq!(friends_online(&bob).await, ["alice"]);
    assert_unheard(&bob, &dave, &mut daves, "alice").await;
    drop(alices);
    assert_eq!(moved(&mut bobs).await, is("alice", false, "bob"));
    assert_eq!(moved(&mut carols).await, is("alice", false, "carol"));
    assert!(friends_online(&bob).await.is_empty());
    assert_unheard(&bob, &dave, &mut daves, "alice").await;
}

#[tokio::test]
async fn who_is_followed_by_a_service_is_online_too() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.befriends(&bob).await;
    let mut gateway = server.service().subscribes().await;
    for user in ["alice", "bob"] {
        gateway.watch_user(user).await;
    }
    // One stream for both; each is told of the other by whom it is for.
    until_moved(&mut gateway, &is("bob", true, "alice")).await;
    assert_eq!((friends_online(&alice).await, friends_online(&bob).await), (vec!["bob".into()], vec!["alice".into()]));
    let left = Instant::now();
    gateway.unwatch_user("bob").await;
    until_moved(&mut gateway, &is("bob", false, "alice")).await;
    assert!(left.elapsed() >= GRACE, "{:?}", left.elapsed());
}

#[tokio::test]
async fn whoever_has_another_device_or_comes_back_in_time_was_never_away() {
    let server = Server::start().await;
    let mut people = Vec::new();
    for id in ["bob", "alice", "eve", "zoe"] {
        people.push(server.sign_up(id).await);
    }
    let [bob, others @ ..] = &people[..] else { panic!() };
    let mut bobs = bob.listens().await;
    let mut devices = Vec::new();
    for other in others {
        bob.befriends(other).await;
        devices.push(other.listens().await);
        assert_eq!(moved(&mut bobs).await, is(&other.id, true, "bob"));
    }
    let alices_second = people[1].listens().await;
    let left = Instant::now();
    drop(devices);
    let _eve_is_back = people[2].listens().await;

    assert_eq!(moved(&mut bobs).await, is("zoe", false, "bob"));
    assert!(left.elapsed() >= GRACE, "{:?}", left.elapsed());
    assert_eq!(friends_online(bob).await, ["alice", "eve"]);
    let left = Instant::now();
    drop(alices_second);
    assert_eq!(moved(&mut bobs).await, is("alice", false, "bob"));
    assert!(left.elapsed() >= GRACE, "{:?}", left.elapsed());
    assert_eq!(friends_online(bob).await, ["eve"]);
}

#[tokio::test]
async fn after_a_start_the_first_list_may_lack_some_and_a_complete_one_follows() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.befriends(&bob).await;
    let (alice, bob) = (alice.token(), bob.token());
    let server = server.stop().await.start().await;

    let mut alices = server.holder("alice", &alice).listens().await;
    assert_eq!(online(&mut alices).await, v1::OnlineUsers { user_ids: vec![], complete: false });
    let _bobs = server.holder("bob", &bob).listens().await;
    assert_eq!(moved(&mut alices).await, is("bob", true, "alice"));
    let both = v1::OnlineUsers { user_ids: vec!["bob".to_owned()], complete: true };
    assert_eq!(online(&mut alices).await, both);
    let mut again = server.holder("alice", &alice).listens().await;
    assert_eq!(online(&mut again).await, both, "at once, from then on");
}

#[tokio::test]
async fn who_becomes_a_friend_or_enters_a_room_is_heard_of_until_that_ends() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    let (bob, carol) = (server.sign_up("bob").await, server.sign_up("carol").await);
    let (mut alices, mut bobs, mut carols) = (alice.listens().await, bob.listens().await, carol.listens().await);
    alice.creates("den").await;
    for told in [&mut alices, &mut bobs, &mut carols] {
        until_online(told, &[]).await;
    }
    alice.befriends(&bob).await;
    until_online(&mut alices, &["bob"]).await;
    until_online(&mut bobs, &["alice"]).await;
    alice.brings("den", &carol).await;
    until_online(&mut alices, &["bob", "carol"]).await;
    until_online(&mut carols, &["alice"]).await;

    parts_from(&bob, &alice).await;
    until_online(&mut alices, &["carol"]).await;
    until_online(&mut bobs, &[]).await;
    carol.leaves("den").await.unwrap();
    until_online(&mut alices, &[]).await;
    until_online(&mut carols, &[]).await;
    alice.brings("den", &bob).await;
    until_online(&mut bobs, &["alice"]).await;
    let removal = v1::RemoveMemberRequest { room_id: "den".to_owned(), user_id: "bob".to_owned() };
    alice.social().remove_member(removal).await.unwrap();
    until_online(&mut bobs, &[]).await;
    until_online(&mut alices, &[]).await;
}
