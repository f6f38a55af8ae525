//! What changes from step to step: learning rate, average, crops, drawings; and what is due.

use super::TrainConfig;
use serde::{Deserialize, Serialize};

/// How the learning rate falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Half a cosine to zero over the whole run: its length must be known beforehand.
    Cosine,
    /// Constant, and linear to zero in the last 15 %: until then a run may be made longer or shorter.
    Constant,
}

/// Share of the run after which crops are larger and a constant rate falls.
const LATE: f64 = 0.85;

impl TrainConfig {
    /// Optimiser steps of the whole run.
    pub fn steps(&self) -> usize {
        self.images.div_ceil(self.batch)
    }

    /// Learning rate at a step: a linear warm-up, then the schedule.
    pub fn rate(&self, step: usize) -> f64 {
        let t = step as f64 / self.steps() as f64;
        let warm = ((step + 1) * self.batch) as f64 / self.warmup_images.max(1) as f64;
        let falling = match self.schedule {
            Schedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * t).cos()),
            Schedule::Constant => ((1.0 - t) / (1.0 - LATE)).min(1.0),
        };
        self.learning_rate * warm.min(1.0) * falling
    }

    /// Decay of the moving average at a step: `½^(batch / half-life)`, less in the first steps, so that
    /// a short run is not held back by its first weights.
    pub fn ema_decay(&self, step: usize) -> f64 {
        let decay = 0.5f64.powf(self.batch as f64 / self.ema_half_life_images);
        decay.min((1.0 + step as f64) / (10.0 + step as f64))
    }

    /// Whether something that is done every so many crops is due after a step.
    pub fn is_due(&self, every: usize, step: usize) -> bool {
        let passed = |steps: usize| (steps * self.batch).checked_div(every);
        passed(step + 1) != passed(step)
    }

    /// Whether a run of `made` can go on as this one: the same images and network. Its steps stay, at the rate
    /// that they had.
    pub fn goes_on_from(&self, made: &TrainConfig) -> bool {
        TrainConfig {
            images: self.images,
            learning_rate: self.learning_rate,
            schedule: self.schedule,
            warmup_images: self.warmup_images,
            volume_origin: self.volume_origin.clone(),
            checkpoint_seconds: self.checkpoint_seconds,
            curve_images: self.curve_images,
            validation_images: self.validation_images,
            sample_images: self.sample_images,
            card_images: self.card_images,
            ..made.clone()
        } == *self
    }

    /// Whether the first `step` steps of a run of `made` had another rate or other crops than this run would
    /// have given them, and there are more to come.
    pub fn changes_rate_after(&self, made: &TrainConfig, step: usize) -> bool {
        let differs = |s: usize| made.rate(s) != self.rate(s) || made.crop_at(s) != self.crop_at(s);
        0 < step && step < self.steps() && (0..step).any(differs)
    }

    /// How often all images have been drawn anew before a step.
    pub fn drawing_at(&self, step: usize) -> usize {
        (step * self.batch)
            .checked_div(self.redraw_images)
            .unwrap_or(0)
    }

    /// Side of the crops at a step.
    pub fn crop_at(&self, step: usize) -> usize {
        if (step as f64) < LATE * self.steps() as f64 {
            self.crop
        } else {
            self.late_crop
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_warms_up_holds_and_falls() {
        let config = TrainConfig {
            images: 8000,
            warmup_images: 800,
            schedule: Schedule::Constant,
            learning_rate: 2.0,
            ..TrainConfig::default()
        };
        let near = |step: usize, rate: f64| {
            assert!(
                (config.rate(step) - rate).abs() < 1e-9,
                "{step}: {}",
                config.rate(step)
            );
        };
        near(49, 1.0);
        near(99, 2.0);
        near(849, 2.0);
        near(925, 1.0);
        near(1000, 0.0);
        let cosine = TrainConfig {
            schedule: Schedule::Cosine,
            ..config.clone()
        };
        assert!((cosine.rate(500) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_average_halves_in_its_half_life() {
        let config = TrainConfig {
            batch: 4,
            ema_half_life_images: 400.0,
            ..TrainConfig::default()
        };
        assert!((config.ema_decay(10_000).powi(100) - 0.5).abs() < 1e-9);
        assert_eq!(config.ema_decay(0), 0.1);
    }

    #[test]
    fn what_is_due_comes_once_in_its_interval() {
        let config = TrainConfig {
            batch: 4,
            ..TrainConfig::default()
        };
        let due: Vec<usize> = (0..10).filter(|&s| config.is_due(10, s)).collect();
        // After 12, 20, 32 and 40 crops.
        assert_eq!(due, [2, 4, 7, 9]);
        assert!((0..10).all(|s| !config.is_due(0, s)));
    }
}
