//! Multi-coil k-space of ellipses without a grid.

use std::f64::consts::TAU;

use ndarray::{Array2, Array3, Axis};
use num_complex::Complex64;
use rayon::prelude::*;

use crate::coils::{ORDER, TrigCoils};
use crate::ellipse::Ellipse;
use crate::grid::spacing;

/// Multi-coil k-space of ellipses:
/// `X_c[m] = sum_ij C_c[i, j] F(k_m + (i, j) / 4) / (dx dy sqrt(nx ny))`.
///
/// `Complex64[coil, ny, nx]`, k = 0 at `(ny / 2, nx / 2)`, scaled as the unitary transform of the
/// raster. Exact: each term of a coil's polynomial shifts the spectrum, and the spectrum is
/// evaluated once on the grid of half the step.
pub fn ellipse_k_space(
    ellipses: &[Ellipse],
    coils: &TrigCoils,
    ny: usize,
    nx: usize,
) -> Array3<Complex64> {
    let spectrum = half_step_spectrum(ellipses, ny, nx);
    let scale = 1.0 / (spacing(ny) * spacing(nx) * ((ny * nx) as f64).sqrt());
    let mut k = Array3::zeros((coils.coils(), ny, nx));
    for (c, mut k) in k.outer_iter_mut().enumerate() {
        let table = coils.table(c).mapv(|v| v * scale);
        k.axis_iter_mut(Axis(0))
            .into_par_iter()
            .enumerate()
            .for_each(|(my, mut row)| {
                for ((i, j), v) in table.indexed_iter() {
                    for (mx, k) in row.iter_mut().enumerate() {
                        *k += v * spectrum[(2 * my + j, 2 * mx + i)];
                    }
                }
            });
    }
    k
}

/// The spectrum at `k = (index - 2 floor(n / 2) - 2) / 4` on both axes, `2 n + 3` samples each.
fn half_step_spectrum(ellipses: &[Ellipse], ny: usize, nx: usize) -> Array2<Complex64> {
    let frequencies = |n: usize| -> Vec<f64> {
        (0..2 * n + 1 + ORDER)
            .map(|p| 0.25 * (p as f64 - (2 * (n / 2) + ORDER) as f64))
            .collect()
    };
    let (ky, kx) = (frequencies(ny), frequencies(nx));
    let phases = |k: &[f64], x: f64| -> Vec<Complex64> {
        k.iter().map(|k| Complex64::cis(-TAU * k * x)).collect()
    };
    let shifts: Vec<_> = ellipses
        .iter()
        .map(|e| (phases(&kx, e.x0), phases(&ky, e.y0)))
        .collect();
    let mut spectrum = Array2::zeros((ky.len(), kx.len()));
    spectrum
        .axis_iter_mut(Axis(0))
        .into_par_iter()
        .enumerate()
        .for_each(|(m, mut row)| {
            for (e, (shift_x, shift_y)) in ellipses.iter().zip(&shifts) {
                for (n, v) in row.iter_mut().enumerate() {
                    *v += shift_x[n] * shift_y[m] * e.fourier_magnitude(kx[n], ky[m]);
                }
            }
        });
    spectrum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fft::ifft2;
    use crate::grid::frequency;
    use crate::shepp_logan::shepp_logan_toft;
    use crate::{ellipse_raster, position};

    #[test]
    fn each_sample_is_the_sum_of_shifted_spectra() {
        let (ellipses, coils, ny, nx) = (
            shepp_logan_toft(),
            TrigCoils::eight().first(3).unwrap(),
            9,
            14,
        );
        let k = ellipse_k_space(&ellipses, &coils, ny, nx);
        let scale = spacing(ny) * spacing(nx) * ((ny * nx) as f64).sqrt();
        for ((c, my, mx), v) in k.indexed_iter() {
            let sum: Complex64 = coils
                .table(c)
                .indexed_iter()
                .map(|((i, j), v)| {
                    let (kx, ky) = (
                        frequency(mx, nx) + (i as f64 - 2.0) / 4.0,
                        frequency(my, ny) + (j as f64 - 2.0) / 4.0,
                    );
                    v * ellipses
                        .iter()
                        .map(|e| e.fourier(kx, ky))
                        .sum::<Complex64>()
                })
                .sum();
            assert!((v * scale - sum).norm() < 1e-12);
        }
    }

    #[test]
    fn the_image_of_the_toft_head_is_its_area_average_up_to_gibbs() {
        // 0.078 at 128 x 128: what is left are the rings of the cut spectrum.
        let n = 128;
        let ellipses = shepp_logan_toft();
        let spectrum = half_step_spectrum(&ellipses, n, n);
        let scale = 1.0 / (spacing(n) * spacing(n) * n as f64);
        let image = ifft2(Array2::from_shape_fn((n, n), |(m, l)| {
            spectrum[(2 * m + ORDER, 2 * l + ORDER)] * scale
        }));
        let truth = ellipse_raster(&ellipses, n, n);
        let error: f64 = image
            .iter()
            .zip(&truth)
            .map(|(a, b)| (a - b).norm_sqr())
            .sum();
        let relative = (error / truth.iter().map(|v| v * v).sum::<f64>()).sqrt();
        assert!((relative / 0.078 - 1.0).abs() < 0.05, "{relative}");
    }

    #[test]
    fn the_image_of_a_coil_is_shaded_by_its_sensitivity() {
        let (n, coils) = (96, TrigCoils::eight());
        let disc = Ellipse {
            density: 1.0,
            semi_x: 0.8,
            semi_y: 0.7,
            x0: 0.0,
            y0: 0.0,
            angle_rad: 0.0,
        };
        let k = ellipse_k_space(&[disc], &coils, n, n);
        let image = ifft2(k.index_axis(Axis(0), 5).to_owned());
        let (x, y) = (position(40, n), position(60, n));
        assert!((image[(60, 40)] - coils.sensitivity(5, x, y)).norm() < 0.02);
    }
}
