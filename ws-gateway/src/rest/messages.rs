//! `/social/rooms/:roomId/messages`: reading and sending without a socket.

use axum::Json;
use axum::extract::State;
use chat_proto::v1;
use chat_proto::v1::list_messages_request::Cursor;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::body::{Body, Params, Segment};
use super::rooms::no_answer;
use crate::auth::Caller;
use crate::core::{Core, answer, with_token};
use crate::error::{Code, Refusal};
use crate::sends::Sends;
use crate::wire;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Which {
    limit: Option<i32>,
    after_seq: Option<i64>,
    before_seq: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Send {
    client_msg_id: String,
    text: Option<String>,
    file_id: Option<Value>,
}

pub(super) async fn page(
    State(mut core): State<Core>,
    caller: Caller,
    Segment(room_id): Segment,
    Params(which): Params<Which>,
) -> Result<Json<wire::Page>, Refusal> {
    let cursor = match (which.after_seq, which.before_seq) {
        (Some(_), Some(_)) => return Err(Refusal::invalid("afterSeq: not together with beforeSeq")),
        (Some(seq), None) => Some(Cursor::AfterSeq(seq)),
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

pub(super) async fn send(
    State(sends): State<Sends>,
    caller: Caller,
    Segment(room_id): Segment,
    Body(body): Body<Send>,
) -> Result<(StatusCode, Json<wire::MessageStored>), Refusal> {
    if body.file_id.is_some_and(|file| !file.is_null()) {
        return Err(Refusal::new(Code::TooLarge, "fileId: files are not taken"));
    }
    let send = v1::SendMessageRequest {
        room_id,
        client_msg_id: body.client_msg_id,
        text: body.text.unwrap_or_default(),
        sent_at_client: Some(wire::now()),
    };
    let stored = sends.submit(caller.token, send, Instant::now()).await.answer().await?;
    let status = wire::send_status(&stored);
    let http = if status == "accepted" { StatusCode::CREATED } else { StatusCode::OK };
    let message = stored.message.ok_or_else(no_answer)?.into();
    Ok((http, Json(wire::MessageStored { status, message })))
}
