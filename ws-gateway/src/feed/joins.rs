//! Who waits for the answer to a `join_room`.

use std::collections::HashMap;

use socketioxide::socket::Sid;
use tokio::sync::oneshot;

use crate::wire;

/// The way to whoever asked.
pub(super) type Asker = oneshot::Sender<wire::RoomJoined>;

/// Who waits, by socket and room.
#[derive(Debug, Default)]
pub(super) struct Joins(HashMap<Sid, Vec<(String, Asker)>>);

impl Joins {
    /// Takes note of somebody who asks, and forgets whoever gave up.
    pub(super) fn push(&mut self, socket: Sid, room: String, asker: Asker) {
        let asked = self.0.entry(socket).or_default();
        asked.retain(|(_, asker)| !asker.is_closed());
        asked.push((room, asker));
    }

    /// The socket is in the room.
    pub(super) fn answer(&mut self, socket: Sid, joined: &wire::RoomJoined) {
        let Some(asked) = self.0.get_mut(&socket) else { return };
        for (_, asker) in asked.extract_if(.., |(room, _)| *room == joined.room_id) {
            // Who asked may have given up.
            let _ = asker.send(joined.clone());
        }
        if asked.is_empty() {
            self.0.remove(&socket);
        }
    }

    /// The socket is gone.
    pub(super) fn forget(&mut self, socket: Sid) {
        self.0.remove(&socket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_gave_up_is_forgotten_with_the_next_try() {
        let (mut joins, socket) = (Joins::default(), Sid::new());
        for _ in 0..100 {
            let (asker, gave_up) = oneshot::channel();
            joins.push(socket, "lobby".to_owned(), asker);
            drop(gave_up);
        }
        let (asker, mut waits) = oneshot::channel();
        joins.push(socket, "lobby".to_owned(), asker);
        assert_eq!(joins.0[&socket].len(), 1);
        let joined = wire::RoomJoined { room_id: "lobby".to_owned(), latest_seq: 7, epoch: "e".to_owned() };
        joins.answer(socket, &joined);
        assert_eq!(waits.try_recv().map(|joined| joined.latest_seq), Ok(7));
        assert!(joins.0.is_empty());
    }
}
