//! What finished checks found, kept beside the report until it is whole, for `--resume`.

use super::error::ValidateError;
use super::evidence::Evidence;
use super::run::Options;
use crate::io::{IoError, atomic};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The folder of the parts.
pub(super) struct Parts {
    folder: PathBuf,
    key: String,
}

/// What a check found, and under which circumstances.
#[derive(Serialize, Deserialize)]
struct Part {
    key: String,
    seconds: f64,
    evidence: Evidence,
}

impl Parts {
    /// Opens the folder; what another version, extent or seed left there is not used.
    pub fn open(options: &Options) -> Result<Self, ValidateError> {
        let folder = options.output.join(".parts");
        std::fs::create_dir_all(&folder).map_err(|cause| ValidateError::Folder {
            folder: folder.clone(),
            cause,
        })?;
        let program = std::env::current_exe().and_then(std::fs::metadata);
        let built = program.and_then(|m| m.modified()).ok();
        let key = format!(
            "{} {built:?} {:?} {} {}",
            env!("CARGO_PKG_VERSION"),
            options.extent,
            options.seed,
            options.threads
        );
        Ok(Parts { folder, key })
    }

    /// What an earlier run found of a check, and how long it took.
    pub fn load(&self, check: &str) -> Option<(Evidence, f64)> {
        let bytes = std::fs::read(self.path(check)).ok()?;
        let part: Part = serde_json::from_slice(&bytes).ok()?;
        (part.key == self.key).then_some((part.evidence, part.seconds))
    }

    /// Keeps what a check found.
    pub fn save(
        &self,
        check: &str,
        evidence: &Evidence,
        seconds: f64,
    ) -> Result<(), ValidateError> {
        let part = Part {
            key: self.key.clone(),
            seconds,
            evidence: evidence.clone(),
        };
        let path = self.path(check);
        let bytes = serde_json::to_vec(&part)
            .map_err(|e| IoError::new(&path, "evidence to write", e, "this is a mistake"))?;
        Ok(atomic::write(&path, &bytes, true)?)
    }

    /// Removes them: the report is whole.
    pub fn discard(self) {
        // What stays is not harmful.
        let _ = std::fs::remove_dir_all(&self.folder);
    }

    fn path(&self, check: &str) -> PathBuf {
        self.folder.join(format!("{check}.json"))
    }
}
