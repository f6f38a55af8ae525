//! Spread over skill: one number for the size of the error bars.

use std::fmt;

use serde::Serialize;

use super::error::{CalibrationError, at_least};
use super::{Errors, Measured, Result};

/// `√((M + 1) / M E[s²]) / √E[(mean - x*)²]`: 1 is calibrated, below 1 over-confident.
///
/// The factor makes the ratio exact for every M (Leutbecher & Palmer 2008, Fortin et al.
/// 2014).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SpreadSkill {
    /// `√((M + 1) / M E[s²])`, in the unit of the image.
    pub spread: f64,
    /// `√E[(mean - x*)²]`.
    pub error: f64,
    /// The first over the second; its standard error is over the cases.
    pub ratio: Measured,
}

impl SpreadSkill {
    /// Of all values of all cases; a case counts as one, whatever its size.
    ///
    /// Errors: fewer than 2 cases; no error at all.
    pub fn of(errors: &Errors) -> Result<Self> {
        at_least("spread over skill", "cases", 2, errors.cases())?;
        let pairs = errors.by_case();
        let n = pairs.len() as f64;
        let mean = [0, 1].map(|i| pairs.iter().map(|p| p[i]).sum::<f64>() / n);
        if mean[1] == 0.0 {
            return Err(CalibrationError::new(
                "spread over skill",
                "an error of the mean above 0",
                0,
                "check that truth and draws are not the same array",
            ));
        }
        // ln ratio = (ln a - ln b) / 2, to first order in the deviations of a and b.
        let deviation = |p: &[f64; 2]| {
            let spread = if mean[0] > 0.0 { p[0] / mean[0] } else { 0.0 };
            (0.5 * (spread - p[1] / mean[1])).powi(2)
        };
        let variance = pairs.iter().map(deviation).sum::<f64>() / (n * (n - 1.0));
        let value = (mean[0] / mean[1]).sqrt();
        Ok(SpreadSkill {
            spread: mean[0].sqrt(),
            error: mean[1].sqrt(),
            ratio: Measured {
                value,
                standard_error: value * variance.sqrt(),
            },
        })
    }
}

impl fmt::Display for SpreadSkill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Measured {
            value,
            standard_error,
        } = self.ratio;
        write!(f, "spread over error {value:.3} ± {standard_error:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::testing::{Sampler, errors};

    /// Exact for any number of draws; without the factor two draws would be off by √1.5.
    #[test]
    fn calibrated_draws_have_ratio_one() {
        for draws in [2, 3, 8, 50] {
            let found = SpreadSkill::of(&errors(Sampler::EXACT, 7, 400, draws)).unwrap();
            let off = (found.ratio.value - 1.0).abs() / found.ratio.standard_error;
            assert!(
                off < 3.5 && found.ratio.standard_error < 0.02,
                "{draws}: {found}"
            );
        }
        let found = SpreadSkill::of(&errors(Sampler::EXACT, 7, 400, 2)).unwrap();
        let naive = found.ratio.value / 1.5f64.sqrt();
        assert!(
            (naive - 1.0).abs() > 5.0 * found.ratio.standard_error,
            "the ruler is blind"
        );
    }

    #[test]
    fn half_and_twice_the_deviation_are_seen() {
        // A mean of M draws of deviation c has itself an error: (c² (M + 1) / M) / (1 + c² / M).
        for (sampler, c) in [(Sampler::NARROW, 0.5f64), (Sampler::WIDE, 2.0)] {
            let found = SpreadSkill::of(&errors(sampler, 7, 400, 8)).unwrap();
            let exact = (c * c * 9.0 / 8.0 / (1.0 + c * c / 8.0)).sqrt();
            let off = (found.ratio.value - exact).abs() / found.ratio.standard_error;
            assert!(off < 3.5, "{found} not {exact}");
        }
    }

    #[test]
    fn the_standard_error_is_that_of_repeats() {
        let of = |seed| {
            SpreadSkill::of(&errors(Sampler::EXACT, seed, 60, 8))
                .unwrap()
                .ratio
        };
        let runs: Vec<Measured> = (0..300).map(of).collect();
        let n = runs.len() as f64;
        let mean = runs.iter().map(|r| r.value).sum::<f64>() / n;
        let var = runs.iter().map(|r| (r.value - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let told = runs.iter().map(|r| r.standard_error).sum::<f64>() / n;
        assert!(
            (told / var.sqrt() - 1.0).abs() < 0.15,
            "{told} {}",
            var.sqrt()
        );
    }

    #[test]
    fn nothing_to_measure_is_an_error() {
        assert!(SpreadSkill::of(&Errors::new(4).unwrap()).is_err());
    }
}
