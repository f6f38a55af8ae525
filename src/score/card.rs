//! The model card: what a prior was trained on, what it expects, and how well it denoises.

use super::{Convention, Covariance};
use serde::{Deserialize, Serialize};

/// Everything that a user of a prior must know, kept inside its weight file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Name for people.
    pub name: String,
    /// What the training images were, and where they came from.
    pub training_set: String,
    /// What it is for, and what it is not.
    pub intended_use: String,
    /// Channels of an image: 2 means real and imaginary part, 1 a real image.
    pub channels: usize,
    /// How images are scaled, in words.
    pub normalisation: String,
    /// One unit of a CT image in HU, water being 0; absent for images that are scaled by quantile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_hu: Option<f64>,
    /// Quantile of the magnitude that is scaled to `quantile_value`.
    pub quantile: f64,
    /// The magnitude at that quantile.
    pub quantile_value: f64,
    /// Range of magnitudes seen in training.
    pub data_range: [f64; 2],
    /// Smallest and largest noise deviation seen in training, per real component.
    pub sigma_range: [f64; 2],
    /// The network's own numbers.
    pub network: Network,
    /// How it was trained, where that happened here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainingCard>,
    /// Denoising error on held-out images, increasing in σ.
    pub levels: Vec<LevelError>,
    /// SHA-256 of the weights: names, shapes and bytes in order of name.
    pub weights_sha256: String,
}

/// The network behind a prior: the one that is trained here, or a published one.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum Network {
    /// The local U-Net of [`crate::train`].
    Local(NetworkCard),
    /// Of one of the published families.
    Published(PublishedCard),
}

/// A published network: what builds it, and how it becomes a denoiser.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct PublishedCard {
    /// The network's own options, under its authors' names.
    pub options: serde_json::Value,
    /// What it is told and what it answers.
    pub convention: Convention,
    /// Trainable numbers.
    pub parameters: usize,
    /// The file that the weights came from, and what of it was taken.
    pub origin: String,
}

/// The local U-Net.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct NetworkCard {
    /// Channels of each resolution, finest first.
    pub channels: Vec<usize>,
    /// Residual blocks of each resolution (encoder; the decoder has as many; the coarsest once).
    pub blocks: Vec<usize>,
    /// σ_data of the EDM preconditioning.
    pub sigma_data: f64,
    /// Knee κ of the companded second input `tanh(x / √(4 σ² + κ²))`, which shows small contrasts
    /// beside large ones; none where the network sees the image alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compand: Option<f64>,
    /// Whether what a block sees is bounded, `x / √(1 + mean over channels of x²)`, pixel by pixel.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bounded: bool,
    /// Trainable numbers.
    pub parameters: usize,
}

/// How a prior was trained.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingCard {
    /// Optimiser steps.
    pub steps: usize,
    /// Crops seen.
    pub images: usize,
    /// Seed of the training images and of the noise.
    pub seed: u64,
    /// Seconds of training.
    pub seconds: f64,
    /// Steps at which the run went on with another length or another learning rate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extended_at: Vec<usize>,
    /// The denoising error on volumes of the user's that were kept back, where there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<ValidationCard>,
    /// Version of annulus.
    pub version: String,
}

/// How well a prior denoises images that were kept back from its training.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidationCard {
    /// What the images are.
    pub images: String,
    /// Noise deviation per real component, and the error as [`LevelError::relative_error`].
    pub errors: Vec<[f64; 2]>,
}

/// The denoising error at one noise level.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelError {
    /// Noise deviation per real component.
    pub sigma: f64,
    /// `E‖D(x + σ n) - x‖² / (m σ²)`, m real components: below 1, or the denoiser does harm.
    pub relative_error: f64,
    /// `E|F(D(x + σ n) - x)|²` per real component in rings of |k|, to the corner of k-space.
    pub spectrum: Vec<f64>,
}

impl Card {
    /// The measured `C(σ, k)`; none where the card has no levels.
    pub fn covariance(&self) -> Option<Covariance> {
        Covariance::new(
            self.levels
                .iter()
                .map(|l| (l.sigma, l.spectrum.clone()))
                .collect(),
        )
    }

    /// What no card of ours can say; a file from elsewhere may.
    pub fn problem(&self) -> Option<String> {
        let [least, most] = self.sigma_range;
        let sound = [
            (
                (1..=4096).contains(&self.channels),
                "channels: expected 1 (real images), 2 (real and imaginary part), or 3 (colours)",
            ),
            (
                self.unit_hu.is_none_or(|u| u.is_finite() && u > 0.0),
                "unit_hu: expected a positive number",
            ),
            (
                self.quantile > 0.0 && self.quantile < 1.0,
                "quantile: expected between 0 and 1",
            ),
            (
                self.quantile_value.is_finite() && self.quantile_value > 0.0,
                "quantile_value: expected a positive number",
            ),
            (
                least > 0.0 && least * 4.0 < most && most.is_finite(),
                "sigma_range: expected 0 < smallest, and the largest more than 4 times that",
            ),
            (
                self.levels.is_empty() || self.covariance().is_some(),
                "levels: expected increasing sigma and finite spectra that are not negative",
            ),
        ];
        let unsound = sound.into_iter().find(|(sound, _)| !sound);
        unsound
            .map(|(_, words)| words.to_owned())
            .or_else(|| match &self.network {
                Network::Local(network) => network.problem(self.channels),
                Network::Published(network) => network
                    .convention
                    .problem()
                    .map(|p| format!("network.convention.{p}")),
            })
    }

    /// The relative denoising error, interpolated in ln σ.
    pub fn relative_error(&self, sigma: f64) -> Option<f64> {
        let (first, last) = (self.levels.first()?, self.levels.last()?);
        if sigma <= first.sigma {
            return Some(first.relative_error);
        }
        let above = self.levels.iter().position(|l| l.sigma >= sigma);
        let Some(above) = above else {
            return Some(last.relative_error);
        };
        let (a, b) = (&self.levels[above - 1], &self.levels[above]);
        let t = (sigma / a.sigma).ln() / (b.sigma / a.sigma).ln();
        Some(a.relative_error * (1.0 - t) + b.relative_error * t)
    }
}

impl NetworkCard {
    /// Elements of the smallest image that is convolved, of an image of `image_channels` and so many pixels.
    pub fn smallest_layer(&self, image_channels: usize, pixels: usize) -> usize {
        let seen = image_channels * if self.compand.is_some() { 2 } else { 1 };
        let levels = self.channels.iter().enumerate();
        let levels = levels.map(|(i, channels)| channels * (pixels >> (2 * i)));
        levels.fold(seen * pixels, usize::min)
    }

    /// What no network of ours has.
    fn problem(&self, image_channels: usize) -> Option<String> {
        let sized = |n: &[usize]| !n.is_empty() && n.len() < 9 && n.iter().all(|n| *n <= 4096);
        let sound = [
            (
                matches!(image_channels, 1 | 2),
                "channels: expected 1 (real images) or 2 (real and imaginary part)",
            ),
            (
                self.compand.is_none_or(|k| k.is_finite() && k > 0.0),
                "network.compand: expected a positive number",
            ),
            (
                sized(&self.channels) && !self.channels.contains(&0),
                "network.channels: expected 1 to 8 numbers from 1 to 4096",
            ),
            (
                sized(&self.blocks) && self.blocks.len() == self.channels.len(),
                "network.blocks: expected as many numbers as network.channels",
            ),
            (
                self.sigma_data.is_finite() && self.sigma_data > 0.0,
                "network.sigma_data: expected a positive number",
            ),
        ];
        let unsound = sound.into_iter().find(|(sound, _)| !sound);
        unsound.map(|(_, words)| words.to_owned())
    }
}

impl Network {
    /// Trainable numbers.
    pub fn parameters(&self) -> usize {
        match self {
            Network::Local(network) => network.parameters,
            Network::Published(network) => network.parameters,
        }
    }
}
