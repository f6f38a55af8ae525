//! A disc of water.

use super::NamedPhantom;
use crate::mr::VIAL_WATER;
use crate::scene::{Overlap, Scene};
use crate::shape::Ellipse;

const RADIUS_MM: f64 = 100.0;
const HALF_MM: f64 = 120.0;

/// 200 mm of water.
pub(super) const PHANTOM: NamedPhantom = NamedPhantom {
    name: "water-disc",
    about: "MR and CT: water, 200 mm across; every slice is alike",
    half_mm: HALF_MM,
    heights_mm: None,
    principal_mm: 0.0,
    fluid_t1_s: None,
    mr: Some(|signal| disc(signal(&VIAL_WATER), RADIUS_MM / HALF_MM)),
    ct: Some(|xrays| disc(xrays.water(1.0), RADIUS_MM)),
};

fn disc(value: f64, radius: f64) -> Scene {
    Scene::flat(Overlap::Adds, [(value, Ellipse::disc([0.0; 2], radius))])
}
