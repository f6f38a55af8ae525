//! Counts scored by a weighted norm, as diffusion posterior sampling has it.

use super::counts::sums;
use super::{Emission, Likelihood, inverse};
use crate::{Array, Result, SliceRng};

/// `‖y - g z - b‖²_Λ`, `Λ_jj = 1 / (2 y_j)`: Poisson noise as Gaussian noise whose variance is the
/// count that was measured. For comparison with [`super::EmissionPoisson`], which takes the same
/// [`Emission`].
///
/// Real in, real out. A count below [`PoissonNorm::FLOOR`] has the variance of the floor. The
/// weights come from the data, so a count that fell low weighs more: the estimate is biased down
/// by about one count, and the model is one for many counts.
/// Source: Chung et al. 2023 (ICLR, "Diffusion posterior sampling"), section 3.3; its published
/// code has the unweighted norm times a scalar instead.
pub struct PoissonNorm<T> {
    scan: Emission<T>,
    measurements: f64,
}

impl<T: Array> PoissonNorm<T> {
    /// The least variance, in counts: that of one count.
    pub const FLOOR: f64 = 1.0;

    /// From counts.
    ///
    /// Errors: counts, gain or background that are negative or not finite; no gain above 0.
    pub fn new(scan: Emission<T>) -> Result<Self> {
        let (scan, measurements) = scan.checked()?;
        Ok(PoissonNorm { scan, measurements })
    }

    /// Counts measured, an item.
    pub fn measurements(&self) -> f64 {
        self.measurements
    }

    /// `g² / y`.
    fn weights(&self, z: &T) -> T {
        self.scan.each(z, |_, y, g, _| g * g / y.max(Self::FLOOR))
    }
}

impl<T: Array> Likelihood<T> for PoissonNorm<T> {
    fn nll(&self, z: &T) -> Vec<f64> {
        sums(&self.scan.each(z, |z, y, g, b| {
            (y - g * z - b).powi(2) / (2.0 * y.max(Self::FLOOR))
        }))
    }

    fn gradient(&self, z: &T) -> Result<T> {
        Ok(self
            .scan
            .each(z, |z, y, g, b| g * (g * z + b - y) / y.max(Self::FLOOR)))
    }

    /// `(y - b) / g - z`.
    fn residual(&self, z: &T) -> Result<T> {
        Ok(self.scan.residual(z))
    }

    /// Of `‖·‖_Λ`, the root of the nll: `-∇nll / (2 ‖·‖_Λ)`.
    fn norm_descent(&self, z: &T) -> Result<T> {
        let mut descent = self.gradient(z)?.scaled(-0.5);
        let norms = self.nll(z).into_iter().map(f64::sqrt).collect();
        descent.scale(&inverse(norms));
        Ok(descent)
    }

    /// The curvature `g² / y`, whatever `z` is.
    fn precision(&self, z: &T, v: &T) -> Result<T> {
        Ok(self.weights(z).times(v))
    }

    fn gradient_noise(&self, z: &T, rng: &mut SliceRng) -> Result<T> {
        let root = self.weights(z).elementwise(&[], &|w, _| w.sqrt());
        Ok(root.times(&z.normal_like(rng)))
    }

    /// Poisson counts of `g z + b`: what the norm approximates.
    fn simulate(&self, z: &T, rng: &mut SliceRng) -> Result<T> {
        self.scan.simulate(z, rng)
    }

    /// `Σ (y - λ)²/λ` over the number of measurements, with the variance `λ = g z + b` of the
    /// prediction: that of the count would be biased. A `λ` below the floor is taken as the floor.
    fn misfit(&self, z: &T) -> Vec<f64> {
        sums(&self.scan.each(z, |z, y, g, b| {
            let mean = g * z + b;
            (y - mean).powi(2) / mean.max(Self::FLOOR)
        }))
        .iter()
        .map(|chi| chi / self.measurements)
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradient_gap, relative_error};
    use crate::testing::{Backend, assert_items_alone, for_each_backend};
    use crate::{Field, Host, Vector};

    fn activity<T: Array>(b: &Backend<T>, sizes: &[usize], seed: u64) -> T {
        b.random(sizes, Field::Real, seed)
            .elementwise(&[], &|r, _| (1.0 + 0.1 * r).abs())
    }

    fn measured<T: Array>(z: &T, gain: f64) -> PoissonNorm<T> {
        let norm = |counts| PoissonNorm::new(Emission::uniform(counts, gain, 2.0)).unwrap();
        let mut rng = SliceRng::samples(3, 0, z.batch() as u32);
        let counts = norm(z.zeros_like()).simulate(z, &mut rng).unwrap();
        norm(counts)
    }

    fn the_gradient_is_the_slope<T: Array>(b: Backend<T>) {
        // A mean of 3 counts: some are zero.
        let noise = measured(&activity(&b, &[1, 20, 31], 1), 1.0);
        let z = activity(&b, &[3, 20, 31], 2);
        let g = noise.gradient(&z).unwrap();
        let (h, limit) = if b.tolerance < 1e-9 {
            (1e-4, 1e-6)
        } else {
            (1e-1, 1e-2)
        };
        let unit = g.scaled(1.0 / g.norm()[0]);
        let gap = gradient_gap(|z| noise.nll(z), &g, &z, &unit, h);
        assert!(gap < limit, "{gap:.1e}");
        // Of its root too, along which published samplers step.
        let descent = noise.norm_descent(&z).unwrap();
        let norm = |z: &T| noise.nll(z).into_iter().map(f64::sqrt).collect();
        let gap = gradient_gap(norm, &descent.scaled(-1.0), &z, &unit, h);
        assert!(gap < limit, "norm: {gap:.1e}");
        assert_items_alone(&noise, &z);
    }
    for_each_backend!(gradient, the_gradient_is_the_slope);

    /// It is the curvature, and with many counts the variance of the gradient.
    #[test]
    fn the_precision_is_the_curvature_and_the_information_of_many_counts() {
        let b = Backend::host_f64();
        let z = activity(&b, &[1, 300, 301], 1);
        let noise = measured(&z, 1e4);
        let v = b.random(&[1, 300, 301], Field::Real, 5);
        let mut moved = z.clone();
        moved.axpy(&[1.0], &v);
        let g = noise.gradient(&z).unwrap();
        let slope = noise.gradient(&moved).unwrap().minus(&g);
        assert!(relative_error(&noise.precision(&z, &v).unwrap(), &slope) < 1e-11);

        let one = z.elementwise(&[], &|_, _| 1.0);
        let information = noise.precision(&z, &one).unwrap();
        let total = information.reals().iter().sum::<f64>();
        let drawn = noise.gradient_noise(&z, &mut SliceRng::samples(4, 0, 1));
        let band = 4.0 * (2.2 / noise.measurements()).sqrt();
        for g in [g, drawn.unwrap()] {
            let ratio = g.dot(&g)[0] / total;
            assert!((ratio - 1.0).abs() < band, "{ratio} not 1 within {band}");
        }
    }

    #[test]
    fn the_truth_has_misfit_one_even_with_few_counts() {
        let b = Backend::host_f64();
        let z = activity(&b, &[1, 300, 301], 1);
        for gain in [1.0, 100.0] {
            let noise = measured(&z, gain);
            // var (y - λ)²/λ = 2 + 1/λ, λ ≥ 2.
            let band = 4.0 * (2.5 / noise.measurements()).sqrt();
            let chi = noise.misfit(&z)[0];
            assert!((chi - 1.0).abs() < band, "{chi} not 1 within {band}");
            assert!(noise.misfit(&z.scaled(0.5))[0] > 1.0 + band);
        }
    }

    /// Its minimum is where the residual is 0, and a count of zero weighs like one.
    #[test]
    fn zero_counts_are_finite() {
        let counts = Host::<f64>::new(&[1, 1, 2], Field::Real, vec![0.0, 9.0]);
        let noise = PoissonNorm::new(Emission::uniform(counts.clone(), 2.0, 0.0)).unwrap();
        let w = noise.precision(&counts, &counts.elementwise(&[], &|_, _| 1.0));
        assert_eq!(w.unwrap().reals(), [4.0, 4.0 / 9.0]);
        let fit = counts.scaled(0.5);
        assert_eq!(noise.gradient(&fit).unwrap().norm(), [0.0]);
        assert_eq!(noise.residual(&fit).unwrap().norm(), [0.0]);
        assert_eq!(noise.nll(&fit), [0.0]);
        assert_eq!(noise.norm_descent(&fit).unwrap().norm(), [0.0]);
    }
}
