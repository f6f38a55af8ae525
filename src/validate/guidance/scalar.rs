//! One Gaussian number, measured once.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Table};
use super::rules::bridge;
use super::setting::Setting;
use crate::score::StationaryGaussian;
use operators::{Field, Host, Vector};

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
        setting.y = Host::new(
            &[1, 1, SIZE, SIZE],
            Field::Complex,
            vec![1.0; 2 * SIZE * SIZE],
        );
        let x = setting.draws(bench, &bridge(), &setting.schedule(30), images)?;
        let values = Setting::modes(&x).concat();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let exact = (
            1.0 / (1.0 + sigma_y * sigma_y),
            sigma_y * sigma_y / (1.0 + sigma_y * sigma_y),
        );
        table.row(
            &format!("{sigma_y}"),
            &[mean, exact.0, variance, exact.1, n],
        );
        let error = 4.0 * (exact.1 / n).sqrt();
        evidence.at_most(
            &format!("guidance.scalar.mean.{sigma_y}"),
            "|mean of the samples - exact|",
            (mean - exact.0).abs(),
            1e-3 + error,
            "0.001, and four standard errors of the draws",
        );
        evidence.between(
            &format!("guidance.scalar.variance.{sigma_y}"),
            "variance of the samples over the exact one",
            variance / exact.1,
            [0.95, 1.05],
            "exact in any number of levels for a Gaussian prior; the last level leaves 1 to 4 %",
        );
        debug_assert_eq!(x.batch(), images as usize);
    }
    evidence.tables.push(table);
    Ok(())
}
