//! Tells people of each other's coming and going: whom a change concerns is read from the store, one change after the
//! other, and told as it stands at that moment.

use std::sync::Arc;

use chat_process::Shutdown;

use crate::domain::{OnlineUsers, Result, UserEvent, UserId};
use crate::hub::{Hub, News};
use crate::store::Store;

/// Starts the task.
pub(crate) fn start(store: Store, hub: Arc<Hub>, shutdown: &Shutdown) {
    let stop = shutdown.token();
    shutdown.spawn_essential("presence", async move {
        let worked = async {
            loop {
                let news = hub.presence.news().await;
                if let Err(error) = tell(&store, &hub, news).await {
                    tracing::warn!(%error, "nobody was told who came or went");
                }
            }
        };
        stop.run_until_cancelled(worked).await;
    });
}

async fn tell(store: &Store, hub: &Hub, news: News) -> Result<()> {
    let mut views = news.views;
    for (room, user) in news.rooms {
        views.extend(store.entourage(room).await?);
        views.insert(user);
    }
    for viewer in views.into_iter().filter(|viewer| hub.follows(viewer)) {
        let event = UserEvent::OnlineUsers(view(store, hub, &viewer).await?.into());
        hub.tell_presence(&viewer, event);
    }
    for user in news.changed {
        let viewers = store.acquaintances(user.clone()).await?;
        let event = UserEvent::Presence(user.clone(), hub.presence.is_online(&user));
        viewers.iter().for_each(|viewer| hub.tell_presence(viewer, event.clone()));
    }
    Ok(())
}

/// Everybody whom a user hears about and who is online.
pub(crate) async fn view(store: &Store, hub: &Hub, viewer: &UserId) -> Result<OnlineUsers> {
    let (users, complete) = hub.presence.among(store.acquaintances(viewer.clone()).await?);
    Ok(OnlineUsers { users, complete })
}
