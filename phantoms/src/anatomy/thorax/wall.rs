//! The wall of the chest: skin, fat, muscles, and the curve along which ribs run.

use std::array::from_fn;
use std::f64::consts::{FRAC_PI_2, TAU};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::ring::{Ring, between, bump, step};

/// Half axes of the body of an adult of middle size.
const SEMI_MM: [f64; 2] = [172.0, 112.0];
const SKIN_MM: f64 = 1.8;
/// From the middle of a rib to the lung.
const PLEURA_MM: f64 = 5.5;

/// The angles of the spine and of the sternum.
pub(super) const BACK: f64 = -FRAC_PI_2;
pub(super) const FRONT: f64 = FRAC_PI_2;

/// The body as a super-ellipse `|x / a|ⁿ + |y / b|ⁿ = 1`, a little uneven, with layers of its own
/// thickness.
#[derive(Clone, Debug)]
pub(super) struct Wall {
    semi: [f64; 2],
    exponent: f64,
    /// Height, phase and drift along the body of the harmonics 2 to 5 of the outline.
    uneven: [[f64; 3]; 4],
    fat_mm: f64,
    muscle_mm: f64,
    shoulder_mm: f64,
}

/// The outlines of the layers at one height, from the outside to the inside.
#[derive(Clone, Debug)]
pub(super) struct Layers {
    pub skin: Ring,
    pub fat: Ring,
    pub muscle: Ring,
    /// The middle of the ribs.
    pub cage: Ring,
    pub cavity: Ring,
}

impl Wall {
    pub fn random(rng: &mut ChaCha8Rng) -> Self {
        // Wide bodies are deep ones.
        let wide: f64 = rng.random_range(0.8..1.2);
        let deep = (wide + rng.random_range(-0.1..0.1)).clamp(0.8, 1.2);
        let room = 0.3 + 0.7 * (0.5 * (wide + deep) - 0.8) / 0.4;
        Self {
            semi: [wide * SEMI_MM[0], deep * SEMI_MM[1]],
            exponent: rng.random_range(2.0..3.0),
            uneven: from_fn(|k| {
                let height = 0.02 / (k + 2) as f64;
                [
                    rng.random_range(-height..height),
                    rng.random_range(0.0..TAU),
                    rng.random_range(-0.6..0.6),
                ]
            }),
            fat_mm: 5.0 + 35.0 * room * rng.random_range(0.0..1.0),
            muscle_mm: deep * rng.random_range(8.0..14.0),
            shoulder_mm: deep * rng.random_range(12.0..20.0),
        }
    }

    /// The layers at a height.
    pub fn layers(&self, z: f64) -> Layers {
        let h = z / 120.0;
        let taper = taper(z);
        let [a, b] = self.semi.map(|v| v * taper);
        let n = self.exponent;
        let skin = Ring::new(|angle, [c, s]| {
            let sum = libm::pow((c / a).abs(), n) + libm::pow((s / b).abs(), n);
            let groove = 0.035 * bump(between(angle, BACK) / 0.16);
            let uneven: f64 = (2u8..)
                .zip(self.uneven)
                .map(|(k, [height, phase, drift])| {
                    height * libm::cos(f64::from(k) * angle + phase + drift * h)
                })
                .sum();
            libm::pow(sum, -n.recip()) * (1.0 + uneven - groove)
        });
        // Ribs are rounder than the body: half of the corners is fat, the rest muscle.
        let corner = |angle: f64| {
            let (c, s) = (libm::cos(angle) / a, libm::sin(angle) / b);
            (skin.at(angle) - (c * c + s * s).sqrt().recip()).max(0.0)
        };
        let fat = skin.inset(|_| SKIN_MM);
        let muscle = fat.inset(|angle| self.fat_mm * fat_profile(angle) + 0.4 * corner(angle));
        let cage = muscle.inset(|angle| self.muscle(angle, z) + 0.4 * corner(angle));
        let cavity = cage.inset(|_| PLEURA_MM);
        Layers {
            skin,
            fat,
            muscle,
            cage,
            cavity,
        }
    }

    /// Narrower with the body; thick beside the spine and, higher up, around the shoulder blades and on the breast.
    fn muscle(&self, angle: f64, z: f64) -> f64 {
        let high = step(-70.0, 60.0, z);
        let from_back = between(angle, BACK).abs();
        let from_front = between(angle, FRONT).abs();
        taper(z) * self.muscle_mm * (1.0 + 1.9 * bump(from_back / 0.5))
            + high * self.shoulder_mm * bump((from_back - 0.85) / 0.5)
            + high * 0.5 * self.shoulder_mm * bump((from_front - 0.7) / 0.4)
    }

    /// Half width, front and back of the cavity at mid height.
    pub fn room(&self) -> [f64; 3] {
        let cavity = self.layers(0.0).cavity;
        [
            0.5 * (cavity.at(0.0) + cavity.at(TAU / 2.0)),
            cavity.at(FRONT),
            cavity.at(BACK),
        ]
    }
}

/// Size of the body at a height: narrower to both ends.
fn taper(z: f64) -> f64 {
    let h = z / 120.0 + 0.2;
    1.0 - 0.09 * h * h
}

/// Thickness of the fat relative to its mean: thin over the spine, the sternum and the armpits.
fn fat_profile(angle: f64) -> f64 {
    let near = |of: f64, width: f64| bump(between(angle, of) / width);
    1.15 - 0.45 * near(BACK, 0.3) - 0.35 * near(FRONT, 0.3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn layers_lie_in_each_other_and_leave_room() {
        for seed in 0..200 {
            let wall = Wall::random(&mut ChaCha8Rng::seed_from_u64(seed));
            for z in [-120.0, -30.0, 0.0, 70.0, 115.0] {
                let l = wall.layers(z);
                for n in 0..50 {
                    let angle = TAU * f64::from(n) / 50.0;
                    let radii =
                        [&l.skin, &l.fat, &l.muscle, &l.cage, &l.cavity].map(|r| r.at(angle));
                    assert!(radii.windows(2).all(|w| w[0] > w[1]), "{seed} {radii:?}");
                    assert!(radii[4] > 25.0, "{seed} {z} {angle} {radii:?}");
                }
            }
            let [side, front, back] = wall.room();
            assert!(
                side > 90.0 && front > 40.0 && back > 25.0,
                "{side} {front} {back}"
            );
        }
    }
}
