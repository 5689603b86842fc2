//! Invites to rooms.

use rusqlite::{Connection, Row};

use super::actor::user_key;
use super::writer::WriteTx;
use super::{Reply, Store, members, time, user};
use crate::domain::{
    Actor, Credential, Error, Event, Invite, InviteId, InviteStatus, Invited, Result, Role, RoomId, UserEvent, UserId,
};

/// The columns that [`Stored::read`] reads.
const INVITE: &str =
    "SELECT invite_id, room, room_id, inviter.user_id AS from_user, invited.user_id AS to_user, status,
    invites.created_at FROM invites JOIN rooms ON rooms.key = room
    JOIN users AS inviter ON inviter.key = from_user JOIN users AS invited ON invited.key = to_user";

/// An invite with the key of its room.
struct Stored {
    room: i64,
    invite: Invite,
}

impl Store {
    /// Invites a user to a room. Errors: `unauthenticated`, `not_a_member`, `not_found` (the user),
    /// `failed_precondition` (a member already, a direct room), `unavailable`.
    pub async fn invite(&self, credential: Credential, room: RoomId, to: UserId) -> Result<Invited> {
        self.write_as(credential, move |tx, actor| invite(tx, actor, room, to)).await
    }

    /// Answers an invite. Errors: `unauthenticated`, `not_found`, `forbidden` (somebody else's),
    /// `failed_precondition` (answered before), `unavailable`.
    pub async fn reply_to_invite(&self, credential: Credential, id: InviteId, reply: Reply) -> Result<Invite> {
        self.write_as(credential, move |tx, actor| answer(tx, actor, &id, reply)).await
    }

    /// The actor's pending invites, the oldest first. Errors: `unauthenticated`.
    pub async fn invites(&self, credential: Credential) -> Result<Vec<Invite>> {
        self.read_as(credential, |connection, actor| pending(connection, actor.key)).await
    }
}

pub(super) fn invite(tx: &mut WriteTx<'_>, actor: &Actor, room: RoomId, to: UserId) -> Result<Invited> {
    let room_key = members::of(tx.connection(), actor, &room)?.in_channel()?.room;
    let to_key = user_key(tx.connection(), &to)?;
    if members::is_member(tx.connection(), room_key, to_key)? {
        return Err(Error::FailedPrecondition("a member already"));
    }
    let known = one(tx.connection(), "to_user = ?1 AND room = ?2 AND status = 'pending'", (to_key, room_key))?;
    if let Some(known) = known {
        return Ok(Invited::Pending(known.invite));
    }
    let id = InviteId::make();
    let status = InviteStatus::Pending;
    let mut insert = tx.connection().prepare_cached(
        "INSERT INTO invites (invite_id, room, from_user, to_user, status, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    insert.execute((id.as_bytes(), room_key, actor.key, to_key, status.word(), tx.now().millis()))?;
    drop(insert);
    let invite = Invite { id, room, from: actor.user.clone(), to: to.clone(), status, created_at: tx.now() };
    tx.tell(Event::User(to, UserEvent::Invited(invite.clone().into())));
    Ok(Invited::Created(invite))
}

fn answer(tx: &mut WriteTx<'_>, actor: &Actor, id: &InviteId, reply: Reply) -> Result<Invite> {
    let found = one(tx.connection(), "invite_id = ?1", [id.as_bytes()])?;
    let Stored { room, mut invite } = found.ok_or(Error::NotFound("invite"))?;
    if invite.to != actor.user {
        return Err(Error::Forbidden("somebody else's invite"));
    }
    if invite.status != InviteStatus::Pending {
        return Err(Error::FailedPrecondition("the invite is not pending any more"));
    }
    invite.status = match reply {
        Reply::Accept => InviteStatus::Accepted,
        Reply::Reject => InviteStatus::Rejected,
    };
    let mut update = tx.connection().prepare_cached("UPDATE invites SET status = ?2 WHERE invite_id = ?1")?;
    update.execute((id.as_bytes(), invite.status.word()))?;
    drop(update);
    if reply == Reply::Accept {
        let role = if members::count(tx.connection(), room, 1)? == 0 { Role::Owner } else { Role::Member };
        members::join(tx, &[actor], &invite.room, room, role)?;
    }
    Ok(invite)
}

fn pending(connection: &Connection, user: i64) -> Result<Vec<Invite>> {
    let sql = format!("{INVITE} WHERE to_user = ?1 AND status = 'pending' ORDER BY invites.created_at, invite_id");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([user])?;
    let mut invites = Vec::new();
    while let Some(row) = rows.next()? {
        invites.push(Stored::read(row)?.invite);
    }
    Ok(invites)
}

fn one(connection: &Connection, which: &str, parameters: impl rusqlite::Params) -> Result<Option<Stored>> {
    let mut statement = connection.prepare_cached(&format!("{INVITE} WHERE {which}"))?;
    let mut rows = statement.query(parameters)?;
    rows.next()?.map(Stored::read).transpose()
}

impl Stored {
    fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            room: row.get("room")?,
            invite: Invite {
                id: InviteId::stored(row.get("invite_id")?),
                room: RoomId::stored(&row.get::<_, String>("room_id")?),
                from: user(row, "from_user")?,
                to: user(row, "to_user")?,
                status: InviteStatus::stored(&row.get::<_, String>("status")?)?,
                created_at: time(row, "created_at")?,
            },
        })
    }
}
