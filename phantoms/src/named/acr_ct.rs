//! The ACR CT accreditation phantom.

use super::NamedPhantom;
use super::parts::{polar, rod, turned_block};
use super::xrays::Xrays;
use crate::ct::Material;
use crate::scene::Scene;
use crate::shape::Solid;

/// The ACR phantom 464, 200 mm of solid water in four modules of 40 mm: inserts, low contrast, even,
/// bars.
///
/// Sizes, distances and angles are those at which pylinac looks. Where the rods of low contrast lie
/// within their module is not published with numbers and is this project's choice; the beads are
/// left out.
pub(super) const PHANTOM: NamedPhantom = NamedPhantom {
    name: "acr-ct",
    about: "CT: ACR 464, four modules: bone, acrylic, polyethylene, air; rods of 6 HU; even; bars",
    half_mm: 120.0,
    heights_mm: Some([-20.0, 140.0]),
    principal_mm: 0.0,
    fluid_t1_s: None,
    mr: None,
    ct: Some(scene),
};

const RADIUS_MM: f64 = 100.0;
/// Where the modules lie, of the first, second and fourth.
const INSERTS_MM: [f64; 2] = [-20.0, 20.0];
const RODS_MM: [f64; 2] = [20.0, 60.0];
const BARS_MM: [f64; 2] = [100.0, 140.0];

/// Angle in degrees and HU of the inserts, 25 mm across at 63 mm from the centre.
const INSERTS: [(f64, f64); 5] = [
    (45.0, 955.0),
    (-135.0, 120.0),
    (-45.0, -1000.0),
    (135.0, -95.0),
    (180.0, 0.0),
];
const INSERT_MM: f64 = 63.0;

/// Contrast of the rods of low contrast.
const ROD_HU: f64 = 6.0;
/// Angle in degrees and diameter in mm of the sets of four rods, one diameter apart.
const SETS: [(f64, f64); 5] = [
    (30.0, 6.0),
    (-30.0, 5.0),
    (-90.0, 4.0),
    (-150.0, 3.0),
    (150.0, 2.0),
];

/// Angle in degrees and line pairs a millimetre of the patterns of bars, squares of 15 mm at 70 mm
/// from the centre.
const PATTERNS: [(f64, f64); 8] = [
    (135.0, 0.4),
    (180.0, 0.5),
    (-135.0, 0.6),
    (-90.0, 0.7),
    (-45.0, 0.8),
    (0.0, 0.9),
    (45.0, 1.0),
    (90.0, 1.2),
];
const PATTERN_MM: f64 = 15.0;

fn scene(xrays: &Xrays) -> Scene {
    let water = xrays.water(1.0);
    let more = |hu: f64| xrays.hu(hu) - water;
    let whole = [INSERTS_MM[0], BARS_MM[1]];
    let mut layers = vec![(water, rod([0.0; 2], RADIUS_MM, whole))];
    layers.extend(INSERTS.map(|(degrees, hu)| {
        let at = polar([0.0; 2], INSERT_MM, degrees);
        (more(hu), rod(at, 12.5, INSERTS_MM))
    }));
    layers.push((more(ROD_HU), rod([0.0, 60.0], 12.5, RODS_MM)));
    layers.extend(SETS.into_iter().flat_map(rods).map(|r| (more(ROD_HU), r)));
    let metal = xrays.of(Material::Aluminium) - water;
    layers.extend(PATTERNS.into_iter().flat_map(bars).map(|bar| (metal, bar)));
    Scene::adding(layers)
}

/// Four rods of one diameter across the radius.
fn rods((degrees, diameter): (f64, f64)) -> impl Iterator<Item = Solid> {
    [-3.0, -1.0, 1.0, 3.0].into_iter().map(move |n| {
        let middle = polar([0.0; 2], 60.0, degrees);
        let at = polar(middle, n * diameter, degrees + 90.0);
        rod(at, 0.5 * diameter, RODS_MM)
    })
}

/// As many bars along the radius as fit.
fn bars((degrees, pairs_per_mm): (f64, f64)) -> impl Iterator<Item = Solid> {
    let bars = (pairs_per_mm * PATTERN_MM + 1e-9) as usize;
    let width = 0.5 / pairs_per_mm;
    let height = BARS_MM[1] - BARS_MM[0];
    (0..bars).map(move |n| {
        let aside = (2.0 * n as f64 - (bars - 1) as f64) * width;
        let [x, y] = polar(polar([0.0; 2], 70.0, degrees), aside, degrees + 90.0);
        let middle = [x, y, 0.5 * (BARS_MM[0] + BARS_MM[1])];
        turned_block(middle, [PATTERN_MM, width, height], degrees.to_radians())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::mu_to_hu;

    fn hu(p: [f64; 3]) -> f64 {
        mu_to_hu(PHANTOM.scene_ct(70.0).unwrap().value(p), 0.019_285_3)
    }

    fn assert_near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }

    #[test]
    fn the_inserts_have_their_values_and_the_rest_is_water() {
        assert_near(hu([0.0, 0.0, 0.0]), 0.0);
        assert_near(hu([99.0, 0.0, 0.0]), 0.0);
        assert_near(hu([101.0, 0.0, 0.0]), -1000.0);
        let d = INSERT_MM / 2f64.sqrt();
        for (x, y, value) in [
            (1.0, 1.0, 955.0),
            (-1.0, -1.0, 120.0),
            (1.0, -1.0, -1000.0),
            (-1.0, 1.0, -95.0),
        ] {
            assert_near(hu([x * d, y * d, 0.0]), value);
            assert_near(hu([x * d, y * d, 80.0]), 0.0);
        }
    }

    #[test]
    fn the_other_modules_have_rods_nothing_and_bars() {
        assert_near(hu([0.0, 60.0, 40.0]), 6.0);
        assert_near(hu([4.0, -60.0, 40.0]), 6.0);
        assert_near(hu([8.0, -60.0, 40.0]), 0.0);
        assert_near(hu([0.0, 60.0, 80.0]), 0.0);
        // Along y through the bars of 0.5 line pairs a millimetre: seven bars of 1 mm.
        let bars = (0..1500)
            .map(|n| hu([-70.0, -7.5 + 0.01 * (f64::from(n) + 0.5), 120.0]))
            .filter(|hu| *hu > 1000.0)
            .count();
        assert!(bars.abs_diff(700) < 4, "{bars}");
    }
}
