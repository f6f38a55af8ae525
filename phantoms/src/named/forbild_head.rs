//! The central section of the FORBILD head.

use super::NamedPhantom;
use super::xrays::Xrays;
use crate::scene::{Overlap, Scene};
use crate::shape::Ellipse;

/// The central section of the FORBILD head with its right ear, 240 mm long, densities times the
/// attenuation of water: bone 1.8, brain 1.05, lesions of 2.5 and 5 HU. Without the pattern of
/// 0.3 mm holes in the left ear, which the head in space has.
///
/// Source: Yu et al. 2012 (PMB 57, N237).
pub(super) const PHANTOM: NamedPhantom = NamedPhantom {
    name: "forbild-head",
    about: "CT: central section of the FORBILD head with its right ear, lesions of 2.5 and 5 HU; \
            every slice is alike",
    half_mm: 128.0,
    heights_mm: None,
    principal_mm: 0.0,
    fluid_t1_s: None,
    mr: None,
    ct: Some(scene),
};

/// Centre, half axes in cm, angle in degrees, density.
const ELLIPSES: [[f64; 6]; 18] = [
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

/// Row of [`ELLIPSES`], distance in cm and angle in degrees of its clips.
const CLIPS: [(usize, f64, f64); 14] = [
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
const CELLS: [(i32, u32, f64); 4] = [(0, 9, 8.8), (1, 8, 8.6), (2, 8, 8.8), (3, 6, 8.6)];

fn scene(xrays: &Xrays) -> Scene {
    let ellipse = |(n, &[x, y, a, b, degrees, density]): (usize, &[f64; 6])| {
        let whole = Ellipse::new([x, y], [a, b], degrees.to_radians());
        let clips = CLIPS.iter().filter(|(row, ..)| *row == n);
        let cut = |e: Ellipse, (_, d, degrees): &(_, f64, f64)| e.clipped(*d, degrees.to_radians());
        (xrays.water(density), clips.fold(whole, cut))
    };
    let mut layers: Vec<_> = ELLIPSES.iter().enumerate().map(ellipse).collect();
    for (row, cells, first) in CELLS {
        for sign in if row == 0 { &[1][..] } else { &[1, -1] } {
            let y = f64::from(sign * row) * 0.34641;
            let cell = |n: u32| Ellipse::disc([first - 0.4 * f64::from(n), y], 0.15);
            layers.extend((0..cells).map(|n| (xrays.water(-1.8), cell(n))));
        }
    }
    Scene::flat(Overlap::Adds, layers).scaled(10.0)
}

#[cfg(test)]
mod tests {
    use super::super::forbild_head_3d;
    use super::*;

    /// Places in cm, and the density there.
    const KNOWN: [(f64, f64, f64); 17] = [
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
    ];

    #[test]
    fn the_head_has_the_densities_of_its_definition_in_the_plane_and_in_space() {
        for phantom in [PHANTOM, forbild_head_3d::PHANTOM] {
            let head = phantom.scene_ct(70.0).unwrap();
            for (x, y, expected) in KNOWN {
                let found = head.value([10.0 * x, 10.0 * y, 0.0]) / 0.019_285_3;
                assert!((found - expected).abs() < 1e-9, "({x}, {y}): {found}");
            }
        }
    }

    #[test]
    fn the_section_in_space_is_the_one_in_the_plane() {
        // Yu et al. replace curved pieces of a few mm by lines; the holes of the left ear lie in
        // x = -71 to -67.
        let [plane, space] =
            [PHANTOM, forbild_head_3d::PHANTOM].map(|p| p.scene_ct(70.0).unwrap().section(0.0));
        let mut differ = 0;
        for n in 0..260 * 260 {
            let p = [
                0.997 * f64::from(n % 260) - 129.5,
                0.997 * f64::from(n / 260) - 129.5,
            ];
            differ += usize::from((plane.value(p) - space.value(p)).abs() > 1e-9);
        }
        assert!(differ < 60, "{differ} of 67600");
    }
}
