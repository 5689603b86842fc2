//! The contents of files, each under the SHA-256 of its bytes: in the data directory, or in a bucket. An upload is
//! spooled first, because only its end says what it is called; it appears under its name whole, and on disk, or not at all.

mod spool;
mod sweep;

use std::collections::HashMap;
use std::fs::{DirBuilder, File};
use std::ops::Range;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use chat_process::StartError;
use futures::stream::{self, BoxStream, StreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _, WriteMultipart};
use tokio::io::AsyncReadExt as _;
use tokio::sync::{OwnedRwLockReadGuard, OwnedSemaphorePermit, RwLock, Semaphore};
use url::Url;

use crate::domain::{Error, Result, Sha256Hash, UserId};

pub use spool::{Content, Spool};
pub(crate) use sweep::start as start_sweeping;

/// Bytes of one part that is read or written.
pub const PART: usize = 64 * 1024;

/// Uploads at a time, of everybody and of one user; beyond, callers are told to come back.
const UPLOADS: (usize, usize) = (256, 16);

/// The contents. Clones are the same ones.
#[derive(Clone, Debug)]
pub struct Files {
    blobs: Arc<dyn ObjectStore>,
    /// Where the contents are, within the store.
    prefix: Key,
    /// The folder of the contents, where they are in one.
    folder: Option<PathBuf>,
    spool: PathBuf,
    places: Arc<Semaphore>,
    /// Those who upload, with how many at a time.
    uploaders: Arc<Mutex<HashMap<UserId, usize>>>,
    /// Read while a content is placed and noted, written while one is removed. Made for being held across waits.
    sweeping: Arc<RwLock<()>>,
}

/// A place among the uploads.
#[derive(Debug)]
pub struct Place {
    user: UserId,
    uploaders: Arc<Mutex<HashMap<UserId, usize>>>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut uploaders = self.uploaders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = uploaders.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                uploaders.remove(&self.user);
            }
        }
    }
}

/// A content that is in its place. For as long as this lives it is not swept, so that a file can be made of it.
#[derive(Debug)]
pub struct Placed(#[expect(dead_code, reason = "held, not read")] OwnedRwLockReadGuard<()>);

impl Files {
    /// The contents in `files` of a data directory, or in a bucket `s3://BUCKET/PREFIX`, whose credentials and endpoint
    /// are the environment's `AWS_…`. Left-over parts of uploads are removed.
    ///
    /// Errors: folders that cannot be made, a URL that names no bucket.
    pub fn open(data_dir: &Path, bucket: Option<&Url>) -> Result<Self, StartError> {
        let folder = data_dir.join("files");
        let spool = folder.join("uploads");
        let cannot = |error: &dyn std::fmt::Display| StartError::cannot(format!("use {}", folder.display()), error);
        // What an earlier process did not finish nobody will.
        let _ = std::fs::remove_dir_all(&spool);
        make_folder(&spool).map_err(|error| cannot(&error))?;
        let (blobs, prefix, folder): (Arc<dyn ObjectStore>, _, _) = match bucket {
            None => {
                make_shelves(&folder).map_err(|error| cannot(&error))?;
                let local = LocalFileSystem::new_with_prefix(&folder).map_err(|error| cannot(&error))?;
                (Arc::new(local), Key::default(), Some(folder))
            }
            Some(url) => {
                let opened = object_store::parse_url_opts(url, environment());
                let (bucket, prefix) = opened.map_err(|error| StartError::cannot(format!("use {url}"), error))?;
                (bucket.into(), prefix, None)
            }
        };
        let (places, uploaders) = (Arc::new(Semaphore::new(UPLOADS.0)), Arc::default());
        Ok(Self { blobs, prefix, folder, spool, places, uploaders, sweeping: Arc::default() })
    }

    /// A place among the uploads, for as long as it is held. Errors: `unavailable` where there are too many.
    pub fn place_for_upload(&self, user: &UserId) -> Result<Place> {
        let permit = self.places.clone().try_acquire_owned().map_err(|_| Error::Unavailable)?;
        let mut uploaders = self.uploaders.lock().unwrap_or_else(PoisonError::into_inner);
        let own = uploaders.entry(user.clone()).or_default();
        if *own == UPLOADS.1 {
            return Err(Error::Unavailable);
        }
        *own += 1;
        Ok(Place { user: user.clone(), uploaders: self.uploaders.clone(), _permit: permit })
    }

    /// Somewhere to write a content to. Errors: `internal` where there is no room.
    pub async fn spool(&self) -> Result<Spool> {
        Spool::make(self.spool.clone()).await
    }

    /// Puts a content in its place. Errors: `unavailable` where the bucket does not take it, `internal`.
    pub async fn place(&self, content: Content) -> Result<Placed> {
        let guard = self.sweeping.clone().read_owned().await;
        match &self.folder {
            Some(folder) => {
                let path = folder.join(self.key(&content.sha256).as_ref());
                let placed = tokio::task::spawn_blocking(move || rename(content, &path)).await;
                placed.map_err(|error| fault(&error))?.map_err(|error| fault(&error))?;
            }
            None => self.send(content).await?,
        }
        Ok(Placed(guard))
    }

    /// The bytes of a content, in parts. It is up to the caller that the range lies within it.
    pub fn read(&self, sha256: &Sha256Hash, range: Range<u64>) -> BoxStream<'static, Result<Bytes>> {
        let (blobs, key) = (self.blobs.clone(), self.key(sha256));
        let parts = stream::try_unfold(range, move |range| {
            let (blobs, key) = (blobs.clone(), key.clone());
            async move {
                let end = range.end.min(range.start + PART as u64);
                if range.start >= end {
                    return Ok(None);
                }
                let part = blobs.get_range(&key, range.start..end).await.map_err(|error| unreadable(&error))?;
                Ok(Some((part, end..range.end)))
            }
        });
        parts.boxed()
    }

    fn key(&self, sha256: &Sha256Hash) -> Key {
        let name = sha256.to_string();
        self.prefix.clone().join("sha256").join(&name[..2]).join(name.as_str())
    }

    /// Sends a content to the bucket, unless it is there.
    async fn send(&self, content: Content) -> Result<()> {
        let key = self.key(&content.sha256);
        match self.blobs.head(&key).await {
            Ok(_) => return Ok(()),
            Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(refused(&error)),
        }
        let mut file = tokio::fs::File::open(&content.path).await.map_err(|error| fault(&error))?;
        let upload = self.blobs.put_multipart(&key).await.map_err(|error| refused(&error))?;
        let mut upload = WriteMultipart::new(upload);
        if let Err(error) = fill(&mut upload, &mut file).await {
            // What was sent would be kept, and be in no list.
            upload.abort().await.map_err(|error| refused(&error))?;
            return Err(error);
        }
        upload.finish().await.map_err(|error| refused(&error))?;
        Ok(())
    }
}

/// Sends a spooled content, part by part.
async fn fill(upload: &mut WriteMultipart, file: &mut tokio::fs::File) -> Result<()> {
    let mut part = vec![0; PART];
    loop {
        let length = file.read(&mut part).await.map_err(|error| fault(&error))?;
        if length == 0 {
            return Ok(());
        }
        upload.wait_for_capacity(1).await.map_err(|error| refused(&error))?;
        upload.write(&part[..length]);
    }
}

/// Moves a spooled content to its place, and makes sure that it stays there.
fn rename(content: Content, path: &Path) -> std::io::Result<()> {
    content.path.persist(path).map_err(|error| error.error)?;
    sync_folder(path.parent().unwrap_or(path))
}

/// Makes the folders that contents are spread over, all of them, so that a content needs none made.
fn make_shelves(folder: &Path) -> std::io::Result<()> {
    let all = folder.join("sha256");
    for shelf in 0..=0xff {
        make_folder(&all.join(format!("{shelf:02x}")))?;
    }
    [all.as_path(), folder, folder.parent().unwrap_or(folder)].into_iter().try_for_each(sync_folder)
}

fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A folder that only the owner of the process can enter, with those above it.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// What of the environment the library of buckets reads.
fn environment() -> Vec<(String, String)> {
    let lower = |(name, value): (String, String)| (name.to_ascii_lowercase(), value);
    std::env::vars().filter(|(name, _)| name.starts_with("AWS_")).map(lower).collect()
}

fn fault(error: &dyn std::fmt::Display) -> Error {
    tracing::error!(%error, "a content cannot be stored or read");
    Error::Internal
}

/// A content that should be there is not, or the bucket is away.
fn unreadable(error: &object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => fault(error),
        _ => refused(error),
    }
}

fn refused(error: &dyn std::fmt::Display) -> Error {
    tracing::warn!(%error, "the bucket does not answer");
    Error::Unavailable
}
