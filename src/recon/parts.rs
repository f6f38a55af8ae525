//! Finished slices of a run that may be interrupted: what `--resume` goes on from.

use super::{Plan, ReconError};
use crate::io::{IoError, atomic, npy};
use ndarray::{Array2, Array3, Axis};
use num_complex::Complex32;
use std::path::PathBuf;

/// The samples of each finished slice, in `.parts` of the output folder; gone when the run is done.
pub(super) struct Parts {
    folder: PathBuf,
    key: String,
    /// Whether parts of an earlier run are used.
    resume: bool,
}

impl Parts {
    /// Of this plan. Parts of another one (input, protocol, seed, threads, prior, version) are
    /// refused with `--resume` and discarded without.
    pub(super) fn open(plan: &Plan, input_sha256: &str) -> Result<Self, ReconError> {
        let folder = plan.options.output.join(".parts");
        let o = &plan.options;
        let prior = plan
            .prior
            .as_ref()
            .map_or("none", |p| p.card.weights_sha256.as_str());
        // libtorch's own transforms may round differently in another batch.
        let batch = if plan.device == tch::Device::Cpu {
            0
        } else {
            o.batch
        };
        let key = format!(
            "{input_sha256}\n{}\n{:?}\nseed {} threads {} batch {batch} device {:?} prior {prior} \
             version {}\n",
            plan.protocol.to_json()?,
            plan.method,
            o.seed,
            o.threads,
            plan.device,
            env!("CARGO_PKG_VERSION")
        );
        let path = folder.join("key");
        let found = std::fs::read_to_string(&path).ok();
        if o.resume && found.as_ref().is_some_and(|found| *found != key) {
            return Err(ReconError::Request(format!(
                "--resume: the parts in {} are of another input, protocol, seed, prior or number \
                 of threads: run the same command, or without --resume",
                folder.display()
            )));
        }
        let resume = o.resume && found.is_some();
        if !resume && folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(|e| IoError::writing(&folder, &e))?;
        }
        Ok(Parts {
            folder,
            key,
            resume,
        })
    }

    fn path(&self, slice: usize) -> PathBuf {
        self.folder.join(format!("slice-{slice:05}.npy"))
    }

    /// The samples of a slice that an earlier run finished.
    pub(super) fn load(&self, slice: usize) -> Option<Vec<Array2<Complex32>>> {
        if !self.resume {
            return None;
        }
        // A part that cannot be read is drawn again.
        let samples: Array3<Complex32> = ndarray_npy::read_npy(self.path(slice)).ok()?;
        Some(samples.outer_iter().map(|s| s.to_owned()).collect())
    }

    /// Keeps the samples of a slice.
    pub(super) fn save(
        &self,
        slice: usize,
        samples: &[Array2<Complex32>],
    ) -> Result<(), ReconError> {
        let views: Vec<_> = samples.iter().map(|s| s.view()).collect();
        if let Ok(volume) = ndarray::stack(Axis(0), &views) {
            std::fs::create_dir_all(&self.folder)
                .map_err(|e| IoError::writing(&self.folder, &e))?;
            atomic::write(&self.folder.join("key"), self.key.as_bytes(), true)?;
            npy::write(&self.path(slice), &volume, true)?;
        }
        Ok(())
    }

    /// Removes them all: the results are written.
    pub(super) fn discard(self) {
        // What is left is a hidden folder that the next run clears.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
