//! What pages say: (i), (l), (m), and their part of (d) and (e).

use std::collections::{HashMap, HashSet};

use super::facts::Facts;
use super::report::{Invariant, Report};
use super::streams::BEYOND;
use crate::history::{Client, Event, Index, Print, Room};

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    let mut pages = Pages::default();
    for (entry, event) in facts.events() {
        match event {
            Event::Asked { client, room, after_seq } => pages.ask(facts, entry, *client, *room, *after_seq),
            Event::Answered { socket, room, answer, .. } => {
                if let Some(stored) = answer.stored() {
                    pages.know(*room, stored.seq, entry);
                    pages.is_inside(facts.owner(*socket).map(|owner| owner.client), *room);
                }
            }
            Event::Joined { socket, room, latest_seq, .. } => {
                pages.know(*room, *latest_seq, entry);
                pages.is_inside(facts.owner(*socket).map(|owner| owner.client), *room);
            }
            Event::Live { room, seq, .. } => pages.know(*room, *seq, entry),
            Event::Paged { asked, after_seq, messages, latest_seq, has_more } => {
                let Some(question) = pages.asked.remove(asked) else { continue };
                pages.know(question.room, *latest_seq, entry);
                pages.is_inside(Some(question.client), question.room);
                let (latest, has_more) = (*latest_seq, *has_more);
                let page = Page { facts, entries: [*asked, entry], question, messages, latest, has_more };
                page.is_whole(report, *after_seq);
                page.is_of_the_log(report);
                page.reaches_what_was_known(report);
                page.has_a_right_cursor(report);
            }
            Event::PageRefused { asked, code } => {
                if let Some(question) = pages.asked.remove(asked) {
                    refused(facts, report, [*asked, entry], &question, code);
                }
            }
            _ => {}
        }
    }
}

/// A page that was asked for.
struct Question {
    client: Client,
    room: Room,
    after: i64,
    /// The newest position that was known before.
    known: Option<Known>,
    /// Whether the client certainly is a member, then and ever after.
    member: bool,
}

/// A position, and the entry that told of it.
#[derive(Clone, Copy)]
struct Known {
    seq: i64,
    entry: Index,
}

impl Known {
    /// A page tells of its room by its question alone.
    fn entries(self, facts: &Facts<'_>) -> impl Iterator<Item = Index> + use<> {
        let asked = match facts.event(self.entry) {
            Some(Event::Paged { asked, .. }) => Some(*asked),
            _ => None,
        };
        asked.into_iter().chain([self.entry])
    }
}

/// What is known by now.
#[derive(Default)]
struct Pages {
    asked: HashMap<Index, Question>,
    known: HashMap<Room, Known>,
    /// Those who entered and were seen to be in.
    inside: HashSet<(Client, Room)>,
}

impl Pages {
    fn ask(&mut self, facts: &Facts<'_>, entry: Index, client: Client, room: Room, after: i64) {
        let absences = facts.absences(client, room);
        let stays = absences.iter().all(|absence| absence.left.is_none());
        let member = stays && (absences.is_empty() || self.inside.contains(&(client, room)));
        let known = self.known.get(&room).copied();
        self.asked.insert(entry, Question { client, room, after, known, member });
    }

    fn know(&mut self, room: Room, seq: i64, entry: Index) {
        let known = self.known.entry(room).or_insert(Known { seq, entry });
        if seq > known.seq {
            *known = Known { seq, entry };
        }
    }

    fn is_inside(&mut self, client: Option<Client>, room: Room) {
        if let Some(client) = client {
            self.inside.insert((client, room));
        }
    }
}

/// An answer to a question.
struct Page<'a> {
    facts: &'a Facts<'a>,
    /// Those of the question and the answer.
    entries: [Index; 2],
    question: Question,
    messages: &'a [(i64, Print)],
    latest: i64,
    has_more: bool,
}

impl Page<'_> {
    fn is_whole(&self, report: &mut Report, echoed: i64) {
        let Question { room, after, .. } = self.question;
        let (latest, has_more) = (self.latest, self.has_more);
        report.checks(Invariant::Pages);
        let mut fault = |place: Option<i64>, fault: &dyn Fn() -> String| {
            let place = place.map(|seq| (room, seq));
            report.breach(Invariant::Pages, self.entries, place, || format!("{} {}", self.name(), fault()));
        };
        if echoed != after {
            fault(None, &|| format!("says that it begins after {echoed}"));
        }
        let (mut last, mut whole) = (after, true);
        for (seq, _) in self.messages {
            if *seq != last.saturating_add(1) && whole {
                fault(Some(*seq), &|| format!("has {seq} after {last}"));
                whole = false;
            }
            last = *seq;
        }
        if has_more && self.messages.is_empty() {
            fault(None, &|| "is empty, but says that there is more".to_owned());
        } else if has_more != (last < latest) {
            let what = if has_more { "more" } else { "no more" };
            fault(Some(last), &|| format!("ends at {last} of {latest}, but says that there is {what}"));
        }
        if last > latest && !self.messages.is_empty() {
            fault(Some(last), &|| format!("ends at {last}, but says that {latest} is the newest"));
        }
    }

    fn is_of_the_log(&self, report: &mut Report) {
        let log = self.facts.log(self.question.room);
        let place = |seq| [(self.question.room, seq)];
        for (seq, print) in self.messages {
            report.checks(Invariant::OneOrder);
            if log.print_at(*seq) != Some(*print) {
                report.breach(Invariant::OneOrder, self.entries, place(*seq), || {
                    let fault = if log.at(*seq).is_some() { ", not as it is in the log" } else { BEYOND };
                    format!("{} has {seq}{fault}", self.name())
                });
            }
        }
        report.checks(Invariant::OneOrder);
        let latest = self.latest;
        if latest > log.end() {
            report.breach(Invariant::OneOrder, self.entries, place(latest), || {
                format!("{} says that the newest is {latest}{BEYOND}", self.name())
            });
        }
    }

    fn reaches_what_was_known(&self, report: &mut Report) {
        let Some(known) = self.question.known else { return };
        report.checks(Invariant::Readable);
        let (latest, seq) = (self.latest, known.seq);
        if latest < seq {
            let evidence = known.entries(self.facts).chain(self.entries);
            report.breach(Invariant::Readable, evidence, [(self.question.room, seq)], || {
                format!("{} says that the newest is {latest}, although {seq} was known before", self.name())
            });
        }
    }

    fn has_a_right_cursor(&self, report: &mut Report) {
        if self.question.after > self.latest {
            report.checks(Invariant::Cursors);
            report.breach(Invariant::Cursors, self.entries, [], || {
                format!("{} was not refused, although {} is the newest", self.name(), self.latest)
            });
        }
    }

    fn name(&self) -> String {
        name(self.facts, &self.question)
    }
}

fn name(facts: &Facts<'_>, question: &Question) -> String {
    let Question { client, room, after, .. } = *question;
    format!("the page of {} after {after} for {}", facts.room(room), facts.name(client))
}

fn refused(facts: &Facts<'_>, report: &mut Report, entries: [Index; 2], question: &Question, code: &str) {
    let room = question.room;
    match code {
        "cursor_ahead" => {
            report.checks(Invariant::Cursors);
            let Some(known) = question.known else { return };
            report.checks(Invariant::Readable);
            if question.after <= known.seq {
                report.breach(Invariant::Readable, known.entries(facts).chain(entries), [(room, known.seq)], || {
                    format!("{} was refused as ahead, although {} was known before", name(facts, question), known.seq)
                });
            }
        }
        // Says nothing about the room.
        "rate_limited" | "unavailable" => {}
        _ if question.member => {
            report.checks(Invariant::Views);
            report.breach(Invariant::Views, entries, [], || {
                format!("{} was refused: {code}, although they never left", name(facts, question))
            });
        }
        _ => {}
    }
}
