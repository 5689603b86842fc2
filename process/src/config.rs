//! Configuration in layers: a TOML file below the environment below the flags. The file's keys are the flags' names
//! without the dashes in front, so that there is one list of settings: `--help`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::builder::OsStr;
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};

use crate::StartError;
use crate::logging::LogFormat;

/// The settings that both processes have.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CommonArgs {
    /// Settings from a TOML file: the names of these flags, below environment and flags
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The shape of log lines
    #[arg(long, env = "CHAT_LOG_FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,
    /// Where the token is that the gateway shows to the core; `CHAT_SERVICE_TOKEN` holds the token itself
    #[arg(long, value_name = "FILE", env = "CHAT_SERVICE_TOKEN_FILE")]
    pub service_token_file: Option<PathBuf>,
    /// Turns every rate limit off, for load tests on a closed machine
    #[arg(long, env = "CHAT_NO_RATE_LIMITS")]
    pub no_rate_limits: bool,
}

/// Reads the whole configuration, the first of `args` being the program's name. `--help` and `--version` print and
/// exit. Errors: [`StartError::Usage`], one line.
pub fn load<C: CommandFactory + FromArgMatches>(args: impl IntoIterator<Item = OsString>) -> Result<C, StartError> {
    let args: Vec<OsString> = args.into_iter().collect();
    let mut command = C::command();
    if let Some(path) = config_file(&args) {
        command = with_file(command, &path)?;
    }
    let parsed = command.try_get_matches_from(args).and_then(|matches| C::from_arg_matches(&matches));
    parsed.map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => error.exit(),
        _ => StartError::Usage(first_line(&error)),
    })
}

/// The value of `--config`, which has to be known before the rest can be parsed.
fn config_file(args: &[OsString]) -> Option<PathBuf> {
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let text = arg.to_string_lossy();
        if text == "--config" {
            return args.next().map(PathBuf::from);
        }
        if let Some(path) = text.strip_prefix("--config=") {
            return Some(PathBuf::from(path));
        }
    }
    None
}

/// Makes the file's values the defaults, which environment and flags override.
fn with_file(command: clap::Command, path: &Path) -> Result<clap::Command, StartError> {
    let usage = |problem: String| StartError::Usage(format!("{}: {problem}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| usage(error.to_string()))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| usage(error.message().to_owned()))?;
    table.into_iter().try_fold(command, |command, (key, value)| {
        let known = command.get_arguments().find(|arg| arg.get_long() == Some(&key) && key != "config");
        let Some(id) = known.map(|arg| arg.get_id().clone()) else {
            return Err(usage(format!("unknown setting '{key}'")));
        };
        let values = plain(value).ok_or_else(|| usage(format!("'{key}' must be a string, number, boolean or list")))?;
        Ok(command.mut_arg(id, |arg| arg.default_values(values)))
    })
}

/// A TOML value as flags would spell it.
fn plain(value: toml::Value) -> Option<Vec<OsStr>> {
    match value {
        toml::Value::String(text) => Some(vec![text.into()]),
        toml::Value::Integer(number) => Some(vec![number.to_string().into()]),
        toml::Value::Float(number) => Some(vec![number.to_string().into()]),
        toml::Value::Boolean(flag) => Some(vec![flag.to_string().into()]),
        toml::Value::Array(items) => {
            items.into_iter().map(plain).try_fold(vec![], |all, item| Some([all, item?].concat()))
        }
        toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

fn first_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, clap::Parser)]
    #[command(name = "sample")]
    struct Sample {
        #[arg(long, default_value_t = 1)]
        size: u32,
        #[arg(long)]
        fast: bool,
        #[arg(long, value_delimiter = ',')]
        names: Vec<String>,
        #[command(flatten)]
        common: CommonArgs,
    }

    fn load_with(file: &str, flags: &[&str]) -> Result<Sample, StartError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("settings.toml");
        fs::write(&path, file).unwrap();
        let args = ["sample", "--config", path.to_str().unwrap()];
        load(args.iter().chain(flags).map(OsString::from))
    }

    #[test]
    fn the_file_overrides_defaults_and_flags_override_the_file() {
        let sample = load_with("size = 2\nfast = true\nnames = ['a', 'b']\nlog-format = 'json'", &[]).unwrap();
        assert_eq!((sample.size, sample.fast), (2, true));
        assert_eq!(sample.names, ["a", "b"]);
        assert_eq!(sample.common.log_format, LogFormat::Json);
        assert_eq!(load_with("size = 2", &["--size", "3"]).unwrap().size, 3);
    }

    #[test]
    fn mistakes_are_told_in_one_line() {
        for (file, flags, part) in [
            ("sise = 2", &[][..], "unknown setting 'sise'"),
            ("size = 'x'", &[], "'x'"),
            ("size = {}", &[], "'size' must be"),
            ("size = ", &[], "settings.toml"),
            ("config = 'other.toml'", &[], "unknown setting 'config'"),
            ("", &["--sise"], "--sise"),
        ] {
            let error = load_with(file, flags).unwrap_err();
            let StartError::Usage(line) = &error else { panic!("{error:?}") };
            assert!(line.contains(part) && !line.contains('\n'), "{line:?} lacks {part:?}");
        }
    }
}
