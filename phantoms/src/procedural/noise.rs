//! Smooth random fields.

use ndarray::Array2;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::spline::{SPLINE_VARIANCE, spline};

/// Gaussian noise of variance about 1 with `cells` lattice cells along the longer side.
///
/// Cubic B-splines through a lattice of normal numbers, two times differentiable.
pub(crate) fn smooth<R: Rng>(rng: &mut R, (ny, nx): (usize, usize), cells: f64) -> Array2<f32> {
    let step = (ny.max(nx) as f64 / cells).max(1.0);
    let (along_y, along_x) = (weights(ny, step), weights(nx, step));
    let (rows, columns) = (along_y[ny - 1].0 + 4, along_x[nx - 1].0 + 4);
    let lattice = Array2::from_shape_simple_fn((rows, columns), || {
        rng.sample::<f32, _>(StandardNormal) / SPLINE_VARIANCE
    });
    let stretched = Array2::from_shape_fn((rows, nx), |(j, n)| {
        let (first, w) = along_x[n];
        (0..4).map(|t| w[t] * lattice[(j, first + t)]).sum::<f32>()
    });
    let mut field = Array2::zeros((ny, nx));
    for (mut row, (first, w)) in field.rows_mut().into_iter().zip(along_y) {
        for (t, w) in w.into_iter().enumerate() {
            row.scaled_add(w, &stretched.row(first + t));
        }
    }
    field
}

/// Noise whose octaves shrink by `2^-fall`: variance 1, from `coarsest` cells down to two pixels.
pub(crate) fn fractal<R: Rng>(
    rng: &mut R,
    size: (usize, usize),
    coarsest: f64,
    fall: f64,
) -> Array2<f32> {
    let finest = size.0.max(size.1) as f64 / 2.0;
    let mut sum = Array2::zeros(size);
    let (mut cells, mut weight, mut variance) = (coarsest, 1.0, 0.0);
    while cells < finest {
        sum.scaled_add(weight as f32, &smooth(rng, size, cells));
        variance += weight * weight;
        cells *= 2.0;
        weight *= 2f64.powf(-fall);
    }
    sum / (variance as f32).sqrt().max(f32::MIN_POSITIVE)
}

/// First lattice point and the four weights of each sample.
fn weights(n: usize, step: f64) -> Vec<(usize, [f32; 4])> {
    (0..n)
        .map(|i| {
            let at = i as f64 / step;
            (at as usize, spline(at.fract()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn the_variance_is_one() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for field in [
            smooth(&mut rng, (150, 201), 40.0),
            fractal(&mut rng, (200, 201), 20.0, 0.5),
        ] {
            let variance = field.iter().map(|v| v * v).sum::<f32>() / field.len() as f32;
            assert!((variance - 1.0).abs() < 0.15, "{variance}");
        }
    }
}
