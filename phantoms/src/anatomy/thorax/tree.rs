//! Trees of vessels that fill a lung.

use std::array::from_fn;
use std::f64::consts::TAU;
use std::sync::OnceLock;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::ring::{cross, unit};
use super::tube::Tube;

/// Vessels end at this radius.
const THINNEST_MM: f64 = 0.5;
/// Length of a branch over its radius, and the longest one.
const LENGTHS: [f64; 2] = [2.0, 6.0];
const LONGEST_MM: f64 = 25.0;
/// How a branch may turn, and the part of its length that it then keeps, in the order of preference.
const TURNS: [(f64, f64); 9] = [
    (0.1, 1.0),
    (0.5, 1.0),
    (-0.5, 1.0),
    (0.9, 0.6),
    (-0.9, 0.6),
    (0.2, 0.4),
    (2.0, 0.4),
    (-2.0, 0.4),
    (4.0, 0.3),
];
/// Share of the larger child in the cube of the radius.
const SHARES: [f64; 2] = [0.5, 0.9];
const PAIRS: usize = 256;
/// Room that a vessel keeps to the surface of its lung.
const ROOM_MM: f64 = 1.5;
/// More room than this is no better.
const ENOUGH_MM: f64 = 20.0;
/// Attitudes that are tried for a fork.
const TRIES: usize = 2;

/// A vessel between two forks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Branch {
    pub tube: Tube,
    /// The number of the vessel that it comes from.
    pub parent: Option<usize>,
    /// Radii of the two that it forks into; those thinner than half a millimetre are not drawn.
    pub children_mm: [f64; 2],
}

/// Radii of two children, relative to their parent's: `r1³ + r2³ = 1`.
fn pairs() -> &'static [[f64; 2]; PAIRS] {
    static TABLE: OnceLock<[[f64; 2]; PAIRS]> = OnceLock::new();
    TABLE.get_or_init(|| {
        from_fn(|n| {
            let larger = SHARES[0] + (SHARES[1] - SHARES[0]) * n as f64 / (PAIRS - 1) as f64;
            [larger, 1.0 - larger].map(libm::cbrt)
        })
    })
}

/// Where a tree begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Root {
    pub at: [f64; 3],
    pub direction: [f64; 3],
    pub radius_mm: f64,
}

/// A tip that grows on.
struct Bud {
    root: Root,
    parent: Option<usize>,
}

/// A tree that forks by Murray's law, `r0³ = r1³ + r2³`, at his angles,
/// `cos a1 = (r0⁴ + r1⁴ - r2⁴) / (2 r0² r1²)` (Murray 1926), from a root down to half a millimetre.
///
/// `room_mm` is how far a place lies within the lung: vessels turn back from its surface, or end.
pub(super) fn grow(
    rng: &mut ChaCha8Rng,
    root: Root,
    room_mm: &dyn Fn([f64; 3]) -> f64,
) -> Vec<Branch> {
    let mut branches: Vec<Branch> = Vec::new();
    let mut buds = vec![Bud { root, parent: None }];
    while let Some(Bud { root, parent }) = buds.pop() {
        let Some((to, direction)) = reach(rng, &root, room_mm) else {
            continue;
        };
        let pair = rng.random_range(0..PAIRS as u32) as usize;
        let children_mm = pairs()[pair].map(|part| part * root.radius_mm);
        if children_mm[0] >= THINNEST_MM {
            let forks = fork(rng, (to, direction), (root.radius_mm, children_mm), room_mm);
            let drawn = forks.into_iter().zip(children_mm);
            let drawn = drawn.filter(|(_, radius_mm)| *radius_mm >= THINNEST_MM);
            buds.extend(drawn.map(|(direction, radius_mm)| Bud {
                root: Root {
                    at: to,
                    direction,
                    radius_mm,
                },
                parent: Some(branches.len()),
            }));
        }
        let tube = Tube {
            from: root.at,
            to,
            radius_mm: root.radius_mm,
        };
        branches.push(Branch {
            tube,
            parent,
            children_mm,
        });
    }
    branches
}

/// The end of a branch and its direction: straight on, else turned to where there is more room,
/// else shorter.
fn reach(
    rng: &mut ChaCha8Rng,
    root: &Root,
    room_mm: &dyn Fn([f64; 3]) -> f64,
) -> Option<([f64; 3], [f64; 3])> {
    let [short, long] = LENGTHS;
    let length = (root.radius_mm * rng.random_range(short..long)).min(LONGEST_MM);
    let side: [f64; 3] = from_fn(|_| rng.random_range(-1.0..1.0));
    let need = root.radius_mm + ROOM_MM;
    TURNS.into_iter().find_map(|(turn, part)| {
        let direction = unit(from_fn(|n| root.direction[n] + turn * side[n]));
        let to = from_fn(|n| root.at[n] + part * length * direction[n]);
        (room_mm(to) > need).then_some((to, direction))
    })
}

/// The directions of the two children, in the plane that leaves them the most room.
fn fork(
    rng: &mut ChaCha8Rng,
    (at, direction): ([f64; 3], [f64; 3]),
    (r0, children): (f64, [f64; 2]),
    room_mm: &dyn Fn([f64; 3]) -> f64,
) -> [[f64; 3]; 2] {
    let cosines = [(children[0], children[1]), (children[1], children[0])].map(|(r1, r2)| {
        ((r0.powi(4) + r1.powi(4) - r2.powi(4)) / (2.0 * r0 * r0 * r1 * r1)).clamp(-1.0, 1.0)
    });
    let first = rng.random_range(0.0..TAU);
    let (mut c, mut s) = (libm::cos(first), libm::sin(first));
    let level = if direction[2].abs() < 0.9 {
        [0.0, 0.0, 1.0]
    } else {
        [1.0, 0.0, 0.0]
    };
    let u = unit(cross(direction, level));
    let v = cross(direction, u);
    let mut best = (f64::NEG_INFINITY, [direction; 2]);
    for _ in 0..TRIES {
        let pair: [[f64; 3]; 2] = from_fn(|k| {
            let sine = (1.0 - cosines[k] * cosines[k]).sqrt() * [1.0, -1.0][k];
            from_fn(|i| cosines[k] * direction[i] + sine * (c * u[i] + s * v[i]))
        });
        let ahead = |k: usize| room_mm(from_fn(|i| at[i] + 6.0 * children[k] * pair[k][i]));
        let room = ahead(0).min(ENOUGH_MM) + ahead(1).min(ENOUGH_MM);
        if room > best.0 {
            best = (room, pair);
        }
        // On by a quarter of a turn: half a turn swaps the children.
        (c, s) = (-s, c);
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn ball(p: [f64; 3]) -> f64 {
        90.0 - (p[0] * p[0] + p[1] * p[1] + p[2] * p[2]).sqrt()
    }

    fn tree(seed: u64) -> Vec<Branch> {
        let root = Root {
            at: [-60.0, 0.0, 0.0],
            direction: [1.0, 0.1, 0.2],
            radius_mm: 6.0,
        };
        grow(&mut ChaCha8Rng::seed_from_u64(seed), root, &ball)
    }

    #[test]
    fn murrays_law_holds_at_every_fork() {
        for seed in 0..5 {
            let branches = tree(seed);
            assert!(branches.len() > 500, "{}", branches.len());
            for branch in &branches {
                let [r1, r2] = branch.children_mm;
                let cubes = r1.powi(3) + r2.powi(3);
                assert!((cubes / branch.tube.radius_mm.powi(3) - 1.0).abs() < 1e-12);
            }
            for child in branches.iter().filter(|b| b.parent.is_some()) {
                let parent = &branches[child.parent.unwrap()];
                assert_eq!(child.tube.from, parent.tube.to);
                assert!(parent.children_mm.contains(&child.tube.radius_mm));
                assert!(child.tube.radius_mm >= THINNEST_MM);
            }
        }
    }

    #[test]
    fn vessels_stay_within_and_reach_far() {
        let branches = tree(7);
        for branch in branches.iter().filter(|b| b.parent.is_some()) {
            assert!(ball(branch.tube.to) > branch.tube.radius_mm);
        }
        let far = branches
            .iter()
            .filter(|b| ball(b.tube.to) < 15.0 && b.tube.to[0] > 0.0);
        assert!(far.count() > 50);
        assert_eq!(tree(7), branches);
        assert_ne!(tree(8), branches);
    }

    #[test]
    fn equal_children_part_at_murrays_angle() {
        // cos a = r0² / (2 r1²) = 2^(2/3) / 2 for r1 = r2 = r0 / 2^(1/3).
        let r = libm::cbrt(0.5);
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let pair = fork(
            &mut rng,
            ([0.0; 3], [0.0, 0.6, 0.8]),
            (1.0, [r, r]),
            &|_| 1.0,
        );
        for d in pair {
            let cosine = 0.6 * d[1] + 0.8 * d[2];
            assert!((cosine - libm::cbrt(4.0) / 2.0).abs() < 1e-12);
            assert!((d[0] * d[0] + d[1] * d[1] + d[2] * d[2] - 1.0).abs() < 1e-12);
        }
    }
}
