//! NCSN++ of score_sde: the score `s(x, σ) = ∇ ln p_σ(x)`.
//!
//! Residual blocks with the embedded noise level added, smoothed resampling, sums over √2, and images of
//! every resolution on the way down or up. Source: Song et al. 2021; names as in
//! `yang-song/score_sde_pytorch` (Apache-2.0): one flat list, numbered in the order of construction.

mod blocks;
mod options;
mod ways;

pub use options::{BlockKind, Combine, Embedding, NcsnppOptions, Nonlinearity, Progressive};

use super::fir::Fir;
use super::layers::{Conv, GroupNorm, Halves, Linear, sinusoids, steps, waves};
use super::{NetworkError, Source, check_input};
use blocks::{Attention, Common, Residual, Resize};
use std::f64::consts::TAU;
use std::rc::Rc;
use tch::{Kind, Tensor};
use ways::{Down, Up};

/// Names of the flat list, one after the other.
struct Names(usize);

impl Names {
    fn next(&mut self) -> String {
        self.0 += 1;
        format!("all_modules.{}", self.0 - 1)
    }
}

/// The network `s(x, σ)`.
pub struct Ncsnpp {
    common: Common,
    sigmas: Tensor,
    frequencies: Option<Tensor>,
    dense: Option<[Linear; 2]>,
    input: Conv,
    down: Vec<Down>,
    middle: Middle,
    up: Vec<Up>,
    output: Option<(GroupNorm, Conv)>,
    kind: Kind,
}

impl Ncsnpp {
    /// Builds the network of `options` with tensors from `source`.
    pub fn new(source: &mut Source, options: &NcsnppOptions) -> Result<Self, NetworkError> {
        options.check()?;
        let mut names = Names(0);
        let sigmas = source.buffer("sigmas", &Tensor::from_slice(&options.sigmas()));
        let nf = options.nf;
        let frequencies = (options.embedding_type == Embedding::Fourier)
            .then(|| source.frozen(&format!("{}.W", names.next()), &[nf]));
        let features = if frequencies.is_some() { 2 * nf } else { nf };
        let dense = (options.conditional).then(|| {
            let first = Linear::new(source, &names.next(), features, 4 * nf);
            [first, Linear::new(source, &names.next(), 4 * nf, 4 * nf)]
        });
        let input = Conv::new(source, &names.next(), options.num_channels, nf, 3);
        let kind = input.weight.kind();
        let fir = (options.fir)
            .then(|| Rc::new(Fir::new(&options.fir_kernel, kind, input.weight.device())));
        let options = Rc::new(options.clone());
        let common = Common { options, fir };
        let (down, skips) = ways::descend(source, &mut names, &common)?;
        let last = skips.last().copied().unwrap_or(nf);
        Ok(Ncsnpp {
            sigmas,
            frequencies,
            dense,
            input,
            down,
            middle: Middle::new(source, &mut names, &common, last)?,
            up: ways::ascend(source, &mut names, &common, skips)?,
            output: output(source, &mut names, &common)?,
            common,
            kind,
        })
    }

    /// Multiple that both sides of an image must have.
    pub fn cell(&self) -> i64 {
        1 << (self.down.len() - 1)
    }

    /// `[B, C, Y, X]` and `[B]` to `[B, C, Y, X]`: `level` is σ, or with a positional embedding the
    /// number of the time step.
    pub fn forward(&self, x: &Tensor, level: &Tensor) -> Result<Tensor, NetworkError> {
        let options = &self.common.options;
        check_input(x, level, options.num_channels, self.cell())?;
        let sigma = match options.embedding_type {
            Embedding::Fourier => level.to_kind(self.kind),
            Embedding::Positional => self.sigma_of(level)?,
        };
        let embedding = self.embed(level);
        let x = x.to_kind(self.kind);
        let x = if options.centered { x } else { x * 2.0 - 1.0 };
        let y = self.image_path(&x, embedding.as_ref());
        Ok(if options.scale_by_sigma {
            y / sigma.reshape([-1, 1, 1, 1])
        } else {
            y
        })
    }

    fn sigma_of(&self, step: &Tensor) -> Result<Tensor, NetworkError> {
        let (index, most) = (step.to_kind(Kind::Int64), self.common.options.num_scales);
        let inside = index
            .ge(0)
            .logical_and(&index.lt(most))
            .all()
            .int64_value(&[])
            == 1;
        if !inside {
            let why = format!("expected time steps from 0 to {}", most - 1);
            return Err(NetworkError::Input(why));
        }
        Ok(self.sigmas.index_select(0, &index))
    }

    /// The activated embedding: every block begins with this activation.
    fn embed(&self, level: &Tensor) -> Option<Tensor> {
        let [first, second] = self.dense.as_ref()?;
        let nf = self.common.options.nf;
        let features = match &self.frequencies {
            Some(w) => {
                let angles = level.to_kind(self.kind).log().unsqueeze(-1) * w.unsqueeze(0) * TAU;
                waves(&angles, Halves::SinCos, 2 * nf)
            }
            None => {
                let half = nf / 2;
                let frequencies = (steps(half) * -(1e4f64.ln() / (half - 1) as f64)).exp();
                sinusoids(level, &frequencies, Halves::SinCos, nf).to_kind(self.kind)
            }
        };
        let h = second.apply(&self.common.act(&first.apply(&features)));
        Some(self.common.act(&h))
    }

    fn image_path(&self, x: &Tensor, embedding: Option<&Tensor>) -> Tensor {
        let mut h = self.input.apply(x);
        let mut skips = vec![h.shallow_clone()];
        let mut image = x.shallow_clone();
        for level in &self.down {
            h = level.apply(h, &mut image, &mut skips, embedding);
        }
        h = self.middle.apply(&h, embedding);
        let mut pyramid = None;
        for level in &self.up {
            h = level.apply(h, &mut pyramid, &mut skips, embedding);
        }
        match (&self.output, pyramid) {
            (Some((norm, conv)), _) => conv.apply(&self.common.act(&norm.apply(&h))),
            (None, pyramid) => pyramid.unwrap_or(h),
        }
    }
}

/// Residual, attention, residual at the coarsest level.
struct Middle {
    first: Residual,
    attention: Attention,
    second: Residual,
}

impl Middle {
    fn new(
        source: &mut Source,
        names: &mut Names,
        common: &Common,
        channels: i64,
    ) -> Result<Self, NetworkError> {
        let ends = [channels; 2];
        Ok(Middle {
            first: Residual::new(source, &names.next(), common, ends, Resize::No)?,
            attention: Attention::new(source, &names.next(), common, channels)?,
            second: Residual::new(source, &names.next(), common, ends, Resize::No)?,
        })
    }

    fn apply(&self, x: &Tensor, embedding: Option<&Tensor>) -> Tensor {
        let h = self.attention.apply(&self.first.apply(x, embedding));
        self.second.apply(&h, embedding)
    }
}

/// The last norm and convolution, unless the output is the sum of images of every resolution.
fn output(
    source: &mut Source,
    names: &mut Names,
    common: &Common,
) -> Result<Option<(GroupNorm, Conv)>, NetworkError> {
    let options = &common.options;
    if options.progressive == Progressive::OutputSkip {
        return Ok(None);
    }
    let (width, channels) = (options.width(0), options.num_channels);
    let norm = common.norm(source, &names.next(), width)?;
    let conv = Conv::new(source, &names.next(), width, channels, 3);
    Ok(Some((norm, conv)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
