//! Removes what nobody needs: files that were sent nowhere, and contents that no file has.

use std::time::Duration;

use chat_process::Shutdown;
use futures::StreamExt as _;
use object_store::path::Path as Key;
use object_store::{ObjectMeta, ObjectStoreExt as _};

use super::{Files, fault, refused};
use crate::domain::{Result, Sha256Hash, Timestamp};
use crate::store::Store;

/// How long something may lie around.
const AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// How often it is looked for.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Starts the task.
pub(crate) fn start(files: Files, store: Store, shutdown: &Shutdown) {
    let stop = shutdown.token();
    shutdown.spawn_essential("sweep", async move {
        let swept = async {
            loop {
                match files.sweep(&store).await {
                    Ok((0, 0)) => {}
                    Ok((unsent, contents)) => tracing::info!(unsent, contents, "old files were removed"),
                    Err(error) => tracing::warn!(%error, "old files could not be removed"),
                }
                tokio::time::sleep(EVERY).await;
            }
        };
        stop.run_until_cancelled(swept).await;
    });
}

impl Files {
    /// Removes what is older than a day. Returns how many files were sent nowhere, and how many contents no file had.
    async fn sweep(&self, store: &Store) -> Result<(usize, usize)> {
        let unsent = store.forget_unsent(AGE).await?;
        let mut contents = 0;
        let old = store.now().minus(AGE);
        let mut blobs = self.blobs.list(Some(&self.prefix.clone().join("sha256")));
        while let Some(blob) = blobs.next().await {
            let blob = blob.map_err(|error| refused(&error))?;
            let Some(sha256) = name(&blob) else { continue };
            let is_old = Timestamp::stored(blob.last_modified.timestamp_millis()) < old;
            // Looked at again with nothing being placed, where it seems to be nobody's.
            if is_old && !store.has_content(sha256).await? && self.remove(store, sha256, &blob.location).await? {
                contents += 1;
            }
        }
        Ok((unsent, contents))
    }

    /// Removes a content that no file has. Nothing is placed meanwhile.
    async fn remove(&self, store: &Store, sha256: Sha256Hash, key: &Key) -> Result<bool> {
        let _alone = self.sweeping.write().await;
        if store.has_content(sha256).await? {
            return Ok(false);
        }
        self.blobs.delete(key).await.map_err(|error| fault(&error))?;
        Ok(true)
    }
}

/// The content that a blob is; none where it is something else's.
fn name(blob: &ObjectMeta) -> Option<Sha256Hash> {
    let name = blob.location.filename().filter(|name| name.len() == 64 && name.is_ascii())?;
    let mut hash = [0; 32];
    for (index, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&name[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(Sha256Hash::stored(hash))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use prometheus_client::registry::Registry;

    use super::super::Content;
    use super::*;
    use crate::domain::{
        ClientMsgId, Clock, Credential, FileName, MediaType, MessageText, NewFile, NewMessage, RoomId, UserId,
    };
    use crate::limits::Limits;
    use crate::metrics::Metrics;
    use crate::store::seed_demo;

    async fn content(files: &Files, bytes: &[u8]) -> Content {
        let mut spool = files.spool().await.unwrap();
        spool.write(bytes).await.unwrap();
        spool.finish().await.unwrap()
    }

    #[tokio::test]
    async fn after_a_day_what_was_sent_nowhere_is_gone_and_the_rest_is_not() {
        let (dir, shutdown) = (tempfile::tempdir().unwrap(), Shutdown::new());
        let ahead = Arc::new(AtomicI64::new(0));
        let skew = ahead.clone();
        let system = Clock::system();
        let clock = Clock::new(move || Timestamp::stored(system.now().millis() + skew.load(Ordering::Relaxed)));
        let metrics = Arc::new(Metrics::register(&mut Registry::default()));
        let limits = Arc::new(Limits::new(None));
        seed_demo(dir.path(), Timestamp::stored(0), "").unwrap();
        let store = Store::open(dir.path(), clock, Arc::default(), limits, metrics, &shutdown).unwrap();
        let files = Files::open(dir.path(), None).unwrap();
        let alice = Credential::Service { on_behalf_of: Some(UserId::stored("alice")) };

        let mut kept = Vec::new();
        for (name, bytes) in [("sent", "to the lobby"), ("unsent", "to nobody"), ("same", "to the lobby")] {
            let content = content(&files, bytes.as_bytes()).await;
            let (size, sha256) = (content.size, content.sha256);
            let _placed = files.place(content).await.unwrap();
            let name = FileName::parse(name).unwrap();
            let new = NewFile { name, media_type: MediaType::parse("text/plain").unwrap(), size, sha256 };
            kept.push(store.keep_file(alice.clone(), new).await.unwrap());
        }
        let orphan = content(&files, b"of a process that died").await;
        let lost = orphan.sha256;
        drop(files.place(orphan).await.unwrap());
        let message = NewMessage {
            room: RoomId::stored("lobby"),
            client_msg_id: ClientMsgId::stored([7; 16]),
            text: MessageText::beside_file("").unwrap(),
            file: Some(kept[0].id),
            sent_at_client: None,
        };
        store.append(alice.clone(), message).await.unwrap();

        assert_eq!(files.sweep(&store).await, Ok((0, 0)), "nothing is old yet");
        ahead.store(25 * 60 * 60 * 1_000, Ordering::Relaxed);
        assert_eq!(files.sweep(&store).await, Ok((2, 2)));
        let bytes = files.read(&kept[0].sha256, 0..12).map(|part| part.unwrap().to_vec()).concat().await;
        assert_eq!(bytes, b"to the lobby");
        for gone in [kept[1].sha256, lost] {
            assert!(files.read(&gone, 0..1).next().await.unwrap().is_err());
        }
        assert!(store.file(alice, kept[2].id).await.is_err());
    }

    #[tokio::test]
    async fn an_upload_that_is_not_finished_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::open(dir.path(), None).unwrap();
        let spooled = || std::fs::read_dir(dir.path().join("files/uploads")).unwrap().count();
        let mut spool = files.spool().await.unwrap();
        spool.write(b"half of it").await.unwrap();
        assert_eq!(spooled(), 1);
        drop(spool);
        assert_eq!(spooled(), 0);
        // As after a kill.
        std::fs::write(dir.path().join("files/uploads/left-over"), "x").unwrap();
        Files::open(dir.path(), None).unwrap();
        assert_eq!(spooled(), 0);
    }
}
