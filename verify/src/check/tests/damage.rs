//! What can go wrong: each kind of damage to a right history, and the part of the promise that it breaks.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use proptest::sample::Index as Pick;
use uuid::Uuid;

use super::{places, restricted};
use crate::check::Invariant::{self, *};
use crate::history::{Answer, Client, Entry, Event, History, Index, Message, Print, Room, Socket, Stored, Text};

/// Its name, what it breaks, and how it is done: whether there was something to do it to.
type Damage = (&'static str, Invariant, fn(&mut History, Pick) -> bool);

pub(super) const DAMAGES: [Damage; 39] = [
    ("a message is lost", Gapless, |history, pick| {
        at(history, pick, |log, place| place + 1 < log.len(), |log, place| drop(log.remove(place)))
    }),
    ("an acknowledged message is lost, and the others close ranks", Acknowledged, |history, pick| {
        at_acknowledged(history, pick, |log, place| {
            log.remove(place);
            log[place..].iter_mut().for_each(|message| message.seq -= 1);
        })
    }),
    ("a position is skipped", Gapless, |history, pick| {
        at(history, pick, |_, _| true, |log, place| log[place..].iter_mut().for_each(|message| message.seq += 1))
    }),
    ("two messages change places", Views, |history, pick| {
        at(history, pick, |log, place| place + 1 < log.len(), |log, place| swap(log, place, place + 1))
    }),
    ("two messages change places, which were seen", OneOrder, |history, pick| {
        let Some((room, place)) = choose(places::heard(history), pick) else { return false };
        swap(&mut history.rooms[room].log, place, if place == 0 { 1 } else { place - 1 });
        true
    }),
    ("a message is stored twice", Duplicates, |history, pick| {
        at(
            history,
            pick,
            |_, _| true,
            |log, place| {
                let seq = log.len() as i64 + 1;
                log.push(Message { seq, id: Uuid::nil(), ..log[place].clone() });
            },
        )
    }),
    ("an acknowledged message is stored twice", Acknowledged, |history, pick| {
        at_acknowledged(history, pick, |log, place| {
            let seq = log.len() as i64 + 1;
            log.push(Message { seq, id: Uuid::nil(), ..log[place].clone() });
        })
    }),
    ("a refused message is stored", NothingElse, |history, pick| {
        let Some((Room(room), message)) = choose(refused(history), pick) else { return false };
        let log = &mut history.rooms[room as usize].log;
        log.push(Message { seq: log.len() as i64 + 1, ..message });
        true
    }),
    ("a text is altered", NothingElse, |history, pick| {
        at(history, pick, |_, _| true, |log, place| log[place].text = Text(7))
    }),
    ("a message of nobody is stored", NothingElse, |history, pick| {
        at(history, pick, |_, _| true, |log, place| log[place].client_msg_id = Uuid::nil())
    }),
    ("an answer names another position", Acknowledged, |history, pick| stored(history, pick, |stored| stored.seq += 1)),
    ("an answer names another id", Acknowledged, |history, pick| {
        stored(history, pick, |stored| stored.id = Uuid::nil())
    }),
    ("an author is altered", Acknowledged, |history, pick| {
        at_acknowledged(history, pick, |log, place| log[place].author = "nobody".to_owned())
    }),
    ("a repeat is answered with another position", Duplicates, |history, pick| {
        further(history, pick, |answer, stored| *answer = Answer::Duplicate(Stored { seq: stored.seq + 1, ..stored }))
    }),
    ("a repeat is accepted", Duplicates, |history, pick| {
        further(history, pick, |answer, stored| *answer = Answer::Accepted(stored))
    }),
    ("two sends of a connection are stored the other way round", SocketOrder, |history, pick| {
        let Some((Room(room), [first, second])) = choose(in_order(history), pick) else { return false };
        swap(&mut history.rooms[room as usize].log, first, second);
        true
    }),
    ("a live message is lost", Live, |history, pick| {
        let Some(live) = choose(told_once(history), pick) else { return false };
        let kept: Vec<_> = (0..history.entries.len()).filter(|index| *index != live).collect();
        *history = restricted(history, &kept);
        true
    }),
    ("a connection never joins a room", Live, |history, pick| {
        let Some((socket, client, room)) = choose(joined_for_good(history), pick) else { return false };
        for entry in &mut history.entries {
            if matches!(entry.event, Event::Joined { socket: on, room: at, .. } if (on, at) == (socket, room)) {
                entry.event = Event::Entering { client, room };
            }
        }
        let heard =
            |event: &Event| matches!(event, Event::Live { socket: on, room: at, .. } if (*on, *at) == (socket, room));
        let entries = 0..history.entries.len();
        let kept: Vec<_> = entries.filter(|index| !heard(&history.entries[*index].event)).collect();
        *history = restricted(history, &kept);
        true
    }),
    ("two live messages change places", Live, |history, pick| {
        let once = told_once(history);
        let follows = |first: &Event, second: &Event| match (first, second) {
            (Event::Live { socket, room, seq, .. }, Event::Live { socket: other, room: place, seq: next, .. }) => {
                (socket, room, *seq + 1) == (other, place, *next)
            }
            _ => false,
        };
        let pairs = once.iter().flat_map(|first| once.iter().map(move |second| (*first, *second)));
        let pairs =
            pairs.filter(|(first, second)| follows(&history.entries[*first].event, &history.entries[*second].event));
        let Some((first, second)) = choose(pairs.collect(), pick) else { return false };
        history.entries.swap(first, second);
        true
    }),
    ("a live message comes twice where once is promised", Live, |history, pick| {
        let exact: HashSet<_> = events(history)
            .filter_map(|event| match event {
                Event::Joined { socket, exact: true, .. } => Some(*socket),
                _ => None,
            })
            .collect();
        let mut again = told_once(history);
        again.retain(
            |index| matches!(history.entries[*index].event, Event::Live { socket, .. } if exact.contains(&socket)),
        );
        let Some(index) = choose(again, pick) else { return false };
        let event = history.entries[index].event.clone();
        push(history, event)
    }),
    ("another message comes live", OneOrder, |history, pick| {
        change(history, pick, |event| match event {
            Event::Live { print, .. } => {
                *print = Print(7);
                true
            }
            _ => false,
        })
    }),
    ("a connection joins beyond the end", OneOrder, |history, pick| {
        change(history, pick, |event| match event {
            Event::Joined { latest_seq, .. } => {
                *latest_seq += 1_000;
                true
            }
            _ => false,
        })
    }),
    ("a live message reaches somebody who left", Removal, |history, pick| {
        let Some((Room(room), client, left)) = choose(absent(history), pick) else { return false };
        let log = &history.rooms[room as usize].log;
        let late: Vec<_> = log.iter().filter(|message| is_sent_after(history, message, left)).cloned().collect();
        let (Some(message), Some(socket)) = (choose(late, pick), connection(history, client)) else { return false };
        push(history, Event::Live { socket, room: Room(room), seq: message.seq, print: message.print() })
    }),
    ("somebody who left gets a page", Removal, |history, pick| {
        let Some((room, client, _)) = choose(absent(history), pick) else { return false };
        let log = &history.rooms[room.0 as usize].log;
        let (after_seq, messages) = (0, log.iter().map(|message| (message.seq, message.print())).collect());
        let (asked, latest_seq) = (history.entries.len(), log.len() as i64);
        push(history, Event::Asked { client, room, after_seq });
        push(history, Event::Paged { asked, after_seq, messages, latest_seq, has_more: false })
    }),
    ("a send of somebody who left is accepted", Removal, |history, pick| {
        let Some((room, client, _)) = choose(absent(history), pick) else { return false };
        let Some(socket) = connection(history, client) else { return false };
        let (client_msg_id, text) = (Uuid::nil(), Text(7));
        push(history, Event::Sent { socket, room, client_msg_id, text });
        let answer = Answer::Accepted(Stored { id: Uuid::nil(), seq: 1 });
        push(history, Event::Answered { socket, room, client_msg_id, text, answer })
    }),
    ("somebody hears before entering", Removal, |history, pick| {
        let (dave, room) = (Client(3), Room(0));
        let Some(message) = choose(history.rooms[0].log.clone(), pick) else { return false };
        let socket = Socket(u32::MAX);
        push(history, Event::Opened { socket, client: dave });
        push(history, Event::Live { socket, room, seq: message.seq, print: message.print() });
        // Before everything else.
        let order: Vec<_> = (0..history.entries.len()).collect();
        let (rest, own) = order.split_at(order.len() - 2);
        *history = restricted(history, &[own, rest].concat());
        true
    }),
    ("a page begins too late", Pages, |history, pick| {
        change(history, pick, |event| match event {
            Event::Paged { messages, .. } if !messages.is_empty() => {
                messages.remove(0);
                true
            }
            _ => false,
        })
    }),
    ("a page ends too early", Pages, |history, pick| {
        change(history, pick, |event| match event {
            Event::Paged { messages, has_more, .. } if !messages.is_empty() && (!*has_more || messages.len() == 1) => {
                messages.pop().is_some()
            }
            _ => false,
        })
    }),
    ("a page lacks what is in its middle", Pages, |history, pick| {
        change(history, pick, |event| match event {
            Event::Paged { messages, .. } if messages.len() > 2 => {
                messages.remove(1);
                true
            }
            _ => false,
        })
    }),
    ("a page lies about more", Pages, |history, pick| {
        change(history, pick, |event| match event {
            Event::Paged { has_more, .. } => {
                *has_more = !*has_more;
                true
            }
            _ => false,
        })
    }),
    ("a page echoes another cursor", Pages, |history, pick| {
        change(history, pick, |event| match event {
            Event::Paged { after_seq, .. } => {
                *after_seq += 1;
                true
            }
            _ => false,
        })
    }),
    ("a page does not know what was acknowledged", Readable, |history, _| {
        let last = history.entries.iter_mut().rev().find_map(|entry| match &mut entry.event {
            Event::Paged { latest_seq, .. } => Some(latest_seq),
            _ => None,
        });
        last.map(|latest| *latest -= 1).is_some()
    }),
    ("what was acknowledged is refused as ahead", Readable, |history, _| {
        let Some(index) = history.entries.iter().rposition(|entry| matches!(entry.event, Event::Paged { .. })) else {
            return false;
        };
        let Event::Paged { asked, .. } = history.entries[index].event else { return false };
        history.entries[index].event = Event::PageRefused { asked, code: "cursor_ahead".to_owned() };
        true
    }),
    ("a cursor ahead gets an empty page", Cursors, |history, pick| {
        let cursors: HashMap<_, _> = history.entries.iter().enumerate().collect();
        let refused = cursors.iter().filter_map(|(index, entry)| match &entry.event {
            Event::PageRefused { asked, code } if code == "cursor_ahead" => Some((*index, *asked)),
            _ => None,
        });
        let mut refused: Vec<_> = refused.collect();
        refused.sort_unstable();
        let Some((index, asked)) = choose(refused, pick) else { return false };
        let Event::Asked { after_seq, .. } = history.entries[asked].event else { return false };
        let (messages, latest_seq, has_more) = (Vec::new(), after_seq - 1, false);
        history.entries[index].event = Event::Paged { asked, after_seq, messages, latest_seq, has_more };
        true
    }),
    ("a member is refused a page", Views, |history, _| {
        let asked = history.entries.len();
        push(history, Event::Asked { client: Client(0), room: Room(0), after_seq: 0 });
        push(history, Event::PageRefused { asked, code: "not_a_member".to_owned() })
    }),
    ("a view is short by one", Views, |history, pick| {
        view(history, pick, |messages| messages.truncate(messages.len() - 1))
    }),
    ("a view has two messages the other way round", Views, |history, pick| {
        view(history, pick, |messages| messages.swap(0, 1))
    }),
    ("another history begins", Epoch, |history, pick| {
        change(history, pick, |event| match event {
            Event::Epoch { epoch, .. } => {
                epoch.push('!');
                true
            }
            _ => false,
        })
    }),
    ("a message is given up", Settled, |history, _| {
        push(history, Event::Unanswered { client: Client(0), room: Room(0), client_msg_id: Uuid::nil() })
    }),
];

fn choose<T: Clone>(from: Vec<T>, pick: Pick) -> Option<T> {
    (!from.is_empty()).then(|| pick.get(&from).clone())
}

fn events(history: &History) -> impl Iterator<Item = &Event> {
    history.entries.iter().map(|entry| &entry.event)
}

fn push(history: &mut History, event: Event) -> bool {
    history.entries.push(Entry { at: Duration::MAX, event });
    true
}

/// At a place of a log that fits.
fn at(
    history: &mut History,
    pick: Pick,
    fits: fn(&[Message], usize) -> bool,
    damage: fn(&mut Vec<Message>, usize),
) -> bool {
    let places = history.rooms.iter().enumerate().flat_map(|(room, log)| {
        let fitting = (0..log.log.len()).filter(|place| fits(&log.log, *place));
        fitting.map(move |place| (room, place))
    });
    let Some((room, place)) = choose(places.collect(), pick) else { return false };
    damage(&mut history.rooms[room].log, place);
    true
}

/// At the place of a message of which somebody knows.
fn at_acknowledged(history: &mut History, pick: Pick, damage: fn(&mut Vec<Message>, usize)) -> bool {
    let Some((room, place)) = choose(places::acknowledged(history), pick) else { return false };
    damage(&mut history.rooms[room].log, place);
    true
}

/// The messages change places, the positions stay.
fn swap(log: &mut [Message], one: usize, other: usize) {
    log.swap(one, other);
    let seq = log[one].seq;
    log[one].seq = log[other].seq;
    log[other].seq = seq;
}

/// An entry that can be changed in this way.
fn change(history: &mut History, pick: Pick, damage: fn(&mut Event) -> bool) -> bool {
    let fitting = (0..history.entries.len()).filter(|index| damage(&mut history.entries[*index].event.clone()));
    let Some(index) = choose(fitting.collect(), pick) else { return false };
    damage(&mut history.entries[index].event)
}

fn stored(history: &mut History, pick: Pick, damage: fn(&mut Stored)) -> bool {
    let answers = history.entries.iter_mut().filter_map(|entry| match &mut entry.event {
        Event::Answered { answer: Answer::Accepted(stored) | Answer::Duplicate(stored), .. } => Some(stored),
        _ => None,
    });
    let mut answers: Vec<_> = answers.collect();
    let index = pick.index(answers.len());
    damage(answers[index]);
    true
}

/// A stored answer of a message that was accepted before.
fn further(history: &mut History, pick: Pick, damage: fn(&mut Answer, Stored)) -> bool {
    let mut accepted = HashSet::new();
    let answers = history.entries.iter_mut().filter_map(|entry| match &mut entry.event {
        Event::Answered { client_msg_id, answer, .. } => {
            let stored = answer.stored()?;
            let first = matches!(answer, Answer::Accepted(_)) && accepted.insert(*client_msg_id);
            (!first && accepted.contains(client_msg_id)).then_some((answer, stored))
        }
        _ => None,
    });
    let mut answers: Vec<_> = answers.collect();
    if answers.is_empty() {
        return false;
    }
    let (answer, stored) = answers.swap_remove(pick.index(answers.len()));
    damage(answer, stored);
    true
}

fn view(history: &mut History, pick: Pick, damage: fn(&mut Vec<Print>)) -> bool {
    let views = history.entries.iter_mut().filter_map(|entry| match &mut entry.event {
        Event::View { messages, .. } if messages.len() > 1 => Some(messages),
        _ => None,
    });
    let mut views: Vec<_> = views.collect();
    if views.is_empty() {
        return false;
    }
    damage(views.swap_remove(pick.index(views.len())));
    true
}

fn owner(history: &History, of: Socket) -> Client {
    let mut owners = events(history).filter_map(|event| match event {
        Event::Opened { socket, client } if *socket == of => Some(*client),
        _ => None,
    });
    owners.next().unwrap()
}

fn connection(history: &History, of: Client) -> Option<Socket> {
    let opened = events(history).filter_map(|event| match event {
        Event::Opened { socket, client } if *client == of => Some(*socket),
        _ => None,
    });
    opened.last()
}

/// Messages that were sent once and refused, for their author had written something else under their ids.
fn refused(history: &History) -> Vec<(Room, Message)> {
    let mut refused = Vec::new();
    for event in events(history) {
        let Event::Answered { socket, room, client_msg_id, text, answer: Answer::Rejected(code) } = event else {
            continue;
        };
        let same = |event: &&Event| match event {
            Event::Sent { client_msg_id: id, text: said, .. } => (id, said) == (client_msg_id, text),
            _ => false,
        };
        if code == "idempotency_conflict" && events(history).filter(same).count() == 1 {
            let author = history.clients[owner(history, *socket).0 as usize].clone();
            let (client_msg_id, text) = (*client_msg_id, *text);
            refused.push((*room, Message { seq: 0, id: Uuid::nil(), client_msg_id, author, text }));
        }
    }
    refused
}

/// Pairs of places in a log whose messages were accepted over one connection, one sent after the other.
fn in_order(history: &History) -> Vec<(Room, [usize; 2])> {
    let mut last: HashMap<_, usize> = HashMap::new();
    let mut pairs = Vec::new();
    for event in events(history) {
        let Event::Answered { socket, room, answer: Answer::Accepted(stored), .. } = event else { continue };
        let place = stored.seq as usize - 1;
        if let Some(before) = last.insert((*socket, *room), place) {
            pairs.push((*room, [before, place]));
        }
    }
    pairs
}

/// Live messages that came once to a connection that is still open and joined the room once, and never went.
fn told_once(history: &History) -> Vec<Index> {
    let open: HashSet<_> = events(history)
        .filter_map(|event| match event {
            Event::StillOpen { socket } => Some(*socket),
            _ => None,
        })
        .collect();
    let (mut joined, mut heard): (HashMap<_, usize>, HashMap<_, Vec<Index>>) = Default::default();
    for (index, event) in events(history).enumerate() {
        match *event {
            Event::Joined { socket, room, .. } => *joined.entry((socket, room)).or_default() += 1,
            Event::Parted { socket, room } => *joined.entry((socket, room)).or_default() += 2,
            Event::Live { socket, room, seq, .. } => heard.entry((socket, room, seq)).or_default().push(index),
            _ => {}
        }
    }
    let once =
        heard.into_iter().filter(|((socket, room, _), _)| open.contains(socket) && joined[&(*socket, *room)] == 1);
    let mut once: Vec<_> = once.filter(|(_, heard)| heard.len() == 1).map(|(_, heard)| heard[0]).collect();
    once.sort_unstable();
    once
}

/// Connections that are still open and joined a room once, of clients that never left it.
fn joined_for_good(history: &History) -> Vec<(Socket, Client, Room)> {
    let (mut owners, mut left) = (HashMap::new(), HashSet::new());
    for event in events(history) {
        match *event {
            Event::Opened { socket, client } => drop(owners.insert(socket, client)),
            Event::Left { client, room } => drop(left.insert((client, room))),
            _ => {}
        }
    }
    let told = told_once(history).into_iter().filter_map(|index| match history.entries[index].event {
        Event::Live { socket, room, .. } => Some((socket, owners[&socket], room)),
        _ => None,
    });
    told.filter(|(_, client, room)| !left.contains(&(*client, *room))).collect()
}

/// Who left a room and did not come back.
fn absent(history: &History) -> Vec<(Room, Client, Index)> {
    let mut absent = HashMap::new();
    for (index, event) in events(history).enumerate() {
        match *event {
            Event::Left { client, room } => drop(absent.insert((room, client), index)),
            Event::Entering { client, room } => drop(absent.remove(&(room, client))),
            _ => {}
        }
    }
    let mut absent: Vec<_> = absent.into_iter().map(|((room, client), left)| (room, client, left)).collect();
    // Somebody may have come to be out of a room where nothing happened since: of the first room only.
    absent.retain(|(room, client, _)| *room == Room(0) && connection(history, *client).is_some());
    absent.sort_unstable();
    absent
}

fn is_sent_after(history: &History, message: &Message, left: Index) -> bool {
    let sent =
        |event: &Event| matches!(event, Event::Sent { client_msg_id, .. } if *client_msg_id == message.client_msg_id);
    events(history).position(sent).is_some_and(|sent| sent > left)
}
