//! Thin lines, curves and gratings on top of a drawing.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;

use super::drawing::{Drawing, texture};

/// Adds a few curves or gratings, from half a pixel to four pixels wide.
pub(crate) fn add(rng: &mut ChaCha8Rng, drawing: &mut Drawing) {
    let pixel = 4.0 / drawing.signal.dim().1 as f64;
    let brightest = drawing.signal.iter().copied().fold(0.1, f32::max);
    for _ in 0..rng.random_range(2..12) {
        let width = pixel * 0.5 * 8f64.powf(rng.random());
        let signal = if rng.random_bool(0.3) {
            0.0
        } else {
            brightest * rng.random_range(0.3f32..1.2)
        };
        if rng.random_bool(0.7) {
            drawing.paint(&ribbon(&curve(rng), width), signal, texture(rng));
        } else {
            for bar in grating(rng, width) {
                drawing.paint(&bar, signal, 0.0);
            }
        }
    }
}

/// A smooth open curve: an arc whose direction swings.
pub(crate) fn curve(rng: &mut ChaCha8Rng) -> Vec<[f64; 2]> {
    let mut p = [rng.random_range(-0.8..0.8), rng.random_range(-0.8..0.8)];
    let start = rng.random_range(0.0..TAU);
    let (bend, swing, phase): (f64, f64, f64) = (
        rng.random_range(-2.0..2.0),
        rng.random_range(0.0..1.2),
        rng.random_range(0.0..TAU),
    );
    let waves: f64 = rng.random_range(0.5..3.0);
    let step = rng.random_range(0.3..1.6) / 60.0;
    (0..60)
        .map(|i| {
            let t = f64::from(i) / 60.0;
            let angle = start + bend * t + swing * (TAU * waves * t + phase).sin();
            p = [p[0] + step * angle.cos(), p[1] + step * angle.sin()];
            p
        })
        .collect()
}

/// The polygon of a width around a curve.
pub(crate) fn ribbon(curve: &[[f64; 2]], width: f64) -> Vec<[f64; 2]> {
    let side = |sign: f64| {
        (0..curve.len()).map(move |i| {
            let (a, b) = (
                curve[i.saturating_sub(1)],
                curve[(i + 1).min(curve.len() - 1)],
            );
            let (tx, ty) = (b[0] - a[0], b[1] - a[1]);
            let length = tx.hypot(ty).max(1e-12);
            let half = 0.5 * sign * width / length;
            [curve[i][0] - half * ty, curve[i][1] + half * tx]
        })
    };
    side(1.0).chain(side(-1.0).rev()).collect()
}

/// Four to twelve parallel bars, as far apart as they are wide or up to three times so.
pub(crate) fn grating(rng: &mut ChaCha8Rng, width: f64) -> Vec<Vec<[f64; 2]>> {
    let (s, c) = rng.random_range(0.0..TAU).sin_cos();
    let centre = [rng.random_range(-0.6..0.6), rng.random_range(-0.6..0.6)];
    let half = rng.random_range(0.05..0.35);
    let pitch = width * rng.random_range(2.0..4.0);
    let bars = rng.random_range(4..13);
    (0..bars)
        .map(|n| {
            let offset = pitch * (f64::from(n) - 0.5 * f64::from(bars - 1));
            let corners = [
                [-half, offset],
                [half, offset],
                [half, offset + width],
                [-half, offset + width],
            ];
            corners
                .map(|[u, v]| [centre[0] + c * u - s * v, centre[1] + s * u + c * v])
                .to_vec()
        })
        .collect()
}
