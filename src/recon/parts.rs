//! Finished parts of a run that may be interrupted: what `--resume` goes on from.

use super::report::Input;
use super::trials::Trial;
use super::{Plan, ReconError};
use crate::io::{IoError, atomic, npy};
use ndarray::Array2;
use operators::{Array, Vector};
use std::ops::Range;
use std::path::PathBuf;

/// The file of the trials of a texture.
const TRIALS: &str = "texture.json";

/// The trials of a texture and the samples of each finished slice, in `.parts` of the output folder; gone when the run is done.
pub(super) struct Parts {
    folder: PathBuf,
    key: String,
    /// Whether parts of an earlier run are used.
    resume: bool,
}

/// What is kept of a sample.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// The image.
    Image,
    /// The coefficients of what is unknown beside it.
    Nuisance,
}

impl Parts {
    /// Of this plan. Parts of another one (input, protocol, seed, threads, prior, version) are
    /// refused with `--resume` and discarded without.
    pub(super) fn open(
        plan: &Plan,
        inputs: &[Input],
        range: &Range<usize>,
    ) -> Result<Self, ReconError> {
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
        let inputs: Vec<&str> = inputs.iter().map(|i| i.sha256.as_str()).collect();
        let inputs = inputs.join(" ");
        // Slices that are drawn together depend on each other.
        let together = match plan.draws_volumes() {
            true => format!("slices {range:?} "),
            false => String::new(),
        };
        let key = format!(
            "{inputs}\n{together}{}\n{:?}\nseed {} threads {} batch {batch} device {:?} prior {prior} \
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

    fn path(&self, slice: usize, part: Part) -> PathBuf {
        let beside = match part {
            Part::Image => "",
            Part::Nuisance => "-nuisance",
        };
        self.folder.join(format!("slice-{slice:05}{beside}.npy"))
    }

    /// The samples of a slice that an earlier run finished, shaped like `blank` but for the batch.
    pub(super) fn load<T: Array>(&self, slice: usize, part: Part, blank: &T) -> Option<T> {
        if !self.resume {
            return None;
        }
        // A part that cannot be read is drawn again.
        let reals: Array2<f32> = ndarray_npy::read_npy(self.path(slice, part)).ok()?;
        let mut sizes = blank.sizes();
        (sizes[0], _) = reals.dim();
        let fits = reals.dim().1 == Vector::reals(blank);
        let wide: Vec<f64> = reals.iter().map(|v| f64::from(*v)).collect();
        fits.then(|| T::from_reals(&blank.device(), &sizes, blank.field(), &wide))
    }

    /// Keeps the samples of a slice.
    pub(super) fn save<T: Array>(
        &self,
        slice: usize,
        part: Part,
        samples: &T,
    ) -> Result<(), ReconError> {
        let reals = samples.to_reals().iter().map(|v| *v as f32).collect();
        let shape = (samples.batch(), Vector::reals(samples));
        let Ok(table) = Array2::from_shape_vec(shape, reals) else {
            return Ok(());
        };
        self.keep_key()?;
        npy::write(&self.path(slice, part), &table, true)?;
        Ok(())
    }

    /// The trials of a texture that an earlier run made; what cannot be read is made again.
    pub(super) fn trials(&self) -> Vec<Trial> {
        let path = self.folder.join(TRIALS);
        let kept = || serde_json::from_slice(&std::fs::read(path).ok()?).ok();
        self.resume.then(kept).flatten().unwrap_or_default()
    }

    /// Keeps them.
    pub(super) fn save_trials(&self, trials: &[Trial]) -> Result<(), ReconError> {
        self.keep_key()?;
        let text = serde_json::to_vec(trials).expect("numbers have a text");
        atomic::write(&self.folder.join(TRIALS), &text, true)?;
        Ok(())
    }

    /// Parts without the key of their run are never used.
    fn keep_key(&self) -> Result<(), ReconError> {
        std::fs::create_dir_all(&self.folder).map_err(|e| IoError::writing(&self.folder, &e))?;
        atomic::write(&self.folder.join("key"), self.key.as_bytes(), true)?;
        Ok(())
    }

    /// Removes them all: the results are written.
    pub(super) fn discard(self) {
        // What is left is a hidden folder that the next run clears.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
