//! What a check works with.

use super::suite::Extent;
use super::toolkit::Toolkit;
use crate::progress::Progress;
use std::path::{Path, PathBuf};

/// The toolkit under examination, and the circumstances.
pub(super) struct Bench<'a> {
    /// What is examined.
    pub toolkit: &'a dyn Toolkit,
    /// How much is measured.
    pub extent: Extent,
    /// Seed of everything.
    pub seed: u64,
    /// Threads of operators and network.
    pub threads: usize,
    /// Where the progress of a long stage goes.
    pub progress: Progress,
    /// A folder for files that are needed meanwhile.
    pub scratch: &'a Path,
    /// Whether the user wants to stop.
    pub interrupted: &'a dyn Fn() -> bool,
}

impl Bench<'_> {
    /// A file of the scratch folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }
}
