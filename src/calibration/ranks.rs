//! Where the truth stands among the draws.

use rand::{Rng, RngExt};

use super::error::{CalibrationError, at_least, finite};
use super::{Case, Result};

/// Ranks of a truth among L draws, one a case: uniform on `0..=L` if the draws are of the posterior.
///
/// Talts et al. 2018, theorem 1. The statistics of this module take the ranks of different cases to
/// be independent: put one functional's ranks into one `Ranks`, not all pixels of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranks {
    draws: usize,
    ranks: Vec<usize>,
}

impl Ranks {
    /// No case yet, of so many draws each (2 or more).
    pub fn new(draws: usize) -> Result<Self> {
        at_least("ranks", "draws", 2, draws)?;
        let ranks = Vec::new();
        Ok(Ranks { draws, ranks })
    }

    /// Ranks that were counted elsewhere, each in `0..=draws`.
    pub fn from_counted(draws: usize, ranks: Vec<usize>) -> Result<Self> {
        at_least("ranks", "draws", 2, draws)?;
        match ranks.iter().find(|r| **r > draws) {
            None => Ok(Ranks { draws, ranks }),
            Some(rank) => Err(CalibrationError::new(
                "ranks",
                format_args!("ranks of 0 to {draws}"),
                rank,
                "count the draws below the truth",
            )),
        }
    }

    /// Adds a case and tells its rank: the number of draws below the truth; among draws that equal
    /// it the place is drawn.
    ///
    /// Errors: another number of draws; values that are not finite.
    pub fn add<R: Rng>(&mut self, truth: f64, draws: &[f64], rng: &mut R) -> Result<usize> {
        if draws.len() != self.draws {
            return Err(CalibrationError::new(
                "ranks",
                format_args!("{} draws as of the cases before", self.draws),
                draws.len(),
                "draw the same number for every case",
            ));
        }
        finite("truth", [&truth])?;
        finite("draws", draws)?;
        let below = draws.iter().filter(|v| **v < truth).count();
        let equal = draws.iter().filter(|v| **v == truth).count();
        let rank = match equal {
            0 => below,
            _ => below + rng.random_range(0..=equal),
        };
        self.ranks.push(rank);
        Ok(rank)
    }

    /// The ranks of every value of one case: one image's pixels. For [`Coverage::of_groups`].
    ///
    /// [`Coverage::of_groups`]: super::Coverage::of_groups
    pub fn of_values<R: Rng>(case: &Case, rng: &mut R) -> Result<Self> {
        let mut ranks = Ranks::new(case.draws().nrows())?;
        for (truth, draws) in case.truth().iter().zip(case.draws().columns()) {
            ranks.add(*truth, &draws.to_vec(), rng)?;
        }
        Ok(ranks)
    }

    /// L, the draws of each case.
    pub fn draws(&self) -> usize {
        self.draws
    }

    /// The ranks, in the order of the cases.
    pub fn values(&self) -> &[usize] {
        &self.ranks
    }

    /// The number of cases.
    pub fn len(&self) -> usize {
        self.ranks.len()
    }

    /// Whether there is no case yet.
    pub fn is_empty(&self) -> bool {
        self.ranks.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn a_rank_counts_the_draws_below() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut ranks = Ranks::new(3).unwrap();
        for (truth, rank) in [(-1.0, 0), (0.5, 1), (1.5, 2), (9.0, 3)] {
            assert_eq!(ranks.add(truth, &[2.0, 0.0, 1.0], &mut rng), Ok(rank));
        }
        assert_eq!(ranks.values(), [0, 1, 2, 3]);
        let truth = array![0.5, 9.0];
        let draws = array![[2.0, 0.0], [0.0, 1.0], [1.0, 2.0]];
        let case = Case::new(truth.view(), draws.view()).unwrap();
        assert_eq!(Ranks::of_values(&case, &mut rng).unwrap().values(), [1, 3]);
    }

    /// Draws that all equal the truth (a constant background) must not look like a bias.
    #[test]
    fn ties_are_broken_evenly_and_by_the_seed_alone() {
        let run = |seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut ranks = Ranks::new(4).unwrap();
            for _ in 0..5000 {
                ranks.add(1.0, &[1.0, 0.0, 1.0, 2.0], &mut rng).unwrap();
            }
            ranks
        };
        let ranks = run(3);
        for (rank, expected) in [
            (0, 0.0),
            (1, 5000.0 / 3.0),
            (2, 5000.0 / 3.0),
            (3, 5000.0 / 3.0),
        ] {
            let count = ranks.values().iter().filter(|r| **r == rank).count() as f64;
            // 4 binomial deviations.
            assert!(
                (count - expected).abs() < 4.0 * (expected * 2.0 / 3.0).sqrt() + 0.5,
                "{rank}"
            );
        }
        assert_eq!(ranks, run(3));
        assert_ne!(ranks, run(4));
    }

    #[test]
    fn bad_input_is_refused() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        assert!(Ranks::new(1).is_err());
        assert!(
            Ranks::from_counted(5, vec![6])
                .unwrap_err()
                .to_string()
                .contains("0 to 5")
        );
        let mut ranks = Ranks::new(3).unwrap();
        assert!(
            ranks
                .add(0.0, &[1.0, 2.0], &mut rng)
                .unwrap_err()
                .to_string()
                .contains("3 draws")
        );
        assert!(ranks.add(0.0, &[1.0, f64::NAN, 2.0], &mut rng).is_err());
        assert!(ranks.add(f64::NAN, &[1.0, 0.0, 2.0], &mut rng).is_err());
        assert!(ranks.is_empty());
    }
}
