//! The noise level from which a sampler may begin at a classical image instead of noise.

use super::conditional::{CovarianceModel, Guided};
use super::{Measurement, root::Root};
use crate::score::Denoiser;
use operators::state::radius;
use operators::{Array, Direction, Result, SliceRng};

/// Posterior draws that the error of an image is told from.
const DRAWS: usize = 4;
/// Rings of |k| from the centre of the spectrum to its corner.
const RINGS: usize = 32;
/// Enough for any start that is worth it: what is not solved looks unmeasured, and the start is higher.
const CG_ITERATIONS: usize = 60;
/// σ over the deviation of the worst ring.
const FACTOR: f64 = 4.0;

/// `σ = 4 max_k √E(k)`, where `E(k) = Var(x0 | y)` of a ring of frequencies, under the model of C at the level
/// `largest`; nothing where the prior has no such model.
///
/// The state of a warm start lacks the posterior's own deviation: it is a classical image, which errs by `√E(k)`
/// at least, and `σ z`. On the way down the prior takes an error of the start by `E / (E + σ²)`, here a
/// seventeenth, and the variance that lacks by its square (guidance.md 7d.4).
///
/// E is measured on draws by perturb-and-MAP, `p ~ N(m, E)`. `like`: batch 1.
pub fn warm_start_sigma<T: Array>(
    prior: &dyn Denoiser<T>,
    data: &Measurement<'_, T>,
    like: &T,
    largest: f64,
    seed: u64,
) -> Result<Option<f64>> {
    if prior.covariance().is_none() {
        return Ok(None);
    }
    let rng = &mut SliceRng::samples(seed ^ SALT, 0, DRAWS as u32);
    let guided = Guided::plain(CovarianceModel::Spectrum, CG_ITERATIONS);
    let root: Root<T> = guided.model_of(prior, like, largest).into();
    let z = root.apply(&like.repeat(DRAWS).normal_like(rng));
    let drawn = guided.solve(data, &z, root, Some(rng))?;
    let mut p = drawn.shift();
    p.axpy(&[1.0], &z);
    Ok(Some(FACTOR * worst_ring(&p).sqrt()))
}

/// The draws have streams of their own, not those of the samples.
const SALT: u64 = 0x5741_524d;

/// The largest variance between items over a ring of frequencies, per real component.
fn worst_ring<T: Array>(draws: &T) -> f64 {
    let sizes = draws.sizes();
    let (count, rank) = (sizes[0], sizes.len());
    let (rows, columns) = (sizes[rank - 2], sizes[rank - 1]);
    let per = draws.field().reals();
    let modes = draws.fft2(Direction::Forward).to_reals();
    let each = modes.len() / count;
    let mut rings = [(0.0, 0.0); RINGS];
    for i in 0..each {
        let values = (0..count).map(|n| modes[n * each + i]);
        let mean = values.clone().sum::<f64>() / count as f64;
        let variance = values.map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1) as f64;
        let mode = i / per % (rows * columns);
        let r = radius(mode / columns, mode % columns, rows, columns);
        let ring = ((r * std::f64::consts::SQRT_2 * RINGS as f64) as usize).min(RINGS - 1);
        rings[ring] = (rings[ring].0 + variance, rings[ring].1 + 1.0);
    }
    let means = rings.iter().filter(|r| r.1 > 0.0).map(|r| r.0 / r.1);
    means.fold(0.0, f64::max)
}
