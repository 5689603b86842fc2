//! Friends, and requests to become one.

use chat_proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::{DisplayName, UserId, time};

/// What became of a request or an invite.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RequestStatus {
    Pending,
    Accepted,
    Rejected,
}

impl From<v1::FriendRequestStatus> for RequestStatus {
    fn from(status: v1::FriendRequestStatus) -> Self {
        match status {
            v1::FriendRequestStatus::Accepted => Self::Accepted,
            v1::FriendRequestStatus::Rejected => Self::Rejected,
            v1::FriendRequestStatus::Pending | v1::FriendRequestStatus::Unspecified => Self::Pending,
        }
    }
}

/// A request to be friends.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FriendRequest {
    #[schema(format = Uuid)]
    id: String,
    #[schema(value_type = UserId)]
    from_user_id: String,
    #[schema(value_type = UserId)]
    to_user_id: String,
    status: RequestStatus,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<v1::FriendRequest> for FriendRequest {
    fn from(request: v1::FriendRequest) -> Self {
        Self {
            status: request.status().into(),
            id: request.id,
            from_user_id: request.from_user_id,
            to_user_id: request.to_user_id,
            created_at: time(request.created_at),
        }
    }
}

/// The answer to a request, and to its acceptance or rejection.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FriendRequestAnswer {
    pub(crate) ok: bool,
    pub(crate) request: FriendRequest,
}

/// Pending requests, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FriendRequests {
    pub(crate) requests: Vec<FriendRequest>,
}

/// `friend_request_new` and `friend_request_updated`.
#[derive(Debug, Serialize)]
pub(crate) struct FriendRequestEvent {
    request: FriendRequest,
}

impl From<v1::FriendRequest> for FriendRequestEvent {
    fn from(request: v1::FriendRequest) -> Self {
        Self { request: request.into() }
    }
}

/// Somebody's friends, by id.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Friends {
    #[schema(value_type = UserId)]
    user_id: String,
    #[schema(value_type = Vec<UserId>)]
    friends: Vec<String>,
    details: Vec<FriendDetails>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FriendDetails {
    #[schema(value_type = UserId)]
    user_id: String,
    #[schema(value_type = DisplayName)]
    display_name: String,
    online: bool,
}

impl Friends {
    pub(crate) fn of(user_id: String, list: v1::ListFriendsResponse) -> Self {
        let details = |friend: v1::Friend| FriendDetails {
            user_id: friend.user_id,
            display_name: friend.display_name,
            online: friend.online,
        };
        Self {
            user_id,
            friends: list.friends.iter().map(|friend| friend.user_id.clone()).collect(),
            details: list.friends.into_iter().map(details).collect(),
        }
    }
}
