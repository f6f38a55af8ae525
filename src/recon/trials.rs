//! The search of a texture: which is tried next, and which was best.

use serde::{Deserialize, Serialize};

/// Trials at most.
pub(super) const TRIALS: usize = 4;
/// How far from 1 is near enough: what the ratio of so few samples is good for.
const TOLERANCE: f64 = 0.05;
/// The first texture that is tried, in noise deviations.
const FIRST: f64 = 0.7;
/// The largest: so many noise deviations, or so much of the prior's unit where the noise is small.
const LARGEST: (f64, f64) = (3.0, 0.05);

/// One texture and what the samples did with it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Trial {
    /// τ, in units of the prior.
    pub(super) tau: f64,
    /// On the measurements that were left out; none where their noise hides the error.
    pub(super) spread_over_error: Option<f64>,
}

/// Trials from τ = 0 towards a ratio of 1, which grows with τ: between two that bracket it by their line, else
/// beyond the last.
pub(super) fn search<E>(
    sigma: f64,
    ratio: &mut dyn FnMut(f64) -> Result<Option<f64>, E>,
) -> Result<Vec<Trial>, E> {
    let mut trials = Vec::new();
    let mut tau = 0.0;
    loop {
        let spread_over_error = ratio(tau)?;
        trials.push(Trial {
            tau,
            spread_over_error,
        });
        let Some(r) = spread_over_error else {
            break;
        };
        let done = r > 1.0 && tau == 0.0 || (r - 1.0).abs() <= TOLERANCE;
        if done || r < 1.0 && tau >= largest(sigma) || trials.len() == TRIALS {
            break;
        }
        tau = next(&trials, sigma);
    }
    Ok(trials)
}

/// The largest τ at a noise deviation.
fn largest(sigma: f64) -> f64 {
    (LARGEST.0 * sigma).max(LARGEST.1)
}

/// The next τ to try.
fn next(trials: &[Trial], sigma: f64) -> f64 {
    let mut known: Vec<(f64, f64)> = trials
        .iter()
        .filter_map(|t| Some((t.tau, t.spread_over_error?)))
        .collect();
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    let most = largest(sigma);
    let below = known.iter().rev().find(|(_, r)| *r < 1.0);
    let above = known.iter().find(|(_, r)| *r >= 1.0);
    let line = |a: &(f64, f64), b: &(f64, f64)| a.0 + (1.0 - a.1) * (b.0 - a.0) / (b.1 - a.1);
    match (below, above, known.as_slice()) {
        (Some(a), Some(b), _) => line(a, b),
        (Some(_), None, [.., a, b]) if b.1 > a.1 => {
            line(a, b).clamp(1.3 * b.0, 3.0 * b.0).min(most)
        }
        (Some(_), None, [.., _, b]) => (2.0 * b.0).min(most),
        _ => FIRST * sigma,
    }
}

/// The τ whose ratio is nearest to 1; the first where no ratio is known.
pub(super) fn best(trials: &[Trial]) -> f64 {
    let known = trials
        .iter()
        .filter_map(|t| Some((t.tau, (t.spread_over_error? - 1.0).abs())));
    known
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(0.0, |(tau, _)| tau)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn found(f: impl Fn(f64) -> Option<f64>) -> (f64, Vec<Trial>) {
        let trials = search(0.04, &mut |tau| Ok::<_, Infallible>(f(tau))).unwrap();
        (best(&trials), trials)
    }

    #[test]
    fn the_ratio_is_brought_to_one() {
        // As the head and the knee have it, and curved.
        type Curve = fn(f64) -> f64;
        let curves: [Curve; 3] = [
            |tau| 0.71 + 0.3 * tau / 0.04,
            |tau| 0.70 + 0.6 * (tau / 0.04).powi(2),
            |tau| 0.6 + 0.13 * tau / 0.04,
        ];
        for curve in curves {
            let (tau, trials) = found(|t| Some(curve(t)));
            assert!((curve(tau) - 1.0).abs() < 0.1, "{trials:?}");
            assert!(trials.len() <= TRIALS);
        }
    }

    /// Whatever the curve, the search ends, within the largest texture.
    #[test]
    fn every_curve_ends() {
        for (start, rise) in (1..20).flat_map(|i| (0..40).map(move |j| (i, j))) {
            let (start, rise) = (f64::from(start) / 20.0, f64::from(rise) / 40.0);
            for bend in [-0.1, -0.036, 0.0, 0.05] {
                for sigma in [0.001, 0.04, 0.3] {
                    let curve =
                        |tau: f64| start + rise * tau / sigma + bend * (tau / sigma).powi(2);
                    let trials =
                        search(sigma, &mut |tau| Ok::<_, Infallible>(Some(curve(tau)))).unwrap();
                    assert!(trials.len() <= TRIALS);
                    for t in trials {
                        assert!((0.0..=largest(sigma)).contains(&t.tau), "{t:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_prior_that_is_wide_enough_stays_as_it_is() {
        for ratio in [0.97, 1.0, 1.4] {
            let (tau, trials) = found(|_| Some(ratio));
            assert_eq!((tau, trials.len()), (0.0, 1));
        }
    }
}
