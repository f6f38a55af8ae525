//! Residual blocks, attention and changes of size of `UNet2DModel`.

use super::options::{DiffusersOptions, TimeShift};
use crate::score::networks::layers::{
    Conv, GroupNorm, Linear, Resize, attend, check_groups, nearest_double, per_channel,
};
use crate::score::networks::{NetworkError, Source};
use tch::Tensor;

/// `(S x + W₂ silu(FiLM(GN(W₁ silu(GN x))))) / d`.
pub(super) struct Residual {
    norms: [GroupNorm; 2],
    convs: [Conv; 2],
    time: Linear,
    shortcut: Option<Conv>,
    resize: Resize,
    shift: TimeShift,
    divisor: f64,
}

impl Residual {
    pub(super) fn new(
        source: &mut Source,
        name: &str,
        options: &DiffusersOptions,
        [from, to]: [i64; 2],
        resize: Resize,
    ) -> Result<Self, NetworkError> {
        let (groups, eps, shift) = (
            options.norm_num_groups,
            options.norm_eps,
            options.resnet_time_scale_shift,
        );
        check_groups(from, groups)?;
        let at = |part: &str| format!("{name}.{part}");
        let norm1 = GroupNorm::new(source, &at("norm1"), from, groups, eps);
        let conv1 = Conv::new(source, &at("conv1"), from, to, 3);
        let films = if shift == TimeShift::ScaleShift {
            2 * to
        } else {
            to
        };
        let time = Linear::new(source, &at("time_emb_proj"), options.embedded(), films);
        let norm2 = GroupNorm::new(source, &at("norm2"), to, groups, eps);
        let conv2 = Conv::new(source, &at("conv2"), to, to, 3);
        let shortcut = (from != to).then(|| Conv::new(source, &at("conv_shortcut"), from, to, 1));
        Ok(Residual {
            norms: [norm1, norm2],
            convs: [conv1, conv2],
            time,
            shortcut,
            resize,
            shift,
            divisor: 1.0,
        })
    }

    /// With sums over `divisor`.
    pub(super) fn divided(self, divisor: f64) -> Self {
        Residual { divisor, ..self }
    }

    /// `x` and the activated embedding.
    pub(super) fn apply(&self, x: &Tensor, embedding: &Tensor) -> Tensor {
        let h = self.convs[0].apply(&self.resize.apply(&self.norms[0].apply(x).silu()));
        let time = per_channel(&self.time.apply(embedding));
        let h = match self.shift {
            TimeShift::Default => self.norms[1].apply(&(h + time)),
            TimeShift::ScaleShift => {
                let halves = time.chunk(2, 1);
                halves[1].addcmul(&self.norms[1].apply(&h), &(&halves[0] + 1.0))
            }
        };
        let h = self.convs[1].apply(&h.silu());
        let x = self.resize.apply(x);
        let x = self
            .shortcut
            .as_ref()
            .map_or_else(|| x.shallow_clone(), |conv| conv.apply(&x));
        divide(x + h, self.divisor)
    }
}

fn divide(x: Tensor, divisor: f64) -> Tensor {
    if divisor == 1.0 { x } else { x / divisor }
}

/// `(x + W attention(GN x)) / d` over all pixels.
pub(super) struct Attention {
    norm: Option<GroupNorm>,
    projections: [Linear; 4],
    heads: i64,
    divisor: f64,
}

impl Attention {
    pub(super) fn new(
        source: &mut Source,
        name: &str,
        options: &DiffusersOptions,
        channels: i64,
        groups: Option<i64>,
    ) -> Result<Self, NetworkError> {
        let width = options.attention_head_dim.unwrap_or(channels);
        check_groups(channels, width)?;
        let norm = groups.map(|groups| {
            GroupNorm::new(
                source,
                &format!("{name}.group_norm"),
                channels,
                groups,
                options.norm_eps,
            )
        });
        let projections = ["to_q", "to_k", "to_v", "to_out.0"]
            .map(|part| Linear::new(source, &format!("{name}.{part}"), channels, channels));
        Ok(Attention {
            norm,
            projections,
            heads: channels / width,
            divisor: 1.0,
        })
    }

    /// With sums over `divisor`.
    pub(super) fn divided(self, divisor: f64) -> Self {
        Attention { divisor, ..self }
    }

    pub(super) fn apply(&self, x: &Tensor) -> Tensor {
        let size = x.size();
        let (items, channels, pixels) = (size[0], size[1], size[2] * size[3]);
        let normed = self
            .norm
            .as_ref()
            .map_or_else(|| x.shallow_clone(), |norm| norm.apply(x));
        let h = normed.reshape([items, channels, pixels]).transpose(1, 2);
        let split = [items * self.heads, channels / self.heads, pixels];
        let of = |i: usize| self.projections[i].apply(&h).transpose(1, 2).reshape(split);
        let a = attend(&of(0), &of(1), &of(2)).reshape([items, channels, pixels]);
        let a = self.projections[3]
            .apply(&a.transpose(1, 2))
            .transpose(1, 2)
            .reshape(&size[..]);
        divide(x + a, self.divisor)
    }
}

/// The change of size after a level.
pub(super) enum Resample {
    /// A halving convolution; whether one row and column of zeros goes after the image instead of around it.
    Halve(Conv, Border),
    /// Doubled, then convolved.
    Double(Conv),
    Residual(Box<Residual>),
}

/// Where the zeros of a halving convolution lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Border {
    Around,
    After,
}

impl Resample {
    pub(super) fn halve(source: &mut Source, name: &str, channels: i64, padding: i64) -> Self {
        let conv =
            Conv::new(source, &format!("{name}.conv"), channels, channels, 3).halving(padding);
        Resample::Halve(
            conv,
            if padding == 0 {
                Border::After
            } else {
                Border::Around
            },
        )
    }

    pub(super) fn double(source: &mut Source, name: &str, channels: i64) -> Self {
        Resample::Double(Conv::new(
            source,
            &format!("{name}.conv"),
            channels,
            channels,
            3,
        ))
    }

    pub(super) fn apply(&self, x: &Tensor, embedding: &Tensor) -> Tensor {
        match self {
            Resample::Halve(conv, Border::Around) => conv.apply(x),
            Resample::Halve(conv, Border::After) => conv.apply(&x.constant_pad_nd([0, 1, 0, 1])),
            Resample::Double(conv) => conv.apply(&nearest_double(x)),
            Resample::Residual(block) => block.apply(x, embedding),
        }
    }
}
