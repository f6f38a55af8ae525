//! The layers that all families share: convolution, linear map, group norm, embedding, attention.

use super::NetworkError;
use super::source::Source;
use tch::{Device, Kind, Tensor};

/// `y = W ∗ x + b` on `[B, C, Y, X]`, zeros outside.
pub(super) struct Conv {
    pub(super) weight: Tensor,
    pub(super) bias: Tensor,
    stride: i64,
    padding: i64,
}

impl Conv {
    /// Odd `size`, same image size.
    pub(super) fn new(source: &mut Source, name: &str, from: i64, to: i64, size: i64) -> Self {
        Conv {
            weight: source.parameter(&format!("{name}.weight"), &[to, from, size, size]),
            bias: source.parameter(&format!("{name}.bias"), &[to]),
            stride: 1,
            padding: size / 2,
        }
    }

    /// Every second pixel, with `padding` zeros around.
    pub(super) fn halving(self, padding: i64) -> Self {
        Conv {
            stride: 2,
            padding,
            ..self
        }
    }

    pub(super) fn apply(&self, x: &Tensor) -> Tensor {
        let (s, p) = ([self.stride; 2], [self.padding; 2]);
        x.conv2d(&self.weight, Some(&self.bias), s, p, [1, 1], 1)
    }
}

/// `y = x Wᵀ + b` on `[B, C]`.
pub(super) struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    pub(super) fn new(source: &mut Source, name: &str, from: i64, to: i64) -> Self {
        let weight = source.parameter(&format!("{name}.weight"), &[to, from]);
        let bias = Some(source.parameter(&format!("{name}.bias"), &[to]));
        Linear { weight, bias }
    }

    pub(super) fn without_bias(source: &mut Source, name: &str, from: i64, to: i64) -> Self {
        let weight = source.parameter(&format!("{name}.weight"), &[to, from]);
        Linear { weight, bias: None }
    }

    /// Kind of the weights.
    pub(super) fn kind(&self) -> Kind {
        self.weight.kind()
    }

    pub(super) fn apply(&self, x: &Tensor) -> Tensor {
        x.linear(&self.weight, self.bias.as_ref())
    }
}

/// `y = w (x − mean) / √(variance + eps) + b`, statistics over groups of channels.
pub(super) struct GroupNorm {
    weight: Tensor,
    bias: Tensor,
    groups: i64,
    eps: f64,
}

impl GroupNorm {
    pub(super) fn new(
        source: &mut Source,
        name: &str,
        channels: i64,
        groups: i64,
        eps: f64,
    ) -> Self {
        GroupNorm {
            weight: source.parameter(&format!("{name}.weight"), &[channels]),
            bias: source.parameter(&format!("{name}.bias"), &[channels]),
            groups,
            eps,
        }
    }

    pub(super) fn apply(&self, x: &Tensor) -> Tensor {
        x.group_norm(
            self.groups,
            Some(&self.weight),
            Some(&self.bias),
            self.eps,
            true,
        )
    }
}

/// Groups of score_sde and EDM: `min(32, C / 4)`; they must divide `C`.
pub(super) fn quarter_groups(channels: i64) -> i64 {
    (channels / 4).clamp(1, 32)
}

/// Refuses channels that cannot be split into `groups`.
pub(super) fn check_groups(channels: i64, groups: i64) -> Result<(), NetworkError> {
    if channels % groups == 0 {
        return Ok(());
    }
    Err(NetworkError::Options(format!(
        "{channels} channels cannot be split into {groups} groups"
    )))
}

/// `[B, C] → [B, C, 1, 1]`.
pub(super) fn per_channel(x: &Tensor) -> Tensor {
    x.unsqueeze(-1).unsqueeze(-1)
}

/// Twice the size, each pixel four times.
pub(super) fn nearest_double(x: &Tensor) -> Tensor {
    let size = x.size();
    x.upsample_nearest2d([2 * size[2], 2 * size[3]], None, None)
}

/// Half the size, the mean of four pixels.
pub(super) fn mean_halve(x: &Tensor) -> Tensor {
    x.avg_pool2d([2, 2], [2, 2], [0, 0], false, true, None)
}

/// `v softmax(kᵀ q / √C)ᵀ` on `[N, C, L]` each.
pub(super) fn attend(q: &Tensor, k: &Tensor, v: &Tensor) -> Tensor {
    // Both factors are scaled before the product, so that half precision does not overflow.
    let scale = (q.size()[1] as f64).powf(-0.25);
    let weights = (q * scale).transpose(1, 2).bmm(&(k * scale));
    v.bmm(&weights.softmax(-1, None::<Kind>).transpose(1, 2))
}

/// Order of the two halves of an embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Halves {
    CosSin,
    SinCos,
}

/// Angles `[B, half]` to `[B, 2 half]`, one zero more where `width` is odd.
pub(super) fn waves(angles: &Tensor, halves: Halves, width: i64) -> Tensor {
    let (c, s) = (angles.cos(), angles.sin());
    let both = match halves {
        Halves::CosSin => Tensor::cat(&[c, s], -1),
        Halves::SinCos => Tensor::cat(&[s, c], -1),
    };
    if width % 2 == 1 {
        both.constant_pad_nd([0, 1])
    } else {
        both
    }
}

/// `[cos, sin](t f)` or the reverse, of one number an item, in f32 as the originals compute it:
/// their checkpoints were trained on those digits.
pub(super) fn sinusoids(t: &Tensor, frequencies: &Tensor, halves: Halves, width: i64) -> Tensor {
    let f = frequencies.to_kind(Kind::Float).to_device(t.device());
    waves(
        &(t.to_kind(Kind::Float).unsqueeze(-1) * f.unsqueeze(0)),
        halves,
        width,
    )
}

/// `0, 1, …, count − 1` in f32.
pub(super) fn steps(count: i64) -> Tensor {
    Tensor::arange(count, (Kind::Float, Device::Cpu))
}

/// What a layer does to the image's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resize {
    No,
    Halve,
    Double,
}

impl Resize {
    pub(super) fn apply(self, x: &Tensor) -> Tensor {
        match self {
            Resize::No => x.shallow_clone(),
            Resize::Halve => mean_halve(x),
            Resize::Double => nearest_double(x),
        }
    }
}
