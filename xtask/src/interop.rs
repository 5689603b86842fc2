//! `cargo xtask interop`: what is not ours against a running stack: PyPI's python-socketio, grpcio with nothing but
//! reflection, schemathesis with the gateway's description, and a bucket of moto's. Apart from `test`, because it needs
//! Python and its packages.

use std::fs;

use anyhow::{Context as _, Result, bail};
use chat_stack::How;

use crate::command::{cargo, execute, first_line, program, root};
use crate::stack::{Addresses, Plan, Stack};
use crate::{tools, web};

/// Clients that are given the addresses of a stack. The last one leaves much behind.
const CLIENTS: [&str; 3] = ["socketio_client.py", "reflection_client.py", "rest_description.py"];

/// Builds, starts a stack with demo data, and runs the clients; then the one that starts a stack of its own.
pub(crate) fn run() -> Result<()> {
    tools::check()?;
    if first_line("python3", &["-c", "import venv, ensurepip"]).is_none() {
        bail!("python3 with venv is missing (Debian: apt-get install python3-venv)");
    }
    web::build()?;
    execute(&mut cargo(&["build", "-p", "core-service", "-p", "ws-gateway"]))?;
    let venv = root().join("target/interop");
    let python = venv.join("bin/python").display().to_string();
    execute(&mut program("python3", &["-m", "venv", &venv.display().to_string()]))?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    execute(program(&python, &install).arg("e2e/interop/requirements.txt"))?;

    let data_dir = tempfile::tempdir().context("no folder for the data")?;
    let logs = root().join("target/interop-logs");
    fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
    let binaries = root().join("target/debug");
    let how = How { binaries: binaries.clone(), flags: vec!["--no-rate-limits"], log_dir: Some(logs) };
    let plan = Plan { addresses: Addresses::free()?, data_dir: data_dir.path().to_owned(), how };
    let stack = Stack::start(&plan)?;
    let Addresses { web, core, .. } = &plan.addresses;
    for script in CLIENTS {
        let script = format!("e2e/interop/{script}");
        execute(&mut program(&python, &[&script, &format!("http://{web}"), &core.to_string()]))?;
    }
    stack.stop()?;
    execute(&mut program(&python, &["e2e/interop/s3_bucket.py", &binaries.display().to_string()]))
}
