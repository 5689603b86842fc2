//! Whom one user was told to be online, so that they are told of changes and of nothing else.

use std::collections::BTreeSet;

/// What a user's sockets know; nothing before the first word from the core.
#[derive(Debug, Default)]
pub(super) struct View(Option<BTreeSet<String>>);

impl View {
    /// Everybody who is online, once it is known.
    pub(super) fn online(&self) -> Option<impl Iterator<Item = &str>> {
        self.0.as_ref().map(|known| known.iter().map(String::as_str))
    }

    /// The core says who is online; whether nobody else is, it may not know yet. Returns who came and who went by
    /// what was known before; nobody, if that was nothing.
    pub(super) fn replace(&mut self, online: Vec<String>, complete: bool) -> Vec<(String, bool)> {
        let online = BTreeSet::from_iter(online);
        let Some(known) = &mut self.0 else {
            self.0 = Some(online);
            return Vec::new();
        };
        let came = online.difference(known).map(|user| (user.clone(), true));
        let went = known.difference(&online).filter(|_| complete).map(|user| (user.clone(), false));
        let changes: Vec<_> = came.chain(went).collect();
        for (user, online) in &changes {
            change(known, user, *online);
        }
        changes
    }

    /// Somebody came or went. Returns whether that is news.
    pub(super) fn set(&mut self, user: &str, online: bool) -> bool {
        self.0.as_mut().is_some_and(|known| change(known, user, online))
    }
}

fn change(known: &mut BTreeSet<String>, user: &str, online: bool) -> bool {
    if online { known.insert(user.to_owned()) } else { known.remove(user) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_changes_are_news() {
        let mut view = View::default();
        assert!(!view.set("bob", true), "nothing is known yet");
        assert!(view.online().is_none());
        assert!(view.replace(names(&["bob"]), true).is_empty());
        assert!(!view.set("bob", true));
        assert!(view.set("carol", true));
        assert_eq!(view.replace(names(&["dave"]), false), [("dave".to_owned(), true)]);
        let gone = [("bob".to_owned(), false), ("carol".to_owned(), false)];
        assert_eq!(view.replace(names(&["dave"]), true), gone);
        assert_eq!(view.online().unwrap().collect::<Vec<_>>(), ["dave"]);
    }
}
