//! Solids that many phantoms are made of.

use crate::shape::{Body, Frame, Solid};

/// An upright cylinder between two heights.
pub(super) fn rod([x, y]: [f64; 2], radius: f64, heights: [f64; 2]) -> Solid {
    oval([x, y], [radius; 2], heights)
}

/// An upright elliptic cylinder between two heights.
pub(super) fn oval([x, y]: [f64; 2], semi: [f64; 2], [low, high]: [f64; 2]) -> Solid {
    let centre = [x, y, 0.5 * (low + high)];
    let frame = Frame::upright(centre, [semi[0], semi[1], 0.5 * (high - low)]);
    Solid::new(Body::Cylinder, frame)
}

/// An upright box of a centre and full widths.
pub(super) fn block(centre: [f64; 3], width: [f64; 3]) -> Solid {
    turned_block(centre, width, 0.0)
}

/// A box turned about z, from x towards y.
pub(super) fn turned_block(centre: [f64; 3], width: [f64; 3], angle_rad: f64) -> Solid {
    let frame = Frame::turned(centre, width.map(|w| 0.5 * w), angle_rad);
    Solid::new(Body::Block, frame)
}

/// A ball.
pub(super) fn ball(centre: [f64; 3], radius: f64) -> Solid {
    Solid::ellipsoid(centre, [radius; 3])
}

/// The point at a distance from a centre, at an angle from x towards y.
pub(super) fn polar([x, y]: [f64; 2], distance: f64, degrees: f64) -> [f64; 2] {
    let (s, c) = degrees.to_radians().sin_cos();
    [x + distance * c, y + distance * s]
}
