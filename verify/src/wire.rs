//! The gateway's JSON, as far as it is read here. The gateway's own golden files hold it.

use std::borrow::Cow;

use anyhow::Result;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::history::{self, Answer, Stored, Text};

/// The canonical message.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    pub(crate) id: Uuid,
    pub(crate) client_msg_id: Uuid,
    pub(crate) seq: i64,
    pub(crate) room_id: String,
    pub(crate) user_id: String,
    pub(crate) text: String,
}

/// A page after a cursor.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page {
    pub(crate) messages: Vec<Message>,
    pub(crate) after_seq: i64,
    pub(crate) latest_seq: i64,
    pub(crate) has_more: bool,
    pub(crate) epoch: String,
}

/// `session_ready`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionReady {
    pub(crate) epoch: String,
}

/// `room_joined`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomJoined {
    pub(crate) room_id: String,
    pub(crate) latest_seq: i64,
    pub(crate) epoch: String,
}

/// `room_removed`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomRemoved {
    pub(crate) room_id: String,
}

/// `server_draining`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServerDraining {
    pub(crate) reconnect_after_ms: u64,
}

/// `message_ack`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageAck {
    pub(crate) client_msg_id: Uuid,
    pub(crate) room_id: String,
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

/// What `message_ack` says.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub(crate) enum Outcome {
    Accepted { server_msg_id: Uuid, seq: i64 },
    Duplicate { server_msg_id: Uuid, seq: i64 },
    Rejected { reason: String, retryable: bool, retry_after_ms: Option<u64> },
}

/// An event: its name and its payload.
#[derive(Debug, Deserialize)]
pub(crate) struct Event<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>, #[serde(borrow)] pub(crate) &'a RawValue);

/// What all acknowledgement callbacks say.
#[derive(Deserialize)]
struct Called {
    ok: bool,
}

/// An acknowledgement callback that refuses.
#[derive(Deserialize)]
struct Refused {
    error: Refusal,
}

/// Why something was refused.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) code: String,
}

/// An answer that is not as the contract has it.
#[derive(Debug, thiserror::Error)]
#[error("not as the contract has it: {0}")]
pub(crate) struct Violation(pub(crate) String);

/// Reads a shape. Errors: [`Violation`].
pub(crate) fn read<T: DeserializeOwned>(value: Value) -> Result<T> {
    let shown = value.to_string();
    Ok(serde_json::from_value(value).map_err(|error| Violation(format!("{error}: {shown:.200}")))?)
}

/// Reads a shape from text, without building a tree first. Errors: [`Violation`].
pub(crate) fn read_text<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T> {
    Ok(serde_json::from_str(json).map_err(|error| Violation(format!("{error}: {json:.200}")))?)
}

/// Reads an acknowledgement callback. Errors: [`Violation`].
pub(crate) fn read_called<'a, T: Deserialize<'a>>(json: &'a str) -> Result<Result<T, Refusal>> {
    match read_text::<Called>(json)? {
        Called { ok: true } => Ok(Ok(read_text(json)?)),
        Called { ok: false } => Ok(Err(read_text::<Refused>(json)?.error)),
    }
}

impl Message {
    /// As the record has it.
    pub(crate) fn recorded(&self) -> history::Message {
        history::Message {
            seq: self.seq,
            id: self.id,
            client_msg_id: self.client_msg_id,
            author: self.user_id.clone(),
            text: Text::of(&self.text),
        }
    }
}

impl Outcome {
    /// As the record has it.
    pub(crate) fn recorded(&self) -> Answer {
        match self {
            Self::Accepted { server_msg_id: id, seq } => Answer::Accepted(Stored { id: *id, seq: *seq }),
            Self::Duplicate { server_msg_id: id, seq } => Answer::Duplicate(Stored { id: *id, seq: *seq }),
            Self::Rejected { reason, retryable: true, .. } => Answer::Retry(reason.clone()),
            Self::Rejected { reason, .. } => Answer::Rejected(reason.clone()),
        }
    }

    /// How long the server wants to be left alone, in milliseconds.
    pub(crate) fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Rejected { retry_after_ms, .. } => *retry_after_ms,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden<T: DeserializeOwned>(text: &str) -> T {
        read_text(text).unwrap()
    }

    #[test]
    fn the_gateways_shapes_are_read() {
        let message: Message = golden(include_str!("../../ws-gateway/golden/message_new.json"));
        assert_eq!((message.seq, message.recorded().author.as_str()), (42, "alice"));
        let page: Page = golden(include_str!("../../ws-gateway/golden/page_after.json"));
        assert_eq!((page.after_seq, page.messages.len(), page.latest_seq, page.has_more), (41, 2, 50, true));
        let ready: SessionReady = golden(include_str!("../../ws-gateway/golden/session_ready.json"));
        assert_eq!(ready.epoch, page.epoch);
        let joined: RoomJoined = golden(include_str!("../../ws-gateway/golden/room_joined.json"));
        assert_eq!((joined.room_id.as_str(), joined.latest_seq), ("lobby", 42));
        let removed: RoomRemoved = golden(include_str!("../../ws-gateway/golden/room_removed.json"));
        assert!(!removed.room_id.is_empty());
        let draining: ServerDraining = golden(include_str!("../../ws-gateway/golden/server_draining.json"));
        assert!(draining.reconnect_after_ms > 0);
    }

    #[test]
    fn answers_to_sends_are_told_apart() {
        let ack = |text| golden::<MessageAck>(text).outcome;
        let accepted = ack(include_str!("../../ws-gateway/golden/message_ack_accepted.json")).recorded();
        let duplicate = ack(include_str!("../../ws-gateway/golden/message_ack_duplicate.json")).recorded();
        assert!(matches!(accepted, Answer::Accepted(Stored { seq: 42, .. })));
        assert!(matches!(duplicate, Answer::Duplicate(_)));
        let limited = ack(include_str!("../../ws-gateway/golden/message_ack_rate_limited.json"));
        assert_eq!(limited.recorded(), Answer::Retry("rate_limited".to_owned()));
        assert_eq!(limited.retry_after_ms(), Some(150));
    }

    #[test]
    fn callbacks_are_told_apart() {
        let page = read_called::<Page>(include_str!("../../ws-gateway/golden/callback_resync.json"));
        assert!(matches!(page.unwrap(), Ok(Page { latest_seq: 50, .. })));
        let refused = read_called::<Page>(include_str!("../../ws-gateway/golden/callback_error.json"));
        assert!(matches!(refused.unwrap(), Err(error) if error.code == "not_a_member"));
    }

    #[test]
    fn what_is_not_as_the_contract_has_it_is_a_violation() {
        let Event(name, payload) = read_text(r#"["message_new",{"seq":1}]"#).unwrap();
        let error = read_text::<Message>(payload.get()).unwrap_err();
        assert_eq!(name, "message_new");
        assert!(error.is::<Violation>() && error.to_string().contains(r#"{"seq":1}"#));
        assert!(read_called::<Page>(r#"{"latestSeq":1}"#).unwrap_err().is::<Violation>());
    }
}
