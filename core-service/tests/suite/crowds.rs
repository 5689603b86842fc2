//! Rooms of more than 200 members: what is of interest to each is told to few.

use chat_proto::v1;
use chat_proto::v1::subscribe_response::Event;
use chat_proto::v1::user_event::Event as UserEvent;
use futures::future::join_all;

use crate::harness::{Caller, Server};
use crate::presence::{assert_unheard, is, moved, until_online};
use crate::read_state::{marks, types};

/// Members up to which they hear of each other (contract: Socket.IO).
const SMALL: usize = 200;

/// Makes a room of alice's that has more members by one; bob is one of them, and so is the guest who is returned.
async fn crowd(server: &Server) -> (Caller, Caller, Caller) {
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.creates("hall").await;
    let names: Vec<_> = (0..SMALL - 1).map(|number| format!("guest{number}")).collect();
    join_all(names.iter().map(async |name| alice.brings("hall", &server.sign_up(name).await).await)).await;
    alice.brings("hall", &bob).await;
    assert_eq!(alice.members("hall").await.unwrap().len(), SMALL + 1);
    (alice, bob, server.service().on_behalf_of(&names[0]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_is_quiet_while_it_has_more_than_200_members() {
    let server = Server::start().await;
    let (alice, bob, guest) = crowd(&server).await;
    let (zoe, mut alices) = (server.sign_up("zoe").await, alice.listens().await);
    zoe.befriends(&bob).await;
    let mut zoes = zoe.listens().await;
    let (mut watch, _) = alice.watches("hall", None).await;
    let mut bobs = bob.listens().await;
    let read = |last_read_seq| v1::ReadState { room_id: "hall".to_owned(), user_id: "bob".to_owned(), last_read_seq };

    // What alice hears of bob is what he says.
    assert_eq!(moved(&mut zoes).await, is("bob", true, "zoe"));
    assert_unheard(&zoe, &alice, &mut alices, "bob").await;
    let first = alice.says("hall", "1").await;
    types(&bob, "hall", true).await.unwrap();
    assert_eq!(marks(&bob, "hall", Some(1)).await.unwrap(), 1);
    assert_eq!(bobs.user_event().await, UserEvent::ReadState(read(1)));
    let second = bob.says("hall", "2").await;
    assert_eq!(watch.messages(2).await, [first, second]);

    guest.leaves("hall").await.unwrap();
    until_online(&mut alices, &["bob"]).await;
    types(&bob, "hall", true).await.unwrap();
    marks(&bob, "hall", None).await.unwrap();
    let left = v1::MemberLeft { room_id: "hall".to_owned(), user_id: guest.id.clone() };
    let typing = v1::Typing { room_id: "hall".to_owned(), user_id: "bob".to_owned(), is_typing: true };
    for event in [Event::MemberLeft(left), Event::Typing(typing), Event::ReadState(read(2))] {
        assert_eq!(watch.next().await, event);
    }
    assert_eq!(bobs.user_event().await, UserEvent::ReadState(read(2)));

    // One more, and it is quiet again.
    alice.brings("hall", &guest).await;
    until_online(&mut alices, &[]).await;
    types(&bob, "hall", false).await.unwrap();
    let third = bob.says("hall", "3").await;
    assert!(matches!(watch.next().await, Event::MemberJoined(_)));
    assert_eq!(watch.message().await, third);
}
