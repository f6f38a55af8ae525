//! One Gaussian number, measured once.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Table};
use super::rules::bridge;
use super::setting::Setting;
use crate::score::{Schedule, StationaryGaussian};
use operators::{Field, Host};

/// Deviations of the noise; `N(0, 1)` is the prior and 1 the datum.
const NOISE: [f64; 3] = [0.1, 0.5, 1.0];
/// Side of the image that holds as many independent problems as it has real components.
const SIZE: usize = 64;

/// `x ~ N(0, 1)`, `y = x + σ_y n = 1`: the posterior is `N(1 / (1 + σ_y²), σ_y² / (1 + σ_y²))`.
pub(in super::super) fn scalar(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    let mut table = Table::new(
        "Samples of the bridge, 30 levels",
        &["noise", "mean", "exact", "variance", "exact", "draws"],
    );
    let images = bench.extent.pick(8, 32);
    for sigma_y in NOISE {
        // A flat spectrum: every mode is such a number.
        let prior = StationaryGaussian::new(1.0, 1.0, 0.0);
        let mut setting = Setting::new(bench, prior, SIZE, sigma_y, 1, &|_| true)?;
        // From so far away that the prior, which has deviation 1, does not show at the start.
        let schedule = Schedule::karras(30, 0.05 * sigma_y, 80.0, 7.0);
        let mut draws = |y: f64| -> Result<Vec<f64>, Failure> {
            let y = vec![y; 2 * SIZE * SIZE];
            setting.y = Host::new(&[1, 1, SIZE, SIZE], Field::Complex, y);
            let x = setting.draws(bench, &bridge(), &schedule, images)?;
            Ok(Setting::modes(&x).concat())
        };
        let (values, opposite) = (draws(1.0)?, draws(-1.0)?);
        let n = values.len() as f64;
        let average = |v: &[f64]| v.iter().sum::<f64>() / n;
        // The same random numbers: what they add to a sampler that is linear cancels.
        let response = 0.5 * (average(&values) - average(&opposite));
        let mean = average(&values);
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let exact = (
            1.0 / (1.0 + sigma_y * sigma_y),
            sigma_y * sigma_y / (1.0 + sigma_y * sigma_y),
        );
        table.row(
            &format!("{sigma_y}"),
            &[response, exact.0, variance, exact.1, n],
        );
        evidence.at_most(
            &format!("guidance.scalar.mean.{sigma_y}"),
            "|half of the difference of the means for y = 1 and y = -1, same random numbers - exact|",
            (response - exact.0).abs(),
            1e-3,
            "a thousandth of the prior's deviation",
        );
        evidence.at_most(
            &format!("guidance.scalar.offset.{sigma_y}"),
            "|mean of the samples - exact|, in standard errors",
            (mean - exact.0).abs() / (exact.1 / n).sqrt(),
            4.5,
            "a sampler without a bias of its own; three means are looked at",
        );
        evidence.between(
            &format!("guidance.scalar.variance.{sigma_y}"),
            "variance of the samples over the exact one",
            variance / exact.1,
            [0.95, 1.05],
            "exact in any number of levels for a Gaussian prior; the last level leaves 1 to 4 %",
        );
    }
    evidence.tables.push(table);
    Ok(())
}
