//! Friends, requests to become one, and who hears of whom.

use rusqlite::{Connection, Row};

use super::actor::user_key;
use super::members::SMALL;
use super::writer::WriteTx;
use super::{Reply, Store, time, user};
use crate::domain::{
    Actor, Asked, Credential, Direction, Error, Event, Friend, FriendRequest, FriendRequestId, FriendRequestStatus,
    Result, UserEvent, UserId,
};

/// The columns that [`read`] reads.
const REQUEST: &str = "SELECT request_id, asking.user_id AS from_user, asked.user_id AS to_user, status,
    friend_requests.created_at FROM friend_requests
    JOIN users AS asking ON asking.key = from_user JOIN users AS asked ON asked.key = to_user";

impl Store {
    /// Asks somebody to be friends; one who asked before is a friend thereby. Errors: `unauthenticated`, `not_found`
    /// (the user), `failed_precondition` (oneself, a friend already), `unavailable`.
    pub async fn ask_friend(&self, credential: Credential, to: UserId) -> Result<Asked> {
        self.write_as(credential, move |tx, actor| ask(tx, actor, to)).await
    }

    /// Answers a request. Errors: `unauthenticated`, `not_found`, `forbidden` (somebody else's to answer),
    /// `failed_precondition` (answered before), `unavailable`.
    pub async fn reply_to_friend_request(
        &self,
        credential: Credential,
        id: FriendRequestId,
        reply: Reply,
    ) -> Result<FriendRequest> {
        self.write_as(credential, move |tx, actor| {
            let found = one(tx.connection(), "request_id = ?1", [id.as_bytes()])?;
            let request = found.ok_or(Error::NotFound("friend request"))?;
            if request.to != actor.user {
                return Err(Error::Forbidden("somebody else's request"));
            }
            if request.status != FriendRequestStatus::Pending {
                return Err(Error::FailedPrecondition("the request is not pending any more"));
            }
            answer(tx, request, reply)
        })
        .await
    }

    /// The actor's pending requests, the oldest first. Errors: `unauthenticated`.
    pub async fn friend_requests(&self, credential: Credential, direction: Direction) -> Result<Vec<FriendRequest>> {
        self.read_as(credential, move |connection, actor| {
            let column = match direction {
                Direction::Incoming => "to_user",
                Direction::Outgoing => "from_user",
            };
            let sql = format!(
                "{REQUEST} WHERE {column} = ?1 AND status = 'pending' ORDER BY friend_requests.created_at, request_id"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([actor.key])?;
            let mut requests = Vec::new();
            while let Some(row) = rows.next()? {
                requests.push(read(row)?);
            }
            Ok(requests)
        })
        .await
    }

    /// The actor's friends, by id. Errors: `unauthenticated`.
    pub async fn friends(&self, credential: Credential) -> Result<Vec<Friend>> {
        self.read_as(credential, |connection, actor| {
            let mut statement = connection.prepare_cached(
                "SELECT user_id, display_name FROM friends JOIN users ON users.key = friend WHERE user = ?1
                 ORDER BY user_id",
            )?;
            let friends = statement.query_map([actor.key], |row| {
                Ok(Friend { user: user(row, "user_id")?, display_name: row.get("display_name")? })
            })?;
            Ok(friends.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Ends a friendship. Errors: `unauthenticated`, `not_found` (no friend, no such user), `unavailable`.
    pub async fn remove_friend(&self, credential: Credential, friend: UserId) -> Result<()> {
        self.write_as(credential, move |tx, actor| {
            let key = user_key(tx.connection(), &friend)?;
            let sql = "DELETE FROM friends WHERE (user = ?1 AND friend = ?2) OR (user = ?2 AND friend = ?1)";
            if tx.connection().prepare_cached(sql)?.execute((actor.key, key))? == 0 {
                return Err(Error::NotFound("friend"));
            }
            tx.tell(Event::Friendship(actor.user.clone(), friend));
            Ok(())
        })
        .await
    }

    /// Who hears of a user's coming and going, and whose the user hears of: friends, and who shares a small room.
    /// Nobody where there is no such user.
    pub async fn acquaintances(&self, of: UserId) -> Result<Vec<UserId>> {
        self.reader
            .run(move |connection| {
                let key = match user_key(connection, &of) {
                    Err(Error::NotFound(_)) => return Ok(Vec::new()),
                    key => key?,
                };
                let mut statement = connection.prepare_cached(
                    "SELECT user_id FROM users WHERE key <> ?1 AND key IN (
                         SELECT friend FROM friends WHERE user = ?1
                         UNION SELECT others.user FROM members AS own JOIN members AS others ON others.room = own.room
                         WHERE own.user = ?1 AND (SELECT count(*) FROM
                             (SELECT 1 FROM members AS counted WHERE counted.room = own.room LIMIT ?2 + 1)) <= ?2)",
                )?;
                let users = statement.query_map((key, SMALL), |row| user(row, "user_id"))?;
                Ok(users.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }
}

/// Whether two people are friends.
pub(super) fn are_friends(connection: &Connection, one: i64, other: i64) -> Result<bool> {
    let sql = "SELECT 1 FROM friends WHERE user = ?1 AND friend = ?2";
    Ok(connection.prepare_cached(sql)?.exists((one, other))?)
}

/// Makes two people friends.
pub(super) fn befriend(tx: &mut WriteTx<'_>, one: i64, other: i64) -> Result<()> {
    let sql = "INSERT OR IGNORE INTO friends (user, friend, since) VALUES (?1, ?2, ?3)";
    let mut insert = tx.connection().prepare_cached(sql)?;
    for (user, friend) in [(one, other), (other, one)] {
        insert.execute((user, friend, tx.now().millis()))?;
    }
    Ok(())
}

fn ask(tx: &mut WriteTx<'_>, actor: &Actor, to: UserId) -> Result<Asked> {
    if to == actor.user {
        return Err(Error::FailedPrecondition("a request to oneself"));
    }
    let to_key = user_key(tx.connection(), &to)?;
    if are_friends(tx.connection(), actor.key, to_key)? {
        return Err(Error::FailedPrecondition("friends already"));
    }
    const PENDING: &str = "to_user = ?1 AND from_user = ?2 AND status = 'pending'";
    if let Some(known) = one(tx.connection(), PENDING, (to_key, actor.key))? {
        return Ok(Asked::Known(known));
    }
    if let Some(theirs) = one(tx.connection(), PENDING, (actor.key, to_key))? {
        return Ok(Asked::Known(answer(tx, theirs, Reply::Accept)?));
    }
    let (id, status) = (FriendRequestId::make(), FriendRequestStatus::Pending);
    let sql = "INSERT INTO friend_requests (request_id, from_user, to_user, status, created_at)
               VALUES (?1, ?2, ?3, ?4, ?5)";
    let row = (id.as_bytes(), actor.key, to_key, status.word(), tx.now().millis());
    tx.connection().prepare_cached(sql)?.execute(row)?;
    let request = FriendRequest { id, from: actor.user.clone(), to: to.clone(), status, created_at: tx.now() };
    tx.tell(Event::User(to, UserEvent::FriendRequest(request.clone().into())));
    Ok(Asked::Created(request))
}

/// Answers a pending request, and tells both.
fn answer(tx: &mut WriteTx<'_>, mut request: FriendRequest, reply: Reply) -> Result<FriendRequest> {
    request.status = match reply {
        Reply::Accept => FriendRequestStatus::Accepted,
        Reply::Reject => FriendRequestStatus::Rejected,
    };
    let sql = "UPDATE friend_requests SET status = ?2 WHERE request_id = ?1";
    tx.connection().prepare_cached(sql)?.execute((request.id.as_bytes(), request.status.word()))?;
    if reply == Reply::Accept {
        let keys = (user_key(tx.connection(), &request.from)?, user_key(tx.connection(), &request.to)?);
        befriend(tx, keys.0, keys.1)?;
        tx.tell(Event::Friendship(request.from.clone(), request.to.clone()));
    }
    for user in [&request.from, &request.to] {
        tx.tell(Event::User(user.clone(), UserEvent::FriendRequest(request.clone().into())));
    }
    Ok(request)
}

fn one(connection: &Connection, which: &str, parameters: impl rusqlite::Params) -> Result<Option<FriendRequest>> {
    let mut statement = connection.prepare_cached(&format!("{REQUEST} WHERE {which}"))?;
    let mut rows = statement.query(parameters)?;
    rows.next()?.map(read).transpose()
}

fn read(row: &Row<'_>) -> Result<FriendRequest> {
    Ok(FriendRequest {
        id: FriendRequestId::stored(row.get("request_id")?),
        from: user(row, "from_user")?,
        to: user(row, "to_user")?,
        status: FriendRequestStatus::stored(&row.get::<_, String>("status")?)?,
        created_at: time(row, "created_at")?,
    })
}
