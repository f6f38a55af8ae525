//! Annealed Langevin dynamics with the data beside the prior.

use super::{Guidance, Step};
use operators::likelihood::Likelihood;
use operators::solve::{CgParams, conjugate_gradient};
use operators::{Array, Result};

/// `x ← x + α (s(x, σ) + Aᴴ (y - A x) / (σ_y² + σ²)) + √(2 α) z`, several times a level, with the score
/// `s = (D - x) / σ²` and `α = step σ²`.
///
/// Without data it is the prior's own (Song and Ermon 2019, algorithm 1). Source: Jalal et al. 2021, eq. 6, of which
/// its published code scales the data to the length of the score instead. `σ_y²` is per measurement:
/// `Λ (1 + σ² Λ)⁻¹` of the Fisher information Λ. The paper's A has a norm of 1; one of a larger norm
/// is taken as if it and `y` were scaled to it, `σ_y² + ‖A‖² σ²`, without which a step overshoots.
pub struct AnnealedLangevin {
    /// α over σ²; 1.15 is the published `5e-5 / 0.0066²`.
    pub step: f64,
    /// Steps a level.
    pub repeats: usize,
}

impl<T: Array> Guidance<T> for AnnealedLangevin {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let (alpha, variance) = (self.step * at.sigma.powi(2), at.sigma.powi(2));
        let mut x = at.x.clone();
        for _ in 0..self.repeats {
            let d = at.prior.denoise(&x, at.sigma)?;
            at.measure(&x, &d);
            let pull = match at.data {
                Some(data) => {
                    let (z, j) = data.operator.linearize(&x)?;
                    let h = |u: &T| j.adjoint(&j.forward(u)?);
                    let square = square_norm(h, at.memory, &x)?;
                    let more: Vec<f64> = square.iter().map(|a| variance * a.max(1.0)).collect();
                    Some(j.adjoint(&annealed(data.likelihood, &z, &more)?)?)
                }
                None => None,
            };
            let fresh = x.normal_like(at.rng);
            let drift = d.minus(&x);
            x.axpy(&[self.step], &drift);
            if let Some(pull) = pull {
                x.axpy(&[-alpha], &pull);
            }
            x.axpy(&[(2.0 * alpha).sqrt()], &fresh);
        }
        if at.next == 0.0 {
            // What noise of the last level is left is taken away.
            return at.prior.denoise(&x, at.sigma);
        }
        Ok(x)
    }
}

/// `‖A‖²` per item by power iteration of `H = AᴴA` from the state; every later call goes on from the vector in
/// `memory`.
fn square_norm<T: Array>(
    h: impl Fn(&T) -> Result<T>,
    memory: &mut Vec<T>,
    x: &T,
) -> Result<Vec<f64>> {
    let (mut v, iterations) = match memory.pop() {
        Some(v) => (v, 1),
        None => (x.clone(), 20),
    };
    let mut square = Vec::new();
    for _ in 0..iterations {
        let length = |n: &f64| 1.0 / n.max(f64::MIN_POSITIVE);
        let inverse: Vec<f64> = v.norm().iter().map(length).collect();
        v.scale(&inverse);
        let hv = h(&v)?;
        square = v.dot(&hv);
        v = hv;
    }
    memory.push(v);
    Ok(square)
}

/// `(1 + v Λ)⁻¹ d nll / dz`: the gradient of data with `v` more variance, per item.
fn annealed<T: Array>(likelihood: &dyn Likelihood<T>, z: &T, variance: &[f64]) -> Result<T> {
    let h = |u: &T| {
        let mut out = likelihood.precision(z, u)?;
        out.scale(variance);
        out.axpy(&[1.0], u);
        Ok(out)
    };
    // Λ is diagonal: of a few different values it takes a few iterations.
    let params = CgParams {
        iterations: 20,
        tolerance: 1e-6,
    };
    Ok(conjugate_gradient(h, &likelihood.gradient(z)?, params)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guidance::{Measurement, sample};
    use crate::score::{Schedule, StationaryGaussian};
    use operators::likelihood::Gaussian;
    use operators::mri::sense;
    use operators::{Field, Host, SliceRng, Vector};

    type Image = Host<f64>;
    const N: usize = 16;

    /// Samples where A, `y` and the noise are all `c` times those of every second column of k-space.
    fn samples(c: f64) -> Image {
        let maps = Image::new(&[1, 1, N, N], Field::Complex, [c, 0.0].repeat(N * N));
        let taken = (0..N * N).map(|i| f64::from(u8::from((i % N).is_multiple_of(2))));
        let support = Image::new(&[1, N, N], Field::Real, taken.collect());
        let a = sense(maps, support.clone()).unwrap();
        let blank = Image::zeros(&[1, N, N], Field::Complex);
        let k = blank.normal_like(&mut SliceRng::samples(3, 0, 1));
        let y = k.weighted(&support).scaled(c).to_reals();
        let y = Image::new(&[1, 1, N, N], Field::Complex, y);
        let likelihood = Gaussian::new(y, 0.05 * c, support).unwrap();
        let data = Measurement::new(&a, &likelihood);
        let prior = StationaryGaussian::new(1.0, 0.1, 1.4);
        let rule = AnnealedLangevin {
            step: 0.5,
            repeats: 2,
        };
        let schedule = Schedule::karras(20, 0.01, 2.0, 7.0);
        let mut rng = SliceRng::samples(5, 0, 2);
        let start = blank.repeat(2).normal_like(&mut rng).scaled(2.0);
        let seen = &mut |_: &crate::guidance::Seen<'_, Image>| true;
        sample(&rule, &prior, Some(&data), &schedule, start, &mut rng, seen).unwrap()
    }

    #[test]
    fn a_larger_norm_is_the_unit_that_it_is() {
        let (one, forty) = (samples(1.0), samples(40.0));
        let apart = one.minus(&forty).norm();
        let whole = one.norm();
        for (apart, whole) in apart.iter().zip(&whole) {
            assert!(apart / whole < 1e-9, "{apart} of {whole}");
        }
    }
}
