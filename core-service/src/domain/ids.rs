//! Names of things. Each checks its form when it is made (contract: Identifiers and limits).

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use super::{Error, Result};

/// A user: `[a-z0-9][a-z0-9_.-]{1,31}`, chosen at sign-up. Clones are cheap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Arc<str>);

/// A room: a channel `[A-Za-z0-9][A-Za-z0-9_-]{0,63}` or a direct one `dm:<a>:<b>`. Clones are cheap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(Arc<str>);

/// The UUID that a sender makes for a message; equal whatever the case of its text form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientMsgId(Uuid);

/// A message's id, a UUIDv7 of the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageId(Uuid);

/// A session's id, which says nothing about its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(Uuid);

/// An invite's id, a UUIDv7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InviteId(Uuid);

/// A friend request's id, a UUIDv7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FriendRequestId(Uuid);

/// A file's id, a UUIDv7. It says nothing about the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId(Uuid);

impl UserId {
    /// Checks the form. `field` is named in the error, `invalid_argument`.
    pub fn parse(field: &'static str, text: &str) -> Result<Self> {
        if is_user_id(text) { Ok(Self(text.into())) } else { Err(Error::invalid(field, "not a user id")) }
    }

    /// An id that was checked before it was stored.
    #[must_use]
    pub fn stored(text: &str) -> Self {
        Self(text.into())
    }
}

impl RoomId {
    /// Checks the form of any room's id. Errors: `invalid_argument`.
    pub fn parse(text: &str) -> Result<Self> {
        if is_channel_id(text) || is_direct_id(text) {
            Ok(Self(text.into()))
        } else {
            Err(Error::invalid("roomId", "not a room id"))
        }
    }

    /// Checks the form of a channel's id. Errors: `invalid_argument`.
    pub fn parse_channel(text: &str) -> Result<Self> {
        if is_channel_id(text) {
            Ok(Self(text.into()))
        } else {
            Err(Error::invalid("roomId", "1 to 64 letters, digits, '_' or '-', the first a letter or digit"))
        }
    }

    /// The direct room of two people.
    #[must_use]
    pub fn direct(one: &UserId, other: &UserId) -> Self {
        let (first, second) = if one < other { (one, other) } else { (other, one) };
        Self(format!("dm:{first}:{second}").into())
    }

    /// An id that was checked before it was stored.
    #[must_use]
    pub fn stored(text: &str) -> Self {
        Self(text.into())
    }
}

impl ClientMsgId {
    /// Reads the 36 characters of a UUID in any case. Errors: `invalid_argument`.
    pub fn parse(text: &str) -> Result<Self> {
        uuid("clientMsgId", text).map(Self)
    }
}

impl InviteId {
    /// Reads the text form. Errors: `invalid_argument` for an empty one, `not_found` for what names no invite.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::invalid("inviteId", "missing"));
        }
        uuid("inviteId", text).map(Self).map_err(|_| Error::NotFound("invite"))
    }
}

impl FriendRequestId {
    /// Reads the text form. Errors: `invalid_argument` for an empty one, `not_found` for what names no request.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::invalid("requestId", "missing"));
        }
        uuid("requestId", text).map(Self).map_err(|_| Error::NotFound("friend request"))
    }
}

impl FileId {
    /// Reads the text form. Errors: `invalid_argument` for an empty one, `not_found` for what names no file.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::invalid("fileId", "missing"));
        }
        uuid("fileId", text).map(Self).map_err(|_| Error::NotFound("file"))
    }
}

impl SessionId {
    /// Reads the text form. Errors: `not_found` for what names no session.
    pub fn parse(text: &str) -> Result<Self> {
        uuid("sessionId", text).map(Self).map_err(|_| Error::NotFound("session"))
    }
}

fn uuid(field: &'static str, text: &str) -> Result<Uuid> {
    match Uuid::try_parse(text) {
        Ok(uuid) if text.len() == uuid::fmt::Hyphenated::LENGTH => Ok(uuid),
        _ => Err(Error::invalid(field, "not a UUID")),
    }
}

fn is_user_id(text: &str) -> bool {
    let first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let rest = |byte: u8| first(byte) || matches!(byte, b'_' | b'.' | b'-');
    (2..=32).contains(&text.len()) && text.bytes().next().is_some_and(first) && text.bytes().all(rest)
}

fn is_channel_id(text: &str) -> bool {
    let rest = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=64).contains(&text.len())
        && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().all(rest)
}

fn is_direct_id(text: &str) -> bool {
    let pair = text.strip_prefix("dm:").and_then(|pair| pair.split_once(':'));
    pair.is_some_and(|(a, b)| a < b && is_user_id(a) && is_user_id(b))
}

macro_rules! text_id {
    ($($id:ident),*) => {$(
        impl $id {
            /// The wire's form.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    )*};
}

macro_rules! uuid_id {
    ($($id:ident),*) => {$(
        impl $id {
            /// An id from its 16 stored bytes.
            #[must_use]
            pub fn stored(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The 16 bytes to store.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        /// Lower-case text form.
        impl fmt::Display for $id {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(formatter)
            }
        }
    )*};
}

macro_rules! made_here {
    ($($id:ident = $make:ident),*) => {$(
        impl $id {
            /// A new one.
            #[must_use]
            pub fn make() -> Self {
                Self(Uuid::$make())
            }
        }
    )*};
}

text_id!(UserId, RoomId);
uuid_id!(ClientMsgId, MessageId, SessionId, InviteId, FriendRequestId, FileId);
made_here!(MessageId = now_v7, InviteId = now_v7, FriendRequestId = now_v7, FileId = now_v7, SessionId = new_v4);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn user_ids() {
        for good in ["al", "0a", "constructor", "a.b-c_d", &"x".repeat(32)] {
            assert!(UserId::parse("userId", good).is_ok(), "{good}");
        }
        for bad in ["", "a", ".a", "_a", "Alice", "al ice", "al\u{e9}", "al:ce", "a\0b", &"x".repeat(33)] {
            assert!(UserId::parse("userId", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn room_ids() {
        for good in ["a", "A-b_9", "lobby", "__proto__".trim_start_matches('_'), &"x".repeat(64)] {
            assert!(RoomId::parse_channel(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "_a", "a.b", "a b", "dm:al:bo", "a\0", &"x".repeat(65)] {
            assert!(RoomId::parse_channel(bad).is_err(), "{bad}");
        }
        assert!(RoomId::parse("dm:al:bo").is_ok());
        let (al, bo) = (UserId::stored("al"), UserId::stored("bo"));
        assert_eq!(RoomId::direct(&bo, &al), RoomId::stored("dm:al:bo"));
        for bad in ["dm:bo:al", "dm:al:al", "dm:al", "dm:al:b", "dm:al:bo:cy", "dm::"] {
            assert!(RoomId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn client_message_ids_ignore_case_and_take_one_form() {
        let upper = ClientMsgId::parse("0192F0C1-2345-7ABC-8DEF-0123456789AB").unwrap();
        let lower = ClientMsgId::parse("0192f0c1-2345-7abc-8def-0123456789ab").unwrap();
        assert_eq!(upper, lower);
        assert_eq!(upper.to_string(), "0192f0c1-2345-7abc-8def-0123456789ab");
        for bad in ["", "x", "0192f0c123457abc8def0123456789ab", "{0192f0c1-2345-7abc-8def-0123456789ab}"] {
            assert!(ClientMsgId::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_a_parser(text in "\\PC*") {
            let _ = UserId::parse("userId", &text);
            let _ = RoomId::parse(&text);
            let _ = ClientMsgId::parse(&text);
        }

        #[test]
        fn an_id_reads_back_as_it_was_written(text in "[a-z0-9][a-z0-9_.-]{1,31}") {
            let id = UserId::parse("userId", &text)?;
            prop_assert_eq!(id.as_str(), text);
        }
    }
}
