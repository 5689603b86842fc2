//! Every call that there is, as bytes: good ones, to see who is answered, and a way to make bad ones.

use std::future::ready;

use chat_proto::v1;
use futures::stream;
use http::uri::PathAndQuery;
use prost::Message;
use prost::bytes::{Buf as _, BufMut as _};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Request, Status};

use crate::harness::{Caller, PASSWORD, fresh_id, log_in_request, send_request, sign_up_request, soon};

/// Bytes as they are, where a message should be.
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
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
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining()).to_vec()))
    }
}

/// Calls a method with bytes of any kind. On the wire, unary calls and streams look the same. Returns what comes first.
pub(crate) async fn call(caller: &Caller, path: &str, body: Vec<u8>) -> Result<Vec<u8>, Status> {
    let mut grpc = Grpc::new(caller.shown());
    grpc.ready().await.unwrap();
    let path = PathAndQuery::try_from(path).unwrap();
    let answer = soon(grpc.streaming(Request::new(stream::once(ready(body))), path, Raw)).await?;
    Ok(soon(answer.into_inner().message()).await?.unwrap_or_default())
}

/// What the calls name.
pub(crate) struct Things {
    pub(crate) room: String,
    pub(crate) user: String,
    pub(crate) invite: String,
    pub(crate) request: String,
    pub(crate) session: String,
    pub(crate) file: String,
}

/// A user and a room that may be there, and ids of nothing.
impl Default for Things {
    fn default() -> Self {
        Self {
            room: "den".to_owned(),
            user: "alice".to_owned(),
            invite: fresh_id(),
            request: fresh_id(),
            session: fresh_id(),
            file: fresh_id(),
        }
    }
}

/// A call as it should be.
pub(crate) struct Call {
    pub(crate) path: &'static str,
    /// What somebody is answered who has nothing to do with what it names.
    pub(crate) outsider: &'static str,
    pub(crate) body: Vec<u8>,
}

fn good(path: &'static str, outsider: &'static str, message: &impl Message) -> Call {
    Call { path, outsider, body: message.encode_to_vec() }
}

/// Every method, some with several requests. The last one ends the caller's session.
pub(crate) fn calls(things: &Things) -> Vec<Call> {
    let mut calls = of_rooms(&things.room, &things.user);
    calls.extend(of_people(things));
    calls.extend(of_files(&things.file));
    calls.extend(of_sessions(things));
    calls
}

/// Those that name a room which is there already.
pub(crate) fn of_rooms(room: &str, user: &str) -> Vec<Call> {
    use v1::list_messages_request::Cursor;
    use v1::subscribe_request::Request as Wish;
    let (room_id, user_id) = (|| room.to_owned(), || user.to_owned());
    let send = send_request(room, &fresh_id(), "hi");
    // Positions that are there in some rooms and not in others.
    let (after_seq, seq, cursor) = (1, Some(1), Some(Cursor::AfterSeq(1)));
    let watch = Wish::WatchRoom(v1::WatchRoom { room_id: room_id(), after_seq: Some(1) });
    vec![
        good("/chat.v1.ChatService/SendMessage", "not_a_member", &send),
        good(
            "/chat.v1.ChatService/SendMessages",
            "not_a_member",
            &v1::SendMessagesRequest { send: Some(send), session_token: None },
        ),
        good(
            "/chat.v1.ChatService/Resync",
            "not_a_member",
            &v1::ResyncRequest { room_id: room_id(), after_seq, limit: 0 },
        ),
        good(
            "/chat.v1.ChatService/ListMessages",
            "not_a_member",
            &v1::ListMessagesRequest { room_id: room_id(), limit: 0, cursor },
        ),
        good("/chat.v1.ChatService/Subscribe", "not_a_member", &v1::SubscribeRequest { request: Some(watch) }),
        good("/chat.v1.SocialService/ListMembers", "not_a_member", &v1::ListMembersRequest { room_id: room_id() }),
        good(
            "/chat.v1.SocialService/InviteToRoom",
            "not_a_member",
            &v1::InviteToRoomRequest { room_id: room_id(), to_user_id: user_id() },
        ),
        good("/chat.v1.SocialService/LeaveRoom", "not_a_member", &v1::LeaveRoomRequest { room_id: room_id() }),
        good(
            "/chat.v1.SocialService/RemoveMember",
            "not_a_member",
            &v1::RemoveMemberRequest { room_id: room_id(), user_id: user_id() },
        ),
        good("/chat.v1.SocialService/MarkRead", "not_a_member", &v1::MarkReadRequest { room_id: room_id(), seq }),
        good(
            "/chat.v1.SocialService/SetTyping",
            "not_a_member",
            &v1::SetTypingRequest { room_id: room_id(), is_typing: true },
        ),
    ]
}

fn of_people(things: &Things) -> Vec<Call> {
    let Things { room, user, invite, request, .. } = things;
    let (room_id, user_id, to_user_id) = (room.clone(), user.clone(), user.clone());
    let (invite_id, request_id) = (|| invite.clone(), || request.clone());
    let watch = v1::subscribe_request::Request::WatchUser(v1::WatchUser { user_id: user.clone() });
    let direction = v1::list_friend_requests_request::Direction::Incoming.into();
    vec![
        good("/chat.v1.ChatService/Subscribe", "forbidden", &v1::SubscribeRequest { request: Some(watch) }),
        good(
            "/chat.v1.SocialService/CreateRoom",
            "already_exists",
            &v1::CreateRoomRequest { room_id, title: String::new() },
        ),
        good("/chat.v1.SocialService/ListRooms", "ok", &v1::ListRoomsRequest {}),
        good("/chat.v1.SocialService/AcceptInvite", "forbidden", &v1::AcceptInviteRequest { invite_id: invite_id() }),
        good("/chat.v1.SocialService/RejectInvite", "forbidden", &v1::RejectInviteRequest { invite_id: invite_id() }),
        good("/chat.v1.SocialService/ListInvites", "ok", &v1::ListInvitesRequest {}),
        good(
            "/chat.v1.SocialService/SendFriendRequest",
            "ok",
            &v1::SendFriendRequestRequest { to_user_id: to_user_id.clone() },
        ),
        good("/chat.v1.SocialService/ListFriendRequests", "ok", &v1::ListFriendRequestsRequest { direction }),
        good(
            "/chat.v1.SocialService/AcceptFriendRequest",
            "forbidden",
            &v1::AcceptFriendRequestRequest { request_id: request_id() },
        ),
        good(
            "/chat.v1.SocialService/RejectFriendRequest",
            "forbidden",
            &v1::RejectFriendRequestRequest { request_id: request_id() },
        ),
        good("/chat.v1.SocialService/ListFriends", "ok", &v1::ListFriendsRequest {}),
        good("/chat.v1.SocialService/RemoveFriend", "not_found", &v1::RemoveFriendRequest { user_id }),
        good("/chat.v1.SocialService/StartDirectMessage", "not_friends", &v1::StartDirectMessageRequest { to_user_id }),
        good("/chat.v1.SocialService/ListDirectRooms", "ok", &v1::ListDirectRoomsRequest {}),
    ]
}

fn of_files(file: &str) -> Vec<Call> {
    let file_id = || file.to_owned();
    let header = v1::UploadFileHeader { name: "a.txt".to_owned(), ..v1::UploadFileHeader::default() };
    let part = Some(v1::upload_file_request::Part::Header(header));
    let download = v1::DownloadFileRequest { file_id: file_id(), offset: 0, length: None };
    vec![
        good("/chat.v1.FileService/UploadFile", "ok", &v1::UploadFileRequest { part }),
        good("/chat.v1.FileService/DownloadFile", "not_found", &download),
        good("/chat.v1.FileService/GetFile", "not_found", &v1::GetFileRequest { file_id: file_id() }),
    ]
}

fn of_sessions(things: &Things) -> Vec<Call> {
    let Things { user, session, .. } = things;
    let change = v1::ChangePasswordRequest { current_password: PASSWORD.into(), new_password: PASSWORD.into() };
    vec![
        good("/chat.v1.AuthService/SignUp", "already_exists", &sign_up_request(user)),
        good("/chat.v1.AuthService/LogIn", "ok", &log_in_request(user, PASSWORD)),
        good("/chat.v1.AuthService/GetMe", "ok", &v1::GetMeRequest {}),
        good("/chat.v1.AuthService/SearchUsers", "ok", &v1::SearchUsersRequest { query: "a".into(), limit: 0 }),
        good("/chat.v1.AuthService/ListSessions", "ok", &v1::ListSessionsRequest {}),
        good(
            "/chat.v1.AuthService/RevokeSession",
            "not_found",
            &v1::RevokeSessionRequest { session_id: session.clone() },
        ),
        good("/chat.v1.AuthService/ChangePassword", "ok", &change),
        good("/chat.v1.AuthService/LogOut", "ok", &v1::LogOutRequest {}),
    ]
}
