//! The two folders with a package.json: the web client, and the tests that cross processes.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::command::{execute, program, root};

/// The web client, which the gateway embeds.
pub(crate) const WEB: &str = "web";

/// The tests that see a stack only from outside.
pub(crate) const E2E: &str = "e2e";

/// `npm run build`, with what it needs installed.
pub(crate) fn build() -> Result<()> {
    install(WEB)?;
    script(WEB, "build")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_install_counts_until_the_lock_file_changes() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, second| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(second);
            fs::File::create(path).unwrap().set_modified(time).unwrap();
        };
        write("package.json", 1);
        write("package-lock.json", 2);
        assert!(!is_installed(dir.path()));
        write("node_modules/.package-lock.json", 3);
        assert!(is_installed(dir.path()));
        write("package-lock.json", 4);
        assert!(!is_installed(dir.path()));
    }
}
