//! What finished checks found, kept beside the report until it is whole, for `--resume`.

use super::error::ValidateError;
use super::evidence::Evidence;
use super::report::{device, machine};
use super::run::Options;
use crate::io::{IoError, atomic, sha256};
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
        let key = format!(
            "{} {} {:?} {} {} {} {}",
            env!("CARGO_PKG_VERSION"),
            program(),
            options.extent,
            options.seed,
            options.threads,
            machine(),
            device()
        );
        Ok(Parts { folder, key })
    }

    /// Whether an earlier run left any.
    pub fn begun(&self) -> bool {
        std::fs::read_dir(&self.folder).is_ok_and(|mut there| there.next().is_some())
    }

    /// What an earlier run found of a check, and how long it took.
    pub fn load(&self, check: &str) -> Option<(Evidence, f64)> {
        let bytes = std::fs::read(self.path(check)).ok()?;
        let part: Part = serde_json::from_slice(&bytes).ok()?;
        if part.key != self.key {
            eprintln!(
                "{check}: measured again, since another program, machine, --quick, --seed or \
                 --threads measured it before"
            );
            return None;
        }
        Some((part.evidence, part.seconds))
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

/// A hash of the program: the same version can be built twice.
fn program() -> String {
    let hash = std::env::current_exe()
        .ok()
        .and_then(|path| sha256(&path).ok());
    hash.unwrap_or_else(|| "unknown".into())
}
