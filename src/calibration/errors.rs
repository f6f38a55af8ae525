//! Predicted deviations and the errors that they predict.

use super::error::{CalibrationError, at_least};
use super::{Case, Result};

/// Of every value of every case: the deviation of the draws, and the error of their mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Errors {
    draws: usize,
    std: Vec<f64>,
    error: Vec<f64>,
    /// Where each case ends.
    ends: Vec<usize>,
}

impl Errors {
    /// No case yet, of so many draws each (2 or more).
    pub fn new(draws: usize) -> Result<Self> {
        at_least("errors", "draws", 2, draws)?;
        Ok(Errors {
            draws,
            std: Vec::new(),
            error: Vec::new(),
            ends: Vec::new(),
        })
    }

    /// Adds `s` and `mean - truth` of every value.
    ///
    /// Errors: another number of draws.
    pub fn add(&mut self, case: &Case) -> Result<()> {
        if case.draws().nrows() != self.draws {
            return Err(CalibrationError::new(
                "errors",
                format_args!("{} draws as of the cases before", self.draws),
                case.draws().nrows(),
                "draw the same number for every case",
            ));
        }
        self.std.extend(case.variance().iter().map(|v| v.sqrt()));
        self.error.extend(case.mean() - case.truth());
        self.ends.push(self.std.len());
        Ok(())
    }

    /// M, the draws of each case.
    pub fn draws(&self) -> usize {
        self.draws
    }

    /// The number of cases.
    pub fn cases(&self) -> usize {
        self.ends.len()
    }

    /// Deviations of the draws, `√(1 / (M - 1) Σ (x_m - mean)²)`, all cases in order.
    pub fn std(&self) -> &[f64] {
        &self.std
    }

    /// Errors of the mean, in the same order.
    pub fn error(&self) -> &[f64] {
        &self.error
    }

    /// `(M + 1) / M`: a truth differs from the mean of M draws by this much more of the variance.
    pub fn inflation(&self) -> f64 {
        1.0 + 1.0 / self.draws as f64
    }

    /// Mean of `s² (M + 1) / M` and of the squared error, one pair a case.
    pub(super) fn by_case(&self) -> Vec<[f64; 2]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let mean = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64;
        let pair = |(start, end): (usize, &usize)| {
            let spread = self.inflation() * mean(&self.std[start..*end]);
            [spread, mean(&self.error[start..*end])]
        };
        starts.zip(&self.ends).map(pair).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn two_cases_in_order() {
        let mut errors = Errors::new(2).unwrap();
        let (truth, draws) = (array![1.0, 5.0], array![[0.0, 5.0], [2.0, 7.0]]);
        errors
            .add(&Case::new(truth.view(), draws.view()).unwrap())
            .unwrap();
        let (truth, draws) = (array![0.0], array![[3.0], [3.0]]);
        errors
            .add(&Case::new(truth.view(), draws.view()).unwrap())
            .unwrap();
        assert_eq!(errors.error(), [0.0, 1.0, 3.0]);
        let root = 2f64.sqrt();
        assert!(
            errors
                .std()
                .iter()
                .zip([root, root, 0.0])
                .all(|(a, b)| (a - b).abs() < 1e-15)
        );
        let pairs = errors.by_case();
        assert!((pairs[0][0] - 3.0).abs() < 1e-15 && pairs[0][1] == 0.5 && pairs[1] == [0.0, 9.0]);
        let three = array![[3.0], [3.0], [1.0]];
        let case = Case::new(truth.view(), three.view()).unwrap();
        assert!(
            errors
                .add(&case)
                .unwrap_err()
                .to_string()
                .contains("2 draws")
        );
    }
}
