//! What the final logs have to be: (b), (c), the log's part of (g), and what members have of them: (d). And (j).

use std::collections::HashMap;

use uuid::Uuid;

use super::facts::{Facts, Key, Log, Owner, Try};
use super::report::{Invariant, Report};
use crate::history::{Answer, Client, Event, Index, Message, Print, Room, Text};

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    let tries = Tries::of(facts);
    tries.count_refused(facts, report);
    for (room, log) in facts.logs() {
        let mut last = 0;
        for message in log.messages {
            gapless(facts, report, room, last, message);
            last = message.seq;
            tries.judge(facts, report, room, message);
            stored_once(facts, report, room, log, message);
        }
    }
    let mut epoch = None;
    for (entry, event) in facts.events() {
        match event {
            Event::View { client, room, messages } => view(facts, report, entry, *client, *room, messages),
            Event::Epoch { client, epoch: name } => {
                let (first, known) = *epoch.get_or_insert((entry, name));
                one_epoch(facts, report, [first, entry], known, (*client, name));
            }
            _ => {}
        }
    }
}

fn gapless(facts: &Facts<'_>, report: &mut Report, room: Room, last: i64, message: &Message) {
    report.checks(Invariant::Gapless);
    let seq = message.seq;
    if seq != last + 1 {
        let log = (last > 0).then_some((room, last)).into_iter().chain([(room, seq)]);
        let name = facts.room(room);
        report.breach(Invariant::Gapless, [], log, || format!("in the log of {name}, {seq} follows {last}"));
    }
}

fn stored_once(facts: &Facts<'_>, report: &mut Report, room: Room, log: &Log<'_>, message: &Message) {
    report.checks(Invariant::Duplicates);
    let (author, id) = (&message.author, message.client_msg_id);
    let positions = log.positions(author, id);
    if positions.len() > 1 && positions.first() == Some(&message.seq) {
        let places = positions.iter().map(|seq| (room, *seq));
        report.breach(Invariant::Duplicates, [], places, || {
            let seqs: Vec<_> = positions.iter().map(i64::to_string).collect();
            format!("{author}'s message {id} is stored more than once in {}, at {}", facts.room(room), seqs.join(", "))
        });
    }
}

/// The tries of each message, by what they say.
struct Tries<'a> {
    by_text: HashMap<(Key, Text), Vec<&'a Try<'a>>>,
    /// A first try, whatever it says.
    any: HashMap<Key, (&'a Try<'a>, Owner)>,
    /// How often what was answered without having been sent.
    unasked: HashMap<(Key, Text), u64>,
}

impl<'a> Tries<'a> {
    fn of(facts: &'a Facts<'a>) -> Self {
        let (mut by_text, mut any, mut unasked) = (HashMap::<_, Vec<_>>::new(), HashMap::new(), HashMap::new());
        for sent in &facts.tries {
            let Some(owner) = sent.owner else { continue };
            let key = (sent.room, owner.client, sent.id);
            by_text.entry((key, sent.text)).or_default().push(sent);
            any.entry(key).or_insert((sent, owner));
        }
        for reply in facts.replies.iter().filter(|reply| reply.sent.is_none()) {
            let Some(owner) = reply.owner else { continue };
            *unasked.entry(((reply.room, owner.client, reply.id), reply.text)).or_default() += 1;
        }
        Self { by_text, any, unasked }
    }

    /// Each message that was refused is a fact, whether it is in a log or not.
    fn count_refused(&self, facts: &Facts<'_>, report: &mut Report) {
        for (key, tries) in &self.by_text {
            if self.refused(facts, key, tries).is_some() {
                report.checks(Invariant::NothingElse);
            }
        }
    }

    /// The entries that show that each try was refused and none can have been stored.
    fn refused(&self, facts: &Facts<'_>, key: &(Key, Text), tries: &[&Try<'_>]) -> Option<Vec<Index>> {
        let ((room, _, id), _) = *key;
        if self.unasked.contains_key(key) || facts.strangers.contains(&(room, id)) {
            return None;
        }
        let mut evidence = Vec::new();
        for sent in tries {
            let owner = sent.owner?;
            let (answered, Answer::Rejected(code)) = sent.answer? else { return None };
            evidence.extend([owner.opened, sent.entry, answered]);
            if code == "not_a_member" {
                // A gateway that cannot reach the core tries more than once: the first attempt may have been stored
                // before a departure, and the last one refused after it.
                let absence = facts.absence(owner.client, room, sent.entry);
                evidence.push(absence.filter(|absence| absence.covers(answered))?.proof()?);
            }
        }
        Some(evidence)
    }

    fn judge(&self, facts: &Facts<'_>, report: &mut Report, room: Room, message: &Message) {
        report.checks(Invariant::NothingElse);
        let (seq, id, author) = (message.seq, message.client_msg_id, &message.author);
        let name = facts.room(room);
        if facts.strangers.contains(&(room, id)) {
            return;
        }
        let key = facts.client(author).map(|client| (room, client, id));
        if let Some(key) = key
            && let Some(tries) = self.by_text.get(&(key, message.text))
        {
            if let Some(evidence) = self.refused(facts, &(key, message.text), tries) {
                report.breach(Invariant::NothingElse, evidence, [(room, seq)], || {
                    format!("{author}'s message {id} is at {seq} in {name}, although every try of it was refused")
                });
            }
        } else if let Some((sent, owner)) = key.and_then(|key| self.any.get(&key)) {
            report.breach(Invariant::NothingElse, [owner.opened, sent.entry], [(room, seq)], || {
                format!("{author}'s message {id} is at {seq} in {name} with a text that {author} did not send")
            });
        } else {
            report.breach(Invariant::NothingElse, [], [(room, seq)], || phantom(name, message, id));
        }
    }
}

fn phantom(room: &str, message: &Message, id: Uuid) -> String {
    format!("{}'s message {id} is at {} in {room}, but nobody sent it", message.author, message.seq)
}

fn view(facts: &Facts<'_>, report: &mut Report, entry: Index, client: Client, room: Room, messages: &[Print]) {
    report.checks(Invariant::Views);
    let log = facts.log(room);
    let differing = messages.iter().zip(&log.prints).position(|(seen, stored)| seen != stored);
    let (client, name) = (facts.name(client), facts.room(room));
    if let Some(place) = differing {
        let seq = log.messages.get(place).map_or(0, |message| message.seq);
        report.breach(Invariant::Views, [entry], [(room, seq)], || {
            format!("{client} has another message at {seq} of {name} than the log")
        });
    } else if messages.len() != log.messages.len() {
        let next = log.messages.get(messages.len()).map(|message| (room, message.seq));
        report.breach(Invariant::Views, [entry], next, || {
            format!("{client} has {} messages of {name}, the log {}", messages.len(), log.messages.len())
        });
    }
}

fn one_epoch(facts: &Facts<'_>, report: &mut Report, entries: [Index; 2], known: &str, told: (Client, &str)) {
    report.checks(Invariant::Epoch);
    let (client, name) = told;
    if name != known {
        report.breach(Invariant::Epoch, entries, [], || {
            format!("{} was told of the history {name}, while others are in {known}", facts.name(client))
        });
    }
}
