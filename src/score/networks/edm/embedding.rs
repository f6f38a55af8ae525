//! The embedding of noise level and class.

use super::options::{EdmOptions, Unet};
use crate::score::networks::Source;
use crate::score::networks::layers::{Halves, Linear, sinusoids, steps, waves};
use crate::score::networks::ncsnpp::Embedding as Features;
use std::f64::consts::TAU;
use tch::{Kind, Tensor};

/// `[B]` to `[B, E]`.
pub(super) struct Embedding {
    frequencies: Frequencies,
    width: i64,
    layers: [Linear; 2],
    label: Option<Linear>,
    classes: i64,
    unet: Unet,
    kind: Kind,
}

enum Frequencies {
    Fixed(Tensor),
    Drawn(Tensor),
}

impl Embedding {
    pub(super) fn new(source: &mut Source, options: &EdmOptions) -> Self {
        let (unet, base, out) = (options.unet(), options.base(), options.embedded());
        let width = if unet == Unet::Song {
            base * options.channel_mult_noise
        } else {
            base
        };
        let half = width / 2;
        let frequencies = match (unet, options.embedding_type) {
            (Unet::Song, Some(Features::Fourier)) => {
                Frequencies::Drawn(source.frozen("model.map_noise.freqs", &[half]))
            }
            (Unet::Song, _) => Frequencies::Fixed(powers(half, 1)),
            (Unet::Dhariwal, _) => Frequencies::Fixed(powers(half, 0)),
        };
        let classes = options.label_dim;
        let song_label = (unet == Unet::Song && classes > 0)
            .then(|| Linear::new(source, "model.map_label", classes, width));
        // A network trained with augmentation has this layer; its labels are zero in use.
        if options.augment_dim > 0 {
            Linear::without_bias(source, "model.map_augment", options.augment_dim, width);
        }
        let first = Linear::new(source, "model.map_layer0", width, out);
        let kind = first.kind();
        let layers = [first, Linear::new(source, "model.map_layer1", out, out)];
        let late = unet == Unet::Dhariwal && classes > 0;
        let label = song_label.or_else(|| {
            late.then(|| Linear::without_bias(source, "model.map_label", classes, out))
        });
        Embedding {
            frequencies,
            width,
            layers,
            label,
            classes,
            unet,
            kind,
        }
    }

    /// The activated embedding of `c` and class.
    pub(super) fn apply(&self, c: &Tensor, class: Option<&Tensor>) -> Tensor {
        let halves = if self.unet == Unet::Song {
            Halves::SinCos
        } else {
            Halves::CosSin
        };
        let features = match &self.frequencies {
            Frequencies::Fixed(f) => sinusoids(c, f, halves, self.width).to_kind(self.kind),
            Frequencies::Drawn(f) => waves(
                &(c.to_kind(self.kind).unsqueeze(1) * (f * TAU).unsqueeze(0)),
                halves,
                self.width,
            ),
        };
        let label = self.label.as_ref().map(|layer| {
            let row = match class {
                Some(class) => class
                    .to_kind(Kind::Int64)
                    .one_hot(self.classes)
                    .to_kind(self.kind),
                None => Tensor::zeros([1, self.classes], (self.kind, features.device())),
            };
            layer.apply(&(row * self.label_scale()))
        });
        let plus = |x: Tensor, place: Unet| match &label {
            Some(label) if self.unet == place => x + label,
            _ => x,
        };
        let [first, second] = &self.layers;
        let h = second.apply(&first.apply(&plus(features, Unet::Song)).silu());
        plus(h, Unet::Dhariwal).silu()
    }

    fn label_scale(&self) -> f64 {
        if self.unet == Unet::Song {
            (self.classes as f64).sqrt()
        } else {
            1.0
        }
    }
}

/// `10⁻⁴ᵏᐟ⁽ʰ⁻ᵉ⁾` for `k < h`.
fn powers(half: i64, end: i64) -> Tensor {
    let exponents = steps(half) / (half - end) as f64;
    Tensor::from(1e-4f32).pow(&exponents)
}
