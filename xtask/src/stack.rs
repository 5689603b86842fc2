//! A core with demo data and a gateway in front of it.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use chat_stack::{Core, Gateway, How, Process, free_addresses};

/// Where the two processes listen.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    /// The gateway: page, REST, Socket.IO.
    pub(crate) web: SocketAddr,
    /// The core's gRPC.
    pub(crate) core: SocketAddr,
    /// The core's admin port.
    pub(crate) core_admin: SocketAddr,
    /// The gateway's admin port.
    pub(crate) gateway_admin: SocketAddr,
}

/// What is started.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Where they listen.
    pub(crate) addresses: Addresses,
    /// The core's data.
    pub(crate) data_dir: PathBuf,
    /// The binaries, their flags and logs.
    pub(crate) how: How,
}

/// The running processes. Dropping it stops them.
#[derive(Debug)]
pub(crate) struct Stack {
    gateway: Process,
    core: Process,
}

impl Addresses {
    /// Free ports of this machine.
    pub(crate) fn free() -> Result<Self> {
        let [web, core, core_admin, gateway_admin] = free_addresses()?;
        Ok(Self { web, core, core_admin, gateway_admin })
    }
}

impl Stack {
    /// Starts both and waits until they are ready. Errors: one ends, or is not ready in time.
    pub(crate) fn start(Plan { addresses, data_dir, how }: &Plan) -> Result<Self> {
        let core = Core { listen: addresses.core, admin: addresses.core_admin, data_dir: data_dir.clone() };
        let mut core_process = core.start(how, &["--demo"])?;
        core_process.wait_until_ready()?;
        let gateway = Gateway {
            listen: addresses.web,
            admin: addresses.gateway_admin,
            core: addresses.core,
            token_file: core.token_file(),
        };
        let mut gateway = gateway.start(how, "ws-gateway")?;
        gateway.wait_until_ready()?;
        Ok(Self { gateway, core: core_process })
    }

    /// The process ids, the gateway's first.
    pub(crate) fn pids(&self) -> [u32; 2] {
        [self.gateway.id(), self.core.id()]
    }

    /// Stops both. Errors: one did not exit with 0, or not in time.
    pub(crate) fn stop(mut self) -> Result<()> {
        let gateway = self.gateway.stop();
        let core = self.core.stop();
        gateway.and(core)
    }

    /// Errors: one of the two has ended by itself.
    pub(crate) fn check(&mut self) -> Result<()> {
        self.gateway.check()?;
        self.core.check()
    }
}
