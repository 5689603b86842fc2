//! The settings of the gateway, read once (contract: Processes).

use std::net::SocketAddr;
use std::path::PathBuf;

use chat_process::CommonArgs;
use ipnet::IpNet;

/// Holdfast's edge for browsers: Socket.IO, REST and the web client in front of core-service
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "ws-gateway", version)]
pub struct Config {
    /// Where browsers are served
    #[arg(long, env = "GATEWAY_LISTEN", default_value = "127.0.0.1:3000", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Where core-service is: http://HOST:PORT or unix:PATH
    #[arg(long, env = "GATEWAY_CORE", default_value = "http://127.0.0.1:50051", value_name = "ADDRESS", value_parser = core_address)]
    pub core: String,
    /// Where /metrics, /healthz and /readyz are served
    #[arg(long, env = "GATEWAY_ADMIN_LISTEN", default_value = "127.0.0.1:9465", value_name = "ADDRESS")]
    pub admin_listen: SocketAddr,
    /// Origins besides the gateway's own whose pages may call, such as `https://chat.example`
    #[arg(long, env = "GATEWAY_ALLOWED_ORIGINS", value_delimiter = ',', value_name = "ORIGINS", value_parser = origin)]
    pub allowed_origins: Vec<String>,
    /// Networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed
    #[arg(long, env = "GATEWAY_TRUSTED_PROXIES", value_delimiter = ',', value_name = "NETWORKS")]
    pub trusted_proxies: Vec<IpNet>,
    /// What the core has as well.
    #[command(flatten)]
    pub common: CommonArgs,
    /// Something other than serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the binary does besides serving.
#[derive(Clone, Copy, Debug, clap::Subcommand)]
pub enum Command {
    /// Asks the gateway that runs beside it, on --admin-listen, whether it is ready
    Healthcheck,
}

impl AsRef<CommonArgs> for Config {
    fn as_ref(&self) -> &CommonArgs {
        &self.common
    }
}

impl Config {
    /// Where the service token is.
    #[must_use]
    pub fn service_token_file(&self) -> PathBuf {
        self.common.service_token_file.clone().unwrap_or_else(|| "./data/service-token".into())
    }
}

fn core_address(text: &str) -> Result<String, String> {
    if text.strip_prefix("unix:").is_some_and(|path| !path.is_empty()) {
        return Ok(text.to_owned());
    }
    match text.parse::<http::Uri>() {
        Ok(uri) if uri.scheme_str() == Some("http") && uri.port().is_some() => Ok(text.to_owned()),
        _ => Err("neither http://HOST:PORT nor unix:PATH".to_owned()),
    }
}

/// An origin as browsers send it (RFC 6454): scheme and authority, nothing else.
fn origin(text: &str) -> Result<String, String> {
    let text = text.trim().trim_end_matches('/');
    match text.split_once("://") {
        Some(("http" | "https", host)) if !host.is_empty() && !host.contains('/') => Ok(text.to_ascii_lowercase()),
        _ => Err("not an origin such as https://chat.example".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_core() {
        for good in ["http://127.0.0.1:1", "http://core:50051", "unix:/run/core"] {
            assert!(core_address(good).is_ok(), "{good}");
        }
        for bad in ["", "unix:", "127.0.0.1:1", "https://core:1", "http://core", "http://"] {
            assert!(core_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn origins() {
        assert_eq!(origin("https://Chat.Example/").as_deref(), Ok("https://chat.example"));
        for bad in ["", "*", "chat.example", "ftp://x", "https://x/path", "https://"] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
