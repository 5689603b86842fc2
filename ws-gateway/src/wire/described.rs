//! Ids and texts as the description of the REST surface shows them (contract: Identifiers and limits). The core checks
//! them; on their way they are plain strings and numbers.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// 2^53 - 1, the last position that JavaScript counts.
pub(crate) const LAST: i64 = 9_007_199_254_740_991;

macro_rules! described {
    ($(#[doc = $doc:literal] $name:ident = $schema:expr;)*) => {$(
        #[doc = $doc]
        pub(crate) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let mut schema: Object = $schema.build();
                schema.description = Some($doc.trim().to_owned());
                schema.into()
            }
        }

        impl ToSchema for $name {}
    )*};
}

described! {
    /// A user, chosen at sign-up.
    UserId = text().pattern(Some("^[a-z0-9][a-z0-9_.-]{1,31}$")).examples(["alice"]);
    /// What a user is called.
    DisplayName = text().max_length(Some(64)).examples(["Alice"]);
    /// A channel.
    ChannelId = text().pattern(Some("^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")).examples(["lobby"]);
    /// The direct room of two users, theirs in byte order.
    DirectRoomId = text()
        .pattern(Some("^dm:[a-z0-9][a-z0-9_.-]{1,31}:[a-z0-9][a-z0-9_.-]{1,31}$"))
        .examples(["dm:alice:bob"]);
    /// A channel or a direct room.
    RoomId = text()
        .pattern(Some(
            "^([A-Za-z0-9][A-Za-z0-9_-]{0,63}|dm:[a-z0-9][a-z0-9_.-]{1,31}:[a-z0-9][a-z0-9_.-]{1,31})$",
        ))
        .examples(["lobby"]);
    /// A message's position in its room: 1 for the first, with none left out.
    Seq = number().minimum(Some(1));
    /// A position in a room, or 0 before the first message.
    Position = number().minimum(Some(0));
    /// Made by the sender once for each message, kept for every retry, and compared in any case.
    ClientMsgId = text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
    /// A name without path separators and control characters.
    FileName = text().min_length(Some(1)).max_length(Some(255)).examples(["plan.pdf"]);
    /// The bytes of a file.
    FileBytes = text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)));
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn number() -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Int64);
    ObjectBuilder::new().schema_type(Type::Integer).format(Some(format)).maximum(Some(LAST))
}
