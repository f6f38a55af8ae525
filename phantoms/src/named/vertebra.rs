//! The vertebra of the FORBILD thorax and abdomen.

use super::parts::{block, rod};
use crate::shape::{HalfSpace, Solid};

/// Height at which the planes are given, in cm.
const Y0: f64 = -5.0;

/// Densities and solids of a vertebra in cm, of which the last counts: its body lies at
/// `(0, y, z)`.
pub(super) fn vertebra(y: f64, z: f64, height: f64) -> Vec<(f64, Solid)> {
    let heights = [z - 0.5 * height, z + 0.5 * height];
    let cuboid = |[x, dy]: [f64; 2], [wx, wy]: [f64; 2]| block([x, y + dy, z], [wx, wy, height]);
    // Planes of the definition, moved with the vertebra.
    let below = |n: [f64; 3], d: f64| moved(HalfSpace::below(n, d), y);
    let above = |n: [f64; 3], d: f64| moved(HalfSpace::above(n, d), y);
    let pedicle = |side: f64| {
        cuboid([2.0 * side, -1.975], [4.0, 0.95])
            .cut_by(below([0.95 * side, 2.828463, 0.0], -5.788725))
            .cut_by(above([2.0 * side, 32.0, 0.0], -7.185979))
    };
    let arch = cuboid([0.0, -2.35], [1.6, 0.3])
        .cut_by(above([-2.0, 4.0, 0.0], -6.842368))
        .cut_by(below([-2.0, -4.0, 0.0], 6.842368));
    vec![
        (
            1.92,
            rod([0.0, y], 1.75, heights).cut_by(above([0.0, 1.0, 0.0], -6.35)),
        ),
        (1.92, cuboid([0.0, -1.4], [2.343074, 0.2])),
        (1.18, rod([0.0, y], 1.5, heights)),
        (1.92, pedicle(-1.0)),
        (1.92, pedicle(1.0)),
        (1.92, arch),
        (
            1.92,
            rod([0.0, y - 4.05], 0.4, heights).cut_by(below([0.0, 1.0, 0.0], -9.05)),
        ),
        (1.92, cuboid([0.0, -3.25], [0.8, 1.6])),
    ]
}

fn moved(plane: HalfSpace, y: f64) -> HalfSpace {
    HalfSpace {
        distance: plane.distance + plane.normal[1] * (y - Y0),
        ..plane
    }
}
