//! Residual blocks, attention and changes of size of the guided-diffusion U-Net.

use super::options::{AdmOptions, GROUPS};
use crate::score::networks::Source;
use crate::score::networks::layers::{Conv, GroupNorm, Linear, Resize, attend, per_channel};
use tch::Tensor;

/// One step of the network.
pub(super) enum Layer {
    Conv(Conv),
    Residual(Residual),
    Attention(Attention),
    Resized(Resize, Option<Conv>),
}

impl Layer {
    /// The change of size that the options ask for.
    pub(super) fn resize(
        source: &mut Source,
        name: &str,
        options: &AdmOptions,
        channels: i64,
        resize: Resize,
    ) -> Self {
        if options.resblock_updown {
            return Layer::Residual(Residual::new(source, name, options, [channels; 2], resize));
        }
        let inner = if resize == Resize::Halve {
            "op"
        } else {
            "conv"
        };
        let mut conv = (options.conv_resample)
            .then(|| Conv::new(source, &format!("{name}.{inner}"), channels, channels, 3));
        if resize == Resize::Halve {
            conv = conv.map(|c| c.halving(1));
        }
        Layer::Resized(resize, conv)
    }

    /// `x` and the activated embedding to the layer's output.
    pub(super) fn apply(&self, x: &Tensor, embedding: &Tensor) -> Tensor {
        match self {
            Layer::Conv(conv) => conv.apply(x),
            Layer::Residual(block) => block.apply(x, embedding),
            Layer::Attention(attention) => attention.apply(x),
            // A halving convolution takes every second pixel itself.
            Layer::Resized(Resize::Halve, Some(conv)) => conv.apply(x),
            Layer::Resized(resize, Some(conv)) => conv.apply(&resize.apply(x)),
            Layer::Resized(resize, None) => resize.apply(x),
        }
    }
}

/// `S x + W₂ silu(FiLM(GN(W₁ silu(GN x))))`, `S` the identity or a 1 × 1 convolution.
pub(super) struct Residual {
    norms: [GroupNorm; 2],
    convs: [Conv; 2],
    film: Linear,
    skip: Option<Conv>,
    resize: Resize,
    scale_shift: bool,
}

impl Residual {
    pub(super) fn new(
        source: &mut Source,
        name: &str,
        options: &AdmOptions,
        [from, to]: [i64; 2],
        resize: Resize,
    ) -> Self {
        let scale_shift = options.use_scale_shift_norm;
        let films = if scale_shift { 2 * to } else { to };
        let at = |part: &str| format!("{name}.{part}");
        let first = GroupNorm::new(source, &at("in_layers.0"), from, GROUPS, 1e-5);
        let first_conv = Conv::new(source, &at("in_layers.2"), from, to, 3);
        let film = Linear::new(
            source,
            &at("emb_layers.1"),
            4 * options.model_channels,
            films,
        );
        let second = GroupNorm::new(source, &at("out_layers.0"), to, GROUPS, 1e-5);
        let second_conv = Conv::new(source, &at("out_layers.3"), to, to, 3);
        Residual {
            norms: [first, second],
            convs: [first_conv, second_conv],
            film,
            skip: (from != to).then(|| Conv::new(source, &at("skip_connection"), from, to, 1)),
            resize,
            scale_shift,
        }
    }

    fn apply(&self, x: &Tensor, embedding: &Tensor) -> Tensor {
        let h = self.resize.apply(&self.norms[0].apply(x).silu());
        let h = self.convs[0].apply(&h);
        let film = per_channel(&self.film.apply(embedding));
        let h = if self.scale_shift {
            let halves = film.chunk(2, 1);
            halves[1].addcmul(&self.norms[1].apply(&h), &(&halves[0] + 1.0))
        } else {
            self.norms[1].apply(&(h + film))
        };
        let h = self.convs[1].apply(&h.silu());
        let x = self.resize.apply(x);
        h + self
            .skip
            .as_ref()
            .map_or_else(|| x.shallow_clone(), |skip| skip.apply(&x))
    }
}

/// `x + W attention(GN x)` over all pixels.
pub(super) struct Attention {
    norm: GroupNorm,
    qkv: Pointwise,
    output: Pointwise,
    heads: i64,
    head_by_head: bool,
}

impl Attention {
    pub(super) fn new(
        source: &mut Source,
        name: &str,
        options: &AdmOptions,
        channels: i64,
        heads: i64,
    ) -> Self {
        Attention {
            norm: GroupNorm::new(source, &format!("{name}.norm"), channels, GROUPS, 1e-5),
            qkv: Pointwise::new(source, &format!("{name}.qkv"), channels, 3 * channels),
            output: Pointwise::new(source, &format!("{name}.proj_out"), channels, channels),
            heads: options.heads(channels, heads),
            head_by_head: !options.use_new_attention_order,
        }
    }

    fn apply(&self, x: &Tensor) -> Tensor {
        let size = x.size();
        let (items, channels, pixels) = (size[0], size[1], size[2] * size[3]);
        let (heads, width) = (self.heads, channels / self.heads);
        let qkv = self
            .qkv
            .apply(&self.norm.apply(x).reshape([items, channels, pixels]));
        let split = if self.head_by_head {
            qkv.reshape([items, heads, 3, width, pixels])
                .transpose(1, 2)
        } else {
            qkv.reshape([items, 3, heads, width, pixels])
        };
        let of = |i: i64| split.select(1, i).reshape([items * heads, width, pixels]);
        let a = attend(&of(0), &of(1), &of(2)).reshape([items, channels, pixels]);
        x + self.output.apply(&a).reshape(&size[..])
    }
}

/// `y = W x + b` on `[B, C, L]`, its weight kept as a convolution of length one.
struct Pointwise {
    weight: Tensor,
    bias: Tensor,
}

impl Pointwise {
    fn new(source: &mut Source, name: &str, from: i64, to: i64) -> Self {
        Pointwise {
            weight: source.parameter(&format!("{name}.weight"), &[to, from, 1]),
            bias: source.parameter(&format!("{name}.bias"), &[to]),
        }
    }

    fn apply(&self, x: &Tensor) -> Tensor {
        x.conv1d(&self.weight, Some(&self.bias), [1], [0], [1], 1)
    }
}
