//! `SocialService`: friends, rooms with their members and invites, direct rooms, who has read what.

use std::sync::Arc;

use chat_proto::v1;
use chat_proto::v1::social_service_server::SocialService;
use tonic::{Request, Response, Status};

use super::convert;
use super::gate::Gate;
use crate::domain::{
    Credential, Direction, Error, FriendRequest, FriendRequestId, Invite, InviteId, RoomId, Title, UserId,
};
use crate::hub::Hub;
use crate::store::{Reply, Store};

/// The service.
pub(crate) struct Social {
    store: Store,
    hub: Arc<Hub>,
    gate: Gate,
}

impl Social {
    pub(super) fn new(store: Store, hub: Arc<Hub>, gate: Gate) -> Self {
        Self { store, hub, gate }
    }

    async fn reply_to_request(&self, credential: Credential, id: &str, reply: Reply) -> Result<FriendRequest, Status> {
        match FriendRequestId::parse(id) {
            Ok(id) => Ok(self.store.reply_to_friend_request(credential, id, reply).await?),
            Err(refusal) => Err(self.store.refusal(credential, refusal).await.into()),
        }
    }

    async fn reply(&self, credential: Credential, id: &str, reply: Reply) -> Result<Invite, Status> {
        match InviteId::parse(id) {
            Ok(id) => Ok(self.store.reply_to_invite(credential, id, reply).await?),
            Err(refusal) => Err(self.store.refusal(credential, refusal).await.into()),
        }
    }
}

#[tonic::async_trait]
impl SocialService for Social {
    async fn create_room(
        &self,
        request: Request<v1::CreateRoomRequest>,
    ) -> Result<Response<v1::CreateRoomResponse>, Status> {
        let credential = self.gate.admit(&request)?;
        let request = request.into_inner();
        let id = RoomId::parse_channel(&request.room_id)?;
        let title = Title::parse(&request.title, id.as_str())?;
        let room = self.store.create_room(credential, id, title).await?;
        Ok(Response::new(v1::CreateRoomResponse { room: Some(convert::room(room)) }))
    }

    async fn list_rooms(
        &self,
        request: Request<v1::ListRoomsRequest>,
    ) -> Result<Response<v1::ListRoomsResponse>, Status> {
        let rooms = self.store.rooms(self.gate.admit(&request)?).await?;
        Ok(Response::new(v1::ListRoomsResponse { rooms: rooms.iter().map(convert::room_summary).collect() }))
    }

    async fn list_members(
        &self,
        request: Request<v1::ListMembersRequest>,
    ) -> Result<Response<v1::ListMembersResponse>, Status> {
        let credential = self.gate.admit(&request)?;
        let room = RoomId::parse(&request.get_ref().room_id)?;
        let members = self.store.members(credential, room.clone()).await?;
        let members = members.into_iter().map(convert::member).collect();
        Ok(Response::new(v1::ListMembersResponse { room_id: room.to_string(), members }))
    }

    async fn invite_to_room(
        &self,
        request: Request<v1::InviteToRoomRequest>,
    ) -> Result<Response<v1::InviteToRoomResponse>, Status> {
        let credential = self.gate.admit(&request)?;
        let request = request.get_ref();
        let (room, to) = (RoomId::parse(&request.room_id)?, UserId::parse("toUserId", &request.to_user_id)?);
        let invited = self.store.invite(credential, room, to).await?;
        Ok(Response::new(convert::invited(&invited)))
    }

    async fn accept_invite(
        &self,
        request: Request<v1::AcceptInviteRequest>,
    ) -> Result<Response<v1::AcceptInviteResponse>, Status> {
        let credential = self.gate.admit(&request)?;
        let invite = self.reply(credential, &request.get_ref().invite_id, Reply::Accept).await?;
        Ok(Response::new(v1::AcceptInviteResponse { invite: Some(convert::invite(&invite)) }))
    }

    async fn reject_invite(
        &self,
        request: Request<v1::RejectInviteRequest>,
    ) -> Result<Response<v1::RejectInviteResponse>, Status> {
        let credential = self.gate.admit(&request)?;
        let invite = self.reply(credential, &request.get_ref().invite_id, Reply::Reject).await?;
        Ok(Response::new(v1::RejectInviteResponse { invite: Some(convert::invite(&invite)) }))
    }

    async fn list_invites(
        &self,
        request: Request<v1::ListInvitesRequest>,
    ) -> Result<Response<v1::ListInvitesResponse>, Status> {
        let invites = self.store.invites(self.gate.admit(&request)?).await?;
        Ok(Response::new(v1::ListInvitesResponse { invites: invites.iter().map(convert::invite).collect() }))
    }

    async fn leave_room(
        &self,
        request: Request<v1::LeaveRoomRequest>,
    ) -> Result<Response<v1::LeaveRoomResponse>, Status> {
        let credential = self.gate.admit(&request)?;
        self.store.leave(credential, RoomId::parse(&request.get_ref().room_id)?).await?;
        Ok(Response::new(v1::LeaveRoomResponse {}))
    }

    async fn remove_member(
        &self,
        request: Request<v1::RemoveMemberRequest>,
    ) -> Result<Response<v1::RemoveMemberResponse>, Status> {
        let credential = self.gate.admit(&request)?;
        let request = request.get_ref();
        let (room, member) = (RoomId::parse(&request.room_id)?, UserId::parse("userId", &request.user_id)?);
        self.store.remove_member(credential, room, member).await?;
        Ok(Response::new(v1::RemoveMemberResponse {}))
    }

    async fn send_friend_request(
        &self,
        request: Request<v1::SendFriendRequestRequest>,
    ) -> Result<Response<v1::SendFriendRequestResponse>, Status> {
        let credential = self.gate.admit(&request)?;
        let to = UserId::parse("toUserId", &request.get_ref().to_user_id)?;
        Ok(Response::new(convert::asked(&self.store.ask_friend(credential, to).await?)))
    }

    async fn list_friend_requests(
        &self,
        request: Request<v1::ListFriendRequestsRequest>,
    ) -> Result<Response<v1::ListFriendRequestsResponse>, Status> {
        use v1::list_friend_requests_request::Direction as Asked;
        let credential = self.gate.admit(&request)?;
        let direction = match Asked::try_from(request.get_ref().direction) {
            Ok(Asked::Incoming) => Direction::Incoming,
            Ok(Asked::Outgoing) => Direction::Outgoing,
            _ => return Err(Error::invalid("direction", "must be INCOMING or OUTGOING").into()),
        };
        let requests = self.store.friend_requests(credential, direction).await?;
        let requests = requests.iter().map(convert::friend_request).collect();
        Ok(Response::new(v1::ListFriendRequestsResponse { requests }))
    }

    async fn accept_friend_request(
        &self,
        request: Request<v1::AcceptFriendRequestRequest>,
    ) -> Result<Response<v1::AcceptFriendRequestResponse>, Status> {
        let credential = self.gate.admit(&request)?;
        let answered = self.reply_to_request(credential, &request.get_ref().request_id, Reply::Accept).await?;
        Ok(Response::new(v1::AcceptFriendRequestResponse { request: Some(convert::friend_request(&answered)) }))
    }

    async fn reject_friend_request(
        &self,
        request: Request<v1::RejectFriendRequestRequest>,
    ) -> Result<Response<v1::RejectFriendRequestResponse>, Status> {
        let credential = self.gate.admit(&request)?;
        let answered = self.reply_to_request(credential, &request.get_ref().request_id, Reply::Reject).await?;
        Ok(Response::new(v1::RejectFriendRequestResponse { request: Some(convert::friend_request(&answered)) }))
    }

    async fn list_friends(
        &self,
        request: Request<v1::ListFriendsRequest>,
    ) -> Result<Response<v1::ListFriendsResponse>, Status> {
        let friends = self.store.friends(self.gate.admit(&request)?).await?;
        let friend = |friend: crate::domain::Friend| v1::Friend {
            online: self.hub.presence.is_online(&friend.user),
            user_id: friend.user.to_string(),
            display_name: friend.display_name,
        };
        Ok(Response::new(v1::ListFriendsResponse { friends: friends.into_iter().map(friend).collect() }))
    }

    async fn remove_friend(
        &self,
        request: Request<v1::RemoveFriendRequest>,
    ) -> Result<Response<v1::RemoveFriendResponse>, Status> {
        let credential = self.gate.admit(&request)?;
        let friend = UserId::parse("userId", &request.get_ref().user_id)?;
        self.store.remove_friend(credential, friend).await?;
        Ok(Response::new(v1::RemoveFriendResponse {}))
    }

    async fn start_direct_message(
        &self,
        request: Request<v1::StartDirectMessageRequest>,
    ) -> Result<Response<v1::StartDirectMessageResponse>, Status> {
        let credential = self.gate.admit(&request)?;
        let to = UserId::parse("toUserId", &request.get_ref().to_user_id)?;
        let peer_user_id = to.to_string();
        let room_id = self.store.start_direct(credential, to).await?.to_string();
        let room = v1::DirectRoom { room_id, peer_user_id, ..v1::DirectRoom::default() };
        Ok(Response::new(v1::StartDirectMessageResponse { room: Some(room) }))
    }

    async fn list_direct_rooms(
        &self,
        request: Request<v1::ListDirectRoomsRequest>,
    ) -> Result<Response<v1::ListDirectRoomsResponse>, Status> {
        let rooms = self.store.direct_rooms(self.gate.admit(&request)?).await?;
        Ok(Response::new(v1::ListDirectRoomsResponse { rooms: rooms.iter().map(convert::direct_room).collect() }))
    }

    async fn mark_read(&self, request: Request<v1::MarkReadRequest>) -> Result<Response<v1::MarkReadResponse>, Status> {
        let credential = self.gate.admit(&request)?;
        let v1::MarkReadRequest { room_id, seq } = request.into_inner();
        let last_read_seq = self.store.mark_read(credential, RoomId::parse(&room_id)?, seq).await?;
        Ok(Response::new(v1::MarkReadResponse { last_read_seq }))
    }

    async fn set_typing(
        &self,
        request: Request<v1::SetTypingRequest>,
    ) -> Result<Response<v1::SetTypingResponse>, Status> {
        let credential = self.gate.admit(&request)?;
        let v1::SetTypingRequest { room_id, is_typing } = request.into_inner();
        self.store.set_typing(credential, RoomId::parse(&room_id)?, is_typing).await?;
        Ok(Response::new(v1::SetTypingResponse {}))
    }
}
