//! `cargo xtask run`: a whole Holdfast on this machine, to try it out.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use chat_stack::How;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::command::{cargo, execute, root, say};
use crate::stack::{Addresses, Plan, Stack};
use crate::{tools, web};

const POLL: Duration = Duration::from_millis(100);

/// Where it runs.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The address of the web client, REST and Socket.IO
    #[arg(long, default_value = "127.0.0.1:3000", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// The address of gRPC
    #[arg(long, default_value = "127.0.0.1:50051", value_name = "ADDRESS")]
    core_listen: SocketAddr,
    /// The core's /metrics, /healthz and /readyz
    #[arg(long, default_value = "127.0.0.1:9464", value_name = "ADDRESS")]
    core_admin_listen: SocketAddr,
    /// The gateway's /metrics, /healthz and /readyz
    #[arg(long, default_value = "127.0.0.1:9465", value_name = "ADDRESS")]
    gateway_admin_listen: SocketAddr,
    /// Where the database and the service token are
    #[arg(long, default_value = "data", value_name = "DIR")]
    data_dir: PathBuf,
}

/// Builds, starts, and runs until a signal.
pub(crate) fn run(args: &Args) -> Result<()> {
    tools::check()?;
    check_ports(args)?;
    web::build()?;
    execute(&mut cargo(&["build", "--release", "-p", "core-service", "-p", "ws-gateway"]))?;

    let mut signals = Signals::new([SIGINT, SIGTERM]).context("cannot listen for signals")?;
    let plan = plan(args);
    let mut stack = Stack::start(&plan)?;
    say(&welcome(&plan));
    while signals.pending().next().is_none() {
        stack.check()?;
        thread::sleep(POLL);
    }
    say("\nstopping");
    stack.stop()?;
    say("stopped");
    Ok(())
}

fn plan(args: &Args) -> Plan {
    let addresses = Addresses {
        web: args.listen,
        core: args.core_listen,
        core_admin: args.core_admin_listen,
        gateway_admin: args.gateway_admin_listen,
    };
    let data_dir = root().join(&args.data_dir);
    let how = How { binaries: root().join("target/release"), flags: Vec::new(), log_dir: None };
    Plan { addresses, data_dir, how }
}

/// Before the long build. Errors: the first port that somebody else has.
fn check_ports(args: &Args) -> Result<()> {
    let ports = [
        (args.listen, "--listen"),
        (args.core_listen, "--core-listen"),
        (args.core_admin_listen, "--core-admin-listen"),
        (args.gateway_admin_listen, "--gateway-admin-listen"),
    ];
    for (address, flag) in ports {
        if let Err(error) = TcpListener::bind(address) {
            bail!("cannot listen on {address}: {error}; choose another address with {flag}");
        }
    }
    Ok(())
}

fn welcome(plan: &Plan) -> String {
    let Addresses { web, core, .. } = &plan.addresses;
    let data_dir = plan.data_dir.display();
    format!(
        "\n  Holdfast is ready: http://{web}\n  \
         Demo accounts:     alice, bob, charlie; password demo-password\n  \
         gRPC:              {core}\n  \
         Data:              {data_dir}\n\n  \
         Ctrl-C stops it.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let free = Args {
            listen: any,
            core_listen: any,
            core_admin_listen: any,
            gateway_admin_listen: any,
            data_dir: "data".into(),
        };
        assert!(check_ports(&free).is_ok());
        let address = taken.local_addr().unwrap();
        let error = check_ports(&Args { core_listen: address, ..free }).unwrap_err().to_string();
        assert!(error.contains(&address.to_string()) && error.contains("--core-listen"), "{error}");
    }
}
