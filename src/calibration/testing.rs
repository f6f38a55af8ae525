//! Samplers that are right or wrong by a known amount, and an independent test of uniformity.

use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::{Case, Errors, Ranks};

/// Draws `mean + shift + scale n` of a posterior `N(mean, 1)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sampler {
    pub scale: f64,
    pub shift: f64,
}

impl Sampler {
    pub(super) const EXACT: Sampler = Sampler {
        scale: 1.0,
        shift: 0.0,
    };
    pub(super) const NARROW: Sampler = Sampler {
        scale: 0.5,
        shift: 0.0,
    };
    pub(super) const WIDE: Sampler = Sampler {
        scale: 2.0,
        shift: 0.0,
    };
    pub(super) const SHIFTED: Sampler = Sampler {
        scale: 1.0,
        shift: 0.5,
    };

    /// A truth and its draws, of a posterior whose mean and deviation (here 3) differ by case.
    pub(super) fn case(&self, draws: usize, rng: &mut ChaCha8Rng) -> (f64, Vec<f64>) {
        let mut normal = || rng.sample::<f64, _>(StandardNormal);
        let mean = 10.0 * normal();
        let truth = mean + 3.0 * normal();
        let draw = |_| mean + 3.0 * (self.shift + self.scale * normal());
        (truth, (0..draws).map(draw).collect())
    }

    /// The ranks of so many cases.
    pub(super) fn ranks(&self, seed: u64, cases: usize, draws: usize) -> Ranks {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut ranks = Ranks::new(draws).unwrap();
        for _ in 0..cases {
            let (truth, drawn) = self.case(draws, &mut rng);
            ranks.add(truth, &drawn, &mut rng).unwrap();
        }
        ranks
    }
}

/// The p-value of uniformity by Kolmogorov and Smirnov (Stephens 1970 for finite n).
pub(super) fn kolmogorov_smirnov(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let gap = |(i, v): (usize, &f64)| (v - i as f64 / n).max((i + 1) as f64 / n - v);
    let d = sorted.iter().enumerate().map(gap).fold(0.0, f64::max);
    let x = d * (n.sqrt() + 0.12 + 0.11 / n.sqrt());
    let term = |k: i32| (-2.0 * f64::from(k * k) * x * x).exp() * f64::from(1 - 2 * ((k + 1) % 2));
    (2.0 * (1..50).map(term).sum::<f64>()).clamp(0.0, 1.0)
}

#[test]
fn kolmogorov_smirnov_sees_what_is_not_uniform() {
    let even: Vec<f64> = (0..200).map(|i| (f64::from(i) + 0.5) / 200.0).collect();
    assert!(kolmogorov_smirnov(&even) > 0.999);
    let squared: Vec<f64> = even.iter().map(|v| v * v).collect();
    assert!(kolmogorov_smirnov(&squared) < 1e-6);
    // The 5 % point of the asymptotic law is 1.358.
    let shifted: Vec<f64> = even
        .iter()
        .map(|v| v * (1.0 - 1.358 / 200f64.sqrt()))
        .collect();
    assert!((0.03..0.06).contains(&kolmogorov_smirnov(&shifted)));
}

/// Errors of images of 30 pixels whose posterior deviations are uniform on 1 to 4.
pub(super) fn errors(sampler: Sampler, seed: u64, cases: usize, draws: usize) -> Errors {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut errors = Errors::new(draws).unwrap();
    for _ in 0..cases {
        let std = Array1::from_shape_simple_fn(30, || 1.0 + 3.0 * rng.random::<f64>());
        let mut normal = |s: f64| s * rng.sample::<f64, _>(StandardNormal);
        let truth = std.mapv(&mut normal);
        let drawn = Array2::from_shape_fn((draws, 30), |(_, i)| {
            std[i] * sampler.shift + normal(sampler.scale * std[i])
        });
        errors
            .add(&Case::new(truth.view(), drawn.view()).unwrap())
            .unwrap();
    }
    errors
}
