//! The canvas of the procedural images.

use ndarray::Array2;
use rand::{Rng, RngExt};
use std::f64::consts::TAU;

use crate::polygon::Coverage;

/// What is drawn on the finer grid before texture, phase and sampling.
pub(crate) struct Drawing {
    /// Signal, not negative.
    pub signal: Array2<f32>,
    /// Relative standard deviation of the texture.
    pub texture: Array2<f32>,
}

impl Drawing {
    /// An empty canvas.
    pub fn new(size: (usize, usize)) -> Self {
        Self {
            signal: Array2::zeros(size),
            texture: Array2::zeros(size),
        }
    }

    /// Whether at least one pixel in fifty has a signal.
    pub fn shows_something(&self) -> bool {
        self.signal.iter().filter(|&&s| s > 0.01).count() * 50 > self.signal.len()
    }

    /// Covers what is below a polygon (points in the unit square) by a signal and a texture.
    pub fn paint(&mut self, polygon: &[[f64; 2]], signal: f32, texture: f32) {
        let (ny, nx) = self.signal.dim();
        let whole = Coverage::new(ny, nx);
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for p in polygon.iter().map(|p| whole.pixel(p)) {
            (low, high) = (
                [low[0].min(p[0]), low[1].min(p[1])],
                [high[0].max(p[0]), high[1].max(p[1])],
            );
        }
        let range = |low: f64, high: f64, n: usize| {
            (
                low.max(0.0) as usize,
                (high.ceil().max(0.0) as usize).min(n),
            )
        };
        let ((x0, x1), (y0, y1)) = (range(low[0], high[0], nx), range(low[1], high[1], ny));
        if x0 >= x1 || y0 >= y1 {
            return;
        }
        let mut window = whole.window((y0, x0), (y1 - y0, x1 - x0));
        window.add(polygon, 1.0);
        for ((j, i), share) in window.finish().indexed_iter() {
            let share = share.abs().min(1.0) as f32;
            let (s, t) = (
                &mut self.signal[(y0 + j, x0 + i)],
                &mut self.texture[(y0 + j, x0 + i)],
            );
            *s += share * (signal - *s);
            *t += share * (texture - *t);
        }
    }

    /// Keeps what is within a polygon.
    pub fn keep_inside(&mut self, polygon: &[[f64; 2]]) {
        let (ny, nx) = self.signal.dim();
        let mut mask = Coverage::new(ny, nx);
        mask.add(polygon, 1.0);
        self.signal
            .zip_mut_with(&mask.finish(), |s, m| *s *= m.abs().min(1.0) as f32);
    }
}

/// A random closed curve, near an ellipse of the given half axes: a few low harmonics of relative
/// size `roughness`.
pub(crate) fn outline<R: Rng>(
    rng: &mut R,
    centre: [f64; 2],
    semi: [f64; 2],
    roughness: f64,
) -> Vec<[f64; 2]> {
    let harmonics: Vec<(f64, f64, f64)> = (2..6)
        .map(|k| {
            (
                f64::from(k),
                roughness * rng.random_range(-1.0..1.0) / f64::from(k),
                rng.random_range(0.0..TAU),
            )
        })
        .collect();
    let (s, c) = rng.random_range(0.0..TAU).sin_cos();
    (0..160)
        .map(|i| {
            let angle = TAU * f64::from(i) / 160.0;
            let r = 1.0
                + harmonics
                    .iter()
                    .map(|(k, a, phase)| a * (k * angle + phase).cos())
                    .sum::<f64>();
            let (u, v) = (semi[0] * r * angle.cos(), semi[1] * r * angle.sin());
            [centre[0] + c * u - s * v, centre[1] + s * u + c * v]
        })
        .collect()
}

/// A random strength of texture: none in a quarter of the cases, up to 10 %.
pub(crate) fn texture<R: Rng>(rng: &mut R) -> f32 {
    if rng.random_bool(0.25) {
        0.0
    } else {
        0.1 * rng.random::<f32>().powi(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paint_covers_and_stays_in_place() {
        let square = [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]];
        let mut drawing = Drawing::new((40, 40));
        drawing.paint(&square, 2.0, 0.1);
        drawing.paint(&square, 3.0, 0.1);
        assert!((drawing.signal[(20, 20)] - 3.0).abs() < 1e-6 && drawing.signal[(2, 20)] == 0.0);
        assert!((drawing.signal[(20, 10)] - (0.5 * 3.0 + 0.5 * 1.0)).abs() < 1e-6);
        let mut whole = Coverage::new(40, 40);
        whole.add(&square, 1.0);
        let whole = whole.finish();
        assert!((whole[(20, 10)] - 0.5).abs() < 1e-12);
    }
}
