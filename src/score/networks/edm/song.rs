//! The U-Net of Song et al. (NCSN++ and DDPM++) as EDM defines it.

use super::blocks::{Block, Resampled, Resize, Shape, Style, norm};
use super::embedding::Embedding;
use super::options::{EdmOptions, Path};
use crate::score::networks::layers::{Conv, GroupNorm};
use crate::score::networks::{NetworkError, Source};
use std::f64::consts::FRAC_1_SQRT_2;
use tch::{Kind, Tensor};

/// One step on the way down.
enum Down {
    Block(Box<Block>),
    /// The image, halved, and a 1 × 1 convolution of it added to the main path.
    Skip(Resampled, Conv),
    /// The image, halved and convolved, added to the main path; the sum is the next image.
    Residual(Resampled),
}

/// One step on the way up.
enum Up {
    Block(Box<Block>),
    /// A block that takes what the way down left.
    Joined(Box<Block>),
    /// The output, doubled.
    Double(Resampled),
    /// The output, with another part from the main path.
    Image(GroupNorm, Conv),
}

/// `F(x, c)`.
pub(super) struct Song {
    embedding: Embedding,
    input: Conv,
    down: Vec<Down>,
    up: Vec<Up>,
}

impl Song {
    pub(super) fn new(source: &mut Source, options: &EdmOptions) -> Result<Self, NetworkError> {
        let embedding = Embedding::new(source, options);
        let style = Style::new(options);
        let name = format!("model.enc.{}_conv", options.side(0));
        let input = Conv::new(source, &name, options.inputs(), options.base(), 3);
        let (down, skips) = descend(source, options, &style)?;
        let up = ascend(source, options, &style, skips)?;
        Ok(Song {
            embedding,
            input,
            down,
            up,
        })
    }

    pub(super) fn kind(&self) -> Kind {
        self.input.weight.kind()
    }

    pub(super) fn forward(&self, x: &Tensor, c: &Tensor, class: Option<&Tensor>) -> Tensor {
        let embedding = self.embedding.apply(c, class);
        let mut h = self.input.apply(x);
        let mut skips = vec![h.shallow_clone()];
        let mut image = x.shallow_clone();
        for step in &self.down {
            match step {
                Down::Block(block) => {
                    h = block.apply(&h, &embedding);
                    skips.push(h.shallow_clone());
                    continue;
                }
                Down::Skip(halve, conv) => {
                    image = halve.apply(&image);
                    h += conv.apply(&image);
                }
                Down::Residual(halve) => {
                    h = (h + halve.apply_fused(&image)) * FRAC_1_SQRT_2;
                    image = h.shallow_clone();
                }
            }
            // The way up sees the sum instead of the block before it.
            skips.pop();
            skips.push(h.shallow_clone());
        }
        self.ascend(h, skips, &embedding)
    }

    fn ascend(&self, mut h: Tensor, mut skips: Vec<Tensor>, embedding: &Tensor) -> Tensor {
        let mut output: Option<Tensor> = None;
        for step in &self.up {
            match step {
                Up::Block(block) => h = block.apply(&h, embedding),
                Up::Joined(block) => {
                    let both: Vec<Tensor> = std::iter::once(h).chain(skips.pop()).collect();
                    h = block.apply(&Tensor::cat(&both, 1), embedding);
                }
                Up::Double(double) => output = output.map(|image| double.apply(&image)),
                Up::Image(norm, conv) => {
                    let part = conv.apply(&norm.apply(&h).silu());
                    output =
                        Some(output.map_or_else(|| part.shallow_clone(), |image| image + &part));
                }
            }
        }
        output.unwrap_or(h)
    }
}

fn descend(
    source: &mut Source,
    options: &EdmOptions,
    style: &Style,
) -> Result<(Vec<Down>, Vec<i64>), NetworkError> {
    let (mut channels, mut image) = (options.base(), options.inputs());
    let (mut steps, mut skips) = (Vec::new(), vec![channels]);
    for level in 0..options.levels() {
        let at = |part: &str| format!("model.enc.{}_{part}", options.side(level));
        if level > 0 {
            let shape = Shape::new(channels, channels).resizing(Resize::Halve);
            steps.push(Down::Block(Block::boxed(
                source,
                &at("down"),
                style,
                shape,
            )?));
            skips.push(channels);
            steps.extend(image_in(source, options, level, [image, channels]));
            if options.encoder_type == Path::Residual {
                image = channels;
            }
        }
        for i in 0..options.blocks() {
            let shape =
                Shape::new(channels, options.width(level)).attending(options.attends(level));
            let name = at(&format!("block{i}"));
            steps.push(Down::Block(Block::boxed(source, &name, style, shape)?));
            channels = shape.to;
            skips.push(channels);
        }
    }
    Ok((steps, skips))
}

fn image_in(
    source: &mut Source,
    options: &EdmOptions,
    level: usize,
    [image, channels]: [i64; 2],
) -> Option<Down> {
    let at = |part: &str| format!("model.enc.{}_{part}", options.side(level));
    let filter = options.filter();
    match options.encoder_type {
        Path::Standard => None,
        Path::Skip => {
            let halve = Resampled::new(
                source,
                &at("aux_down"),
                [image, image, 0],
                Resize::Halve,
                &filter,
            );
            Some(Down::Skip(
                halve,
                Conv::new(source, &at("aux_skip"), image, channels, 1),
            ))
        }
        Path::Residual => {
            let ends = [image, channels, 3];
            Some(Down::Residual(Resampled::new(
                source,
                &at("aux_residual"),
                ends,
                Resize::Halve,
                &filter,
            )))
        }
    }
}

fn ascend(
    source: &mut Source,
    options: &EdmOptions,
    style: &Style,
    mut skips: Vec<i64>,
) -> Result<Vec<Up>, NetworkError> {
    let last = options.levels() - 1;
    let mut channels = options.width(last);
    let mut steps = Vec::new();
    for level in (0..=last).rev() {
        let mut block = |part: &str, shape: Shape| {
            let name = format!("model.dec.{}_{part}", options.side(level));
            Block::boxed(source, &name, style, shape)
        };
        let same = Shape::new(channels, channels);
        if level == last {
            steps.push(Up::Block(block("in0", same.attending(true))?));
            steps.push(Up::Block(block("in1", same)?));
        } else {
            steps.push(Up::Block(block("up", same.resizing(Resize::Double))?));
        }
        for i in 0..=options.blocks() {
            let from = channels + skips.pop().unwrap_or_default();
            channels = options.width(level);
            // Only the last block of a level attends on the way up.
            let attends = i == options.blocks() && options.attends(level);
            let shape = Shape::new(from, channels).attending(attends);
            steps.push(Up::Joined(block(&format!("block{i}"), shape)?));
        }
        image_out(source, options, level, channels, &mut steps)?;
    }
    Ok(steps)
}

fn image_out(
    source: &mut Source,
    options: &EdmOptions,
    level: usize,
    channels: i64,
    steps: &mut Vec<Up>,
) -> Result<(), NetworkError> {
    let at = |part: &str| format!("model.dec.{}_{part}", options.side(level));
    let (skip, outputs) = (options.decoder_type == Path::Skip, options.outputs());
    if skip && level + 1 < options.levels() {
        let ends = [outputs, outputs, 0];
        steps.push(Up::Double(Resampled::new(
            source,
            &at("aux_up"),
            ends,
            Resize::Double,
            &options.filter(),
        )));
    }
    if skip || level == 0 {
        let norm = norm(source, &at("aux_norm"), channels, 1e-6)?;
        steps.push(Up::Image(
            norm,
            Conv::new(source, &at("aux_conv"), channels, outputs, 3),
        ));
    }
    Ok(())
}
