//! The noise level from which a sampler may begin at a classical image instead of noise.

use super::conditional::{CovarianceModel, Guided};
use super::{Measurement, root::Root};
use crate::score::Denoiser;
use operators::state::radius;
use operators::{Array, Direction, Product, Result, SliceRng, State};

/// Posterior draws that the error of an image is told from.
const DRAWS: usize = 4;
/// Rings of |k| from the centre of the spectrum to its corner.
const RINGS: usize = 32;
/// Enough for any start that is worth it: what is not solved looks unmeasured, and the start is higher.
const CG_ITERATIONS: usize = 60;
/// Rounds of Gauss and Newton beside a nuisance: one, linear around a wrong image, knows a kernel better than the data do.
const ROUNDS: usize = 4;
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
    let like = like.repeat(DRAWS);
    let guided = Guided::plain(CovarianceModel::Spectrum, CG_ITERATIONS);
    let draws = posterior_draws(&guided, prior, data, &like, None, (largest, seed))?;
    Ok(draws.map(|p| level(&p)))
}

/// The same of an image beside a nuisance, by draws of both: by rounds of Gauss and Newton from the classical image and
/// coefficients of zero, `at`, batch 1. They part where the two explain each other.
pub fn warm_start_sigma_beside<T: Array>(
    prior: &dyn Denoiser<Product<T>>,
    data: &Measurement<'_, Product<T>>,
    at: &Product<T>,
    largest: f64,
    seed: u64,
) -> Result<Option<f64>> {
    beside(prior, data, at, ROUNDS, (largest, seed))
}

/// The same by so many rounds.
fn beside<T: Array>(
    prior: &dyn Denoiser<Product<T>>,
    data: &Measurement<'_, Product<T>>,
    at: &Product<T>,
    rounds: usize,
    largest_and_seed: (f64, u64),
) -> Result<Option<f64>> {
    let at = Product {
        image: at.image.repeat(DRAWS),
        nuisance: at.nuisance.as_ref().map(|n| n.repeat(DRAWS)),
    };
    let guided = Guided {
        rounds,
        ..Guided::plain(CovarianceModel::Spectrum, CG_ITERATIONS)
    };
    let draws = posterior_draws(&guided, prior, data, &at, Some(&at), largest_and_seed)?;
    Ok(draws.map(|p| level(&p.image)))
}

/// Draws of `p(x0 | y)` under the model of C at the level `largest`, as many as `like` has items, with a first round
/// around `from`; nothing of a prior without a model.
fn posterior_draws<T: State>(
    guided: &Guided,
    prior: &dyn Denoiser<T>,
    data: &Measurement<'_, T>,
    like: &T,
    from: Option<&T>,
    (largest, seed): (f64, u64),
) -> Result<Option<T>> {
    if prior.covariance().is_none() {
        return Ok(None);
    }
    let rng = &mut SliceRng::samples(seed ^ SALT, 0, DRAWS as u32);
    let root: Root<T> = guided.model_of(prior, like, largest).into();
    let z = root.apply(&like.normal_like(rng));
    let shift = from.map(|from| from.minus(&z));
    let drawn = guided.solve_from(data, &z, root, shift, Some(rng))?;
    let mut p = drawn.shift();
    p.axpy(&[1.0], &z);
    Ok(Some(p))
}

/// The draws have streams of their own, not those of the samples.
const SALT: u64 = 0x5741_524d;

/// The level for images with the variance that draws have.
fn level<T: Array>(draws: &T) -> f64 {
    FACTOR * worst_ring(draws).sqrt()
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Pair, StationaryGaussian};
    use operators::imaging::{Blur, Kernel, UnknownKernel};
    use operators::likelihood::Gaussian;
    use operators::product::OfImage;
    use operators::{Axis, Field, Host, LinearOperator, Space};

    const SIDE: usize = 16;

    fn ones(sizes: &[usize]) -> Host<f64> {
        let count: usize = sizes.iter().product();
        Host::new(sizes, Field::Real, vec![1.0; count])
    }

    /// What an unknown kernel leaves open of the image raises the level, and one round around an image of the wrong
    /// kernel does not know it; a kernel that is all but known changes nothing.
    #[test]
    fn a_nuisance_raises_the_level() {
        let space = Space::real(&[(Axis::Y, SIDE), (Axis::X, SIDE)]);
        let blur = |k: &Kernel| Blur::<Host<f64>>::new(&(), space.clone(), k).unwrap();
        let prior = StationaryGaussian::new(4.0, 0.1, 1.4);
        let blank = Host::<f64>::zeros(&[1, SIDE, SIDE], Field::Real);
        let [right, wrong] = [0.3, 1.0].map(|sigma| Kernel::gaussian(sigma).unwrap());
        let truth = prior.draw(&blank, &mut SliceRng::samples(3, 0, 1));
        let y = blur(&right).forward(&truth).unwrap();
        let noise = Gaussian::new(y, 0.02, ones(&[1, SIDE, SIDE])).unwrap();
        let (known, both) = (blur(&wrong), OfImage(&noise));
        let plain = Measurement::new(&known, &noise);
        let alone = warm_start_sigma(&prior, &plain, &blank, 20.0, 1).unwrap();
        let guided = Guided::plain(CovarianceModel::Spectrum, CG_ITERATIONS);
        let many = blank.repeat(DRAWS);
        let drawn = posterior_draws(&guided, &prior, &plain, &many, None, (20.0, 1)).unwrap();
        let image = drawn.unwrap().items(0, 1);
        let at = Product::new(image, Host::zeros(&[1, 7, 7], Field::Real));
        let with = |weight_std: f64, rounds: usize| {
            let a = UnknownKernel::new(&(), space.clone(), &wrong, 7, weight_std).unwrap();
            let data = Measurement::new(&a, &both);
            let pair = Pair { image: &prior };
            beside(&pair, &data, &at, rounds, (20.0, 1))
                .unwrap()
                .unwrap()
                / alone.unwrap()
        };
        let [known, once, raised] = [with(1e-6, ROUNDS), with(0.1, 1), with(0.1, ROUNDS)];
        assert!((known - 1.0).abs() < 0.2, "{known}");
        assert!(raised > 2.0 && raised > 1.5 * once, "{once} {raised}");
    }
}
