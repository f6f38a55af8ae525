//! What is wrong with the draws, in words and by how much.

use std::f64::consts::{FRAC_PI_2, TAU};
use std::fmt;

use serde::Serialize;

use super::error::at_least;
use super::special::{bisect, normal_cdf, normal_quantile};
use super::{EcdfTest, Ranks, Result};

/// Departures smaller than so many standard errors are not named.
const NAMED: f64 = 2.0;

/// A number and its standard error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// The estimate.
    pub value: f64,
    /// Its standard error over the cases.
    pub standard_error: f64,
}

/// One thing that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// The draws spread too little, by this factor: ranks pile up at both ends (∪).
    OverConfident(f64),
    /// The draws spread too much, by this factor: ranks pile up in the middle (∩).
    UnderConfident(f64),
    /// The draws lie too low, by so many of their deviations: ranks pile up at the top.
    TooLow(f64),
    /// The draws lie too high, by so many of their deviations: ranks pile up at the bottom.
    TooHigh(f64),
    /// Not uniform, and neither spread nor bias says why.
    OtherShape,
}

/// A verdict on ranks: uniform, or what they say of the draws.
///
/// The sizes are those of a truth `t ~ N(bias, spread²)` among L draws of `N(0, 1)`, by the moments
/// of the ranks R, exact for any L:
///
/// `E[R / L] = Φ(h)`, `E[R (R - 1) / (L (L - 1))] = Φ₂(h, h; ρ)`, `h = bias / √(1 + spread²)`,
/// `ρ = spread² / (1 + spread²)`, with Φ₂ the bivariate normal distribution function.
/// Of posteriors far from Gaussian they are an equivalent, not the factor itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// Cases.
    pub cases: usize,
    /// Draws of each case.
    pub draws: usize,
    /// Of uniformity: [`EcdfTest`].
    pub p_value: f64,
    /// Uniformity is refused below this p-value.
    pub refused_below: f64,
    /// How far the truth lies above the draws, in their deviations; 0 is calibrated.
    pub bias: Measured,
    /// The deviation of the truth over that of the draws; 1 is calibrated, above 1 over-confident.
    pub spread: Measured,
    /// Nothing if uniformity is not refused.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// Of ranks; uniformity is refused outside of a band of probability `level` (such as 0.999).
    ///
    /// Errors: fewer than 10 cases.
    pub fn of(ranks: &Ranks, level: f64) -> Result<Self> {
        at_least("diagnosis", "cases", 10, ranks.len())?;
        let test = EcdfTest::of_ranks(ranks, level)?;
        let (bias, spread) = measure(ranks);
        let findings = if test.holds() {
            Vec::new()
        } else {
            name(bias, spread)
        };
        Ok(Diagnosis {
            cases: ranks.len(),
            draws: ranks.draws(),
            p_value: test.p_value,
            refused_below: 1.0 - level,
            bias,
            spread,
            findings,
        })
    }

    /// Whether uniformity is not refused.
    pub fn calibrated(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::OverConfident(by) => write!(f, "over-confident x{by:.2}"),
            Finding::UnderConfident(by) => write!(f, "under-confident x{by:.2}"),
            Finding::TooLow(by) => write!(f, "draws too low by {by:.2} of their deviations"),
            Finding::TooHigh(by) => write!(f, "draws too high by {by:.2} of their deviations"),
            Finding::OtherShape => write!(f, "ranks not uniform, not by spread or bias alone"),
        }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.calibrated() {
            f.write_str("no miscalibration found")?;
        }
        for (i, finding) in self.findings.iter().enumerate() {
            write!(f, "{}{finding}", if i > 0 { ", " } else { "" })?;
        }
        let (s, b) = (self.spread, self.bias);
        match self.p_value {
            p if p < 1e-10 => f.write_str(" (p < 1e-10")?,
            p if p < 0.01 => write!(f, " (p = {p:.1e}")?,
            p => write!(f, " (p = {p:.2}")?,
        }
        write!(
            f,
            ", spread ratio {:.2} ± {:.2}, bias {:+.2} ± {:.2}, {} cases of {} draws)",
            s.value, s.standard_error, b.value, b.standard_error, self.cases, self.draws
        )
    }
}

/// Every departure of more than [`NAMED`] standard errors, the surest first.
fn name(bias: Measured, spread: Measured) -> Vec<Finding> {
    // The ratio's error is that of its logarithm: twice as wide and half as wide are as far from 1.
    let by_spread = spread.value.ln() * spread.value / spread.standard_error;
    let by_bias = bias.value / bias.standard_error;
    let mut found = vec![
        (
            by_spread.abs(),
            match spread.value {
                s if s > 1.0 => Finding::OverConfident(s),
                s => Finding::UnderConfident(1.0 / s),
            },
        ),
        (
            by_bias.abs(),
            match bias.value {
                b if b > 0.0 => Finding::TooLow(b),
                b => Finding::TooHigh(-b),
            },
        ),
    ];
    found.retain(|(size, _)| *size > NAMED);
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    match found.is_empty() {
        true => vec![Finding::OtherShape],
        false => found.into_iter().map(|(_, finding)| finding).collect(),
    }
}

/// Bias and spread, with standard errors by the derivative of [`solve`] and the moments' covariance.
fn measure(ranks: &Ranks) -> (Measured, Measured) {
    let (n, l) = (ranks.len() as f64, ranks.draws() as f64);
    let moments = |r: &usize| {
        let r = *r as f64;
        [r / l, r * (r - 1.0) / (l * (l - 1.0))]
    };
    let values: Vec<[f64; 2]> = ranks.values().iter().map(moments).collect();
    let mean = [0, 1].map(|i| values.iter().map(|v| v[i]).sum::<f64>() / n);
    let covariance = |i: usize, j: usize| {
        let product = |v: &[f64; 2]| (v[i] - mean[i]) * (v[j] - mean[j]);
        values.iter().map(product).sum::<f64>() / (n * (n - 1.0))
    };
    // No mean at its very end, whose quantile is infinite.
    let end = 0.5 / (n * l);
    let solve = |m: [f64; 2]| solve([m[0].clamp(end, 1.0 - end), m[1]]);
    let at = solve(mean);
    let slope = |i: usize| {
        let step = 1e-3 * covariance(i, i).sqrt() + 1e-9;
        let moved = |sign: f64| {
            let mut m = mean;
            m[i] += sign * step;
            solve(m)
        };
        let (up, down) = (moved(1.0), moved(-1.0));
        [0, 1].map(|k| (up[k] - down[k]) / (2.0 * step))
    };
    let (s0, s1) = (slope(0), slope(1));
    let error = |k: usize| {
        let along = s0[k] * s0[k] * covariance(0, 0) + s1[k] * s1[k] * covariance(1, 1);
        (along + 2.0 * s0[k] * s1[k] * covariance(0, 1))
            .max(0.0)
            .sqrt()
    };
    let measured = |k: usize| Measured {
        value: at[k],
        standard_error: error(k),
    };
    (measured(0), measured(1))
}

/// `[bias, spread]` from the two moments.
fn solve(m: [f64; 2]) -> [f64; 2] {
    let h = normal_quantile(m[0]);
    // ρ = sin θ; a spread of 1e-3 to 1e3 at the ends.
    let theta = bisect(1e-6, FRAC_PI_2 - 1.4e-3, |theta| {
        both_below(h, theta) < m[1]
    });
    let rho = theta.sin();
    let spread = (rho / (1.0 - rho)).sqrt();
    [h * (1.0 + spread * spread).sqrt(), spread]
}

/// `Φ₂(h, h; sin θ) = Φ(h)² + 1/(2π) ∫_0^θ exp(-h² / (1 + sin t)) dt` (Plackett 1954), by Simpson's
/// rule.
fn both_below(h: f64, theta: f64) -> f64 {
    const PANELS: u32 = 64;
    let step = theta / f64::from(PANELS);
    let value = |i: u32| (-h * h / (1.0 + (f64::from(i) * step).sin())).exp();
    let weight = |i: u32| match i {
        0 | PANELS => 1.0,
        i if i % 2 == 1 => 4.0,
        _ => 2.0,
    };
    let sum: f64 = (0..=PANELS).map(|i| weight(i) * value(i)).sum();
    normal_cdf(h).powi(2) + sum * step / 3.0 / TAU
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::testing::Sampler;

    /// ∫ φ(t) Φ(h + ...)²: the same probability by one more integral, over the common part.
    #[test]
    fn two_normals_below_a_limit() {
        for (h, rho) in [(0.0, 0.5), (0.7, 0.3), (-1.6, 0.9), (2.5, 0.05)] {
            let (n, end) = (4000, 9.0);
            let step = 2.0 * end / f64::from(n);
            let at = |i: i32| {
                let z = -end + f64::from(i) * step;
                let below = normal_cdf((h - f64::sqrt(rho) * z) / f64::sqrt(1.0 - rho));
                (-0.5 * z * z).exp() / TAU.sqrt() * below * below
            };
            let sum: f64 = (0..=n).map(at).sum::<f64>() * step;
            assert!((both_below(h, rho.asin()) - sum).abs() < 1e-9, "{h} {rho}");
        }
    }

    /// The estimate has no bias of its own, however few the draws.
    #[test]
    fn sizes_are_recovered_from_few_and_from_many_draws() {
        for draws in [4, 19, 199] {
            for (scale, shift) in [(1.0, 0.0), (0.5, 0.0), (2.0, 0.0), (1.0, 0.5), (0.7, -0.4)] {
                let ranks = Sampler { scale, shift }.ranks(draws as u64, 4000, draws);
                let (bias, spread) = measure(&ranks);
                let gaps = [(spread, 1.0 / scale), (bias, -shift / scale)];
                for (measured, exact) in gaps {
                    let off = (measured.value - exact).abs() / measured.standard_error;
                    assert!(
                        off < 4.0,
                        "{draws} {scale} {shift}: {measured:?} not {exact}"
                    );
                    assert!(measured.standard_error < 0.15, "{measured:?}");
                }
            }
        }
    }

    /// The standard error is the deviation of the estimate over seeds.
    #[test]
    fn standard_errors_are_those_of_repeats() {
        let runs: Vec<_> = (0..300)
            .map(|s| measure(&Sampler::NARROW.ranks(s, 300, 19)))
            .collect();
        for pick in [
            |r: &(Measured, Measured)| r.0,
            |r: &(Measured, Measured)| r.1,
        ] {
            let n = runs.len() as f64;
            let mean = runs.iter().map(|r| pick(r).value).sum::<f64>() / n;
            let var = runs
                .iter()
                .map(|r| (pick(r).value - mean).powi(2))
                .sum::<f64>()
                / (n - 1.0);
            let told = runs.iter().map(|r| pick(r).standard_error).sum::<f64>() / n;
            assert!(
                (told / var.sqrt() - 1.0).abs() < 0.15,
                "{told} {}",
                var.sqrt()
            );
        }
    }

    #[test]
    fn calibrated_draws_pass() {
        let refused = |s: &u64| {
            let found = Diagnosis::of(&Sampler::EXACT.ranks(*s, 500, 99), 0.999).unwrap();
            !found.calibrated()
        };
        assert_eq!((0..40).filter(refused).count(), 0);
        let found = Diagnosis::of(&Sampler::EXACT.ranks(0, 500, 99), 0.999).unwrap();
        assert!(
            found
                .to_string()
                .starts_with("no miscalibration found (p = "),
            "{found}"
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_size() {
        let of = |sampler: Sampler| Diagnosis::of(&sampler.ranks(2, 500, 99), 0.999).unwrap();
        let narrow = of(Sampler::NARROW);
        assert!(
            matches!(narrow.findings[..], [Finding::OverConfident(x)] if (x - 2.0).abs() < 0.25)
        );
        assert!(
            narrow.to_string().starts_with("over-confident x"),
            "{narrow}"
        );
        let wide = of(Sampler::WIDE);
        assert!(
            matches!(wide.findings[..], [Finding::UnderConfident(x)] if (x - 2.0).abs() < 0.25)
        );
        let shifted = of(Sampler::SHIFTED);
        assert!(matches!(shifted.findings[..], [Finding::TooHigh(x)] if (x - 0.5).abs() < 0.15));
        let both = of(Sampler {
            scale: 0.5,
            shift: -1.0,
        });
        let words = both.to_string();
        assert!(
            words.contains("over-confident") && words.contains("too low"),
            "{words}"
        );
    }

    /// Ranks 0, L/2 and L alone, in the mix that has the variance of uniform ranks, L (L + 2) / 12.
    #[test]
    fn another_shape_is_not_called_bias_or_spread() {
        let ranks = [vec![10; 190], vec![0; 55], vec![20; 55]].concat();
        let found = Diagnosis::of(&Ranks::from_counted(20, ranks).unwrap(), 0.999).unwrap();
        assert!((found.spread.value - 1.0).abs() < 1e-9 && found.bias.value.abs() < 1e-9);
        assert_eq!(found.findings, [Finding::OtherShape]);
    }

    #[test]
    fn extreme_ranks_stay_finite() {
        for rank in [0, 19] {
            let found = Diagnosis::of(&Ranks::from_counted(19, vec![rank; 50]).unwrap(), 0.999);
            let found = found.unwrap();
            assert!(
                found.bias.value.is_finite() && found.spread.value.is_finite(),
                "{found:?}"
            );
            assert!(!found.calibrated());
        }
        assert!(Diagnosis::of(&Ranks::from_counted(19, vec![3; 9]).unwrap(), 0.999).is_err());
    }
}
