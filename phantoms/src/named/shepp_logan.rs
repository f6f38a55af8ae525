//! The heads of Shepp and Logan, in the plane and in space.

use super::NamedPhantom;
use crate::scene::{Overlap, Scene};
use crate::shape::{Body, Ellipse, Frame, Solid};

/// Millimetres of one unit: the head is 221 mm long.
const HALF_MM: f64 = 120.0;
/// Half axis of the outermost ellipsoid along z.
const TALL: f64 = 0.9;

/// The head of Shepp and Logan 1974; in MR with the contrast of Toft 1996.
///
/// y points to the front in CT, and to the back in MR, where it runs with the rows. CT: density 1 is water, so that the skull has 1000 HU, the brain 20 HU, and the details differ by
/// 10 and 20 HU.
pub(super) const PLANE: NamedPhantom = NamedPhantom {
    name: "shepp-logan",
    about: "MR and CT: Shepp-Logan head, Toft's contrast in MR, the original one in CT; every \
            slice is alike",
    half_mm: HALF_MM,
    heights_mm: None,
    principal_mm: 0.0,
    fluid_t1_s: None,
    mr: Some(|_| plane(&INTENSITIES, 1.0, -1.0)),
    ct: Some(|xrays| plane(&DENSITIES.map(|v| xrays.water(v)), HALF_MM, 1.0)),
};

/// The same head with the original contrast in MR too.
pub(super) const ORIGINAL: NamedPhantom = NamedPhantom {
    name: "shepp-logan-original",
    about: "MR and CT: Shepp-Logan head, the original contrast of 1974 in both; every slice is alike",
    mr: Some(|_| plane(&DENSITIES, 1.0, -1.0)),
    ..PLANE
};

/// The same head with the contrast of Toft 1996 in CT too, 1 being water: the skull has 0 HU, the
/// brain -800 HU, and the details differ by 100 and 200 HU.
pub(super) const TOFT: NamedPhantom = NamedPhantom {
    name: "shepp-logan-toft",
    about: "MR and CT: Shepp-Logan head, the contrast of Toft in both, 1 being water in CT; every \
            slice is alike",
    ct: Some(|xrays| plane(&INTENSITIES.map(|v| xrays.water(v)), HALF_MM, 1.0)),
    ..PLANE
};

/// The head in space: geometry of Koay 2007, densities of Yu, Ye and Wang in MR, those of Kak and
/// Slaney times water in CT.
pub(super) const SPACE: NamedPhantom = NamedPhantom {
    name: "shepp-logan-3d",
    about: "MR and CT: Shepp-Logan head in space, Yu, Ye and Wang's contrast in MR, the original \
            one in CT",
    heights_mm: Some([-TALL * HALF_MM, TALL * HALF_MM]),
    principal_mm: -0.25 * HALF_MM,
    mr: Some(|_| space(&KOAY, &YU_YE_WANG, -1.0)),
    ct: Some(|xrays| space(&KOAY, &KAK_SLANEY.map(|v| xrays.water(v)), 1.0).scaled(HALF_MM)),
    ..PLANE
};

/// The head in space as Lei Zhu and Fessler have it, twelve ellipsoids of the original contrast.
pub(super) const ZHU: NamedPhantom = NamedPhantom {
    name: "shepp-logan-3d-zhu",
    about: "MR and CT: Shepp-Logan head in space, Zhu's twelve ellipsoids of the original contrast",
    mr: Some(|_| space(&TWELVE, &TWELVE_VALUES, -1.0)),
    ct: Some(|xrays| space(&TWELVE, &TWELVE_VALUES.map(|v| xrays.water(v)), 1.0).scaled(HALF_MM)),
    ..SPACE
};

/// Half axes, centre and angle in degrees (Shepp and Logan 1974).
const GEOMETRY: [[f64; 5]; 10] = [
    [0.6900, 0.9200, 0.00, 0.0000, 0.0],
    [0.6624, 0.8740, 0.00, -0.0184, 0.0],
    [0.1100, 0.3100, 0.22, 0.0000, -18.0],
    [0.1600, 0.4100, -0.22, 0.0000, 18.0],
    [0.2100, 0.2500, 0.00, 0.3500, 0.0],
    [0.0460, 0.0460, 0.00, 0.1000, 0.0],
    [0.0460, 0.0460, 0.00, -0.1000, 0.0],
    [0.0460, 0.0230, -0.08, -0.6050, 0.0],
    [0.0230, 0.0230, 0.00, -0.6060, 0.0],
    [0.0230, 0.0460, 0.06, -0.6050, 0.0],
];

/// Of Shepp and Logan 1974, 1 being water.
const DENSITIES: [f64; 10] = [2.0, -0.98, -0.02, -0.02, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01];
/// Of Toft 1996.
const INTENSITIES: [f64; 10] = [1.0, -0.8, -0.2, -0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1];

/// Half axes, centre and angle about z in degrees (Koay, Sarlls and Özarslan 2007).
const KOAY: [[f64; 7]; 10] = [
    [0.6900, 0.9200, 0.9000, 0.00, 0.000, 0.000, 0.0],
    [0.6624, 0.8740, 0.8800, 0.00, 0.000, 0.000, 0.0],
    [0.4100, 0.1600, 0.2100, -0.22, 0.000, -0.250, 108.0],
    [0.3100, 0.1100, 0.2200, 0.22, 0.000, -0.250, 72.0],
    [0.2100, 0.2500, 0.5000, 0.00, 0.350, -0.250, 0.0],
    [0.0460, 0.0460, 0.0460, 0.00, 0.100, -0.250, 0.0],
    [0.0460, 0.0230, 0.0200, -0.08, -0.650, -0.250, 0.0],
    [0.0460, 0.0230, 0.0200, 0.06, -0.650, -0.250, 90.0],
    [0.0560, 0.0400, 0.1000, 0.06, -0.105, 0.625, 90.0],
    [0.0560, 0.0560, 0.1000, 0.00, 0.100, 0.625, 0.0],
];

const YU_YE_WANG: [f64; 10] = [1.0, -0.8, -0.2, -0.2, 0.2, 0.2, 0.1, 0.1, 0.2, -0.2];
const KAK_SLANEY: [f64; 10] = [
    2.0, -0.98, -0.02, -0.02, 0.02, 0.02, 0.01, 0.01, 0.02, -0.02,
];

/// The same of Lei Zhu's list, as ImagePhantoms.jl has it.
const TWELVE: [[f64; 7]; 12] = [
    [0.6900, 0.9200, 0.9000, 0.00, 0.0000, 0.0000, 0.0],
    [0.6624, 0.8740, 0.8800, 0.00, -0.0184, 0.0000, 0.0],
    [0.4100, 0.1600, 0.2100, -0.22, 0.0000, -0.2500, -72.0],
    [0.3100, 0.1100, 0.2200, 0.22, 0.0000, -0.2500, 72.0],
    [0.2100, 0.2500, 0.3500, 0.00, 0.3500, -0.2500, 0.0],
    [0.0460, 0.0460, 0.0460, 0.00, 0.1000, -0.2500, 0.0],
    [0.0460, 0.0230, 0.0200, -0.08, -0.6050, -0.2500, 0.0],
    [0.0460, 0.0460, 0.0460, 0.00, -0.1000, -0.2500, 0.0],
    [0.0230, 0.0230, 0.0230, 0.00, -0.6050, -0.2500, 0.0],
    [0.0460, 0.0230, 0.0200, 0.06, -0.6050, -0.2500, -90.0],
    [0.0560, 0.0400, 0.1000, 0.06, -0.1050, 0.0625, -90.0],
    [0.0560, 0.0560, 0.1000, 0.00, 0.1000, 0.6250, 0.0],
];

const TWELVE_VALUES: [f64; 12] = [
    2.0, -0.98, -0.02, -0.02, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.02, -0.02,
];

/// `up` is 1 where y points to the front, as in the tables, else -1.
fn plane(values: &[f64; 10], unit: f64, up: f64) -> Scene {
    let ellipse = |&[a, b, x, y, degrees]: &[f64; 5]| {
        Ellipse::new(
            [x, up * y].map(|v| v * unit),
            [a, b].map(|v| v * unit),
            up * degrees.to_radians(),
        )
    };
    let ellipses = GEOMETRY.iter().map(ellipse);
    Scene::flat(Overlap::Adds, values.iter().copied().zip(ellipses))
}

/// `up` is 1 where y points to the front, as in the tables, else -1.
fn space(geometry: &[[f64; 7]], values: &[f64], up: f64) -> Scene {
    let ellipsoid = |&[a, b, c, x, y, z, degrees]: &[f64; 7]| {
        let frame = Frame::turned([x, up * y, z], [a, b, c], up * degrees.to_radians());
        Solid::new(Body::Ball, frame)
    };
    Scene::adding(values.iter().copied().zip(geometry.iter().map(ellipsoid)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::mu_to_hu;
    use std::f64::consts::PI;

    #[test]
    fn the_densities_of_the_head() {
        let toft = PLANE.scene_mr(&|_| 0.0).unwrap();
        let near = |scene: &Scene, p: [f64; 3], value: f64| {
            let found = scene.value(p);
            assert!((found - value).abs() < 1e-14, "{p:?}: {found}");
        };
        near(&toft, [0.5, 0.5, 0.0], 0.2);
        near(&toft, [0.22, 0.0, 0.0], 0.0);
        near(&toft, [0.95, 0.95, 0.0], 0.0);
        let koay = SPACE.scene_mr(&|_| 0.0).unwrap();
        near(&koay, [0.5, 0.5, 0.0], 0.2);
        near(&koay, [0.0, 0.0, 0.895], 1.0);
        near(&koay, [-0.08, 0.65, -0.25], 0.3);
        let zhu = ZHU.scene_mr(&|_| 0.0).unwrap();
        near(&zhu, [0.0, 0.9, 0.0], 2.0);
        near(&zhu, [0.0, -0.1, 0.625], 1.0);
    }

    #[test]
    fn either_contrast_is_to_be_had_in_either_modality() {
        let water = 0.019_285_3;
        for (phantom, skull, brain, detail) in [
            (ORIGINAL, 2.0, 1.02, 0.01),
            (TOFT, 1.0, 0.2, 0.1),
            (PLANE, 1.0, 0.2, 0.1),
        ] {
            let (mr, ct) = (phantom.scene_mr(&|_| 0.0), phantom.scene_ct(70.0));
            let mr = |x: f64, y: f64| mr.as_ref().unwrap().value([x, -y, 0.0]);
            let ct =
                |x: f64, y: f64| ct.as_ref().unwrap().value([120.0 * x, 120.0 * y, 0.0]) / water;
            let kinds: &[&dyn Fn(f64, f64) -> f64] = if phantom.name == PLANE.name {
                &[&mr]
            } else {
                &[&mr, &ct]
            };
            for at in kinds {
                for (p, value) in [
                    ([0.0, 0.9], skull),
                    ([0.5, 0.5], brain),
                    ([0.0, 0.35], brain + detail),
                    ([0.22, 0.0], brain - 2.0 * detail),
                    ([0.9, 0.9], 0.0),
                ] {
                    let found = at(p[0], p[1]);
                    assert!((found - value).abs() < 1e-6, "{phantom:?} {p:?}: {found}");
                }
            }
        }
    }

    #[test]
    fn in_ct_it_is_bone_brain_and_fluid() {
        let water = 0.019_285_3;
        for phantom in [PLANE, ORIGINAL, SPACE, ZHU] {
            let head = phantom.scene_ct(70.0).unwrap();
            let hu = |x: f64, y: f64, z: f64| mu_to_hu(head.value([x, y, z]), water);
            assert!((hu(0.0, -108.0, 0.0) - 1000.0).abs() < 1e-9, "{phantom:?}");
            assert!((hu(60.0, -60.0, 0.0) - 20.0).abs() < 1e-9, "{phantom:?}");
            assert!(hu(26.4, 0.0, -30.0).abs() < 1e-9, "{phantom:?}");
            assert!((hu(99.0, 0.0, 0.0) + 1000.0).abs() < 1e-9, "{phantom:?}");
        }
    }

    #[test]
    fn the_mass_is_that_of_the_table() {
        let areas = GEOMETRY.iter().map(|row| PI * row[0] * row[1]);
        let area: f64 = areas.zip(INTENSITIES).map(|(a, v)| a * v).sum();
        let toft = PLANE.scene_mr(&|_| 0.0).unwrap().section(0.0);
        assert!((toft.fourier([0.0; 2]).re - area).abs() < 1e-14);
        let volumes = KOAY
            .iter()
            .map(|row| 4.0 / 3.0 * PI * row[0] * row[1] * row[2]);
        let volume: f64 = volumes.zip(YU_YE_WANG).map(|(a, v)| a * v).sum();
        let koay = SPACE.scene_mr(&|_| 0.0).unwrap();
        assert!((koay.fourier([0.0; 3]).unwrap().re - volume).abs() < 1e-14);
    }
}
