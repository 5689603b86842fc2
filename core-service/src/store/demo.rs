//! The demo data: people and rooms to try the chat with.

use super::writer::WriteTx;
use super::{Store, accounts, friends, invites, members, rooms};
use crate::domain::{Account, Actor, DisplayName, Result, Role, RoomId, Title, UserId};

impl Store {
    /// Fills an empty database with alice and her friends bob and charlie, the rooms `lobby` and `project-alpha`, and an
    /// invite of charlie to the latter. Returns whether it did; a database with users stays as it is.
    pub async fn seed_demo(&self, password_hash: String) -> Result<bool> {
        self.writer.submit(move |tx| seed(tx, &password_hash)).await
    }
}

fn seed(tx: &mut WriteTx<'_>, password_hash: &str) -> Result<bool> {
    if tx.connection().prepare_cached("SELECT 1 FROM users LIMIT 1")?.exists([])? {
        return Ok(false);
    }
    let alice = person(tx, "alice", "Alice", password_hash)?;
    let bob = person(tx, "bob", "Bob", password_hash)?;
    let charlie = person(tx, "charlie", "Charlie", password_hash)?;
    friends::befriend(tx, alice.key, bob.key)?;
    friends::befriend(tx, alice.key, charlie.key)?;
    room(tx, "lobby", "Lobby", &alice, &[&bob, &charlie])?;
    let project = room(tx, "project-alpha", "Project Alpha", &alice, &[&bob])?;
    invites::invite(tx, &alice, project, charlie.user)?;
    Ok(true)
}

fn person(tx: &mut WriteTx<'_>, id: &str, name: &str, password_hash: &str) -> Result<Actor> {
    let user = UserId::parse("userId", id)?;
    let display_name = DisplayName::parse(name, &user)?;
    let account = Account { user: user.clone(), display_name, password_hash: password_hash.to_owned() };
    Ok(Actor { key: accounts::create(tx, &account)?, user, session: None })
}

fn room(tx: &mut WriteTx<'_>, id: &str, title: &str, owner: &Actor, others: &[&Actor]) -> Result<RoomId> {
    let id = RoomId::parse_channel(id)?;
    rooms::create(tx, owner, id.clone(), &Title::parse(title, id.as_str())?)?;
    let key = members::of(tx.connection(), owner, &id)?.room;
    members::join(tx, others, &id, key, Role::Member)?;
    Ok(id)
}
