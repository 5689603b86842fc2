//! The core and the gateway as child processes: started until they are ready, stopped by SIGTERM, killed, frozen.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// How long a process may take until it is ready.
const START: Duration = Duration::from_secs(30);

/// How long a process may take to stop: what it promises, and a little.
const STOP: Duration = Duration::from_secs(12);

const POLL: Duration = Duration::from_millis(20);

/// A core, as it is started.
#[derive(Clone, Debug)]
pub struct Core {
    /// Where it serves gRPC.
    pub listen: SocketAddr,
    /// Its admin port.
    pub admin: SocketAddr,
    /// Its data.
    pub data_dir: PathBuf,
}

/// A gateway, as it is started.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Where it serves browsers.
    pub listen: SocketAddr,
    /// Its admin port.
    pub admin: SocketAddr,
    /// Where it finds the core.
    pub core: SocketAddr,
    /// The file with the service token.
    pub token_file: PathBuf,
}

/// How both are started.
#[derive(Clone, Debug)]
pub struct How {
    /// The folder with the two binaries.
    pub binaries: PathBuf,
    /// Flags that both understand.
    pub flags: Vec<&'static str>,
    /// Where their logs go; `None` is our own stderr.
    pub log_dir: Option<PathBuf>,
}

/// A running process. Dropping it stops it.
#[derive(Debug)]
pub struct Process {
    name: String,
    admin: SocketAddr,
    child: Child,
}

/// Free ports of this machine. Errors: there are none.
pub fn free_addresses<const N: usize>() -> Result<[SocketAddr; N]> {
    // All are held until all are known, so that none comes twice.
    let held = [(); N].map(|()| TcpListener::bind("127.0.0.1:0"));
    let mut free = [SocketAddr::from(([127, 0, 0, 1], 0)); N];
    for (address, listener) in free.iter_mut().zip(&held) {
        match listener {
            Ok(listener) => *address = listener.local_addr().context("a port without an address")?,
            Err(error) => bail!("no free port: {error}"),
        }
    }
    Ok(free)
}

impl Core {
    /// The service token of this core's own making.
    #[must_use]
    pub fn token_file(&self) -> PathBuf {
        self.data_dir.join("service-token")
    }

    /// Starts it. Errors: there is no such binary, no log can be written.
    pub fn start(&self, how: &How, flags: &[&str]) -> Result<Process> {
        let mut command = how.command("core-service");
        command.arg("--listen").arg(self.listen.to_string()).arg("--admin-listen").arg(self.admin.to_string());
        command.arg("--data-dir").arg(&self.data_dir).arg("--service-token-file").arg(self.token_file()).args(flags);
        how.start("core-service".to_owned(), self.admin, &mut command)
    }
}

impl Gateway {
    /// Starts it; `name` is also its log's. Errors: there is no such binary, no log can be written.
    pub fn start(&self, how: &How, name: &str) -> Result<Process> {
        let mut command = how.command("ws-gateway");
        command.arg("--listen").arg(self.listen.to_string()).arg("--admin-listen").arg(self.admin.to_string());
        command.arg("--core").arg(format!("http://{}", self.core)).arg("--service-token-file").arg(&self.token_file);
        how.start(name.to_owned(), self.admin, &mut command)
    }
}

impl How {
    fn command(&self, binary: &str) -> Command {
        let mut command = Command::new(self.binaries.join(binary));
        // Its own process group: Ctrl-C is ours to pass on, in order.
        command.stdin(Stdio::null()).process_group(0).args(&self.flags);
        command
    }

    fn start(&self, name: String, admin: SocketAddr, command: &mut Command) -> Result<Process> {
        if let Some(dir) = &self.log_dir {
            let path = dir.join(format!("{name}.log"));
            let log = OpenOptions::new().create(true).append(true).open(&path);
            command.stderr(log.with_context(|| format!("cannot write {}", path.display()))?);
        }
        let program = command.get_program().display().to_string();
        let child = command.spawn().with_context(|| format!("cannot start {program}"))?;
        Ok(Process { name, admin, child })
    }
}

impl Process {
    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it is ready. Errors: it ends, or is not ready in time.
    pub fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + START;
        while !is_ready(self.admin) {
            self.check()?;
            if Instant::now() > deadline {
                bail!("{} is not ready after {} s", self.name, START.as_secs());
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// Errors: it has ended by itself.
    pub fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            Some(status) => bail!("{} ended ({status}); its log says why", self.name),
            None => Ok(()),
        }
    }

    /// Stops it by SIGTERM. Errors: it did not exit with 0, or not in time.
    pub fn stop(&mut self) -> Result<()> {
        let status = match self.child.try_wait()? {
            Some(status) => status,
            None => self.terminate()?,
        };
        if !status.success() {
            bail!("{} ended with {status}", self.name);
        }
        Ok(())
    }

    /// Kills it by SIGKILL. Errors: it has ended by itself.
    pub fn kill(mut self) -> Result<()> {
        self.check()?;
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Stops it from running, by SIGSTOP, until [`Process::thaw`].
    pub fn freeze(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it run again.
    pub fn thaw(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        kill_process(Pid::from_child(&self.child), signal).with_context(|| format!("cannot signal {}", self.name))
    }

    fn terminate(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        // One that is frozen would not hear of it.
        self.thaw()?;
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
        // Whoever wants to know how it went calls `stop`.
        let _ = self.stop();
    }
}

/// Whether `GET /readyz` is answered with 200.
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

/// The folder that a binary of the workspace was built into, which has the others too. Errors: no such place.
pub fn own_folder() -> Result<PathBuf> {
    let own = std::env::current_exe().context("where is this program?")?;
    Ok(own.parent().unwrap_or(Path::new(".")).to_owned())
}
