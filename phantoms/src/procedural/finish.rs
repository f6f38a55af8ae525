//! From a drawing to a complex image as a scanner would give it.

use ndarray::{Array2, Zip};
use num_complex::{Complex, Complex32};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::f32::consts::TAU;

use super::drawing::Drawing;
use super::grain::Texture;
use super::noise::smooth;
use crate::fft::{fft2_cropped, ifft2};
use crate::position;

/// Texture, bias field and phase on the drawing's grid, then the low part of its spectrum:
/// `Complex32[size]`.
///
/// The 99.5 percentile of the magnitude is 1 (an empty drawing stays empty).
pub(crate) fn finish(
    drawing: Drawing,
    size: (usize, usize),
    texture: Texture,
    rng: &mut ChaCha8Rng,
) -> Array2<Complex32> {
    let object = object(drawing, texture, rng);
    let mut spectrum = fft2_cropped(object, size);
    low_pass(&mut spectrum, rng);
    let mut image = ifft2(spectrum);
    normalise(&mut image);
    if rng.random_bool(0.4) {
        let sigma = 0.005 * rng.random::<f32>();
        let mut normal = || sigma * rng.sample::<f32, _>(StandardNormal);
        image
            .iter_mut()
            .for_each(|v| *v += Complex::new(normal(), normal()));
        normalise(&mut image);
    }
    image
}

/// `signal (1 + texture noise) bias exp(i phase)`.
fn object(drawing: Drawing, texture: Texture, rng: &mut ChaCha8Rng) -> Array2<Complex32> {
    let size = drawing.signal.dim();
    let mut magnitude = drawing.signal;
    let grain = texture.grain(rng, size);
    Zip::from(&mut magnitude)
        .and(&drawing.texture)
        .and(&grain)
        .for_each(|m, &t, &g| *m *= (1.0 + t * g).max(0.0));
    let (cells, depth) = (rng.random_range(1.0..4.0), 0.3 * rng.random::<f32>());
    Zip::from(&mut magnitude)
        .and(&smooth(rng, size, cells))
        .for_each(|m, &b| *m *= 1.0 + depth * b / (1.0 + b * b).sqrt());
    let phase = phase(rng, size);
    Zip::from(&magnitude).and(&phase).map_collect(|&m, &p| {
        if m == 0.0 {
            Complex::ZERO
        } else {
            Complex::from_polar(m, p)
        }
    })
}

/// A smooth phase: any constant, a polynomial of second order and slow noise, from flat to about a
/// turn across.
pub(super) fn phase(rng: &mut ChaCha8Rng, size: (usize, usize)) -> Array2<f32> {
    let strength = TAU * rng.random::<f32>().powf(1.5);
    let mut normal = || 0.3 * strength * rng.sample::<f32, _>(StandardNormal);
    let [x1, y1, x2, xy, y2] = std::array::from_fn(|_| normal());
    let constant = rng.random_range(0.0..TAU);
    let (cells, ripple) = (
        rng.random_range(1.5..6.0),
        0.12 * strength * rng.random::<f32>(),
    );
    let mut phase = smooth(rng, size, cells);
    for ((j, i), p) in phase.indexed_iter_mut() {
        let (x, y) = (position(i, size.1) as f32, position(j, size.0) as f32);
        *p = constant + ripple * *p + x1 * x + y1 * y + x2 * x * x + xy * x * y + y2 * y * y;
    }
    phase
}

/// Scans differ in sharpness: the bare cut of the spectrum, a Gaussian, or a soft cut at a little
/// less than the full width.
fn low_pass(spectrum: &mut Array2<Complex32>, rng: &mut ChaCha8Rng) {
    let kind = rng.random_range(0..10);
    if kind < 4 {
        return;
    }
    let sigma: f32 = rng.random_range(0.25..0.6);
    let edges = [
        rng.random_range(0.38f32..0.52),
        rng.random_range(0.38f32..0.52),
    ];
    let width: f32 = rng.random_range(0.005..0.05);
    let gain = |f: f32, edge: f32| match kind {
        4..7 => (-0.5 * (TAU * sigma * f).powi(2)).exp(),
        _ => 1.0 / (1.0 + ((f.abs() - edge) / width).exp()),
    };
    let (ny, nx) = spectrum.dim();
    let along = |n: usize, edge: f32| -> Vec<f32> {
        (0..n)
            .map(|m| gain((m as f32 - (n / 2) as f32) / n as f32, edge))
            .collect()
    };
    let (gain_y, gain_x) = (along(ny, edges[0]), along(nx, edges[1]));
    for ((m, n), v) in spectrum.indexed_iter_mut() {
        *v *= gain_y[m] * gain_x[n];
    }
}

/// Divides by the 99.5 percentile of the magnitude.
fn normalise(image: &mut Array2<Complex32>) {
    let mut squares: Vec<f32> = image.iter().map(|v| v.norm_sqr()).collect();
    let rank = ((squares.len() - 1) as f64 * 0.995) as usize;
    let (_, level, _) = squares.select_nth_unstable_by(rank, f32::total_cmp);
    if *level > 0.0 {
        let scale = level.sqrt().recip();
        image.iter_mut().for_each(|v| *v *= scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn an_empty_drawing_stays_finite() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let image = finish(Drawing::new((20, 30)), (10, 15), Texture::Plain, &mut rng);
        assert!(image.iter().all(|v| v.norm().is_finite()));
    }

    #[test]
    fn a_flat_drawing_gives_a_smooth_image_of_its_shape() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut drawing = Drawing::new((80, 80));
        drawing.paint(
            &[[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]],
            3.0,
            0.0,
        );
        let image = finish(drawing, (40, 40), Texture::Plain, &mut rng);
        assert!(image[(20, 20)].norm() > 0.4 && image[(3, 3)].norm() < 0.1);
    }
}
