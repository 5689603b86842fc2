//! A core and a gateway as processes of their own: started until ready, stopped by SIGTERM.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::command::root;

/// How long a process may take until it is ready.
const START: Duration = Duration::from_secs(30);

/// How long a process may take to stop: what it promises, and a little.
const STOP: Duration = Duration::from_secs(12);

const POLL: Duration = Duration::from_millis(50);

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
    /// The folder with the two binaries.
    pub(crate) binaries: PathBuf,
    /// Where they listen.
    pub(crate) addresses: Addresses,
    /// The core's data.
    pub(crate) data_dir: PathBuf,
    /// Flags that both understand.
    pub(crate) flags: &'static [&'static str],
    /// Where their logs go; `None` is our own stderr.
    pub(crate) log_dir: Option<PathBuf>,
}

/// The running processes. Dropping it stops them.
#[derive(Debug)]
pub(crate) struct Stack {
    gateway: Process,
    core: Process,
}

#[derive(Debug)]
struct Process {
    name: &'static str,
    child: Child,
}

impl Addresses {
    /// Free ports of this machine.
    pub(crate) fn free() -> Result<Self> {
        // All are held until all are known, so that none comes twice.
        let held = [(); 4].map(|()| TcpListener::bind("127.0.0.1:0"));
        let mut free = held.iter().map(|listener| match listener {
            Ok(listener) => listener.local_addr().context("a port without an address"),
            Err(error) => bail!("no free port: {error}"),
        });
        let mut next = || free.next().context("no free port")?;
        Ok(Self { web: next()?, core: next()?, core_admin: next()?, gateway_admin: next()? })
    }
}

impl Stack {
    /// Starts both and waits until they are ready. Errors: one ends, or is not ready in time.
    pub(crate) fn start(plan: &Plan) -> Result<Self> {
        let Addresses { web, core, core_admin, gateway_admin } = &plan.addresses;
        let data_dir = plan.data_dir.display().to_string();
        let token_file = plan.data_dir.join("service-token").display().to_string();
        let core_flags = [
            ("--listen", core.to_string()),
            ("--admin-listen", core_admin.to_string()),
            ("--data-dir", data_dir),
            ("--service-token-file", token_file.clone()),
        ];
        let mut command = plan.command("core-service", &core_flags)?;
        let mut core_process = Process::start("core-service", command.arg("--demo"))?;
        core_process.wait_until_ready(*core_admin)?;
        let gateway_flags = [
            ("--listen", web.to_string()),
            ("--admin-listen", gateway_admin.to_string()),
            ("--core", format!("http://{core}")),
            ("--service-token-file", token_file),
        ];
        let mut gateway = Process::start("ws-gateway", &mut plan.command("ws-gateway", &gateway_flags)?)?;
        gateway.wait_until_ready(*gateway_admin)?;
        Ok(Self { gateway, core: core_process })
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

impl Plan {
    fn command(&self, name: &str, flags: &[(&str, String)]) -> Result<Command> {
        let mut command = Command::new(self.binaries.join(name));
        // Its own process group: Ctrl-C is ours to pass on, in order.
        command.current_dir(root()).stdin(Stdio::null()).process_group(0);
        command.args(flags.iter().flat_map(|(flag, value)| [*flag, value.as_str()])).args(self.flags);
        if let Some(dir) = &self.log_dir {
            command.stderr(log_file(dir, name)?);
        }
        Ok(command)
    }
}

fn log_file(dir: &Path, name: &str) -> Result<File> {
    let path = dir.join(format!("{name}.log"));
    File::create(&path).with_context(|| format!("cannot write {}", path.display()))
}

impl Process {
    fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, child })
    }

    fn wait_until_ready(&mut self, admin: SocketAddr) -> Result<()> {
        let deadline = Instant::now() + START;
        while !is_ready(admin) {
            self.check()?;
            if Instant::now() > deadline {
                bail!("{} is not ready after {} s", self.name, START.as_secs());
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            Some(status) => bail!("{} ended ({status}); its log says why", self.name),
            None => Ok(()),
        }
    }

    fn stop(&mut self) -> Result<()> {
        let status = match self.child.try_wait()? {
            Some(status) => status,
            None => self.terminate()?,
        };
        if !status.success() {
            bail!("{} ended with {status}", self.name);
        }
        Ok(())
    }

    fn terminate(&mut self) -> Result<ExitStatus> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let deadline = Instant::now() + STOP;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                self.child.kill()?;
                self.child.wait()?;
                bail!("{} did not stop within {} s and was killed", self.name, STOP.as_secs());
            }
            thread::sleep(POLL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Whoever wants to know how it went calls `Stack::stop`.
        let _ = self.stop();
    }
}

/// `GET /readyz`, answered with 200.
fn is_ready(admin: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&admin, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        write!(stream, "GET /readyz HTTP/1.1\r\nhost: {admin}\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "))
}
