//! Each rule on histories of a few entries: what breaks it, what shows that, and what looks like it but is right.

use std::time::Duration;

use uuid::Uuid;

use super::{is_shortest, restricted};
use crate::check::{Breach, Invariant, check, evidence};
use crate::history::{
    Answer, Client, Entry, Event, History, Index, Message, Print, Room, RoomLog, Socket, Stored, Text,
};

const ALICE: Client = Client(0);
const BOB: Client = Client(1);
const DEN: Room = Room(0);
/// Alice's connection, and her second one; Bob's, and one of nobody.
const A: Socket = Socket(1);
const A2: Socket = Socket(2);
const B: Socket = Socket(3);

/// A history of one room, written entry by entry. Messages are numbers: by default Alice's, each at its own position.
struct Story(History);

fn message(number: u64) -> Message {
    let (id, client_msg_id) = (Uuid::from_u64_pair(1, number), name(number));
    Message { seq: number as i64, id, client_msg_id, author: "alice".to_owned(), text: Text(number << 32) }
}

fn name(number: u64) -> Uuid {
    Uuid::from_u64_pair(0, number)
}

fn print(number: u64) -> Print {
    message(number).print()
}

fn stored(number: u64) -> Stored {
    Stored { id: message(number).id, seq: message(number).seq }
}

impl Story {
    /// With these messages in the log, at the positions 1, 2, 3 and so on.
    fn of(numbers: &[u64]) -> Self {
        let log = (1..).zip(numbers).map(|(seq, number)| Message { seq, ..message(*number) }).collect();
        let rooms = vec![RoomLog { name: "den".to_owned(), log }];
        Self(History { clients: vec!["alice".to_owned(), "bob".to_owned()], rooms, entries: Vec::new() })
    }

    fn log(mut self, change: impl FnOnce(&mut Vec<Message>)) -> Self {
        change(&mut self.0.rooms[0].log);
        self
    }

    fn then(mut self, event: Event) -> Self {
        self.0.entries.push(Entry { at: Duration::from_millis(1), event });
        self
    }

    fn opened(self) -> Self {
        let opened = [(A, ALICE), (A2, ALICE), (B, BOB)];
        opened.into_iter().fold(self, |story, (socket, client)| story.then(Event::Opened { socket, client }))
    }

    fn sent(self, socket: Socket, number: u64) -> Self {
        let Message { client_msg_id, text, .. } = message(number);
        self.then(Event::Sent { socket, room: DEN, client_msg_id, text })
    }

    fn answered(self, socket: Socket, number: u64, answer: Answer) -> Self {
        let Message { client_msg_id, text, .. } = message(number);
        self.then(Event::Answered { socket, room: DEN, client_msg_id, text, answer })
    }

    fn accepted(self, socket: Socket, number: u64) -> Self {
        self.answered(socket, number, Answer::Accepted(stored(number)))
    }

    fn duplicate(self, socket: Socket, number: u64) -> Self {
        self.answered(socket, number, Answer::Duplicate(stored(number)))
    }

    fn rejected(self, socket: Socket, number: u64, code: &str) -> Self {
        self.answered(socket, number, Answer::Rejected(code.to_owned()))
    }

    fn joined(self, socket: Socket, latest_seq: i64) -> Self {
        self.then(Event::Joined { socket, room: DEN, latest_seq, exact: false })
    }

    fn joined_exactly(self, socket: Socket, latest_seq: i64) -> Self {
        self.then(Event::Joined { socket, room: DEN, latest_seq, exact: true })
    }

    fn live(self, socket: Socket, numbers: &[u64]) -> Self {
        numbers.iter().fold(self, |story, number| {
            story.then(Event::Live { socket, room: DEN, seq: message(*number).seq, print: print(*number) })
        })
    }

    fn asked(self, client: Client, after_seq: i64) -> Self {
        self.then(Event::Asked { client, room: DEN, after_seq })
    }

    /// The answer to the last entry.
    fn paged(self, after_seq: i64, numbers: &[u64], latest_seq: i64, has_more: bool) -> Self {
        let asked = self.0.entries.len() - 1;
        let messages = numbers.iter().map(|number| (message(*number).seq, print(*number))).collect();
        self.then(Event::Paged { asked, after_seq, messages, latest_seq, has_more })
    }

    fn refused(self, code: &str) -> Self {
        let asked = self.0.entries.len() - 1;
        self.then(Event::PageRefused { asked, code: code.to_owned() })
    }

    fn left(self, client: Client) -> Self {
        self.then(Event::Left { client, room: DEN })
    }

    fn entering(self, client: Client) -> Self {
        self.then(Event::Entering { client, room: DEN })
    }

    fn view(self, numbers: &[u64]) -> Self {
        let messages = numbers.iter().map(|number| print(*number)).collect();
        self.then(Event::View { client: ALICE, room: DEN, messages })
    }

    #[track_caller]
    fn holds(&self, invariant: Invariant) -> &Self {
        assert_eq!(self.found(invariant), []);
        self
    }

    /// Exactly one breach, shown by these entries.
    #[track_caller]
    fn breaks(&self, invariant: Invariant, shown_by: &[Index]) -> Breach {
        let [breach] = <[Breach; 1]>::try_from(self.found(invariant)).unwrap();
        assert_eq!(breach.evidence, shown_by, "{}", breach.what);
        is_shortest(&self.0, &breach).unwrap();
        breach
    }

    fn found(&self, invariant: Invariant) -> Vec<Breach> {
        let mut found = check(&self.0).breaches;
        found.retain(|breach| breach.invariant == invariant);
        found
    }
}

#[test]
fn acknowledged_messages_are_in_the_log() {
    let told = |number| Story::of(&[1]).opened().accepted(A, number);
    told(1).holds(Invariant::Acknowledged);
    told(2).breaks(Invariant::Acknowledged, &[3]);
    let altered = |change: fn(&mut Message)| told(1).log(|log| change(&mut log[0]));
    altered(|message| message.id = Uuid::nil()).breaks(Invariant::Acknowledged, &[3]);
    altered(|message| message.client_msg_id = Uuid::nil()).breaks(Invariant::Acknowledged, &[3]);
    altered(|message| message.text = Text(9)).breaks(Invariant::Acknowledged, &[3]);
    altered(|message| message.author = "bob".to_owned()).breaks(Invariant::Acknowledged, &[0, 3]);
    let twice = told(1).log(|log| log.push(Message { seq: 2, ..message(1) }));
    assert_eq!(twice.breaks(Invariant::Acknowledged, &[0, 3]).log, [(DEN, 1), (DEN, 2)]);
}

#[test]
fn positions_have_no_gap() {
    Story::of(&[1, 2, 3]).holds(Invariant::Gapless);
    let gap = Story::of(&[1, 2, 3]).log(|log| drop(log.remove(1)));
    assert_eq!(gap.breaks(Invariant::Gapless, &[]).what, "in the log of den, 3 follows 1");
    Story::of(&[1]).log(|log| log[0].seq = 2).breaks(Invariant::Gapless, &[]);
}

#[test]
fn what_nobody_sent_is_in_no_log() {
    Story::of(&[1]).opened().sent(A, 1).holds(Invariant::NothingElse);
    Story::of(&[1]).opened().breaks(Invariant::NothingElse, &[]);
    Story::of(&[1]).opened().sent(B, 1).breaks(Invariant::NothingElse, &[]);
    let altered = Story::of(&[1]).log(|log| log[0].text = Text(9)).opened().sent(A, 1);
    altered.breaks(Invariant::NothingElse, &[0, 3]);
    // Of a connection of nobody knows whom anything may come.
    Story::of(&[1]).sent(A, 1).holds(Invariant::NothingElse);
}

#[test]
fn what_was_refused_is_in_no_log() {
    let refused = || Story::of(&[1]).opened().sent(A, 1).rejected(A, 1, "idempotency_conflict");
    refused().breaks(Invariant::NothingElse, &[0, 3, 4]);
    // Another try may have been stored.
    refused().sent(A2, 1).holds(Invariant::NothingElse);
    let retry = Answer::Retry("unavailable".to_owned());
    refused().sent(A2, 1).answered(A2, 1, retry).holds(Invariant::NothingElse);
    refused().sent(A, 1).accepted(A, 1).holds(Invariant::NothingElse);
    refused().sent(A2, 1).rejected(A2, 1, "too_large").breaks(Invariant::NothingElse, &[0, 1, 3, 4, 5, 6]);
    assert_eq!(check(&refused().log(Vec::clear).0).checked(Invariant::NothingElse), 1);
}

#[test]
fn a_refusal_of_a_stranger_counts_where_they_were_one_all_the_time() {
    let code = "not_a_member";
    // The gateway may have got it stored before, and lost the answer.
    Story::of(&[1]).opened().sent(A, 1).rejected(A, 1, code).left(ALICE).holds(Invariant::NothingElse);
    Story::of(&[1]).opened().sent(A, 1).left(ALICE).rejected(A, 1, code).holds(Invariant::NothingElse);
    let away = || Story::of(&[1]).opened().left(ALICE).sent(A, 1);
    away().rejected(A, 1, code).breaks(Invariant::NothingElse, &[0, 3, 4, 5]);
    away().entering(ALICE).rejected(A, 1, code).holds(Invariant::NothingElse);
    let early = Story::of(&[1]).opened().sent(A, 1).rejected(A, 1, code).entering(ALICE);
    early.breaks(Invariant::NothingElse, &[0, 3, 4, 5]);
}

#[test]
fn views_are_the_log() {
    Story::of(&[1, 2]).view(&[1, 2]).holds(Invariant::Views);
    let short = Story::of(&[1, 2]).view(&[1]).breaks(Invariant::Views, &[0]);
    assert_eq!(short.log, [(DEN, 2)]);
    Story::of(&[1]).view(&[1, 2]).breaks(Invariant::Views, &[0]);
    let other = Story::of(&[1, 2, 3]).view(&[2, 1, 3]).breaks(Invariant::Views, &[0]);
    assert_eq!(other.what, "alice has another message at 1 of den than the log");
}

#[test]
fn members_are_not_refused() {
    let refused = |story: Story| story.asked(ALICE, 0).refused("not_a_member");
    refused(Story::of(&[])).breaks(Invariant::Views, &[0, 1]);
    // The departure may have been known to the server before.
    refused(Story::of(&[])).left(ALICE).holds(Invariant::Views);
    refused(Story::of(&[]).entering(ALICE)).holds(Invariant::Views);
    refused(Story::of(&[]).opened().entering(ALICE).joined(A, 0)).breaks(Invariant::Views, &[5, 6]);
    Story::of(&[]).asked(ALICE, 0).refused("unavailable").holds(Invariant::Views);
}

#[test]
fn everybody_sees_the_log() {
    let shift = |story: Story| story.log(|log| log.swap(0, 1)).log(|log| (log[0].seq, log[1].seq) = (1, 2));
    Story::of(&[1, 2]).live(A, &[1, 2]).asked(ALICE, 0).paged(0, &[1, 2], 2, false).holds(Invariant::OneOrder);
    shift(Story::of(&[1, 2]).live(A, &[2])).breaks(Invariant::OneOrder, &[0]);
    shift(Story::of(&[1, 2]).asked(ALICE, 0).paged(0, &[1], 2, true)).breaks(Invariant::OneOrder, &[0, 1]);
    Story::of(&[1]).live(A, &[2]).breaks(Invariant::OneOrder, &[0]);
    Story::of(&[1]).joined(A, 2).breaks(Invariant::OneOrder, &[0]);
    Story::of(&[1]).asked(ALICE, 1).paged(1, &[], 2, true).breaks(Invariant::OneOrder, &[0, 1]);
}

#[test]
fn the_order_of_a_connection_is_kept() {
    let order = |log: &[u64]| Story::of(log).opened().sent(A, 1).sent(A, 2);
    order(&[1, 2]).accepted(A, 1).accepted(A, 2).holds(Invariant::SocketOrder);
    order(&[2, 1]).accepted(A, 1).accepted(A, 2).breaks(Invariant::SocketOrder, &[0, 3, 4, 5, 6]);
    order(&[2, 1]).duplicate(A, 1).accepted(A, 2).breaks(Invariant::SocketOrder, &[0, 3, 4, 5, 6]);
    // It may have been stored by another try, earlier or later.
    order(&[2, 1]).sent(A2, 1).duplicate(A, 1).accepted(A, 2).holds(Invariant::SocketOrder);
    order(&[2, 1]).accepted(A, 2).holds(Invariant::SocketOrder);
    let two = Story::of(&[2, 1]).opened().sent(A, 1).sent(A2, 2).accepted(A, 1).accepted(A2, 2);
    two.holds(Invariant::SocketOrder);
}

#[test]
fn of_sends_that_look_alike_the_first_answer_belongs_to_the_first() {
    let retry = Answer::Retry("unavailable".to_owned());
    let again = |log: &[u64]| Story::of(log).opened().sent(A, 1).sent(A, 2).sent(A, 1).answered(A, 1, retry.clone());
    again(&[2, 1]).accepted(A, 2).accepted(A, 1).holds(Invariant::SocketOrder);
    let inverted = again(&[1, 2]).accepted(A, 2).accepted(A, 1);
    inverted.breaks(Invariant::SocketOrder, &[0, 4, 5, 7, 8]);
}

#[test]
fn answers_of_a_message_agree() {
    let told = || Story::of(&[1, 2]).opened().accepted(A, 1);
    told().duplicate(A, 1).duplicate(A2, 1).holds(Invariant::Duplicates);
    let other = Answer::Duplicate(Stored { seq: 2, ..stored(1) });
    told().answered(A, 1, other.clone()).breaks(Invariant::Duplicates, &[0, 3, 4]);
    told().answered(A2, 1, other.clone()).breaks(Invariant::Duplicates, &[0, 1, 3, 4]);
    told().answered(B, 1, other).holds(Invariant::Duplicates);
    told().accepted(A2, 1).breaks(Invariant::Duplicates, &[0, 1, 3, 4]);
    let twice = Story::of(&[1]).log(|log| log.push(Message { seq: 2, ..message(1) }));
    assert_eq!(twice.breaks(Invariant::Duplicates, &[]).log, [(DEN, 1), (DEN, 2)]);
}

#[test]
fn who_left_hears_nothing_that_was_sent_later() {
    let left = || Story::of(&[1, 2]).opened().sent(A, 1).left(BOB).sent(A, 2);
    left().live(B, &[1]).holds(Invariant::Removal);
    left().live(B, &[2]).breaks(Invariant::Removal, &[2, 4, 5, 6]);
    left().live(A, &[2]).holds(Invariant::Removal);
    left().entering(BOB).live(B, &[2]).holds(Invariant::Removal);
    left().entering(BOB).left(BOB).live(B, &[2]).holds(Invariant::Removal);
    left().left(BOB).live(B, &[2]).breaks(Invariant::Removal, &[2, 4, 5, 7]);
    Story::of(&[1]).opened().live(B, &[1]).entering(BOB).breaks(Invariant::Removal, &[2, 3, 4]);
}

#[test]
fn who_left_gets_no_answer() {
    let page = |story: Story| story.asked(BOB, 0).paged(0, &[], 0, false);
    page(Story::of(&[])).left(BOB).holds(Invariant::Removal);
    page(Story::of(&[]).left(BOB)).breaks(Invariant::Removal, &[0, 1, 2]);
    page(Story::of(&[])).entering(BOB).breaks(Invariant::Removal, &[0, 1, 2]);
    page(Story::of(&[]).left(BOB).entering(BOB)).holds(Invariant::Removal);
    Story::of(&[]).left(BOB).asked(BOB, 0).refused("not_a_member").holds(Invariant::Removal);

    let send = || Story::of(&[1]).opened().left(ALICE).sent(A, 1);
    send().accepted(A, 1).breaks(Invariant::Removal, &[0, 3, 4, 5]);
    send().duplicate(A, 1).holds(Invariant::Removal);
    send().entering(ALICE).accepted(A, 1).holds(Invariant::Removal);
    Story::of(&[1]).opened().sent(A, 1).left(ALICE).accepted(A, 1).holds(Invariant::Removal);
}

#[test]
fn pages_reach_what_was_known() {
    let known = || Story::of(&[1, 2]).opened().accepted(A, 2);
    known().asked(BOB, 0).paged(0, &[1, 2], 2, false).holds(Invariant::Readable);
    known().asked(BOB, 0).paged(0, &[1], 1, false).breaks(Invariant::Readable, &[3, 4, 5]);
    let meanwhile = Story::of(&[1]).asked(BOB, 0).live(A, &[1]);
    let messages = Event::Paged { asked: 0, after_seq: 0, messages: vec![], latest_seq: 0, has_more: false };
    meanwhile.then(messages).holds(Invariant::Readable);
    let page = Story::of(&[1]).asked(BOB, 0).paged(0, &[1], 1, false).asked(ALICE, 0).paged(0, &[], 0, false);
    page.breaks(Invariant::Readable, &[0, 1, 2, 3]);
    Story::of(&[1]).joined(A, 1).asked(ALICE, 0).paged(0, &[], 0, false).breaks(Invariant::Readable, &[0, 1, 2]);
}

#[test]
fn cursors_are_refused_where_they_are_ahead_and_only_there() {
    let known = || Story::of(&[1]).live(A, &[1]);
    known().asked(BOB, 2).refused("cursor_ahead").holds(Invariant::Readable).holds(Invariant::Cursors);
    known().asked(BOB, 1).refused("cursor_ahead").breaks(Invariant::Readable, &[0, 1, 2]);
    known().asked(BOB, 2).paged(2, &[], 1, false).breaks(Invariant::Cursors, &[1, 2]);
    known().asked(BOB, 1).paged(1, &[], 1, false).holds(Invariant::Cursors);
}

#[test]
fn there_is_one_history() {
    let epoch = |story: Story, epoch: &str| story.then(Event::Epoch { client: ALICE, epoch: epoch.to_owned() });
    let one = epoch(epoch(Story::of(&[]), "one"), "one");
    one.holds(Invariant::Epoch);
    epoch(one, "other").breaks(Invariant::Epoch, &[0, 2]);
}

#[test]
fn streams_have_no_hole() {
    let joined = || Story::of(&[1, 2, 3, 4]).joined(A, 1);
    joined().live(A, &[2, 3, 2, 3, 4]).holds(Invariant::Live);
    let hole = joined().live(A, &[2, 4, 3]).breaks(Invariant::Live, &[0, 2]);
    assert_eq!(hole.what, "connection 1, promised all of den beyond 1, got 4 before 3");
    // What was heard before joining, or after parting, is no part of it.
    Story::of(&[1, 2, 3]).live(A, &[1, 3]).holds(Invariant::Live);
    joined().then(Event::Parted { socket: A, room: DEN }).live(A, &[4]).holds(Invariant::Live);
    joined().then(Event::Closed { socket: A }).live(A, &[4]).holds(Invariant::Live);
    // A further position counts where it lies ahead.
    joined().joined(A, 3).live(A, &[4]).holds(Invariant::Live);
    joined().live(A, &[2, 3]).joined(A, 2).live(A, &[4]).holds(Invariant::Live);
}

#[test]
fn exact_streams_repeat_nothing() {
    let joined = || Story::of(&[1, 2, 3]).joined_exactly(A, 1);
    joined().live(A, &[2, 3]).holds(Invariant::Live);
    joined().live(A, &[2, 3, 2]).breaks(Invariant::Live, &[0, 2, 3]);
    joined().live(A, &[1]).breaks(Invariant::Live, &[0, 1]);
}

#[test]
fn streams_reach_the_end() {
    let joined = || Story::of(&[1, 2]).opened().joined(A, 0).live(A, &[1]);
    let open = Event::StillOpen { socket: A };
    joined().live(A, &[2]).then(open.clone()).holds(Invariant::Live);
    joined().then(open.clone()).breaks(Invariant::Live, &[0, 3, 5]);
    joined().then(Event::Closed { socket: A }).then(open.clone()).holds(Invariant::Live);
    joined().then(Event::Parted { socket: A, room: DEN }).then(open.clone()).holds(Invariant::Live);
    joined().left(ALICE).then(open.clone()).holds(Invariant::Live);
    joined().left(ALICE).joined(A, 0).then(open.clone()).holds(Invariant::Live);
    let never = joined().left(ALICE).entering(ALICE).then(open.clone()).breaks(Invariant::Live, &[0, 6, 7]);
    assert_eq!(never.what, "connection 1 of alice, who is in den, never joined it");
    Story::of(&[1]).entering(ALICE).opened().then(open.clone()).breaks(Invariant::Live, &[0, 1, 4]);
    Story::of(&[1]).opened().then(open.clone()).holds(Invariant::Live);
    joined().left(ALICE).entering(ALICE).joined(A, 1).then(open).breaks(Invariant::Live, &[0, 7, 8]);
}

#[test]
fn pages_are_whole() {
    let page = |numbers: &[u64], latest, more| Story::of(&[1, 2, 3]).asked(ALICE, 1).paged(1, numbers, latest, more);
    page(&[2, 3], 3, false).holds(Invariant::Pages);
    page(&[2], 3, true).holds(Invariant::Pages);
    page(&[], 1, false).holds(Invariant::Pages);
    for (numbers, latest, more) in [
        (&[3][..], 3, false),
        (&[2, 2], 2, false),
        (&[2, 3], 3, true),
        (&[2], 3, false),
        (&[], 3, false),
        (&[], 3, true),
        (&[2, 3], 2, false),
    ] {
        page(numbers, latest, more).breaks(Invariant::Pages, &[0, 1]);
    }
    Story::of(&[1]).asked(ALICE, 0).paged(1, &[1], 1, false).breaks(Invariant::Pages, &[0, 1]);
}

#[test]
fn everything_is_answered_in_the_end() {
    let sent = Story::of(&[1]).opened().sent(A, 1).sent(A2, 1).sent(B, 1);
    assert_eq!(check(&sent.holds(Invariant::Settled).0).checked(Invariant::Settled), 2);
    let given_up = sent.then(Event::Unanswered { client: ALICE, room: DEN, client_msg_id: name(1) });
    given_up.breaks(Invariant::Settled, &[6]);
}

#[test]
fn a_breach_reads_well() {
    let story = Story::of(&[1, 2]).opened().joined(A, 0).live(A, &[2]);
    let breach = story.breaks(Invariant::Live, &[3, 4]);
    let lines = evidence(&story.0, &breach);
    assert_eq!(lines[0], "   0.001000 s  #3  connection 1 is promised everything in den beyond 0");
    assert!(lines[1].starts_with("   0.001000 s  #4  connection 1 is told of 2 in den: print "), "{}", lines[1]);
    assert!(lines[2].starts_with("the log has at 1 in den: print "), "{}", lines[2]);
    let (id, other) = (message(2).id, name(2));
    assert!(lines[3].ends_with(&format!("message {other} of alice, stored as {id}, text 00000002")), "{}", lines[3]);
    assert_eq!(lines.len(), 4);
}

#[test]
fn of_many_breaches_ten_are_kept_and_all_are_counted() {
    let story = Story::of(&[]).live(A, &[1; 25]);
    let report = check(&story.0);
    assert_eq!((report.breaches.len(), report.breached(Invariant::OneOrder)), (10, 25));
    assert_eq!(report.checked(Invariant::OneOrder), 25);
}

#[test]
fn strange_histories_are_judged_without_a_fall() {
    let Story(mut strange) = Story::of(&[]).refused_of_nothing().live(A, &[1]).view(&[1]);
    strange.rooms.clear();
    strange.clients.clear();
    assert!(check(&strange).breaches.iter().all(|breach| !evidence(&strange, breach).is_empty()));
    assert_eq!(check(&restricted(&strange, &[])), check(&History::default()));
    let letters: String = Invariant::ALL.iter().map(|invariant| invariant.letter()).collect();
    assert_eq!(letters, "abcdefghijklmn");
}

impl Story {
    fn refused_of_nothing(self) -> Self {
        self.then(Event::PageRefused { asked: Index::MAX, code: "cursor_ahead".to_owned() })
    }
}
