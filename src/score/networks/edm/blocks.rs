//! The convolutions and blocks of EDM's networks.

use super::options::{EdmOptions, Unet};
use crate::score::networks::fir::Fir;
use crate::score::networks::layers::{
    Conv, GroupNorm, Linear, attend, check_groups, per_channel, quarter_groups,
};
use crate::score::networks::{NetworkError, Source};
use std::f64::consts::FRAC_1_SQRT_2;
use tch::{Device, Kind, Tensor};

/// What a layer does to the image's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resize {
    No,
    Halve,
    Double,
}

/// A change of size and then a convolution, either of which may be absent.
pub(super) struct Resampled {
    conv: Option<Conv>,
    fir: Option<Fir>,
    resize: Resize,
}

impl Resampled {
    /// `size` of the convolution's kernel: 0 for none.
    pub(super) fn new(
        source: &mut Source,
        name: &str,
        [from, to, size]: [i64; 3],
        resize: Resize,
        filter: &[f64],
    ) -> Self {
        let conv = (size > 0).then(|| Conv::new(source, name, from, to, size));
        let fir = (resize != Resize::No).then(|| {
            let kernel = Fir::new(filter, Kind::Double, Device::Cpu).into_kernel();
            Fir::from_kernel(source.buffer(&format!("{name}.resample_filter"), &kernel))
        });
        Resampled { conv, fir, resize }
    }

    pub(super) fn apply(&self, x: &Tensor) -> Tensor {
        let resized = match (&self.fir, self.resize) {
            (Some(fir), Resize::Halve) => fir.halve(x),
            (Some(fir), Resize::Double) => fir.double(x),
            _ => x.shallow_clone(),
        };
        self.conv
            .as_ref()
            .map_or_else(|| resized.shallow_clone(), |conv| conv.apply(&resized))
    }

    /// The convolution before the halving: the two then share one border of zeros.
    pub(super) fn apply_fused(&self, x: &Tensor) -> Tensor {
        let (Some(conv), Some(fir)) = (&self.conv, &self.fir) else {
            return self.apply(x);
        };
        let padding = 1 + (fir.taps() - 1) / 2;
        let none = None::<&Tensor>;
        let wide = x.conv2d(&conv.weight, none, [1, 1], [padding; 2], [1, 1], 1);
        fir.halve_inside(&wide) + per_channel(&conv.bias.unsqueeze(0))
    }
}

/// What the blocks of one network have in common.
#[derive(Clone)]
pub(super) struct Style {
    embedded: i64,
    /// Channels of a head; none for one head in all.
    head: Option<i64>,
    scale: f64,
    eps: f64,
    filter: Vec<f64>,
    project: bool,
    adaptive: bool,
}

impl Style {
    pub(super) fn new(options: &EdmOptions) -> Self {
        let song = options.unet() == Unet::Song;
        Style {
            embedded: options.embedded(),
            head: (!song).then_some(64),
            scale: if song { FRAC_1_SQRT_2 } else { 1.0 },
            eps: if song { 1e-6 } else { 1e-5 },
            filter: if song {
                options.filter()
            } else {
                vec![1.0, 1.0]
            },
            project: song,
            adaptive: !song,
        }
    }
}

/// The norm of this family.
pub(super) fn norm(
    source: &mut Source,
    name: &str,
    channels: i64,
    eps: f64,
) -> Result<GroupNorm, NetworkError> {
    let groups = quarter_groups(channels);
    check_groups(channels, groups)?;
    Ok(GroupNorm::new(source, name, channels, groups, eps))
}

/// Ends and kind of a block.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) resize: Resize,
    pub(super) attends: bool,
}

impl Shape {
    pub(super) fn new(from: i64, to: i64) -> Self {
        let (resize, attends) = (Resize::No, false);
        Shape {
            from,
            to,
            resize,
            attends,
        }
    }

    pub(super) fn resizing(self, resize: Resize) -> Self {
        Shape { resize, ..self }
    }

    pub(super) fn attending(self, attends: bool) -> Self {
        Shape { attends, ..self }
    }
}

/// `s (S x + W₂ silu(FiLM(GN(W₁ silu(GN x)))))`, then attention where asked for.
pub(super) struct Block {
    style: Style,
    norms: [GroupNorm; 2],
    first: Resampled,
    film: Linear,
    second: Conv,
    skip: Option<Resampled>,
    attention: Option<Attention>,
}

impl Block {
    pub(super) fn new(
        source: &mut Source,
        name: &str,
        style: &Style,
        shape: Shape,
    ) -> Result<Self, NetworkError> {
        let Shape {
            from,
            to,
            resize,
            attends,
        } = shape;
        let at = |part: &str| format!("{name}.{part}");
        let norm0 = norm(source, &at("norm0"), from, style.eps)?;
        let first = Resampled::new(source, &at("conv0"), [from, to, 3], resize, &style.filter);
        let films = if style.adaptive { 2 * to } else { to };
        let film = Linear::new(source, &at("affine"), style.embedded, films);
        let norm1 = norm(source, &at("norm1"), to, style.eps)?;
        let second = Conv::new(source, &at("conv1"), to, to, 3);
        let skip = (from != to || resize != Resize::No).then(|| {
            let size = if style.project || from != to { 1 } else { 0 };
            Resampled::new(source, &at("skip"), [from, to, size], resize, &style.filter)
        });
        let heads = if attends {
            style.head.map_or(1, |head| to / head)
        } else {
            0
        };
        let attention = (heads > 0).then(|| Attention::new(source, name, style, [to, heads]));
        let style = style.clone();
        Ok(Block {
            style,
            norms: [norm0, norm1],
            first,
            film,
            second,
            skip,
            attention: attention.transpose()?,
        })
    }

    pub(super) fn boxed(
        source: &mut Source,
        name: &str,
        style: &Style,
        shape: Shape,
    ) -> Result<Box<Self>, NetworkError> {
        Block::new(source, name, style, shape).map(Box::new)
    }

    /// `x` and the activated embedding.
    pub(super) fn apply(&self, x: &Tensor, embedding: &Tensor) -> Tensor {
        let h = self.first.apply(&self.norms[0].apply(x).silu());
        let film = per_channel(&self.film.apply(embedding));
        let h = if self.style.adaptive {
            let halves = film.chunk(2, 1);
            halves[1].addcmul(&self.norms[1].apply(&h), &(&halves[0] + 1.0))
        } else {
            self.norms[1].apply(&(h + film))
        };
        let h = self.second.apply(&h.silu());
        let h = self.scaled(match &self.skip {
            Some(skip) => h + skip.apply(x),
            None => h + x,
        });
        match &self.attention {
            Some(attention) => self.scaled(attention.apply(&h)),
            None => h,
        }
    }

    fn scaled(&self, x: Tensor) -> Tensor {
        if self.style.scale == 1.0 {
            x
        } else {
            x * self.style.scale
        }
    }
}

/// `x + W attention(GN x)`; queries, keys and values of one channel lie side by side.
struct Attention {
    norm: GroupNorm,
    qkv: Conv,
    output: Conv,
    heads: i64,
}

impl Attention {
    fn new(
        source: &mut Source,
        name: &str,
        style: &Style,
        [channels, heads]: [i64; 2],
    ) -> Result<Self, NetworkError> {
        check_groups(channels, heads)?;
        Ok(Attention {
            norm: norm(source, &format!("{name}.norm2"), channels, style.eps)?,
            qkv: Conv::new(source, &format!("{name}.qkv"), channels, 3 * channels, 1),
            output: Conv::new(source, &format!("{name}.proj"), channels, channels, 1),
            heads,
        })
    }

    fn apply(&self, x: &Tensor) -> Tensor {
        let size = x.size();
        let qkv = self.qkv.apply(&self.norm.apply(x));
        let split = qkv.reshape([
            size[0] * self.heads,
            size[1] / self.heads,
            3,
            size[2] * size[3],
        ]);
        let of = |i: i64| split.select(2, i);
        let a = attend(&of(0), &of(1), &of(2)).reshape(&size[..]);
        x + self.output.apply(&a)
    }
}
