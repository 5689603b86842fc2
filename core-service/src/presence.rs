//! Tells people of each other's coming and going: whom a change concerns is read from the store, one change after the
//! other, and told as it stands at that moment.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chat_process::Shutdown;

use crate::domain::{OnlineUsers, Result, RoomId, UserEvent, UserId};
use crate::hub::{Hub, News};
use crate::store::Store;

/// Pause before what could not be told is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// Changes at once, right after a start, beyond which they are left to the lists that come when everybody is known: that
/// is everybody coming back.
const CROWD: usize = 100;

/// Starts the task.
pub(crate) fn start(store: Store, hub: Arc<Hub>, shutdown: &Shutdown) {
    let stop = shutdown.token();
    hub.presence.begin();
    shutdown.spawn_essential("presence", async move {
        let worked = async {
            let teller = Teller { store, hub };
            loop {
                let mut news = teller.hub.presence.news().await;
                if let Err(error) = teller.tell(&mut news).await {
                    tracing::warn!(%error, "nobody can be told yet who came or went");
                    teller.hub.presence.put_back(news);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        };
        stop.run_until_cancelled(worked).await;
    });
}

struct Teller {
    store: Store,
    hub: Arc<Hub>,
}

impl Teller {
    /// Works the news off; what is left of them where it fails is still to be told.
    async fn tell(&self, news: &mut News) -> Result<()> {
        while let Some(room) = next(&news.crossed) {
            news.views.extend(self.store.entourage(room.clone()).await?);
            news.crossed.remove(&room);
        }
        while let Some((room, user)) = next(&news.moved) {
            self.tell_of_move(&room, &user).await?;
            news.views.insert(user.clone());
            news.moved.remove(&(room, user));
        }
        while let Some(viewer) = next(&news.views) {
            if self.hub.follows(&viewer) {
                let event = UserEvent::OnlineUsers(view(&self.store, &self.hub, &viewer).await?.into());
                self.hub.tell_presence(&viewer, event);
            }
            news.views.remove(&viewer);
        }
        if news.changed.len() > CROWD && !self.hub.presence.is_settled() {
            news.changed.clear();
        }
        while let Some(user) = next(&news.changed) {
            let viewers = self.store.acquaintances(user.clone()).await?;
            let event = UserEvent::Presence(user.clone(), self.hub.presence.is_online(&user));
            viewers.iter().for_each(|viewer| self.hub.tell_presence(viewer, event.clone()));
            news.changed.remove(&user);
        }
        Ok(())
    }

    /// Those who are in a room hear of somebody who came, and no more of somebody who left, unless they know them from
    /// elsewhere.
    async fn tell_of_move(&self, room: &RoomId, user: &UserId) -> Result<()> {
        if !self.hub.presence.is_online(user) {
            return Ok(());
        }
        let members = self.store.entourage(room.clone()).await?;
        let known = HashSet::<UserId>::from_iter(self.store.acquaintances(user.clone()).await?);
        for member in members.into_iter().filter(|member| member != user) {
            let event = UserEvent::Presence(user.clone(), known.contains(&member));
            self.hub.tell_presence(&member, event);
        }
        Ok(())
    }
}

fn next<T: Clone>(set: &HashSet<T>) -> Option<T> {
    set.iter().next().cloned()
}

/// Everybody whom a user hears about and who is online.
pub(crate) async fn view(store: &Store, hub: &Hub, viewer: &UserId) -> Result<OnlineUsers> {
    let (users, complete) = hub.presence.among(store.acquaintances(viewer.clone()).await?);
    Ok(OnlineUsers { users, complete })
}
