//! Messages, their pages, and the answers to sends.

use chat_proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::{File, Position, RoomId, Seq, UserId, time};
use crate::error::Refusal;

/// A message, as everybody sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = Uuid)]
    client_msg_id: String,
    #[schema(value_type = Seq)]
    seq: i64,
    #[schema(value_type = RoomId)]
    room_id: String,
    #[schema(value_type = UserId)]
    user_id: String,
    #[schema(max_length = 8000)]
    text: String,
    #[schema(format = DateTime)]
    sent_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    sent_at_client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    file: Option<File>,
}

impl From<v1::Message> for Message {
    fn from(message: v1::Message) -> Self {
        Self {
            id: message.id,
            client_msg_id: message.client_msg_id,
            seq: message.seq,
            room_id: message.room_id,
            user_id: message.user_id,
            text: message.text,
            sent_at: time(message.sent_at),
            sent_at_client: message.sent_at_client.map(|at| time(Some(at))),
            file: message.file.map(File::from),
        }
    }
}

/// A page of a room's log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page {
    #[schema(value_type = RoomId)]
    room_id: String,
    messages: Vec<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Position>, nullable = false)]
    after_seq: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Seq>, nullable = false)]
    before_seq: Option<i64>,
    #[schema(value_type = Position)]
    latest_seq: i64,
    has_more: bool,
    #[schema(format = Uuid)]
    epoch: String,
}

impl From<v1::Page> for Page {
    fn from(page: v1::Page) -> Self {
        let (after_seq, before_seq) = match page.cursor {
            Some(v1::page::Cursor::AfterSeq(seq)) => (Some(seq), None),
            Some(v1::page::Cursor::BeforeSeq(seq)) => (None, Some(seq)),
            None => (None, None),
        };
        Self {
            room_id: page.room_id,
            messages: page.messages.into_iter().map(Message::from).collect(),
            after_seq,
            before_seq,
            latest_seq: page.latest_seq,
            has_more: page.has_more,
            epoch: page.epoch,
        }
    }
}

/// The answer to a send, as event and in the callback.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageAck {
    #[serde(skip_serializing_if = "Option::is_none")]
    client_msg_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_msg_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retryable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

impl MessageAck {
    /// Stored, now or before. `client_msg_id` is as it was sent.
    pub(crate) fn stored(client_msg_id: String, stored: v1::SendMessageResponse) -> Self {
        let status = match SendStatus::of(&stored) {
            SendStatus::Accepted => "accepted",
            SendStatus::Duplicate => "duplicate",
        };
        let message = stored.message.unwrap_or_default();
        Self {
            client_msg_id: Some(client_msg_id),
            server_msg_id: Some(message.id),
            room_id: Some(message.room_id),
            seq: Some(message.seq),
            status,
            reason: None,
            message: None,
            retryable: None,
            retry_after_ms: None,
        }
    }

    /// Refused. The ids are as they were sent, where they were texts.
    pub(crate) fn rejected(client_msg_id: Option<String>, room_id: Option<String>, refusal: &Refusal) -> Self {
        Self {
            client_msg_id,
            server_msg_id: None,
            room_id,
            seq: None,
            status: "rejected",
            reason: Some(refusal.code()),
            message: Some(refusal.message().to_owned()),
            retryable: Some(refusal.retryable()),
            retry_after_ms: refusal.retry_after_ms(),
        }
    }
}

/// What the server did with a send that it did not refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SendStatus {
    Accepted,
    Duplicate,
}

impl SendStatus {
    pub(crate) fn of(stored: &v1::SendMessageResponse) -> Self {
        match stored.status() {
            v1::send_message_response::Status::Duplicate => Self::Duplicate,
            _ => Self::Accepted,
        }
    }
}

/// The answer to a send over REST.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageStored {
    pub(crate) status: SendStatus,
    pub(crate) message: Message,
}
