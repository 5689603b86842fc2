//! Binding a TCP port with an error that names it.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::StartError;

/// Listens on a TCP address. Errors: the port is taken, the address is not this machine's.
pub async fn tcp(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| StartError::cannot(format!("listen on {address}"), error))
}
