//! Do central intervals hold the truth as often as they say?

use std::fmt;

use serde::Serialize;

use super::error::{CalibrationError, at_least};
use super::{Ranks, Result};

/// Nominal levels: 5 % to 95 %.
const LEVELS: usize = 19;

/// Coverage of the central interval of one level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CoverageLevel {
    /// The level asked for.
    pub nominal: f64,
    /// The interval from the j-th smallest to the j-th largest of L draws, the nearest to the level,
    /// holds the truth with probability `(L + 1 - 2j) / (L + 1)`, whatever the distribution.
    pub expected: f64,
    /// The share of truths in it.
    pub observed: f64,
    /// Of `observed`: binomial, or over the groups.
    pub standard_error: f64,
}

/// Coverage of central intervals at 5 %, 10 %, ... 95 %.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// One a level.
    pub levels: Vec<CoverageLevel>,
}

impl Coverage {
    /// Of independent cases. The standard error is the one of calibrated draws,
    /// `√(expected (1 - expected) / n)`.
    pub fn of(ranks: &Ranks) -> Result<Self> {
        at_least("coverage", "cases", 1, ranks.len())?;
        let n = ranks.len() as f64;
        let level = |i: usize| {
            let (nominal, j, expected) = interval(i, ranks.draws());
            CoverageLevel {
                nominal,
                expected,
                observed: share(ranks, j),
                standard_error: (expected * (1.0 - expected) / n).sqrt(),
            }
        };
        let levels = (1..=LEVELS).map(level).collect();
        Ok(Coverage { levels })
    }

    /// Of groups of ranks that depend on each other: the pixels of one image each.
    ///
    /// The standard error is that of the mean over the groups. Errors: fewer than 2 groups, groups
    /// of other draws, an empty group.
    pub fn of_groups(groups: &[Ranks]) -> Result<Self> {
        at_least("coverage", "images", 2, groups.len())?;
        let draws = groups[0].draws();
        if let Some(other) = groups.iter().find(|g| g.draws() != draws || g.is_empty()) {
            return Err(CalibrationError::new(
                "coverage",
                format_args!("images with ranks among {draws} draws"),
                format_args!("{} ranks among {}", other.len(), other.draws()),
                "draw the same number for every image",
            ));
        }
        let n = groups.len() as f64;
        let level = |i: usize| {
            let (nominal, j, expected) = interval(i, draws);
            let shares: Vec<f64> = groups.iter().map(|g| share(g, j)).collect();
            let observed = shares.iter().sum::<f64>() / n;
            let square: f64 = shares.iter().map(|s| (s - observed).powi(2)).sum();
            CoverageLevel {
                nominal,
                expected,
                observed,
                standard_error: (square / (n * (n - 1.0))).sqrt(),
            }
        };
        let levels = (1..=LEVELS).map(level).collect();
        Ok(Coverage { levels })
    }

    /// The interval of 90 %.
    pub fn ninety(&self) -> CoverageLevel {
        self.levels[17]
    }

    /// The largest distance of a level from what it expects, in standard errors.
    pub fn worst(&self) -> f64 {
        let distance = |l: &CoverageLevel| (l.observed - l.expected).abs() / l.standard_error;
        self.levels.iter().map(distance).fold(0.0, f64::max)
    }
}

impl fmt::Display for CoverageLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [observed, error, expected] =
            [self.observed, self.standard_error, self.expected].map(|v| 100.0 * v);
        write!(
            f,
            "{:.0} % intervals hold the truth in {observed:.1} ± {error:.1} % (expected {expected:.1} %)",
            100.0 * self.nominal
        )
    }
}

/// Nominal level, j and expected coverage of the i-th level.
fn interval(i: usize, draws: usize) -> (f64, usize, f64) {
    let possible = (draws + 1) as f64;
    let nominal = i as f64 / (LEVELS + 1) as f64;
    let j = (0.5 * possible * (1.0 - nominal)).round() as usize;
    let j = j.clamp(1, draws / 2);
    (nominal, j, (possible - 2.0 * j as f64) / possible)
}

/// The share of truths above the j-th smallest and below the j-th largest draw.
fn share(ranks: &Ranks, j: usize) -> f64 {
    let inside = |r: &&usize| (j..=ranks.draws() - j).contains(*r);
    ranks.values().iter().filter(inside).count() as f64 / ranks.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::testing::Sampler;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Every rank once is what exchangeability gives: the coverage is the expected one to the bit.
    #[test]
    fn order_statistics_cover_exactly() {
        for draws in [2, 3, 9, 10, 19, 99, 100] {
            let ranks = Ranks::from_counted(draws, (0..=draws).collect()).unwrap();
            for level in Coverage::of(&ranks).unwrap().levels {
                assert!(
                    (level.observed - level.expected).abs() < 1e-15,
                    "{draws} {level:?}"
                );
                let resolution = 1.0 / (draws + 1) as f64;
                // The narrowest interval holds 1 or 2 places among the draws, the widest L - 1.
                let (least, most) = ((1 + draws % 2) as f64, (draws - 1) as f64);
                let reach = level.nominal.clamp(least * resolution, most * resolution);
                assert!(
                    (level.expected - reach).abs() < resolution + 1e-12,
                    "{draws} {level:?}"
                );
            }
        }
        let hundred = Ranks::from_counted(99, (0..=99).collect()).unwrap();
        assert!((Coverage::of(&hundred).unwrap().ninety().expected - 0.9).abs() < 1e-12);
    }

    /// The same intervals by sorting the draws, of a skewed distribution.
    #[test]
    fn ranks_tell_the_interval_of_sorted_draws() {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        let mut ranks = Ranks::new(19).unwrap();
        let (mut inside, cases) = (0, 2000);
        for _ in 0..cases {
            let mut exponential = || -(1.0 - rng.random::<f64>()).ln();
            let truth = exponential();
            let mut draws: Vec<f64> = (0..19).map(|_| exponential()).collect();
            ranks.add(truth, &draws, &mut rng).unwrap();
            draws.sort_by(f64::total_cmp);
            // j = 1 of 19: coverage 18 / 20.
            inside += usize::from(draws[0] < truth && truth < draws[18]);
        }
        let ninety = Coverage::of(&ranks).unwrap().ninety();
        assert_eq!(ninety.observed, inside as f64 / cases as f64);
        assert!((ninety.expected - 0.9).abs() < 1e-15);
        assert!(
            (ninety.observed - 0.9).abs() < 3.5 * ninety.standard_error,
            "{ninety}"
        );
    }

    #[test]
    fn wrong_samplers_miss() {
        let of = |s: Sampler| Coverage::of(&s.ranks(3, 1000, 99)).unwrap();
        assert!(of(Sampler::EXACT).worst() < 3.5);
        let narrow = of(Sampler::NARROW);
        assert!(narrow.worst() > 10.0);
        // Φ(1.645 / 2): half of the deviation.
        assert!(
            (narrow.ninety().observed - 0.589).abs() < 0.05,
            "{}",
            narrow.ninety()
        );
        assert!(of(Sampler::WIDE).ninety().observed > 0.98);
        let words = narrow.ninety().to_string();
        assert!(
            words.starts_with("90 % intervals hold the truth in 5"),
            "{words}"
        );
    }

    /// One bit of luck shared by all pixels of an image: the binomial error would be ten times too
    /// small, the error over the groups is not.
    #[test]
    fn pixels_of_one_image_are_one_case() {
        let image = |seed: u64| {
            let rank = Sampler::EXACT.ranks(seed, 1, 19).values()[0];
            Ranks::from_counted(19, vec![rank; 100]).unwrap()
        };
        let groups: Vec<Ranks> = (0..400).map(image).collect();
        let grouped = Coverage::of_groups(&groups).unwrap().ninety();
        let all: Vec<usize> = groups.iter().flat_map(|g| g.values().to_vec()).collect();
        let pooled = Coverage::of(&Ranks::from_counted(19, all).unwrap())
            .unwrap()
            .ninety();
        assert!((grouped.observed - pooled.observed).abs() < 1e-12);
        assert!((grouped.standard_error / pooled.standard_error - 10.0).abs() < 1.5);
        assert!(Coverage::of_groups(&groups[..1]).is_err());
    }
}
