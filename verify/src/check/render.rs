//! Breaches for people.

use super::report::Breach;
use crate::history::{Client, Entry, Event, History, Index, Message, Print, Room, Text};

/// What shows a breach: a line for each entry, then one for each position of the final logs.
#[must_use]
pub fn evidence(history: &History, breach: &Breach) -> Vec<String> {
    let names = Names { history };
    let entries = breach.evidence.iter().filter_map(|index| Some(names.entry(*index, history.entries.get(*index)?)));
    entries.chain(breach.log.iter().map(|(room, seq)| names.place(*room, *seq))).collect()
}

struct Names<'a> {
    history: &'a History,
}

impl Names<'_> {
    fn entry(&self, index: Index, entry: &Entry) -> String {
        format!("{:>11.6} s  #{index}  {}", entry.at.as_secs_f64(), self.event(&entry.event))
    }

    fn place(&self, room: Room, seq: i64) -> String {
        let log = usize::try_from(room.0).ok().and_then(|room| self.history.rooms.get(room));
        let mut found = log.into_iter().flat_map(|room| &room.log).filter(|message| message.seq == seq).peekable();
        let room = self.room(room);
        if found.peek().is_none() {
            return format!("the log has nothing at {seq} in {room}");
        }
        let found: Vec<_> = found.map(message).collect();
        format!("the log has at {seq} in {room}: {}", found.join(", and "))
    }

    fn event(&self, event: &Event) -> String {
        match event {
            Event::Opened { socket, client } => format!("{} opened connection {}", self.client(*client), socket.0),
            Event::Closed { socket } => format!("connection {} ended", socket.0),
            Event::Sent { socket, room, client_msg_id, text } => {
                let (room, text) = (self.room(*room), hex_text(*text));
                format!("connection {} sends message {client_msg_id}, text {text}, into {room}", socket.0)
            }
            Event::Answered { socket, room, client_msg_id, text, answer } => {
                let (room, text) = (self.room(*room), hex_text(*text));
                format!("connection {}: message {client_msg_id}, text {text}, into {room} is {answer}", socket.0)
            }
            Event::Joined { socket, room, latest_seq, exact } => {
                let once = if *exact { " once" } else { "" };
                let room = self.room(*room);
                format!("connection {} is promised everything in {room} beyond {latest_seq}{once}", socket.0)
            }
            Event::Parted { socket, room } => format!("connection {} hears no more of {}", socket.0, self.room(*room)),
            Event::Live { socket, room, seq, print } => {
                format!("connection {} is told of {seq} in {}: {}", socket.0, self.room(*room), hex_print(*print))
            }
            Event::Epoch { client, epoch } => format!("{} is told of the history {epoch}", self.client(*client)),
            Event::Entering { client, room } => {
                format!("{} is about to enter {}", self.client(*client), self.room(*room))
            }
            Event::Left { client, room } => format!("{} has left {}", self.client(*client), self.room(*room)),
            Event::View { client, room, messages } => {
                format!("{} has {} messages of {}", self.client(*client), messages.len(), self.room(*room))
            }
            Event::StillOpen { socket } => format!("connection {} is still open at the end", socket.0),
            Event::Unanswered { client, room, client_msg_id } => {
                let (client, room) = (self.client(*client), self.room(*room));
                format!("{client} gives up message {client_msg_id} into {room}")
            }
            Event::Asked { .. } | Event::Paged { .. } | Event::PageRefused { .. } => self.page(event),
        }
    }

    fn page(&self, event: &Event) -> String {
        match event {
            Event::Asked { client, room, after_seq } => {
                format!("{} asks for the page of {} after {after_seq}", self.client(*client), self.room(*room))
            }
            Event::Paged { asked, after_seq, messages, latest_seq, has_more } => {
                let span = match (messages.first(), messages.last()) {
                    (Some((first, _)), Some((last, _))) => {
                        format!("{} messages from {first} to {last}", messages.len())
                    }
                    _ => "nothing".to_owned(),
                };
                let more = if *has_more { "more follow" } else { "no more follow" };
                format!("the page of #{asked}, after {after_seq}: {span}, {more}, the newest is {latest_seq}")
            }
            Event::PageRefused { asked, code } => format!("the page of #{asked} is refused: {code}"),
            _ => String::new(),
        }
    }

    fn client(&self, client: Client) -> &str {
        let name = usize::try_from(client.0).ok().and_then(|client| self.history.clients.get(client));
        name.map_or("somebody", String::as_str)
    }

    fn room(&self, room: Room) -> &str {
        let room = usize::try_from(room.0).ok().and_then(|room| self.history.rooms.get(room));
        room.map_or("some room", |room| room.name.as_str())
    }
}

fn message(message: &Message) -> String {
    let Message { id, client_msg_id, author, text, .. } = message;
    let (text, print) = (hex_text(*text), hex_print(message.print()));
    format!("{print}, message {client_msg_id} of {author}, stored as {id}, text {text}")
}

/// Enough of a digest to tell two apart.
fn hex_text(Text(digest): Text) -> String {
    format!("{:08x}", digest >> 32)
}

fn hex_print(Print(digest): Print) -> String {
    format!("print {:08x}", digest >> 32)
}
