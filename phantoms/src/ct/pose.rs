//! Where a head lies in its image.

use std::f64::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::pure::{Normals, hypot, sin_cos};
use crate::warp::Warp;

/// Millimetres of one unit of the deformation.
pub(super) const UNIT_MM: f64 = 100.0;
/// Half width of the square that a head keeps to.
const REACH_MM: f64 = 110.0;

/// A random deformation and place of a section of the given half widths in millimetres; also the
/// centre and the half widths of the head in the image.
pub(super) fn place(
    rng: &mut ChaCha8Rng,
    half: [f64; 2],
    normals: Normals,
) -> (Warp, [f64; 2], [f64; 2]) {
    let turned = rng.random_bool(0.06);
    let angle: f64 = if turned {
        rng.random_range(0.0..TAU)
    } else {
        rng.random_range(-0.35..0.35)
    };
    let (s, c) = sin_cos(angle);
    // The half widths of an ellipse that is turned.
    let semi = [
        hypot(c * half[0], s * half[1]),
        hypot(s * half[0], c * half[1]),
    ];
    let wide: f64 = rng.random_range(0.94..1.06);
    let zoom: f64 = rng
        .random_range(0.88f64..1.08)
        .min(REACH_MM / (1.06 * semi[0].max(semi[1])));
    let semi = semi.map(|v| v * zoom);
    let mut off = |semi: f64| {
        let room = (REACH_MM - semi).clamp(0.5, 10.0);
        rng.random_range(-room..room)
    };
    let centre = [off(semi[0]), off(semi[1])];
    let strength = rng.random_range(0.05..0.3);
    let mirror = if rng.random_bool(0.5) { -1.0 } else { 1.0 };
    let scale = [mirror * wide / zoom, wide.recip() / zoom];
    let warp = Warp::random(rng, 8, 1.5, strength, normals).placed([1.0; 2], 0.0, [0.0; 2]);
    (turned_about(warp, angle, scale, centre), centre, semi)
}

/// The map from the image to the section: first back to the centre and upright, then scaled.
fn turned_about(mut warp: Warp, angle: f64, scale: [f64; 2], centre: [f64; 2]) -> Warp {
    let (s, c) = sin_cos(angle);
    warp.matrix = [[scale[0] * c, scale[0] * s], [-scale[1] * s, scale[1] * c]];
    let [x, y] = centre.map(|v| v / UNIT_MM);
    let m = warp.matrix;
    warp.shift = [-(m[0][0] * x + m[0][1] * y), -(m[1][0] * x + m[1][1] * y)];
    warp
}
