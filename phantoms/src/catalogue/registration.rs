//! Tests: the raster, the k-space and the CT picture of one name lie in the same place.

use super::*;
use crate::ct::{CtGrid, CtPhantom};
use crate::fft::{coil_images, fft2_cropped, ifft2};
use ndarray::Axis;
use std::f64::consts::TAU;

#[test]
fn every_phantom_of_mr_has_a_raster_and_k_space_that_agree() {
    let coils = TrigCoils::eight();
    let (ny, nx) = (80, 75);
    for name in names_of_mr() {
        let truth = raster(name, 2, (1, 5), &MrGrid::own(ny, nx), Contrast::T2).unwrap();
        let k =
            phantom_k_space(name, 2, (1, 5), &coils, &MrGrid::own(ny, nx), Contrast::T2).unwrap();
        let maps = coils.maps(ny, nx);
        let shade = maps.mapv(|s| s.norm_sqr()).sum_axis(Axis(0));
        let mut image = Array2::zeros((ny, nx));
        for (v, map) in coil_images(&k).into_iter().zip(maps.outer_iter()) {
            image += &(&v * &map.mapv(|s| s.conj()));
        }
        let expected = (truth * shade).mapv(Complex64::from);
        if name == BRAIN.0 {
            let phase = object_phase(2, 1).times(&Array2::ones((ny, nx)));
            image = image * phase.mapv(|v| v.conj());
        }
        let shift = shift(&image, &expected);
        assert!(shift.iter().all(|d| d.abs() < 0.02), "{name}: {shift:?}");
        let expected = coarse(&expected);
        let norm = |v: &Array2<f64>| v.iter().map(|v| v * v).sum::<f64>().sqrt();
        let error = norm(&(coarse(&image) - &expected)) / norm(&expected);
        assert!(error < 0.1, "{name}: {error}");
    }
}

/// By how many pixels an image lies below and to the right of another: of the phases of their
/// lowest frequencies, which no edge and no ringing reaches, weighted by their strength.
fn shift(image: &Array2<Complex64>, other: &Array2<Complex64>) -> [f64; 2] {
    let (ny, nx) = image.dim();
    let size = (2 * LOWEST + 1, 2 * LOWEST + 1);
    let (a, b) = (
        fft2_cropped(image.clone(), size),
        fft2_cropped(other.clone(), size),
    );
    let wave = |m: usize, n: usize| TAU * (m as f64 - LOWEST as f64) / n as f64;
    let ([mut yy, mut yx, mut xx], mut sums) = ([0.0; 3], [0.0; 2]);
    for (((m, l), a), b) in a.indexed_iter().zip(&b) {
        let (cross, ky, kx) = (a.conj() * b, wave(m, ny), wave(l, nx));
        yy += cross.norm() * ky * ky;
        yx += cross.norm() * ky * kx;
        xx += cross.norm() * kx * kx;
        sums[0] += cross.norm() * cross.arg() * ky;
        sums[1] += cross.norm() * cross.arg() * kx;
    }
    let determinant = yy * xx - yx * yx;
    [
        (xx * sums[0] - yx * sums[1]) / determinant,
        (yy * sums[1] - yx * sums[0]) / determinant,
    ]
}

/// Cycles over the image that show a shift.
const LOWEST: usize = 4;

#[test]
fn a_shift_of_a_tenth_of_a_pixel_shows() {
    let (ny, nx) = (80, 75);
    for name in names_of_mr() {
        let image = raster(name, 2, (1, 5), &MrGrid::own(ny, nx), Contrast::T2).unwrap();
        let image = image.mapv(Complex64::from);
        let mut k = fft2_cropped(image.clone(), (ny, nx));
        let wave = |m: usize, n: usize| TAU * (m as f64 - (n / 2) as f64) / n as f64;
        for ((m, l), v) in k.indexed_iter_mut() {
            *v *= Complex64::cis(-0.1 * wave(m, ny) + 0.07 * wave(l, nx));
        }
        let [dy, dx] = shift(&ifft2(k), &image);
        assert!(
            (dy - 0.1).abs() < 1e-3 && (dx + 0.07).abs() < 1e-3,
            "{name}: {dy} {dx}"
        );
    }
}

/// Magnitudes of means over 5 x 5 pixels: what is finer than a pixel rings in one image and is
/// averaged in the other.
fn coarse(image: &Array2<Complex64>) -> Array2<f64> {
    let blocks: Vec<f64> = image
        .exact_chunks((5, 5))
        .into_iter()
        .map(|b| b.sum().norm() / 25.0)
        .collect();
    Array2::from_shape_vec((image.nrows() / 5, image.ncols() / 5), blocks).unwrap()
}

/// How steep an image is: edges show whatever the contrast.
fn steepness(image: &Array2<f64>) -> Array2<f64> {
    let (ny, nx) = image.dim();
    Array2::from_shape_fn((ny, nx), |(j, i)| {
        if j == 0 || i == 0 || j + 1 == ny || i + 1 == nx {
            return 0.0;
        }
        let [dy, dx] = [
            image[(j + 1, i)] - image[(j - 1, i)],
            image[(j, i + 1)] - image[(j, i - 1)],
        ];
        dy.hypot(dx)
    })
}

#[test]
fn pictures_of_mr_and_ct_have_one_orientation() {
    // An odd number of samples: the grid is its own mirror image.
    let n = 97;
    let mut turned = Vec::new();
    for phantom in named::ALL.iter().filter(|p| p.has_mr() && p.has_ct()) {
        let grid = CtGrid::new(n, n, 2.0 * phantom.half_mm / n as f64).unwrap();
        let ct = CtPhantom::named(phantom.name, 0, 0, 1, 70.0).unwrap();
        let mr = raster(phantom.name, 0, (0, 1), &MrGrid::own(n, n), Contrast::T1).unwrap();
        // What an image is more than its upside-down flip.
        let [ct, mr] = [ct.raster_hu(&grid), mr].map(|image| {
            let image = steepness(&image);
            &image - &image.slice(ndarray::s![..;-1, ..])
        });
        let dot = |a: &Array2<f64>, b: &Array2<f64>| (a * b).sum();
        let (a, b) = (dot(&ct, &ct), dot(&mr, &mr));
        if a > 1e-9 && b > 1e-9 {
            let likeness = dot(&ct, &mr) / (a * b).sqrt();
            assert!(likeness > 0.5, "{phantom:?}: {likeness}");
            turned.push(phantom.name);
        }
    }
    for name in ["shepp-logan", "contrast-detail", "derenzo", "orientation"] {
        assert!(turned.contains(&name), "{turned:?}");
    }
}

#[test]
fn millimetres_are_those_of_the_phantom_in_any_field_of_view() {
    // The centre of mass and the area of what is seen do not depend on the field of view.
    for name in ["orientation", "nist-t2", "brain", "acr-mri"] {
        let measured = |fov_mm: [f64; 2]| {
            let (ny, nx) = (150, 141);
            let grid = MrGrid::over(ny, nx, fov_mm);
            let image = raster(name, 2, (0, 1), &grid, Contrast::Pd).unwrap();
            let pixel = [fov_mm[0] / nx as f64, fov_mm[1] / ny as f64];
            let mut sums = [0.0; 3];
            for ((j, i), v) in image.indexed_iter() {
                let v = v * pixel[0] * pixel[1];
                sums[0] += v;
                sums[1] += v * (i as f64 - (nx / 2) as f64) * pixel[0];
                sums[2] += v * (j as f64 - (ny / 2) as f64) * pixel[1];
            }
            [sums[0], sums[1] / sums[0], sums[2] / sums[0]]
        };
        let (one, two) = (measured([252.0, 252.0]), measured([330.0, 290.0]));
        assert!(
            (one[0] / two[0] - 1.0).abs() < 1e-9,
            "{name}: {one:?} {two:?}"
        );
        for axis in [1, 2] {
            assert!(
                (one[axis] - two[axis]).abs() < 0.02,
                "{name}: {one:?} {two:?}"
            );
        }
    }
}

#[test]
fn k_space_of_a_field_of_view_gives_the_raster_of_it() {
    let coils = TrigCoils::eight();
    let (ny, nx) = (96, 90);
    for name in ["orientation", "brain"] {
        let grid = MrGrid::over(ny, nx, [300.0, 260.0]);
        let truth = raster(name, 2, (1, 5), &grid, Contrast::T1).unwrap();
        let k = phantom_k_space(name, 2, (1, 5), &coils, &grid, Contrast::T1).unwrap();
        let maps = coils.maps(ny, nx);
        let shade = maps
            .mapv(|s| s.norm_sqr())
            .sum_axis(Axis(0))
            .mapv(f64::sqrt);
        let found = crate::rss_image(&k);
        let expected = truth * shade;
        let norm = |v: &Array2<f64>| v.iter().map(|v| v * v).sum::<f64>().sqrt();
        assert!(
            norm(&(&found - &expected)) < 0.2 * norm(&expected),
            "{name}"
        );
    }
}
