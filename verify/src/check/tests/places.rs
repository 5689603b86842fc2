//! Places in logs, each a room and an index.

use crate::history::{Event, History};

/// Those of messages that were acknowledged.
pub(super) fn acknowledged(history: &History) -> Vec<(usize, usize)> {
    let places = history.entries.iter().filter_map(|entry| match &entry.event {
        Event::Answered { room, answer, .. } => Some((room.0 as usize, answer.stored()?.seq as usize - 1)),
        _ => None,
    });
    places.collect()
}

/// Those of messages that somebody heard of, in rooms with more than one.
pub(super) fn heard(history: &History) -> Vec<(usize, usize)> {
    let places = history.entries.iter().filter_map(|entry| match &entry.event {
        Event::Live { room, seq, .. } => Some((room.0 as usize, *seq as usize - 1)),
        _ => None,
    });
    places.filter(|(room, _)| history.rooms[*room].log.len() > 1).collect()
}
