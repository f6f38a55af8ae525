//! Predicted deviation against error, where the prediction is small and where it is large.

use serde::Serialize;

use super::error::{CalibrationError, at_least};
use super::{Errors, Result};

/// Values of like predicted deviation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ReliabilityBin {
    /// Values in the bin.
    pub count: usize,
    /// `√mean(s² (M + 1) / M)`: the error that the draws predict.
    pub predicted: f64,
    /// `√mean((mean - x*)²)`: the error.
    pub observed: f64,
}

/// The reliability diagram and its numbers.
///
/// With few draws s is noisy itself: a bin of small s is one where s came out too small, and the
/// diagram is flatter than the diagonal even for exact draws. Read it with 20 draws or more.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reliability {
    /// Bins of equal count, by increasing s.
    pub bins: Vec<ReliabilityBin>,
    /// Expected normalised calibration error, `mean |predicted - observed| / predicted` over the bins
    /// (Levi et al. 2022); 0 is calibrated.
    pub ence: f64,
    /// Pearson correlation of s and |error|: whether the error bars say where the errors are. Of exact
    /// Gaussian draws it is below 1, and 0 where s is the same everywhere.
    pub correlation: f64,
    /// The mean of `z = (mean - x*) / (s √(1 + 1/M))`; 0 is calibrated.
    pub z_mean: f64,
    /// The deviation of z about 0.
    pub z_sd: f64,
    /// `√((M - 1) / (M - 3))`: z_sd of exact Gaussian draws, since z then follows Student's
    /// distribution with M - 1 degrees of freedom. None for M <= 3, where there is no deviation.
    pub z_sd_expected: Option<f64>,
}

impl Reliability {
    /// Of all values, in so many bins. Values whose draws are all equal have no z and do not count.
    ///
    /// Errors: fewer values than bins.
    pub fn of(errors: &Errors, bins: usize) -> Result<Self> {
        let pairs = errors.std().iter().zip(errors.error());
        let mut pairs: Vec<(f64, f64)> = pairs.map(|(s, e)| (*s, *e)).collect();
        pairs.retain(|(s, _)| *s > 0.0);
        at_least("reliability", "bins", 1, bins)?;
        if pairs.len() < bins.max(2) {
            return Err(CalibrationError::new(
                "reliability",
                format_args!("at least {} values whose draws differ", bins.max(2)),
                pairs.len(),
                "take fewer bins or more cases",
            ));
        }
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let inflation = errors.inflation();
        let edge = |i: usize| i * pairs.len() / bins;
        let bin = |i: usize| bin(&pairs[edge(i)..edge(i + 1)], inflation);
        let bins: Vec<ReliabilityBin> = (0..bins).map(bin).collect();
        let gap = |b: &ReliabilityBin| (b.predicted - b.observed).abs() / b.predicted;
        let z = |(s, e): &(f64, f64)| e / (s * inflation.sqrt());
        let n = pairs.len() as f64;
        let m = errors.draws() as f64;
        Ok(Reliability {
            ence: bins.iter().map(gap).sum::<f64>() / bins.len() as f64,
            bins,
            correlation: correlation(&pairs),
            z_mean: pairs.iter().map(z).sum::<f64>() / n,
            z_sd: (pairs.iter().map(|p| z(p).powi(2)).sum::<f64>() / n).sqrt(),
            z_sd_expected: (m > 3.0).then(|| ((m - 1.0) / (m - 3.0)).sqrt()),
        })
    }
}

fn bin(pairs: &[(f64, f64)], inflation: f64) -> ReliabilityBin {
    let n = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
    ReliabilityBin {
        count: pairs.len(),
        predicted: (inflation * mean(|p| p.0 * p.0)).sqrt(),
        observed: mean(|p| p.1 * p.1).sqrt(),
    }
}

/// Of s and |error|; 0 where one of them is constant.
fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let n = pairs.len() as f64;
    let mean_s = pairs.iter().map(|p| p.0).sum::<f64>() / n;
    let mean_e = pairs.iter().map(|p| p.1.abs()).sum::<f64>() / n;
    let (mut ss, mut ee, mut se) = (0.0, 0.0, 0.0);
    for (s, e) in pairs {
        let (s, e) = (s - mean_s, e.abs() - mean_e);
        (ss, ee, se) = (ss + s * s, ee + e * e, se + s * e);
    }
    let product: f64 = ss * ee;
    if product > 0.0 {
        se / product.sqrt()
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::testing::{Sampler, errors};

    #[test]
    fn exact_draws_lie_on_the_diagonal() {
        let found = Reliability::of(&errors(Sampler::EXACT, 1, 400, 200), 10).unwrap();
        assert_eq!(found.bins.iter().map(|b| b.count).sum::<usize>(), 400 * 30);
        assert!(found.ence < 0.04, "{found:?}");
        assert!(
            found
                .bins
                .windows(2)
                .all(|w| w[0].predicted < w[1].predicted)
        );
        assert!(
            (found.z_sd / found.z_sd_expected.unwrap() - 1.0).abs() < 0.02,
            "{found:?}"
        );
        assert!(found.z_mean.abs() < 0.03);
        // s uniform on 1..4 and |error| = s |n|: cov = √(2/π) var(s), var|e| = E s² - (2/π) (E s)².
        let (mean, var) = (2.5, 0.75);
        let scale = std::f64::consts::FRAC_2_PI;
        let exact = (scale * var / (var + mean * mean - scale * mean * mean)).sqrt();
        assert!(
            (found.correlation - exact).abs() < 0.02,
            "{} {exact}",
            found.correlation
        );
    }

    /// z follows Student's law: with 5 draws its deviation is √2, not 1.
    #[test]
    fn few_draws_have_the_deviation_of_student() {
        let found = Reliability::of(&errors(Sampler::EXACT, 2, 4000, 8), 10).unwrap();
        let expected = found.z_sd_expected.unwrap();
        assert!((expected - (7.0f64 / 5.0).sqrt()).abs() < 1e-15);
        assert!(
            (found.z_sd / expected - 1.0).abs() < 0.02,
            "{} {expected}",
            found.z_sd
        );
        assert!((found.z_sd - 1.0).abs() > 0.15, "the ruler is blind");
        let three = Reliability::of(&errors(Sampler::EXACT, 2, 9, 3), 3).unwrap();
        assert_eq!(three.z_sd_expected, None);
    }

    #[test]
    fn wrong_draws_leave_the_diagonal() {
        // Predicted over observed is c √((M + 1) / (M + c²)): half and twice.
        let narrow = Reliability::of(&errors(Sampler::NARROW, 1, 400, 50), 10).unwrap();
        assert!(
            (narrow.ence - 1.0).abs() < 0.1 && (narrow.z_sd - 2.0).abs() < 0.15,
            "{narrow:?}"
        );
        let wide = Reliability::of(&errors(Sampler::WIDE, 1, 400, 50), 10).unwrap();
        assert!(
            (wide.ence - 0.5).abs() < 0.05 && (wide.z_sd - 0.5).abs() < 0.05,
            "{wide:?}"
        );
        let shifted = Reliability::of(&errors(Sampler::SHIFTED, 1, 400, 50), 10).unwrap();
        assert!(
            (shifted.z_mean - 0.5).abs() < 0.05 && shifted.ence > 0.08,
            "{shifted:?}"
        );
    }

    #[test]
    fn a_constant_background_does_not_count() {
        let mut errors = errors(Sampler::EXACT, 1, 4, 5);
        let before = Reliability::of(&errors, 3).unwrap();
        let (truth, draws) = (ndarray::arr1(&[0.0; 50]), ndarray::Array2::zeros((5, 50)));
        errors
            .add(&crate::calibration::Case::new(truth.view(), draws.view()).unwrap())
            .unwrap();
        assert_eq!(Reliability::of(&errors, 3).unwrap(), before);
        assert!(Reliability::of(&errors, 121).is_err() && Reliability::of(&errors, 0).is_err());
    }
}
