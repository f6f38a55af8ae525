//! The Siemens star.

use std::f64::consts::TAU;

use super::NamedPhantom;
use crate::ct::Material;
use crate::mr::VIAL_WATER;
use crate::scene::{Overlap, Scene};
use crate::shape::{Ellipse, Polygon, Region};

/// Half the width of the field of view, and radii of the body and of the star.
const HALF_MM: f64 = 100.0;
const BODY_MM: f64 = 90.0;
const STAR_MM: f64 = 80.0;
/// Triangles of the star, and as many gaps.
const SPOKES: usize = 36;

/// 36 triangles that meet in the centre: of a period of `2 pi r / 36` at a distance r, so that
/// pixels of a width w alias within `r = 36 w / pi`. Water in air, or Teflon in water.
pub(super) const PHANTOM: NamedPhantom = NamedPhantom {
    name: "siemens-star",
    about: "MR and CT: 36 triangles that meet in the centre, of water in MR, of Teflon in water in \
            CT; every slice is alike",
    half_mm: HALF_MM,
    heights_mm: None,
    principal_mm: 0.0,
    fluid_t1_s: None,
    mr: Some(|signal| scene(0.0, signal(&VIAL_WATER), -1.0).scaled(1.0 / HALF_MM)),
    ct: Some(|xrays| {
        let water = xrays.water(1.0);
        scene(water, xrays.of(Material::Teflon) - water, 1.0)
    }),
};

/// `up` is 1 where y points up, else -1.
fn scene(body: f64, star: f64, up: f64) -> Scene {
    let spoke = |n: usize| -> Region {
        let at = |step: usize| {
            let (s, c) = (TAU * step as f64 / (2 * SPOKES) as f64).sin_cos();
            [STAR_MM * c, STAR_MM * s]
        };
        let corners = [[0.0; 2], at(2 * n), at(2 * n + 1)].map(|[x, y]| [x, up * y]);
        Polygon::new(corners.to_vec()).expect("a triangle").into()
    };
    let whole = (body, Ellipse::disc([0.0; 2], BODY_MM).into());
    let spokes = (0..SPOKES).map(|n| (star, spoke(n)));
    Scene::flat(Overlap::Adds, std::iter::once(whole).chain(spokes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_meets_as_many_spokes_as_gaps() {
        let star = PHANTOM.scene_mr(&|_| 1.0).unwrap();
        for r in [0.05, 0.4, 0.79] {
            let steps = 7200;
            let at = |n: i32| {
                let (s, c) = (TAU * (f64::from(n) + 0.5) / f64::from(steps)).sin_cos();
                star.value([r * c, r * s, 0.0])
            };
            let inside: f64 = (0..steps).map(at).sum();
            assert!((inside / f64::from(steps) - 0.5).abs() < 1e-3, "{r}");
            let rises = (0..steps).filter(|n| at(*n) < at(*n + 1)).count();
            assert_eq!(rises, SPOKES);
        }
    }
}
