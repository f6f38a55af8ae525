//! `UNet2DModel` of the diffusers library: `F(x, t)`.
//!
//! Residual blocks with the embedded time step, attention in the levels that say so. Names and defaults as
//! in `huggingface/diffusers` (Apache-2.0), whose folders hold `config.json` beside safetensors.

mod blocks;
mod options;

pub use options::{DiffusersOptions, Sampling, TimeEmbedding, TimeShift};

use super::layers::{Conv, GroupNorm, Halves, Linear, Resize, sinusoids, steps, waves};
use super::{NetworkError, Source, check_class, check_input};
use blocks::{Attention, Resample, Residual};
use std::f64::consts::TAU;
use tch::{Kind, Tensor};

/// One level, down or up.
struct Level {
    blocks: Vec<(Residual, Option<Attention>)>,
    resample: Option<Resample>,
}

/// The block in the middle.
struct Middle {
    first: Residual,
    attention: Option<Attention>,
    second: Residual,
}

/// The network `F(x, t)`.
pub struct Diffusers {
    options: DiffusersOptions,
    input: Conv,
    frequencies: Option<Tensor>,
    time: [Linear; 2],
    classes: Option<Tensor>,
    down: Vec<Level>,
    middle: Option<Middle>,
    up: Vec<Level>,
    norm: GroupNorm,
    output: Conv,
}

impl Diffusers {
    /// Builds the network of `options` with tensors from `source`.
    pub fn new(source: &mut Source, options: &DiffusersOptions) -> Result<Self, NetworkError> {
        options.check()?;
        let (base, width) = (options.base(), options.embedded());
        let input = Conv::new(source, "conv_in", options.in_channels, base, 3);
        let fourier = options.time_embedding_type == TimeEmbedding::Fourier;
        let frequencies = fourier.then(|| source.frozen("time_proj.weight", &[base]));
        let features = if fourier { 2 * base } else { base };
        let time = [
            Linear::new(source, "time_embedding.linear_1", features, width),
            Linear::new(source, "time_embedding.linear_2", width, width),
        ];
        let classes = (options.classes() > 0)
            .then(|| source.parameter("class_embedding.weight", &[options.classes(), width]));
        let down = descend(source, options)?;
        let up = ascend(source, options)?;
        let middle = if options.mid_block_type.is_some() {
            Some(Middle::new(source, options)?)
        } else {
            None
        };
        Ok(Diffusers {
            input,
            frequencies,
            time,
            classes,
            down,
            middle,
            up,
            norm: GroupNorm::new(
                source,
                "conv_norm_out",
                base,
                options.norm_num_groups,
                options.norm_eps,
            ),
            output: Conv::new(source, "conv_out", base, options.out_channels, 3),
            options: options.clone(),
        })
    }

    /// Multiple that both sides of an image must have.
    pub fn cell(&self) -> i64 {
        1 << (self.options.levels() - 1)
    }

    /// `[B, in, Y, X]`, `[B]` and, for a network with classes, `[B]` whole numbers to `[B, out, Y, X]`.
    ///
    /// `t` is the number of the time step, or σ for a network with a Fourier embedding.
    pub fn forward(
        &self,
        x: &Tensor,
        t: &Tensor,
        class: Option<&Tensor>,
    ) -> Result<Tensor, NetworkError> {
        check_input(x, t, self.options.in_channels, self.cell())?;
        check_class(class, x.size()[0], self.options.classes())?;
        let kind = self.output.weight.kind();
        let x = x.to_kind(kind);
        let x = if self.options.center_input_sample {
            x * 2.0 - 1.0
        } else {
            x
        };
        let y = self.image_path(&x, &self.embed(t, class));
        let fourier = self.frequencies.is_some();
        Ok(if fourier {
            y / t.to_kind(kind).reshape([-1, 1, 1, 1])
        } else {
            y
        })
    }

    /// The activated embedding of time and class: every block begins with this activation.
    fn embed(&self, t: &Tensor, class: Option<&Tensor>) -> Tensor {
        let (kind, base) = (self.output.weight.kind(), self.options.base());
        let features = match &self.frequencies {
            Some(w) => waves(
                &(t.to_kind(kind).log().unsqueeze(-1) * w.unsqueeze(0) * TAU),
                Halves::SinCos,
                2 * base,
            ),
            None => {
                let count = base / 2 - self.options.freq_shift;
                let frequencies = (steps(base / 2) * -(1e4f64.ln()) / count as f64).exp();
                let halves = if self.options.flip_sin_to_cos {
                    Halves::CosSin
                } else {
                    Halves::SinCos
                };
                sinusoids(t, &frequencies, halves, base).to_kind(kind)
            }
        };
        let mut h = self.time[1].apply(&self.time[0].apply(&features).silu());
        if let (Some(table), Some(class)) = (&self.classes, class) {
            h += table.index_select(0, &class.to_kind(Kind::Int64));
        }
        h.silu()
    }

    fn image_path(&self, x: &Tensor, embedding: &Tensor) -> Tensor {
        let run = |(block, attention): &(Residual, Option<Attention>), x: &Tensor| {
            let h = block.apply(x, embedding);
            attention
                .as_ref()
                .map_or_else(|| h.shallow_clone(), |attention| attention.apply(&h))
        };
        let mut h = self.input.apply(x);
        let mut skips = vec![h.shallow_clone()];
        for level in &self.down {
            for block in &level.blocks {
                h = run(block, &h);
                skips.push(h.shallow_clone());
            }
            if let Some(resample) = &level.resample {
                h = resample.apply(&h, embedding);
                skips.push(h.shallow_clone());
            }
        }
        if let Some(middle) = &self.middle {
            h = middle.apply(&h, embedding);
        }
        for level in &self.up {
            for (block, skip) in level.blocks.iter().zip(std::iter::from_fn(|| skips.pop())) {
                h = run(block, &Tensor::cat(&[&h, &skip], 1));
            }
            if let Some(resample) = &level.resample {
                h = resample.apply(&h, embedding);
            }
        }
        self.output.apply(&self.norm.apply(&h).silu())
    }
}

impl Middle {
    fn new(source: &mut Source, options: &DiffusersOptions) -> Result<Self, NetworkError> {
        let channels = options.block_out_channels[options.levels() - 1];
        let divisor = options.mid_block_scale_factor;
        let attention = (options.add_attention).then(|| {
            Attention::new(
                source,
                "mid_block.attentions.0",
                options,
                channels,
                options.middle_groups(),
            )
        });
        let attention = attention
            .transpose()?
            .map(|attention| attention.divided(divisor));
        let mut block = |i: usize| {
            let name = format!("mid_block.resnets.{i}");
            Ok(Residual::new(source, &name, options, [channels; 2], Resize::No)?.divided(divisor))
        };
        Ok(Middle {
            first: block(0)?,
            second: block(1)?,
            attention,
        })
    }

    fn apply(&self, x: &Tensor, embedding: &Tensor) -> Tensor {
        let h = self.first.apply(x, embedding);
        let h = self
            .attention
            .as_ref()
            .map_or_else(|| h.shallow_clone(), |attention| attention.apply(&h));
        self.second.apply(&h, embedding)
    }
}

/// The blocks of a level whose residual blocks have these ends.
fn blocks(
    source: &mut Source,
    name: &str,
    options: &DiffusersOptions,
    ends: &[[i64; 2]],
    attends: bool,
) -> Result<Vec<(Residual, Option<Attention>)>, NetworkError> {
    let mut attentions = Vec::new();
    for (i, [_, to]) in ends.iter().enumerate() {
        let groups = Some(options.norm_num_groups);
        let attention = attends.then(|| {
            Attention::new(
                source,
                &format!("{name}.attentions.{i}"),
                options,
                *to,
                groups,
            )
        });
        attentions.push(attention.transpose()?);
    }
    let mut residuals = Vec::new();
    for (i, ends) in ends.iter().enumerate() {
        residuals.push(Residual::new(
            source,
            &format!("{name}.resnets.{i}"),
            options,
            *ends,
            Resize::No,
        )?);
    }
    Ok(residuals.into_iter().zip(attentions).collect())
}

fn descend(source: &mut Source, options: &DiffusersOptions) -> Result<Vec<Level>, NetworkError> {
    let mut channels = options.base();
    let mut levels = Vec::new();
    for (i, to) in options.block_out_channels.iter().enumerate() {
        let name = format!("down_blocks.{i}");
        let attends = options.down_block_types[i].starts_with("Attn");
        let ends: Vec<[i64; 2]> = (0..options.layers_per_block)
            .map(|j| [if j == 0 { channels } else { *to }, *to])
            .collect();
        channels = *to;
        let blocks = blocks(source, &name, options, &ends, attends)?;
        let at = format!("{name}.downsamplers.0");
        let resample = match (i + 1 < options.levels(), attends, options.downsample_type) {
            (false, ..) => None,
            (_, true, Sampling::Resnet) => Some(Resample::Residual(Box::new(Residual::new(
                source,
                &at,
                options,
                [channels; 2],
                Resize::Halve,
            )?))),
            _ => Some(Resample::halve(
                source,
                &at,
                channels,
                options.downsample_padding,
            )),
        };
        levels.push(Level { blocks, resample });
    }
    Ok(levels)
}

fn ascend(source: &mut Source, options: &DiffusersOptions) -> Result<Vec<Level>, NetworkError> {
    let widths: Vec<i64> = options.block_out_channels.iter().rev().copied().collect();
    let mut before = widths[0];
    let mut levels = Vec::new();
    for (i, to) in widths.iter().copied().enumerate() {
        let name = format!("up_blocks.{i}");
        let attends = options.up_block_types[i].starts_with("Attn");
        let last = options.layers_per_block;
        // The last block of a level meets what the level above began with.
        let below = widths[(i + 1).min(widths.len() - 1)];
        let ends: Vec<[i64; 2]> = (0..=last)
            .map(|j| {
                [
                    if j == 0 { before } else { to } + if j == last { below } else { to },
                    to,
                ]
            })
            .collect();
        before = to;
        let blocks = blocks(source, &name, options, &ends, attends)?;
        let at = format!("{name}.upsamplers.0");
        let resample = match (i + 1 < options.levels(), attends, options.upsample_type) {
            (false, ..) => None,
            (_, true, Sampling::Resnet) => Some(Resample::Residual(Box::new(Residual::new(
                source,
                &at,
                options,
                [to; 2],
                Resize::Double,
            )?))),
            _ => Some(Resample::double(source, &at, to)),
        };
        levels.push(Level { blocks, resample });
    }
    Ok(levels)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
