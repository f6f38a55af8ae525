//! Proper scores: what a sampler cannot improve by lying about its spread.

use ndarray::{ArrayView1, ArrayView2};

use super::error::{at_least, finite};
use super::special::{normal_cdf, normal_density};
use super::{Case, Result};

/// How the draws stand for their distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Estimator {
    /// The score of the ensemble itself, `1 / M²`: favours spreading less when M is small.
    Plain,
    /// The score of the distribution that the ensemble is drawn from, `1 / (M (M - 1))`: its mean
    /// does not depend on M (Ferro 2014). Compare ensembles of different size by this one.
    Fair,
}

impl Estimator {
    /// Number of pairs of draws that the second term counts.
    fn pairs(self, draws: usize) -> f64 {
        let m = draws as f64;
        match self {
            Estimator::Plain => m * m,
            Estimator::Fair => m * (m - 1.0),
        }
    }
}

/// Continuous ranked probability score, `mean |x_m - x*| - 1/2 mean |x_m - x_m'|`: smaller is better,
/// in the unit of x.
///
/// Gneiting & Raftery 2007, section 4.2. Errors: fewer than 2 draws, values that are not finite.
pub fn crps(truth: f64, draws: &[f64], estimator: Estimator) -> Result<f64> {
    at_least("CRPS", "draws", 2, draws.len())?;
    finite("CRPS", draws.iter().chain([&truth]))?;
    let mut sorted = draws.to_vec();
    sorted.sort_by(f64::total_cmp);
    let m = sorted.len() as f64;
    let error = sorted.iter().map(|x| (x - truth).abs()).sum::<f64>() / m;
    // Σ Σ |x_i - x_j| = 2 Σ (2 i + 1 - M) x_(i), i from 0.
    let weighted = |(i, x): (usize, &f64)| (2.0 * i as f64 + 1.0 - m) * x;
    let spread = 2.0 * sorted.iter().enumerate().map(weighted).sum::<f64>();
    Ok(error - 0.5 * spread / estimator.pairs(sorted.len()))
}

/// The same of `N(mean, std²)`: `s (z (2 Φ(z) - 1) + 2 φ(z) - 1/√π)`, `z = (x* - mean) / s`.
///
/// Gneiting & Raftery 2007, section 4.2.
pub fn crps_gaussian(truth: f64, mean: f64, std: f64) -> f64 {
    let z = (truth - mean) / std;
    let root = std::f64::consts::PI.sqrt();
    std * (z * (2.0 * normal_cdf(z) - 1.0) + 2.0 * normal_density(z) - 1.0 / root)
}

/// Energy score, `mean ‖x_m - x*‖ - 1/2 mean ‖x_m - x_m'‖`: the CRPS of whole images.
///
/// Gneiting & Raftery 2007, section 4.3 (β = 1).
pub fn energy_score(case: &Case, estimator: Estimator) -> f64 {
    let (truth, draws) = (case.truth(), case.draws());
    let m = draws.nrows();
    let error: f64 = draws.rows().into_iter().map(|x| distance(x, truth)).sum();
    let spread: f64 = (1..m).map(|i| to_those_before(draws, i)).sum();
    error / m as f64 - spread / estimator.pairs(m)
}

fn to_those_before(draws: ArrayView2<f64>, i: usize) -> f64 {
    (0..i).map(|j| distance(draws.row(i), draws.row(j))).sum()
}

fn distance(a: ArrayView1<f64>, b: ArrayView1<f64>) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).powi(2))
        .sum::<f64>()
        .sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::testing::Sampler;
    use ndarray::{Array2, array};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;
    use std::f64::consts::PI;

    /// `∫ (F(x) - 1[x >= x*])² dx` of the ensemble's own step function, by exact pieces.
    #[test]
    fn the_plain_score_is_the_integral_of_its_definition() {
        let draws = [0.3, -1.2, 4.0, 0.3, 2.2];
        for truth in [-3.0, 0.0, 0.3, 1.7, 9.0] {
            let mut knots = [draws.to_vec(), vec![truth]].concat();
            knots.sort_by(f64::total_cmp);
            let piece = |w: &[f64]| {
                let below = draws.iter().filter(|d| **d <= w[0]).count() as f64 / 5.0;
                let step = if w[0] >= truth { 1.0 } else { 0.0 };
                (below - step).powi(2) * (w[1] - w[0])
            };
            let integral: f64 = knots.windows(2).map(piece).sum();
            let score = crps(truth, &draws, Estimator::Plain).unwrap();
            assert!(
                (score - integral).abs() < 1e-14,
                "{truth}: {score} {integral}"
            );
        }
    }

    #[test]
    fn the_gaussian_score_is_the_integral_of_its_definition() {
        for (truth, mean, std) in [(0.0, 0.0, 1.0), (3.0, 1.0, 0.5), (-2.0, 1.0, 4.0)] {
            let (n, reach) = (40_000, 12.0 * std + 6.0);
            let h = 2.0 * reach / f64::from(n);
            let at = |i: i32| {
                // Midpoints from the truth outwards, so that the step falls between two of them.
                let x = truth - reach + (f64::from(i) + 0.5) * h;
                let step = if x >= truth { 1.0 } else { 0.0 };
                (normal_cdf((x - mean) / std) - step).powi(2) * h
            };
            let sum: f64 = (0..n).map(at).sum();
            assert!(
                (crps_gaussian(truth, mean, std) - sum).abs() < 1e-6,
                "{truth}"
            );
        }
    }

    /// The mean fair score is that of the Gaussian, for any M; the plain one is larger by
    /// `E|x - x'| / (2 M) = s / (√π M)`.
    #[test]
    fn the_fair_score_does_not_depend_on_the_number_of_draws() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        for draws in [2, 5, 40] {
            let cases = 40_000 / draws;
            let (mut fair, mut plain, mut square) = (0.0, 0.0, 0.0);
            for _ in 0..cases {
                let (truth, drawn) = Sampler::EXACT.case(draws, &mut rng);
                let score = crps(truth, &drawn, Estimator::Fair).unwrap();
                fair += score;
                square += score * score;
                plain += crps(truth, &drawn, Estimator::Plain).unwrap();
            }
            let n = cases as f64;
            let (fair, plain) = (fair / n, plain / n);
            let error = ((square / n - fair * fair) / n).sqrt();
            // E CRPS(N(0, s²), N(0, s²)) = s / √π with s = 3.
            let exact = 3.0 / PI.sqrt();
            assert!(
                (fair - exact).abs() < 4.0 * error,
                "{draws}: {fair} {exact} {error}"
            );
            let bias = exact / draws as f64;
            assert!(
                (plain - exact - bias).abs() < 4.0 * error,
                "{draws}: {plain}"
            );
        }
    }

    /// Proper: the true spread scores best.
    #[test]
    fn wrong_samplers_score_worse() {
        let mean = |sampler: Sampler| {
            let mut rng = ChaCha8Rng::seed_from_u64(6);
            let of = |_| {
                let (truth, drawn) = sampler.case(20, &mut rng);
                crps(truth, &drawn, Estimator::Fair).unwrap()
            };
            (0..4000).map(of).sum::<f64>() / 4000.0
        };
        let exact = mean(Sampler::EXACT);
        for wrong in [Sampler::NARROW, Sampler::WIDE, Sampler::SHIFTED] {
            assert!(mean(wrong) > 1.03 * exact, "{wrong:?}");
        }
    }

    #[test]
    fn in_one_dimension_energy_is_crps() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let (truth, drawn) = Sampler::EXACT.case(7, &mut rng);
        let (t, d) = (
            array![truth],
            Array2::from_shape_vec((7, 1), drawn.clone()).unwrap(),
        );
        let case = Case::new(t.view(), d.view()).unwrap();
        for estimator in [Estimator::Plain, Estimator::Fair] {
            let one = crps(truth, &drawn, estimator).unwrap();
            assert!((energy_score(&case, estimator) - one).abs() < 1e-12);
        }
    }

    /// The mean of exact draws is E‖x - x'‖ / 2 = Γ((d + 1) / 2) / Γ(d / 2): in three dimensions 2/√π.
    #[test]
    fn the_energy_of_a_gaussian_in_three_dimensions() {
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        let mut normal =
            |rows| Array2::from_shape_simple_fn((rows, 3), || rng.sample(StandardNormal));
        let cases = 4000;
        let scores: Vec<f64> = (0..cases)
            .map(|_| {
                let (truth, draws) = (normal(1), normal(6));
                let case = Case::new(truth.row(0), draws.view()).unwrap();
                energy_score(&case, Estimator::Fair)
            })
            .collect();
        let mean = scores.iter().sum::<f64>() / f64::from(cases);
        let var = scores.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / f64::from(cases);
        let exact = 2.0 / PI.sqrt();
        assert!(
            (mean - exact).abs() < 4.0 * (var / f64::from(cases)).sqrt(),
            "{mean} {exact}"
        );
    }
}
