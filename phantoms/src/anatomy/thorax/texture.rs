//! The texture of tissues, continuous through the body.

use std::f64::consts::FRAC_PI_2;

use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::ct::{CtGrid, Fractal};
use crate::pure::Normals;

/// Distance of the planes on which texture is drawn.
const PLANE_MM: f64 = 5.0;
/// Octaves from and to.
const CELLS_MM: [f64; 2] = [40.0, 2.4];
/// Octaves that shrink by `2^-1/2` have a power spectrum that falls as the cube of the frequency.
const FALL: f64 = 0.5;
/// The streams of numbers of the planes begin here.
const STREAM: u64 = 1000;

/// Noise of variance about 1 and a power spectrum `f^-3` at a height: two planes of it, which give
/// way to each other.
pub(super) fn texture(seed: u64, z: f64, grid: &CtGrid) -> Array2<f32> {
    let at = z / PLANE_MM;
    let first = at.floor();
    let turn = FRAC_PI_2 * (at - first);
    let plane = |n: f64| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(STREAM.wrapping_add_signed(n as i64));
        Fractal::random(&mut rng, CELLS_MM, FALL, Normals::Pure).on(grid)
    };
    let mut sum = plane(first) * libm::cos(turn) as f32;
    sum.scaled_add(libm::sin(turn) as f32, &plane(first + 1.0));
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texture_changes_smoothly_along_the_body_and_has_its_variance() {
        let grid = CtGrid::new(120, 150, 1.5).unwrap();
        let square = |a: Array2<f32>| a.iter().map(|v| v * v).sum::<f32>() / a.len() as f32;
        let mut sum = 0.0;
        for seed in 0..20 {
            let z = [-12.5, 0.0, 3.3][seed as usize % 3];
            let here = texture(seed, z, &grid);
            let near = square(texture(seed, z + 0.2, &grid) - &here);
            let far = square(texture(seed, z + 12.0, &grid) - &here);
            assert!(near < 0.02 && far > 0.5, "{near} {far}");
            sum += square(here);
        }
        assert!((sum / 20.0 - 1.0).abs() < 0.15, "{sum}");
    }
}
