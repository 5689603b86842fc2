//! `/social/rooms/:roomId/messages`: reading and sending without a socket.

use axum::Json;
use axum::extract::State;
use chat_proto::v1;
use chat_proto::v1::list_messages_request::Cursor;
use http::StatusCode;
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

use super::body::{Body, Params, Segment};
use super::rooms::no_answer;
use crate::auth::Caller;
use crate::core::{Core, answer, with_token};
use crate::error::Refusal;
use crate::sends::Sends;
use crate::wire;

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    #[param(minimum = 1, maximum = 500, default = 50, nullable = false)]
    limit: Option<i32>,
    /// What follows this position; not together with `beforeSeq`.
    #[param(value_type = Option<wire::Position>, nullable = false)]
    after_seq: Option<i64>,
    /// What precedes this position; not together with `afterSeq`.
    #[param(value_type = Option<wire::Seq>, nullable = false)]
    before_seq: Option<i64>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SendMessage {
    #[schema(value_type = wire::ClientMsgId)]
    client_msg_id: String,
    /// At most 8,000 code points after the white space at both ends is trimmed, without NUL. It may be missing where
    /// there is a file.
    text: Option<String>,
    /// A file that was uploaded before.
    #[schema(format = Uuid)]
    file_id: Option<String>,
}

/// Reads a page of a room's history, the newest one where no position is given.
#[utoipa::path(
    get, path = "/social/rooms/{roomId}/messages", operation_id = "listMessages", tag = "messages",
    params(("roomId" = wire::RoomId, Path, description = "The room"), Which),
    responses(
        (status = 200, description = "Messages, ascending by `seq`", body = wire::Page),
        (status = 403, description = "`not_a_member`: no such room, or the caller is no member of it"),
        (status = 409, description = "`cursor_ahead`: `afterSeq` is beyond the room's newest position"),
    ),
)]
pub(super) async fn page(
    State(mut core): State<Core>,
    caller: Caller,
    Segment(room_id): Segment,
    Params(which): Params<Which>,
) -> Result<Json<wire::Page>, Refusal> {
    let cursor = match (which.after_seq, which.before_seq) {
        (Some(_), Some(_)) => return Err(Refusal::invalid("afterSeq: not together with beforeSeq")),
        (Some(seq), None) => Some(Cursor::AfterSeq(seq)),
        // The page repeats the position.
        (None, Some(seq)) if seq > wire::LAST => return Err(Refusal::invalid("beforeSeq: must be below 2^53")),
        (None, Some(seq)) => Some(Cursor::BeforeSeq(seq)),
        (None, None) => None,
    };
    // In protobuf 0 stands for the default.
    if which.limit == Some(0) {
        return Err(Refusal::invalid("limit: must be 1 to 500"));
    }
    let request = v1::ListMessagesRequest { room_id, limit: which.limit.unwrap_or(0), cursor };
    Ok(Json(answer(core.chat.list_messages(with_token(&caller.token, request)?)).await?.into()))
}

/// Sends a message, which has a text or a file or both.
#[utoipa::path(
    post, path = "/social/rooms/{roomId}/messages", operation_id = "sendMessage", tag = "messages",
    params(("roomId" = wire::RoomId, Path, description = "The room")),
    request_body = SendMessage,
    responses(
        (status = 201, description = "Accepted: it is on disk", body = wire::MessageStored),
        (status = 200, description = "A duplicate: the message that the first send with this `clientMsgId` stored",
            body = wire::MessageStored),
        (status = 403, description = "`not_a_member`: no such room, or the caller is no member of it; \
                                      `not_friends`: a direct room of people who are none any more"),
        (status = 404, description = "`not_found`: no such file, or none that the caller may see"),
        (status = 409, description = "`idempotency_conflict`: the `clientMsgId` was sent before with other content"),
    ),
)]
pub(super) async fn send(
    State(sends): State<Sends>,
    caller: Caller,
    Segment(room_id): Segment,
    Body(body): Body<SendMessage>,
) -> Result<(StatusCode, Json<wire::MessageStored>), Refusal> {
    let send = v1::SendMessageRequest {
        room_id,
        client_msg_id: body.client_msg_id,
        text: body.text.unwrap_or_default(),
        sent_at_client: Some(wire::now()),
        file: body.file_id.map(|file_id| v1::FileReference { file_id }),
    };
    let stored = sends.submit(caller.token, send, Instant::now()).await.answer().await?;
    let status = wire::SendStatus::of(&stored);
    let http = if status == wire::SendStatus::Accepted { StatusCode::CREATED } else { StatusCode::OK };
    let message = stored.message.ok_or_else(no_answer)?.into();
    Ok((http, Json(wire::MessageStored { status, message })))
}
