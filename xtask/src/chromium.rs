//! Finds the browser that the web client's last tests drive, or installs it where that is one command.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::command::{execute, program, say};

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The path of a Chromium. Errors: there is none, with what to do about it.
pub(crate) fn find_or_install() -> Result<PathBuf> {
    if let Some(path) = env::var_os("CHROMIUM").map(PathBuf::from) {
        if path.is_file() {
            return Ok(path);
        }
        bail!("CHROMIUM names {}, which is no file", path.display());
    }
    if let Some(path) = find() {
        return Ok(path);
    }
    if rustix::process::geteuid().is_root() && Path::new("/etc/debian_version").exists() {
        say("no Chromium here: installing the package");
        execute(&mut program("apt-get", &["update"]))?;
        let install = ["install", "--yes", "--no-install-recommends", "chromium"];
        execute(program("apt-get", &install).env("DEBIAN_FRONTEND", "noninteractive"))?;
    }
    let Some(path) = find() else {
        bail!(
            "the browser tests need Chromium: install it (Debian: `apt-get install chromium` as root), or set CHROMIUM to its path"
        );
    };
    Ok(path)
}

fn find() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file())
}
