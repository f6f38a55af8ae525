//! Multi-coil k-space of a section without a grid.

use ndarray::{Array3, Axis};
use num_complex::Complex64;
use rayon::prelude::*;

use crate::coils::TrigCoils;
use crate::grid::spacing;
use crate::lattice::Lattice;
use crate::scene::Section;

/// Multi-coil k-space of a section in the unit square:
/// `X_c[m] = sum_ij C_c[i, j] F(k_m + (i, j) / 4) / (dx dy sqrt(nx ny))`.
///
/// `Complex64[coil, ny, nx]`, k = 0 at `(ny / 2, nx / 2)`, scaled as the unitary transform of the
/// raster. Exact: each term of a coil's polynomial shifts the spectrum F, which is evaluated once at
/// all quarter cycles per unit, half the step of the samples.
pub fn section_k_space(
    section: &Section,
    coils: &TrigCoils,
    ny: usize,
    nx: usize,
) -> Array3<Complex64> {
    section_k_space_over(section, coils, (ny, nx), [1.0; 2])
}

/// The same over a field of view of `stretch` times the section's unit square, along x and y; what
/// lies outside of it folds in, as in a scanner. Coils belong to the field of view.
pub fn section_k_space_over(
    section: &Section,
    coils: &TrigCoils,
    (ny, nx): (usize, usize),
    stretch: [f64; 2],
) -> Array3<Complex64> {
    let lattice = Lattice::of_coils(coils.order(), ny, nx).stretched(stretch);
    let spectrum = section.spectrum(&lattice);
    // The object's area is smaller in units of a larger field of view.
    let area = stretch[0] * stretch[1];
    let scale = 1.0 / (area * spacing(ny) * spacing(nx) * ((ny * nx) as f64).sqrt());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fft::ifft2;
    use crate::grid::{frequency, position};
    use crate::named;
    use crate::scene::{Overlap, Raster};
    use crate::shape::Ellipse;

    fn toft() -> Section {
        let head = named("shepp-logan").unwrap();
        head.scene_mr(&|_| unreachable!()).unwrap().section(0.0)
    }

    #[test]
    fn a_disc_in_a_larger_field_of_view_is_a_smaller_disc() {
        let disc = |a: f64, b: f64, x: f64, y: f64| {
            let ellipse = Ellipse::new([x, y], [a, b], 0.0);
            Section::new(Overlap::Adds, vec![(1.5, ellipse.into())])
        };
        let (coils, stretch) = (TrigCoils::eight().first(3).unwrap(), [1.6, 0.8]);
        let whole = section_k_space_over(&disc(0.5, 0.3, 0.2, -0.1), &coils, (40, 37), stretch);
        let own = disc(0.5 / 1.6, 0.3 / 0.8, 0.2 / 1.6, -0.1 / 0.8);
        let own = section_k_space(&own, &coils, 40, 37);
        let most = own.iter().map(|v| v.norm()).fold(0.0, f64::max);
        let off = (&whole - &own).iter().map(|v| v.norm()).fold(0.0, f64::max);
        assert!(off < 1e-9 * most, "{off} of {most}");
    }

    #[test]
    fn each_sample_is_the_sum_of_shifted_spectra() {
        let (head, ny, nx) = (toft(), 9, 14);
        let eight = TrigCoils::eight();
        let fitted = |order| TrigCoils::fit(order, 2, &|c, x, y| eight.sensitivity(c, x, y));
        let wide = fitted(4).unwrap().coils;
        let flat = fitted(0).unwrap().coils;
        for coils in [eight.first(3).unwrap(), wide, flat] {
            let k = section_k_space(&head, &coils, ny, nx);
            let scale = spacing(ny) * spacing(nx) * ((ny * nx) as f64).sqrt();
            for ((c, my, mx), v) in k.indexed_iter() {
                let table = coils.table(c);
                let terms = table.indexed_iter().map(|((i, j), v)| {
                    let shift = |i: usize| (i as f64 - coils.order() as f64) / 4.0;
                    v * head.fourier([frequency(mx, nx) + shift(i), frequency(my, ny) + shift(j)])
                });
                assert!((v * scale - terms.sum::<Complex64>()).norm() < 1e-11);
            }
        }
    }

    #[test]
    fn the_image_of_the_toft_head_is_its_area_average_up_to_gibbs() {
        // What is left are the rings of the cut spectrum.
        let head = toft();
        for (n, left) in [(128, 0.078), (256, 0.060), (512, 0.043)] {
            let spectrum = head.spectrum(&Lattice::of_coils(0, n, n));
            let scale = 1.0 / (spacing(n) * spacing(n) * n as f64);
            let image = ifft2(ndarray::Array2::from_shape_fn((n, n), |(m, l)| {
                spectrum[(2 * m, 2 * l)] * scale
            }));
            let truth = head.raster(&Raster::unit_square(n, n));
            let error: f64 = image
                .iter()
                .zip(&truth)
                .map(|(a, b)| (a - b).norm_sqr())
                .sum();
            let relative = (error / truth.iter().map(|v| v * v).sum::<f64>()).sqrt();
            assert!((relative / left - 1.0).abs() < 0.05, "{n}: {relative}");
        }
    }

    #[test]
    fn the_image_of_a_coil_is_shaded_by_its_sensitivity() {
        let (n, coils) = (96, TrigCoils::eight());
        let ellipse = Ellipse::new([0.0; 2], [0.8, 0.7], 0.0);
        let k = section_k_space(
            &Section::new(Overlap::Adds, vec![(1.0, ellipse.into())]),
            &coils,
            n,
            n,
        );
        let image = ifft2(k.index_axis(Axis(0), 5).to_owned());
        let (x, y) = (position(40, n), position(60, n));
        assert!((image[(60, 40)] - coils.sensitivity(5, x, y)).norm() < 0.02);
    }
}
