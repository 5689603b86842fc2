//! Who is online: whoever is watched as a user, and for a few seconds after the last watch has ended, so that a
//! connection that flaps does not flicker.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::domain::{RoomId, UserId};

/// How long somebody stays online without a device (contract: Socket.IO); and how long after a start it takes until
/// everybody who is online has been heard of.
const GRACE: Duration = Duration::from_secs(5);

/// Who is online, and what about that is still to be told.
#[derive(Debug)]
pub struct Presence {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    online: HashMap<UserId, Devices>,
    news: News,
    /// When everybody has been heard of; none once that is told.
    settles: Option<Instant>,
}

/// What somebody is followed by.
#[derive(Debug)]
struct Devices {
    watches: usize,
    /// When they are taken for gone, where there is no watch any more.
    gone: Option<Instant>,
}

/// What is to be told.
#[derive(Debug, Default)]
pub struct News {
    /// Users who came or went.
    pub changed: HashSet<UserId>,
    /// Users who may hear of others than before.
    pub views: HashSet<UserId>,
    /// Rooms that these users entered or left, which may change who hears of whom.
    pub rooms: HashSet<(RoomId, UserId)>,
}

/// Keeps a user online for as long as it lives.
#[derive(Debug)]
pub struct Stay {
    user: UserId,
    presence: Arc<Presence>,
}

impl Default for Presence {
    fn default() -> Self {
        let state = State { online: HashMap::new(), news: News::default(), settles: Some(Instant::now() + GRACE) };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }
}

impl Presence {
    /// A device of somebody's is there.
    pub fn enter(self: &Arc<Self>, user: &UserId) -> Stay {
        let mut state = self.lock();
        match state.online.get_mut(user) {
            Some(devices) => {
                devices.watches += 1;
                devices.gone = None;
            }
            None => {
                state.online.insert(user.clone(), Devices { watches: 1, gone: None });
                state.news.changed.insert(user.clone());
            }
        }
        self.changed.notify_one();
        Stay { user: user.clone(), presence: self.clone() }
    }

    /// Whether somebody is online.
    #[must_use]
    pub fn is_online(&self, user: &UserId) -> bool {
        self.lock().online.contains_key(user)
    }

    /// Those who are online, and whether everybody who is has been heard of since the start.
    #[must_use]
    pub fn among(&self, users: Vec<UserId>) -> (Vec<UserId>, bool) {
        let state = self.lock();
        let online = users.into_iter().filter(|user| state.online.contains_key(user)).collect();
        (online, state.settles.is_none())
    }

    /// Somebody entered or left a room.
    pub(super) fn moved(&self, room: RoomId, user: UserId) {
        self.lock().news.rooms.insert((room, user));
        self.changed.notify_one();
    }

    /// Somebody hears of others than before.
    pub fn view_changed(&self, users: impl IntoIterator<Item = UserId>) {
        self.lock().news.views.extend(users);
        self.changed.notify_one();
    }

    /// What is to be told, as soon as there is something. Cancel-safe.
    pub async fn news(&self) -> News {
        loop {
            let next = {
                let mut state = self.lock();
                let next = state.go_on(Instant::now());
                if !state.news.is_empty() {
                    return std::mem::take(&mut state.news);
                }
                next
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = sleep_until(next) => {}
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes those for gone whose time is up, and says when to look again.
    fn go_on(&mut self, now: Instant) -> Instant {
        let gone = self.online.extract_if(|_, devices| devices.gone.is_some_and(|gone| gone <= now));
        self.news.changed.extend(gone.map(|(user, _)| user));
        if self.settles.is_some_and(|settles| settles <= now) {
            self.settles = None;
            self.news.views.extend(self.online.keys().cloned());
        }
        let leaving = self.online.values().filter_map(|devices| devices.gone);
        leaving.chain(self.settles).min().unwrap_or(now + GRACE)
    }
}

impl News {
    fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.views.is_empty() && self.rooms.is_empty()
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        let mut state = self.presence.lock();
        if let Some(devices) = state.online.get_mut(&self.user) {
            devices.watches -= 1;
            if devices.watches == 0 {
                devices.gone = Some(Instant::now() + GRACE);
            }
        }
        drop(state);
        self.presence.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alice() -> UserId {
        UserId::stored("alice")
    }

    async fn changed(presence: &Presence) -> Vec<(UserId, bool)> {
        let news = presence.news().await;
        news.changed.into_iter().map(|user| (user.clone(), presence.is_online(&user))).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_back_in_time_was_never_away() {
        let presence = Arc::new(Presence::default());
        let first = presence.enter(&alice());
        assert_eq!(changed(&presence).await, [(alice(), true)]);
        tokio::time::advance(2 * GRACE).await;
        assert_eq!(presence.news().await.views, HashSet::from([alice()]), "everybody is known");

        drop(first);
        tokio::time::advance(GRACE - Duration::from_millis(10)).await;
        let (second, third) = (presence.enter(&alice()), presence.enter(&alice()));
        drop(second);
        let told = tokio::time::timeout(3 * GRACE, presence.news()).await;
        assert!(told.is_err(), "{told:?}");

        let left = Instant::now();
        drop(third);
        assert!(presence.is_online(&alice()));
        assert_eq!(changed(&presence).await, [(alice(), false)]);
        assert_eq!((Instant::now() - left).as_secs(), GRACE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_said_when_everybody_has_been_heard_of() {
        let presence = Arc::new(Presence::default());
        let _stay = presence.enter(&alice());
        assert_eq!(presence.among(vec![alice(), UserId::stored("bob")]), (vec![alice()], false));
        assert!(!presence.news().await.changed.is_empty());
        assert!(!presence.news().await.views.is_empty());
        assert_eq!(presence.among(vec![]), (vec![], true));
    }
}
