//! The options of EDM's networks, under their own names.

use super::preconditioning::Preconditioning;
use crate::score::networks::fir::Fir;
use crate::score::networks::ncsnpp::Embedding;
use crate::score::networks::{MOST_BLOCKS, MOST_CHANNELS, MOST_LEVELS, NetworkError, check_count};
use serde::{Deserialize, Serialize};

/// Which U-Net.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unet {
    /// Of Dhariwal and Nichol.
    Dhariwal,
    /// Of Song et al.: NCSN++ and DDPM++.
    Song,
}

/// How images of every resolution join the main path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Path {
    /// Not at all.
    #[default]
    Standard,
    /// Resampled images, added.
    Skip,
    /// Resampled and convolved, added over √2 (way down only).
    Residual,
}

fn four() -> i64 {
    4
}

fn one() -> i64 {
    1
}

fn half() -> f64 {
    0.5
}

/// Shape of the network and its preconditioning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(non_snake_case)]
pub struct EdmOptions {
    /// `EDMPrecond(DhariwalUNet)` and the like: preconditioning and network.
    #[serde(default)]
    pub family: String,
    /// `DhariwalUNet` or `SongUNet`, where `family` names the preconditioning alone.
    #[serde(default)]
    pub model_type: Option<String>,
    /// Side that names and `attn_resolutions` refer to; any other size runs too.
    pub img_resolution: i64,
    /// Channels of the image.
    #[serde(default)]
    pub img_channels: Option<i64>,
    /// Channels of the input, where they are not those of the image.
    #[serde(default, alias = "img_in_channels")]
    pub in_channels: Option<i64>,
    /// Channels of the output, where they are not those of the image.
    #[serde(default, alias = "img_out_channels")]
    pub out_channels: Option<i64>,
    /// Classes; 0 for none.
    #[serde(default)]
    pub label_dim: i64,
    /// Numbers that describe augmentation in training; absent in use.
    #[serde(default)]
    pub augment_dim: i64,
    /// Channels of the first level, before `channel_mult`.
    #[serde(default)]
    pub model_channels: Option<i64>,
    /// Channels of each level over `model_channels`.
    #[serde(default)]
    pub channel_mult: Option<Vec<i64>>,
    /// Channels of the embedding over `model_channels`.
    #[serde(default = "four")]
    pub channel_mult_emb: i64,
    /// Channels of the noise features over `model_channels` (SongUNet).
    #[serde(default = "one")]
    pub channel_mult_noise: i64,
    /// Residual blocks a level.
    #[serde(default)]
    pub num_blocks: Option<i64>,
    /// Sides with attention at `img_resolution`.
    #[serde(default)]
    pub attn_resolutions: Option<Vec<i64>>,
    /// Embedding of the noise level (SongUNet).
    #[serde(default)]
    pub embedding_type: Option<Embedding>,
    /// Images on the way down (SongUNet).
    #[serde(default)]
    pub encoder_type: Path,
    /// Images on the way up (SongUNet).
    #[serde(default)]
    pub decoder_type: Path,
    /// Smoothing of resampling (SongUNet).
    #[serde(default)]
    pub resample_filter: Option<Vec<f64>>,
    /// Standard deviation of the data (EDM).
    #[serde(default = "half")]
    pub sigma_data: f64,
    /// Slope of the noise schedule (VP).
    #[serde(default)]
    pub beta_d: Option<f64>,
    /// Start of the noise schedule (VP).
    #[serde(default)]
    pub beta_min: Option<f64>,
    /// Time steps of the training (VP, iDDPM).
    #[serde(default)]
    pub M: Option<i64>,
    /// Least ratio of consecutive signal levels (iDDPM).
    #[serde(default)]
    pub C_1: Option<f64>,
    /// Offset of the cosine (iDDPM).
    #[serde(default)]
    pub C_2: Option<f64>,
}

impl EdmOptions {
    fn says(&self, word: &str) -> bool {
        let family = self.family.to_lowercase();
        family.contains(word)
            || self
                .model_type
                .as_ref()
                .is_some_and(|m| m.to_lowercase().contains(word))
    }

    /// Which U-Net; without a word about it, what the preconditioning usually holds.
    pub fn unet(&self) -> Unet {
        let usual = matches!(
            self.preconditioning(),
            Preconditioning::Edm | Preconditioning::Iddpm
        );
        if self.says("dhariwalunet") || (usual && !self.says("songunet")) {
            Unet::Dhariwal
        } else {
            Unet::Song
        }
    }

    /// Which preconditioning; EDM's where `family` names none.
    pub fn preconditioning(&self) -> Preconditioning {
        let named = [
            ("iddpmprecond", Preconditioning::Iddpm),
            ("vpprecond", Preconditioning::Vp),
            ("veprecond", Preconditioning::Ve),
        ];
        named
            .into_iter()
            .find(|(word, _)| self.says(word))
            .map_or(Preconditioning::Edm, |(_, p)| p)
    }

    /// Channels that the network is given.
    pub fn inputs(&self) -> i64 {
        self.in_channels.or(self.img_channels).unwrap_or_default()
    }

    /// Channels of the denoised image.
    pub fn images(&self) -> i64 {
        self.out_channels.or(self.img_channels).unwrap_or_default()
    }

    /// Channels of the network's own output: iDDPM learns a variance too.
    pub(super) fn outputs(&self) -> i64 {
        self.images()
            * if self.preconditioning() == Preconditioning::Iddpm {
                2
            } else {
                1
            }
    }

    /// Levels of resolution.
    pub(super) fn levels(&self) -> usize {
        self.multipliers().len()
    }

    fn multipliers(&self) -> Vec<i64> {
        let usual = || match self.unet() {
            Unet::Dhariwal => vec![1, 2, 3, 4],
            Unet::Song => vec![1, 2, 2, 2],
        };
        self.channel_mult.clone().unwrap_or_else(usual)
    }

    pub(super) fn base(&self) -> i64 {
        self.model_channels
            .unwrap_or(if self.unet() == Unet::Dhariwal {
                192
            } else {
                128
            })
    }

    /// Channels of a level.
    pub(super) fn width(&self, level: usize) -> i64 {
        self.base() * self.multipliers()[level]
    }

    /// Channels of the embedding.
    pub(super) fn embedded(&self) -> i64 {
        self.base() * self.channel_mult_emb
    }

    pub(super) fn blocks(&self) -> i64 {
        self.num_blocks
            .unwrap_or(if self.unet() == Unet::Dhariwal { 3 } else { 4 })
    }

    /// `RxR` in the names of a level.
    pub(super) fn side(&self, level: usize) -> String {
        let side = self.img_resolution >> level;
        format!("{side}x{side}")
    }

    /// Whether the blocks of a level attend.
    pub(super) fn attends(&self, level: usize) -> bool {
        let usual: &[i64] = if self.unet() == Unet::Dhariwal {
            &[32, 16, 8]
        } else {
            &[16]
        };
        self.attn_resolutions
            .as_deref()
            .unwrap_or(usual)
            .contains(&(self.img_resolution >> level))
    }

    pub(super) fn filter(&self) -> Vec<f64> {
        self.resample_filter
            .clone()
            .unwrap_or_else(|| vec![1.0, 1.0])
    }

    /// Refuses options that no network has.
    pub(super) fn check(&self) -> Result<(), NetworkError> {
        let fail = |why: &str| Err(NetworkError::Options(why.into()));
        for (what, n, most) in [
            ("the number of levels", self.levels() as i64, MOST_LEVELS),
            ("img_resolution", self.img_resolution, 1 << 20),
            ("img_channels (input)", self.inputs(), MOST_CHANNELS),
            ("img_channels (output)", self.images(), MOST_CHANNELS),
            ("model_channels", self.base(), MOST_CHANNELS),
            ("channel_mult_emb", self.channel_mult_emb, 64),
            ("channel_mult_noise", self.channel_mult_noise, 64),
            ("num_blocks", self.blocks(), MOST_BLOCKS),
            ("label_dim", self.label_dim.saturating_add(1), 1 << 20),
            ("augment_dim", self.augment_dim.saturating_add(1), 1 << 20),
            ("M", self.M.unwrap_or(1000), 1 << 20),
        ] {
            check_count(what, n, most)?;
        }
        for m in self.multipliers() {
            check_count("channel_mult", m, 64)?;
        }
        if self.base() * self.channel_mult_noise % 2 == 1 || self.base() < 4 {
            return fail("model_channels must be even and at least 4");
        }
        if self.inputs() != self.images() {
            return fail("a denoiser has as many channels in as out");
        }
        let filter = self.filter();
        Fir::check(&filter)?;
        if filter.len() % 2 == 1 || filter.iter().ne(filter.iter().rev()) {
            return fail("resample_filter must be symmetric and of even length");
        }
        if self.sigma_data <= 0.0 || self.decoder_type == Path::Residual {
            return fail("sigma_data must be positive, decoder_type standard or skip");
        }
        Ok(())
    }
}
