//! What lies within the cavity: lungs, heart, the domes of the diaphragm.

use std::array::from_fn;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::ring::{Ellipsoid, Ring, bump, step};
use super::room::RoomTable;
use super::wall::Wall;

/// Fat between the heart and its sac.
const SAC_MM: f64 = 3.5;
/// Heights at which the cavity is known for quick questions.
const TABLE_MM: [f64; 2] = [-160.0, 20.0];
const TABLE: usize = 16;

/// A side of the body: the patient's left is at positive x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Right,
    Left,
}

impl Side {
    pub const BOTH: [Self; 2] = [Self::Right, Self::Left];

    /// The sign of x.
    pub fn sign(self) -> f64 {
        match self {
            Self::Right => -1.0,
            Self::Left => 1.0,
        }
    }
}

/// The organs of one body.
#[derive(Clone, Debug)]
pub(super) struct Chest {
    /// Half width, front and back of the cavity at mid height.
    pub room: [f64; 3],
    pub sac: Ellipsoid,
    pub heart: Ellipsoid,
    pub chambers: [Ellipsoid; 3],
    /// Below the right lung, the left one and the heart.
    pub domes: [Ellipsoid; 3],
    /// Height of the middle of the lungs, and half their height.
    lung_mm: [f64; 2],
    /// Half width of what is between the lungs.
    between_mm: f64,
    cavities: Vec<Ring>,
}

impl Chest {
    pub fn random(rng: &mut ChaCha8Rng, wall: &Wall) -> Self {
        let [side, front, back] = wall.room();
        let room = (side / 135.0).min((front + back) / 125.0);
        let size: f64 = room.clamp(0.7, 1.15) * rng.random_range(0.92..1.05);
        let centre = [0.15 * side, 0.5 * (front - back) + 8.0, -42.0];
        let axis = [0.62, 0.42, -0.55];
        let heart = |semi: [f64; 3]| Ellipsoid::along(centre, semi, axis);
        let semi = [56.0, 44.0, 42.0].map(|v| v * size);
        let chamber = |off: [f64; 3], semi: [f64; 3]| {
            let at = from_fn(|n| centre[n] + size * off[n]);
            Ellipsoid::along(at, semi.map(|v| v * size), axis)
        };
        let dome = |sign: f64, top: f64, wide: f64| {
            let centre = [sign * 0.5 * side, 0.5 * (front - back), top - 95.0];
            Ellipsoid::upright(centre, [wide * side, 0.52 * (front + back), 95.0])
        };
        let top = rng.random_range(-85.0..-65.0);
        Self {
            room: [side, front, back],
            sac: heart(semi.map(|v| v + SAC_MM)),
            heart: heart(semi),
            chambers: [
                chamber([12.0, -10.0, -8.0], [30.0, 15.0, 16.0]),
                chamber([4.0, 20.0, -6.0], [32.0, 12.0, 18.0]),
                chamber([-28.0, -2.0, 12.0], [20.0, 20.0, 22.0]),
            ],
            domes: [
                dome(-1.0, top, 0.66),
                dome(1.0, top - rng.random_range(5.0..15.0), 0.66),
                dome(-0.1, top - 7.0, 0.9),
            ],
            lung_mm: [-15.0, 136.0],
            between_mm: rng.random_range(15.0..20.0) * size,
            cavities: (0..TABLE)
                .map(|n| wall.layers(TABLE_MM[0] + TABLE_MM[1] * n as f64).cavity)
                .collect(),
        }
    }

    /// The outline of a lung at a height, before heart and diaphragm: an ellipsoid within the cavity
    /// and beside the mediastinum.
    pub fn lung(&self, side: Side, z: f64, cavity: &Ring) -> Option<Vec<[f64; 2]>> {
        if (z - self.lung_mm[0]).abs() >= self.lung_mm[1] {
            return None;
        }
        let ([x0, y0], [a, b]) = self.ellipse(side, z);
        let circle = Ring::new(|_, _| 1.0).polygon();
        let points = circle.iter().map(|[c, s]| {
            let [x, y] = [x0 + a * c, y0 + b * s];
            let x = side.sign() * (side.sign() * x).max(self.medial(side, y, z));
            cavity.confine([x, y])
        });
        Some(points.collect())
    }

    /// Centre and half axes of the ellipsoid of a lung at a height; next to nothing beyond its ends.
    fn ellipse(&self, side: Side, z: f64) -> ([f64; 2], [f64; 2]) {
        let [half, front, back] = self.room;
        let h = (z - self.lung_mm[0]) / self.lung_mm[1];
        // Fuller than an ellipsoid towards its ends.
        let cut = (1.0 - (h * h).powi(2)).max(1e-6).sqrt();
        let x = side.sign() * half * (0.55 - 0.12 * h.max(0.0));
        let y = 0.5 * (front - back) - 8.0 * h.max(0.0);
        ([x, y], [0.62 * half * cut, 0.72 * (front + back) * cut])
    }

    /// Where a lung ends towards the middle: a thin junction in front, then the vessels of the
    /// heart, then the spine.
    fn medial(&self, side: Side, y: f64, z: f64) -> f64 {
        let [_, front, back] = self.room;
        let middle = 0.25 * (front - back);
        let upper = step(20.0, 80.0, z);
        let vessels = self.between_mm * (1.0 + 0.25 * upper);
        let spine = 13.0 + if side == Side::Left { 8.0 } else { 0.0 };
        7.0 + vessels * bump((y - middle) / (0.5 * front)) + spine * bump((y + back - 12.0) / 26.0)
    }

    /// How far a place lies within a lung, about; negative outside.
    pub fn depth_in_lung(&self, [x, y, z]: [f64; 3]) -> f64 {
        let side = if x < 0.0 { Side::Right } else { Side::Left };
        // Falls steadily beyond the ends, too: a table of it is asked for what lies between.
        let ([x0, y0], [a, b]) = self.ellipse(side, z);
        let (u, v) = ((x - x0) / a, (y - y0) / b);
        let level = (u * u + v * v).sqrt();
        let to_end = self.lung_mm[1] - (z - self.lung_mm[0]).abs();
        let radius = (x * x + y * y).sqrt();
        let outside = |e: &Ellipsoid| (e.level([x, y, z]) - 1.0) * e.shortest;
        [
            (1.0 - level) * a.min(b),
            to_end,
            self.cavity(libm::atan2(y, x), z) - radius,
            side.sign() * x - self.medial(side, y, z),
            outside(&self.sac),
        ]
        .into_iter()
        .chain(self.domes.iter().map(outside))
        .fold(f64::INFINITY, f64::min)
    }

    /// [`depth_in_lung`](Self::depth_in_lung) for many questions.
    pub fn room_table(&self) -> RoomTable {
        let (mut low, mut high) = ([0.0f64; 2], [0.0f64; 2]);
        for p in self.cavities.iter().flat_map(Ring::polygon) {
            low = [low[0].min(p[0]), low[1].min(p[1])];
            high = [high[0].max(p[0]), high[1].max(p[1])];
        }
        RoomTable::new([low, high], &|p| self.depth_in_lung(p))
    }

    /// The radius of the cavity.
    fn cavity(&self, angle: f64, z: f64) -> f64 {
        let at = ((z - TABLE_MM[0]) / TABLE_MM[1]).clamp(0.0, (TABLE - 1) as f64);
        let first = (at as usize).min(TABLE - 2);
        let [a, b] = [first, first + 1].map(|n| self.cavities[n].at(angle));
        a + (at - first as f64) * (b - a)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    /// Whether a point lies within a polygon, by the parity of crossings.
    fn contains(polygon: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
        let next = polygon.iter().cycle().skip(1);
        let crossings = polygon.iter().zip(next).filter(|(p, q)| {
            (p[1] > y) != (q[1] > y) && x < p[0] + (y - p[1]) / (q[1] - p[1]) * (q[0] - p[0])
        });
        crossings.count() % 2 == 1
    }

    #[test]
    fn the_depth_and_the_outline_of_a_lung_are_of_one_body() {
        for seed in 0..6 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let wall = Wall::random(&mut rng);
            let chest = Chest::random(&mut rng, &wall);
            for z in [-100.0, -50.0, 0.0, 40.0, 95.0] {
                let cavity = wall.layers(z).cavity;
                for side in Side::BOTH {
                    let lung = chest.lung(side, z, &cavity).unwrap();
                    let [a, b, c] = &chest.domes;
                    let organs = [&chest.sac, a, b, c];
                    for n in 0..60 * 50 {
                        let [x, y] = [
                            f64::from(n % 60) * 6.0 - 180.0,
                            f64::from(n / 60) * 5.0 - 125.0,
                        ];
                        let depth = chest.depth_in_lung([x, y, z]);
                        if x * side.sign() <= 0.0 || depth.abs() < 3.0 {
                            continue;
                        }
                        let free = organs.iter().all(|e| e.level([x, y, z]) > 1.0);
                        assert_eq!(
                            contains(&lung, [x, y]) && free,
                            depth > 0.0,
                            "{seed} {z} {x} {y} {depth}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn the_heart_lies_to_the_left_and_in_the_cavity() {
        for seed in 0..50 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let wall = Wall::random(&mut rng);
            let chest = Chest::random(&mut rng, &wall);
            assert!(chest.heart.centre[0] > 5.0);
            let cavity = wall.layers(-42.0).cavity;
            let cut = chest.heart.section(-42.0).unwrap();
            let inside = cut.iter().filter(|p| cavity.confine(**p) == **p).count();
            assert!(
                inside * 10 > cut.len() * 9,
                "{seed}: {inside} of {}",
                cut.len()
            );
            assert!(
                chest
                    .chambers
                    .iter()
                    .all(|c| chest.heart.level(c.centre) < 1.0)
            );
        }
    }
}
