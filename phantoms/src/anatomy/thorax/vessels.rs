//! Great vessels, airways, and the trees in the lungs.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::canvas::{Canvas, Fill};
use super::chest::{Chest, Side};
use super::nodule::Nodule;
use super::palette::Palette;
use super::tree::{Root, grow};
use super::tube::Tube;

/// Thickness of the wall of an airway.
const WALL_MM: f64 = 1.4;
/// Vessels that enter a lung: radius, height above the hilum, and the way they take to the front
/// and upwards.
const ROOTS: [(f64, f64, [f64; 2]); 5] = [
    (6.0, 0.0, [0.5, 0.5]),
    (5.0, -4.0, [-0.5, -0.7]),
    (4.5, 8.0, [-0.1, 0.9]),
    (4.5, -18.0, [0.3, -0.7]),
    (4.0, -8.0, [1.3, 0.0]),
];

/// Everything round and hollow of one body.
#[derive(Clone, Debug)]
pub(super) struct Vessels {
    /// All branches of all trees.
    lungs: Vec<Tube>,
    great: Vec<Tube>,
    airways: Vec<Tube>,
    gullet: Vec<Tube>,
}

impl Vessels {
    /// Vessels of a chest, which bend around nodules.
    pub fn random(rng: &mut ChaCha8Rng, chest: &Chest, nodules: &[Nodule]) -> Self {
        let plan = Plan::new(chest);
        let table = chest.room_table();
        let room = |p: [f64; 3]| table.at(p);
        let mut lungs = Vec::new();
        for side in Side::BOTH {
            for (radius_mm, above, way) in ROOTS {
                let [x, y, z] = plan.hilum(side);
                let root = Root {
                    at: [x, y, z + above],
                    direction: [side.sign(), way[0] + rng.random_range(-0.2..0.2), way[1]],
                    radius_mm,
                };
                lungs.extend(grow(rng, root, &room).into_iter().map(|b| b.tube));
            }
        }
        let around = |p: [f64; 3]| nodules.iter().fold(p, |p, nodule| nodule.pushed(p));
        for tube in &mut lungs {
            (tube.from, tube.to) = (around(tube.from), around(tube.to));
        }
        // What a nodule pushes out of the lung is gone.
        lungs.retain(|tube| nodules.is_empty() || room(tube.to) > tube.radius_mm);
        Self {
            lungs,
            great: plan.great(),
            airways: plan.airways(),
            gullet: plan.gullet(),
        }
    }

    /// Paints what lies within the lungs.
    pub fn paint_lungs(&self, canvas: &mut Canvas, z: f64, palette: &Palette) {
        canvas.tubes(self.lungs.iter(), z, Fill::Within(palette.blood));
    }

    /// Paints what lies between them.
    pub fn paint_great(&self, canvas: &mut Canvas, z: f64, palette: &Palette) {
        canvas.tubes(self.gullet.iter(), z, Fill::Other(palette.muscle));
        canvas.tubes(self.great.iter(), z, Fill::Other(palette.blood));
        let walls: Vec<Tube> = self
            .airways
            .iter()
            .map(|t| t.with_radius(t.radius_mm + WALL_MM))
            .collect();
        canvas.tubes(walls.iter(), z, Fill::Other(palette.muscle));
        canvas.tubes(self.airways.iter(), z, Fill::Other(-1000.0));
    }
}

/// Where things lie in a cavity of some half width, front and back.
struct Plan {
    /// Relative to a half width of 135 mm.
    size: f64,
    side: f64,
    front: f64,
    /// y in front of the vertebrae.
    spine: f64,
}

impl Plan {
    fn new(chest: &Chest) -> Self {
        let [side, front, back] = chest.room;
        let size = (side / 135.0).clamp(0.85, 1.15);
        Self {
            size,
            side,
            front,
            spine: 6.0 + 13.5 * size - back,
        }
    }

    /// y of the windpipe.
    fn airway_y(&self) -> f64 {
        self.spine + 25.0 * self.size
    }

    /// Where vessels enter a lung.
    fn hilum(&self, side: Side) -> [f64; 3] {
        let z = if side == Side::Left { 12.0 } else { 6.0 };
        [side.sign() * 0.3 * self.side, self.airway_y() - 2.0, z]
    }

    fn great(&self) -> Vec<Tube> {
        let k = self.size;
        let back = [0.15 * self.side, self.spine + 3.0 * k];
        let rise = [-0.07 * self.side, self.airway_y() + 34.0 * k];
        let mut tubes = Vec::new();
        let mut add = |points: &[[f64; 3]], radius: f64| {
            tubes.extend(Tube::path(points, radius * k));
        };
        add(
            &[[back[0], back[1], -170.0], [back[0], back[1], 45.0]],
            11.5,
        );
        add(
            &[
                [0.05 * self.side, rise[1] - 4.0, -25.0],
                [rise[0], rise[1], 10.0],
                [rise[0], rise[1], 45.0],
            ],
            14.5,
        );
        let arch: Vec<[f64; 3]> = (0..=8)
            .map(|n| {
                let t = f64::from(n) / 8.0;
                let height = 45.0 + 64.0 * t * (1.0 - t);
                [
                    rise[0] + t * (back[0] - rise[0]),
                    rise[1] + t * (back[1] - rise[1]),
                    height,
                ]
            })
            .collect();
        add(&arch, 12.5);
        for (t, x) in [(0.3, -0.12), (0.5, 0.02), (0.72, 0.15)] {
            let y = rise[1] + t * (back[1] - rise[1]);
            let start = rise[0] + t * (back[0] - rise[0]);
            add(
                &[
                    [start, y, 55.0],
                    [x * self.side, y, 85.0],
                    [1.4 * x * self.side, y, 140.0],
                ],
                5.5,
            );
        }
        // Caval veins, and the left brachiocephalic one.
        let caval = [-0.2 * self.side, self.airway_y() + 22.0 * k];
        add(
            &[
                [caval[0], caval[1], -10.0],
                [caval[0], caval[1], 80.0],
                [1.5 * caval[0], caval[1], 140.0],
            ],
            9.0,
        );
        add(
            &[
                [caval[0], caval[1], 72.0],
                [0.0, rise[1] + 12.0 * k, 82.0],
                [0.25 * self.side, rise[1] - 8.0, 100.0],
                [0.4 * self.side, rise[1] - 8.0, 140.0],
            ],
            6.5,
        );
        add(
            &[
                [-0.17 * self.side, self.spine + 28.0 * k, -170.0],
                [-0.15 * self.side, self.spine + 30.0 * k, -60.0],
            ],
            11.0,
        );
        // The pulmonary trunk and its two branches.
        let fork = [0.1 * self.side, self.airway_y() + 20.0 * k, 20.0];
        add(&[[0.12 * self.side, 0.55 * self.front, -15.0], fork], 13.0);
        let [right, left] = Side::BOTH.map(|side| self.hilum(side));
        add(
            &[
                fork,
                [-0.12 * self.side, self.airway_y() + 17.0 * k, 14.0],
                right,
            ],
            9.5,
        );
        add(&[fork, left], 9.5);
        tubes
    }

    fn airways(&self) -> Vec<Tube> {
        let y = self.airway_y();
        let carina = [0.02 * self.side, y, 30.0];
        let mut tubes = Tube::path(&[[0.0, y + 8.0, 150.0], carina], 8.5 * self.size);
        for side in Side::BOTH {
            let x = side.sign() * self.side;
            let points = [
                carina,
                [0.24 * x, y - 6.0, 4.0],
                [0.36 * x, y - 10.0, -12.0],
            ];
            tubes.extend(Tube::path(&points, 5.5 * self.size));
        }
        tubes
    }

    fn gullet(&self) -> Vec<Tube> {
        let y = self.spine + 8.0 * self.size;
        Tube::path(
            &[
                [0.0, y, 150.0],
                [-2.0, y, 0.0],
                [0.1 * self.side, y + 10.0, -170.0],
            ],
            7.0 * self.size,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anatomy::thorax::wall::Wall;
    use rand::SeedableRng;

    #[test]
    fn vessels_of_the_lung_end_in_the_lung_and_are_many() {
        for seed in 0..12 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let wall = Wall::random(&mut rng);
            let chest = Chest::random(&mut rng, &wall);
            let nodules = Nodule::random(&mut rng, &chest, -800.0);
            let vessels = Vessels::random(&mut rng, &chest, &nodules);
            for side in Side::BOTH {
                let own = |tube: &&Tube| tube.to[0] * side.sign() > 0.0;
                assert!(vessels.lungs.iter().filter(own).count() > 1500, "{seed}");
            }
            // The table of the lung is off by a little.
            let deep = |tube: &Tube| chest.depth_in_lung(tube.to) > -1.0;
            assert!(vessels.lungs.iter().all(deep), "{seed}");
        }
    }
}
