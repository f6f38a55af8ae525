//! Photon counts.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Plot};
use super::super::gate::largest;
use ndarray::Array2;

/// Mean counts behind a wedge, and how often each is drawn.
const MEANS: [f64; 6] = [30.0, 100.0, 300.0, 1e3, 1e4, 1e5];
const DRAWS: usize = 200_000;

/// Poisson's law: variance and mean are one, and the variance of the logarithm is 1/N.
pub(in super::super) fn counts(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    let expected = Array2::from_shape_fn((MEANS.len(), DRAWS), |(n, _)| MEANS[n]);
    let drawn = bench.toolkit.counts(&expected, bench.seed)?;
    let (mut of_mean, mut of_variance, mut of_log) = (Vec::new(), Vec::new(), Vec::new());
    let mut curve = Vec::new();
    for (row, mean) in drawn.rows().into_iter().zip(MEANS) {
        let moments = |f: &dyn Fn(f64) -> f64| {
            let m = row.iter().map(|v| f(*v)).sum::<f64>() / DRAWS as f64;
            let v = row.iter().map(|v| (f(*v) - m).powi(2)).sum::<f64>() / (DRAWS - 1) as f64;
            (m, v)
        };
        let (m, v) = moments(&|n| n);
        of_mean.push((m / mean - 1.0).abs() * (mean * DRAWS as f64).sqrt());
        of_variance.push((v / mean - 1.0).abs());
        if mean >= 300.0 {
            let (_, log) = moments(&|n| n.max(0.1).ln());
            of_log.push((log * mean - 1.0).abs());
        }
        curve.push([mean.log10(), v / mean]);
    }
    evidence.plots.push(Plot {
        title: "Variance over mean of simulated counts".into(),
        axes: ["log10 of the mean".into(), "variance / mean".into()],
        curves: vec![("drawn".into(), curve)],
        band: MEANS.map(|m| [m.log10(), 0.98, 1.02]).to_vec(),
        ..Plot::default()
    });
    evidence.at_most(
        "ct.counts.mean",
        "largest deviation of a mean, in standard errors",
        largest(of_mean),
        4.0,
        "six means are looked at",
    );
    let why = "200 000 draws: 0.3 % is one standard error";
    evidence.at_most(
        "ct.counts.variance",
        "|variance / mean - 1|, largest",
        largest(of_variance),
        0.02,
        why,
    );
    evidence.at_most(
        "ct.counts.log",
        "|N variance of ln N - 1|, largest from 300 photons on",
        largest(of_log),
        0.02,
        "the law of the line integrals' noise; the next term of its series is 1.5 / N",
    );
    Ok(())
}
