//! What became of sends: (a), (f), (g) and (n).

use std::collections::{HashMap, HashSet};

use super::facts::{Facts, Key, Owner, Reply, Try};
use super::report::{Invariant, Report};
use crate::history::{Answer, Event, Index, Room, Socket, Stored};

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    let mut firsts = HashMap::new();
    for reply in &facts.replies {
        if let Some(stored) = reply.answer.stored() {
            acknowledged(facts, report, reply, stored);
            duplicates(facts, report, &mut firsts, reply, stored);
        }
    }
    socket_order(facts, report);
    settled(facts, report);
}

fn acknowledged(facts: &Facts<'_>, report: &mut Report, reply: &Reply<'_>, stored: Stored) {
    report.checks(Invariant::Acknowledged);
    let (room, seq, log) = (reply.room, stored.seq, facts.log(reply.room));
    let author = reply.owner.map(|owner| facts.name(owner.client));
    let owned = |owner: Option<Owner>| owner.map(|owner| owner.opened).into_iter().chain([reply.entry]);
    let found = log.at(seq);
    let fault = match found {
        None => "where the log has nothing".to_owned(),
        Some(found) if found.client_msg_id != reply.id => format!("where the log has {}", found.client_msg_id),
        Some(found) if found.id != stored.id => format!("as {}, but the log has it as {}", stored.id, found.id),
        Some(found) if found.text != reply.text => "where the log has another text".to_owned(),
        Some(found) => {
            let Some(author) = author else { return };
            if found.author != author {
                return report.breach(Invariant::Acknowledged, owned(reply.owner), [(room, seq)], || {
                    let by = &found.author;
                    told(facts, reply, stored, &format!("where the log has it from {by}, not from {author}"))
                });
            }
            let positions = log.positions(author, reply.id);
            if positions.len() > 1 {
                let places = positions.iter().map(|seq| (room, *seq));
                report.breach(Invariant::Acknowledged, owned(reply.owner), places, || {
                    told(facts, reply, stored, &format!("but the log has it {} times", positions.len()))
                });
            }
            return;
        }
    };
    let what = || told(facts, reply, stored, &fault);
    report.breach(Invariant::Acknowledged, [reply.entry], [(room, seq)], what);
}

fn told(facts: &Facts<'_>, reply: &Reply<'_>, stored: Stored, fault: &str) -> String {
    let (socket, room) = (reply.socket.0, facts.room(reply.room));
    format!("connection {socket} was told that message {} is at {} in {room}, {fault}", reply.id, stored.seq)
}

/// Stored answers of one message.
struct Answers {
    first: (Index, Owner, Stored),
    accepted: Option<(Index, Owner)>,
}

fn duplicates(
    facts: &Facts<'_>,
    report: &mut Report,
    known: &mut HashMap<Key, Answers>,
    reply: &Reply<'_>,
    stored: Stored,
) {
    let Some(owner) = reply.owner else { return };
    let (room, id, accepts) = (reply.room, reply.id, matches!(reply.answer, Answer::Accepted(_)));
    let accepted = accepts.then_some((reply.entry, owner));
    let key = (room, owner.client, id);
    let Some(answers) = known.get_mut(&key) else {
        known.insert(key, Answers { first: (reply.entry, owner, stored), accepted });
        return;
    };
    report.checks(Invariant::Duplicates);
    let (author, name) = (facts.name(owner.client), facts.room(room));
    let (entry, before, first) = answers.first;
    if first != stored {
        let places = [(room, first.seq), (room, stored.seq)];
        report.breach(Invariant::Duplicates, [before.opened, owner.opened, entry, reply.entry], places, || {
            let (seq, other) = (first.seq, stored.seq);
            format!("{author}'s message {id} in {name} is {} at {seq} first, then {} at {other}", first.id, stored.id)
        });
    } else if let (true, Some((entry, before))) = (accepts, answers.accepted) {
        let place = [(room, stored.seq)];
        report.breach(Invariant::Duplicates, [before.opened, owner.opened, entry, reply.entry], place, || {
            format!("{author}'s message {id} in {name} was accepted twice at {}", stored.seq)
        });
    }
    answers.accepted = answers.accepted.or(accepted);
}

/// A try whose position is certain.
struct Placed<'a> {
    sent: &'a Try<'a>,
    answered: Index,
    seq: i64,
}

/// Of a whole order, an inverted pair next to each other shows that it is broken.
fn socket_order(facts: &Facts<'_>, report: &mut Report) {
    let mut tries: HashMap<Key, u64> = HashMap::new();
    for sent in &facts.tries {
        if let Some(owner) = sent.owner {
            *tries.entry((sent.room, owner.client, sent.id)).or_default() += 1;
        }
    }
    let mut lasts: HashMap<(Socket, Room), Placed<'_>> = HashMap::new();
    for sent in &facts.tries {
        let Some((owner, next)) = place(facts, &tries, sent) else { continue };
        let Some(last) = lasts.get(&(sent.socket, sent.room)) else {
            lasts.insert((sent.socket, sent.room), next);
            continue;
        };
        report.checks(Invariant::SocketOrder);
        if next.seq < last.seq {
            let evidence = [owner.opened, last.sent.entry, last.answered, sent.entry, next.answered];
            let places = [(sent.room, next.seq), (sent.room, last.seq)];
            report.breach(Invariant::SocketOrder, evidence, places, || {
                let (socket, room) = (sent.socket.0, facts.room(sent.room));
                let (earlier, later) = (last.sent.id, sent.id);
                let (high, low) = (last.seq, next.seq);
                format!("connection {socket} sent {earlier} before {later}, but they are at {high} and {low} in {room}")
            });
        }
        lasts.insert((sent.socket, sent.room), next);
    }
}

/// Where a try was stored: by this very try, which its answer says, or which follows from there being no other.
fn place<'a>(facts: &Facts<'_>, tries: &HashMap<Key, u64>, sent: &'a Try<'a>) -> Option<(Owner, Placed<'a>)> {
    let owner = sent.owner?;
    let (answered, answer) = sent.answer?;
    let certain = match answer {
        Answer::Accepted(_) => true,
        Answer::Duplicate(_) => {
            let only = tries.get(&(sent.room, owner.client, sent.id)) == Some(&1);
            only && !facts.strangers.contains(&(sent.room, sent.id))
        }
        Answer::Rejected(_) | Answer::Retry(_) => false,
    };
    match facts.log(sent.room).positions(facts.name(owner.client), sent.id) {
        [seq] if certain => Some((owner, Placed { sent, answered, seq: *seq })),
        _ => None,
    }
}

fn settled(facts: &Facts<'_>, report: &mut Report) {
    let mut known = HashSet::new();
    for sent in &facts.tries {
        let client = sent.owner.map(|owner| owner.client);
        if known.insert((sent.room, client, sent.id)) {
            report.checks(Invariant::Settled);
        }
    }
    for (entry, event) in facts.events() {
        if let Event::Unanswered { client, room, client_msg_id } = *event {
            if known.insert((room, Some(client), client_msg_id)) {
                report.checks(Invariant::Settled);
            }
            report.breach(Invariant::Settled, [entry], [], || {
                let (client, room) = (facts.name(client), facts.room(room));
                format!("nobody ever answered {client}'s message {client_msg_id} in {room}")
            });
        }
    }
}
