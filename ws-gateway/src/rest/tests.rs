//! A core of its own for a test, with somebody who may upload.

use std::path::PathBuf;

use chat_process::{Shutdown, listen};
use chat_proto::v1;
use clap::Parser as _;
use core_service::config::Config;
use core_service::listener::Listener;
use tempfile::TempDir;
use tokio_util::sync::DropGuard;

use crate::auth::Caller;
use crate::core::Core;

pub(super) struct TestCore {
    pub(super) core: Core,
    token: String,
    dir: TempDir,
    _stop: DropGuard,
}

impl TestCore {
    pub(super) async fn start(flags: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().display().to_string();
        let fixed = ["core-service", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--no-rate-limits"];
        let config = Config::parse_from(fixed.into_iter().chain(["--data-dir", &data]).chain(flags.iter().copied()));
        let listener = Listener::bind(&config.listen).await.unwrap();
        let mut core = Core::lazy(&format!("http://{}", listener.address().unwrap())).unwrap();
        let (admin, shutdown) = (listen::tcp(config.admin_listen).await.unwrap(), Shutdown::new());
        core_service::serve(config, listener, admin, &shutdown).await.unwrap();
        let (user_id, password) = ("alice".to_owned(), "correct horse".to_owned());
        let request = v1::SignUpRequest { user_id, password, ..v1::SignUpRequest::default() };
        let token = core.auth.sign_up(request).await.unwrap().into_inner().token;
        Self { core, token, dir, _stop: shutdown.token().drop_guard() }
    }

    pub(super) fn caller(&self) -> Caller {
        Caller { token: self.token.clone() }
    }

    /// What is on disk of files, finished or not.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.dir.path().join("files")];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.is_dir() { &mut folders } else { &mut files }.push(entry);
            }
        }
        files
    }
}
