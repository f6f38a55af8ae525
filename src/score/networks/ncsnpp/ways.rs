//! The way down and the way up of NCSN++, level by level.

use super::Names;
use super::blocks::{Attention, Common, Join, Resample, Residual, Resize};
use super::options::{BlockKind, Combine, Progressive};
use crate::score::networks::layers::{Conv, GroupNorm};
use crate::score::networks::{NetworkError, Source};
use tch::Tensor;

/// A residual block, and attention after it.
type Block = (Residual, Option<Attention>);

/// The change of size between levels.
enum Step {
    Residual(Box<Residual>),
    Resample(Resample),
}

impl Step {
    fn new(
        source: &mut Source,
        name: &str,
        common: &Common,
        channels: i64,
        resize: Resize,
    ) -> Result<Self, NetworkError> {
        let ends = [channels; 2];
        Ok(
            match (
                common.options.resblock_type,
                common.options.resamp_with_conv,
            ) {
                (BlockKind::Biggan, _) => {
                    Step::Residual(Box::new(Residual::new(source, name, common, ends, resize)?))
                }
                (BlockKind::Ddpm, true) => {
                    Step::Resample(Resample::convolved(source, name, common, ends, resize))
                }
                (BlockKind::Ddpm, false) => Step::Resample(Resample::plain(common, resize)),
            },
        )
    }

    fn apply(&self, x: &Tensor, embedding: Option<&Tensor>) -> Tensor {
        match self {
            Step::Residual(block) => block.apply(x, embedding),
            Step::Resample(resample) => resample.apply(x),
        }
    }
}

/// How the image joins below a step down.
enum ImageIn {
    Nothing,
    Skip(Resample, Join),
    Residual(Resample, Common),
}

impl ImageIn {
    /// The new `h` and image.
    fn apply(&self, h: Tensor, image: &Tensor) -> (Tensor, Tensor) {
        match self {
            ImageIn::Nothing => (h, image.shallow_clone()),
            ImageIn::Skip(resample, join) => {
                let image = resample.apply(image);
                (join.apply(&image, &h), image)
            }
            ImageIn::Residual(resample, common) => {
                let sum = common.sum(&resample.apply(image), &h);
                (sum.shallow_clone(), sum)
            }
        }
    }
}

/// One level on the way down.
pub(super) struct Down {
    blocks: Vec<Block>,
    step: Option<(Step, ImageIn)>,
}

impl Down {
    /// `h` through the level; `skips` gains what the way up needs, `image` follows the resolution.
    pub(super) fn apply(
        &self,
        mut h: Tensor,
        image: &mut Tensor,
        skips: &mut Vec<Tensor>,
        embedding: Option<&Tensor>,
    ) -> Tensor {
        for block in &self.blocks {
            h = run(block, &h, embedding);
            skips.push(h.shallow_clone());
        }
        if let Some((step, image_in)) = &self.step {
            (h, *image) = image_in.apply(step.apply(&h, embedding), image);
            skips.push(h.shallow_clone());
        }
        h
    }
}

fn run((block, attention): &Block, x: &Tensor, embedding: Option<&Tensor>) -> Tensor {
    let h = block.apply(x, embedding);
    attention
        .as_ref()
        .map_or_else(|| h.shallow_clone(), |attention| attention.apply(&h))
}

/// Builds the way down; also the channels of what it leaves for the way up.
pub(super) fn descend(
    source: &mut Source,
    names: &mut Names,
    common: &Common,
) -> Result<(Vec<Down>, Vec<i64>), NetworkError> {
    let options = &common.options;
    let (mut channels, mut image) = (options.nf, options.num_channels);
    let (mut levels, mut skips) = (Vec::new(), vec![channels]);
    for level in 0..options.ch_mult.len() {
        let mut blocks = Vec::new();
        for _ in 0..options.num_res_blocks {
            let ends = [channels, options.width(level)];
            channels = ends[1];
            let block = Residual::new(source, &names.next(), common, ends, Resize::No)?;
            let attention = (options.attends(level))
                .then(|| Attention::new(source, &names.next(), common, channels));
            blocks.push((block, attention.transpose()?));
            skips.push(channels);
        }
        let mut step = None;
        if level + 1 < options.ch_mult.len() {
            let resize = Resize::Halve;
            // A resampling without convolution has a number in the list too.
            let down = Step::new(source, &names.next(), common, channels, resize)?;
            let join = image_in(source, names, common, (&mut image, &mut channels));
            skips.push(channels);
            step = Some((down, join));
        }
        levels.push(Down { blocks, step });
    }
    Ok((levels, skips))
}

fn image_in(
    source: &mut Source,
    names: &mut Names,
    common: &Common,
    (image, channels): (&mut i64, &mut i64),
) -> ImageIn {
    match common.options.progressive_input {
        Progressive::InputSkip => {
            let join = Join::new(source, &names.next(), common, *image, *channels);
            if common.options.progressive_combine == Combine::Cat {
                *channels *= 2;
            }
            ImageIn::Skip(Resample::plain(common, Resize::Halve), join)
        }
        Progressive::Residual => {
            let ends = [*image, *channels];
            *image = *channels;
            let resample = Resample::convolved(source, &names.next(), common, ends, Resize::Halve);
            ImageIn::Residual(resample, common.clone())
        }
        _ => ImageIn::Nothing,
    }
}

/// How the image leaves a level on the way up.
enum ImageOut {
    Nothing,
    /// The first level: an image from `h`.
    First(GroupNorm, Conv),
    /// The image, doubled, and another from `h`.
    Skip(Resample, GroupNorm, Conv),
    /// The image, doubled and convolved, added to `h`.
    Residual(Resample),
}

/// One level on the way up.
pub(super) struct Up {
    common: Common,
    blocks: Vec<Residual>,
    attention: Option<Attention>,
    image: ImageOut,
    step: Option<Step>,
}

impl Up {
    /// `h` through the level; takes `skips` from the end.
    pub(super) fn apply(
        &self,
        mut h: Tensor,
        pyramid: &mut Option<Tensor>,
        skips: &mut Vec<Tensor>,
        embedding: Option<&Tensor>,
    ) -> Tensor {
        for (block, skip) in self.blocks.iter().zip(std::iter::from_fn(|| skips.pop())) {
            h = block.apply(&Tensor::cat(&[&h, &skip], 1), embedding);
        }
        if let Some(attention) = &self.attention {
            h = attention.apply(&h);
        }
        h = self.image_out(h, pyramid);
        match &self.step {
            Some(step) => step.apply(&h, embedding),
            None => h,
        }
    }

    fn image_out(&self, h: Tensor, pyramid: &mut Option<Tensor>) -> Tensor {
        let image = |norm: &GroupNorm, conv: &Conv| conv.apply(&self.common.act(&norm.apply(&h)));
        *pyramid = match (&self.image, pyramid.take()) {
            (ImageOut::First(norm, conv), _) => Some(image(norm, conv)),
            (ImageOut::Skip(resample, norm, conv), Some(p)) => {
                Some(resample.apply(&p) + image(norm, conv))
            }
            (ImageOut::Residual(resample), Some(p)) => {
                let sum = self.common.sum(&resample.apply(&p), &h);
                *pyramid = Some(sum.shallow_clone());
                return sum;
            }
            (_, pyramid) => pyramid,
        };
        h
    }
}

/// Builds the way up from what the way down left.
pub(super) fn ascend(
    source: &mut Source,
    names: &mut Names,
    common: &Common,
    mut skips: Vec<i64>,
) -> Result<Vec<Up>, NetworkError> {
    let options = &common.options;
    let mut channels = skips.last().copied().unwrap_or(options.nf);
    let mut pyramid = 0;
    let mut levels = Vec::new();
    for level in (0..options.ch_mult.len()).rev() {
        let mut blocks = Vec::new();
        for _ in 0..=options.num_res_blocks {
            let from = channels + skips.pop().unwrap_or_default();
            channels = options.width(level);
            let (name, ends) = (names.next(), [from, channels]);
            blocks.push(Residual::new(source, &name, common, ends, Resize::No)?);
        }
        let attention = (options.attends(level))
            .then(|| Attention::new(source, &names.next(), common, channels));
        let attention = attention.transpose()?;
        let first = level + 1 == options.ch_mult.len();
        let image = image_out(source, names, common, (first, channels, &mut pyramid))?;
        let step =
            (level > 0).then(|| Step::new(source, &names.next(), common, channels, Resize::Double));
        levels.push(Up {
            common: common.clone(),
            blocks,
            attention,
            image,
            step: step.transpose()?,
        });
    }
    Ok(levels)
}

fn image_out(
    source: &mut Source,
    names: &mut Names,
    common: &Common,
    (first, channels, pyramid): (bool, i64, &mut i64),
) -> Result<ImageOut, NetworkError> {
    let skip = common.options.progressive == Progressive::OutputSkip;
    let to = if skip {
        common.options.num_channels
    } else {
        channels
    };
    let from = std::mem::replace(pyramid, to);
    if common.options.progressive == Progressive::None {
        return Ok(ImageOut::Nothing);
    }
    if !skip && !first {
        let resample =
            Resample::convolved(source, &names.next(), common, [from, to], Resize::Double);
        return Ok(ImageOut::Residual(resample));
    }
    let norm = common.norm(source, &names.next(), channels)?;
    let conv = Conv::new(source, &names.next(), channels, to, 3);
    if first {
        return Ok(ImageOut::First(norm, conv));
    }
    Ok(ImageOut::Skip(
        Resample::plain(common, Resize::Double),
        norm,
        conv,
    ))
}
