//! The images that training never sees, and the denoising error on them.

use super::TrainConfig;
use super::data::TrainError;
use super::evaluate::{HeldOut, evaluate, levels_within};
use super::volumes::Volumes;
use crate::progress::Progress;
use crate::score::{Model, ValidationCard};

/// Images of the curves' validation, and their side.
const QUICK: [usize; 2] = [8, 160];

/// The validation split: of the user's volumes where there are any kept back, else of phantoms.
pub(super) struct Validation {
    volumes: Option<Volumes>,
    quick: HeldOut,
    /// What volumes there are, if there are any.
    pub(super) volume_words: Option<String>,
    range: [f64; 2],
}

impl Validation {
    /// That of a run.
    pub(super) fn of(config: &TrainConfig) -> Result<Self, TrainError> {
        let volumes = Volumes::open(config)?;
        let volume_words = volumes.as_ref().map(Volumes::words);
        let volumes = volumes.filter(Volumes::keeps_some);
        let [count, side] = QUICK;
        let quick = match &volumes {
            Some(volumes) => HeldOut::of(volumes.held_out(count, side)?),
            None => HeldOut::new(config.family, count, side),
        };
        let range = config.sigma_range;
        Ok(Validation {
            volumes,
            quick,
            volume_words,
            range,
        })
    }

    /// Noise deviations of [`errors`](Self::errors).
    pub(super) fn sigmas(&self) -> Vec<f64> {
        levels_within(self.range)
    }

    /// Denoising error over σ² at each of them, on a few images.
    pub(super) fn errors(&self, model: &Model) -> Result<Vec<f64>, TrainError> {
        let levels = evaluate(model, self.range, &self.quick, &Progress::Silent);
        let levels = levels.map_err(|e| TrainError::Config(format!("validation: {e}")))?;
        Ok(levels.iter().map(|l| l.relative_error).collect())
    }

    /// What the card says of the volumes kept back, by so many images of that side; nothing where there
    /// are none.
    pub(super) fn card(
        &self,
        model: &Model,
        [count, side]: [usize; 2],
        progress: &Progress,
    ) -> Result<Option<ValidationCard>, TrainError> {
        let Some(volumes) = &self.volumes else {
            return Ok(None);
        };
        let held_out = HeldOut::of(volumes.held_out(count, side)?);
        let levels = evaluate(model, self.range, &held_out, progress);
        let levels = levels.map_err(|e| TrainError::Config(format!("validation: {e}")))?;
        Ok(Some(ValidationCard {
            images: format!("{count} sections: {}", volumes.words()),
            errors: levels.iter().map(|l| [l.sigma, l.relative_error]).collect(),
        }))
    }
}
