//! What a training run is: one TOML file, every key with its default.

use super::Schedule;
use crate::score::Card;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A training run. A checkpoint holds it too: a run resumes with the same one, or one of other
/// `images` or another rate (`learning_rate`, `warmup_images`, `schedule`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// Name on the model card.
    pub name: String,
    /// What the images are of: `brain-mr` (complex), `mr-magnitude` or `head-ct` (HU).
    pub family: Family,
    /// Training images made before the first step.
    pub slices: usize,
    /// Their side in pixels.
    pub size: usize,
    /// Smallest and largest pixel of the images of `head-ct`.
    pub pixel_mm: [f64; 2],
    /// Folder of anatomical label maps (NIfTI) to draw part of the images from.
    pub labels: Option<PathBuf>,
    /// Share of the images that come from label maps, where there are any.
    pub label_share: f64,
    /// Share of the procedural images and of those from label maps that have rich textures: networks,
    /// fibres, lobules, fine noise.
    pub rich_texture: f64,
    /// The user's own volumes: DICOM series, NIfTI, HDF5 and npy files, and folders of them.
    pub volumes: Vec<PathBuf>,
    /// Share of the images that come from volumes, where there are any.
    pub volume_share: f64,
    /// What the volumes are and under which licence, in words, for the model card.
    pub volume_origin: String,
    /// Share of the volumes that is kept for validation, at least one (of a single volume, slices).
    pub validation_share: f64,
    /// Crops after which all images are drawn anew, others of the same family; 0 for never.
    pub redraw_images: usize,
    /// Seed of images, crops and noise.
    pub seed: u64,
    /// Channels of each resolution, finest first.
    pub channels: Vec<usize>,
    /// Residual blocks of each resolution.
    pub blocks: Vec<usize>,
    /// Whether what a block sees is bounded: without, a few crops grow from block to block.
    pub bounded: bool,
    /// Crops to train on.
    pub images: usize,
    /// Crops a step.
    pub batch: usize,
    /// Side of a crop in pixels.
    pub crop: usize,
    /// Side of a crop in the last 15 % of the run.
    pub late_crop: usize,
    /// Peak learning rate of Adam.
    pub learning_rate: f64,
    /// Crops over which the learning rate rises to its peak.
    pub warmup_images: usize,
    /// How the learning rate falls after the warm-up.
    pub schedule: Schedule,
    /// Half-life of the moving average of the weights, in crops.
    pub ema_half_life_images: f64,
    /// Largest norm of the gradient.
    pub gradient_clip: f64,
    /// Median noise deviation of training, per real component.
    pub sigma_median: f64,
    /// Deviation of ln σ.
    pub sigma_spread: f64,
    /// Smallest and largest noise deviation.
    pub sigma_range: [f64; 2],
    /// Arithmetic of the convolutions: `f32`, `bf16` or `auto` (weights and moments stay f32).
    pub precision: Precision,
    /// Seconds between checkpoints.
    pub checkpoint_seconds: f64,
    /// Crops between two lines of the curves; 0 for none.
    pub curve_images: usize,
    /// Crops between two measurements of the denoising error on validation images; 0 for none.
    pub validation_images: usize,
    /// Crops between two sheets of samples; 0 for none.
    pub sample_images: usize,
    /// Held-out images on which the denoising error of the card is measured at the end.
    pub card_images: usize,
}

/// What the images of a prior are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Complex MR images of the brain and of much that is no anatomy.
    BrainMr,
    /// CT of the head in HU.
    HeadCt,
    /// Magnitude MR images.
    MrMagnitude,
}

impl Family {
    /// That of a prior's images: their channels and their unit.
    pub fn of(card: &Card) -> Self {
        match (card.channels, card.unit_hu) {
            (2, _) => Family::BrainMr,
            (_, Some(_)) => Family::HeadCt,
            (_, None) => Family::MrMagnitude,
        }
    }

    /// Channels of an image.
    pub fn channels(self) -> usize {
        match self {
            Family::BrainMr => 2,
            Family::HeadCt | Family::MrMagnitude => 1,
        }
    }

    /// Knee of the companded second input: tissues differ by 10 HU beside bone of 1500.
    pub(super) fn compand(self) -> Option<f64> {
        match self {
            Family::BrainMr | Family::MrMagnitude => None,
            Family::HeadCt => Some(0.06),
        }
    }

    /// One unit of the images in HU.
    pub fn unit_hu(self) -> Option<f64> {
        match self {
            Family::BrainMr | Family::MrMagnitude => None,
            Family::HeadCt => Some(1000.0),
        }
    }
}

/// Arithmetic of the convolutions in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// bfloat16 on CUDA, single precision on the CPU.
    Auto,
    /// Single precision.
    F32,
    /// bfloat16: faster where the processor has it.
    Bf16,
}

impl Default for TrainConfig {
    fn default() -> Self {
        TrainConfig {
            name: "local".into(),
            family: Family::BrainMr,
            slices: 3000,
            size: 200,
            pixel_mm: [0.9, 1.4],
            labels: None,
            label_share: 0.6,
            rich_texture: 0.0,
            volumes: Vec::new(),
            volume_share: 0.5,
            volume_origin: String::new(),
            validation_share: 0.1,
            redraw_images: 0,
            seed: 1,
            channels: vec![24, 48, 96],
            blocks: vec![1, 2, 3],
            bounded: true,
            images: 150_000,
            batch: 8,
            crop: 64,
            late_crop: 96,
            learning_rate: 1e-3,
            warmup_images: 800,
            schedule: Schedule::Cosine,
            ema_half_life_images: 11_000.0,
            gradient_clip: 1.0,
            sigma_median: 0.12,
            sigma_spread: 1.4,
            sigma_range: [0.003, 4.0],
            precision: Precision::Auto,
            checkpoint_seconds: 60.0,
            curve_images: 800,
            validation_images: 20_000,
            sample_images: 50_000,
            card_images: 24,
        }
    }
}

impl TrainConfig {
    /// Everything that makes the run impossible, one line each.
    pub fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut expect = |sound: bool, message: &str| {
            if !sound {
                found.push(message.to_owned());
            }
        };
        let cell = 1 << self.channels.len().saturating_sub(1);
        expect(
            self.slices > 0 && self.card_images > 0,
            "slices, card_images: expected at least 1",
        );
        expect(
            self.images > 0 && self.batch > 0,
            "images, batch: expected at least 1",
        );
        expect(
            self.size >= self.late_crop.max(self.crop),
            "size: smaller than a crop",
        );
        expect(self.crop >= 16, "crop: expected at least 16 pixels");
        expect(
            self.crop.is_multiple_of(cell) && self.late_crop.is_multiple_of(cell),
            "crop, late_crop: expected a multiple of 2^(resolutions - 1)",
        );
        expect(
            !self.channels.is_empty() && self.channels.len() == self.blocks.len(),
            "channels, blocks: expected as many of one as of the other",
        );
        expect(
            !self.channels.contains(&0),
            "channels: expected positive numbers",
        );
        expect(
            (0.0..=1.0).contains(&self.label_share),
            "label_share: expected 0 to 1",
        );
        expect(
            self.learning_rate > 0.0,
            "learning_rate: expected a positive number",
        );
        expect(
            self.ema_half_life_images > 0.0,
            "ema_half_life_images: expected a positive number",
        );
        expect(
            (0.0..=1.0).contains(&self.volume_share) && (0.0..=1.0).contains(&self.rich_texture),
            "volume_share, rich_texture: expected 0 to 1",
        );
        expect(
            (0.0..=0.5).contains(&self.validation_share),
            "validation_share: expected 0 to 0.5",
        );
        expect(
            self.gradient_clip > 0.0,
            "gradient_clip: expected a positive number",
        );
        let [small, large] = self.pixel_mm;
        expect(
            0.0 < small && small <= large,
            "pixel_mm: expected 0 < smallest <= largest",
        );
        let [low, high] = self.sigma_range;
        expect(
            0.0 < low && low < high,
            "sigma_range: expected 0 < smallest < largest",
        );
        expect(
            self.sigma_median > 0.0,
            "sigma_median: expected a positive number",
        );
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configurations_of_the_priors_are_sound() {
        for text in [
            include_str!("../../protocols/priors/brain-local.toml"),
            include_str!("../../protocols/priors/brain-wide.toml"),
            include_str!("../../protocols/priors/head-local.toml"),
        ] {
            let config: TrainConfig = toml::from_str(text).unwrap();
            assert_eq!(config.problems(), Vec::<String>::new());
        }
    }
}
