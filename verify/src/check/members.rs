//! What reaches those who are no members: (h).

use super::facts::{Absence, Facts, Owner};
use super::report::{Invariant, Report};
use crate::history::{Answer, Client, Event, Index, Room, Socket};

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    for (entry, event) in facts.events() {
        match *event {
            Event::Left { .. } => report.checks(Invariant::Removal),
            Event::Live { socket, room, seq, .. } => live(facts, report, entry, socket, (room, seq)),
            Event::Paged { asked, .. } => {
                if let Some((client, room, absence)) = asked_while_absent(facts, report, asked, entry) {
                    report.breach(Invariant::Removal, absence.proof().into_iter().chain([asked, entry]), [], || {
                        let (client, room) = (facts.name(client), facts.room(room));
                        format!("{client} asked for a page of {room} while no member, and got it")
                    });
                }
            }
            Event::PageRefused { asked, .. } => {
                asked_while_absent(facts, report, asked, entry);
            }
            _ => {}
        }
    }
    answers(facts, report);
}

/// A live message is late, not wrong, where it was sent before the departure was known.
fn live(facts: &Facts<'_>, report: &mut Report, entry: Index, socket: Socket, place: (Room, i64)) {
    let (room, seq) = place;
    let Some(Owner { client, opened }) = facts.owner(socket) else { return };
    let Some(absence) = facts.absence(client, room, entry) else { return };
    report.checks(Invariant::Removal);
    let (client, name) = (facts.name(client), facts.room(room));
    let Some(left) = absence.left else {
        let evidence = absence.proof().into_iter().chain([opened, entry]);
        return report.breach(Invariant::Removal, evidence, [place], || {
            format!("{client} heard of {seq} in {name} over connection {} before entering", socket.0)
        });
    };
    let sent = facts.log(room).at(seq).and_then(|message| facts.first_sent(room, message));
    if let Some(sent) = sent.filter(|sent| *sent > left) {
        report.breach(Invariant::Removal, [opened, left, sent, entry], [place], || {
            format!("{client} heard of {seq} in {name} over connection {}, sent after the departure", socket.0)
        });
    }
}

/// A question and its answer, both within one absence.
fn asked_while_absent(
    facts: &Facts<'_>,
    report: &mut Report,
    asked: Index,
    answered: Index,
) -> Option<(Client, Room, Absence)> {
    let Event::Asked { client, room, .. } = *facts.event(asked)? else { return None };
    let absence = facts.absence(client, room, asked).filter(|absence| absence.covers(answered))?;
    report.checks(Invariant::Removal);
    Some((client, room, absence))
}

fn answers(facts: &Facts<'_>, report: &mut Report) {
    for reply in &facts.replies {
        let (Some(Owner { client, opened }), Some(sent)) = (reply.owner, reply.sent) else { continue };
        let absence = facts.absence(client, reply.room, sent).filter(|absence| absence.covers(reply.entry));
        let Some(absence) = absence else { continue };
        report.checks(Invariant::Removal);
        // A repeat of what is stored already is answered also after the departure.
        let Answer::Accepted(stored) = reply.answer else { continue };
        let evidence = absence.proof().into_iter().chain([opened, sent, reply.entry]);
        report.breach(Invariant::Removal, evidence, [(reply.room, stored.seq)], || {
            let (client, room) = (facts.name(client), facts.room(reply.room));
            format!("{client} sent message {} into {room} while no member: {}", reply.id, reply.answer)
        });
    }
}
