//! What clients send, read without trust: each field's type is checked by itself, so that a refusal names it.

use std::fmt;

use chat_proto::v1;
use serde::de::{Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::error::{Code, Refusal};
use crate::wire;

/// Bytes of a send at most: above what the core may trim down to the longest text, below what it would not even read.
const MAX_SEND: usize = 512 * 1024;

/// The first argument of an event; further ones are ignored.
struct First<T>(T);

/// A send as it came.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SendFields<'a> {
    #[serde(borrow)]
    client_msg_id: Option<&'a RawValue>,
    #[serde(borrow)]
    room_id: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    file: Option<&'a RawValue>,
    #[serde(borrow)]
    sent_at_client: Option<&'a RawValue>,
}

/// What is said of a room, as it came.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RoomFields<'a> {
    #[serde(borrow)]
    room_id: Option<&'a RawValue>,
    #[serde(borrow)]
    after_seq: Option<&'a RawValue>,
    #[serde(borrow)]
    limit: Option<&'a RawValue>,
    #[serde(borrow)]
    is_typing: Option<&'a RawValue>,
    #[serde(borrow)]
    seq: Option<&'a RawValue>,
}

/// A file as it came.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct FileFields<'a> {
    #[serde(borrow)]
    file_id: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    mime_type: Option<&'a RawValue>,
    #[serde(borrow)]
    size: Option<&'a RawValue>,
    #[serde(borrow)]
    data_url: Option<&'a RawValue>,
}

/// A send that was read.
#[derive(Debug)]
pub(super) struct Send {
    pub(super) request: v1::SendMessageRequest,
    /// A file that came along, and is to be stored before.
    pub(super) inline: Option<Inline>,
}

/// A file that came along with a send.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Inline {
    pub(super) name: String,
    pub(super) mime_type: String,
    /// In bytes, as the sender says.
    pub(super) size: i64,
    /// The content (RFC 2397).
    pub(super) data_url: String,
}

/// Whether the sender leaves things to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `message_send`: everything is said.
    Strict,
    /// `message`: ids, room and time are made up where they are missing.
    Legacy,
}

/// A send that was refused as it stands, with the ids that an answer can name.
#[derive(Debug)]
pub(super) struct Unsendable {
    pub(super) client_msg_id: Option<String>,
    pub(super) room_id: Option<String>,
    pub(super) refusal: Refusal,
}

/// Reads a send.
pub(super) fn send(arguments: &str, dialect: Dialect) -> Result<Send, Unsendable> {
    let fields: SendFields<'_> = match first(arguments) {
        Ok(fields) => fields,
        Err(refusal) => return Err(Unsendable { client_msg_id: None, room_id: None, refusal }),
    };
    read_send(&fields, dialect).map_err(|refusal| Unsendable {
        client_msg_id: text("clientMsgId", fields.client_msg_id).ok().flatten(),
        room_id: text("roomId", fields.room_id).ok().flatten(),
        refusal,
    })
}

fn read_send(fields: &SendFields<'_>, dialect: Dialect) -> Result<Send, Refusal> {
    let legacy = dialect == Dialect::Legacy;
    let client_msg_id = text("clientMsgId", fields.client_msg_id)?;
    let client_msg_id = client_msg_id.or_else(|| legacy.then(|| uuid::Uuid::now_v7().to_string()));
    let room_id = text("roomId", fields.room_id)?.or_else(|| legacy.then(|| "lobby".to_owned()));
    let sent_at_client = match text("sentAtClient", fields.sent_at_client)? {
        Some(text) => Some(text.parse().map_err(|_| Refusal::invalid("sentAtClient: not an RFC 3339 time"))?),
        None => legacy.then(wire::now),
    };
    let (file, inline) = match fields.file.filter(|file| file.get() != "null") {
        Some(shown) => file(shown)?,
        None => (None, None),
    };
    let request = v1::SendMessageRequest {
        client_msg_id: client_msg_id.ok_or_else(|| missing("clientMsgId"))?,
        room_id: room_id.ok_or_else(|| missing("roomId"))?,
        text: text("text", fields.text)?.unwrap_or_default(),
        sent_at_client: Some(sent_at_client.ok_or_else(|| missing("sentAtClient"))?),
        file,
    };
    let file_id = request.file.as_ref().map_or(0, |file| file.file_id.len());
    if request.client_msg_id.len() + request.room_id.len() + request.text.len() + file_id > MAX_SEND {
        return Err(Refusal::new(Code::TooLarge, "message: longer than 512 KiB"));
    }
    Ok(Send { request, inline })
}

/// Reads a file: one that was uploaded before, by its id, or one that came along.
fn file(shown: &RawValue) -> Result<(Option<v1::FileReference>, Option<Inline>), Refusal> {
    let fields = Some(shown.get()).filter(|text| text.starts_with('{'));
    let fields: FileFields<'_> = fields
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| Refusal::invalid("file: must be an object"))?;
    if let Some(file_id) = text("file.fileId", fields.file_id)? {
        return Ok((Some(v1::FileReference { file_id }), None));
    }
    let needed = |field: &str, value| text(field, value)?.ok_or_else(|| missing(field));
    let inline = Inline {
        name: needed("file.name", fields.name)?,
        mime_type: needed("file.mimeType", fields.mime_type)?,
        size: number("file.size", fields.size)?.ok_or_else(|| missing("file.size"))?,
        data_url: needed("file.dataUrl", fields.data_url)?,
    };
    if inline.name.len() + inline.mime_type.len() > MAX_SEND {
        return Err(Refusal::invalid("file.name: must have 1 to 255 characters"));
    }
    Ok((None, Some(inline)))
}

/// Reads that somebody writes, or stopped to.
pub(super) fn typing(arguments: &str) -> Result<v1::SetTypingRequest, Refusal> {
    let fields: RoomFields<'_> = first(arguments)?;
    let is_typing = typed(fields.is_typing).map_err(|()| Refusal::invalid("isTyping: must be true or false"))?;
    Ok(v1::SetTypingRequest {
        room_id: text("roomId", fields.room_id)?.ok_or_else(|| missing("roomId"))?,
        is_typing: is_typing.ok_or_else(|| missing("isTyping"))?,
    })
}

/// Reads how far somebody has read.
pub(super) fn mark_read(arguments: &str) -> Result<v1::MarkReadRequest, Refusal> {
    let fields: RoomFields<'_> = first(arguments)?;
    Ok(v1::MarkReadRequest {
        room_id: text("roomId", fields.room_id)?.ok_or_else(|| missing("roomId"))?,
        seq: Some(number("seq", fields.seq)?.ok_or_else(|| missing("seq"))?),
    })
}

/// Reads a resync.
pub(super) fn resync(arguments: &str) -> Result<v1::ResyncRequest, Refusal> {
    let fields: RoomFields<'_> = first(arguments)?;
    let limit = match number("limit", fields.limit)? {
        // In protobuf 0 stands for the default.
        Some(0) => return Err(Refusal::invalid("limit: must be 1 to 500")),
        Some(limit) => i32::try_from(limit).map_err(|_| Refusal::invalid("limit: must be 1 to 500"))?,
        None => 0,
    };
    Ok(v1::ResyncRequest {
        room_id: text("roomId", fields.room_id)?.ok_or_else(|| missing("roomId"))?,
        after_seq: number("afterSeq", fields.after_seq)?.unwrap_or(0),
        limit,
    })
}

/// Reads the room of `join_room` and `leave_room`.
pub(super) fn room(arguments: &str) -> Result<String, Refusal> {
    let fields: RoomFields<'_> = first(arguments)?;
    text("roomId", fields.room_id)?.ok_or_else(|| missing("roomId"))
}

fn missing(field: &str) -> Refusal {
    Refusal::invalid(format!("{field}: missing"))
}

fn text(field: &str, value: Option<&RawValue>) -> Result<Option<String>, Refusal> {
    typed(value).map_err(|()| Refusal::invalid(format!("{field}: must be a text")))
}

fn number(field: &str, value: Option<&RawValue>) -> Result<Option<i64>, Refusal> {
    typed(value).map_err(|()| Refusal::invalid(format!("{field}: must be a whole number")))
}

fn typed<'a, T: Deserialize<'a>>(value: Option<&'a RawValue>) -> Result<Option<T>, ()> {
    match value {
        Some(value) => serde_json::from_str(value.get()).map_err(|_| ()),
        None => Ok(None),
    }
}

fn first<'a, T: Deserialize<'a>>(arguments: &'a str) -> Result<T, Refusal> {
    // An array would be read as a struct by position.
    let payload: First<&RawValue> =
        serde_json::from_str(arguments).map_err(|_| Refusal::invalid("payload: missing or malformed"))?;
    let object = Some(payload.0.get()).filter(|text| text.starts_with('{'));
    object
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| Refusal::invalid("payload: must be an object"))
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for First<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Arguments<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Arguments<T> {
            type Value = First<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an event's name and its argument")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut arguments: A) -> Result<Self::Value, A::Error> {
                arguments.next_element::<IgnoredAny>()?;
                let first = arguments.next_element()?.ok_or_else(|| A::Error::custom("no argument"))?;
                while arguments.next_element::<IgnoredAny>()?.is_some() {}
                Ok(First(first))
            }
        }
        deserializer.deserialize_seq(Arguments(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "01938d6a-7a00-7000-9000-00000000c0de";

    #[test]
    fn a_send_says_everything() {
        let sent = send(
            &format!(
                r#"["message_send",{{"clientMsgId":"{ID}","roomId":"r","text":"hi","sentAtClient":"2026-11-22T09:30:15.123Z","x":1}}, 2]"#
            ),
            Dialect::Strict,
        );
        let sent = sent.unwrap().request;
        assert_eq!((sent.client_msg_id.as_str(), sent.room_id.as_str(), sent.text.as_str()), (ID, "r", "hi"));
        assert_eq!(wire::time(sent.sent_at_client), "2026-11-22T09:30:15.123Z");
    }

    #[test]
    fn a_legacy_send_leaves_things_to_the_server() {
        let sent = send(r#"["message",{"text":"hi"}]"#, Dialect::Legacy).unwrap().request;
        assert_eq!((sent.room_id.as_str(), sent.client_msg_id.len()), ("lobby", 36));
        assert!(sent.sent_at_client.is_some());
    }

    #[test]
    fn a_refused_send_names_the_field_and_keeps_the_ids() {
        for (payload, named) in [
            (r#"{"roomId":"r","text":"x"}"#, "clientMsgId: missing"),
            (r#"{"clientMsgId":7,"roomId":"r"}"#, "clientMsgId: must be a text"),
            (r#"{"clientMsgId":"c","text":"x"}"#, "roomId: missing"),
            (r#"{"clientMsgId":"c","roomId":{},"text":"x"}"#, "roomId: must be a text"),
            (r#"{"clientMsgId":"c","roomId":"r","text":["x"]}"#, "text: must be a text"),
            (r#"{"clientMsgId":"c","roomId":"r","text":"x"}"#, "sentAtClient: missing"),
            (r#"{"clientMsgId":"c","roomId":"r","sentAtClient":"soon"}"#, "sentAtClient: not an RFC 3339 time"),
            (
                r#"{"clientMsgId":"c","roomId":"r","sentAtClient":"2026-11-22T09:30:15Z","file":7}"#,
                "file: must be an object",
            ),
            (
                r#"{"clientMsgId":"c","roomId":"r","sentAtClient":"2026-11-22T09:30:15Z","file":{}}"#,
                "file.name: missing",
            ),
            (
                r#"{"clientMsgId":"c","roomId":"r","sentAtClient":"2026-11-22T09:30:15Z","file":{"fileId":7}}"#,
                "file.fileId: must be a text",
            ),
            (
                r#"{"clientMsgId":"c","roomId":"r","sentAtClient":"2026-11-22T09:30:15Z",
                   "file":{"name":"a","mimeType":"text/plain","size":"1","dataUrl":"data:,a"}}"#,
                "file.size: must be a whole number",
            ),
            ("null", "payload: must be an object"),
            ("[1,2,3,4,5]", "payload: must be an object"),
            (r#""text""#, "payload: must be an object"),
        ] {
            let unsendable = send(&format!(r#"["message_send",{payload}]"#), Dialect::Strict).unwrap_err();
            assert_eq!(unsendable.refusal.message(), named);
            assert_eq!(unsendable.room_id.is_some(), payload.contains(r#""roomId":"r""#), "{payload}");
        }
        assert!(send(r#"["message_send"]"#, Dialect::Strict).is_err());
        assert!(send("", Dialect::Legacy).is_err());
    }

    #[test]
    fn a_file_comes_by_its_id_or_along() {
        let sent = |file: &str| send(&format!(r#"["message",{{"file":{file}}}]"#), Dialect::Legacy).unwrap();
        let by_id = sent(r#"{"fileId":"f","name":7}"#);
        assert_eq!((by_id.request.file.unwrap().file_id.as_str(), by_id.inline), ("f", None));
        let along = sent(r#"{"name":"a.txt","mimeType":"text/plain","size":1,"dataUrl":"data:,a"}"#);
        let (name, mime_type, data_url) = ("a.txt".into(), "text/plain".into(), "data:,a".into());
        assert_eq!((along.request.file, along.inline), (None, Some(Inline { name, mime_type, size: 1, data_url })));
    }

    #[test]
    fn what_is_said_of_a_room_has_its_types() {
        let said = typing(r#"["typing",{"roomId":"r","isTyping":true}]"#).unwrap();
        assert_eq!((said.room_id.as_str(), said.is_typing), ("r", true));
        for bad in ["{}", r#"{"roomId":"r"}"#, r#"{"roomId":"r","isTyping":1}"#, r#"{"isTyping":true}"#] {
            assert!(typing(&format!(r#"["typing",{bad}]"#)).is_err(), "{bad}");
        }
        assert_eq!(mark_read(r#"["mark_read",{"roomId":"r","seq":7}]"#).unwrap().seq, Some(7));
        for bad in ["{}", r#"{"roomId":"r"}"#, r#"{"roomId":"r","seq":1.5}"#, r#"{"roomId":"r","seq":"1"}"#] {
            assert!(mark_read(&format!(r#"["mark_read",{bad}]"#)).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_the_core_would_not_read_does_not_get_onto_its_stream() {
        let long = |text: &str| format!(r#"["message",{{"text":"{text}"}}]"#);
        assert!(send(&long(&"x".repeat(500_000)), Dialect::Legacy).is_ok());
        let refused = send(&long(&"x".repeat(MAX_SEND)), Dialect::Legacy).unwrap_err();
        assert!(refused.refusal.is(Code::TooLarge));
    }

    #[test]
    fn a_resync_takes_whole_numbers_only() {
        let asked = resync(r#"["message_resync",{"roomId":"r","afterSeq":9007199254740991,"limit":500}]"#).unwrap();
        assert_eq!((asked.after_seq, asked.limit), (9_007_199_254_740_991, 500));
        assert_eq!(resync(r#"["message_resync",{"roomId":"r"}]"#).unwrap().after_seq, 0);
        for bad in
            [r#""afterSeq":1.5"#, r#""afterSeq":"1""#, r#""afterSeq":1e99"#, r#""limit":0"#, r#""limit":99999999999"#]
        {
            assert!(resync(&format!(r#"["message_resync",{{"roomId":"r",{bad}}}]"#)).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn nothing_a_client_sends_panics(arguments in r#"\["x",[\[\]{}":,0-9a-z.\\-]{0,60}"#, any in "\\PC{0,60}") {
            for arguments in [arguments, any] {
                let _ = (send(&arguments, Dialect::Strict), send(&arguments, Dialect::Legacy));
                let _ = (resync(&arguments), room(&arguments), typing(&arguments), mark_read(&arguments));
            }
        }

        #[test]
        fn deep_nesting_is_refused(depth in 200usize..20_000) {
            let deep = format!(r#"["x",{{"clientMsgId":{}}}]"#, "[".repeat(depth) + &"]".repeat(depth));
            prop_assert!(send(&deep, Dialect::Legacy).is_err());
        }
    }
}
