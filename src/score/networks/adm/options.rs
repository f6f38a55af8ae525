//! The options of guided diffusion, under their own names.

use crate::score::networks::layers::check_groups;
use crate::score::networks::{MOST_BLOCKS, MOST_CHANNELS, MOST_LEVELS, NetworkError, check_count};
use serde::{Deserialize, Serialize};

/// Groups of every norm.
pub(super) const GROUPS: i64 = 32;

/// A list of numbers, or the text `"16,8"` of the published commands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Resolutions {
    /// `"16,8"`.
    Text(String),
    /// `16`.
    Number(f64),
    /// `[16, 8]`.
    List(Vec<f64>),
}

impl Resolutions {
    fn numbers(&self) -> Option<Vec<f64>> {
        match self {
            Resolutions::List(list) => Some(list.clone()),
            Resolutions::Number(n) => Some(vec![*n]),
            Resolutions::Text(text) => text.split(',').map(|n| n.trim().parse().ok()).collect(),
        }
    }
}

fn one() -> i64 {
    1
}

fn three() -> i64 {
    3
}

fn yes() -> bool {
    true
}

/// Shape of the network; defaults are those of the published class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdmOptions {
    /// Side that `attention_resolutions` and the default `channel_mult` refer to; any other size runs too.
    pub image_size: i64,
    /// Channels of the first level, before `channel_mult`.
    #[serde(alias = "num_channels")]
    pub model_channels: i64,
    /// Channels of the image.
    #[serde(default = "three")]
    pub in_channels: i64,
    /// Channels of the output; by default as many as the image, twice with `learn_sigma`.
    #[serde(default)]
    pub out_channels: Option<i64>,
    /// Whether the second half of the output is the variance.
    #[serde(default)]
    pub learn_sigma: bool,
    /// Residual blocks a level.
    pub num_res_blocks: i64,
    /// Downsampling factors with attention.
    #[serde(default)]
    pub attention_ds: Option<Vec<i64>>,
    /// Sides with attention at `image_size`, as text: `"16,8"`.
    #[serde(default)]
    pub attention_resolutions: Option<Resolutions>,
    /// Channels of each level over `model_channels`; by default a function of `image_size`.
    #[serde(default)]
    pub channel_mult: Option<Resolutions>,
    /// Heads of attention, where `num_head_channels` does not say.
    #[serde(default = "one")]
    pub num_heads: i64,
    /// Channels of a head; -1 for `num_heads` instead.
    #[serde(default)]
    pub num_head_channels: Option<i64>,
    /// Heads on the way up.
    #[serde(default)]
    pub num_heads_upsample: Option<i64>,
    /// `GN(h)(1 + s) + b` instead of `GN(h + b)`.
    #[serde(default)]
    pub use_scale_shift_norm: bool,
    /// Residual blocks change the size, instead of convolutions.
    #[serde(default)]
    pub resblock_updown: bool,
    /// Whether a change of size without residual block convolves.
    #[serde(default = "yes")]
    pub conv_resample: bool,
    /// Queries, keys and values of all heads one after the other, instead of head by head.
    #[serde(default)]
    pub use_new_attention_order: bool,
    /// Number of classes, if it knows any.
    #[serde(default)]
    pub num_classes: Option<i64>,
    /// The published commands' way to say that it knows the 1000 classes of ImageNet.
    #[serde(default)]
    pub class_cond: bool,
}

impl AdmOptions {
    /// Levels of resolution.
    pub(super) fn levels(&self) -> usize {
        self.multipliers().len()
    }

    /// Channels of a level.
    pub(super) fn width(&self, level: usize) -> i64 {
        (self.multipliers()[level] * self.model_channels as f64) as i64
    }

    /// Channels in a group of the norms at the finest level.
    pub(in crate::score::networks) fn channels_a_group(&self) -> i64 {
        let finest = self.multipliers().first().copied().unwrap_or_default();
        (finest * self.model_channels as f64) as i64 / GROUPS
    }

    /// Channels of the output.
    pub fn outputs(&self) -> i64 {
        let factor = if self.learn_sigma { 2 } else { 1 };
        self.out_channels
            .unwrap_or(self.in_channels.saturating_mul(factor))
    }

    /// Classes; 0 for none.
    pub(in crate::score::networks) fn classes(&self) -> i64 {
        let usual = if self.class_cond { 1000 } else { 0 };
        self.num_classes.unwrap_or(usual)
    }

    fn multipliers(&self) -> Vec<f64> {
        let named = self
            .channel_mult
            .as_ref()
            .filter(|m| **m != Resolutions::Text(String::new()));
        if let Some(multipliers) = named {
            return multipliers.numbers().unwrap_or_default();
        }
        match self.image_size {
            512 => vec![0.5, 1.0, 1.0, 2.0, 2.0, 4.0, 4.0],
            256 | 320 => vec![1.0, 1.0, 2.0, 2.0, 4.0, 4.0],
            128 => vec![1.0, 1.0, 2.0, 3.0, 4.0],
            64 => vec![1.0, 2.0, 3.0, 4.0],
            _ => Vec::new(),
        }
    }

    /// Whether the blocks of a level attend.
    pub(super) fn attends(&self, level: usize) -> bool {
        let factor = 1 << level;
        if let Some(factors) = &self.attention_ds {
            return factors.contains(&factor);
        }
        let sides = self
            .attention_resolutions
            .as_ref()
            .and_then(Resolutions::numbers);
        // Whole-number division, as published: 320 / 16 = 20 is no level's factor.
        sides.is_some_and(|sides| {
            sides
                .iter()
                .any(|s| *s >= 1.0 && self.image_size / *s as i64 == factor)
        })
    }

    /// Heads of an attention over `channels`, where `heads` counts unless the head's width is given.
    pub(super) fn heads(&self, channels: i64, heads: i64) -> i64 {
        match self.num_head_channels {
            Some(width) if width > 0 => channels / width,
            _ => heads,
        }
    }

    /// Refuses options that no network has.
    pub(super) fn check(&self) -> Result<(), NetworkError> {
        let fail = |why: String| Err(NetworkError::Options(why));
        if self.multipliers().is_empty() {
            return fail(format!(
                "channel_mult is missing or no list of numbers, and image_size {} has no default",
                self.image_size
            ));
        }
        if let (None, Some(Resolutions::List(_))) =
            (&self.attention_ds, &self.attention_resolutions)
        {
            return fail("attention_resolutions is a list: give attention_ds (downsampling factors) or a text of sides, \"16,8\"".into());
        }
        check_count("the number of levels", self.levels() as i64, MOST_LEVELS)?;
        for (what, n, most) in [
            ("image_size", self.image_size, 1 << 20),
            ("model_channels", self.model_channels, MOST_CHANNELS),
            ("in_channels", self.in_channels, MOST_CHANNELS),
            ("out_channels", self.outputs(), MOST_CHANNELS),
            ("num_res_blocks", self.num_res_blocks, MOST_BLOCKS),
            ("num_classes", self.classes().saturating_add(1), 1 << 24),
        ] {
            check_count(what, n, most)?;
        }
        for level in 0..self.levels() {
            let width = self.width(level);
            check_count("channel_mult × model_channels", width, MOST_CHANNELS)?;
            check_groups(width, GROUPS)?;
            if self.attends(level) || level + 1 == self.levels() {
                self.check_heads(width)?;
            }
        }
        Ok(())
    }

    fn check_heads(&self, channels: i64) -> Result<(), NetworkError> {
        for heads in [
            self.num_heads,
            self.num_heads_upsample
                .filter(|n| *n > 0)
                .unwrap_or(self.num_heads),
        ] {
            let heads = self.heads(channels, heads);
            check_count("the number of heads", heads, channels)?;
            let width = self
                .num_head_channels
                .filter(|w| *w > 0)
                .unwrap_or(channels / heads);
            if heads * width != channels {
                let why =
                    format!("{channels} channels cannot be split into {heads} heads of {width}");
                return Err(NetworkError::Options(why));
            }
        }
        Ok(())
    }
}
