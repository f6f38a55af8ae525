//! Images from sections of real volumes: mildly deformed, with a drawn phase where none is known.

use ndarray::Array2;
use num_complex::Complex32;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::f32::consts::PI;

use super::finish::phase;
use super::labels::source_points;
use crate::fft::{fft2_cropped, ifft2};
use crate::pure::Normals;
use crate::warp::Warp;

/// A section mildly deformed: `Complex32[ly, lx] -> Complex32[size]`; one pixel of the section
/// becomes about one of the image, centre near centre, and zero lies around it.
///
/// Strains of up to 15 %, a turn of up to 10 degrees, 10 % of zoom; a section that is larger than
/// the image is cut at a random place. Values are read between pixels by Lanczos' kernel of eight
/// taps on the doubled grid, whose spectrum is then cut, so that the finest texture stays.
pub fn deformed(
    section: &Array2<Complex32>,
    rng: &mut ChaCha8Rng,
    size: (usize, usize),
) -> Array2<Complex32> {
    if section.is_empty() || size.0 == 0 || size.1 == 0 {
        return Array2::zeros(size);
    }
    let warp = deformation(rng);
    let (ly, lx) = section.dim();
    let mut room = |section: usize, image: usize| {
        let half = 0.5 * section.saturating_sub(image) as f64;
        (section / 2) as f64 + half * rng.random_range(-1.0..1.0)
    };
    let centre = [room(lx, size.1), room(ly, size.0)];
    let fine = (2 * size.0, 2 * size.1);
    let points = source_points(&warp, fine, size);
    let kernel = Lanczos::new();
    let doubled = Array2::from_shape_fn(fine, |(j, i)| {
        let [x, y] = points.between(j, i);
        kernel.at(section, x + centre[0], y + centre[1])
    });
    // The unitary transform of a quarter of the samples: half the amplitude.
    ifft2(fft2_cropped(doubled, size)).mapv(|z| z * 0.5)
}

/// `exp(i phase)` of the smooth phases that [`Procedural`](super::Procedural) draws.
pub fn drawn_phase(rng: &mut ChaCha8Rng, size: (usize, usize)) -> Array2<Complex32> {
    if size.0 == 0 || size.1 == 0 {
        return Array2::zeros(size);
    }
    phase(rng, size).mapv(|p| Complex32::from_polar(1.0, p))
}

fn deformation(rng: &mut ChaCha8Rng) -> Warp {
    let strength = rng.random_range(0.0..0.15);
    let scale = [rng.random_range(0.9..1.1), rng.random_range(0.9..1.1)];
    let angle = rng.random_range(-0.17..0.17);
    Warp::random(rng, 6, 2.0, strength, Normals::Ziggurat).placed(scale, angle, [0.0, 0.0])
}

/// Taps on each side.
const REACH: isize = 4;
/// Positions between two samples at which the weights are kept.
const PHASES: usize = 256;

/// Lanczos' windowed sinc, its weights for every 256th of a pixel, each set of sum 1.
struct Lanczos {
    weights: Vec<[f32; 2 * REACH as usize]>,
}

impl Lanczos {
    fn new() -> Self {
        let sinc = |x: f32| {
            if x == 0.0 {
                1.0
            } else {
                (PI * x).sin() / (PI * x)
            }
        };
        let of_phase = |n: usize| {
            let t = n as f32 / PHASES as f32;
            let weights: [f32; 2 * REACH as usize] = std::array::from_fn(|k| {
                let x = (k as f32 - (REACH - 1) as f32) - t;
                sinc(x) * sinc(x / REACH as f32)
            });
            let sum: f32 = weights.iter().sum();
            weights.map(|w| w / sum)
        };
        let weights = (0..=PHASES).map(of_phase).collect();
        Self { weights }
    }

    /// The value at column `x` and row `y`; zero outside.
    fn at(&self, image: &Array2<Complex32>, x: f64, y: f64) -> Complex32 {
        let (rows, columns) = image.dim();
        let (first_x, along_x) = self.weights(x);
        let (first_y, along_y) = self.weights(y);
        let mut sum = Complex32::ZERO;
        for (row, wy) in (first_y..).zip(along_y) {
            if row < 0 || row >= rows as isize {
                continue;
            }
            let mut line = Complex32::ZERO;
            for (column, wx) in (first_x..).zip(along_x) {
                if column >= 0 && column < columns as isize {
                    line += image[(row as usize, column as usize)] * wx;
                }
            }
            sum += line * wy;
        }
        sum
    }

    fn weights(&self, x: f64) -> (isize, &[f32; 2 * REACH as usize]) {
        let below = x.floor();
        let phase = ((x - below) * PHASES as f64).round() as usize;
        (below as isize + 1 - REACH, &self.weights[phase])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn values_between_pixels_are_those_of_a_smooth_image() {
        let f = |x: f64, y: f64| Complex32::new((0.7 * x).sin() as f32, (0.9 * y).cos() as f32);
        let image = Array2::from_shape_fn((40, 30), |(y, x)| f(x as f64, y as f64));
        let kernel = Lanczos::new();
        for (x, y) in [(12.0, 20.0), (13.37, 17.8), (15.5, 21.25)] {
            assert!((kernel.at(&image, x, y) - f(x, y)).norm() < 0.02);
        }
        assert_eq!(kernel.at(&image, -20.0, 5.0), Complex32::ZERO);
    }

    /// Grain of the highest frequencies keeps its power.
    #[test]
    fn a_deformed_section_keeps_its_place_level_and_texture() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let section = Array2::from_shape_fn((60, 90), |(y, x)| {
            let inside = (10..50).contains(&y) && (15..75).contains(&x);
            let grain = if (x + y) % 3 == 0 { 0.2 } else { -0.1 };
            Complex32::new(if inside { 1.0 + grain } else { 0.0 }, 0.0)
        });
        let image = deformed(&section, &mut rng, (64, 96));
        assert_eq!(image.dim(), (64, 96));
        let middle = image.slice(ndarray::s![26..38, 40..56]);
        let mean = middle.iter().map(|z| z.re).sum::<f32>() / middle.len() as f32;
        let square = middle.iter().map(|z| (z.re - mean).powi(2)).sum::<f32>();
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
        let deviation = (square / middle.len() as f32).sqrt();
        assert!((0.09..0.16).contains(&deviation), "{deviation}");
        assert!(image[(1, 1)].norm() < 0.05);
        let again = deformed(&section, &mut ChaCha8Rng::seed_from_u64(3), (64, 96));
        assert_eq!(image, again);
        assert_eq!(
            deformed(&Array2::zeros((0, 4)), &mut rng, (5, 6)).dim(),
            (5, 6)
        );
    }

    #[test]
    fn a_drawn_phase_has_modulus_one_and_is_smooth() {
        let phase = drawn_phase(&mut ChaCha8Rng::seed_from_u64(1), (50, 60));
        for ((j, i), z) in phase.indexed_iter() {
            assert!((z.norm() - 1.0).abs() < 1e-5);
            if i > 0 {
                assert!((z - phase[(j, i - 1)]).norm() < 0.6);
            }
        }
    }
}
