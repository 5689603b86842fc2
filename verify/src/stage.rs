//! The service under test, with a proxy on each of its links: a stack of our own, whose processes may be harmed, or
//! one that runs already.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use chat_stack::{Core, Gateway, How, Process, free_addresses};
use tempfile::TempDir;
use tokio::net::lookup_host;
use tokio::task::block_in_place;
use tokio::time::sleep;

use crate::faults::{Fault, Scope, Target, Wire};
use crate::proxy::{Proxy, Weather};

/// The service.
#[derive(Debug)]
pub(crate) struct Stage {
    /// Before each gateway.
    edges: Vec<Proxy>,
    /// Before the core, for gRPC clients.
    grpc: Option<Proxy>,
    /// A gateway without a proxy.
    direct: String,
    own: Option<Own>,
}

/// Our own processes.
#[derive(Debug)]
struct Own {
    how: How,
    core: Core,
    core_process: Option<Process>,
    gateways: Vec<OwnGateway>,
    dir: TempDir,
}

#[derive(Debug)]
struct OwnGateway {
    name: String,
    plan: Gateway,
    process: Option<Process>,
    /// Between it and the core.
    back: Proxy,
}

impl Stage {
    /// Starts a core and gateways of our own. Errors: one does not get ready.
    pub(crate) async fn start(binaries: PathBuf, gateways: usize) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("chat-verify-").tempdir().context("no folder for the data")?;
        let data_dir = dir.path().join("data");
        fs::create_dir(&data_dir)?;
        let how = How { binaries, flags: vec!["--no-rate-limits"], log_dir: Some(dir.path().to_owned()) };
        let [listen, admin] = free_addresses()?;
        let core = Core { listen, admin, data_dir };
        let mut own = Own { how, core, core_process: None, gateways: Vec::new(), dir };
        own.start_core()?;
        for number in 0..gateways {
            let back = Proxy::start(own.core.listen).await?;
            let [listen, admin] = free_addresses()?;
            let plan = Gateway { listen, admin, core: back.address, token_file: own.core.token_file() };
            own.gateways.push(OwnGateway { name: format!("ws-gateway-{number}"), plan, process: None, back });
            own.start_gateway(number)?;
        }
        let mut edges = Vec::new();
        for gateway in &own.gateways {
            edges.push(Proxy::start(gateway.plan.listen).await?);
        }
        let direct = own.gateways.first().context("no gateway")?.plan.listen;
        let grpc = Some(Proxy::start(own.core.listen).await?);
        Ok(Self { edges, grpc, direct: format!("http://{direct}"), own: Some(own) })
    }

    /// Takes a service that runs already. Errors: an address that is none.
    pub(crate) async fn foreign(gateways: &[String], core: Option<&str>) -> Result<Self> {
        let mut edges = Vec::new();
        for gateway in gateways {
            edges.push(Proxy::start(resolve(gateway).await?).await?);
        }
        let grpc = match core {
            Some(core) => Some(Proxy::start(resolve(core).await?).await?),
            None => None,
        };
        let direct = gateways.first().context("no gateway")?.clone();
        Ok(Self { edges, grpc, direct, own: None })
    }

    /// What there is to go wrong.
    pub(crate) fn scope(&self) -> Scope {
        Scope { processes: self.own.is_some(), gateways: self.edges.len(), grpc: self.grpc.is_some() }
    }

    /// Where Socket.IO clients connect.
    pub(crate) fn gateways(&self) -> Vec<String> {
        self.edges.iter().map(|edge| format!("http://{}", edge.address)).collect()
    }

    /// Where gRPC clients connect.
    pub(crate) fn core(&self) -> Option<String> {
        self.grpc.as_ref().map(|proxy| format!("http://{}", proxy.address))
    }

    /// A gateway that no proxy troubles.
    pub(crate) fn direct(&self) -> &str {
        &self.direct
    }

    /// Errors: a process of ours has ended by itself.
    pub(crate) fn check(&mut self) -> Result<()> {
        let Some(own) = &mut self.own else { return Ok(()) };
        let gateways = own.gateways.iter_mut().map(|gateway| &mut gateway.process);
        std::iter::once(&mut own.core_process).chain(gateways).flatten().try_for_each(Process::check)
    }

    /// Lets something go wrong. Returns when the next thing may.
    ///
    /// Errors: a process ends in another way than it has to, or does not come back.
    pub(crate) async fn suffer(&mut self, fault: Fault) -> Result<()> {
        match fault {
            Fault::Kill(target, pause) => {
                self.slot(target)?.take().context("not running")?.kill()?;
                self.restart(target, pause).await
            }
            Fault::Stop(target, pause) => {
                let mut process = self.slot(target)?.take().context("not running")?;
                block_in_place(|| process.stop())?;
                self.restart(target, pause).await
            }
            Fault::Freeze(target, pause) => {
                let process = self.slot(target)?.as_ref().context("not running")?;
                process.freeze()?;
                sleep(pause).await;
                process.thaw()
            }
            Fault::Weather(wire, weather, pause) => {
                let proxy = self.proxy(wire)?.clone();
                proxy.set(weather);
                tokio::spawn(async move {
                    sleep(pause).await;
                    proxy.set(Weather::Fair);
                });
                Ok(())
            }
            Fault::End(wire, end) => {
                self.proxy(wire)?.end(end);
                Ok(())
            }
        }
    }

    /// Everything is as it should be again.
    pub(crate) fn clear_up(&self) {
        let backs = self.own.iter().flat_map(|own| own.gateways.iter().map(|gateway| &gateway.back));
        self.edges.iter().chain(&self.grpc).chain(backs).for_each(|proxy| proxy.set(Weather::Fair));
    }

    /// Stops our own processes. Errors: one does not end as it has to.
    pub(crate) fn stop(&mut self) -> Result<()> {
        let Some(own) = &mut self.own else { return Ok(()) };
        let gateways = own.gateways.iter_mut().filter_map(|gateway| gateway.process.take());
        let processes: Vec<Process> = gateways.chain(own.core_process.take()).collect();
        block_in_place(|| processes.into_iter().try_for_each(|mut process| process.stop()))
    }

    /// Leaves the data and the logs of our own processes where they are. Says where.
    pub(crate) fn keep(&mut self) -> Option<&Path> {
        let own = self.own.as_mut()?;
        own.dir.disable_cleanup(true);
        Some(own.dir.path())
    }

    fn slot(&mut self, target: Target) -> Result<&mut Option<Process>> {
        let own = self.own.as_mut().context("not our own processes")?;
        match target {
            Target::Core => Ok(&mut own.core_process),
            Target::Gateway(number) => Ok(&mut own.gateways.get_mut(number).context("no such gateway")?.process),
        }
    }

    async fn restart(&mut self, target: Target, pause: Duration) -> Result<()> {
        sleep(pause).await;
        let own = self.own.as_mut().context("not our own processes")?;
        match target {
            Target::Core => own.start_core(),
            Target::Gateway(number) => own.start_gateway(number),
        }
    }

    fn proxy(&self, wire: Wire) -> Result<&Proxy> {
        let found = match wire {
            Wire::Edge(number) => self.edges.get(number),
            Wire::Back(number) => {
                self.own.as_ref().and_then(|own| own.gateways.get(number)).map(|gateway| &gateway.back)
            }
            Wire::Grpc => self.grpc.as_ref(),
        };
        found.context("no such link")
    }
}

impl Own {
    fn start_core(&mut self) -> Result<()> {
        let mut process = self.core.start(&self.how, &[])?;
        block_in_place(|| process.wait_until_ready())?;
        self.core_process = Some(process);
        Ok(())
    }

    /// Whether it gets ready depends on its link to the core as well, which may be in bad weather.
    fn start_gateway(&mut self, number: usize) -> Result<()> {
        let gateway = self.gateways.get_mut(number).context("no such gateway")?;
        gateway.back.set(Weather::Fair);
        let mut process = gateway.plan.start(&self.how, &gateway.name)?;
        block_in_place(|| process.wait_until_ready())?;
        gateway.process = Some(process);
        Ok(())
    }
}

/// Where an URL points to. Only plain HTTP: what is under test is the service, not a proxy's TLS.
async fn resolve(url: &str) -> Result<SocketAddr> {
    let Some(place) = url.strip_prefix("http://") else { bail!("{url} does not begin with http://") };
    let mut found = lookup_host(place.trim_end_matches('/')).await.with_context(|| format!("no such place: {url}"))?;
    found.next().with_context(|| format!("no such place: {url}"))
}
