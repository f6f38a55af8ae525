//! The U-Net of Dhariwal and Nichol as EDM defines it.

use super::blocks::{Block, Resize, Shape, Style, norm};
use super::embedding::Embedding;
use super::options::EdmOptions;
use crate::score::networks::layers::{Conv, GroupNorm};
use crate::score::networks::{NetworkError, Source};
use tch::{Kind, Tensor};

/// `F(x, c)`.
pub(super) struct Dhariwal {
    embedding: Embedding,
    input: Conv,
    down: Vec<Block>,
    up: Vec<(Block, Join)>,
    norm: GroupNorm,
    output: Conv,
}

/// Whether a block takes what the way down left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Join {
    Nothing,
    Skip,
}

impl Dhariwal {
    pub(super) fn new(source: &mut Source, options: &EdmOptions) -> Result<Self, NetworkError> {
        let embedding = Embedding::new(source, options);
        let style = Style::new(options);
        let width = options.width(0);
        let name = format!("model.enc.{}_conv", options.side(0));
        let input = Conv::new(source, &name, options.inputs(), width, 3);
        let (down, skips) = descend(source, options, &style)?;
        let up = ascend(source, options, &style, skips)?;
        Ok(Dhariwal {
            embedding,
            input,
            down,
            up,
            norm: norm(source, "model.out_norm", width, 1e-5)?,
            output: Conv::new(source, "model.out_conv", width, options.outputs(), 3),
        })
    }

    pub(super) fn kind(&self) -> Kind {
        self.input.weight.kind()
    }

    pub(super) fn forward(&self, x: &Tensor, c: &Tensor, class: Option<&Tensor>) -> Tensor {
        let embedding = self.embedding.apply(c, class);
        let mut h = self.input.apply(x);
        let mut skips = vec![h.shallow_clone()];
        for block in &self.down {
            h = block.apply(&h, &embedding);
            skips.push(h.shallow_clone());
        }
        for (block, join) in &self.up {
            if let (Join::Skip, Some(skip)) = (join, skips.last()) {
                h = Tensor::cat(&[&h, skip], 1);
                skips.pop();
            }
            h = block.apply(&h, &embedding);
        }
        self.output.apply(&self.norm.apply(&h).silu())
    }
}

fn descend(
    source: &mut Source,
    options: &EdmOptions,
    style: &Style,
) -> Result<(Vec<Block>, Vec<i64>), NetworkError> {
    let mut channels = options.width(0);
    let (mut blocks, mut skips) = (Vec::new(), vec![channels]);
    for level in 0..options.levels() {
        let mut add = |part: &str, shape: Shape| {
            let name = format!("model.enc.{}_{part}", options.side(level));
            blocks.push(Block::new(source, &name, style, shape)?);
            skips.push(shape.to);
            Ok(())
        };
        if level > 0 {
            add(
                "down",
                Shape::new(channels, channels).resizing(Resize::Halve),
            )?;
        }
        for i in 0..options.blocks() {
            let shape = Shape::new(channels, options.width(level));
            add(
                &format!("block{i}"),
                shape.attending(options.attends(level)),
            )?;
            channels = shape.to;
        }
    }
    Ok((blocks, skips))
}

fn ascend(
    source: &mut Source,
    options: &EdmOptions,
    style: &Style,
    mut skips: Vec<i64>,
) -> Result<Vec<(Block, Join)>, NetworkError> {
    let last = options.levels() - 1;
    let mut channels = options.width(last);
    let mut blocks = Vec::new();
    for level in (0..=last).rev() {
        let mut add = |part: &str, shape: Shape, join: Join| {
            let name = format!("model.dec.{}_{part}", options.side(level));
            blocks.push((Block::new(source, &name, style, shape)?, join));
            Ok(())
        };
        let same = Shape::new(channels, channels);
        if level == last {
            add("in0", same.attending(true), Join::Nothing)?;
            add("in1", same, Join::Nothing)?;
        } else {
            add("up", same.resizing(Resize::Double), Join::Nothing)?;
        }
        for i in 0..=options.blocks() {
            let from = channels + skips.pop().unwrap_or_default();
            channels = options.width(level);
            let shape = Shape::new(from, channels).attending(options.attends(level));
            add(&format!("block{i}"), shape, Join::Skip)?;
        }
    }
    Ok(blocks)
}
