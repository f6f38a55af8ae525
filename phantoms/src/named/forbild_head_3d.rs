//! The FORBILD head in space.

use super::NamedPhantom;
use super::parts::ball;
use super::xrays::Xrays;
use crate::scene::Scene;
use crate::shape::{Body, Frame, HalfSpace, Solid};

/// The FORBILD head in space: densities times the attenuation of water, of which the last counts;
/// with the air cells of the right ear and the fine pattern of the left one.
///
/// Source: the definition by Lauritsch and Bruder (www.imp.uni-erlangen.de/phantoms/head).
pub(super) const PHANTOM: NamedPhantom = NamedPhantom {
    name: "forbild-head-3d",
    about: "CT: FORBILD head in space with both ears, lesions of 2.5 and 5 HU",
    half_mm: 128.0,
    heights_mm: Some([-125.0, 125.0]),
    principal_mm: 0.0,
    fluid_t1_s: None,
    mr: None,
    ct: Some(scene),
};

/// Whole ellipsoids: centre, half axes in cm, density.
const ELLIPSOIDS: [([f64; 3], [f64; 3], f64); 4] = [
    ([0.0, 0.0, 0.0], [9.6, 12.0, 12.5], 1.8),
    ([0.0, 0.0, 0.0], [9.0, 11.4, 11.9], 1.05),
    ([0.0, -3.6, 0.0], [1.8, 3.6, 3.6], 1.045),
    ([0.0, 8.4, 0.0], [1.8, 3.0, 3.0], 0.0),
];

/// Balls: centre, radius in cm, density.
const BALLS: [([f64; 3], f64, f64); 4] = [
    ([-4.7, 4.3, 0.872], 2.0, 1.06),
    ([4.7, 4.3, 0.872], 2.0, 1.06),
    ([-1.08, -9.0, 0.0], 0.4, 1.0525),
    ([1.08, -9.0, 0.0], 0.4, 1.0475),
];

/// Air cells of the right ear, by |z| and by |y| in layers; every layer begins at 8.8 or 8.6 cm.
const CELLS: [[u32; 4]; 4] = [[9, 8, 8, 6], [8, 8, 7, 6], [8, 7, 7, 5], [6, 6, 5, 4]];
/// Distance of the layers in cm.
const LAYER: f64 = 0.34641;

/// Of the left ear: radii of the columns of rods, half heights of the groups, in cm.
const RODS: [f64; 4] = [0.01785, 0.0156, 0.0139, 0.0125];
const GROUPS: [f64; 4] = [0.2, 0.1, 0.05, 0.025];

fn scene(xrays: &Xrays) -> Scene {
    let mut layers: Vec<(f64, Solid)> = Vec::new();
    let [skull, brain, fluid, sinus] =
        ELLIPSOIDS.map(|(centre, semi, density)| (density, Solid::ellipsoid(centre, semi)));
    layers.extend([skull, brain, (1.05, ear(9.11)), fluid, sinus]);
    layers.extend(BALLS.map(|(centre, radius, density)| (density, ball(centre, radius))));
    layers.extend(bones().map(|solid| (1.8, solid)));
    let haematoma = Frame::along(
        [6.393945, -6.393945, 0.0],
        [1.2, 0.42, 1.2],
        [0.0, 0.0, 1.0],
        [0.528438, 0.848972, 0.0],
    )
    .expect("axes that differ");
    layers.push((1.055, Solid::new(Body::Ball, haematoma)));
    layers.extend([-0.2, 0.2].map(|z| (1.8, protuberance(z))));
    layers.push((1.8, ear(9.1)));
    layers.extend(cells().map(|solid| (0.0, solid)));
    layers.extend(pattern().map(|solid| (1.8, solid)));
    Scene::replacing(layers)
        .with_values(|density| xrays.water(density))
        .scaled(10.0)
}

/// The right ear, cut at x.
fn ear(x: f64) -> Solid {
    Solid::ellipsoid([9.1, 0.0, 0.0], [4.2, 1.8, 1.8]).cut_by(HalfSpace::below([1.0, 0.0, 0.0], x))
}

/// Half of the internal occipital protuberance.
fn protuberance(z: f64) -> Solid {
    let cone = Body::Cone {
        bottom: 0.5,
        top: 0.2,
    };
    let frame = Frame::along(
        [0.0, -11.15, z],
        [1.0, 1.0, 0.75],
        [0.0, 1.0, 0.0],
        [1.0, 0.0, 0.0],
    )
    .expect("axes that differ");
    Solid::new(cone, frame)
}

/// Bones between the eyes, and the petrous bones.
fn bones() -> impl Iterator<Item = Solid> {
    let turned = |body, centre, semi, z, x| {
        Solid::new(
            body,
            Frame::along(centre, semi, z, x).expect("axes that differ"),
        )
    };
    let plates = [
        turned(
            Body::Cylinder,
            [0.0, 3.6, 0.0],
            [1.2, 4.0, 0.2414815],
            [0.0, -0.866025, 0.5],
            [1.0, 0.0, 0.0],
        ),
        turned(
            Body::Cylinder,
            [0.0, 9.6, 0.0],
            [2.0, 0.525561, 0.2],
            [1.0, 0.0, 0.0],
            [0.0, -0.5, 0.866025],
        ),
        turned(
            Body::Ball,
            [-1.9, 5.4, 0.0],
            [1.165373, 0.405956, 3.0],
            [0.258819, 0.0, 0.965926],
            [-0.482963, 0.866025, 0.12941],
        ),
        turned(
            Body::Ball,
            [1.9, 5.4, 0.0],
            [1.159111, 0.405689, 3.0],
            [-0.258819, 0.0, 0.965926],
            [0.482963, 0.866025, 0.12941],
        ),
    ];
    let petrous = [-1.0, 1.0].map(|side| {
        turned(
            Body::Cylinder,
            [4.3 * side, 6.8, -1.0],
            [1.8, 0.24, 2.0],
            [0.0, 0.0, 1.0],
            [0.866025 * side, 0.5, 0.0],
        )
    });
    plates.into_iter().chain(petrous)
}

fn cells() -> impl Iterator<Item = Solid> {
    let layer = |n: i32| CELLS[n.unsigned_abs() as usize];
    (-3..=3i32)
        .flat_map(|z| (-3..=3i32).map(move |y| (z, y)))
        .flat_map(move |(z, y)| {
            let first = if (z + y) % 2 == 0 { 8.8 } else { 8.6 };
            let [v, w] = [y, z].map(|n| LAYER * f64::from(n));
            let count = layer(z)[y.unsigned_abs() as usize];
            (0..count).map(move |n| ball([first - 0.4 * f64::from(n), v, w], 0.15))
        })
}

/// Rods of the left ear: five side by side and five above each other, one of them common.
fn pattern() -> impl Iterator<Item = Solid> {
    let groups = (0..4).flat_map(|column| (0..4).map(move |group| (column, group)));
    groups.flat_map(|(column, group)| {
        let (radius, half) = (RODS[column], GROUPS[group]);
        let (x, y) = (-7.0 + 0.08 * column as f64, -1.0 + 0.48 * group as f64);
        let rod = move |m: f64, n: f64| {
            let centre = [x, y + 4.0 * radius * m, 4.0 * half * n];
            Solid::ellipsoid(centre, [radius, radius, half])
        };
        let beside = (0..5).map(move |n| rod(f64::from(n), 0.0));
        beside.chain((1..5).map(move |n| rod(0.0, f64::from(n))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_as_many_cells_and_rods_as_the_definition() {
        assert_eq!((cells().count(), pattern().count()), (317, 144));
    }

    #[test]
    fn densities_away_from_the_central_plane() {
        let head = PHANTOM.scene_ct(70.0).unwrap();
        for (p, expected) in [
            ([0.0, 0.0, 12.2], 1.8),
            ([0.0, 0.0, 11.8], 1.05),
            ([0.0, 0.0, 12.6], 0.0),
            ([4.7, 4.3, 2.8], 1.06),
            ([4.3, 6.8, -2.9], 1.8),
            ([4.3, 6.8, 1.1], 1.05),
            ([8.8, 0.34641, 0.34641], 0.0),
            ([8.6, 0.0, 0.34641], 0.0),
            ([8.6, 0.0, 0.0], 1.8),
            ([-7.0, -1.0, 3.2], 1.8),
            ([-7.0, -1.0, 2.8], 1.05),
        ] {
            let found = head.value(p.map(|v| 10.0 * v)) / 0.019_285_3;
            assert!((found - expected).abs() < 1e-9, "{p:?}: {found}");
        }
    }
}
