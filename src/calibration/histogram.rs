//! The rank histogram: χ² of all bins, and the binomial band of each.

use serde::Serialize;

use super::binomial::Binomial;
use super::error::{CalibrationError, level};
use super::special::chi_square_upper;
use super::{Ranks, Result};

/// Fewer expected ranks a bin than this and χ² does not follow its law (Cochran 1954).
const LEAST: usize = 5;

/// Ranks in B bins of equally many ranks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RankHistogram {
    /// Cases in each bin.
    pub counts: Vec<usize>,
    /// What each bin expects, n / B.
    pub expected: f64,
    /// `Σ (count - expected)² / expected`.
    pub chi_square: f64,
    /// `P(χ²_{B-1} > chi_square)`.
    pub p_value: f64,
    /// The level of `band`.
    pub level: f64,
    /// The smallest and the largest count that one bin alone has with probability `level`:
    /// `Bin(n, 1/B)` with at most `(1 - level) / 2` beyond either side.
    ///
    /// Of 20 bins one leaves a 95 % band by chance; [`EcdfTest`](super::EcdfTest) has a band for
    /// all together.
    pub band: (usize, usize),
}

impl RankHistogram {
    /// Of ranks, in so many bins (2 or more), with bands of a level.
    ///
    /// Errors: `draws + 1` does not divide by the bins; fewer than 5 cases a bin.
    pub fn of(ranks: &Ranks, bins: usize, band: f64) -> Result<Self> {
        level("rank histogram", band)?;
        let possible = ranks.draws() + 1;
        if bins < 2 || !possible.is_multiple_of(bins) {
            return Err(indivisible(possible, bins));
        }
        if ranks.len() < LEAST * bins {
            return Err(CalibrationError::new(
                "rank histogram",
                format_args!("at least {} cases for {bins} bins", LEAST * bins),
                ranks.len(),
                "simulate more cases or take fewer bins",
            ));
        }
        let mut counts = vec![0usize; bins];
        for rank in ranks.values() {
            counts[rank / (possible / bins)] += 1;
        }
        let expected = ranks.len() as f64 / bins as f64;
        let square = |c: &usize| (*c as f64 - expected).powi(2) / expected;
        let chi_square = counts.iter().map(square).sum();
        Ok(RankHistogram {
            counts,
            expected,
            chi_square,
            p_value: chi_square_upper(chi_square, bins - 1),
            level: band,
            band: Binomial::new(ranks.len(), 1.0 / bins as f64).between((1.0 - band) / 2.0),
        })
    }

    /// How many bins leave their band; `(1 - level) B` or fewer are expected.
    pub fn outside(&self) -> usize {
        let (low, high) = self.band;
        self.counts
            .iter()
            .filter(|c| **c < low || **c > high)
            .count()
    }
}

/// The message names the nearest number of draws, and of bins, that divides.
fn indivisible(possible: usize, bins: usize) -> CalibrationError {
    let wanted = bins.max(2);
    let draws = (possible / wanted).max(1) * wanted - 1;
    let divides = |b: &usize| possible.is_multiple_of(*b);
    let nearest = (2..=possible)
        .filter(divides)
        .min_by_key(|b| b.abs_diff(bins));
    CalibrationError::new(
        "rank histogram",
        format_args!(
            "2 or more bins that divide {possible}, the ranks of {} draws",
            possible - 1
        ),
        format_args!("{bins} bins"),
        format_args!(
            "take {draws} draws, or {} bins",
            nearest.unwrap_or(possible)
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::testing::{Sampler, kolmogorov_smirnov};

    #[test]
    fn counts_of_known_ranks() {
        let ranks = Ranks::from_counted(3, [vec![0; 10], vec![1; 5], vec![3; 5]].concat()).unwrap();
        let histogram = RankHistogram::of(&ranks, 4, 0.95).unwrap();
        assert_eq!(histogram.counts, [10, 5, 0, 5]);
        assert_eq!(histogram.chi_square, 10.0);
        // Q(3/2, 5) = erfc(√5) + 2 √(5/π) e^{-5}.
        assert!((histogram.p_value - 0.018_566_135_463_043_26).abs() < 1e-12);
        assert_eq!(RankHistogram::of(&ranks, 2, 0.95).unwrap().counts, [15, 5]);
    }

    #[test]
    fn ranks_that_do_not_divide_are_told_what_would() {
        let message = |draws: usize, bins: usize| {
            let ranks = Ranks::from_counted(draws, vec![0; 500]).unwrap();
            RankHistogram::of(&ranks, bins, 0.95)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            message(100, 20),
            "rank histogram: expected 2 or more bins that divide 101, the ranks of 100 draws, got 20 \
             bins; take 99 draws, or 101 bins"
        );
        assert!(message(11, 5).ends_with("take 9 draws, or 4 bins"));
        assert!(message(8, 20).ends_with("take 19 draws, or 9 bins"));
        assert!(message(99, 1).contains("2 or more bins"));
        let few = Ranks::from_counted(99, vec![0; 99]).unwrap();
        let error = RankHistogram::of(&few, 20, 0.95).unwrap_err();
        assert!(error.to_string().contains("at least 100 cases"), "{error}");
    }

    #[test]
    fn p_values_of_calibrated_draws_are_uniform() {
        let p = |seed| {
            RankHistogram::of(&Sampler::EXACT.ranks(seed, 400, 19), 20, 0.95)
                .unwrap()
                .p_value
        };
        let values: Vec<f64> = (0..400).map(p).collect();
        assert!(kolmogorov_smirnov(&values) > 0.01);
    }

    /// 20 bins of 600 seeds: the share outside is what the binomial says (at most 5 %).
    #[test]
    fn one_bin_alone_leaves_its_band_as_often_as_told() {
        let runs = 600;
        let mut outside = 0;
        let mut exact = 0.0;
        for seed in 0..runs {
            let histogram =
                RankHistogram::of(&Sampler::EXACT.ranks(seed, 400, 19), 20, 0.95).unwrap();
            outside += histogram.outside();
            let law = Binomial::new(400, 0.05);
            let (low, high) = histogram.band;
            exact = law.at_most(low - 1) + law.at_least(high + 1);
        }
        let share = outside as f64 / (20 * runs) as f64;
        let error = (exact * (1.0 - exact) / (20 * runs) as f64).sqrt();
        assert!(
            exact <= 0.05 && (share - exact).abs() < 4.0 * error,
            "{share} {exact}"
        );
    }

    #[test]
    fn deviations_of_half_and_twice_the_size_are_refused() {
        for sampler in [Sampler::NARROW, Sampler::WIDE, Sampler::SHIFTED] {
            let histogram = RankHistogram::of(&sampler.ranks(1, 400, 19), 20, 0.95).unwrap();
            assert!(
                histogram.p_value < 1e-6 && histogram.outside() > 3,
                "{histogram:?}"
            );
        }
    }
}
