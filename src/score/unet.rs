//! The local U-Net: no norm over pixels, no bias in the image path, FiLM scales only.
//!
//! Without norms over pixels and without biases the network is indifferent to the crop: it works at any size (padded to a multiple of the
//! coarsest cell by reflection of nothing: zeros, which are air) and at any position.

use super::card::NetworkCard;
use tch::{Device, Kind, Tensor};

/// Where a network takes its tensors from: fresh ones, or a file's.
pub trait Source {
    /// The tensor of that name and shape; `gain` scales a fresh one.
    fn take(&mut self, name: &str, shape: &[i64], gain: f64) -> Tensor;
}

/// `x + W₂ silu((1 + s) ∘ W₁ b(x))`, with the scale `s` from the noise level; `b(x)` is x, or [`bounded`].
struct Block {
    first: Tensor,
    second: Tensor,
    film: Tensor,
    bounded: bool,
}

impl Block {
    fn new(source: &mut dyn Source, name: &str, channels: i64, bounded: bool) -> Self {
        let conv = [channels, channels, 3, 3];
        Block {
            first: source.take(&format!("{name}.first.weight"), &conv, 1.4),
            second: source.take(&format!("{name}.second.weight"), &conv, 0.3),
            film: source.take(&format!("{name}.film.weight"), &[channels, EMBEDDING], 0.0),
            bounded,
        }
    }

    fn forward(&self, x: &Tensor, embedding: &Tensor) -> Tensor {
        let scale: Tensor = embedding.matmul(&self.film.tr()) + 1.0;
        let seen = if self.bounded { &bounded(x) } else { x };
        let h = conv3(seen, &self.first) * scale.unsqueeze(-1).unsqueeze(-1);
        x + conv3(&h.silu(), &self.second)
    }
}

/// `x / √(1 + mean over channels of x²)`, pixel by pixel: x where it is small, and never longer than √channels.
///
/// A block that sees this adds at most a constant. Blocks that see x itself multiply: a direction that training
/// seldom visits may grow tenfold in each, and a few images then come out thousands of times too large.
fn bounded(x: &Tensor) -> Tensor {
    let power = x.square().mean_dim([1i64].as_slice(), true, x.kind());
    x * (power + 1.0).rsqrt()
}

fn conv3(x: &Tensor, w: &Tensor) -> Tensor {
    x.conv2d(w, None::<&Tensor>, [1, 1], [1, 1], [1, 1], 1)
}

/// Width of the noise embedding.
const EMBEDDING: i64 = 64;
/// Frequencies of the noise features.
const FREQUENCIES: i64 = 8;

/// One resolution: its blocks on the way down and up, and the 2 × 2 convolutions to the next.
struct Level {
    down: Vec<Block>,
    up: Vec<Block>,
    shrink: Tensor,
    grow: Tensor,
}

/// `F(x, c)`: images with `channels` channels and a noise number per item to images.
pub struct UNet {
    input: Tensor,
    output: Tensor,
    embed_first: Tensor,
    embed_first_bias: Tensor,
    embed_second: Tensor,
    embed_second_bias: Tensor,
    levels: Vec<Level>,
    middle: Vec<Block>,
}

impl UNet {
    /// Builds the network of `card` for images with `image_channels` channels from `source`; a
    /// companded copy of the image doubles its input.
    pub fn new(source: &mut dyn Source, card: &NetworkCard, image_channels: usize) -> Self {
        let width = |i: usize| card.channels[i] as i64;
        let blocks = |source: &mut dyn Source, side: &str, i: usize| {
            (0..card.blocks[i])
                .map(|b| {
                    Block::new(
                        source,
                        &format!("level{i}.{side}{b}"),
                        width(i),
                        card.bounded,
                    )
                })
                .collect::<Vec<_>>()
        };
        let coarsest = card.channels.len() - 1;
        let levels = (0..coarsest)
            .map(|i| Level {
                down: blocks(source, "down", i),
                up: blocks(source, "up", i),
                shrink: source.take(
                    &format!("level{i}.shrink.weight"),
                    &[width(i + 1), width(i), 2, 2],
                    1.0,
                ),
                grow: source.take(
                    &format!("level{i}.grow.weight"),
                    &[width(i + 1), width(i), 2, 2],
                    0.5,
                ),
            })
            .collect();
        let image = image_channels as i64;
        let seen = image * if card.compand.is_some() { 2 } else { 1 };
        UNet {
            input: source.take("input.weight", &[width(0), seen, 3, 3], 1.0),
            output: source.take("output.weight", &[image, width(0), 3, 3], 0.1),
            embed_first: source.take("embed.first.weight", &[EMBEDDING, 2 * FREQUENCIES], 1.0),
            embed_first_bias: source.take("embed.first.bias", &[EMBEDDING], 0.0),
            embed_second: source.take("embed.second.weight", &[EMBEDDING, EMBEDDING], 1.0),
            embed_second_bias: source.take("embed.second.bias", &[EMBEDDING], 0.0),
            middle: blocks(source, "middle", coarsest),
            levels,
        }
    }

    /// Multiple that both sides of an image are padded to.
    pub fn cell(&self) -> i64 {
        1 << self.levels.len()
    }

    /// `F(x, c)`: `[B, inputs, Y, X]` and `[B]` to `[B, channels, Y, X]`.
    ///
    /// The first convolution is done in the kind of `x` and the rest in that of its own weights:
    /// noise of 0.002 on bone of 1.5 would be lost if the image itself were rounded to bf16.
    pub fn forward(&self, x: &Tensor, c: &Tensor) -> Tensor {
        let size = x.size();
        let (rows, columns, cell) = (size[2], size[3], self.cell());
        let (more_y, more_x) = ((cell - rows % cell) % cell, (cell - columns % cell) % cell);
        let padded = if more_x + more_y > 0 {
            x.constant_pad_nd([0, more_x, 0, more_y])
        } else {
            x.shallow_clone()
        };
        let embedding = self.embed(c).to_kind(self.output.kind());
        let y = self.image_path(&padded, &embedding);
        if more_x + more_y > 0 {
            y.narrow(2, 0, rows).narrow(3, 0, columns)
        } else {
            y
        }
    }

    fn image_path(&self, x: &Tensor, embedding: &Tensor) -> Tensor {
        let run = |blocks: &[Block], x: Tensor| {
            blocks
                .iter()
                .fold(x, |x, block| block.forward(&x, embedding))
        };
        let mut x = conv3(x, &self.input).to_kind(self.output.kind());
        let mut skips = Vec::new();
        for level in &self.levels {
            x = run(&level.down, x);
            skips.push(x.shallow_clone());
            x = x.conv2d(&level.shrink, None::<&Tensor>, [2, 2], [0, 0], [1, 1], 1);
        }
        x = run(&self.middle, x);
        for (level, skip) in self.levels.iter().zip(skips).rev() {
            let none = None::<&Tensor>;
            x = x.conv_transpose2d(&level.grow, none, [2, 2], [0, 0], [0, 0], 1, [1, 1]) + skip;
            x = run(&level.up, x);
        }
        conv3(&x, &self.output)
    }

    /// The embedding of `c = ln σ / 4`: cosines and sines, two layers.
    fn embed(&self, c: &Tensor) -> Tensor {
        let c = c.to_kind(self.embed_first.kind());
        let frequencies = Tensor::arange(FREQUENCIES, (c.kind(), c.device())) * 0.5 + 0.5;
        let angles = c.unsqueeze(-1) * 4.0 * frequencies.unsqueeze(0);
        let features = Tensor::cat(&[angles.cos(), angles.sin()], -1);
        let h = (features.matmul(&self.embed_first.tr()) + &self.embed_first_bias).silu();
        (h.matmul(&self.embed_second.tr()) + &self.embed_second_bias).silu()
    }
}

/// Fresh tensors: normal with variance `gain² / fan_in`, from an explicit seed.
pub struct Fresh {
    /// Device of the tensors.
    pub device: Device,
    /// Random numbers.
    pub rng: rand_chacha::ChaCha8Rng,
    /// What was made, in order.
    pub made: Vec<(String, Tensor)>,
}

impl Source for Fresh {
    fn take(&mut self, name: &str, shape: &[i64], gain: f64) -> Tensor {
        use rand_distr::{Distribution, StandardNormal};
        let fan_in: i64 = shape[1..].iter().product();
        let scale = gain / (fan_in as f64).sqrt();
        let count = shape.iter().product::<i64>();
        let values: Vec<f32> = (0..count)
            .map(|_| {
                let z: f64 = StandardNormal.sample(&mut self.rng);
                (scale * z) as f32
            })
            .collect();
        let t = Tensor::from_slice(&values)
            .view(shape)
            .to_kind(Kind::Float)
            .to_device(self.device);
        self.made.push((name.to_owned(), t.shallow_clone()));
        t
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    fn block(bounded: bool) -> Block {
        let mut fresh = Fresh {
            device: Device::Cpu,
            rng: ChaCha8Rng::seed_from_u64(1),
            made: Vec::new(),
        };
        Block::new(&mut fresh, "block", 8, bounded)
    }

    fn image() -> Tensor {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let values: Vec<f32> = (0..8 * 12 * 10)
            .map(|_| StandardNormal.sample(&mut rng))
            .collect();
        Tensor::from_slice(&values).view([1, 8, 12, 10])
    }

    /// The largest that a block adds to `t` times an image.
    fn added(block: &Block, t: f64) -> f64 {
        let embedding = Tensor::zeros([1, EMBEDDING], (Kind::Float, Device::Cpu));
        let zero = Tensor::zeros([8, EMBEDDING], (Kind::Float, Device::Cpu));
        assert_eq!(block.film, zero, "a fresh block has no scale");
        let x = image() * t;
        let y = block.forward(&x, &embedding);
        (y - x).abs().max().double_value(&[])
    }

    #[test]
    fn a_bounded_block_adds_at_most_a_constant() {
        let growth = |bounded| added(&block(bounded), 1e4) / added(&block(bounded), 1e2);
        assert!((growth(true) - 1.0).abs() < 1e-2, "{}", growth(true));
        // The ruler: without the bound it grows with the image.
        assert!(growth(false) > 50.0, "{}", growth(false));
    }

    #[test]
    fn a_small_image_is_seen_as_it_is() {
        let x = image() * 1e-4;
        let error = (bounded(&x) - &x).abs().max() / x.abs().max();
        assert!(error.double_value(&[]) < 1e-6);
    }
}
