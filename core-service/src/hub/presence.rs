//! Who is online: whoever is watched as a user, and for a few seconds after the last watch has ended, so that a
//! connection that flaps does not flicker.

use std::collections::{BTreeSet, HashMap, HashSet};
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
    /// Those without a device, by when they are taken for gone.
    leaving: BTreeSet<(Instant, UserId)>,
    news: News,
    /// Whether everybody who is online has been heard of since the start.
    settled: Settled,
}

#[derive(Debug, PartialEq, Eq)]
enum Settled {
    /// Nobody can come yet.
    NotBegun,
    At(Instant),
    Yes,
}

/// What somebody is followed by.
#[derive(Debug)]
struct Devices {
    watches: usize,
    /// When they are taken for gone, where there is no watch any more.
    leaves: Option<Instant>,
}

/// What is to be told.
#[derive(Debug, Default)]
pub struct News {
    /// Users who came or went.
    pub changed: HashSet<UserId>,
    /// Users who may hear of others than before.
    pub views: HashSet<UserId>,
    /// Small rooms that these users entered or left.
    pub moved: HashSet<(RoomId, UserId)>,
    /// Rooms that became small, or ceased to be.
    pub crossed: HashSet<RoomId>,
}

/// Keeps a user online for as long as it lives.
#[derive(Debug)]
pub struct Stay {
    user: UserId,
    presence: Arc<Presence>,
}

impl Default for Presence {
    fn default() -> Self {
        let state = State {
            online: HashMap::new(),
            leaving: BTreeSet::new(),
            news: News::default(),
            settled: Settled::NotBegun,
        };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }
}

impl Presence {
    /// From now on devices may come.
    pub fn begin(&self) {
        self.lock().settled = Settled::At(Instant::now() + GRACE);
        self.changed.notify_one();
    }

    /// A device of somebody's is there.
    pub fn enter(self: &Arc<Self>, user: &UserId) -> Stay {
        self.lock().enter(user);
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
        (online, state.settled == Settled::Yes)
    }

    /// Whether everybody who is online has been heard of since the start.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.lock().settled == Settled::Yes
    }

    /// Somebody entered or left a small room.
    pub(super) fn moved(&self, room: RoomId, user: UserId) {
        self.lock().news.moved.insert((room, user));
        self.changed.notify_one();
    }

    /// A room became small, or ceased to be.
    pub(super) fn crossed(&self, room: RoomId) {
        self.lock().news.crossed.insert(room);
        self.changed.notify_one();
    }

    /// People hear of others than before.
    pub(super) fn view_changed(&self, users: impl IntoIterator<Item = UserId>) {
        self.lock().news.views.extend(users);
        self.changed.notify_one();
    }

    /// What could not be told yet is still to be told.
    pub fn put_back(&self, untold: News) {
        let mut state = self.lock();
        state.news.changed.extend(untold.changed);
        state.news.views.extend(untold.views);
        state.news.moved.extend(untold.moved);
        state.news.crossed.extend(untold.crossed);
        drop(state);
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
    fn enter(&mut self, user: &UserId) {
        let Some(devices) = self.online.get_mut(user) else {
            self.online.insert(user.clone(), Devices { watches: 1, leaves: None });
            self.news.changed.insert(user.clone());
            return;
        };
        devices.watches += 1;
        if let Some(at) = devices.leaves.take() {
            self.leaving.remove(&(at, user.clone()));
        }
    }

    fn leave(&mut self, user: &UserId) {
        let Some(devices) = self.online.get_mut(user) else { return };
        devices.watches -= 1;
        if devices.watches == 0 {
            let at = Instant::now() + GRACE;
            devices.leaves = Some(at);
            self.leaving.insert((at, user.clone()));
        }
    }

    /// Takes those for gone whose time is up, and says when to look again.
    fn go_on(&mut self, now: Instant) -> Instant {
        while self.leaving.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, user)) = self.leaving.pop_first() else { break };
            self.online.remove(&user);
            self.news.changed.insert(user);
        }
        let settles = match self.settled {
            Settled::At(at) if at <= now => {
                self.settled = Settled::Yes;
                self.news.views.extend(self.online.keys().cloned());
                None
            }
            Settled::At(at) => Some(at),
            Settled::NotBegun | Settled::Yes => None,
        };
        let leaves = self.leaving.first().map(|(at, _)| *at);
        leaves.into_iter().chain(settles).min().unwrap_or(now + GRACE)
    }
}

impl News {
    fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.views.is_empty() && self.moved.is_empty() && self.crossed.is_empty()
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        self.presence.lock().leave(&self.user);
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
        presence.begin();
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
        presence.begin();
        let _stay = presence.enter(&alice());
        assert_eq!(presence.among(vec![alice(), UserId::stored("bob")]), (vec![alice()], false));
        assert!(!presence.news().await.changed.is_empty());
        assert!(!presence.news().await.views.is_empty());
        assert_eq!(presence.among(vec![]), (vec![], true));
    }
}
