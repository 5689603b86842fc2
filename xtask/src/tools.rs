//! What has to be installed besides Rust, asked for before anything is built.

use anyhow::{Result, bail};

use crate::command::first_line;

const NODE: u32 = 20;

/// Errors: all that is missing, with how to get it.
pub(crate) fn check() -> Result<()> {
    let node = first_line("node", &["--version"]);
    let mut missing = Vec::new();
    match &node {
        None => missing.push(format!("Node.js {NODE} or newer (https://nodejs.org)")),
        Some(version) if major(version).is_none_or(|major| major < NODE) => {
            missing.push(format!("Node.js {NODE} or newer, here is {version} (https://nodejs.org)"));
        }
        Some(_) => {}
    }
    if first_line("npm", &["--version"]).is_none() {
        missing.push("npm, which comes with Node.js".to_owned());
    }
    if first_line("cc", &["--version"]).is_none() {
        missing.push("a C compiler called cc (Debian: apt-get install build-essential)".to_owned());
    }
    if missing.is_empty() {
        return Ok(());
    }
    bail!("missing on this machine:\n  {}", missing.join("\n  "))
}

/// `v20.1.2` → 20
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn versions_of_node() {
        assert_eq!(major("v20.19.2"), Some(20));
        assert_eq!(major("v8"), Some(8));
        assert_eq!(major("20.1"), None);
        assert_eq!(major(""), None);
    }
}
