//! `SocialService`: rooms, their members, and invites.

use chat_proto::v1;
use chat_proto::v1::social_service_server::SocialService;
use tonic::{Request, Response, Status};

use super::convert;
use super::gate::Gate;
use crate::domain::{Credential, Invite, InviteId, RoomId, Title, UserId};
use crate::store::{Reply, Store};

/// The service.
pub(crate) struct Social {
    store: Store,
    gate: Gate,
}

impl Social {
    pub(super) fn new(store: Store, gate: Gate) -> Self {
        Self { store, gate }
    }

    async fn reply(&self, credential: Credential, id: &str, reply: Reply) -> Result<Invite, Status> {
        match InviteId::parse(id) {
            Ok(id) => Ok(self.store.reply(credential, id, reply).await?),
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
}
