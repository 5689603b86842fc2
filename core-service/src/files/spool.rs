//! A content on its way in: a file without a name of its own, which goes with whoever writes it.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};
use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use super::fault;
use crate::domain::{Result, Sha256Hash};

/// Bytes that are kept to find out what a content is.
const HEAD: usize = 8 * 1024;

/// A content that is being written.
#[derive(Debug)]
pub struct Spool {
    file: File,
    path: TempPath,
    hash: Sha256,
    size: i64,
    head: Vec<u8>,
}

/// A content that is on disk, and has no place yet; dropped, it is gone.
#[derive(Debug)]
pub struct Content {
    pub(super) path: TempPath,
    /// What names it.
    pub sha256: Sha256Hash,
    /// In bytes.
    pub size: i64,
    /// Its first bytes.
    pub head: Vec<u8>,
}

impl Spool {
    pub(super) async fn make(folder: PathBuf) -> Result<Self> {
        let made = tokio::task::spawn_blocking(move || tempfile::NamedTempFile::new_in(folder)).await;
        let (file, path) = made.map_err(|error| fault(&error))?.map_err(|error| fault(&error))?.into_parts();
        Ok(Self { file: File::from_std(file), path, hash: Sha256::new(), size: 0, head: Vec::new() })
    }

    /// Appends bytes. Returns how many there are then. Errors: `internal` where there is no room for them.
    pub async fn write(&mut self, part: &[u8]) -> Result<i64> {
        self.hash.update(part);
        let missing = part.len().min(HEAD - self.head.len());
        self.head.extend_from_slice(&part[..missing]);
        self.size = self.size.saturating_add(i64::try_from(part.len()).unwrap_or(i64::MAX));
        self.file.write_all(part).await.map_err(|error| fault(&error))?;
        Ok(self.size)
    }

    /// Makes sure that everything is on disk. Errors: `internal`.
    pub async fn finish(mut self) -> Result<Content> {
        self.file.flush().await.map_err(|error| fault(&error))?;
        self.file.sync_all().await.map_err(|error| fault(&error))?;
        let Self { path, hash, size, head, .. } = self;
        Ok(Content { path, sha256: Sha256Hash::stored(hash.finalize().into()), size, head })
    }
}
