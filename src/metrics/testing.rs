//! Random images for tests.

use ndarray::{Array2, Array3};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::f64::consts::PI;

/// Standard normal pixels.
pub(super) fn normal3(shape: (usize, usize, usize), seed: u64) -> Array3<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array3::from_shape_simple_fn(shape, || StandardNormal.sample(&mut rng))
}

/// The same of one slice.
pub(super) fn normal2(shape: (usize, usize), seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array2::from_shape_simple_fn(shape, || StandardNormal.sample(&mut rng))
}

/// `∫_a^b f` by Simpson's rule with `2 n` panels.
pub(super) fn simpson(from: f64, to: f64, n: usize, f: impl Fn(f64) -> f64) -> f64 {
    let h = (to - from) / (2 * n) as f64;
    let weight = |k: usize| match k {
        0 => 1.0,
        k if k == 2 * n => 1.0,
        k if k % 2 == 1 => 4.0,
        _ => 2.0,
    };
    let terms = (0..=2 * n).map(|k| weight(k) * f(from + k as f64 * h));
    terms.sum::<f64>() * h / 3.0
}

/// A disc of 1 in 0 under a Gaussian blur, by its distance from the centre.
pub(super) struct BlurredDisc {
    radius: f64,
    sigma: f64,
    /// Near the rim, a part of σ apart.
    rim: Vec<f64>,
}

/// Deviations on either side of the rim that are tabulated.
const DEVIATIONS: f64 = 7.0;
/// Values per deviation.
const STEPS: f64 = 25.0;

impl BlurredDisc {
    pub(super) fn new(radius: f64, sigma: f64) -> Self {
        let steps = (2.0 * DEVIATIONS * STEPS) as usize;
        let at = |k: usize| radius + sigma * (k as f64 / STEPS - DEVIATIONS);
        let rim = (0..=steps).map(|k| Self::exact(radius, sigma, at(k)));
        BlurredDisc {
            radius,
            sigma,
            rim: rim.collect(),
        }
    }

    /// By quadrature: the half chords of the disc at each distance `x` across, seen through the Gaussian along.
    fn exact(radius: f64, sigma: f64, r: f64) -> f64 {
        let gauss = |x: f64| (-0.5 * (x / sigma).powi(2)).exp() / (sigma * (2.0 * PI).sqrt());
        let (from, to) = (r - DEVIATIONS * sigma, r + DEVIATIONS * sigma);
        let to = to.min(radius);
        if to <= from {
            return 0.0;
        }
        // Its chord grows as a root at the rim: x = to - u² takes that away.
        simpson(0.0, (to - from).sqrt(), 80, |u| {
            let x = to - u * u;
            let chord = (radius * radius - x * x)
                .max(0.0)
                .sqrt()
                .min(DEVIATIONS * sigma);
            let along = 2.0 * simpson(0.0, chord, 24, gauss);
            2.0 * u * along * gauss(r - x)
        })
    }

    pub(super) fn at(&self, r: f64) -> f64 {
        let place = ((r - self.radius) / self.sigma + DEVIATIONS) * STEPS;
        if place <= 0.0 {
            return 1.0;
        }
        let k = place as usize;
        match (self.rim.get(k), self.rim.get(k + 1)) {
            (Some(a), Some(b)) => a + (b - a) * (place - k as f64),
            _ => 0.0,
        }
    }
}
