//! The two folders with a package.json: the web client, and the tests that cross processes.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::Result;

use crate::command::{execute, program, root};

/// The web client, which the gateway embeds.
pub(crate) const WEB: &str = "web";

/// The tests that see a stack only from outside.
pub(crate) const E2E: &str = "e2e";

/// `npm run build`, with what it needs installed, unless what it would build is there: a new one would make cargo build
/// the gateway again.
pub(crate) fn build() -> Result<()> {
    install(WEB)?;
    if is_built(&root().join(WEB)) { Ok(()) } else { script(WEB, "build") }
}

/// `npm ci`, unless what it would install is there.
pub(crate) fn install(folder: &str) -> Result<()> {
    if is_installed(&root().join(folder)) {
        return Ok(());
    }
    execute(&mut npm(folder, &["ci", "--no-audit", "--no-fund"]))
}

/// Runs a script of the package.json.
pub(crate) fn script(folder: &str, name: &str) -> Result<()> {
    execute(&mut npm(folder, &["run", name]))
}

/// npm in one of the folders.
pub(crate) fn npm(folder: &str, args: &[&str]) -> Command {
    let mut command = program("npm", args);
    command.current_dir(root().join(folder));
    command
}

/// npm writes the hidden lock file last, so that it is newer than what it was made from.
fn is_installed(folder: &Path) -> bool {
    let changed = |name: &str| fs::metadata(folder.join(name)).and_then(|file| file.modified());
    match (changed("node_modules/.package-lock.json"), changed("package-lock.json"), changed("package.json")) {
        (Ok(installed), Ok(lock), Ok(package)) => installed >= lock && installed >= package,
        _ => false,
    }
}

/// The page is newer than everything that it is made from.
fn is_built(folder: &Path) -> bool {
    let built = fs::metadata(folder.join("dist/index.html")).and_then(|page| page.modified());
    built.ok().zip(newest(folder)).is_some_and(|(built, changed)| built > changed)
}

/// When anything in the folder last changed, but for what is installed and built.
fn newest(folder: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let made = ["node_modules", "dist", "dist-sdk"];
    let ours = entries.filter(|entry| made.iter().all(|name| entry.file_name() != *name));
    let changed = ours.filter_map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => newest(&entry.path()),
        _ => entry.metadata().and_then(|file| file.modified()).ok(),
    });
    changed.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a file that changed at this second.
    fn write(dir: &Path, name: &str, second: u64) {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(second);
        fs::File::create(path).unwrap().set_modified(time).unwrap();
    }

    #[test]
    fn an_install_counts_until_the_lock_file_changes() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "package.json", 1);
        write(dir.path(), "package-lock.json", 2);
        assert!(!is_installed(dir.path()));
        write(dir.path(), "node_modules/.package-lock.json", 3);
        assert!(is_installed(dir.path()));
        write(dir.path(), "package-lock.json", 4);
        assert!(!is_installed(dir.path()));
    }

    #[test]
    fn a_build_counts_until_a_source_changes() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "src/ui/app.tsx", 1);
        assert!(!is_built(dir.path()));
        write(dir.path(), "dist/index.html", 2);
        write(dir.path(), "node_modules/x/index.js", 3);
        assert!(is_built(dir.path()));
        write(dir.path(), "src/ui/app.tsx", 4);
        assert!(!is_built(dir.path()));
    }
}
