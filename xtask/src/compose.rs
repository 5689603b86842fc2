//! `cargo xtask compose-test`: Holdfast in containers, on this machine's Docker engine. Apart from `test`, because it needs one.

use anyhow::{Result, bail};

use crate::command::first_line;
use crate::web;

/// Builds the images, starts them, and tries them in every way. Errors: no engine, no Compose, or what does not hold.
pub(crate) fn test() -> Result<()> {
    if first_line("docker", &["version", "--format", "{{.Server.Version}}"]).is_none() {
        bail!("no Docker engine answers (https://docs.docker.com/engine/install)");
    }
    if first_line("docker", &["compose", "version", "--short"]).is_none() {
        bail!("Docker's Compose plugin is missing (https://docs.docker.com/compose/install)");
    }
    web::install(web::E2E)?;
    web::script(web::E2E, "test:compose")
}
