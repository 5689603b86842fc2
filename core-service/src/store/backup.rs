//! Copies of the database: one that may be taken while it is in use, and putting one back.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat_process::StartError;
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use super::{FILE, schema};

/// Pages a step of a copy: all of them. Between two steps another process could write, and the copy would start again.
const STEP: i32 = i32::MAX;

/// Copies the database of a data directory to a new file, also while the service uses it.
///
/// Errors: no database there, a target that exists or cannot be written.
pub fn back_up(dir: &Path, target: &Path) -> Result<(), StartError> {
    let cannot = |error: &dyn std::fmt::Display| StartError::cannot(format!("back up to {}", target.display()), error);
    if target.exists() {
        return Err(cannot(&"it exists already"));
    }
    let source = Connection::open_with_flags(dir.join(FILE), OpenFlags::SQLITE_OPEN_READ_ONLY);
    let source = source.map_err(|error| cannot(&error))?;
    copy(&source, target).map_err(|error| cannot(&error))
}

/// Makes a backup the database of a data directory that has none, and begins a new epoch, so that every client
/// reads again what it holds of the lost history.
///
/// Errors: a directory that has a database, a backup that cannot be read or that a newer version wrote.
pub fn restore(backup: &Path, dir: &Path) -> Result<(), StartError> {
    let cannot = |error: &dyn std::fmt::Display| StartError::cannot(format!("restore {}", backup.display()), error);
    let path = dir.join(FILE);
    // A log of writes that was left behind would be played into the restored database.
    if let Some(present) = with_side_files(&path).iter().find(|path| path.exists()) {
        return Err(cannot(&format!("{} exists; move it away first", present.display())));
    }
    std::fs::create_dir_all(dir).map_err(|error| cannot(&error))?;
    let source = Connection::open_with_flags(backup, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let source = source.map_err(|error| cannot(&error))?;
    let unfinished = dir.join("restore.tmp");
    for left_over in with_side_files(&unfinished) {
        let _ = std::fs::remove_file(left_over);
    }
    copy(&source, &unfinished).map_err(|error| cannot(&error))?;
    begin_epoch(&unfinished).map_err(|error| cannot(&error))?;
    // The database appears whole or not at all.
    let moved = std::fs::rename(&unfinished, &path).and_then(|()| File::open(dir)?.sync_all());
    moved.map_err(|error| cannot(&error))
}

fn begin_epoch(path: &Path) -> Result<(), schema::OpenError> {
    let (connection, _) = schema::open(path)?;
    schema::new_epoch(&connection)?;
    // One file again, so that it can be renamed.
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    Ok(())
}

/// A database and what SQLite keeps beside it until it is closed.
fn with_side_files(path: &Path) -> [PathBuf; 3] {
    let beside = |suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    ["", "-wal", "-shm"].map(beside)
}

fn copy(source: &Connection, target: &Path) -> rusqlite::Result<()> {
    let mut target = Connection::open(target)?;
    target.pragma_update(None, "synchronous", "FULL")?;
    Backup::new(source, &mut target)?.run_to_completion(STEP, Duration::ZERO, None)
}
