//! Between protobuf and the domain, both ways.

use chat_proto::v1;
use prost_types::Timestamp as ProtoTime;

use crate::domain::{
    Appended, Asked, ClientMsgId, Cursor, DirectRoom, Error, FileId, FriendRequest, FriendRequestStatus, Invite,
    InviteStatus, Invited, LiveSession, Member, Message, MessageText, NewMessage, OnlineUsers, Page, Profile, Result,
    Role, Room, RoomId, RoomSummary, RoomType, SessionId, StoredFile, Timestamp, UserEvent, UserId, UserState,
};

/// Characters of a preview.
const PREVIEW: usize = 120;

/// A send as it comes in. Errors: `invalid_argument`, `too_large`.
pub(super) fn new_message(send: v1::SendMessageRequest) -> Result<NewMessage> {
    let (room, client_msg_id) = (RoomId::parse(&send.room_id)?, ClientMsgId::parse(&send.client_msg_id)?);
    let (text, file) = match send.file {
        Some(file) => (MessageText::beside_file(&send.text)?, Some(FileId::parse(&file.file_id)?)),
        None => (MessageText::parse(&send.text)?, None),
    };
    Ok(NewMessage {
        room,
        client_msg_id,
        text,
        file,
        sent_at_client: send.sent_at_client.map(|time| from_proto_time("sentAtClient", &time)).transpose()?,
    })
}

pub(super) fn cursor(cursor: Option<v1::list_messages_request::Cursor>) -> Result<Cursor> {
    match cursor {
        Some(v1::list_messages_request::Cursor::AfterSeq(seq)) => Cursor::after(seq),
        Some(v1::list_messages_request::Cursor::BeforeSeq(seq)) => Cursor::before(seq),
        None => Ok(Cursor::Newest),
    }
}

pub(super) fn appended(appended: &Appended) -> v1::SendMessageResponse {
    let (status, stored) = match appended {
        Appended::Accepted(stored) => (v1::send_message_response::Status::Accepted, stored),
        Appended::Duplicate(stored) => (v1::send_message_response::Status::Duplicate, stored),
    };
    v1::SendMessageResponse { status: status.into(), message: Some(message(stored)) }
}

pub(super) fn message(message: &Message) -> v1::Message {
    v1::Message {
        id: message.id.to_string(),
        client_msg_id: message.client_msg_id.to_string(),
        seq: message.seq,
        room_id: message.room.to_string(),
        user_id: message.user.to_string(),
        text: message.text.clone(),
        sent_at: Some(proto_time(message.sent_at)),
        sent_at_client: message.sent_at_client.map(proto_time),
        file: message.file.as_ref().map(file),
    }
}

pub(super) fn file(file: &StoredFile) -> v1::File {
    v1::File {
        file_id: file.id.to_string(),
        name: file.name.clone(),
        mime_type: file.media_type.clone(),
        size: file.size,
        sha256: file.sha256.as_bytes().to_vec(),
    }
}

pub(super) fn page(page: &Page) -> v1::Page {
    v1::Page {
        room_id: page.room.to_string(),
        messages: page.messages.iter().map(message).collect(),
        cursor: match page.cursor {
            Cursor::After(seq) => Some(v1::page::Cursor::AfterSeq(seq)),
            Cursor::Before(seq) => Some(v1::page::Cursor::BeforeSeq(seq)),
            Cursor::Newest => None,
        },
        latest_seq: page.latest_seq,
        has_more: page.has_more,
        epoch: page.epoch.clone(),
    }
}

pub(super) fn room(room: Room) -> v1::Room {
    v1::Room {
        room_id: room.id.to_string(),
        r#type: room_type(room.kind).into(),
        title: room.title,
        members: room.members.iter().map(ToString::to_string).collect(),
    }
}

pub(super) fn room_summary(room: &RoomSummary) -> v1::RoomSummary {
    v1::RoomSummary {
        room_id: room.id.to_string(),
        r#type: room_type(room.kind).into(),
        title: room.title.clone(),
        latest_seq: room.latest_seq,
        last_read_seq: room.last_read_seq,
        unread_count: room.unread_count,
        last_message: room.last_message.as_ref().map(message),
        peer_user_id: room.peer.as_ref().map(ToString::to_string),
        joined_at: Some(proto_time(room.joined_at)),
    }
}

pub(super) fn direct_room(room: &DirectRoom) -> v1::DirectRoom {
    v1::DirectRoom {
        room_id: room.id.to_string(),
        peer_user_id: room.peer.to_string(),
        last_message_at: room.last_message.as_ref().map(|message| proto_time(message.sent_at)),
        last_message_preview: room.last_message.as_ref().map(preview),
        unread_count: room.unread_count,
    }
}

/// The beginning of what a message says, in one line.
fn preview(message: &Message) -> String {
    let name = message.file.as_ref().map(|file| file.name.as_str()).filter(|_| message.text.is_empty());
    let said = name.unwrap_or(&message.text);
    let line: String = said.chars().take(PREVIEW).map(|char| if char.is_control() { ' ' } else { char }).collect();
    line.trim_end().to_owned()
}

pub(super) fn asked(asked: &Asked) -> v1::SendFriendRequestResponse {
    let (request, created) = match asked {
        Asked::Created(request) => (request, true),
        Asked::Known(request) => (request, false),
    };
    v1::SendFriendRequestResponse { request: Some(friend_request(request)), created }
}

pub(super) fn friend_request(request: &FriendRequest) -> v1::FriendRequest {
    v1::FriendRequest {
        id: request.id.to_string(),
        from_user_id: request.from.to_string(),
        to_user_id: request.to.to_string(),
        status: match request.status {
            FriendRequestStatus::Pending => v1::FriendRequestStatus::Pending,
            FriendRequestStatus::Accepted => v1::FriendRequestStatus::Accepted,
            FriendRequestStatus::Rejected => v1::FriendRequestStatus::Rejected,
        }
        .into(),
        created_at: Some(proto_time(request.created_at)),
    }
}

pub(super) fn member(member: Member) -> v1::Member {
    v1::Member {
        user_id: member.user.to_string(),
        display_name: member.display_name,
        role: match member.role {
            Role::Owner => v1::Role::Owner,
            Role::Member => v1::Role::Member,
        }
        .into(),
        joined_at: Some(proto_time(member.joined_at)),
        last_read_seq: member.last_read_seq,
    }
}

pub(super) fn invited(invited: &Invited) -> v1::InviteToRoomResponse {
    let (made, created) = match invited {
        Invited::Created(made) => (made, true),
        Invited::Pending(made) => (made, false),
    };
    v1::InviteToRoomResponse { invite: Some(invite(made)), created }
}

pub(super) fn invite(invite: &Invite) -> v1::Invite {
    v1::Invite {
        id: invite.id.to_string(),
        room_id: invite.room.to_string(),
        from_user_id: invite.from.to_string(),
        to_user_id: invite.to.to_string(),
        status: match invite.status {
            InviteStatus::Pending => v1::InviteStatus::Pending,
            InviteStatus::Accepted => v1::InviteStatus::Accepted,
            InviteStatus::Rejected => v1::InviteStatus::Rejected,
        }
        .into(),
        created_at: Some(proto_time(invite.created_at)),
    }
}

pub(super) fn user(profile: Profile) -> v1::User {
    v1::User { user_id: profile.user.to_string(), display_name: profile.display_name }
}

pub(super) fn session(session: LiveSession, asking: Option<SessionId>) -> v1::Session {
    v1::Session {
        id: session.id.to_string(),
        created_at: Some(proto_time(session.created_at)),
        last_seen_at: Some(proto_time(session.last_seen_at)),
        user_agent: session.user_agent,
        current: Some(session.id) == asking,
    }
}

pub(super) fn user_state(state: &UserState) -> v1::user_event::Event {
    v1::user_event::Event::State(v1::UserState {
        room_ids: state.rooms.iter().map(|(room, _)| room.to_string()).collect(),
        joined_at: state.rooms.iter().map(|(_, at)| proto_time(*at)).collect(),
        session_ids: state.sessions.iter().map(ToString::to_string).collect(),
    })
}

/// What a user is told.
pub(super) fn user_event(of: &UserId, event: &UserEvent) -> v1::subscribe_response::Event {
    use v1::user_event::Event;
    let event = match event {
        // Whom it is about stands first, as in what a room's members are told.
        UserEvent::Presence(user, online) => {
            let (user_id, watcher_id) = (user.to_string(), of.to_string());
            return v1::subscribe_response::Event::Presence(v1::Presence { user_id, online: *online, watcher_id });
        }
        UserEvent::RoomAdded(room) => Event::RoomAdded(room_summary(room)),
        UserEvent::RoomRemoved(room) => Event::RoomRemoved(v1::RoomRemoved { room_id: room.to_string() }),
        UserEvent::Invited(made) => Event::Invite(invite(made)),
        UserEvent::SessionRevoked(session) => {
            Event::SessionRevoked(v1::SessionRevoked { session_id: session.to_string() })
        }
        UserEvent::FriendRequest(request) => Event::FriendRequest(friend_request(request)),
        UserEvent::Read(room, seq) => Event::ReadState(read_state(room, of, *seq)),
        UserEvent::OnlineUsers(online) => Event::OnlineUsers(online_users(online)),
    };
    about(of, event)
}

/// An event of a user's.
pub(super) fn about(user: &UserId, event: v1::user_event::Event) -> v1::subscribe_response::Event {
    v1::subscribe_response::Event::UserEvent(v1::UserEvent { user_id: user.to_string(), event: Some(event) })
}

pub(super) fn read_state(room: &RoomId, user: &UserId, seq: i64) -> v1::ReadState {
    v1::ReadState { room_id: room.to_string(), user_id: user.to_string(), last_read_seq: seq }
}

fn online_users(online: &OnlineUsers) -> v1::OnlineUsers {
    v1::OnlineUsers { user_ids: online.users.iter().map(ToString::to_string).collect(), complete: online.complete }
}

pub(super) fn proto_time(time: Timestamp) -> ProtoTime {
    let millis = time.millis();
    let nanos = i32::try_from(millis.rem_euclid(1_000)).unwrap_or_default() * 1_000_000;
    ProtoTime { seconds: millis.div_euclid(1_000), nanos }
}

fn from_proto_time(field: &'static str, time: &ProtoTime) -> Result<Timestamp> {
    let millis = time.seconds.checked_mul(1_000).and_then(|millis| millis.checked_add((time.nanos / 1_000_000).into()));
    match millis {
        Some(millis) if (0..1_000_000_000).contains(&time.nanos) => Timestamp::from_millis(field, millis),
        _ => Err(Error::invalid(field, "not a time")),
    }
}

fn room_type(kind: RoomType) -> v1::RoomType {
    match kind {
        RoomType::Channel => v1::RoomType::Channel,
        RoomType::Direct => v1::RoomType::Direct,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn times_survive_the_way_out_and_in(millis in -62_135_596_800_000i64..=253_402_300_799_999) {
            let time = Timestamp::from_millis("t", millis).unwrap();
            prop_assert_eq!(from_proto_time("t", &proto_time(time)), Ok(time));
        }

        #[test]
        fn no_time_from_outside_panics(seconds: i64, nanos: i32) {
            let _ = from_proto_time("t", &ProtoTime { seconds, nanos });
        }
    }

    #[test]
    fn times_that_are_none_are_refused() {
        for (seconds, nanos) in [(i64::MAX, 0), (0, -1), (0, 1_000_000_000), (253_402_300_800, 0)] {
            assert!(from_proto_time("t", &ProtoTime { seconds, nanos }).is_err(), "{seconds} {nanos}");
        }
    }
}
