//! The analytic CT phantoms by name.

use super::object::CtObject;
use super::shape::{Clip, CtEllipse};
use crate::shepp_logan;

/// Radius of the water disc and of the ACR phantom.
const RADIUS_MM: f64 = 100.0;
/// Half width of the square of the Shepp-Logan head.
const SHEPP_LOGAN_MM: f64 = 120.0;

/// A disc of water, 200 mm across.
pub fn water_disc(water_per_mm: f64) -> CtObject {
    CtObject {
        shapes: vec![CtEllipse::disc(water_per_mm, [0.0; 2], RADIUS_MM)],
    }
}

/// The head of Shepp and Logan in its original contrast, 221 mm long: density 1 is water, so the
/// skull has 1000 HU, the brain 20 HU, and the details differ by 10 and 20 HU.
pub fn shepp_logan_ct(water_per_mm: f64) -> CtObject {
    let shapes = shepp_logan()
        .into_iter()
        .map(|e| CtEllipse {
            value: water_per_mm * e.density,
            centre_mm: [e.x0, e.y0].map(|v| v * SHEPP_LOGAN_MM),
            semi_mm: [e.semi_x, e.semi_y].map(|v| v * SHEPP_LOGAN_MM),
            angle_rad: e.angle_rad,
            clips: Vec::new(),
        })
        .collect();
    CtObject { shapes }
}

/// Angle in degrees and HU of the inserts of the ACR phantom.
const ACR: [(f64, f64); 5] = [
    (45.0, 955.0),
    (-135.0, 120.0),
    (-45.0, -1000.0),
    (135.0, -95.0),
    (180.0, 0.0),
];

/// Module 1 of the ACR 464 phantom: 200 mm of solid water with inserts of 25 mm at 60 mm from the
/// centre: bone 955 HU, acrylic 120, air -1000, polyethylene -95, and water.
pub fn acr(water_per_mm: f64) -> CtObject {
    let mut object = water_disc(water_per_mm);
    object.shapes.extend(ACR.map(|(degrees, hu)| {
        let (s, c) = f64::to_radians(degrees).sin_cos();
        CtEllipse::disc(1e-3 * hu * water_per_mm, [60.0 * c, 60.0 * s], 12.5)
    }));
    object
}

/// Centre, half axes in cm, angle in degrees, density (Yu et al. 2012).
const FORBILD: [[f64; 6]; 18] = [
    [-4.7, 4.3, 1.79989, 1.79989, 0.0, 0.010],
    [4.7, 4.3, 1.79989, 1.79989, 0.0, 0.010],
    [-1.08, -9.0, 0.4, 0.4, 0.0, 0.0025],
    [1.08, -9.0, 0.4, 0.4, 0.0, -0.0025],
    [0.0, 0.0, 9.6, 12.0, 0.0, 1.8],
    [0.0, 8.4, 1.8, 3.0, 0.0, -1.05],
    [1.9, 5.4, 0.41633, 1.17425, -31.07698, 0.75],
    [-1.9, 5.4, 0.41633, 1.17425, 31.07698, 0.75],
    [-4.3, 6.8, 1.8, 0.24, -30.0, 0.75],
    [4.3, 6.8, 1.8, 0.24, 30.0, 0.75],
    [0.0, -3.6, 1.8, 3.6, 0.0, -0.005],
    [6.39395, -6.39395, 1.2, 0.42, 58.1, 0.005],
    [0.0, 3.6, 2.0, 2.0, 0.0, 0.75],
    [0.0, 9.6, 1.8, 3.0, 0.0, 1.8],
    [0.0, 0.0, 9.0, 11.4, 0.0, 0.75],
    [
        0.0,
        -14.294530834372887,
        0.443194085308632,
        3.892760834372886,
        0.0,
        0.75,
    ],
    [0.0, 0.0, 9.0, 11.4, 0.0, -0.75],
    [9.1, 0.0, 4.2, 1.8, 0.0, 0.75],
];

/// Row of [`FORBILD`], distance in cm and angle in degrees of its clips.
const FORBILD_CLIPS: [(usize, f64, f64); 14] = [
    (12, 1.2, 0.0),
    (12, 1.2, 180.0),
    (12, 0.27884, 90.0),
    (12, 0.27884, 270.0),
    (13, 0.60687, 90.0),
    (13, 0.60687, 270.0),
    (13, 0.2, 0.0),
    (13, 0.2, 180.0),
    (14, -2.605, 15.0),
    (14, -2.605, 165.0),
    (14, -10.71177, 90.0),
    (15, -3.58276, 270.0),
    (16, 8.88740, 0.0),
    (17, -0.21260, 0.0),
];

/// Air cells of the ear: |row|, cells, first x in cm; 1.5 mm in radius, 4 mm apart.
const FORBILD_CELLS: [(i32, u32, f64); 4] = [(0, 9, 8.8), (1, 8, 8.6), (2, 8, 8.8), (3, 6, 8.6)];

/// The central section of the FORBILD head with its right ear, 240 mm long, densities times the
/// attenuation of water: bone 1.8, brain 1.05, lesions of 2.5 and 5 HU. Without the pattern of
/// 0.3 mm holes in the left ear.
pub fn forbild_head(water_per_mm: f64) -> CtObject {
    let mut shapes: Vec<CtEllipse> = FORBILD
        .iter()
        .map(|&[x, y, a, b, degrees, density]| CtEllipse {
            value: density * water_per_mm,
            centre_mm: [10.0 * x, 10.0 * y],
            semi_mm: [10.0 * a, 10.0 * b],
            angle_rad: degrees.to_radians(),
            clips: Vec::new(),
        })
        .collect();
    for (row, distance, degrees) in FORBILD_CLIPS {
        shapes[row].clips.push(Clip {
            distance_mm: 10.0 * distance,
            angle_rad: degrees.to_radians(),
        });
    }
    for (row, cells, first) in FORBILD_CELLS {
        for sign in if row == 0 { &[1][..] } else { &[1, -1] } {
            let y = f64::from(sign * row) * 3.46410;
            shapes.extend((0..cells).map(|n| {
                CtEllipse::disc(
                    -1.8 * water_per_mm,
                    [10.0 * first - 4.0 * f64::from(n), y],
                    1.5,
                )
            }));
        }
    }
    CtObject { shapes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::{CtGrid, Ray, mu_to_hu};

    const WATER: f64 = 0.019285;

    fn hu(object: &CtObject, x: f64, y: f64) -> f64 {
        mu_to_hu(object.at([x, y]), WATER)
    }

    fn assert_near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }

    #[test]
    fn the_acr_inserts_have_their_values_and_the_rest_is_water() {
        let object = acr(WATER);
        assert_near(hu(&object, 0.0, 0.0), 0.0);
        assert_near(hu(&object, 99.0, 0.0), 0.0);
        assert_near(hu(&object, 101.0, 0.0), -1000.0);
        for (x, y, value) in [
            (1.0, 1.0, 955.0),
            (-1.0, -1.0, 120.0),
            (1.0, -1.0, -1000.0),
            (-1.0, 1.0, -95.0),
        ] {
            let d = 60.0 / 2f64.sqrt();
            assert_near(hu(&object, x * d, y * d), value);
        }
    }

    #[test]
    fn the_shepp_logan_head_is_bone_brain_and_fluid() {
        let object = shepp_logan_ct(WATER);
        assert_near(hu(&object, 0.0, -108.0), 1000.0);
        assert_near(hu(&object, 60.0, -60.0), 20.0);
        assert_near(hu(&object, 26.0, 0.0), 0.0);
    }

    #[test]
    fn the_forbild_head_has_the_densities_of_its_definition() {
        let object = forbild_head(WATER);
        let density = |x: f64, y: f64| object.at([10.0 * x, 10.0 * y]) / WATER;
        for (x, y, expected) in [
            (0.0, 1.5, 1.05),
            (0.0, 11.7, 1.8),
            (-4.7, 4.3, 1.06),
            (0.0, 7.0, 0.0),
            (0.0, 9.6, 1.8),
            (0.0, -3.6, 1.045),
            (-1.08, -9.0, 1.0525),
            (1.08, -9.0, 1.0475),
            (6.39, -6.39, 1.055),
            (0.0, 3.6, 1.8),
            (5.2, 0.0, 1.8),
            (5.6, 0.0, 0.0),
            (-9.3, 0.0, 1.8),
            (-8.5, 0.0, 1.05),
            (8.9, 0.5, 1.8),
            (0.0, -10.9, 1.8),
            (9.7, 0.0, 0.0),
        ] {
            let found = density(x, y);
            assert!((found - expected).abs() < 1e-9, "({x}, {y}): {found}");
        }
    }

    #[test]
    fn no_phantom_attenuates_less_than_nothing() {
        let grid = CtGrid::new(171, 171, 1.5).unwrap();
        for object in [acr(WATER), shepp_logan_ct(WATER), forbild_head(WATER)] {
            let raster = object.raster(&grid);
            assert!(raster.iter().all(|mu| *mu > -1e-6 * WATER));
            // Mass by pixels and by lines.
            let mass = raster.sum() * 1.5 * 1.5;
            let lines: f64 = (0..26_000)
                .map(|i| -130.0 + (f64::from(i) + 0.5) * 0.01)
                .map(|s| object.line_integral(&Ray::parallel(s, 0.6)) * 0.01)
                .sum();
            assert!((mass / lines - 1.0).abs() < 1e-5, "{mass} {lines}");
        }
    }
}
