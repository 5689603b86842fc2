//! Wrong calls: each is answered with a code, and the next good one goes through.

use std::future::ready;

use chat_proto::v1;
use futures::stream;
use http::uri::PathAndQuery;
use prost::Message as _;
use prost::bytes::{Buf as _, BufMut as _};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Code, Request, Status};

use crate::harness::{
    Caller, PASSWORD, Server, code, fresh_id, log_in_request, refusal, send_request, sign_up_request, soon,
};

/// Bytes as they are, where a message should be.
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = ();
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = ();
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        buffer.advance(buffer.remaining());
        Ok(Some(()))
    }
}

/// Calls a method with bytes of any kind. On the wire, unary calls and streams look the same.
async fn call(caller: &Caller, path: &str, body: Vec<u8>) -> Result<(), Status> {
    let mut grpc = Grpc::new(caller.shown());
    grpc.ready().await.unwrap();
    let path = PathAndQuery::try_from(path).unwrap();
    let answer = soon(grpc.streaming(Request::new(stream::once(ready(body))), path, Raw)).await?;
    soon(answer.into_inner().message()).await.map(|_| ())
}

/// Every call that needs to know who calls, as it should be.
fn calls() -> Vec<(&'static str, Vec<u8>)> {
    let (id, room_id, user) = (fresh_id(), "den".to_owned(), "bob".to_owned());
    let watch = v1::subscribe_request::Request::WatchUser(v1::WatchUser { user_id: "alice".to_owned() });
    let send = send_request("den", &id, "hi");
    let change = v1::ChangePasswordRequest { current_password: PASSWORD.into(), new_password: PASSWORD.into() };
    vec![
        ("/chat.v1.AuthService/LogOut", vec![]),
        ("/chat.v1.AuthService/GetMe", vec![]),
        ("/chat.v1.AuthService/SearchUsers", v1::SearchUsersRequest { query: "a".into(), limit: 0 }.encode_to_vec()),
        ("/chat.v1.AuthService/ListSessions", vec![]),
        ("/chat.v1.AuthService/RevokeSession", v1::RevokeSessionRequest { session_id: id.clone() }.encode_to_vec()),
        ("/chat.v1.AuthService/ChangePassword", change.encode_to_vec()),
        ("/chat.v1.ChatService/SendMessage", send.encode_to_vec()),
        (
            "/chat.v1.ChatService/Resync",
            v1::ResyncRequest { room_id: "den".into(), ..Default::default() }.encode_to_vec(),
        ),
        (
            "/chat.v1.ChatService/ListMessages",
            v1::ListMessagesRequest { room_id: "den".into(), ..Default::default() }.encode_to_vec(),
        ),
        (
            "/chat.v1.ChatService/SendMessages",
            v1::SendMessagesRequest { send: Some(send), session_token: None }.encode_to_vec(),
        ),
        ("/chat.v1.ChatService/Subscribe", v1::SubscribeRequest { request: Some(watch) }.encode_to_vec()),
        (
            "/chat.v1.SocialService/CreateRoom",
            v1::CreateRoomRequest { room_id: "hall".into(), title: String::new() }.encode_to_vec(),
        ),
        ("/chat.v1.SocialService/ListRooms", vec![]),
        ("/chat.v1.SocialService/ListMembers", v1::ListMembersRequest { room_id: room_id.clone() }.encode_to_vec()),
        (
            "/chat.v1.SocialService/InviteToRoom",
            v1::InviteToRoomRequest { room_id: room_id.clone(), to_user_id: user }.encode_to_vec(),
        ),
        ("/chat.v1.SocialService/AcceptInvite", v1::AcceptInviteRequest { invite_id: id.clone() }.encode_to_vec()),
        ("/chat.v1.SocialService/RejectInvite", v1::RejectInviteRequest { invite_id: id }.encode_to_vec()),
        ("/chat.v1.SocialService/ListInvites", vec![]),
        ("/chat.v1.SocialService/LeaveRoom", v1::LeaveRoomRequest { room_id }.encode_to_vec()),
    ]
}

/// The calls that a service may make for nobody: it says later, if at all, for whom.
const FOR_NOBODY: [&str; 2] = ["/chat.v1.ChatService/SendMessages", "/chat.v1.ChatService/Subscribe"];

#[tokio::test]
async fn no_call_is_answered_to_whom_nobody_knows() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;
    let revoked = server.log_in("alice").await;
    revoked.auth().log_out(v1::LogOutRequest {}).await.unwrap();

    for (path, body) in calls() {
        for stranger in [&server.stranger(), &server.holder("", "junk"), &revoked] {
            let refused = call(stranger, path, body.clone()).await.unwrap_err();
            assert_eq!((refused.code(), code(&refused).as_str()), (Code::Unauthenticated, "unauthenticated"), "{path}");
        }
        assert_eq!(refusal(call(&alice.on_behalf_of("alice"), path, body.clone()).await), "forbidden", "{path}");
        if !FOR_NOBODY.contains(&path) {
            let refused = call(&server.service(), path, body.clone()).await;
            assert_eq!(refusal(refused), "invalid_argument", "{path}");
        }
        let refused = call(&server.service().on_behalf_of("nobody"), path, body).await;
        assert_eq!(refusal(refused), "not_found", "{path}");
    }
    assert!(alice.reads("den").await.is_empty());
    assert_eq!(alice.members("den").await.unwrap().len(), 1);
    assert_eq!(alice.rooms().await.len(), 1);
}

#[tokio::test]
async fn what_is_no_protobuf_is_an_invalid_argument() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;
    let public = ["/chat.v1.AuthService/SignUp", "/chat.v1.AuthService/LogIn"];
    for path in calls().into_iter().map(|(path, _)| path).chain(public) {
        // A field that goes on beyond the end, a tag that is none, and text that is no UTF-8.
        for bytes in [&[0x0a, 0x7f, b'x'][..], &[0xff; 12], &[0x07]] {
            let refused = call(&alice, path, bytes.to_vec()).await.unwrap_err();
            assert_eq!(
                (refused.code(), code(&refused).as_str()),
                (Code::InvalidArgument, "invalid_argument"),
                "{path}"
            );
        }
    }
    alice.says("den", "still here").await;
}

#[tokio::test]
async fn a_request_without_content_is_refused_or_answered_but_never_a_fault() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    for (path, _) in calls().into_iter().filter(|(path, _)| !path.ends_with("LogOut")) {
        // A stream answers what it refuses within itself.
        if let Err(refused) = call(&alice, path, vec![]).await {
            let expected = if path.ends_with("RevokeSession") { "not_found" } else { "invalid_argument" };
            assert_eq!(code(&refused), expected, "{path}");
        }
    }
}

#[tokio::test]
async fn a_request_over_its_limit_is_too_large() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;
    let long = send_request("den", &fresh_id(), &"x".repeat(1024 * 1024));
    let streamed = v1::SendMessagesRequest { send: Some(long.clone()), session_token: None };
    let wish = v1::subscribe_request::Request::WatchUser(v1::WatchUser { user_id: "x".repeat(1024 * 1024) });
    for (path, body) in [
        ("/chat.v1.ChatService/SendMessage", long.encode_to_vec()),
        ("/chat.v1.ChatService/SendMessages", streamed.encode_to_vec()),
        ("/chat.v1.ChatService/Subscribe", v1::SubscribeRequest { request: Some(wish) }.encode_to_vec()),
        ("/chat.v1.AuthService/SignUp", sign_up_request(&"x".repeat(1024 * 1024)).encode_to_vec()),
        ("/chat.v1.AuthService/LogIn", log_in_request("alice", &"x".repeat(1024 * 1024)).encode_to_vec()),
    ] {
        let refused = call(&alice, path, body).await.unwrap_err();
        assert_eq!((refused.code(), code(&refused).as_str()), (Code::InvalidArgument, "too_large"), "{path}");
        alice.me().await.unwrap();
    }
    assert!(alice.reads("den").await.is_empty());
}

#[tokio::test]
async fn what_other_services_refuse_keeps_its_own_words() {
    let server = Server::start().await;
    let malformed = call(&server.stranger(), "/grpc.health.v1.Health/Check", vec![0xff; 12]).await.unwrap_err();
    assert_eq!((malformed.code(), malformed.details().len()), (Code::Internal, 0));
    let unknown = call(&server.stranger(), "/chat.v1.ChatService/Nothing", vec![]).await.unwrap_err();
    assert_eq!(unknown.code(), Code::Unimplemented);
}
