//! Wrong calls: each is answered with a code, and the next good one goes through.

use chat_proto::v1;
use prost::Message as _;
use tonic::Code;

use crate::calls::{Things, call, calls};
use crate::harness::{Server, code, fresh_id, log_in_request, send_request, sign_up_request};

#[tokio::test]
async fn what_is_no_protobuf_is_an_invalid_argument() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    alice.creates("den").await;
    for path in calls(&Things::default()).into_iter().map(|call| call.path) {
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
    let calls = calls(&Things::default()).into_iter().map(|call| call.path);
    for path in calls.filter(|path| !path.ends_with("LogOut")) {
        // A stream answers what it refuses within itself.
        if let Err(refused) = call(&alice, path, vec![]).await {
            let expected = match path {
                "/chat.v1.AuthService/LogIn" => "unauthenticated",
                "/chat.v1.AuthService/RevokeSession" => "not_found",
                _ => "invalid_argument",
            };
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
