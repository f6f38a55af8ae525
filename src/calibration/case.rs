//! One case: a truth and the draws of its posterior.

use ndarray::{Array1, ArrayView1, ArrayView2, Axis};

use super::Result;
use super::error::{CalibrationError, at_least, finite};

/// A truth `x* ~ p(x)` and M draws of `p(x | y)`, `y ~ p(y | x*)`.
///
/// An image is a vector of its pixels (of a complex one, real and imaginary parts).
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    truth: ArrayView1<'a, f64>,
    draws: ArrayView2<'a, f64>,
}

impl<'a> Case<'a> {
    /// `truth: f64[D]`, `draws: f64[M, D]`, one draw a row.
    ///
    /// Errors: fewer than 2 draws, other lengths, values that are not finite.
    pub fn new(truth: ArrayView1<'a, f64>, draws: ArrayView2<'a, f64>) -> Result<Self> {
        at_least("case", "draws", 2, draws.nrows())?;
        if truth.len() != draws.ncols() || truth.is_empty() {
            return Err(CalibrationError::new(
                "case",
                format_args!("draws of {} values as the truth has", truth.len()),
                draws.ncols(),
                "give one draw a row, on the grid of the truth",
            ));
        }
        finite("truth", truth)?;
        finite("draws", draws)?;
        Ok(Case { truth, draws })
    }

    /// The truth: `f64[D]`.
    pub fn truth(&self) -> ArrayView1<'a, f64> {
        self.truth
    }

    /// The draws: `f64[M, D]`.
    pub fn draws(&self) -> ArrayView2<'a, f64> {
        self.draws
    }

    /// The mean of the draws: `f64[D]`.
    pub fn mean(&self) -> Array1<f64> {
        self.draws.sum_axis(Axis(0)) / self.draws.nrows() as f64
    }

    /// `1 / (M - 1) Σ (x_m - mean)²`: `f64[D]`.
    pub fn variance(&self) -> Array1<f64> {
        self.draws.var_axis(Axis(0), 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn moments_of_a_column() {
        let (truth, draws) = (array![0.0, 1.0], array![[1.0, 0.0], [2.0, 0.0], [6.0, 0.0]]);
        let case = Case::new(truth.view(), draws.view()).unwrap();
        assert_eq!(case.mean(), array![3.0, 0.0]);
        assert_eq!(case.variance(), array![7.0, 0.0]);
    }

    #[test]
    fn what_is_no_case_is_refused_by_name() {
        let truth = array![0.0, 1.0];
        let refused = |draws: &ndarray::Array2<f64>| {
            Case::new(truth.view(), draws.view())
                .unwrap_err()
                .to_string()
        };
        assert!(refused(&array![[1.0, 0.0]]).contains("at least 2 draws"));
        assert!(refused(&array![[1.0], [0.0]]).contains("2 values"));
        assert!(refused(&array![[1.0, f64::NAN], [0.0, 0.0]]).contains("NaN at index 1"));
    }
}
