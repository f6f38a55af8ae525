//! Simulation-based calibration of images: the ranks of many functionals.

use std::fmt;

use ndarray::Array2;
use rand::Rng;
use serde::Serialize;

use super::error::{CalibrationError, at_least, finite};
use super::{Diagnosis, Functional, Part, Ranks, Result};

/// One `Ranks` a functional, case by case.
#[derive(Clone, Debug)]
pub struct Sbc {
    draws: usize,
    entries: Vec<(Functional, Ranks)>,
}

/// The verdict on one functional.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SbcLine {
    /// The functional.
    pub name: String,
    /// The part of the image that it sees.
    pub part: Part,
    /// What its ranks say.
    pub diagnosis: Diagnosis,
}

impl Sbc {
    /// No case yet. Errors: no functional; fewer than 2 draws a case.
    pub fn new(functionals: Vec<Functional>, draws: usize) -> Result<Self> {
        at_least("SBC", "functionals", 1, functionals.len())?;
        let ranks = Ranks::new(draws)?;
        let entries = functionals
            .into_iter()
            .map(|f| (f, ranks.clone()))
            .collect();
        Ok(Sbc { draws, entries })
    }

    /// Ranks every functional of a truth among those of its draws.
    ///
    /// Errors: another number of draws, other shapes, values that are not finite; the case is then
    /// left out for all functionals.
    pub fn add<R: Rng>(
        &mut self,
        truth: &Array2<f64>,
        draws: &[Array2<f64>],
        rng: &mut R,
    ) -> Result<()> {
        if draws.len() != self.draws {
            return Err(CalibrationError::new(
                "SBC",
                format_args!("{} draws as of the cases before", self.draws),
                draws.len(),
                "draw the same number for every case",
            ));
        }
        let of = |functional: &Functional| -> Result<(f64, Vec<f64>)> {
            let drawn = draws.iter().map(|x| functional.value(x));
            let (value, drawn) = (functional.value(truth)?, drawn.collect::<Result<Vec<_>>>()?);
            finite(functional.name(), drawn.iter().chain([&value]))?;
            Ok((value, drawn))
        };
        // All values first: a case is ranked by every functional or by none.
        let values: Result<Vec<_>> = self.entries.iter().map(|e| of(&e.0)).collect();
        for ((_, ranks), (value, drawn)) in self.entries.iter_mut().zip(values?) {
            ranks.add(value, &drawn, rng)?;
        }
        Ok(())
    }

    /// Each functional with its ranks.
    pub fn entries(&self) -> &[(Functional, Ranks)] {
        &self.entries
    }

    /// A verdict on each functional. With k functionals in one decision, the level of each is
    /// `1 - (1 - level) / k` (Bonferroni): all k hold together with probability `level` or more.
    pub fn verdicts(&self, level: f64) -> Result<Vec<SbcLine>> {
        super::error::level("SBC", level)?;
        let each = 1.0 - (1.0 - level) / self.entries.len() as f64;
        let line = |(functional, ranks): &(Functional, Ranks)| {
            Ok(SbcLine {
                name: functional.name().to_owned(),
                part: functional.part(),
                diagnosis: Diagnosis::of(ranks, each)?,
            })
        };
        self.entries.iter().map(line).collect()
    }
}

impl fmt::Display for SbcLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.diagnosis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::Finding;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    const SHAPE: (usize, usize) = (6, 5);

    /// Odd rows are measured without noise to speak of, even rows not at all.
    fn even_rows(x: &Array2<f64>) -> Array2<f64> {
        Array2::from_shape_fn(x.dim(), |(y, i)| if y % 2 == 0 { x[(y, i)] } else { 0.0 })
    }

    /// White images; a sampler that draws the even rows with a deviation of `scale` instead of 1.
    fn run(scale: f64, cases: usize) -> Sbc {
        let mut functionals = Vec::new();
        for seed in 0..3 {
            let whole = Functional::smooth(SHAPE, 3.0, seed).unwrap();
            let split = whole.split(&even_rows).unwrap();
            functionals.extend([whole, split.range.unwrap(), split.null.unwrap()]);
        }
        let mut sbc = Sbc::new(functionals, 39).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        for _ in 0..cases {
            let mut white = || Array2::from_shape_simple_fn(SHAPE, || rng.sample(StandardNormal));
            let truth: Array2<f64> = white();
            let data = &truth + 0.1 * &white();
            // Posterior of a measured row: mean y / (1 + 0.01), variance 0.01 / 1.01.
            let measured = (&data - &even_rows(&data)) / 1.01;
            let draw = |_| {
                let n: Array2<f64> = white();
                let unseen = even_rows(&n);
                &measured + (0.01f64 / 1.01).sqrt() * (&n - &unseen) + scale * unseen
            };
            let draws: Vec<Array2<f64>> = (0..39).map(draw).collect();
            sbc.add(&truth, &draws, &mut rng).unwrap();
        }
        sbc
    }

    #[test]
    fn exact_draws_pass_everywhere() {
        let lines = run(1.0, 300).verdicts(0.999).unwrap();
        assert_eq!(lines.len(), 9);
        assert!(lines.iter().all(|l| l.diagnosis.calibrated()));
        // Nine in one decision: a thousandth is shared.
        let each = lines[4].diagnosis.refused_below;
        assert!((each - 0.001 / 9.0).abs() < 1e-12, "{each}");
    }

    /// The measured part looks right although the sampler is wrong.
    #[test]
    fn a_wrong_null_space_is_refused_there_and_only_there() {
        for line in run(0.6, 300).verdicts(0.999).unwrap() {
            match line.part {
                Part::Range => assert!(line.diagnosis.calibrated(), "{line}"),
                Part::Null => {
                    let found = &line.diagnosis.findings[..];
                    let near = |x: f64| (x * 0.6 - 1.0).abs() < 0.2;
                    assert!(
                        matches!(found, [Finding::OverConfident(x)] if near(*x)),
                        "{line}"
                    );
                    assert!(
                        line.to_string()
                            .contains("unmeasured part: over-confident x1.")
                    );
                }
                Part::Whole => assert!(!line.diagnosis.calibrated(), "{line}"),
            }
        }
    }

    #[test]
    fn a_refused_case_leaves_no_trace() {
        let mut sbc = run(1.0, 20);
        let before: Vec<Ranks> = sbc.entries().iter().map(|e| e.1.clone()).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut draws = vec![Array2::zeros(SHAPE); 39];
        draws[7][(1, 1)] = f64::NAN;
        assert!(sbc.add(&Array2::zeros(SHAPE), &draws, &mut rng).is_err());
        assert!(
            sbc.add(&Array2::zeros(SHAPE), &draws[..3], &mut rng)
                .is_err()
        );
        let after: Vec<Ranks> = sbc.entries().iter().map(|e| e.1.clone()).collect();
        assert_eq!(before, after);
        assert!(Sbc::new(Vec::new(), 9).is_err());
    }
}
