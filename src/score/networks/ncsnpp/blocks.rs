//! Residual blocks, attention and changes of size of NCSN++.

use super::options::{BlockKind, Combine, NcsnppOptions, Nonlinearity};
use crate::score::networks::fir::Fir;
use crate::score::networks::layers::{
    Conv, GroupNorm, Linear, attend, mean_halve, nearest_double, per_channel, quarter_groups,
};
use crate::score::networks::{NetworkError, Source};
use std::f64::consts::FRAC_1_SQRT_2;
use std::rc::Rc;
use tch::Tensor;

impl Nonlinearity {
    pub(super) fn apply(self, x: &Tensor) -> Tensor {
        match self {
            Nonlinearity::Swish => x.silu(),
            Nonlinearity::Elu => x.elu(),
            Nonlinearity::Relu => x.relu(),
            Nonlinearity::Lrelu => x.maximum(&(x * 0.2)),
        }
    }
}

/// What the blocks of one network have in common.
#[derive(Clone)]
pub(super) struct Common {
    pub(super) options: Rc<NcsnppOptions>,
    pub(super) fir: Option<Rc<Fir>>,
}

impl Common {
    pub(super) fn act(&self, x: &Tensor) -> Tensor {
        self.options.nonlinearity.apply(x)
    }

    /// `a + b`, over √2 where the options say so.
    pub(super) fn sum(&self, a: &Tensor, b: &Tensor) -> Tensor {
        let sum = a + b;
        if self.options.skip_rescale {
            sum * FRAC_1_SQRT_2
        } else {
            sum
        }
    }

    pub(super) fn norm(
        &self,
        source: &mut Source,
        name: &str,
        channels: i64,
    ) -> Result<GroupNorm, NetworkError> {
        self.options.check_width(channels)?;
        Ok(GroupNorm::new(
            source,
            name,
            channels,
            quarter_groups(channels),
            1e-6,
        ))
    }

    pub(super) fn resize(&self, x: &Tensor, resize: Resize) -> Tensor {
        match (resize, &self.fir) {
            (Resize::No, _) => x.shallow_clone(),
            (Resize::Halve, Some(fir)) => fir.halve(x),
            (Resize::Halve, None) => mean_halve(x),
            (Resize::Double, Some(fir)) => fir.double(x),
            (Resize::Double, None) => nearest_double(x),
        }
    }
}

/// What a layer does to the image's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resize {
    No,
    Halve,
    Double,
}

/// `y_j = Σ_i W_ij x_i + b_j` at every pixel ("network in network").
pub(super) struct Nin {
    weight: Tensor,
    bias: Tensor,
}

impl Nin {
    fn new(source: &mut Source, name: &str, from: i64, to: i64) -> Self {
        Nin {
            weight: source.parameter(&format!("{name}.W"), &[from, to]),
            bias: source.parameter(&format!("{name}.b"), &[to]),
        }
    }

    fn apply(&self, x: &Tensor) -> Tensor {
        per_pixel(x, &self.weight, &self.bias)
    }
}

fn per_pixel(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Tensor {
    let kernel = weight.tr().unsqueeze(-1).unsqueeze(-1);
    x.conv2d(&kernel, Some(bias), [1, 1], [0, 0], [1, 1], 1)
}

/// The path around a residual block.
enum Shortcut {
    Same,
    Conv(Conv),
    Nin(Nin),
}

/// `(S x + W₂ a(GN(W₁ a(GN x) + e))) / √2`, the embedding `e` added.
pub(super) struct Residual {
    common: Common,
    norms: [GroupNorm; 2],
    convs: [Conv; 2],
    dense: Linear,
    shortcut: Shortcut,
    resize: Resize,
}

impl Residual {
    pub(super) fn new(
        source: &mut Source,
        name: &str,
        common: &Common,
        [from, to]: [i64; 2],
        resize: Resize,
    ) -> Result<Self, NetworkError> {
        let at = |part: &str| format!("{name}.{part}");
        let first = common.norm(source, &at("GroupNorm_0"), from)?;
        let first_conv = Conv::new(source, &at("Conv_0"), from, to, 3);
        let width = 4 * common.options.nf;
        // There even where the network does not look at the noise level.
        let dense = Linear::new(source, &at("Dense_0"), width, to);
        let second = common.norm(source, &at("GroupNorm_1"), to)?;
        let second_conv = Conv::new(source, &at("Conv_1"), to, to, 3);
        let shortcut = match common.options.resblock_type {
            _ if from == to && resize == Resize::No => Shortcut::Same,
            BlockKind::Biggan => Shortcut::Conv(Conv::new(source, &at("Conv_2"), from, to, 1)),
            BlockKind::Ddpm => Shortcut::Nin(Nin::new(source, &at("NIN_0"), from, to)),
        };
        Ok(Residual {
            common: common.clone(),
            norms: [first, second],
            convs: [first_conv, second_conv],
            dense,
            shortcut,
            resize,
        })
    }

    /// `x` and the activated embedding.
    pub(super) fn apply(&self, x: &Tensor, embedding: Option<&Tensor>) -> Tensor {
        let common = &self.common;
        let h = common.resize(&common.act(&self.norms[0].apply(x)), self.resize);
        let mut h = self.convs[0].apply(&h);
        if let Some(embedding) = embedding {
            h += per_channel(&self.dense.apply(embedding));
        }
        let h = self.convs[1].apply(&common.act(&self.norms[1].apply(&h)));
        let x = common.resize(x, self.resize);
        match &self.shortcut {
            Shortcut::Same => common.sum(&x, &h),
            Shortcut::Conv(conv) => common.sum(&conv.apply(&x), &h),
            Shortcut::Nin(nin) => common.sum(&nin.apply(&x), &h),
        }
    }
}

/// `(x + W₃ attention(GN x)) / √2`, one head over all pixels.
pub(super) struct Attention {
    common: Common,
    norm: GroupNorm,
    nins: [Nin; 4],
}

impl Attention {
    pub(super) fn new(
        source: &mut Source,
        name: &str,
        common: &Common,
        channels: i64,
    ) -> Result<Self, NetworkError> {
        Ok(Attention {
            common: common.clone(),
            norm: common.norm(source, &format!("{name}.GroupNorm_0"), channels)?,
            nins: [0, 1, 2, 3]
                .map(|i| Nin::new(source, &format!("{name}.NIN_{i}"), channels, channels)),
        })
    }

    pub(super) fn apply(&self, x: &Tensor) -> Tensor {
        let h = self.norm.apply(x);
        let of = |i: usize| self.nins[i].apply(&h).flatten(2, 3);
        let a = attend(&of(0), &of(1), &of(2)).reshape(&x.size()[..]);
        self.common.sum(x, &self.nins[3].apply(&a))
    }
}

/// A change of size by itself, with a 3 × 3 convolution or without.
pub(super) struct Resample {
    common: Common,
    resize: Resize,
    conv: Option<Conv>,
}

impl Resample {
    pub(super) fn plain(common: &Common, resize: Resize) -> Self {
        let conv = None;
        Resample {
            common: common.clone(),
            resize,
            conv,
        }
    }

    pub(super) fn convolved(
        source: &mut Source,
        name: &str,
        common: &Common,
        [from, to]: [i64; 2],
        resize: Resize,
    ) -> Self {
        let inner = if common.fir.is_some() {
            "Conv2d_0"
        } else {
            "Conv_0"
        };
        let conv = Conv::new(source, &format!("{name}.{inner}"), from, to, 3);
        let conv = if resize == Resize::Halve {
            conv.halving(0)
        } else {
            conv
        };
        Resample {
            conv: Some(conv),
            ..Resample::plain(common, resize)
        }
    }

    pub(super) fn apply(&self, x: &Tensor) -> Tensor {
        let Some(conv) = &self.conv else {
            return self.common.resize(x, self.resize);
        };
        match (&self.common.fir, self.resize) {
            (None, Resize::Halve) => conv.apply(&x.constant_pad_nd([0, 1, 0, 1])),
            (None, _) => conv.apply(&self.common.resize(x, self.resize)),
            (Some(fir), Resize::Halve) => {
                let p = self.common.options.fir_kernel.len() as i64;
                conv.apply(&fir.smooth(x, (p + 1) / 2, p / 2))
            }
            (Some(fir), _) => doubled(x, conv, fir, self.common.options.fir_kernel.len() as i64),
        }
    }
}

/// Zeros between the pixels, a 3 × 3 convolution, then the filter with gain four.
fn doubled(x: &Tensor, conv: &Conv, fir: &Fir, taps: i64) -> Tensor {
    let kernel = conv.weight.flip([2, 3]).transpose(0, 1);
    let wide = x.conv_transpose2d(&kernel, None::<&Tensor>, [2, 2], [0, 0], [0, 0], 1, [1, 1]);
    let p = taps - 4;
    let (before, after) = ((p + 1).div_euclid(2) + 1, p.div_euclid(2) + 1);
    fir.smooth(&wide, before, after) * 4.0 + per_channel(&conv.bias.unsqueeze(0))
}

/// A resampled image joined to the main path.
pub(super) struct Join {
    conv: Conv,
    combine: Combine,
}

impl Join {
    pub(super) fn new(
        source: &mut Source,
        name: &str,
        common: &Common,
        from: i64,
        to: i64,
    ) -> Self {
        let conv = Conv::new(source, &format!("{name}.Conv_0"), from, to, 1);
        Join {
            conv,
            combine: common.options.progressive_combine,
        }
    }

    pub(super) fn apply(&self, image: &Tensor, h: &Tensor) -> Tensor {
        let image = self.conv.apply(image);
        match self.combine {
            Combine::Sum => image + h,
            Combine::Cat => Tensor::cat(&[&image, h], 1),
        }
    }
}
