//! The Catphan 504.

use super::NamedPhantom;
use super::parts::{polar, rod, turned_block};
use super::xrays::Xrays;
use crate::ct::Material::{
    self, Acrylic, Air, Aluminium, Delrin, Pmp, Polyethylene, Polystyrene, Teflon,
};
use crate::scene::Scene;
use crate::shape::Solid;

/// The Catphan 504, 202 mm of water in four modules: inserts of known materials at z = 0, gauges of
/// 1 to 21 line pairs a centimetre at 30 mm, low contrast at -30 mm, even at -65 mm.
///
/// Inserts attenuate as their materials do at the energy; near 70 keV they have about the nominal
/// HU. Sizes, distances and angles are those at which pylinac looks; the gauges from 9 line pairs
/// on, the smallest discs, and the angles of the fainter sets are this project's choice.
pub(super) const PHANTOM: NamedPhantom = NamedPhantom {
    name: "catphan-504",
    about: "CT: Catphan 504, four modules: inserts by material, line pairs, low contrast, even",
    half_mm: 115.0,
    heights_mm: Some([-85.0, 45.0]),
    principal_mm: 0.0,
    fluid_t1_s: None,
    mr: None,
    ct: Some(scene),
};

const RADIUS_MM: f64 = 101.0;
const INSERTS_MM: [f64; 2] = [-15.0, 15.0];
const GAUGES_MM: [f64; 2] = [15.0, 45.0];
const FAINT_MM: [f64; 2] = [-45.0, -15.0];
const BOTTOM_MM: f64 = -85.0;

/// Angle in degrees and material of the inserts, 12 mm across at 58.7 mm from the centre.
const INSERTS: [(f64, Material); 7] = [
    (90.0, Air),
    (120.0, Pmp),
    (180.0, Polyethylene),
    (-120.0, Polystyrene),
    (-60.0, Acrylic),
    (0.0, Delrin),
    (60.0, Teflon),
];

/// Share of the circle at which a gauge ends, and its bars, from the left on clockwise; from 1 line
/// pair a centimetre up.
const GAUGES: [(f64, u32); 8] = [
    (0.107, 2),
    (0.173, 3),
    (0.236, 4),
    (0.286, 4),
    (0.335, 4),
    (0.387, 5),
    (0.434, 5),
    (0.479, 5),
];
const FINEST: u32 = 21;

/// Angle in degrees and diameter in mm of the discs of low contrast, 50 mm from the centre.
const DISCS: [(f64, f64); 9] = [
    (87.4, 15.0),
    (69.1, 9.0),
    (52.7, 8.0),
    (38.5, 7.0),
    (25.1, 6.0),
    (12.9, 5.0),
    (2.0, 4.0),
    (-7.5, 3.0),
    (-15.5, 2.0),
];
/// HU and turn in degrees of the sets of discs.
const SETS: [(f64, f64); 3] = [(10.0, 0.0), (5.0, 120.0), (3.0, -120.0)];

fn scene(xrays: &Xrays) -> Scene {
    let water = xrays.water(1.0);
    let more = |material| xrays.of(material) - water;
    let whole = [BOTTOM_MM, GAUGES_MM[1]];
    let mut layers = vec![(water, rod([0.0; 2], RADIUS_MM, whole))];
    layers.extend(INSERTS.map(|(degrees, material)| {
        let at = polar([0.0; 2], 58.7, degrees);
        (more(material), rod(at, 6.0, INSERTS_MM))
    }));
    for (x, y, material) in [
        (-25.0, -25.0, Air),
        (25.0, -25.0, Air),
        (-25.0, 25.0, Air),
        (25.0, 25.0, Teflon),
    ] {
        layers.push((more(material), rod([x, y], 1.5, INSERTS_MM)));
    }
    layers.extend(
        (1..=FINEST)
            .flat_map(gauge)
            .map(|bar| (more(Aluminium), bar)),
    );
    for (hu, turn) in SETS {
        layers.extend(DISCS.map(|(degrees, diameter)| {
            let at = polar([0.0; 2], 50.0, degrees + turn);
            (xrays.hu(hu) - water, rod(at, 0.5 * diameter, FAINT_MM))
        }));
    }
    Scene::adding(layers)
}

/// The bars of so many line pairs a centimetre, on a circle of 47 mm.
fn gauge(pairs_per_cm: u32) -> impl Iterator<Item = Solid> {
    let end = |n: u32| match n {
        0 => 0.0,
        n if n <= 8 => GAUGES[n as usize - 1].0,
        n => 0.479 + 0.521 * f64::from(n - 8) / f64::from(FINEST - 8),
    };
    let bars = GAUGES.get(pairs_per_cm as usize - 1).map_or(5, |g| g.1);
    let middle = 0.5 * (end(pairs_per_cm) + end(pairs_per_cm - 1));
    let degrees = 180.0 - 360.0 * middle;
    let (width, z) = (
        5.0 / f64::from(pairs_per_cm),
        0.5 * (GAUGES_MM[0] + GAUGES_MM[1]),
    );
    (0..bars).map(move |n| {
        let aside = (2.0 * f64::from(n) - f64::from(bars - 1)) * width;
        let [x, y] = polar(polar([0.0; 2], 47.0, degrees), aside, degrees + 90.0);
        let size = [10.0, width, GAUGES_MM[1] - GAUGES_MM[0]];
        turned_block([x, y, z], size, degrees.to_radians())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::mu_to_hu;

    /// HU that pylinac expects on scanners of 120 kV.
    const NOMINAL: [f64; 7] = [-1000.0, -196.0, -104.0, -47.0, 115.0, 365.0, 1000.0];

    #[test]
    fn inserts_have_the_values_of_their_materials_near_the_nominal_ones() {
        let phantom = PHANTOM.scene_ct(70.0).unwrap();
        for ((degrees, material), nominal) in INSERTS.into_iter().zip(NOMINAL) {
            let [x, y] = polar([0.0; 2], 58.7, degrees);
            let mu = phantom.value([x, y, 0.0]);
            let exact = crate::ct::mu_per_mm(material, 70.0).unwrap();
            assert!((mu - exact).abs() < 1e-15, "{material:?}");
            let hu = mu_to_hu(mu, 0.019_285_3);
            let away = |of: f64| (hu - of).abs();
            assert!(
                NOMINAL.iter().all(|of| away(nominal) <= away(*of)),
                "{material:?}: {hu}"
            );
            assert!(mu_to_hu(phantom.value([x, y, -65.0]), 0.019_285_3).abs() < 1e-9);
        }
    }

    #[test]
    fn a_gauge_has_its_line_pairs_and_no_gauge_runs_into_the_next() {
        let phantom = PHANTOM.scene_ct(70.0).unwrap();
        let metal = |p: [f64; 3]| phantom.value(p) > 2.0 * 0.019_285_3;
        // Round the circle: as many bars as there should be, each met once.
        let steps = 40_000;
        let at = |n: i32| {
            let [x, y] = polar([0.0; 2], 47.0, 360.0 * f64::from(n) / f64::from(steps));
            metal([x, y, 30.0])
        };
        let rises = (0..steps).filter(|n| !at(*n) && at(*n + 1)).count();
        let bars: u32 = GAUGES.iter().map(|g| g.1).sum::<u32>() + 5 * 13;
        assert_eq!(rises, bars as usize);
    }

    #[test]
    fn discs_have_a_percent_and_less() {
        let phantom = PHANTOM.scene_ct(70.0).unwrap();
        for (hu, turn) in SETS {
            for (degrees, _) in DISCS {
                let [x, y] = polar([0.0; 2], 50.0, degrees + turn);
                let found = mu_to_hu(phantom.value([x, y, -30.0]), 0.019_285_3);
                assert!((found - hu).abs() < 1e-9, "{degrees}: {found}");
            }
        }
    }
}
