//! The other engine: OpenCC's own library, through the crate opencc-rust (cargo feature `libopencc`).
//!
//! Slower, one conversion at a time in the whole process, and it needs OpenCC's configuration and dictionary files at
//! run time. It is the oracle of the parity tests, and `engine = "opencc"` in the config.

use super::convert::Engine;
use super::{Config, Converter, Match, spans};
use std::sync::Arc;
use std::{fmt, path::Path};

/// Why the library gave no result.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// The configuration's files are missing or broken: the operator is to blame.
    #[error("OpenCC cannot open its configuration {config}: {cause}")]
    Open {
        /// The file that was to be opened.
        config: String,
        /// What the library says.
        cause: opencc_rust::OpenCCError,
    },
    /// The text holds a NUL, which the library cannot take; or the library failed.
    #[error("OpenCC cannot convert this text: {0}")]
    Convert(opencc_rust::OpenCCError),
}

/// One configuration, opened by the library. `Send` and `Sync`; the library locks.
pub struct Library {
    config: Config,
    converter: opencc_rust::OpenCC,
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Library").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Library {
    /// Opens `config` with the files in `folder`, or with those installed with the library.
    pub fn open(config: Config, folder: Option<&Path>) -> Result<Self, LibraryError> {
        let file = format!("{config}.json");
        let path = folder.map_or_else(|| file.clone().into(), |folder| folder.join(&file));
        let converter = opencc_rust::OpenCC::new(&path)
            .map_err(|cause| LibraryError::Open { config: path.display().to_string(), cause })?;
        Ok(Self { config, converter })
    }

    /// A converter that asks the library.
    pub fn into_converter(self) -> Converter {
        Converter::by(self.config, Arc::new(self))
    }

    /// What the library makes of `text`.
    pub fn convert(&self, text: &str) -> Result<String, LibraryError> {
        self.converter.convert(text).map_err(LibraryError::Convert)
    }
}

impl Engine for Library {
    /// The library does not say which bytes became which: characters are paired where both sides have equally many, else the
    /// stretch between the first and the last difference is one match. A text it cannot take (NUL) goes to refeed's own engine.
    fn convert(&self, text: &str, matches: Option<&mut Vec<Match>>) -> Option<String> {
        let Ok(converted) = Library::convert(self, text) else { return Engine::convert(&self.config, text, matches) };
        if converted == text {
            return None;
        }
        if let Some(matches) = matches {
            spans::pair(text, &converted, matches);
        }
        Some(converted)
    }
}
