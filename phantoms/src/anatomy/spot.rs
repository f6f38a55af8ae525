//! Lesions of the white matter: ellipsoids with a smooth, uneven outline.

use std::f64::consts::{PI, TAU};

use ndarray::Array3;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::ct::Tissue;

/// Candidates for one head, and how many may meet in one section.
const CANDIDATES: usize = 24;
const AT_ONCE: usize = 3;
/// Places that are tried for a candidate.
const TRIES: usize = 200;
/// Width of the border.
const EDGE_MM: f64 = 1.0;

/// An ellipsoid in a head, in voxels of 1 mm: column, row and slice.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spot {
    centre: [f64; 3],
    semi: [f64; 3],
    /// Cosine and sine of the turn within the plane.
    turn: [f64; 2],
    /// Cosine and sine parts of the harmonics 2 to 5 of the outline.
    outline: [[f32; 2]; 4],
}

/// What a plane cuts out of a spot.
#[derive(Clone, Debug)]
pub(super) struct SpotSection {
    centre: [f32; 2],
    /// From millimetres to half axes.
    matrix: [[f32; 2]; 2],
    outline: [[f32; 2]; 4],
    /// Half the shorter axis over the width of the border.
    sharpness: f32,
    reach: f32,
}

impl Spot {
    /// Spots within the white matter of a head, no more than three in any section.
    pub fn random(rng: &mut ChaCha8Rng, tissues: &Array3<u8>) -> Vec<Self> {
        let mut spots: Vec<Self> = Vec::new();
        for _ in 0..rng.random_range(0..=CANDIDATES) {
            let radius: f64 = rng.random_range(2.0..7.0);
            let Some(centre) = place(rng, tissues, 0.6 * radius) else {
                continue;
            };
            let spot = Self::shaped(rng, centre, radius);
            let crowded = spots.iter().filter(|s| s.meets(&spot)).count() >= AT_ONCE;
            if !crowded && !spots.iter().any(|s| s.overlaps(&spot)) {
                spots.push(spot);
            }
        }
        spots
    }

    fn shaped(rng: &mut ChaCha8Rng, centre: [f64; 3], radius: f64) -> Self {
        let mut axis = || radius * rng.random_range(0.6..1.3);
        let semi = [axis(), axis(), axis()];
        let angle = rng.random_range(0.0..PI);
        let outline = std::array::from_fn(|k| {
            let height = 0.25 / (k + 2) as f64 * rng.random_range(0.0..1.0);
            let phase = rng.random_range(0.0..TAU);
            [libm::cos(phase), libm::sin(phase)].map(|v| (height * v) as f32)
        });
        Self {
            centre,
            semi,
            turn: [libm::cos(angle), libm::sin(angle)],
            outline,
        }
    }

    /// What plane `z` cuts out.
    pub fn section(&self, z: f64) -> Option<SpotSection> {
        let height = (z - self.centre[2]) / self.semi[2];
        if height.abs() >= 1.0 {
            return None;
        }
        let cut = (1.0 - height * height).sqrt();
        let [a, b] = [cut * self.semi[0], cut * self.semi[1]];
        let [c, s] = self.turn;
        Some(SpotSection {
            centre: [self.centre[0] as f32, self.centre[1] as f32],
            matrix: [[c / a, s / a], [-s / b, c / b]].map(|row| row.map(|v| v as f32)),
            outline: self.outline,
            sharpness: (a.min(b) / EDGE_MM) as f32,
            reach: (1.6 * a.max(b) + EDGE_MM) as f32,
        })
    }

    /// Whether some plane cuts both.
    fn meets(&self, other: &Self) -> bool {
        (self.centre[2] - other.centre[2]).abs() < self.semi[2] + other.semi[2]
    }

    /// Whether they may touch.
    fn overlaps(&self, other: &Self) -> bool {
        let reach = |s: &Self| 1.5 * s.semi.iter().copied().fold(0.0, f64::max) + EDGE_MM;
        let apart: f64 = (0..3)
            .map(|n| (self.centre[n] - other.centre[n]).powi(2))
            .sum();
        apart < (reach(self) + reach(other)).powi(2)
    }
}

impl SpotSection {
    /// The share of the spot at a column and a row, in millimetres.
    #[inline]
    pub fn share(&self, [x, y]: [f32; 2]) -> f32 {
        let [dx, dy] = [x - self.centre[0], y - self.centre[1]];
        if dx.abs() > self.reach || dy.abs() > self.reach {
            return 0.0;
        }
        let m = self.matrix;
        let (u, v) = (m[0][0] * dx + m[0][1] * dy, m[1][0] * dx + m[1][1] * dy);
        let radius = (u * u + v * v).sqrt();
        let [c, s] = [u, v].map(|w| w / radius.max(1e-6));
        // Powers of the direction: cosine and sine of k times its angle.
        let (mut power, mut edge) = ([c, s], 1.0);
        for [a, b] in self.outline {
            power = [power[0] * c - power[1] * s, power[0] * s + power[1] * c];
            edge += a * power[0] + b * power[1];
        }
        (0.5 + (edge - radius) * self.sharpness).clamp(0.0, 1.0)
    }
}

/// A voxel of white matter with white matter at a distance around it.
fn place(rng: &mut ChaCha8Rng, tissues: &Array3<u8>, distance: f64) -> Option<[f64; 3]> {
    let (nz, ny, nx) = tissues.dim();
    let reach = distance.ceil() as usize;
    (0..TRIES).find_map(|_| {
        let mut pick = |n: usize| rng.random_range(reach as u32..(n - reach).max(reach + 1) as u32);
        let [z, y, x] = [nz, ny, nx].map(|n| pick(n) as usize);
        let white = |at: (usize, usize, usize)| tissues.get(at) == Some(&(Tissue::White as u8));
        let all = white((z, y, x))
            && white((z + reach, y, x))
            && white((z - reach, y, x))
            && white((z, y + reach, x))
            && white((z, y - reach, x))
            && white((z, y, x + reach))
            && white((z, y, x - reach));
        all.then_some([x as f64, y as f64, z as f64])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn white() -> Array3<u8> {
        Array3::from_shape_fn((60, 70, 80), |(z, y, x)| {
            let inside = (8..52).contains(&z) && (8..60).contains(&y) && (8..70).contains(&x);
            if inside { Tissue::White as u8 } else { 0 }
        })
    }

    #[test]
    fn at_most_three_meet_in_a_section_and_none_touch() {
        let mut most = 0;
        for seed in 0..40 {
            let spots = Spot::random(&mut ChaCha8Rng::seed_from_u64(seed), &white());
            for z in 0..60 {
                let cut: Vec<_> = spots
                    .iter()
                    .filter_map(|s| s.section(f64::from(z)))
                    .collect();
                most = most.max(cut.len());
                for n in 0..60 * 70 {
                    let at = [(n % 70) as f32 * 1.1, (n / 70) as f32 * 1.2];
                    let sum: f32 = cut.iter().map(|s| s.share(at)).sum();
                    assert!((0.0..=1.0).contains(&sum), "{seed} {z}");
                }
            }
        }
        assert_eq!(most, 3);
    }

    #[test]
    fn the_volume_of_a_spot_without_harmonics_is_that_of_an_ellipsoid() {
        let mut spot = Spot::shaped(&mut ChaCha8Rng::seed_from_u64(4), [30.3, 25.1, 20.7], 6.0);
        spot.outline = [[0.0; 2]; 4];
        let step = 0.25f32;
        let volume: f64 = (0..160)
            .filter_map(|z| spot.section(f64::from(z) * 0.25))
            .map(|cut| {
                let samples = (0..240 * 240).map(|n| [(n % 240) as f32, (n / 240) as f32]);
                samples
                    .map(|p| f64::from(cut.share(p.map(|v| v * step))))
                    .sum::<f64>()
            })
            .sum::<f64>()
            * f64::from(step).powi(3);
        let expected = 4.0 / 3.0 * PI * spot.semi.iter().product::<f64>();
        assert!(
            (volume / expected - 1.0).abs() < 0.03,
            "{volume} {expected}"
        );
    }
}
