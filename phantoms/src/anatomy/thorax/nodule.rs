//! Nodules of the lung.

use std::array::from_fn;
use std::f64::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::chest::Chest;
use super::ring::Ring;

/// The most nodules of a body.
const MOST: u32 = 3;
/// Smallest and largest radius.
const RADII_MM: [f64; 2] = [2.0, 15.0];
/// Room to the surface of the lung, and to another nodule.
const ROOM_MM: f64 = 3.0;
/// Places that are tried before a nodule becomes smaller.
const TRIES: usize = 60;
/// Share of nodules that are solid; the others are ground glass.
const SOLID: f64 = 0.75;

/// A nodule: about a ball within a lung.
#[derive(Clone, Debug, PartialEq)]
pub struct Nodule {
    /// x, y and height.
    pub centre_mm: [f64; 3],
    /// The mean radius of its largest section.
    pub radius_mm: f64,
    /// Hounsfield units above the lung around it.
    pub contrast_hu: f64,
    /// Cosine and sine parts of the harmonics 2 to 4 of the outline.
    outline: [[f64; 2]; 3],
}

impl Nodule {
    /// Up to three nodules, each within a lung and away from the others.
    pub(super) fn random(rng: &mut ChaCha8Rng, chest: &Chest, lung_hu: f32) -> Vec<Self> {
        let mut nodules: Vec<Self> = Vec::new();
        for _ in 0..rng.random_range(0..=MOST) {
            let [low, high] = RADII_MM;
            let wanted = low * libm::pow(high / low, rng.random_range(0.0..1.0));
            if let Some((centre_mm, radius_mm)) = place(rng, chest, &nodules, wanted) {
                nodules.push(Self::shaped(rng, (centre_mm, radius_mm), lung_hu));
            }
        }
        nodules
    }

    fn shaped(rng: &mut ChaCha8Rng, (centre_mm, radius_mm): ([f64; 3], f64), lung_hu: f32) -> Self {
        let hu = if rng.random_bool(SOLID) {
            rng.random_range(0.0..80.0)
        } else {
            rng.random_range(-620.0..-400.0)
        };
        let outline = from_fn(|k| {
            let height = 0.12 / (k + 1) as f64 * rng.random_range(0.0..1.0);
            let phase = rng.random_range(0.0..TAU);
            [height * libm::cos(phase), height * libm::sin(phase)]
        });
        Self {
            centre_mm,
            radius_mm,
            contrast_hu: hu - f64::from(lung_hu),
            outline,
        }
    }

    /// What the plane at a height cuts out.
    pub(super) fn section(&self, z: f64) -> Option<Vec<[f64; 2]>> {
        let [x0, y0, z0] = self.centre_mm;
        let square = self.radius_mm * self.radius_mm - (z - z0) * (z - z0);
        if square <= 0.0 {
            return None;
        }
        let circle = Ring::new(|angle, _| {
            let uneven: f64 = (2u8..)
                .zip(self.outline)
                .map(|(k, [c, s])| {
                    let turn = f64::from(k) * angle;
                    c * libm::cos(turn) + s * libm::sin(turn)
                })
                .sum();
            square.sqrt() * (1.0 + uneven)
        });
        let points = circle.polygon().into_iter();
        Some(points.map(|[x, y]| [x0 + x, y0 + y]).collect())
    }

    /// Where a place moves that a nodule pushes away: `r³ -> r³ + R³` about its centre, which
    /// keeps volumes.
    pub(super) fn pushed(&self, p: [f64; 3]) -> [f64; 3] {
        let d: [f64; 3] = from_fn(|n| p[n] - self.centre_mm[n]);
        let cube = |r: f64| r * r * r;
        let distance = (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt().max(0.1);
        let own = cube(self.radius_mm + 1.0);
        if cube(distance) > 50.0 * own {
            return p;
        }
        let factor = libm::cbrt(cube(distance) + own) / distance;
        from_fn(|n| self.centre_mm[n] + factor * d[n])
    }
}

/// A free place for a nodule, smaller than wanted if need be, but not than the smallest.
fn place(
    rng: &mut ChaCha8Rng,
    chest: &Chest,
    others: &[Nodule],
    wanted: f64,
) -> Option<([f64; 3], f64)> {
    let [half, front, back] = chest.room;
    let mut radius = wanted;
    while radius >= RADII_MM[0] {
        for _ in 0..TRIES {
            let p = [
                rng.random_range(-half..half),
                rng.random_range(-back..front),
                rng.random_range(-100.0..100.0),
            ];
            let apart = |o: &Nodule| {
                let square: f64 = (0..3).map(|n| (o.centre_mm[n] - p[n]).powi(2)).sum();
                square.sqrt() > 1.3 * (o.radius_mm + radius) + ROOM_MM
            };
            let room = chest.depth_in_lung(p) > 1.2 * radius + ROOM_MM;
            if room && others.iter().all(apart) && fits(chest, p, radius) {
                return Some((p, radius));
            }
        }
        radius *= 0.7;
    }
    None
}

/// Whether the lung holds points all around.
fn fits(chest: &Chest, p: [f64; 3], radius: f64) -> bool {
    let reach = 1.2 * radius + 1.0;
    (0..26).all(|n| {
        let n = if n < 13 { n } else { n + 1 };
        let d = [n % 3, n / 3 % 3, n / 9].map(|v| f64::from(v) - 1.0);
        let length = (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt();
        chest.depth_in_lung(from_fn(|k| p[k] + reach / length * d[k])) > 1.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anatomy::thorax::wall::Wall;
    use rand::SeedableRng;

    #[test]
    fn nodules_lie_in_the_lung_apart_and_of_their_size() {
        let mut found = [0; 4];
        for seed in 0..60 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let wall = Wall::random(&mut rng);
            let chest = Chest::random(&mut rng, &wall);
            let nodules = Nodule::random(&mut rng, &chest, -800.0);
            found[nodules.len()] += 1;
            for nodule in &nodules {
                assert!((2.0..=15.0).contains(&nodule.radius_mm));
                assert!((150.0..900.0).contains(&nodule.contrast_hu));
                let [.., z] = nodule.centre_mm;
                for h in [-0.9, -0.5, 0.0, 0.6] {
                    let z = z + h * nodule.radius_mm;
                    for [x, y] in nodule.section(z).unwrap() {
                        assert!(chest.depth_in_lung([x, y, z]) > 0.0, "{seed}");
                    }
                }
                assert!(nodule.section(z + 1.001 * nodule.radius_mm).is_none());
            }
        }
        assert!(found.iter().all(|n| *n > 3), "{found:?}");
    }

    #[test]
    fn what_is_pushed_away_ends_outside_and_keeps_its_volume() {
        let nodule = Nodule {
            centre_mm: [1.0, 2.0, 3.0],
            radius_mm: 5.0,
            contrast_hu: 800.0,
            outline: [[0.0; 2]; 3],
        };
        let distance = |p: [f64; 3]| {
            let square: f64 = (0..3).map(|n| (p[n] - nodule.centre_mm[n]).powi(2)).sum();
            square.sqrt()
        };
        for n in 0..200 {
            let p = from_fn(|k| f64::from(n * [7, 11, 5][k] % 31) - 14.6);
            let (before, after) = (distance(p), distance(nodule.pushed(p)));
            assert!(after > 6.0);
            let volume = after.powi(3) - before.powi(3);
            assert!(after == before || (volume - 216.0).abs() < 1e-6 * after.powi(3));
        }
    }
}
