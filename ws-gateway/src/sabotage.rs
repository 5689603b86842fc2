//! What planted faults in the line of sends need. Without the feature `sabotage` nobody calls this.

use std::time::Duration;

use chat_proto::v1;
use uuid::Uuid;

/// How long a send is tried where `accept-unanswered` is planted: a short absence of the core is enough then.
pub(crate) const PATIENCE: Duration = Duration::from_millis(50);

/// Makes another message of a send.
pub(crate) fn rename(request: &mut v1::SendMessagesRequest) {
    if let Some(send) = &mut request.send {
        send.client_msg_id = Uuid::now_v7().to_string();
    }
}

/// The answer to a send as if it had been stored.
pub(crate) fn made_up(request: v1::SendMessagesRequest) -> v1::SendMessageResponse {
    let v1::SendMessageRequest { client_msg_id, room_id, text, sent_at_client, file: _ } =
        request.send.unwrap_or_default();
    let id = Uuid::now_v7().to_string();
    let message = v1::Message { id, client_msg_id, room_id, seq: 1, text, sent_at_client, ..v1::Message::default() };
    v1::SendMessageResponse { status: v1::send_message_response::Status::Accepted.into(), message: Some(message) }
}

/// Whether a message is one of those that are never answered, of which there is one in 64.
pub(crate) fn is_unlucky(client_msg_id: &str) -> bool {
    client_msg_id.bytes().map(u32::from).sum::<u32>().is_multiple_of(64)
}
