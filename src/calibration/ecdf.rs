//! Uniform or not: the empirical distribution function and a band for all of it at once.
//!
//! Säilynoja, Bürkner & Vehtari 2022. At a point z the number of N uniform values below
//! it is `Bin(N, z)`; the statistic is the smallest two-sided tail over the points,
//!
//! `T = 2 min_i min(P(X_i <= r_i), P(X_i >= r_i))`.
//!
//! Its law is computed, not simulated: uniform values are the arrivals of a Poisson process given
//! that there are N, and those add up independently from point to point (Moscovich & Nadler 2017).

use serde::Serialize;

use super::binomial::Binomial;
use super::error::{CalibrationError, at_least, level};
use super::special::{bisect, ln_gamma};
use super::{Ranks, Result};

/// The most points that a test looks at.
const POINTS: usize = 100;

/// Counts below each point that all hold at once with probability `level` or a little more.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EcdfBand {
    /// The points, increasing in (0, 1).
    pub points: Vec<f64>,
    /// The fewest values below each point.
    pub lower: Vec<usize>,
    /// The most values below each point.
    pub upper: Vec<usize>,
    /// The probability asked for.
    pub level: f64,
}

impl EcdfBand {
    /// For so many uniform values and increasing points in (0, 1).
    ///
    /// The narrowest band of equal tails whose exact probability is at least `level`.
    pub fn new(cases: usize, points: &[f64], probability: f64) -> Result<Self> {
        level("ECDF band", probability)?;
        let law = Law::new(cases, points)?;
        let miss = 1.0 - probability;
        // P(T <= t) is between t / (number of points) and, at 1, all of it.
        let low = (0.5 * miss / points.len() as f64).ln();
        let threshold = bisect(low, 0.0, |t| law.at_most(t.exp()) <= miss);
        // The bisection ends within rounding of a step: stay on the side that holds.
        let limits = law.limits((threshold - 1e-12).exp());
        Ok(EcdfBand {
            points: points.to_vec(),
            lower: limits.iter().map(|l| l.0).collect(),
            upper: limits.iter().map(|l| l.1).collect(),
            level: probability,
        })
    }

    /// Whether the counts below each point are all within the band.
    pub fn holds(&self, counts: &[usize]) -> bool {
        let mut limits = self.lower.iter().zip(&self.upper).zip(counts);
        limits.all(|((low, high), count)| (low..=high).contains(&count))
    }
}

/// An empirical distribution function, its band, and the exact p-value of uniformity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EcdfTest {
    /// Values below each point of the band.
    pub counts: Vec<usize>,
    /// Number of values.
    pub cases: usize,
    /// The band.
    pub band: EcdfBand,
    /// `P(T <= t)` under uniformity, to 1e-10.
    pub p_value: f64,
}

impl EcdfTest {
    /// Of ranks: the values are `(rank + U) / (L + 1)`, and at the points `i / (L + 1)` it does not
    /// matter which U.
    ///
    /// At most 100 points, evenly spread. Errors: no case.
    pub fn of_ranks(ranks: &Ranks, probability: f64) -> Result<Self> {
        at_least("ECDF test", "cases", 1, ranks.len())?;
        let possible = ranks.draws() + 1;
        let count = (possible - 1).min(POINTS);
        let rank = |i: usize| ((i + 1) * possible) / (count + 1);
        let below = |limit: usize| ranks.values().iter().filter(|r| **r < limit).count();
        let counts = (0..count).map(|i| below(rank(i))).collect();
        let points: Vec<f64> = (0..count)
            .map(|i| rank(i) as f64 / possible as f64)
            .collect();
        Self::of_counts(ranks.len(), counts, &points, probability)
    }

    /// Of values in [0, 1], at up to 100 evenly spread points.
    pub fn of_uniforms(values: &[f64], probability: f64) -> Result<Self> {
        at_least("ECDF test", "values", 1, values.len())?;
        let outside = |v: &&f64| !(0.0..=1.0).contains(*v);
        if let Some(value) = values.iter().find(outside) {
            let remedy = "give probabilities";
            return Err(CalibrationError::new(
                "ECDF test",
                "values of 0 to 1",
                value,
                remedy,
            ));
        }
        let count = values.len().min(POINTS);
        let points: Vec<f64> = (1..=count).map(|i| i as f64 / (count + 1) as f64).collect();
        let below = |z: &f64| values.iter().filter(|v| *v < z).count();
        let counts = points.iter().map(below).collect();
        Self::of_counts(values.len(), counts, &points, probability)
    }

    fn of_counts(cases: usize, counts: Vec<usize>, points: &[f64], level: f64) -> Result<Self> {
        let law = Law::new(cases, points)?;
        let p_value = law.at_most(law.statistic(&counts));
        Ok(EcdfTest {
            counts,
            cases,
            band: EcdfBand::new(cases, points, level)?,
            p_value,
        })
    }

    /// Whether all of the function is within the band: `p_value > 1 - level`.
    pub fn holds(&self) -> bool {
        self.band.holds(&self.counts)
    }

    /// The share of values below each point, less the point: what a difference plot shows.
    pub fn differences(&self) -> Vec<f64> {
        let pairs = self.counts.iter().zip(&self.band.points);
        pairs
            .map(|(c, z)| *c as f64 / self.cases as f64 - z)
            .collect()
    }
}

/// The law of the statistic T for N values and given points.
struct Law {
    cases: usize,
    points: Vec<f64>,
    tails: Vec<Binomial>,
}

impl Law {
    fn new(cases: usize, points: &[f64]) -> Result<Self> {
        at_least("ECDF band", "cases", 1, cases)?;
        let inside = points.iter().all(|z| *z > 0.0 && *z < 1.0);
        if points.is_empty() || !inside || points.windows(2).any(|w| w[0] >= w[1]) {
            return Err(CalibrationError::new(
                "ECDF band",
                "increasing points between 0 and 1",
                format_args!("{points:?}"),
                "take i / (n + 1) for i of 1 to n",
            ));
        }
        let tails = points.iter().map(|z| Binomial::new(cases, *z)).collect();
        let points = points.to_vec();
        Ok(Law {
            cases,
            points,
            tails,
        })
    }

    fn statistic(&self, counts: &[usize]) -> f64 {
        let tail = |(law, r): (&Binomial, &usize)| law.at_most(*r).min(law.at_least(*r));
        let tails = self.tails.iter().zip(counts).map(tail);
        2.0 * tails.fold(f64::INFINITY, f64::min)
    }

    /// The counts at each point whose statistic is above t.
    fn limits(&self, t: f64) -> Vec<(usize, usize)> {
        self.tails.iter().map(|law| law.between(t / 2.0)).collect()
    }

    /// `P(T <= t)`, within 0 and 1.
    fn at_most(&self, t: f64) -> f64 {
        (1.0 - inside(self.cases, &self.points, &self.limits(t))).clamp(0.0, 1.0)
    }
}

/// The probability that of N uniform values as many as the limits say lie below every point.
///
/// A Poisson process of rate N that stays within the limits and ends at N, over one that ends at N.
fn inside(cases: usize, points: &[f64], limits: &[(usize, usize)]) -> f64 {
    let (mut first, mut state, mut before) = (0, vec![1.0], 0.0);
    let ends = std::iter::once((cases, cases));
    let limits = limits.iter().copied().chain(ends);
    for (z, (low, high)) in points.iter().copied().chain([1.0]).zip(limits) {
        if low > high || high < first {
            return 0.0;
        }
        let kernel = poisson(cases as f64 * (z - before), high - first);
        let arrive = |count: usize| -> f64 {
            let from = state
                .iter()
                .enumerate()
                .take((count + 1).saturating_sub(first));
            from.map(|(i, p)| p * kernel[count - first - i]).sum()
        };
        state = (low..=high).map(arrive).collect();
        (first, before) = (low, z);
    }
    state[0] / poisson(cases as f64, cases)[cases]
}

/// Poisson probabilities of 0 to `most`.
fn poisson(mean: f64, most: usize) -> Vec<f64> {
    let ln = |k: usize| k as f64 * mean.ln() - mean - ln_gamma(k as f64 + 1.0);
    (0..=most).map(|k| ln(k).exp()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::testing::{Sampler, kolmogorov_smirnov};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn uniforms(seed: u64, count: usize) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..count).map(|_| rng.random()).collect()
    }

    /// P(U_(1) <= z_1, ..., all counts exact) is a multinomial probability.
    #[test]
    fn a_single_path_is_multinomial() {
        let points = [0.2, 0.5, 0.9];
        // 2, 1, 3, 1 values between the points: 7! / (2! 1! 3! 1!) 0.2² 0.3 0.4³ 0.1.
        let exact = 420.0 * 0.04 * 0.3 * 0.064 * 0.1;
        let path = inside(7, &points, &[(2, 2), (3, 3), (6, 6)]);
        assert!((path / exact - 1.0).abs() < 1e-12, "{path} {exact}");
        assert!((inside(7, &points, &[(0, 7); 3]) - 1.0).abs() < 1e-12);
        assert!((inside(5000, &points, &[(0, 5000); 3]) - 1.0).abs() < 1e-9);
        assert_eq!(inside(7, &points, &[(3, 3), (2, 2), (6, 6)]), 0.0);
    }

    #[test]
    fn one_point_is_a_binomial_test() {
        let law = Law::new(50, &[0.3]).unwrap();
        let binomial = Binomial::new(50, 0.3);
        for r in [3usize, 8, 15, 27] {
            let t = law.statistic(&[r]);
            let (low, high) = binomial.between(t / 2.0);
            let exact = binomial.at_most(low - 1) + binomial.at_least(high + 1);
            assert!((law.at_most(t) - exact).abs() < 1e-12, "{r}");
        }
    }

    /// The band holds as often as it says, and the ruler sees one that does not: the same points
    /// with 95 % each hold together far less often.
    #[test]
    fn the_band_is_simultaneous() {
        let (runs, cases) = (4000, 120);
        let points: Vec<f64> = (1..20).map(|i| f64::from(i) / 20.0).collect();
        let band = EcdfBand::new(cases, &points, 0.95).unwrap();
        let law = Law::new(cases, &points).unwrap();
        let limits: Vec<_> = band
            .lower
            .iter()
            .copied()
            .zip(band.upper.iter().copied())
            .collect();
        let exact = inside(cases, &points, &limits);
        let pointwise = law.limits(0.05);
        let (mut held, mut held_pointwise) = (0, 0);
        for seed in 0..runs {
            let values = uniforms(seed, cases);
            let below = |z: &f64| values.iter().filter(|v| *v < z).count();
            let counts: Vec<usize> = points.iter().map(below).collect();
            held += usize::from(band.holds(&counts));
            let within = |(c, l): (&usize, &(usize, usize))| (l.0..=l.1).contains(c);
            held_pointwise += usize::from(counts.iter().zip(&pointwise).all(within));
        }
        let error = (0.05 * 0.95 / runs as f64).sqrt();
        let share = held as f64 / runs as f64;
        assert!(
            (0.95..0.97).contains(&exact) && (share - exact).abs() < 4.0 * error,
            "{share} {exact}"
        );
        let wrong = held_pointwise as f64 / runs as f64;
        assert!(wrong < 0.95 - 20.0 * error, "the ruler is blind: {wrong}");
        let told = inside(cases, &points, &pointwise);
        assert!(
            (wrong - told).abs() < 4.0 * (told * (1.0 - told) / runs as f64).sqrt(),
            "{told}"
        );
    }

    #[test]
    fn p_values_are_uniform_and_agree_with_the_band() {
        let of_ranks =
            |seed| EcdfTest::of_ranks(&Sampler::EXACT.ranks(seed, 150, 19), 0.9).unwrap();
        let of_uniforms = |seed| EcdfTest::of_uniforms(&uniforms(seed, 150), 0.9).unwrap();
        for tests in [
            (0..300).map(of_ranks).collect::<Vec<_>>(),
            (0..300).map(of_uniforms).collect(),
        ] {
            let p: Vec<f64> = tests.iter().map(|t| t.p_value).collect();
            assert!(kolmogorov_smirnov(&p) > 0.01);
            assert!(tests.iter().all(|t| t.holds() == (t.p_value > 0.1)));
        }
    }

    #[test]
    fn wrong_samplers_leave_the_band() {
        for sampler in [Sampler::NARROW, Sampler::WIDE, Sampler::SHIFTED] {
            let test = EcdfTest::of_ranks(&sampler.ranks(5, 300, 199), 0.999).unwrap();
            assert!(!test.holds() && test.p_value < 1e-6, "{}", test.p_value);
            assert_eq!(test.counts.len(), POINTS);
        }
        let bias = EcdfTest::of_ranks(&Sampler::SHIFTED.ranks(5, 300, 19), 0.999).unwrap();
        assert!(
            bias.differences().iter().all(|d| *d > 0.0),
            "draws too high: low ranks"
        );
    }

    #[test]
    fn bad_points_are_refused() {
        assert!(EcdfBand::new(10, &[0.5, 0.5], 0.9).is_err());
        assert!(EcdfBand::new(10, &[0.5, 1.0], 0.9).is_err());
        assert!(EcdfBand::new(10, &[0.5], 1.0).is_err());
        assert!(EcdfTest::of_uniforms(&[0.5, 1.5], 0.9).is_err());
        assert!(EcdfTest::of_uniforms(&[], 0.9).is_err());
    }
}
