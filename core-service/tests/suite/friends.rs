//! Friends: asked, answered, and parted.

use chat_proto::v1;
use chat_proto::v1::list_friend_requests_request::Direction;
use chat_proto::v1::user_event::Event as UserEvent;
use tonic::Status;

use crate::harness::{Caller, Server, fresh_id, refusal};

const PENDING: v1::FriendRequestStatus = v1::FriendRequestStatus::Pending;
const ACCEPTED: v1::FriendRequestStatus = v1::FriendRequestStatus::Accepted;
const REJECTED: v1::FriendRequestStatus = v1::FriendRequestStatus::Rejected;

async fn asks(caller: &Caller, to: &str) -> Result<(v1::FriendRequest, bool), Status> {
    let request = v1::SendFriendRequestRequest { to_user_id: to.to_owned() };
    let answer = caller.social().send_friend_request(request).await?.into_inner();
    Ok((answer.request.unwrap(), answer.created))
}

async fn accepts(caller: &Caller, id: &str) -> Result<v1::FriendRequest, Status> {
    let request = v1::AcceptFriendRequestRequest { request_id: id.to_owned() };
    Ok(caller.social().accept_friend_request(request).await?.into_inner().request.unwrap())
}

async fn rejects(caller: &Caller, id: &str) -> Result<v1::FriendRequest, Status> {
    let request = v1::RejectFriendRequestRequest { request_id: id.to_owned() };
    Ok(caller.social().reject_friend_request(request).await?.into_inner().request.unwrap())
}

async fn requests(caller: &Caller, direction: Direction) -> Vec<v1::FriendRequest> {
    let request = v1::ListFriendRequestsRequest { direction: direction.into() };
    caller.social().list_friend_requests(request).await.unwrap().into_inner().requests
}

async fn friends(caller: &Caller) -> Vec<v1::Friend> {
    caller.social().list_friends(v1::ListFriendsRequest {}).await.unwrap().into_inner().friends
}

async fn names(caller: &Caller) -> Vec<String> {
    friends(caller).await.into_iter().map(|friend| friend.user_id).collect()
}

async fn parts_from(caller: &Caller, friend: &str) -> Result<(), Status> {
    let request = v1::RemoveFriendRequest { user_id: friend.to_owned() };
    caller.social().remove_friend(request).await.map(|_| ())
}

#[tokio::test]
async fn a_request_is_made_once_and_makes_friends_of_two() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    let (request, created) = asks(&alice, "bob").await.unwrap();
    assert!(created);
    assert_eq!((&*request.from_user_id, &*request.to_user_id, request.status()), ("alice", "bob", PENDING));
    assert_eq!(asks(&alice, "bob").await.unwrap(), (request.clone(), false));

    for (caller, incoming, outgoing) in [(&alice, 0, 1), (&bob, 1, 0)] {
        assert_eq!(requests(caller, Direction::Incoming).await, vec![request.clone(); incoming]);
        assert_eq!(requests(caller, Direction::Outgoing).await, vec![request.clone(); outgoing]);
        assert!(friends(caller).await.is_empty(), "not yet");
    }
    let accepted = accepts(&bob, &request.id).await.unwrap();
    assert_eq!(accepted, v1::FriendRequest { status: ACCEPTED.into(), ..request });
    for (caller, friend) in [(&alice, "bob"), (&bob, "alice")] {
        let (user_id, display_name) = (friend.to_owned(), friend.to_owned());
        assert_eq!(friends(caller).await, [v1::Friend { user_id, display_name, online: false }]);
        for direction in [Direction::Incoming, Direction::Outgoing] {
            assert!(requests(caller, direction).await.is_empty());
        }
    }
}

#[tokio::test]
async fn whoever_asks_back_is_a_friend_thereby() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    let (request, _) = asks(&alice, "bob").await.unwrap();
    let (accepted, created) = asks(&bob, "alice").await.unwrap();
    assert_eq!((accepted.id, created), (request.id, false));
    assert_eq!(v1::FriendRequestStatus::try_from(accepted.status), Ok(ACCEPTED));
    assert_eq!((names(&alice).await, names(&bob).await), (vec!["bob".to_owned()], vec!["alice".to_owned()]));
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.befriends(&bob).await;
    for (to, expected) in [
        ("alice", "failed_precondition"),
        ("bob", "failed_precondition"),
        ("nobody", "not_found"),
        ("No Body", "invalid_argument"),
        ("", "invalid_argument"),
    ] {
        assert_eq!(refusal(asks(&alice, to).await), expected, "{to}");
    }
    for direction in [0, 3, -1] {
        let request = v1::ListFriendRequestsRequest { direction };
        assert_eq!(refusal(alice.social().list_friend_requests(request).await), "invalid_argument");
    }
    assert!(requests(&alice, Direction::Outgoing).await.is_empty());
}

#[tokio::test]
async fn a_request_is_answered_once_by_whom_it_asks_alone() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    let (bob, carol) = (server.sign_up("bob").await, server.sign_up("carol").await);
    let (request, _) = asks(&alice, "bob").await.unwrap();
    for other in [&alice, &carol] {
        assert_eq!(refusal(accepts(other, &request.id).await), "forbidden");
        assert_eq!(refusal(rejects(other, &request.id).await), "forbidden");
    }
    for (id, expected) in [("", "invalid_argument"), ("junk", "not_found"), (&*fresh_id(), "not_found")] {
        assert_eq!(refusal(accepts(&bob, id).await), expected, "{id}");
        assert_eq!(refusal(rejects(&bob, id).await), expected, "{id}");
    }
    assert_eq!(rejects(&bob, &request.id).await.unwrap().status(), REJECTED);
    assert_eq!(refusal(accepts(&bob, &request.id).await), "failed_precondition");
    assert_eq!(refusal(rejects(&bob, &request.id).await), "failed_precondition");
    assert!(names(&alice).await.is_empty());

    // Who was declined may ask again, and so may who declined.
    let (again, created) = asks(&alice, "bob").await.unwrap();
    assert!(created && again.id != request.id);
    assert_eq!(accepts(&bob, &again.id).await.unwrap().status(), ACCEPTED);
}

#[tokio::test]
async fn requests_are_told_to_whom_they_concern() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    let (mut alices, mut bobs) = (alice.listens().await, bob.listens().await);

    let (request, _) = asks(&alice, "bob").await.unwrap();
    assert_eq!(bobs.user_event().await, UserEvent::FriendRequest(request.clone()));
    let rejected = rejects(&bob, &request.id).await.unwrap();
    // The first that alice hears: of her own request nobody told her.
    for told in [&mut alices, &mut bobs] {
        assert_eq!(told.user_event().await, UserEvent::FriendRequest(rejected.clone()));
    }
    let (request, _) = asks(&bob, "alice").await.unwrap();
    assert_eq!(alices.user_event().await, UserEvent::FriendRequest(request));
    let (accepted, _) = asks(&alice, "bob").await.unwrap();
    for told in [&mut alices, &mut bobs] {
        assert_eq!(told.user_event().await, UserEvent::FriendRequest(accepted.clone()));
    }
}

#[tokio::test]
async fn a_friendship_ends_for_both_and_can_begin_again() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    let (bob, carol) = (server.sign_up("bob").await, server.sign_up("carol").await);
    alice.befriends(&carol).await;
    alice.befriends(&bob).await;
    assert_eq!(names(&alice).await, ["bob", "carol"]);

    parts_from(&bob, "alice").await.unwrap();
    assert_eq!((names(&alice).await, names(&bob).await), (vec!["carol".to_owned()], vec![]));
    for (friend, expected) in
        [("alice", "not_found"), ("carol", "not_found"), ("nobody", "not_found"), ("", "invalid_argument")]
    {
        assert_eq!(refusal(parts_from(&bob, friend).await), expected, "{friend}");
    }
    assert!(asks(&alice, "bob").await.unwrap().1);
    asks(&bob, "alice").await.unwrap();
    assert_eq!(names(&alice).await, ["bob", "carol"]);
}

#[tokio::test]
async fn friends_and_requests_survive_a_restart() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    let (bob, carol) = (server.sign_up("bob").await, server.sign_up("carol").await);
    alice.befriends(&bob).await;
    let (request, _) = asks(&carol, "alice").await.unwrap();
    let token = alice.token();
    drop((alice, bob, carol));

    let server = server.stop().await.start().await;
    let alice = server.holder("alice", &token);
    assert_eq!(names(&alice).await, ["bob"]);
    assert_eq!(requests(&alice, Direction::Incoming).await, [request]);
}
