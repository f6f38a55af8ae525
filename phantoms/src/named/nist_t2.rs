//! The T2 array of the ISMRM/NIST system phantom.

use super::parts::ball;
use super::{NamedPhantom, Signal};
use crate::mr::{NIST_T2_ARRAY, Relaxation, VIAL_WATER};
use crate::scene::Scene;

/// Millimetres of one unit: the sphere of water is 200 mm across.
const HALF_MM: f64 = 100.0 / WATER;
/// Radius of the water, of a vial, and of what is left out around it for its wall, in units.
const WATER: f64 = 0.81;
const VIAL: f64 = 0.074;
const WALL: f64 = 0.088;

/// The plane of vials of known T2 in the system phantom at 3 T, vial 1 to vial 14 clockwise from
/// the top of the published picture, the last four within: a sphere of water with 14 spheres in
/// walls without signal.
///
/// Source: Stupic et al. 2021 (MRM 86, 1194), numbers as in BART.
pub(super) const PHANTOM: NamedPhantom = NamedPhantom {
    name: "nist-t2",
    about: "MR: T2 array of the ISMRM/NIST system phantom, 14 spheres of known T1 and T2 in water",
    half_mm: HALF_MM,
    heights_mm: Some([-10.0, 10.0]),
    principal_mm: 0.0,
    fluid_t1_s: None,
    mr: Some(scene),
    ct: None,
};

/// A vial of the array in the unit square.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vial {
    /// Its centre.
    pub centre: [f64; 2],
    /// Its radius.
    pub radius: f64,
    /// What is in it.
    pub relaxation: Relaxation,
}

/// The 14 vials of `nist-t2` at z = 0, y down as in its scene, in the order of [`NIST_T2_ARRAY`].
pub fn nist_t2_vials() -> [Vial; 14] {
    let centres = centres();
    std::array::from_fn(|n| Vial {
        centre: centres[n],
        radius: VIAL,
        relaxation: NIST_T2_ARRAY[n],
    })
}

/// Centres of the vials in units.
fn centres() -> [[f64; 2]; 14] {
    let at = |x: f64, y: f64| {
        let out = |v: f64, r: f64| {
            if v == 0.0 {
                0.0
            } else {
                v.signum() * (2.0 * v.abs() + r)
            }
        };
        // Up in the picture is against y.
        [out(x, VIAL), -out(y, -VIAL)]
    };
    [
        at(0.0, 0.254),
        at(0.096, 0.212),
        at(0.176, 0.104),
        at(0.176, -0.104),
        at(0.096, -0.212),
        at(0.0, -0.254),
        at(-0.096, -0.212),
        at(-0.176, -0.104),
        at(-0.176, 0.104),
        at(-0.096, 0.212),
        at(-0.053, 0.123),
        at(0.053, 0.123),
        at(0.053, -0.123),
        at(-0.053, -0.123),
    ]
}

fn scene(signal: &Signal) -> Scene {
    let water = signal(&VIAL_WATER);
    let vials = centres().into_iter().zip(&NIST_T2_ARRAY);
    let walled = vials.flat_map(|([x, y], vial)| {
        [
            (-water, ball([x, y, 0.0], WALL)),
            (signal(vial), ball([x, y, 0.0], VIAL)),
        ]
    });
    Scene::adding(std::iter::once((water, ball([0.0; 3], WATER))).chain(walled))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mr::Sequence;

    #[test]
    fn two_echoes_give_the_t2_of_every_vial() {
        let at = |te_s: f64| scene(&|r| Sequence::SpinEcho { tr_s: 100.0, te_s }.signal(r));
        let (short, long) = (at(0.01), at(0.05));
        for ([x, y], vial) in centres().into_iter().zip(&NIST_T2_ARRAY) {
            let ratio = short.value([x, y, 0.0]) / long.value([x, y, 0.0]);
            let t2_s = 0.04 / ratio.ln();
            assert!((t2_s / vial.t2_s - 1.0).abs() < 1e-9, "{t2_s}");
        }
    }

    #[test]
    fn the_first_vial_is_at_the_top_and_the_others_follow_clockwise() {
        let [first, second, third, ..] = nist_t2_vials().map(|vial| vial.centre);
        assert!(first[0] == 0.0 && first[1] < -0.3, "{first:?}");
        assert!(second[0] > 0.0 && second[1] < 0.0, "{second:?}");
        assert!(third[0] > second[0] && third[1] > second[1], "{third:?}");
    }

    #[test]
    fn walls_do_not_touch_each_other() {
        let centres = centres();
        for (n, p) in centres.iter().enumerate() {
            assert!(p[0].hypot(p[1]) + WALL < WATER);
            for q in &centres[..n] {
                assert!((p[0] - q[0]).hypot(p[1] - q[1]) > 2.0 * WALL);
            }
        }
        let [x, y] = centres[3];
        let dark = scene(&|_| 1.0).value([x + 0.5 * (VIAL + WALL), y, 0.0]);
        assert!(dark.abs() < 1e-15);
    }
}
