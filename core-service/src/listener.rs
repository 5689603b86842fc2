//! Where calls come in: a TCP port or a socket in the file system.

use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use chat_process::{StartError, listen};
use tokio::net::{TcpListener, UnixListener, UnixStream};

use crate::config::ListenAddress;

/// A bound address.
#[derive(Debug)]
pub enum Listener {
    /// A TCP port.
    Tcp(TcpListener),
    /// A socket in the file system, with its path.
    Unix(UnixListener, std::path::PathBuf),
}

impl Listener {
    /// Binds an address; a socket that nobody serves any more is replaced. Errors: taken, or not to be had.
    pub async fn bind(address: &ListenAddress) -> Result<Self, StartError> {
        match address {
            ListenAddress::Tcp(address) => listen::tcp(*address).await.map(Self::Tcp),
            ListenAddress::Unix(path) => {
                remove_abandoned(path).await;
                let bound = UnixListener::bind(path);
                let bound =
                    bound.map_err(|error| StartError::cannot(format!("listen on {}", path.display()), error))?;
                Ok(Self::Unix(bound, path.clone()))
            }
        }
    }

    /// The address with the port that it really has. Errors: the socket is gone.
    pub fn address(&self) -> Result<ListenAddress, StartError> {
        match self {
            Self::Tcp(listener) => {
                let address = listener.local_addr().map_err(|error| StartError::cannot("listen", error))?;
                Ok(ListenAddress::Tcp(address))
            }
            Self::Unix(_, path) => Ok(ListenAddress::Unix(path.clone())),
        }
    }
}

/// Removes the socket of a process that was killed.
async fn remove_abandoned(path: &Path) {
    let socket = std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    if socket && UnixStream::connect(path).await.is_err() {
        // Where it cannot be removed, binding says why.
        let _ = std::fs::remove_file(path);
    }
}
