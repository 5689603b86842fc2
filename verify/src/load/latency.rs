//! How long things took, read from the record: what is measured and what is judged are the same events.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;
use serde::Serialize;
use uuid::Uuid;

use crate::history::{Entry, Event, RoomLog};

/// The least and the most that a histogram tells, in microseconds, and its significant digits.
const BOUNDS: (u64, u64, u8) = (1, 3_600_000_000, 3);

/// When each send that is measured was due. What is not in it was warm-up.
pub(super) type Due = HashMap<Uuid, Duration>;

/// Times that something took, and the span in which it happened.
#[derive(Debug)]
pub(super) struct Times {
    /// In microseconds.
    histogram: Histogram<u64>,
    began: Duration,
    ended: Duration,
}

/// What times come to, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Latency {
    /// Half took no longer.
    pub(super) p50: f64,
    /// 90 % took no longer.
    pub(super) p90: f64,
    /// 99 % took no longer.
    pub(super) p99: f64,
    /// 99.9 % took no longer.
    #[serde(rename = "p99.9")]
    pub(super) p999: f64,
    /// The longest.
    pub(super) max: f64,
}

impl Times {
    fn new() -> Result<Self> {
        let (least, most, digits) = BOUNDS;
        Ok(Self {
            histogram: Histogram::new_with_bounds(least, most, digits)?,
            began: Duration::MAX,
            ended: Duration::ZERO,
        })
    }

    fn add(&mut self, from: Duration, to: Duration) {
        let took = to.saturating_sub(from).as_micros();
        self.histogram.saturating_record(u64::try_from(took).unwrap_or(u64::MAX));
        self.began = self.began.min(from);
        self.ended = self.ended.max(to);
    }

    /// How many.
    pub(super) fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// From the first beginning to the last end.
    pub(super) fn span(&self) -> Duration {
        self.ended.saturating_sub(self.began)
    }

    /// What they come to.
    pub(super) fn latency(&self) -> Latency {
        let at = |quantile| milliseconds(self.histogram.value_at_quantile(quantile));
        let max = milliseconds(self.histogram.max());
        Latency { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max }
    }
}

#[expect(clippy::cast_precision_loss, reason = "nothing takes thousands of years")]
fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1_000.0
}

/// When what was sent from a moment on was sent: each send is due when the one before lets it go.
pub(super) fn sent_from(entries: &[Entry], from: Duration) -> Due {
    let sent = entries.iter().filter(|entry| entry.at >= from).filter_map(|entry| match entry.event {
        Event::Sent { client_msg_id, .. } => Some((client_msg_id, entry.at)),
        _ => None,
    });
    sent.collect()
}

/// From when a send was due to the answer that it is stored.
pub(super) fn until_answered(entries: &[Entry], due: &Due) -> Result<Times> {
    let mut times = Times::new()?;
    for entry in entries {
        if let Event::Answered { client_msg_id, answer, .. } = &entry.event
            && answer.stored().is_some()
            && let Some(due) = due.get(client_msg_id)
        {
            times.add(*due, entry.at);
        }
    }
    Ok(times)
}

/// From when a send was due to its arrival at each connection; what arrives a second time counts once.
pub(super) fn until_live(entries: &[Entry], rooms: &[RoomLog], due: &Due) -> Result<Times> {
    let logs = rooms.iter().map(|room| room.log.iter().map(|message| (message.seq, message.client_msg_id)));
    let ids: Vec<HashMap<i64, Uuid>> = logs.map(Iterator::collect).collect();
    let (mut times, mut heard) = (Times::new()?, HashMap::new());
    for entry in entries {
        let Event::Live { socket, room, seq, .. } = entry.event else { continue };
        let newest = heard.entry((socket, room)).or_default();
        if seq <= *newest {
            continue;
        }
        *newest = seq;
        let id = ids.get(room.0 as usize).and_then(|ids| ids.get(&seq));
        if let Some(due) = id.and_then(|id| due.get(id)) {
            times.add(*due, entry.at);
        }
    }
    Ok(times)
}

/// From a question to its page, from a moment on. Also how many messages the pages hold.
pub(super) fn until_paged(entries: &[Entry], from: Duration) -> Result<(Times, u64)> {
    let (mut times, mut count) = (Times::new()?, 0);
    for entry in entries {
        let Event::Paged { asked, messages, .. } = &entry.event else { continue };
        if let Some(question) = entries.get(*asked).filter(|question| question.at >= from) {
            times.add(question.at, entry.at);
            count += messages.len() as u64;
        }
    }
    Ok((times, count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Answer, Client, Message, Print, Room, Socket, Stored, Text};

    const fn ms(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn sent(at: u64, number: u128) -> Entry {
        let (socket, room, client_msg_id, text) = (Socket(0), Room(0), id(number), Text::of("x"));
        Entry { at: ms(at), event: Event::Sent { socket, room, client_msg_id, text } }
    }

    fn answered(at: u64, number: u128, answer: Answer) -> Entry {
        let (socket, room, client_msg_id, text) = (Socket(0), Room(0), id(number), Text::of("x"));
        Entry { at: ms(at), event: Event::Answered { socket, room, client_msg_id, text, answer } }
    }

    fn accepted(at: u64, number: u128, seq: i64) -> Entry {
        answered(at, number, Answer::Accepted(Stored { id: id(1_000 + number), seq }))
    }

    fn live(at: u64, socket: u32, seq: i64) -> Entry {
        Entry { at: ms(at), event: Event::Live { socket: Socket(socket), room: Room(0), seq, print: Print(0) } }
    }

    fn log(numbers: &[u128]) -> RoomLog {
        let message = |(number, seq): (&u128, i64)| Message {
            seq,
            id: id(1_000 + number),
            client_msg_id: id(*number),
            author: "a".to_owned(),
            text: Text::of("x"),
        };
        RoomLog { name: "r".to_owned(), log: numbers.iter().zip(1..).map(message).collect() }
    }

    #[test]
    fn percentiles_are_those_of_the_record() {
        let mut entries: Vec<Entry> = (1..=1_000).map(|number| sent(10, number)).collect();
        entries.extend((1..=1_000).map(|number| accepted(10 + number as u64, number, number as i64)));
        let times = until_answered(&entries, &sent_from(&entries, ms(0))).unwrap();
        assert_eq!((times.count(), times.span()), (1_000, ms(1_000)));
        let Latency { p50, p90, p99, p999, max } = times.latency();
        for (measured, right) in [(p50, 500.0), (p90, 900.0), (p99, 990.0), (p999, 999.0), (max, 1_000.0)] {
            assert!((measured - right).abs() / right < 0.002, "{measured} is not {right}");
        }
    }

    #[test]
    fn warm_up_and_refusals_do_not_count() {
        let refused = answered(40, 3, Answer::Rejected("forbidden".to_owned()));
        let entries = [sent(1, 1), accepted(9, 1, 1), sent(10, 2), sent(11, 3), accepted(30, 2, 2), refused];
        let times = until_answered(&entries, &sent_from(&entries, ms(10))).unwrap();
        assert_eq!((times.count(), times.span()), (1, ms(20)));
    }

    #[test]
    fn waiting_before_the_send_counts() {
        let entries = [sent(50, 1), accepted(60, 1, 1), live(61, 0, 1)];
        let due = Due::from([(id(1), ms(20))]);
        assert!((until_answered(&entries, &due).unwrap().latency().max - 40.0).abs() < 0.1);
        assert!((until_live(&entries, &[log(&[1])], &due).unwrap().latency().max - 41.0).abs() < 0.1);
    }

    #[test]
    fn each_delivery_counts_once() {
        let entries = [sent(0, 1), sent(10, 2), live(12, 0, 1), live(13, 1, 1), live(14, 0, 1), live(15, 1, 2)];
        let times = until_live(&entries, &[log(&[1, 2])], &sent_from(&entries, ms(0))).unwrap();
        assert_eq!((times.count(), times.span()), (3, ms(15)));
        let measured = until_live(&entries, &[log(&[1, 2])], &sent_from(&entries, ms(10))).unwrap();
        assert_eq!((measured.count(), measured.span()), (1, ms(5)));
    }

    #[test]
    fn pages_are_measured_from_their_questions() {
        let ask = |at| Event::Asked { client: Client(0), room: Room(0), after_seq: at };
        let page = |asked| {
            let messages = vec![(1, Print(0)), (2, Print(0))];
            Event::Paged { asked, after_seq: 0, messages, latest_seq: 2, has_more: false }
        };
        let events = [(1, ask(0)), (2, page(0)), (5, ask(0)), (6, ask(0)), (9, page(3)), (15, page(2))];
        let entries = events.map(|(at, event)| Entry { at: ms(at), event });
        let (times, messages) = until_paged(&entries, ms(5)).unwrap();
        assert_eq!((times.count(), messages, times.span()), (2, 4, ms(10)));
    }

    #[test]
    fn nothing_takes_no_time() {
        let times = until_answered(&[], &Due::new()).unwrap();
        assert_eq!((times.count(), times.span(), times.latency().max), (0, ms(0), 0.0));
    }
}
