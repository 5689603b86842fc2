//! Who waits until somebody's sockets here hear no more of a room.

use tokio::sync::oneshot;

/// Who waits, with the room and the user.
#[derive(Debug, Default)]
pub(super) struct Departures(Vec<(String, String, oneshot::Sender<()>)>);

impl Departures {
    /// Takes note of somebody who waits, and forgets whoever gave up.
    pub(super) fn push(&mut self, room: String, user: String, waits: oneshot::Sender<()>) {
        self.0.retain(|(.., waits)| !waits.is_closed());
        self.0.push((room, user, waits));
    }

    /// Tells those who waited for what has come about.
    pub(super) fn answer(&mut self, hears: impl Fn(&str, &str) -> bool) {
        for (.., waits) in self.0.extract_if(.., |(room, user, _)| !hears(room, user)) {
            // Who waited may have given up.
            let _ = waits.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_when_it_has_come_about_and_whoever_gave_up_is_forgotten() {
        let mut departures = Departures::default();
        for _ in 0..100 {
            let (waits, gave_up) = oneshot::channel();
            departures.push("den".to_owned(), "alice".to_owned(), waits);
            drop(gave_up);
        }
        let [(one, mut alice), (other, mut bob)] = [oneshot::channel(), oneshot::channel()];
        departures.push("den".to_owned(), "alice".to_owned(), one);
        departures.push("den".to_owned(), "bob".to_owned(), other);
        assert_eq!(departures.0.len(), 2);
        departures.answer(|_, user| user == "bob");
        assert_eq!((alice.try_recv().is_ok(), bob.try_recv().is_ok()), (true, false));
        departures.answer(|_, _| false);
        assert!(bob.try_recv().is_ok() && departures.0.is_empty());
    }
}
