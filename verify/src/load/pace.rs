//! A schedule that does not wait for answers.
//!
//! Where a server stalls, a client that sends only after an answer sends less, and what it measures looks better than
//! what people who come when they like would have had (coordinated omission). Here each send is due at a time that was
//! fixed before, and everything is counted from that time, however much later it could be written.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use uuid::Uuid;

/// How long there may be no room for a send.
const STUCK: Duration = Duration::from_secs(30);

/// Pause until room is looked for again.
const AGAIN: Duration = Duration::from_millis(1);

/// When sends are due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    /// The first.
    pub(super) begin: Duration,
    /// So many a second.
    pub(super) rate: u32,
}

/// What a schedule is kept by.
pub(super) trait Clock {
    /// Since the run began.
    fn now(&self) -> Duration;
    /// Lets time pass.
    fn pause(&self, time: Duration);
}

impl Schedule {
    /// When the send of a number is due, counted from 0.
    fn due(&self, number: u32) -> Duration {
        self.begin + Duration::from_secs_f64(f64::from(number) / f64::from(self.rate))
    }

    /// Sends `count` messages, each as soon as it is due and there is room for it: `send` is given the number and the
    /// id, and says whether there was. Returns when each was due. Errors: there is no room for too long.
    pub(super) fn keep(
        &self,
        count: u32,
        clock: &impl Clock,
        mut send: impl FnMut(u32, Uuid) -> bool,
    ) -> Result<HashMap<Uuid, Duration>> {
        let mut due = HashMap::new();
        for number in 0..count {
            let at = self.due(number);
            if let Some(early) = at.checked_sub(clock.now()) {
                clock.pause(early);
            }
            let (id, tried) = (Uuid::now_v7(), clock.now());
            while !send(number, id) {
                ensure!(clock.now() < tried + STUCK, "no room for a send for {} s", STUCK.as_secs());
                clock.pause(AGAIN);
            }
            due.insert(id, at);
        }
        Ok(due)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Time passes only by pauses.
    #[derive(Default)]
    struct Fake(Cell<Duration>);

    impl Clock for Fake {
        fn now(&self) -> Duration {
            self.0.get()
        }

        fn pause(&self, time: Duration) {
            self.0.set(self.0.get() + time);
        }
    }

    const fn ms(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    #[test]
    fn sends_leave_when_they_are_due() {
        let (clock, mut sent) = (Fake::default(), Vec::new());
        let schedule = Schedule { begin: ms(100), rate: 50 };
        let due = schedule.keep(4, &clock, |number, id| {
            sent.push((number, id, clock.now()));
            true
        });
        let due = due.unwrap();
        assert_eq!(
            sent.iter().map(|(number, _, at)| (*number, *at)).collect::<Vec<_>>(),
            [(0, ms(100)), (1, ms(120)), (2, ms(140)), (3, ms(160))]
        );
        assert!(sent.iter().all(|(_, id, at)| due[id] == *at));
    }

    #[test]
    fn a_stall_counts_for_all_that_became_due_meanwhile() {
        let (clock, mut sent) = (Fake::default(), Vec::new());
        let schedule = Schedule { begin: ms(0), rate: 100 };
        let due = schedule.keep(5, &clock, |number, id| {
            // Nothing goes from 10 ms to 35 ms.
            let open = number == 0 || clock.now() >= ms(35);
            if open {
                sent.push((id, clock.now()));
            }
            open
        });
        let due = due.unwrap();
        let waited: Vec<_> = sent.iter().map(|(id, at)| *at - due[id]).collect();
        assert_eq!(waited, [ms(0), ms(25), ms(15), ms(5), ms(0)]);
    }

    #[test]
    fn who_never_has_room_is_given_up() {
        let error = Schedule { begin: ms(0), rate: 1 }.keep(1, &Fake::default(), |_, _| false).unwrap_err();
        assert!(error.to_string().contains("no room"));
    }
}
