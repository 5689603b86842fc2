//! Who writes where. Whoever does not say so again has stopped, also where the word for it was lost with its gateway.

use std::collections::HashMap;

/// Ticks, a second apart, for which somebody who said that they write is taken to.
const LAPSE: u8 = 6;

/// Those who write, by room and user, with the ticks that they have left. As many as there are members that typed within
/// the last seconds.
#[derive(Debug, Default)]
pub(super) struct Typists(HashMap<(String, String), u8>);

impl Typists {
    /// Somebody says whether they write.
    pub(super) fn set(&mut self, room: &str, user: &str, is_typing: bool) {
        let key = (room.to_owned(), user.to_owned());
        if is_typing {
            self.0.insert(key, LAPSE);
        } else {
            self.0.remove(&key);
        }
    }

    /// A second went by. Returns who has stopped without saying so.
    pub(super) fn tick(&mut self) -> Vec<(String, String)> {
        self.0.values_mut().for_each(|left| *left -= 1);
        self.0.extract_if(|_, left| *left == 0).map(|(key, _)| key).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_does_not_say_so_again_has_stopped() {
        let mut typists = Typists::default();
        typists.set("lobby", "alice", true);
        typists.set("lobby", "bob", true);
        typists.set("lobby", "bob", false);
        for _ in 1..LAPSE {
            assert!(typists.tick().is_empty());
        }
        typists.set("lobby", "alice", true);
        for _ in 1..LAPSE {
            assert!(typists.tick().is_empty());
        }
        assert_eq!(typists.tick(), [("lobby".to_owned(), "alice".to_owned())]);
        assert!(typists.tick().is_empty());
    }
}
