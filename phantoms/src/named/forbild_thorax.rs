//! The FORBILD thorax.

use super::NamedPhantom;
use super::parts::{ball, block, oval, rod};
use super::vertebra::vertebra;
use super::xrays::Xrays;
use crate::scene::Scene;
use crate::shape::{Body, Frame, HalfSpace, Solid};

/// The FORBILD thorax with its arms: densities times the attenuation of water, of which the last
/// counts.
///
/// Source: the definition by Lauritsch and Bruder (www.imp.uni-erlangen.de/phantoms/thorax).
pub(super) const PHANTOM: NamedPhantom = NamedPhantom {
    name: "forbild-thorax",
    about: "CT: FORBILD thorax in space, lungs, heart, aorta, spine, ribs, shoulders",
    half_mm: 256.0,
    heights_mm: Some([-250.0, 250.0]),
    principal_mm: 0.0,
    fluid_t1_s: None,
    mr: None,
    ct: Some(scene),
};

const BONE: f64 = 1.46;
const MARROW: f64 = 0.98;

fn scene(xrays: &Xrays) -> Scene {
    let mut layers = body();
    for n in 0..8 {
        layers.extend(vertebra(-5.0, 15.0 - 3.0 * f64::from(n), 2.0));
    }
    for z in [0.0, 3.0, -3.0, -6.0, 6.0] {
        layers.extend(ribs(z));
    }
    layers.extend(shoulders());
    Scene::replacing(layers)
        .with_values(|density| xrays.water(density))
        .scaled(10.0)
}

fn body() -> Vec<(f64, Solid)> {
    let ellipsoid = |x: f64, y: f64, semi: [f64; 3]| Solid::ellipsoid([x, y, 0.0], semi);
    let (bend, turn) = ([3.0, 7.0, 7.615773], [1.0, 2.0, -2.236068]);
    let (bend_at, turn_at) = (2.982109, -2.2393277);
    let arch = cylinder([-1.0, 1.0, 7.5], [3.0, 7.0, 0.0], 1.0, 22.0)
        .cut_by(HalfSpace::above(bend, bend_at))
        .cut_by(HalfSpace::below(turn, turn_at));
    vec![
        (1.0, rod([-20.0, 0.0], 5.0, [10.0, 25.0])),
        (1.0, rod([20.0, 0.0], 5.0, [10.0, 25.0])),
        (1.0, oval([0.0, 0.0], [20.0, 10.0], [-25.0, 25.0])),
        (0.26, ellipsoid(-10.5, 0.0, [7.5, 5.5, 15.0])),
        (0.26, ellipsoid(10.5, 0.0, [7.5, 5.5, 15.0])),
        (1.25, block([0.0, 9.0, 2.5], [2.5, 0.8, 25.0])),
        (MARROW, block([0.0, 9.0, 2.5], [2.0, 0.5, 25.0])),
        (1.05, ellipsoid(0.0, 4.0, [3.5; 3])),
        (
            1.05,
            rod([-2.5, -2.5], 1.0, [-15.0, 15.0]).cut_by(HalfSpace::below(bend, bend_at)),
        ),
        (
            1.05,
            rod([0.5, 4.5], 1.0, [3.0, 9.0]).cut_by(HalfSpace::above(turn, turn_at)),
        ),
        (1.05, arch),
    ]
}

/// A cylinder of a radius and length along an axis.
fn cylinder(centre: [f64; 3], axis: [f64; 3], radius: f64, length: f64) -> Solid {
    let frame = Frame::along(
        centre,
        [radius, radius, 0.5 * length],
        axis,
        [0.0, 0.0, 1.0],
    )
    .expect("axes that differ");
    Solid::new(Body::Cylinder, frame)
}

/// A pair of ribs, bone and marrow: nine cylinders on either side along a tilted ellipse, each cut
/// where it meets the next.
fn ribs(z: f64) -> impl Iterator<Item = (f64, Solid)> {
    let parts = [(1.41, 0.5), (MARROW, 0.4)].into_iter();
    parts
        .flat_map(|part| [1.0, -1.0].map(|side| (part, side)))
        .flat_map(move |((density, radius), side)| {
            (1..10).map(move |n| {
                let here = rib(side, f64::from(n), z);
                let rod = cylinder(here.centre, here.along, radius, 10.0);
                let (behind, ahead) = (joint(side, n - 1, z), joint(side, n, z));
                let kept = rod
                    .cut_by(HalfSpace::above(behind.along, behind.distance()))
                    .cut_by(HalfSpace::below(ahead.along, ahead.distance()));
                (density, kept)
            })
        })
}

/// A place and a unit vector.
struct Arrow {
    centre: [f64; 3],
    along: [f64; 3],
}

impl Arrow {
    /// Of the plane through the place with the vector as its normal.
    fn distance(&self) -> f64 {
        (0..3).map(|i| self.centre[i] * self.along[i]).sum()
    }
}

/// The ellipse of a rib and its direction, n times 18 degrees from the front.
fn rib(side: f64, n: f64, z: f64) -> Arrow {
    let (s, c) = (18.0 * n).to_radians().sin_cos();
    let along = [18.5 * c * side, -9.0 * s, 5.5 * s];
    let length = along.iter().map(|v| v * v).sum::<f64>().sqrt();
    Arrow {
        centre: [18.5 * s * side, 9.0 * c, -5.5 * c + z],
        along: along.map(|v| v / length),
    }
}

/// Where cylinder n and the next meet, and halfway between their directions.
fn joint(side: f64, n: i32, z: f64) -> Arrow {
    let n = f64::from(n);
    let (a, b) = (rib(side, n, z), rib(side, n + 1.0, z));
    let sum = [0, 1, 2].map(|i| a.along[i] + b.along[i]);
    let length = sum.iter().map(|v| v * v).sum::<f64>().sqrt();
    // The tangents meet beyond the ellipse.
    let (middle, beyond) = (rib(side, n + 0.5, 0.0).centre, 9f64.to_radians().cos());
    let [x, y, height] = middle.map(|v| v / beyond);
    Arrow {
        centre: [x, y, height + z],
        along: sum.map(|v| v / length),
    }
}

fn shoulders() -> impl Iterator<Item = (f64, Solid)> {
    let both = |of: &dyn Fn(f64) -> (f64, Solid)| [of(-1.0), of(1.0)];
    let clavicle = |density: f64, length: f64, radius: f64| {
        both(&|side| {
            let axis = [20.0, -9.0 * side, 2.0 * side];
            (
                density,
                cylinder([10.0 * side, 5.5, 16.0], axis, radius, length),
            )
        })
    };
    let scapula = |density: f64, semi: [f64; 3]| {
        both(&|side| {
            let frame = Frame::turned([12.0 * side, -5.0, 15.0], semi, side.atan2(2.0));
            let whole = Solid::new(Body::Ball, frame);
            (
                density,
                whole.cut_by(HalfSpace::below([0.0, 0.0, 1.0], 15.0)),
            )
        })
    };
    let head = |density: f64, x: f64, radius: f64| {
        both(&|side| (density, ball([x * side, 0.0, 15.0], radius)))
    };
    [
        clavicle(BONE, 17.0, 0.5),
        clavicle(MARROW, 16.5, 0.4),
        scapula(BONE, [4.5, 0.5, 6.0]),
        scapula(0.52, [4.0, 0.4, 5.5]),
        head(BONE, 22.0, 2.5),
        head(MARROW, 22.0, 2.0),
        head(BONE, 16.5, 2.5),
        head(MARROW, 16.5, 2.0),
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tissues_have_their_densities() {
        let thorax = PHANTOM.scene_ct(70.0).unwrap();
        assert_eq!(thorax.layers.len(), 271);
        for (p, density) in [
            ([-10.5, 0.0, 0.0], 0.26),
            ([0.0, 4.0, 0.0], 1.05),
            ([0.0, 9.3, 0.0], 1.25),
            ([0.0, 9.0, 0.0], 0.98),
            ([-2.5, -2.5, -8.0], 1.05),
            ([0.0, -5.0, 0.0], 1.18),
            ([1.65, -5.0, 0.0], 1.92),
            ([0.0, -5.0, 1.5], 1.0),
            ([0.0, -8.0, 0.0], 1.92),
            ([20.0, 0.0, 17.0], 1.0),
            ([24.0, 0.0, 5.0], 0.0),
            ([22.0, 0.0, 15.0], 0.98),
            ([16.5, 2.2, 15.0], 1.46),
            ([18.5, 0.0, 0.0], 0.98),
            ([18.5, 0.0, 3.0], 0.98),
            ([18.95, 0.0, 0.0], 1.41),
            ([19.1, 0.0, 0.0], 1.0),
        ] {
            let found = thorax.value(p.map(|v| 10.0 * v)) / 0.019_285_3;
            assert!((found - density).abs() < 1e-9, "{p:?}: {found}");
        }
    }

    #[test]
    fn ribs_have_the_planes_of_the_definition() {
        for (n, z, normal, distance) in [
            (0, 0.0, [1.983271, -0.155425, 0.094982], 1.953178),
            (1, 0.0, [1.907146, -0.481971, 0.294538], 5.451355),
            (1, 3.0, [1.907146, -0.481971, 0.294538], 5.895598),
            (4, -3.0, [0.495137, -1.594626, 0.974494], 1.611020),
        ] {
            let joint = joint(1.0, n, z);
            let plane = HalfSpace::below(normal, distance);
            for i in 0..3 {
                assert!((joint.along[i] - plane.normal[i]).abs() < 1e-6);
            }
            assert!((joint.distance() - distance).abs() < 1e-5, "{n} {z}");
        }
    }

    #[test]
    fn the_left_is_the_right_but_for_the_aorta() {
        let thorax = PHANTOM.scene_ct(70.0).unwrap();
        for n in 0..3000 {
            let n = f64::from(n);
            let p = [
                250.0 * (0.717 * n).sin(),
                100.0 * (1.31 * n).sin(),
                250.0 * (0.377 * n).cos(),
            ];
            if p[0].abs() > 60.0 {
                let mirrored = thorax.value([-p[0], p[1], p[2]]);
                assert_eq!(thorax.value(p), mirrored, "{p:?}");
            }
        }
    }
}
