//! Who is answered what: every method there is, for everybody who should not be answered, with the contract's code.

use std::collections::{BTreeSet, HashMap};

use chat_proto::v1;
use core_service::domain::Scope;
use core_service::store::ServiceAccounts;
use prost::Message as _;
use prost_types::{DescriptorProto, FileDescriptorSet};
use tonic::Code;

use crate::calls::{Call, Things, call, calls, of_rooms};
use crate::harness::{Caller, Server, code, fresh_id, send_request, sign_up_request, soon};

/// The methods that need no token.
const PUBLIC: [&str; 2] = ["/chat.v1.AuthService/SignUp", "/chat.v1.AuthService/LogIn"];
/// What a service account with `messages:write` may call.
const WRITES: [&str; 3] =
    ["/chat.v1.ChatService/SendMessage", "/chat.v1.ChatService/SendMessages", "/chat.v1.FileService/UploadFile"];
/// The stream that names no user of its own.
const SUBSCRIBE: &str = "/chat.v1.ChatService/Subscribe";

/// A refusal, by the status of a call or within its stream.
#[derive(Debug, PartialEq)]
struct Refused {
    code: String,
    message: String,
    details: Vec<u8>,
}

/// Makes a call. A status must be the one that the contract has for its code.
async fn attempt(caller: &Caller, made: &Call) -> Result<(), Refused> {
    match call(caller, made.path, made.body.clone()).await {
        Ok(answer) => refused_within(made.path, &answer).map_or(Ok(()), Err),
        Err(status) => {
            let code = code(&status);
            assert_eq!(status.code(), status_of(&code), "{} {code}", made.path);
            Err(Refused { code, message: status.message().to_owned(), details: status.details().to_vec() })
        }
    }
}

async fn answered(caller: &Caller, made: &Call) -> String {
    attempt(caller, made).await.map_or_else(|refused| refused.code, |()| "ok".to_owned())
}

fn refused_within(path: &str, answer: &[u8]) -> Option<Refused> {
    use v1::send_messages_response::Outcome;
    use v1::subscribe_response::Event;
    let (code, message) = match path {
        "/chat.v1.ChatService/SendMessages" => match v1::SendMessagesResponse::decode(answer).unwrap().outcome? {
            Outcome::Rejection(rejection) => (rejection.code, rejection.message),
            Outcome::Result(_) => return None,
        },
        SUBSCRIBE => match v1::SubscribeResponse::decode(answer).unwrap().event? {
            Event::Error(error) => (error.code, error.message),
            _ => return None,
        },
        _ => return None,
    };
    Some(Refused { code, message, details: Vec::new() })
}

fn status_of(code: &str) -> Code {
    match code {
        "unauthenticated" => Code::Unauthenticated,
        "not_a_member" | "not_friends" | "forbidden" => Code::PermissionDenied,
        "not_found" => Code::NotFound,
        "invalid_argument" => Code::InvalidArgument,
        "already_exists" => Code::AlreadyExists,
        "failed_precondition" => Code::FailedPrecondition,
        other => panic!("{other}"),
    }
}

/// A room of alice's with a message and a file in it, an invite and a friend request of hers to bob, a session of hers.
/// All is made by a service, so that no session is needed; dave was removed from the room a moment ago.
async fn world(server: &Server) -> (Caller, Things) {
    let mut people = Vec::new();
    for id in ["alice", "bob", "carol", "dave"] {
        server.stranger().auth().sign_up(sign_up_request(id)).await.unwrap();
        people.push(server.service().on_behalf_of(id));
    }
    let [alice, _, _, dave] = &people[..] else { panic!() };
    alice.creates("den").await;
    let header = v1::UploadFileHeader { name: "secret".to_owned(), ..v1::UploadFileHeader::default() };
    let part = Some(v1::upload_file_request::Part::Header(header));
    let upload = alice.files().upload_file(tokio_stream::iter([v1::UploadFileRequest { part }])).await.unwrap();
    let file = upload.into_inner().file.unwrap().file_id;
    let sent = Some(v1::FileReference { file_id: file.clone() });
    alice.brings("den", dave).await;
    let send = v1::SendMessageRequest { file: sent, ..send_request("den", &fresh_id(), "hi") };
    alice.chat().send_message(send).await.unwrap();
    let invite = alice.invites("den", "bob").await.unwrap().invite.unwrap().id;
    let asked = v1::SendFriendRequestRequest { to_user_id: "bob".to_owned() };
    let request = alice.social().send_friend_request(asked).await.unwrap().into_inner().request.unwrap().id;
    let sessions = alice.auth().list_sessions(v1::ListSessionsRequest {}).await.unwrap().into_inner().sessions;
    let session = sessions.first().map(|session| session.id.clone()).unwrap_or_default();
    let removal = v1::RemoveMemberRequest { room_id: "den".to_owned(), user_id: "dave".to_owned() };
    alice.social().remove_member(removal).await.unwrap();
    (alice.clone(), Things { room: "den".to_owned(), user: "alice".to_owned(), invite, request, session, file })
}

/// Nothing of alice's world was changed by anybody.
async fn assert_untouched(alice: &Caller) {
    assert_eq!(alice.reads("den").await.len(), 1);
    assert_eq!(alice.members("den").await.unwrap().len(), 1);
    assert_eq!(alice.rooms().await.len(), 1);
    let bob = alice.on_behalf_of("bob");
    assert_eq!(bob.social().list_invites(v1::ListInvitesRequest {}).await.unwrap().into_inner().invites.len(), 1);
    let direction = v1::list_friend_requests_request::Direction::Incoming.into();
    let asked = v1::ListFriendRequestsRequest { direction };
    assert_eq!(bob.social().list_friend_requests(asked).await.unwrap().into_inner().requests.len(), 1);
}

/// Every method of the package, with the type of its request, as reflection shows it.
fn methods() -> Vec<(String, String)> {
    let set = FileDescriptorSet::decode(chat_proto::DESCRIPTORS).unwrap();
    let ours = set.file.iter().filter(|file| file.package() == "chat.v1");
    ours.flat_map(|file| &file.service)
        .flat_map(|service| {
            let name = service.name();
            service
                .method
                .iter()
                .map(move |method| (format!("/chat.v1.{name}/{}", method.name()), method.input_type().to_owned()))
        })
        .collect()
}

/// Whether a message names a room, itself or in what it holds.
fn names_a_room(message: &str, known: &HashMap<String, DescriptorProto>) -> bool {
    let fields = known.get(message).map(|message| &message.field[..]).unwrap_or_default();
    fields.iter().any(|field| field.name() == "room_id" || names_a_room(field.type_name(), known))
}

#[test]
fn every_method_has_a_call() {
    let known: BTreeSet<_> = methods().into_iter().map(|(path, _)| path).collect();
    let called: BTreeSet<_> = calls(&Things::default()).iter().map(|call| call.path.to_owned()).collect();
    assert_eq!(called, known);
}

#[tokio::test]
async fn no_call_is_answered_to_whom_nobody_knows() {
    let server = Server::start().await;
    let (alice, things) = world(&server).await;
    let (session, revoked) = (server.log_in("alice").await, server.log_in("alice").await);
    revoked.auth().log_out(v1::LogOutRequest {}).await.unwrap();
    let unknown = server.holder("", &format!("hfs_{}", "x".repeat(43)));
    let strangers = [server.stranger(), server.holder("", "junk"), unknown, revoked];

    for made in calls(&things).iter().filter(|made| !PUBLIC.contains(&made.path)) {
        for stranger in &strangers {
            assert_eq!(answered(stranger, made).await, "unauthenticated", "{}", made.path);
        }
        assert_eq!(answered(&session.on_behalf_of("alice"), made).await, "forbidden", "{}", made.path);
        if made.path != SUBSCRIBE {
            assert_eq!(answered(&server.service(), made).await, "invalid_argument", "{}", made.path);
        }
        assert_eq!(answered(&server.service().on_behalf_of("nobody"), made).await, "not_found", "{}", made.path);
    }
    assert_untouched(&alice).await;
}

#[tokio::test]
async fn no_call_is_answered_after_the_time_of_a_session() {
    let server = Server::start_with(&["--no-rate-limits", "--session-ttl", "1s"]).await;
    let (alice, things) = world(&server).await;
    let expired = server.log_in("alice").await;
    soon(async { while expired.me().await.is_ok() {} }).await;
    for made in calls(&things).iter().filter(|made| !PUBLIC.contains(&made.path)) {
        assert_eq!(answered(&expired, made).await, "unauthenticated", "{}", made.path);
    }
    assert_untouched(&alice).await;
}

#[tokio::test]
async fn what_is_somebody_elses_is_refused_to_a_stranger_and_to_whom_was_removed_alike() {
    let server = Server::start().await;
    let (alice, things) = world(&server).await;
    for user in ["carol", "dave"] {
        let outsider = server.log_in(user).await;
        for made in calls(&things) {
            assert_eq!(answered(&outsider, &made).await, made.outsider, "{user} {}", made.path);
        }
    }
    assert_untouched(&alice).await;
}

#[tokio::test]
async fn nobody_can_tell_a_room_that_is_not_theirs_from_one_that_is_not_there() {
    let known: HashMap<_, _> = FileDescriptorSet::decode(chat_proto::DESCRIPTORS)
        .unwrap()
        .file
        .into_iter()
        .flat_map(|file| file.message_type)
        .map(|message| (format!(".chat.v1.{}", message.name()), message))
        .collect();
    let mut naming: BTreeSet<_> =
        methods().into_iter().filter(|(_, input)| names_a_room(input, &known)).map(|(path, _)| path).collect();
    // Who makes a room is told that its name is taken.
    assert!(naming.remove("/chat.v1.SocialService/CreateRoom"));
    assert_eq!(of_rooms("den", "bob").iter().map(|made| made.path.to_owned()).collect::<BTreeSet<_>>(), naming);

    let server = Server::start().await;
    let (alice, _) = world(&server).await;
    let bob = alice.on_behalf_of("bob");
    alice.befriends(&bob).await;
    let start = v1::StartDirectMessageRequest { to_user_id: "bob".to_owned() };
    alice.social().start_direct_message(start).await.unwrap();
    alice.says("dm:alice:bob", "between us").await;
    alice.creates("emptied").await;
    alice.says("emptied", "the last word").await;
    alice.leaves("emptied").await.unwrap();

    for user in ["carol", "dave"] {
        let outsider = server.log_in(user).await;
        // Of the two direct rooms of the outsider's own, one could be made, the other not.
        let own = [format!("dm:bob:{user}"), format!("dm:{user}:nobody")];
        for to in ["bob", "nobody"] {
            for (index, made) in of_rooms("nowhere", to).iter().enumerate() {
                let unknown = attempt(&outsider, made).await.unwrap_err();
                assert_eq!(unknown.code, "not_a_member", "{}", made.path);
                for room in ["den", "emptied", "dm:alice:bob", "dm:aa:zz", &own[0], &own[1]] {
                    let refused = attempt(&outsider, &of_rooms(room, to)[index]).await.unwrap_err();
                    assert_eq!(refused, unknown, "{user} {room} {}", made.path);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_service_account_may_do_what_its_scopes_say_and_nothing_else() {
    let server = Server::start().await;
    let (alice, things) = world(&server).await;
    let (writer, watcher) =
        (server.account("writer", &[Scope::MessagesWrite]), server.account("watcher", &[Scope::RoomsWatch]));
    let revoked = server.account("revoked", &[Scope::MessagesWrite, Scope::RoomsWatch]);
    let accounts = ServiceAccounts::open(&server.data()).unwrap();
    accounts.revoke(&"revoked".parse().unwrap()).unwrap();

    for made in calls(&things).iter().filter(|made| !PUBLIC.contains(&made.path)) {
        let (path, may_write) = (made.path, WRITES.contains(&made.path));
        assert_eq!(answered(&revoked, made).await, "unauthenticated", "{path}");
        assert_eq!(answered(&revoked.on_behalf_of("alice"), made).await, "unauthenticated", "{path}");
        let for_alice = answered(&writer.on_behalf_of("alice"), made).await;
        assert_eq!(for_alice, if may_write { "ok" } else { "forbidden" }, "{path}");
        let for_nobody = answered(&writer, made).await;
        assert_eq!(for_nobody, if may_write { "invalid_argument" } else { "forbidden" }, "{path}");
        if may_write {
            assert_eq!(answered(&writer.on_behalf_of("nobody"), made).await, "not_found", "{path}");
        }
        if path != SUBSCRIBE {
            assert_eq!(answered(&watcher, made).await, "forbidden", "{path}");
            assert_eq!(answered(&watcher.on_behalf_of("alice"), made).await, "forbidden", "{path}");
        }
    }
    // Both calls that may send sent the same message.
    assert_eq!(alice.reads("den").await.len(), 2);
}

#[tokio::test]
async fn an_account_that_watches_sees_any_room_and_no_user() {
    let server = Server::start().await;
    let (alice, _) = world(&server).await;
    let watcher = server.account("watcher", &[Scope::RoomsWatch]);
    let (mut subscription, watching) = watcher.watches("den", Some(0)).await;
    assert_eq!((watching.latest_seq, watching.members), (1, vec!["alice".to_owned()]));
    assert_eq!(subscription.message().await.text, "hi");
    let live = alice.says("den", "live").await;
    assert_eq!(subscription.message().await, live);

    subscription.watch_user("alice").await;
    assert_eq!(subscription.error().await.code, "forbidden");
    subscription.watch("nowhere", None).await;
    assert_eq!(subscription.error().await.code, "not_a_member");
}

#[tokio::test]
async fn an_account_sends_for_no_session() {
    let server = Server::start().await;
    let (alice, _) = world(&server).await;
    let token = server.log_in("alice").await.token();
    let writer = server.account("writer", &[Scope::MessagesWrite]);
    for opener in [&writer, &writer.on_behalf_of("alice")] {
        let mut stream = opener.streams().await.unwrap();
        stream.send(send_request("den", &fresh_id(), "hi"), Some(&token)).await;
        assert_eq!(stream.outcome().await, "forbidden");
    }
    assert_untouched(&alice).await;
}
