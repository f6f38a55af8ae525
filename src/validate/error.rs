//! Why there is no report.

use crate::io::IoError;
use std::path::PathBuf;

/// Why validation stopped. A check that fails or cannot be run is no error but a closed gate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValidateError {
    /// A file of the report.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The output folder.
    #[error("output folder {}: {cause}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// No check of that name.
    #[error("--check {asked}: no such check; there are: {known}")]
    Unknown {
        /// What was asked for.
        asked: String,
        /// Every check of the suite.
        known: String,
    },
    /// Ctrl-C.
    #[error("interrupted in check `{check}`; --resume goes on from there")]
    Interrupted {
        /// The check that was running.
        check: &'static str,
    },
}

/// What a check may fail of.
pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;
