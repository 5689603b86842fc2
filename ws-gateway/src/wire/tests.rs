//! Each shape against its golden file, which the web client's tests read too.

use chat_proto::v1;
use serde_json::Value;

use super::*;
use crate::error::Code;

const EPOCH: &str = "6f1c2d3e-4b5a-4978-8a6b-0c1d2e3f4a5b";
const CLIENT_MSG_ID: &str = "01938d6a-7a00-7000-9000-00000000c0de";
const INVITE: &str = "01938d6a-7b3e-7def-8a12-3456789abce0";

#[track_caller]
fn golden(name: &str, shape: impl Serialize) {
    let path = format!("{}/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(serde_json::to_value(shape).unwrap(), expected, "{path}");
}

fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

fn message(id: &str, client_msg_id: &str, seq: i64, user: &str, text: &str) -> v1::Message {
    v1::Message {
        id: id.into(),
        client_msg_id: client_msg_id.into(),
        seq,
        room_id: "lobby".into(),
        user_id: user.into(),
        text: text.into(),
        sent_at: at("2026-11-22T09:30:15.123Z"),
        sent_at_client: at("2026-11-22T09:30:15Z"),
        file: None,
    }
}

fn first() -> v1::Message {
    message("01938d6a-7b3c-7def-8a12-3456789abcde", CLIENT_MSG_ID, 42, "alice", "Grüße, constructor")
}

fn page(cursor: Option<v1::page::Cursor>, latest_seq: i64) -> Page {
    let second = "01938d6a-7a01-7000-9000-00000000c0de";
    let second = message("01938d6a-7b3d-7def-8a12-3456789abcdf", second, 43, "bob", "second");
    let (room_id, epoch) = ("lobby".into(), EPOCH.into());
    v1::Page { room_id, messages: vec![first(), second], cursor, latest_seq, has_more: true, epoch }.into()
}

fn sent(status: v1::send_message_response::Status) -> v1::SendMessageResponse {
    v1::SendMessageResponse { status: status.into(), message: Some(first()) }
}

fn summary(room: &str, title: &str, message: Option<v1::Message>) -> RoomSummary {
    let (latest_seq, last_read_seq, unread_count) = if message.is_some() { (42, 40, 2) } else { (0, 0, 0) };
    v1::RoomSummary {
        room_id: room.into(),
        r#type: v1::RoomType::Channel.into(),
        title: title.into(),
        latest_seq,
        last_read_seq,
        unread_count,
        last_message: message,
        peer_user_id: None,
        joined_at: at("2026-11-22T09:00:00Z"),
    }
    .into()
}

fn direct() -> RoomSummary {
    v1::RoomSummary {
        room_id: "dm:alice:bob".into(),
        r#type: v1::RoomType::Direct.into(),
        title: "Bob".into(),
        peer_user_id: Some("bob".into()),
        ..v1::RoomSummary::default()
    }
    .into()
}

fn file() -> v1::File {
    v1::File {
        file_id: "01938d6a-7b41-7def-8a12-3456789abce3".into(),
        name: "Plan 1.pdf".into(),
        mime_type: "application/pdf".into(),
        size: 1_234_567,
        sha256: (0xe0..=0xff).collect(),
    }
}

fn friend_request(status: v1::FriendRequestStatus) -> v1::FriendRequest {
    v1::FriendRequest {
        id: "01938d6a-7b40-7def-8a12-3456789abce2".into(),
        from_user_id: "alice".into(),
        to_user_id: "charlie".into(),
        status: status.into(),
        created_at: at("2026-11-22T09:32:00Z"),
    }
}

fn invite() -> v1::Invite {
    v1::Invite {
        id: INVITE.into(),
        room_id: "project-alpha".into(),
        from_user_id: "alice".into(),
        to_user_id: "charlie".into(),
        status: v1::InviteStatus::Pending.into(),
        created_at: at("2026-11-22T09:31:00Z"),
    }
}

#[test]
fn messages_and_pages() {
    golden("message_new", Message::from(first()));
    let with_file = v1::Message { text: String::new(), file: Some(file()), ..first() };
    golden("message_new_with_file", Message::from(with_file));
    golden("page_after", page(Some(v1::page::Cursor::AfterSeq(41)), 50));
    golden("page_before", page(Some(v1::page::Cursor::BeforeSeq(44)), 50));
    golden("page_newest", page(None, 43));
    golden("callback_resync", Callback::ok(page(Some(v1::page::Cursor::AfterSeq(41)), 50)));
}

#[test]
fn acknowledgements() {
    use v1::send_message_response::Status::{Accepted, Duplicate};
    let ack = |status| MessageAck::stored(CLIENT_MSG_ID.into(), sent(status));
    golden("message_ack_accepted", ack(Accepted));
    golden("message_ack_duplicate", ack(Duplicate));
    golden("callback_send_accepted", Callback::ok(ack(Accepted)));
    golden("message_stored", MessageStored { status: SendStatus::Accepted, message: first().into() });
    let rejected = |refusal: &Refusal| MessageAck::rejected(Some(CLIENT_MSG_ID.into()), Some("lobby".into()), refusal);
    golden("message_ack_rejected", rejected(&Refusal::new(Code::Unavailable, "the core cannot be reached")));
    let limited = v1::Rejection {
        code: "rate_limited".into(),
        message: "too many sends".into(),
        retry_after: Some(prost_types::Duration { seconds: 0, nanos: 149_000_000 }),
    };
    let limited = Refusal::from_rejection(limited);
    golden("message_ack_rate_limited", rejected(&limited));
    golden("callback_send_rejected", Callback::refused(&limited, Some(rejected(&limited))));
}

#[test]
fn callbacks_and_refusals() {
    let not_a_member = Refusal::new(Code::NotAMember, "no such room, or not a member of it");
    golden("callback_error", Callback::<()>::refused(&not_a_member, None));
    let joined = RoomJoined { room_id: "lobby".into(), latest_seq: 42, epoch: EPOCH.into() };
    golden("room_joined", joined.clone());
    golden("callback_join_room", Callback::ok(joined));
    golden("callback_leave_room", Callback::ok(RoomName { room_id: "lobby".into() }));
    golden("callback_mark_read", Callback::ok(LastRead::from(v1::MarkReadResponse { last_read_seq: 42 })));
    golden("callback_typing", Callback::<()>::done());
    golden("callback_set_user", Callback::ok(Deprecated { deprecated: true }));
    let ahead = Refusal::new(Code::CursorAhead, "afterSeq is beyond the room's newest message");
    golden("request_error", RequestError { event: "message_resync", error: ahead.body() });
}

#[test]
fn rooms_and_members() {
    golden("room_added", RoomAdded { room: summary("lobby", "The lobby", Some(first())) });
    let quiet = summary("project-alpha", "project-alpha", None);
    golden("rooms", Rooms { rooms: vec![summary("lobby", "The lobby", Some(first())), quiet, direct()] });
    golden("room_removed", RoomName { room_id: "lobby".into() });
    golden("member_joined", RoomMember { room_id: "lobby".into(), user_id: "bob".into() });
    golden("member_left", RoomMember { room_id: "lobby".into(), user_id: "bob".into() });
    let room = v1::Room {
        room_id: "lobby".into(),
        r#type: v1::RoomType::Channel.into(),
        title: "The lobby".into(),
        members: vec!["alice".into()],
    };
    golden("room_created", RoomCreated { ok: true, room: room.into() });
    let member = |user: &str, name: &str, role: v1::Role, joined: &str, last_read_seq| v1::Member {
        user_id: user.into(),
        display_name: name.into(),
        role: role.into(),
        joined_at: at(joined),
        last_read_seq,
    };
    let members = vec![
        member("alice", "Alice", v1::Role::Owner, "2026-11-22T09:00:00Z", 40),
        member("bob", "Bob", v1::Role::Member, "2026-11-22T09:10:00Z", 0),
    ];
    golden("members", Members::from(v1::ListMembersResponse { room_id: "lobby".into(), members }));
}

#[test]
fn invites() {
    golden("invite_answer", InviteAnswer { ok: true, invite: invite().into() });
    golden("invites", Invites { user_id: "charlie".into(), invites: vec![invite().into()] });
    golden("invite_alarm", InviteAlarm::from(invite()));
}

#[test]
fn friends() {
    use v1::FriendRequestStatus::{Accepted, Pending};
    let request = friend_request(Accepted).into();
    golden("friend_request_answer", FriendRequestAnswer { ok: true, request });
    golden("friend_requests", FriendRequests { requests: vec![friend_request(Pending).into()] });
    golden("friend_request", FriendRequestEvent::from(friend_request(Pending)));
    let friend =
        |user: &str, name: &str, online| v1::Friend { user_id: user.into(), display_name: name.into(), online };
    let friends = vec![friend("bob", "Bob", true), friend("charlie", "Charlie", false)];
    golden("friends", Friends::of("alice".into(), v1::ListFriendsResponse { friends }));
}

#[test]
fn direct_rooms() {
    let quiet = v1::DirectRoom {
        room_id: "dm:alice:charlie".into(),
        peer_user_id: "charlie".into(),
        ..v1::DirectRoom::default()
    };
    let busy = v1::DirectRoom {
        room_id: "dm:alice:bob".into(),
        peer_user_id: "bob".into(),
        last_message_at: at("2026-11-22T09:30:15.123Z"),
        last_message_preview: Some("Grüße, constructor".into()),
        unread_count: 2,
    };
    golden("dm_started", DmStarted::from(busy.clone()));
    golden("dm_rooms", DmRooms::from(v1::ListDirectRoomsResponse { rooms: vec![busy, quiet] }));
    golden("dm_read", DmRead { ok: true });
}

#[test]
fn files() {
    golden("file", Uploaded::from(file()));
}

#[test]
fn what_people_do() {
    golden("read_answer", ReadAnswer { ok: true, last_read_seq: 42 });
    let (room_id, user_id) = (String::from("lobby"), String::from("bob"));
    let state = v1::ReadState { room_id: room_id.clone(), user_id: user_id.clone(), last_read_seq: 42 };
    golden("read_state", ReadState::from(state));
    golden("typing", Typing::from(v1::Typing { room_id, user_id: user_id.clone(), is_typing: true }));
    golden("presence", Presence::from(v1::Presence { user_id, online: true, watcher_id: "alice".into() }));
    golden("online_users", ["bob", "charlie"].map(|user| OnlineUser { user_id: user.into() }));
}

#[test]
fn sessions() {
    let session = v1::SessionResponse {
        user_id: "alice".into(),
        display_name: "Alice".into(),
        token: "c2VjcmV0LXRva2VuLW9mLTMyLWJ5dGVzLWluLWJhc2U2NA".into(),
        expires_at: at("2026-12-22T09:30:00Z"),
    };
    golden("session", Session::from(session));
    let me = v1::GetMeResponse {
        user_id: "alice".into(),
        display_name: "Alice".into(),
        expires_at: at("2026-12-22T09:30:00Z"),
        ..v1::GetMeResponse::default()
    };
    golden("me", Me::from(me));
    let session = v1::Session {
        id: "01938d6a-7b3f-7def-8a12-3456789abce1".into(),
        created_at: at("2026-11-22T09:30:00Z"),
        last_seen_at: at("2026-11-22T09:35:00Z"),
        user_agent: "Mozilla/5.0".into(),
        current: true,
    };
    golden("sessions", Sessions::from(v1::ListSessionsResponse { sessions: vec![session] }));
    let user = v1::User { user_id: "alice".into(), display_name: "Alice".into() };
    golden("users", Users::from(v1::SearchUsersResponse { users: vec![user] }));
    let ready = SessionReady {
        user_id: "alice".into(),
        display_name: "Alice".into(),
        epoch: EPOCH.into(),
        server_time: time(at("2026-11-22T09:30:00Z")),
        limits: v1::FileLimits { max_inline_bytes: 5 << 20, max_upload_bytes: 25 << 20 }.into(),
    };
    golden("session_ready", ready);
    golden("server_draining", ServerDraining { reconnect_after_ms: 1_500 });
}

#[test]
fn times_have_three_decimals_also_long_ago() {
    assert_eq!(time(at("1901-02-03T04:05:06.007Z")), "1901-02-03T04:05:06.007Z");
    assert_eq!(time(None), "1970-01-01T00:00:00.000Z");
}
