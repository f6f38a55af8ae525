//! The options of `UNet2DModel`: its `config.json`.

use crate::score::networks::layers::check_groups;
use crate::score::networks::{MOST_BLOCKS, MOST_CHANNELS, MOST_LEVELS, NetworkError, check_count};
use serde::{Deserialize, Serialize};

/// The time embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeEmbedding {
    /// Sinusoids of the number of the time step.
    #[default]
    Positional,
    /// Random frequencies of `ln σ`; the output is divided by σ.
    Fourier,
}

/// How the time embedding enters a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeShift {
    /// Added.
    #[default]
    Default,
    /// As scale and shift of a norm.
    ScaleShift,
}

/// How a block with attention changes the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sampling {
    /// A convolution.
    #[default]
    Conv,
    /// A residual block.
    Resnet,
}

fn down_types() -> Vec<String> {
    [
        "DownBlock2D",
        "AttnDownBlock2D",
        "AttnDownBlock2D",
        "AttnDownBlock2D",
    ]
    .map(String::from)
    .into()
}

fn up_types() -> Vec<String> {
    [
        "AttnUpBlock2D",
        "AttnUpBlock2D",
        "AttnUpBlock2D",
        "UpBlock2D",
    ]
    .map(String::from)
    .into()
}

fn mid_type() -> Option<String> {
    Some("UNetMidBlock2D".into())
}

/// Shape of the network; defaults are those of the library.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DiffusersOptions {
    /// `UNet2DModel`.
    #[serde(rename = "_class_name")]
    pub class_name: String,
    /// Channels of the image.
    pub in_channels: i64,
    /// Channels of the output.
    pub out_channels: i64,
    /// Whether images are in [0, 1], and are mapped to [-1, 1].
    pub center_input_sample: bool,
    /// The time embedding.
    pub time_embedding_type: TimeEmbedding,
    /// Its width; by default four times the first level's channels.
    pub time_embedding_dim: Option<i64>,
    /// Number taken from the count of frequencies.
    pub freq_shift: i64,
    /// Cosines before sines.
    pub flip_sin_to_cos: bool,
    /// One a level, down.
    pub down_block_types: Vec<String>,
    /// The block in the middle.
    pub mid_block_type: Option<String>,
    /// One a level, up.
    pub up_block_types: Vec<String>,
    /// Channels of each level.
    pub block_out_channels: Vec<i64>,
    /// Residual blocks a level.
    pub layers_per_block: i64,
    /// Divisor of the middle's sums.
    pub mid_block_scale_factor: f64,
    /// Zeros around the image before a halving convolution: 1, or 0 for one row and column after it.
    pub downsample_padding: i64,
    /// How levels with attention halve.
    pub downsample_type: Sampling,
    /// How levels with attention double.
    pub upsample_type: Sampling,
    /// The nonlinearity.
    pub act_fn: String,
    /// Channels of a head; none for one head.
    pub attention_head_dim: Option<i64>,
    /// Groups of every norm.
    pub norm_num_groups: i64,
    /// Groups of the norm of the middle's attention.
    pub attn_norm_num_groups: Option<i64>,
    /// Added to variances.
    pub norm_eps: f64,
    /// How time enters.
    pub resnet_time_scale_shift: TimeShift,
    /// Whether the middle attends.
    pub add_attention: bool,
    /// Another class embedding than a table.
    pub class_embed_type: Option<String>,
    /// Number of classes.
    pub num_class_embeds: Option<i64>,
}

impl Default for DiffusersOptions {
    fn default() -> Self {
        DiffusersOptions {
            class_name: "UNet2DModel".into(),
            in_channels: 3,
            out_channels: 3,
            center_input_sample: false,
            time_embedding_type: TimeEmbedding::Positional,
            time_embedding_dim: None,
            freq_shift: 0,
            flip_sin_to_cos: true,
            down_block_types: down_types(),
            mid_block_type: mid_type(),
            up_block_types: up_types(),
            block_out_channels: vec![224, 448, 672, 896],
            layers_per_block: 2,
            mid_block_scale_factor: 1.0,
            downsample_padding: 1,
            downsample_type: Sampling::Conv,
            upsample_type: Sampling::Conv,
            act_fn: "silu".into(),
            attention_head_dim: Some(8),
            norm_num_groups: 32,
            attn_norm_num_groups: None,
            norm_eps: 1e-5,
            resnet_time_scale_shift: TimeShift::Default,
            add_attention: true,
            class_embed_type: None,
            num_class_embeds: None,
        }
    }
}

impl DiffusersOptions {
    pub(super) fn levels(&self) -> usize {
        self.block_out_channels.len()
    }

    pub(super) fn base(&self) -> i64 {
        self.block_out_channels[0]
    }

    pub(super) fn embedded(&self) -> i64 {
        self.time_embedding_dim
            .filter(|n| *n > 0)
            .unwrap_or(self.base().saturating_mul(4))
    }

    /// Channels in a group of the norms at the finest level.
    pub(in crate::score::networks) fn channels_a_group(&self) -> i64 {
        self.block_out_channels.first().unwrap_or(&0) / self.norm_num_groups.max(1)
    }

    pub(in crate::score::networks) fn classes(&self) -> i64 {
        self.num_class_embeds.unwrap_or(0)
    }

    /// Groups of the norm of the middle's attention, if it has one.
    pub(super) fn middle_groups(&self) -> Option<i64> {
        let usual =
            (self.resnet_time_scale_shift == TimeShift::Default).then_some(self.norm_num_groups);
        self.attn_norm_num_groups.or(usual)
    }

    /// Refuses options that no network has, or that are not read yet, by name.
    pub(super) fn check(&self) -> Result<(), NetworkError> {
        let levels = self.levels();
        check_count(
            "the number of block_out_channels",
            levels as i64,
            MOST_LEVELS,
        )?;
        if self.down_block_types.len() != levels || self.up_block_types.len() != levels {
            let why = "down_block_types, up_block_types and block_out_channels differ in length";
            return Err(NetworkError::Options(why.into()));
        }
        let one = std::slice::from_ref;
        let middle = self.mid_block_type.as_slice();
        let class = self.class_embed_type.as_slice();
        known("_class_name", one(&self.class_name), &["UNet2DModel"])?;
        known("act_fn", one(&self.act_fn), &["silu", "swish"])?;
        known(
            "down_block_types",
            &self.down_block_types,
            &["DownBlock2D", "AttnDownBlock2D"],
        )?;
        known(
            "up_block_types",
            &self.up_block_types,
            &["UpBlock2D", "AttnUpBlock2D"],
        )?;
        known("mid_block_type", middle, &["UNetMidBlock2D"])?;
        known("class_embed_type", class, &[])?;
        self.check_numbers()
    }

    fn check_numbers(&self) -> Result<(), NetworkError> {
        let fail = |why: &str| Err(NetworkError::Options(why.into()));
        for (what, n, most) in [
            ("in_channels", self.in_channels, MOST_CHANNELS),
            ("out_channels", self.out_channels, MOST_CHANNELS),
            ("layers_per_block", self.layers_per_block, MOST_BLOCKS),
            ("time_embedding_dim", self.embedded(), 64 * MOST_CHANNELS),
            ("norm_num_groups", self.norm_num_groups, MOST_CHANNELS),
            (
                "attn_norm_num_groups",
                self.attn_norm_num_groups.unwrap_or(1),
                MOST_CHANNELS,
            ),
            (
                "attention_head_dim",
                self.attention_head_dim.unwrap_or(1),
                MOST_CHANNELS,
            ),
            (
                "num_class_embeds",
                self.classes().saturating_add(1),
                1 << 24,
            ),
            (
                "downsample_padding",
                self.downsample_padding.saturating_add(1),
                2,
            ),
        ] {
            check_count(what, n, most)?;
        }
        if self.mid_block_scale_factor == 0.0 || self.base() / 2 <= self.freq_shift {
            return fail("mid_block_scale_factor is zero, or freq_shift leaves no frequencies");
        }
        for channels in &self.block_out_channels {
            check_count("block_out_channels", *channels, MOST_CHANNELS)?;
            check_groups(*channels, self.norm_num_groups)?;
        }
        let last = self.block_out_channels[self.levels() - 1];
        self.middle_groups()
            .map_or(Ok(()), |groups| check_groups(last, groups))
    }
}

/// Refuses a word that is not among those `known`.
fn known(what: &str, values: &[String], known: &[&str]) -> Result<(), NetworkError> {
    match values.iter().find(|v| !known.contains(&v.as_str())) {
        None => Ok(()),
        Some(value) => Err(NetworkError::Options(format!(
            "{what} `{value}` is not supported, only {known:?}"
        ))),
    }
}
