//! The binary: how it starts, how it refuses to, and how it stops.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use chat_proto::v1;
use rustix::process::{Pid, Signal, kill_process};
use tonic::transport::{Channel, Endpoint};

use crate::harness::{Caller, log_in_request, refusal, sign_up_request};

const PATIENCE: Duration = Duration::from_secs(20);

/// A command of the binary that hears nothing of this process's environment.
pub(crate) fn binary(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_core-service"));
    command.args(flags).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Waits for the end of a child; one that does not end is killed.
fn outcome(child: Child) -> (Option<i32>, String) {
    let pid = Pid::from_child(&child);
    let (done, ended) = mpsc::channel();
    thread::spawn(move || done.send(child.wait_with_output().unwrap()));
    let output = ended.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        let _ = kill_process(pid, Signal::KILL);
        panic!("it did not end");
    });
    assert!(output.stdout.is_empty());
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// Runs to the end, which must be with this status and one line on stderr. Returns the line.
pub(crate) fn fails(command: &mut Command, status: i32) -> String {
    let shown = format!("{command:?}");
    let (code, stderr) = outcome(command.spawn().unwrap());
    assert_eq!(code, Some(status), "{shown}: {stderr}");
    assert!(stderr.starts_with("core-service: ") && stderr.trim_end().lines().count() == 1, "{shown}: {stderr:?}");
    stderr
}

/// A serving process, with where it listens.
pub(crate) struct Running {
    child: Option<Child>,
    address: String,
    admin: String,
}

impl Running {
    pub(crate) fn start(dir: &Path, flags: &[&str]) -> Self {
        let data = dir.join("data");
        let fixed = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log-format", "json", "--data-dir"];
        let listens = flags.contains(&"--listen");
        let mut command = binary(if listens { &fixed[2..] } else { &fixed });
        let mut child = command.arg(data).args(flags).spawn().unwrap();
        let (lines, log) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        // Reads on for as long as the process writes, so that it never waits for a reader.
        thread::spawn(move || stderr.lines().map_while(Result::ok).for_each(|line| drop(lines.send(line))));
        let mut running = Self { child: Some(child), address: String::new(), admin: String::new() };
        let listening = std::iter::from_fn(|| log.recv_timeout(PATIENCE).ok())
            .find(|line| line.contains(r#""message":"listening""#))
            .expect("it did not come up");
        let value = |name: &str| {
            let (_, rest) = listening.split_once(&format!(r#""{name}":""#)).unwrap();
            rest.split_once('"').unwrap().0.to_owned()
        };
        (running.address, running.admin) = (value("address"), value("admin"));
        running
    }

    pub(crate) fn channel(&self) -> Channel {
        let uri = match self.address.strip_prefix("unix:") {
            Some(path) => format!("unix://{path}"),
            None => format!("http://{}", self.address),
        };
        Endpoint::from_shared(uri).unwrap().connect_lazy()
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.admin).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub(crate) fn stop(mut self, signal: Signal) -> Option<i32> {
        let child = self.child.take().unwrap();
        kill_process(Pid::from_child(&child), signal).unwrap();
        outcome(child).0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Logs a demo user in.
async fn log_in(running: &Running, user: &str) -> Caller {
    let stranger = Caller::at(running.channel(), "", None);
    let answer = stranger.auth().log_in(log_in_request(user, "demo-password")).await.unwrap().into_inner();
    Caller::at(running.channel(), user, Some(&answer.token))
}

#[test]
fn a_bad_flag_or_configuration_is_status_2() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("settings.toml");
    std::fs::write(&file, "sise = 1").unwrap();
    for (flags, part) in [
        (&["--sise"][..], "--sise"),
        (&["--listen", "localhost"], "localhost"),
        (&["--listen", "unix:"], "unix:"),
        (&["--session-ttl", "soon"], "soon"),
        (&["--calls-per-second", "0"], "0"),
        (&["--config", "/nonexistent/settings.toml"], "/nonexistent/settings.toml"),
        (&["--config", file.to_str().unwrap()], "sise"),
        (&["serve"], "serve"),
        (&["backup"], "required"),
    ] {
        let line = fails(binary(flags).current_dir(dir.path()), 2);
        assert!(line.contains(part), "{line:?} lacks {part:?}");
    }
    assert!(!dir.path().join("data").exists());
}

#[test]
fn what_keeps_it_from_serving_is_status_1() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().to_string();
    std::fs::write(path("short"), "too-short").unwrap();
    std::fs::write(path("file"), "").unwrap();
    for (name, content) in
        [("garbage", "no database, and longer than the header of one is. ".repeat(10)), ("newer", String::new())]
    {
        std::fs::create_dir(path(name)).unwrap();
        std::fs::write(dir.path().join(name).join("holdfast.db"), content).unwrap();
    }
    let newer = rusqlite::Connection::open(dir.path().join("newer/holdfast.db")).unwrap();
    newer.pragma_update(None, "user_version", 9_999).unwrap();
    drop(newer);

    let any = "127.0.0.1:0";
    for (listen, admin, data, token, part) in [
        (&*port, any, "data", None, &*port),
        (any, &*port, "data", None, &*port),
        ("unix:/nonexistent/socket", any, "data", None, "/nonexistent/socket"),
        (any, any, "file", None, "file"),
        (any, any, "garbage", None, "not a database"),
        (any, any, "newer", None, "newer version"),
        (any, any, "data", Some("short"), "shorter than 32"),
        (any, any, "data", Some("garbage"), "cannot be read"),
    ] {
        let mut command = binary(&["--listen", listen, "--admin-listen", admin, "--data-dir", &path(data)]);
        if let Some(token) = token {
            command.args(["--service-token-file", &path(token)]);
        }
        let line = fails(&mut command, 1);
        assert!(line.contains(part), "{line:?} lacks {part:?}");
    }
    let mut command = binary(&["--listen", any, "--admin-listen", any, "--data-dir", &path("data")]);
    let line = fails(command.env("CHAT_SERVICE_TOKEN", "too-short"), 1);
    assert!(line.contains("CHAT_SERVICE_TOKEN") && !line.contains("too-short"), "{line}");
}

#[test]
fn a_data_directory_has_one_process_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let first = Running::start(dir.path(), &[]);
    let data = dir.path().join("data").display().to_string();
    let second = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir", &data];
    let line = fails(&mut binary(&second), 1);
    assert!(line.contains("another core-service uses this data directory"), "{line}");
    first.stop(Signal::KILL);
    Running::start(dir.path(), &[]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn either_signal_stops_it_with_status_0_although_somebody_listens() {
    let dir = tempfile::tempdir().unwrap();
    for signal in [Signal::TERM, Signal::INT] {
        let running = Running::start(dir.path(), &["--demo"]);
        let alice = log_in(&running, "alice").await;
        let (mut subscription, _) = alice.watches("lobby", Some(0)).await;
        alice.says("lobby", "hi").await;
        let status = tokio::task::spawn_blocking(move || running.stop(signal)).await.unwrap();
        assert_eq!(status, Some(0));
        assert_eq!(subscription.ends().await.code(), tonic::Code::Unavailable);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn demo_data_is_made_once_and_only_where_nobody_is() {
    let dir = tempfile::tempdir().unwrap();
    for messages in 0..2 {
        let running = Running::start(dir.path(), &["--demo"]);
        let (bob, charlie) = (log_in(&running, "bob").await, log_in(&running, "charlie").await);
        let members = |members: Vec<v1::Member>| members.into_iter().map(|member| member.user_id).collect::<Vec<_>>();
        assert_eq!(members(bob.members("lobby").await.unwrap()), ["alice", "bob", "charlie"]);
        assert_eq!(members(bob.members("project-alpha").await.unwrap()), ["alice", "bob"]);
        let invites = charlie.social().list_invites(v1::ListInvitesRequest {}).await.unwrap().into_inner().invites;
        assert_eq!(invites.len(), 1);
        assert_eq!((&*invites[0].room_id, &*invites[0].from_user_id), ("project-alpha", "alice"));
        assert_eq!(bob.reads("lobby").await.len(), messages);
        bob.says("lobby", "hi").await;
        assert_eq!(running.stop(Signal::TERM), Some(0));
    }

    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(dir.path(), &[]);
    Caller::at(running.channel(), "", None).auth().sign_up(sign_up_request("zoe")).await.unwrap();
    assert_eq!(running.stop(Signal::TERM), Some(0));
    let running = Running::start(dir.path(), &["--demo"]);
    let stranger = Caller::at(running.channel(), "", None);
    let refused = stranger.auth().log_in(log_in_request("alice", "demo-password")).await;
    assert_eq!(refusal(refused), "unauthenticated");
    assert_eq!(running.stop(Signal::TERM), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn demo_data_can_be_made_before_the_service_starts_and_beside_it() {
    let demo = |dir: &Path| {
        let data = dir.join("data");
        outcome(binary(&["demo", "--data-dir", data.to_str().unwrap()]).spawn().unwrap())
    };
    for runs_already in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let first = runs_already.then(|| Running::start(dir.path(), &[]));
        assert_eq!(demo(dir.path()).0, Some(0));
        let running = first.unwrap_or_else(|| Running::start(dir.path(), &[]));
        let bob = log_in(&running, "bob").await;
        bob.says("lobby", "hi").await;
        // Again, beside the service: it stays as it is.
        let (status, log) = demo(dir.path());
        assert_eq!(status, Some(0), "{log}");
        assert!(log.contains("no demo data"), "{log}");
        assert_eq!(bob.reads("lobby").await.len(), 1);
        assert_eq!(running.stop(Signal::TERM), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_in_the_file_system_is_served_and_taken_over_from_the_dead() {
    let dir = tempfile::tempdir().unwrap();
    let socket = format!("unix:{}", dir.path().join("core.sock").display());
    let running = Running::start(dir.path(), &["--listen", &socket, "--demo"]);
    assert_eq!(running.address, socket);
    log_in(&running, "alice").await.says("lobby", "by socket").await;

    let data = dir.path().join("other").display().to_string();
    let mut second = binary(&["--listen", &socket, "--admin-listen", "127.0.0.1:0", "--data-dir", &data]);
    assert!(fails(&mut second, 1).contains("core.sock"));
    assert_eq!(running.stop(Signal::KILL), None);
    let running = Running::start(dir.path(), &["--listen", &socket]);
    assert_eq!(log_in(&running, "alice").await.reads("lobby").await.len(), 1);
    assert_eq!(running.stop(Signal::TERM), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_token_is_made_once_for_nobody_else_to_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("data/service-token");
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let running = Running::start(dir.path(), &["--demo"]);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let token = std::fs::read_to_string(&file).unwrap().trim().to_owned();
        assert!(token.len() >= 32);
        let service = Caller::at(running.channel(), "", Some(&token));
        assert_eq!(service.on_behalf_of("bob").me().await.unwrap().user_id, "bob");
        tokens.push(token);
        assert_eq!(running.stop(Signal::TERM), Some(0));
    }
    assert_eq!(tokens[0], tokens[1]);

    let elsewhere = dir.path().join("elsewhere");
    std::fs::write(&elsewhere, "a-token-that-somebody-made-elsewhere\n").unwrap();
    let running = Running::start(dir.path(), &["--service-token-file", elsewhere.to_str().unwrap()]);
    let service = |token: &str| Caller::at(running.channel(), "", Some(token)).on_behalf_of("bob");
    service("a-token-that-somebody-made-elsewhere").me().await.unwrap();
    assert_eq!(refusal(service(&tokens[0]).me().await), "unauthenticated");
    assert_eq!(running.stop(Signal::TERM), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_see_that_it_lives_and_what_it_does() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(dir.path(), &["--demo"]);
    let alice = log_in(&running, "alice").await;
    let (_subscription, _) = alice.watches("lobby", None).await;
    alice.says("lobby", "hi").await;
    for path in ["/healthz", "/readyz"] {
        assert!(running.get(path).starts_with("HTTP/1.1 200 "), "{path}");
    }
    assert!(running.get("/nothing").starts_with("HTTP/1.1 404 "));
    let metrics = running.get("/metrics");
    for line in [
        "core_sends_total{outcome=\"accepted\"} 1",
        "core_subscriptions 1",
        "core_watches 1",
        "# TYPE core_batch_seconds histogram",
        "# EOF",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in {metrics}");
    }
    assert_eq!(running.stop(Signal::TERM), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_taken_while_it_serves_and_restored_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(dir.path(), &["--demo"]);
    let alice = log_in(&running, "alice").await;
    let said = alice.says("lobby", "before").await;
    let epoch = alice.me().await.unwrap().epoch;
    let path = |name: &str| dir.path().join(name).display().to_string();
    let (data, backup, elsewhere) = (path("data"), path("backup.db"), path("elsewhere/data"));

    let run = |flags: &[&str]| outcome(binary(flags).spawn().unwrap()).0;
    assert_eq!(run(&["backup", &backup, "--data-dir", &data]), Some(0));
    assert!(fails(&mut binary(&["backup", &backup, "--data-dir", &data]), 1).contains("exists"));
    assert!(fails(&mut binary(&["backup", &path("x.db"), "--data-dir", &path("nothing")]), 1).contains("x.db"));
    assert_eq!(run(&["restore", &backup, "--data-dir", &elsewhere]), Some(0));
    assert!(fails(&mut binary(&["restore", &backup, "--data-dir", &data]), 1).contains("move it away"));
    assert!(fails(&mut binary(&["restore", &path("y.db"), "--data-dir", &path("new")]), 1).contains("y.db"));
    assert_eq!(running.stop(Signal::TERM), Some(0));

    let running = Running::start(&dir.path().join("elsewhere"), &[]);
    let alice = log_in(&running, "alice").await;
    assert_eq!(alice.reads("lobby").await, [said]);
    assert_ne!(alice.me().await.unwrap().epoch, epoch);
    assert_eq!(running.stop(Signal::TERM), Some(0));
}
