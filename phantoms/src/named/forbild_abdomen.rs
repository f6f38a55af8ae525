//! The FORBILD abdomen.

use super::NamedPhantom;
use super::parts::{ball, block, oval};
use super::vertebra::vertebra;
use super::xrays::Xrays;
use crate::scene::Scene;
use crate::shape::{Body, Frame, HalfSpace, Solid};

/// The FORBILD abdomen: densities times the attenuation of water, of which the last counts. Balls
/// 0.94 % less dense than the liver, about -10 HU, a level of fluid below air, and bars of 10 and
/// 12 line pairs a centimetre.
///
/// Source: the definition by Lauritsch and Bruder (www.imp.uni-erlangen.de/phantoms/abdomen).
pub(super) const PHANTOM: NamedPhantom = NamedPhantom {
    name: "forbild-abdomen",
    about: "CT: FORBILD abdomen in space, liver with lesions of -10 HU, spine, fluid below air, bars",
    half_mm: 210.0,
    heights_mm: Some([-120.0, 120.0]),
    principal_mm: 0.0,
    fluid_t1_s: None,
    mr: None,
    ct: Some(scene),
};

/// y and radius in cm of the rows of lesions, five in each, four radii apart.
const LESIONS: [(f64, f64); 8] = [
    (1.2, 0.6),
    (-0.6, 0.5),
    (-2.1, 0.4),
    (-3.3, 0.3),
    (-4.2, 0.25),
    (-4.95, 0.2),
    (-5.55, 0.15),
    (-6.0, 0.1),
];

/// x of the patterns of bars, and distance of their bars, in cm.
const BARS: [(f64, f64); 2] = [(12.0, 0.1), (14.0, 1.0 / 12.0)];

fn scene(xrays: &Xrays) -> Scene {
    let liver = Frame::turned([-10.0, 0.0, 0.0], [8.0, 7.0, 10.0], 60f64.to_radians());
    let mut layers = vec![
        (1.0, oval([0.0, 0.0], [20.0, 12.0], [-50.0, 50.0])),
        (1.06, Solid::new(Body::Ball, liver)),
    ];
    for n in -2..=2 {
        layers.extend(vertebra(-7.0, 5.0 * f64::from(n), 4.0));
    }
    for z in [0.0, 3.0] {
        layers.extend(LESIONS.into_iter().flat_map(|(y, r)| {
            (0..5).map(move |n| (1.05, ball([-14.0 + 4.0 * r * f64::from(n), y, z], r)))
        }));
    }
    let bowel = oval([0.0, 6.0], [3.0, 2.0], [-10.0, 10.0]);
    let air = HalfSpace::above([0.0, 1.0, 0.0], 6.5);
    layers.extend([(1.06, bowel.clone()), (0.0, bowel.cut_by(air))]);
    layers.extend([-18.0, 18.0].map(|x| (2.0, rib(x))));
    layers.extend(BARS.into_iter().flat_map(bars));
    Scene::replacing(layers)
        .with_values(|density| xrays.water(density))
        .scaled(10.0)
}

fn rib(x: f64) -> Solid {
    let frame = Frame::along(
        [x, 0.0, 0.0],
        [0.4, 0.4, 4.0],
        [0.0, 0.866025, 0.5],
        [1.0, 0.0, 0.0],
    )
    .expect("axes that differ");
    Solid::new(Body::Cylinder, frame)
}

/// Seven bars beside each other and seven above each other.
fn bars((x, pitch): (f64, f64)) -> impl Iterator<Item = (f64, Solid)> {
    let aside = move |n: i32| pitch * f64::from(n);
    let upright = move |n: i32| block([x + aside(n), 1.0, 0.0], [0.5 * pitch, 1.0, 2.0]);
    let lying = move |n: i32| block([x, -1.0 + aside(n), 0.0], [1.0, 0.5 * pitch, 2.0]);
    (-3..=3)
        .map(upright)
        .chain((-3..=3).map(lying))
        .map(|solid| (2.0, solid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tissues_have_their_densities() {
        let abdomen = PHANTOM.scene_ct(70.0).unwrap();
        assert_eq!(abdomen.layers.len(), 2 + 5 * 8 + 80 + 2 + 2 + 28);
        for (p, density) in [
            ([-10.0, 3.0, 0.0], 1.06),
            ([-14.0, 1.2, 0.0], 1.05),
            ([-4.4, 1.2, 3.0], 1.05),
            ([-12.4, -6.0, 0.0], 1.05),
            ([-12.4, -6.0, 1.5], 1.06),
            ([0.0, 6.0, 5.0], 1.06),
            ([0.0, 7.0, 5.0], 0.0),
            ([0.0, -7.0, 5.0], 1.18),
            ([0.0, -7.0, 2.5], 1.0),
            ([0.0, -10.3, 5.0], 1.92),
            ([18.0, 0.0, 0.0], 2.0),
            ([12.3, 1.4, 0.9], 2.0),
            ([12.25, 1.4, 0.9], 1.0),
            ([14.0, -1.25, 0.0], 2.0),
            ([19.0, 6.0, 0.0], 0.0),
        ] {
            let found = abdomen.value(p.map(|v| 10.0 * v)) / 0.019_285_3;
            assert!((found - density).abs() < 1e-9, "{p:?}: {found}");
        }
    }
}
