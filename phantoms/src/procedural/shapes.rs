//! Ellipses and polygons on top of each other.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;

use super::drawing::{Drawing, outline, texture};

/// 6 to 50 shapes within an outline, or without one.
pub(crate) fn draw(rng: &mut ChaCha8Rng, fine: (usize, usize)) -> Drawing {
    let mut drawing = Drawing::new(fine);
    let bounded = rng.random_bool(0.75);
    let semi = [rng.random_range(0.5..0.95), rng.random_range(0.5..0.95)];
    let roughness = rng.random_range(0.0..0.3);
    let edge = outline(rng, [0.0, 0.0], semi, roughness);
    if bounded {
        drawing.paint(&edge, rng.random_range(0.1..0.9), texture(rng));
    }
    let largest = rng.random_range(0.08..0.5);
    for _ in 0..rng.random_range(6..50) {
        let shape = random_shape(rng, largest);
        let signal = if rng.random_bool(0.15) {
            0.0
        } else {
            rng.random_range(0.02..1.0)
        };
        drawing.paint(&shape, signal, texture(rng));
    }
    if bounded {
        drawing.keep_inside(&edge);
    }
    drawing
}

/// An ellipse, a rounded blob, a rectangle or a star-shaped polygon; small ones are more frequent.
pub(crate) fn random_shape(rng: &mut ChaCha8Rng, largest: f64) -> Vec<[f64; 2]> {
    let centre = [rng.random_range(-0.9..0.9), rng.random_range(-0.9..0.9)];
    let size = largest * rng.random_range(0.15f64..1.0).powi(2);
    let semi = [size, size * rng.random_range(0.25..1.0)];
    let kind = rng.random_range(0..10);
    if kind < 4 {
        return outline(rng, centre, semi, 0.0);
    }
    if kind < 7 {
        return outline(rng, centre, semi, 0.5);
    }
    let corners = if kind == 7 { 4 } else { rng.random_range(3..9) };
    let turn = rng.random_range(0.0..TAU);
    let (s, c) = turn.sin_cos();
    (0..corners)
        .map(|i| {
            let r = if kind == 7 {
                1.0
            } else {
                rng.random_range(0.4..1.0)
            };
            let (v, u) = (TAU * (f64::from(i) + 0.5) / f64::from(corners)).sin_cos();
            let (u, v) = (r * semi[0] * u, r * semi[1] * v);
            [centre[0] + c * u - s * v, centre[1] + s * u + c * v]
        })
        .collect()
}
