//! The U-Net of guided diffusion ("ADM"): `ε, v = F(x, t)`, `t` the number of the time step.
//!
//! Residual blocks with group norm and SiLU, scale and shift from the embedded time step, attention at
//! chosen resolutions. Source: Dhariwal and Nichol 2021; names as in `openai/guided-diffusion` (MIT).

mod blocks;
mod options;

pub use options::{AdmOptions, Resolutions};

use super::layers::{Conv, GroupNorm, Halves, Linear, Resize, sinusoids, steps};
use super::{NetworkError, Source, check_class, check_input};
use blocks::{Attention, Layer, Residual};
use options::GROUPS;
use tch::{Kind, Tensor};

/// The network `F(x, t)`.
pub struct Adm {
    options: AdmOptions,
    time: [Linear; 2],
    classes: Option<Tensor>,
    down: Vec<Vec<Layer>>,
    middle: Vec<Layer>,
    up: Vec<Vec<Layer>>,
    norm: GroupNorm,
    output: Conv,
}

impl Adm {
    /// Builds the network of `options` with tensors from `source`.
    pub fn new(source: &mut Source, options: &AdmOptions) -> Result<Self, NetworkError> {
        options.check()?;
        let (base, width) = (options.model_channels, 4 * options.model_channels);
        let time = [
            Linear::new(source, "time_embed.0", base, width),
            Linear::new(source, "time_embed.2", width, width),
        ];
        let classes = (options.classes() > 0)
            .then(|| source.parameter("label_emb.weight", &[options.classes(), width]));
        let (down, skips) = descend(source, options);
        Ok(Adm {
            time,
            classes,
            down,
            middle: middle(source, options),
            up: ascend(source, options, skips),
            norm: GroupNorm::new(source, "out.0", options.width(0), GROUPS, 1e-5),
            output: Conv::new(source, "out.2", options.width(0), options.outputs(), 3),
            options: options.clone(),
        })
    }

    /// Multiple that both sides of an image must have.
    pub fn cell(&self) -> i64 {
        1 << (self.options.levels() - 1)
    }

    /// `[B, in, Y, X]`, `[B]` and, for a network with classes, `[B]` whole numbers to `[B, out, Y, X]`.
    pub fn forward(
        &self,
        x: &Tensor,
        t: &Tensor,
        class: Option<&Tensor>,
    ) -> Result<Tensor, NetworkError> {
        check_input(x, t, self.options.in_channels, self.cell())?;
        check_class(class, x.size()[0], self.options.classes())?;
        let embedding = self.embed(t, class);
        let run = |layers: &[Layer], x: Tensor| {
            layers
                .iter()
                .fold(x, |x, layer| layer.apply(&x, &embedding))
        };
        let mut h = x.to_kind(self.output.weight.kind());
        let mut skips = Vec::new();
        for layers in &self.down {
            h = run(layers, h);
            skips.push(h.shallow_clone());
        }
        h = run(&self.middle, h);
        for (layers, skip) in self.up.iter().zip(skips.into_iter().rev()) {
            h = run(layers, Tensor::cat(&[h, skip], 1));
        }
        Ok(self.output.apply(&self.norm.apply(&h).silu()))
    }

    /// The activated embedding of time step and class: every block begins with this activation.
    fn embed(&self, t: &Tensor, class: Option<&Tensor>) -> Tensor {
        let half = self.options.model_channels / 2;
        let frequencies = (steps(half) * -(1e4f64.ln()) / half as f64).exp();
        let features = sinusoids(t, &frequencies, Halves::CosSin, self.options.model_channels);
        let h = self.time[0]
            .apply(&features.to_kind(self.output.weight.kind()))
            .silu();
        let mut h = self.time[1].apply(&h);
        if let (Some(table), Some(class)) = (&self.classes, class) {
            h += table.index_select(0, &class.to_kind(Kind::Int64));
        }
        h.silu()
    }
}

/// The block `name`: residual, then attention with `heads` where the level has it.
fn block(
    source: &mut Source,
    name: &str,
    options: &AdmOptions,
    (level, ends, heads): (usize, [i64; 2], i64),
) -> Vec<Layer> {
    let first = Residual::new(source, &format!("{name}.0"), options, ends, Resize::No);
    let mut layers = vec![Layer::Residual(first)];
    if options.attends(level) {
        let attention = Attention::new(source, &format!("{name}.1"), options, ends[1], heads);
        layers.push(Layer::Attention(attention));
    }
    layers
}

/// The way down, and the channels of what it leaves for the way up.
fn descend(source: &mut Source, options: &AdmOptions) -> (Vec<Vec<Layer>>, Vec<i64>) {
    let mut channels = options.width(0);
    let input = Conv::new(source, "input_blocks.0.0", options.in_channels, channels, 3);
    let mut blocks = vec![vec![Layer::Conv(input)]];
    let mut skips = vec![channels];
    for level in 0..options.levels() {
        for _ in 0..options.num_res_blocks {
            let name = format!("input_blocks.{}", blocks.len());
            let ends = [channels, options.width(level)];
            channels = ends[1];
            blocks.push(block(
                source,
                &name,
                options,
                (level, ends, options.num_heads),
            ));
            skips.push(channels);
        }
        if level + 1 < options.levels() {
            let name = format!("input_blocks.{}.0", blocks.len());
            blocks.push(vec![Layer::resize(
                source,
                &name,
                options,
                channels,
                Resize::Halve,
            )]);
            skips.push(channels);
        }
    }
    (blocks, skips)
}

/// Residual, attention, residual at the coarsest level.
fn middle(source: &mut Source, options: &AdmOptions) -> Vec<Layer> {
    let channels = options.width(options.levels() - 1);
    let residual = |source: &mut Source, i: usize| {
        let name = format!("middle_block.{i}");
        Layer::Residual(Residual::new(
            source,
            &name,
            options,
            [channels; 2],
            Resize::No,
        ))
    };
    let first = residual(source, 0);
    let attention = Attention::new(
        source,
        "middle_block.1",
        options,
        channels,
        options.num_heads,
    );
    vec![first, Layer::Attention(attention), residual(source, 2)]
}

/// The way up, from the middle's channels and what the way down left.
fn ascend(source: &mut Source, options: &AdmOptions, mut skips: Vec<i64>) -> Vec<Vec<Layer>> {
    let mut channels = options.width(options.levels() - 1);
    let heads = options
        .num_heads_upsample
        .filter(|n| *n > 0)
        .unwrap_or(options.num_heads);
    let mut blocks = Vec::new();
    for level in (0..options.levels()).rev() {
        for i in 0..=options.num_res_blocks {
            let name = format!("output_blocks.{}", blocks.len());
            let ends = [
                channels + skips.pop().unwrap_or_default(),
                options.width(level),
            ];
            channels = ends[1];
            let mut layers = block(source, &name, options, (level, ends, heads));
            if level > 0 && i == options.num_res_blocks {
                let name = format!("{name}.{}", layers.len());
                layers.push(Layer::resize(
                    source,
                    &name,
                    options,
                    channels,
                    Resize::Double,
                ));
            }
            blocks.push(layers);
        }
    }
    blocks
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
