//! The settings of the service, read once (contract: Processes).

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chat_process::CommonArgs;
use url::Url;

use crate::domain::{AccountName, Scope};

/// Holdfast's core: owns the rules and the data, serves gRPC
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "core-service", version)]
pub struct Config {
    /// Where gRPC is served: HOST:PORT or unix:PATH
    #[arg(long, env = "CORE_LISTEN", default_value = "127.0.0.1:50051", value_name = "ADDRESS")]
    pub listen: ListenAddress,
    /// Where the database, the files and the service token are
    #[arg(long, env = "CORE_DATA_DIR", default_value = "./data", value_name = "DIR", global = true)]
    pub data_dir: PathBuf,
    /// Where /metrics, /healthz and /readyz are served
    #[arg(long, env = "CORE_ADMIN_LISTEN", default_value = "127.0.0.1:9464", value_name = "ADDRESS")]
    pub admin_listen: SocketAddr,
    /// Fills an empty database with demo users and rooms before it serves
    #[arg(long, env = "CORE_DEMO")]
    pub demo: bool,
    /// How long a session lasts, such as 30d or 12h
    #[arg(long, env = "CORE_SESSION_TTL", default_value = "30d", value_parser = humantime::parse_duration)]
    pub session_ttl: Duration,
    /// A bucket for the contents of files, s3://BUCKET/PREFIX, instead of the data directory; AWS_… say how to reach it
    #[arg(long, env = "CORE_FILES_BUCKET", value_name = "URL", value_parser = bucket)]
    pub files_bucket: Option<Url>,
    /// How large files may be.
    #[command(flatten)]
    pub file_limits: FileLimits,
    /// How much is let through.
    #[command(flatten)]
    pub rates: Rates,
    /// What the gateway has as well.
    #[command(flatten)]
    pub common: CommonArgs,
    /// Something other than serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Rate limits; `--no-rate-limits` turns all of them off.
#[derive(Clone, Debug, clap::Args)]
pub struct Rates {
    /// Messages a second for each user
    #[arg(long, env = "CORE_SENDS_PER_SECOND", default_value = "20", value_name = "N")]
    pub sends_per_second: NonZeroU32,
    /// Messages that a user may send at once before that
    #[arg(long, env = "CORE_SEND_BURST", default_value = "60", value_name = "N")]
    pub send_burst: NonZeroU32,
    /// Other calls a second for each session
    #[arg(long, env = "CORE_CALLS_PER_SECOND", default_value = "50", value_name = "N")]
    pub calls_per_second: NonZeroU32,
    /// Failed log-ins in 15 minutes for each account and address
    #[arg(long, env = "CORE_FAILED_LOGINS_PER_ACCOUNT", default_value = "10", value_name = "N")]
    pub failed_logins_per_account: NonZeroU32,
    /// Failed log-ins in 15 minutes for each address
    #[arg(long, env = "CORE_FAILED_LOGINS_PER_ADDRESS", default_value = "50", value_name = "N")]
    pub failed_logins_per_address: NonZeroU32,
    /// Sign-ups an hour for each address
    #[arg(long, env = "CORE_SIGN_UPS_PER_ADDRESS", default_value = "20", value_name = "N")]
    pub sign_ups_per_address: NonZeroU32,
}

/// Sizes of files.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct FileLimits {
    /// Bytes of a file inline in a message, at most 5 MiB: a packet that holds it must stay below 8 MiB
    #[arg(long = "max-inline-file-bytes", env = "CORE_MAX_INLINE_FILE_BYTES", default_value_t = 5 << 20, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=5 << 20))]
    pub max_inline_bytes: i64,
    /// Bytes of a file by upload
    #[arg(long, env = "CORE_MAX_UPLOAD_BYTES", default_value_t = 25 << 20, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    pub max_upload_bytes: i64,
}

/// What the binary does besides serving.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Copies the database to a new file, also while the service runs
    Backup {
        /// The file to write
        file: PathBuf,
    },
    /// Makes a backup the database of an empty data directory, and begins a new epoch
    Restore {
        /// The file to read
        file: PathBuf,
    },
    /// Fills an empty database with demo users and rooms, also while the service runs
    Demo,
    /// Asks the service that runs beside it, on --admin-listen, whether it is ready
    Healthcheck,
    /// Manages the accounts of internal services, also while the service runs
    #[command(subcommand)]
    Token(TokenCommand),
}

/// What is done with the accounts of internal services.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum TokenCommand {
    /// Makes an account and prints its token, this once
    Create {
        /// What it is called
        #[arg(long)]
        name: AccountName,
        /// What it may do: messages:write (on behalf of users), rooms:watch (any)
        #[arg(long = "scope", required = true, value_delimiter = ',')]
        scopes: Vec<Scope>,
    },
    /// Revokes the token of an account
    Revoke {
        /// What it is called
        #[arg(long)]
        name: AccountName,
    },
    /// Lists the accounts, with what they may do and when they were last used
    List,
}

/// A place to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// An address and port; port 0 takes a free one.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// The URL of a bucket.
fn bucket(text: &str) -> Result<Url, String> {
    match text.parse::<Url>() {
        Ok(url) if url.scheme() == "s3" && url.has_host() => Ok(url),
        _ => Err("not a URL such as s3://bucket/prefix".to_owned()),
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("unix:") {
            Some("") => Err("unix: needs a path".to_owned()),
            Some(path) => Ok(Self::Unix(path.into())),
            None => text.parse().map(Self::Tcp).map_err(|_| "neither HOST:PORT nor unix:PATH".to_owned()),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(formatter),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}

impl AsRef<CommonArgs> for Config {
    fn as_ref(&self) -> &CommonArgs {
        &self.common
    }
}

#[cfg(test)]
impl Default for Rates {
    fn default() -> Self {
        let config = <Config as clap::Parser>::parse_from(["core-service"]);
        config.rates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets() {
        assert!(bucket("s3://files/of/chat").is_ok());
        for bad in ["", "s3:", "s3:///x", "file:///tmp", "files"] {
            assert!(bucket(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn listen_addresses() {
        assert_eq!("127.0.0.1:0".parse(), Ok(ListenAddress::Tcp(([127, 0, 0, 1], 0).into())));
        assert_eq!("unix:/run/x".parse(), Ok(ListenAddress::Unix("/run/x".into())));
        for bad in ["", "unix:", "localhost", "127.0.0.1", ":50051"] {
            assert!(bad.parse::<ListenAddress>().is_err(), "{bad}");
        }
    }
}
