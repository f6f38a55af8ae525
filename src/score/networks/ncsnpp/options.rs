//! The options of score_sde's NCSN++, under their own names.

use crate::score::networks::fir::Fir;
use crate::score::networks::layers::{check_groups, quarter_groups};
use crate::score::networks::{MOST_BLOCKS, MOST_CHANNELS, MOST_LEVELS, NetworkError, check_count};
use serde::{Deserialize, Serialize};

/// The nonlinearity between layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Nonlinearity {
    /// `x / (1 + e⁻ˣ)`.
    #[default]
    Swish,
    /// Exponential below zero.
    Elu,
    /// Zero below zero.
    Relu,
    /// `0.2 x` below zero.
    Lrelu,
}

/// The kind of residual block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlockKind {
    /// Changes the size inside the block.
    #[default]
    Biggan,
    /// Leaves the size to layers of its own.
    Ddpm,
}

/// How images of every resolution join the main path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progressive {
    /// Not at all.
    #[default]
    None,
    /// Resampled images, `progressive_combine`d on the way down.
    InputSkip,
    /// Resampled images, added up on the way up.
    OutputSkip,
    /// Convolved and added.
    Residual,
}

/// How a resampled image joins the main path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Combine {
    /// Added.
    #[default]
    Sum,
    /// As further channels.
    Cat,
}

/// The embedding of the noise level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Embedding {
    /// Random frequencies of `ln σ`.
    #[default]
    Fourier,
    /// Sinusoids of the number of the time step.
    Positional,
}

fn fir_kernel() -> Vec<f64> {
    vec![1.0, 3.0, 3.0, 1.0]
}

fn yes() -> bool {
    true
}

fn least() -> f64 {
    0.01
}

fn most() -> f64 {
    50.0
}

fn scales() -> i64 {
    1000
}

/// Shape of the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NcsnppOptions {
    /// Side that `attn_resolutions` refers to; any other size runs too.
    pub image_size: i64,
    /// Channels of the image.
    pub num_channels: i64,
    /// Whether images are in [-1, 1] already; if not, the network maps [0, 1] there.
    #[serde(default)]
    pub centered: bool,
    /// Channels of the first level.
    pub nf: i64,
    /// Channels of each level over `nf`.
    pub ch_mult: Vec<i64>,
    /// Residual blocks a level.
    pub num_res_blocks: i64,
    /// Sides with attention at `image_size`.
    pub attn_resolutions: Vec<i64>,
    /// Whether changes of size by themselves convolve.
    #[serde(default = "yes")]
    pub resamp_with_conv: bool,
    /// Whether the blocks see the noise level.
    #[serde(default = "yes")]
    pub conditional: bool,
    /// Whether changes of size smooth.
    #[serde(default)]
    pub fir: bool,
    /// The smoothing filter.
    #[serde(default = "fir_kernel")]
    pub fir_kernel: Vec<f64>,
    /// Whether sums are divided by √2.
    #[serde(default)]
    pub skip_rescale: bool,
    /// Residual blocks.
    #[serde(default)]
    pub resblock_type: BlockKind,
    /// Images on the way up.
    #[serde(default)]
    pub progressive: Progressive,
    /// Images on the way down.
    #[serde(default)]
    pub progressive_input: Progressive,
    /// How images join on the way down.
    #[serde(default)]
    pub progressive_combine: Combine,
    /// Embedding of the noise level.
    #[serde(default)]
    pub embedding_type: Embedding,
    /// Whether the output is divided by σ.
    #[serde(default)]
    pub scale_by_sigma: bool,
    /// Between layers.
    #[serde(default)]
    pub nonlinearity: Nonlinearity,
    /// Least σ of the discrete list.
    #[serde(default = "least")]
    pub sigma_min: f64,
    /// Greatest σ of the discrete list.
    #[serde(default = "most")]
    pub sigma_max: f64,
    /// Length of the discrete list.
    #[serde(default = "scales")]
    pub num_scales: i64,
}

impl NcsnppOptions {
    /// Channels of a level.
    pub(super) fn width(&self, level: usize) -> i64 {
        self.nf.saturating_mul(self.ch_mult[level])
    }

    /// Whether the blocks of a level attend.
    pub(super) fn attends(&self, level: usize) -> bool {
        self.attn_resolutions.contains(&(self.image_size >> level))
    }

    /// `σ_max … σ_min`, geometric.
    pub(super) fn sigmas(&self) -> Vec<f64> {
        let (a, b) = (self.sigma_max.ln(), self.sigma_min.ln());
        let last = (self.num_scales - 1).max(1) as f64;
        (0..self.num_scales)
            .map(|i| (a + (b - a) * i as f64 / last).exp())
            .collect()
    }

    /// Refuses options that no network has.
    pub(super) fn check(&self) -> Result<(), NetworkError> {
        let fail = |why: &str| Err(NetworkError::Options(why.into()));
        for (what, n, most) in [
            (
                "the number of levels",
                self.ch_mult.len() as i64,
                MOST_LEVELS,
            ),
            ("image_size", self.image_size, 1 << 20),
            ("num_channels", self.num_channels, MOST_CHANNELS),
            ("nf", self.nf, MOST_CHANNELS),
            ("num_res_blocks", self.num_res_blocks, MOST_BLOCKS),
            ("num_scales", self.num_scales, 1 << 20),
        ] {
            check_count(what, n, most)?;
        }
        if !(self.sigma_min > 0.0 && self.sigma_max >= self.sigma_min && self.sigma_max.is_finite())
        {
            return fail("sigma_min and sigma_max must be positive, in this order");
        }
        if self.nf < 4 && self.embedding_type == Embedding::Positional {
            return fail("nf is too small for a positional embedding");
        }
        if self.progressive == Progressive::InputSkip
            || self.progressive_input == Progressive::OutputSkip
        {
            return fail(
                "progressive is none, output_skip or residual; progressive_input none, input_skip or residual",
            );
        }
        if self.fir {
            Fir::check(&self.fir_kernel)?;
        }
        (0..self.ch_mult.len()).try_for_each(|level| self.check_width(self.width(level)))
    }

    /// A norm over `channels` must split them evenly.
    pub(super) fn check_width(&self, channels: i64) -> Result<(), NetworkError> {
        check_count("ch_mult × nf", channels, MOST_CHANNELS)?;
        check_groups(channels, quarter_groups(channels))
    }
}
