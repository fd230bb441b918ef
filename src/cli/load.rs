//! The configuration for a command, or every problem of it and of its rules at once.

use std::path::{Path, PathBuf};

use super::Failure;
use crate::config::{self, Config, ConfigError};
use crate::rules;

/// What is used where neither an option nor `REFEED_CONFIG` names a file, by the commands that need one.
pub(super) const DEFAULT: &str = "refeed.toml";

/// The help of `--config`, the same for all commands.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ConfigArg {
    /// The configuration [default: the file that REFEED_CONFIG names]
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) config: Option<PathBuf>,
}

impl ConfigArg {
    /// The file that is meant, if any.
    pub(super) fn path(self) -> Option<PathBuf> {
        config::path(self.config)
    }

    /// The file that is meant, `refeed.toml` in the working directory where none is named.
    pub(super) fn path_or_default(self) -> PathBuf {
        self.path().unwrap_or_else(|| PathBuf::from(DEFAULT))
    }
}

/// Reads `path` and checks all of it, the rules too.
pub(super) fn load(path: &Path) -> Result<Config, Failure> {
    Config::load(path, rules::check).map_err(|error| match error {
        ConfigError::Read { .. } if path == Path::new(DEFAULT) => {
            Failure::Usage(format!("{error}; name the configuration with --config FILE"))
        }
        error => error.into(),
    })
}
