//! Annealed Langevin dynamics with the data beside the prior.

use super::{Guidance, Step};
use operators::likelihood::Likelihood;
use operators::solve::{CgParams, conjugate_gradient, power_iteration};
use operators::{Array, LinearOperator, Result};

/// `x ← x + α (s(x, σ) + Aᴴ (y - A x) / (σ_y² + ‖A‖² σ²)) + √(2 α) z`, several times a level, with the score
/// `s = (D - x) / σ²` and `α = step σ²`.
///
/// Without data it is the prior's own (Song and Ermon 2019, algorithm 1). Source: Jalal et al. 2021, eq. 6, whose A
/// has a norm of 1; its published code scales the data to the length of the score instead. `σ_y²` is per
/// measurement: `Λ (1 + ‖A‖² σ² Λ)⁻¹` of the Fisher information Λ. The norm makes A, `y` and noise that are all `c`
/// times as large the same problem; prior and data each take at most `step` of the way to their own.
pub struct AnnealedLangevin {
    /// α over σ²; with data it diverges from 1 on. The publication's `5e-5 / 0.0066²` is 1.15, of data that are scaled.
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
                    let square = square_norm(j.as_ref(), at.memory, &x)?;
                    let more: Vec<f64> = square.iter().map(|a| variance * a).collect();
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

/// `‖A‖²` per item by power iteration from the state; every later call goes on from the vector in `memory`.
fn square_norm<T: Array>(
    a: &dyn LinearOperator<T>,
    memory: &mut Vec<T>,
    x: &T,
) -> Result<Vec<f64>> {
    let (mut v, iterations) = match memory.pop() {
        Some(v) => (v, 1),
        None => (x.clone(), 20),
    };
    let square = power_iteration(|u| a.normal(u), &mut v, iterations)?;
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

    /// Samples where A, `y` and the noise are all `c` times those of every second column of k-space, through a
    /// coil that sees the columns unequally.
    fn samples(c: f64) -> Image {
        let coil = (0..N * N).flat_map(|i| [c * (1.0 + (i % N) as f64 / 8.0), 0.0]);
        let maps = Image::new(&[1, 1, N, N], Field::Complex, coil.collect());
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
    fn samples_do_not_depend_on_the_unit_of_the_data() {
        let one = samples(1.0);
        for c in [1.0 / 40.0, 40.0] {
            let apart = one.minus(&samples(c)).norm();
            for (apart, whole) in apart.iter().zip(&one.norm()) {
                assert!(apart / whole < 1e-9, "{c}: {apart} of {whole}");
            }
        }
    }

    #[test]
    fn the_norm_goes_on_from_step_to_step() {
        let a = sense(
            Image::new(
                &[1, 1, 1, 40],
                Field::Complex,
                (0..40)
                    .flat_map(|i| [1.0 + f64::from(i) / 40.0, 0.0])
                    .collect(),
            ),
            Image::new(&[1, 1, 40], Field::Real, vec![1.0; 40]),
        );
        let (a, mut memory) = (a.unwrap(), Vec::new());
        let x = Image::zeros(&[2, 1, 40], Field::Complex);
        let x = x.normal_like(&mut SliceRng::samples(5, 0, 2));
        let largest = (1.0 + 39.0 / 40.0f64).powi(2);
        let first = square_norm(&a, &mut memory, &x).unwrap();
        let mut last = first.clone();
        for _ in 0..300 {
            last = square_norm(&a, &mut memory, &x).unwrap();
        }
        for (first, last) in first.iter().zip(&last) {
            assert!(
                *first > 0.9 * largest && *first < 0.999 * largest,
                "{first}"
            );
            assert!((last / largest - 1.0).abs() < 1e-4, "{last}");
        }
    }
}
