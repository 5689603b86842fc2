//! What was uploaded, and who may see it. The contents are elsewhere, by their hashes.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::Store;
use crate::domain::{
    Actor, Credential, Error, FileId, NewFile, Result, Scope, Sha256Hash, StoredFile, Timestamp, UserId,
};

/// The columns that [`read`] reads.
const FILE: &str = "SELECT key, file_id, name, mime_type, size, sha256 FROM files";

/// A file with its key.
pub(super) struct Known {
    pub(super) key: i64,
    pub(super) file: StoredFile,
}

impl Store {
    /// Who uploads, if they may. Errors: `unauthenticated`, `forbidden`, `invalid_argument`, `not_found`.
    pub async fn may_upload(&self, credential: Credential) -> Result<UserId> {
        self.read_in_scope(credential, Scope::MessagesWrite, |_, actor| Ok(actor.user.clone())).await
    }

    /// Takes note of a file whose content is stored. The same content under the same name, of the same type, by the same user is the same
    /// file. Errors: `unauthenticated`, `forbidden`, `unavailable`.
    pub async fn keep_file(&self, credential: Credential, new: NewFile) -> Result<StoredFile> {
        self.write_in_scope(credential, Scope::MessagesWrite, move |tx, actor| {
            let (name, media_type, sha256) = (new.name.as_str(), new.media_type.as_str(), new.sha256.as_bytes());
            let sql = "INSERT INTO files (file_id, uploader, name, mime_type, size, sha256, uploaded_at)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                       ON CONFLICT (sha256, uploader, name, mime_type) DO UPDATE SET uploaded_at = ?7";
            let id = FileId::make();
            let row = (id.as_bytes(), actor.key, name, media_type, new.size, sha256, tx.now().millis());
            tx.connection().prepare_cached(sql)?.execute(row)?;
            let sql = format!("{FILE} WHERE sha256 = ?1 AND uploader = ?2 AND name = ?3 AND mime_type = ?4");
            let mut statement = tx.connection().prepare_cached(&sql)?;
            Ok(statement.query_row((sha256, actor.key, name, media_type), read)?.file)
        })
        .await
    }

    /// A file that the actor uploaded, or that was sent to a room of theirs. Errors: `unauthenticated`, `not_found`.
    pub async fn file(&self, credential: Credential, id: FileId) -> Result<StoredFile> {
        self.read_as(credential, move |connection, actor| Ok(seen_by(connection, actor, &id)?.file)).await
    }

    /// Forgets files that were sent nowhere and last uploaded longer ago than this. Returns how many.
    /// Errors: `unavailable`.
    pub async fn forget_unsent(&self, age: Duration) -> Result<usize> {
        self.writer
            .submit(move |tx| {
                let before = tx.now().minus(age).millis();
                let sql = "DELETE FROM files WHERE sent = 0 AND uploaded_at < ?1";
                Ok(tx.connection().prepare_cached(sql)?.execute([before])?)
            })
            .await
    }

    /// Whether any file has a content.
    pub async fn has_content(&self, sha256: Sha256Hash) -> Result<bool> {
        self.reader
            .run(move |connection| {
                let sql = "SELECT 1 FROM files WHERE sha256 = ?1";
                Ok(connection.prepare_cached(sql)?.exists([sha256.as_bytes()])?)
            })
            .await
    }

    /// The time of the store's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// A file that somebody may see. Errors: `not_found`, whether there is none or it is not theirs to see.
pub(super) fn seen_by(connection: &Connection, actor: &Actor, id: &FileId) -> Result<Known> {
    // From the actor's rooms to the file in each, which is one look: a file may have been sent any number of times.
    let sql = format!(
        "{FILE} WHERE file_id = ?1 AND (uploader = ?2 OR EXISTS (
             SELECT 1 FROM members CROSS JOIN messages INDEXED BY messages_by_file
             ON messages.file = files.key AND messages.room = members.room WHERE members.user = ?2))"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_row((id.as_bytes(), actor.key), read).optional()?.ok_or(Error::NotFound("file"))
}

/// Notes that a message refers to a file, which keeps it for good.
pub(super) fn mark_sent(connection: &Connection, key: i64) -> Result<()> {
    connection.prepare_cached("UPDATE files SET sent = 1 WHERE key = ?1 AND sent = 0")?.execute([key])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Known> {
    let file = StoredFile {
        id: FileId::stored(row.get("file_id")?),
        name: row.get("name")?,
        media_type: row.get("mime_type")?,
        size: row.get("size")?,
        sha256: Sha256Hash::stored(row.get("sha256")?),
    };
    Ok(Known { key: row.get("key")?, file })
}
