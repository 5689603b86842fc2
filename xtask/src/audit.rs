//! `cargo xtask audit`: licences, advisories and sources of the dependencies. Apart from `test`, because it needs the
//! network and a tool that takes long to compile.

use anyhow::{Result, bail};

use crate::command::{cargo, execute, first_line, say};
use crate::web;

/// Checks the crates by deny.toml, and the packages of the web client that reach a browser.
pub(crate) fn run() -> Result<()> {
    if first_line("cargo-deny", &["--version"]).is_none() {
        bail!("cargo-deny is missing: cargo install --locked cargo-deny");
    }
    say("== crates");
    execute(&mut cargo(&["deny", "--workspace", "check"]))?;
    say("\n== packages of the web client");
    execute(&mut web::npm(web::WEB, &["audit", "--omit=dev"]))
}
