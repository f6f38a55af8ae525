use super::*;
use ndarray::{Array, Dimension};
use std::f32::consts::TAU;
use std::path::Path;
use std::process::{Command, Stdio};

/// Centred unitary discrete Fourier transform along one axis, as a matrix.
fn dft(n: usize) -> Array2<Complex32> {
    let at = |i: usize| i as f32 - (n / 2) as f32;
    Array2::from_shape_fn((n, n), |(k, r)| {
        Complex32::cis(-TAU * at(k) * at(r) / n as f32) / (n as f32).sqrt()
    })
}

/// Smooth sensitivities on a ring around a few Gaussians: the coil images.
fn coil_images(coils: usize, y: usize, x: usize) -> Array3<Complex32> {
    let place = |i: usize, n: usize| (i as f32 - (n / 2) as f32) / n as f32;
    Array3::from_shape_fn((coils, y, x), |(c, iy, ix)| {
        let (ry, rx) = (place(iy, y), place(ix, x));
        let blob = |y0: f32, x0: f32, w: f32| {
            (-((ry - y0).powi(2) + (rx - x0).powi(2)) / (2.0 * w * w)).exp()
        };
        let m = blob(0.0, 0.0, 0.12) + 0.7 * blob(0.15, -0.1, 0.05) - 0.4 * blob(-0.1, 0.1, 0.04);
        let (sin, cos) = (TAU * c as f32 / coils as f32 + 0.3).sin_cos();
        let s = blob(0.45 * sin, 0.4 * cos, 0.45)
            * Complex32::cis(2.0 * (ry * cos - rx * sin) + c as f32);
        s * m
    })
}

/// K-space of coil images, zero but for the central `lines` along y and every fourth line.
fn scan(images: &Array3<Complex32>, lines: usize) -> (Array3<Complex32>, Array2<bool>) {
    let (_, y, x) = images.dim();
    let first = start(lines, y);
    let sampled = Array2::from_shape_fn((y, x), |(y, _)| {
        y % 4 == 1 || (first..first + lines).contains(&y)
    });
    let mut k_space = images.clone();
    for mut coil in k_space.outer_iter_mut() {
        let k = dft(y).dot(&coil).dot(&dft(x).t());
        coil.assign(&k);
        coil.zip_mut_with(&sampled, |k, &taken| *k *= f32::from(u8::from(taken)));
    }
    (k_space, sampled)
}

/// `|s - Σ_j e_j (e_jᴴ s)|/|s|` of every pixel where `|s|` exceeds `floor` of its maximum.
fn projection_errors(sets: &[Sensitivities], images: &Array3<Complex32>, floor: f32) -> Vec<f32> {
    let (coils, y, x) = images.dim();
    let mut norms = vec![];
    for (y, x) in (0..y).flat_map(|y| (0..x).map(move |x| (y, x))) {
        let s = images.slice(s![.., y, x]);
        let mut left = s.to_owned();
        for set in sets {
            let e = set.maps.slice(s![.., y, x]);
            let part: Complex32 = (0..coils).map(|c| e[c].conj() * s[c]).sum();
            left.scaled_add(-part, &e);
        }
        let norm = |v: &[Complex32]| v.iter().map(|v| v.norm_sqr()).sum::<f32>().sqrt();
        norms.push((norm(&s.to_vec()), norm(&left.to_vec())));
    }
    let largest = norms.iter().fold(0.0, |m: f32, n| m.max(n.0));
    let inside = norms.iter().filter(|n| n.0 > floor * largest);
    inside.map(|n| n.1 / n.0).collect()
}

fn mean(v: &[f32]) -> f32 {
    v.iter().sum::<f32>() / v.len() as f32
}

fn same<D: Dimension>(a: &Array<Complex32, D>, b: &Array<Complex32, D>, tolerance: f32) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).norm() <= tolerance)
}

#[test]
fn gaussians_are_kept_by_the_projection_at_odd_unequal_and_even_sizes() {
    for (coils, y, x) in [(3, 127, 96), (3, 64, 65), (8, 48, 80)] {
        let images = coil_images(coils, y, x);
        let (k_space, sampled) = scan(&images, 24);
        // The error left is that of the patch directions below the threshold.
        for (threshold, tolerance) in [(0.001, 0.02), (1e-6, 0.003)] {
            let espirit = Espirit {
                threshold,
                ..Espirit::default()
            };
            let found = espirit.maps(k_space.view(), sampled.view()).unwrap();
            assert_eq!(found.calibration, [24, 24]);
            let errors = projection_errors(std::slice::from_ref(&found), &images, 0.05);
            assert!(
                mean(&errors) < tolerance,
                "{coils} {y} {x} {threshold}: {}",
                mean(&errors)
            );
            assert!(
                found
                    .eigenvalue
                    .iter()
                    .all(|v| (0.0..1.0 + 1e-5).contains(v))
            );
        }
    }
}

#[test]
fn a_ruler_that_is_wrong_is_seen() {
    let images = coil_images(3, 64, 65);
    let (k_space, sampled) = scan(&images, 24);
    let mut found = Espirit::default()
        .maps(k_space.view(), sampled.view())
        .unwrap();
    found.maps.mapv_inplace(|s| s.conj());
    assert!(mean(&projection_errors(&[found], &images, 0.05)) > 0.2);
}

#[test]
fn phase_is_smooth_and_neither_scale_nor_threads_change_the_maps() {
    let images = coil_images(4, 50, 61);
    let (k_space, sampled) = scan(&images, 24);
    let estimate = |k: &Array3<Complex32>| Espirit::default().maps(k.view(), sampled.view());
    let one = estimate(&k_space).unwrap();
    let scaled = estimate(&k_space.mapv(|k| k * 1e-6)).unwrap();
    assert!(same(&one.maps, &scaled.maps, 1e-3));
    let pool = |n| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(n)
            .build()
            .unwrap()
    };
    let (a, b) = (
        pool(1).install(|| estimate(&k_space)),
        pool(3).install(|| estimate(&k_space)),
    );
    assert!(same(&a.unwrap().maps, &b.unwrap().maps, 0.0));
    for (y, x) in (20..30).flat_map(|y| (25..35).map(move |x| (y, x))) {
        let [here, next] = [x, x + 1].map(|x| one.maps.slice(s![.., y, x]).to_owned());
        assert!(same(&here, &next, 0.1), "{y} {x}");
    }
}

#[test]
fn a_folded_image_needs_two_sets() {
    // Two tissues on one pixel, the second seen by the coils from elsewhere.
    let images = coil_images(8, 48, 64);
    let images = Array3::from_shape_fn((8, 48, 64), |(c, y, x)| {
        let other = Complex32::cis(0.2 * y as f32) * images[[(c + 3) % 8, 48 - 1 - y, x]];
        images[[c, y, x]] + other
    });
    let (k_space, sampled) = scan(&images, 24);
    let espirit = Espirit {
        maps: 2,
        threshold: 1e-5,
        ..Espirit::default()
    };
    let sets = espirit.sets(k_space.view(), sampled.view()).unwrap();
    let [one, two] = [1, 2].map(|n| mean(&projection_errors(&sets[..n], &images, 0.05)));
    assert!(two < 0.01 && one > 2.0 * two, "{one} {two}");
}

#[test]
fn one_coil_is_one_everywhere() {
    let k_space = Array3::zeros((1, 5, 4));
    let found = Espirit::default().maps(k_space.view(), Array2::from_elem((5, 4), false).view());
    assert!(found.unwrap().maps.iter().all(|&s| s == Complex32::ONE));
}

#[test]
fn what_cannot_be_estimated_is_refused_by_name() {
    let (mut k_space, sampled) = scan(&coil_images(3, 40, 40), 7);
    let message = |e: Espirit, k: &Array3<Complex32>, m: &Array2<bool>| {
        e.maps(k.view(), m.view()).unwrap_err().to_string()
    };
    let usual = Espirit::default();
    assert!(
        message(usual, &k_space, &sampled)
            .contains("[7, 24] (y, x), but kernel 6 needs at least 8")
    );
    assert!(
        message(usual, &k_space, &Array2::from_elem((40, 41), true)).contains("mask is [40, 41]")
    );
    let all = Array2::from_elem((40, 40), true);
    assert!(
        message(Espirit { crop: 1.0, ..usual }, &k_space, &all).contains("crop must be in [0, 1)")
    );
    assert!(message(Espirit { maps: 2, ..usual }, &k_space, &all).contains("`sets`"));
    k_space[[1, 20, 20]].re = f32::NAN;
    assert!(message(usual, &k_space, &all).contains("coil 1"));
    k_space.fill(Complex32::ZERO);
    assert!(message(usual, &k_space, &all).contains("zero in all coils"));
}

/// Reads BART's cfl/hdr pair of at most 4 dimensions (x, y, 1, coil) as (coil, y, x).
fn read_cfl(path: &Path) -> Array3<Complex32> {
    let header = std::fs::read_to_string(path.with_extension("hdr")).unwrap();
    let sizes: Vec<usize> = header
        .lines()
        .nth(1)
        .unwrap()
        .split_whitespace()
        .map(|n| n.parse().unwrap())
        .collect();
    let bytes = std::fs::read(path.with_extension("cfl")).unwrap();
    let part = |b: &[u8]| f32::from_le_bytes(b.try_into().unwrap());
    let values = bytes
        .chunks_exact(8)
        .map(|b| Complex32::new(part(&b[..4]), part(&b[4..])));
    Array3::from_shape_vec((sizes[3], sizes[1], sizes[0]), values.collect()).unwrap()
}

/// The projection error on BART's own analytic phantom is at most BART's.
///
/// Only the central 24 x 24 samples are simulated (the same numbers as within 256 x 256).
#[test]
fn on_the_phantom_of_bart_the_maps_are_as_good_as_those_of_bart() {
    let folder = std::env::temp_dir().join(format!("espirit-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let bart = |line: &str| {
        let run = Command::new("bart")
            .args(line.split_whitespace())
            .current_dir(&folder)
            .stdout(Stdio::null())
            .status();
        run.is_ok_and(|status| status.success())
    };
    if !bart("version") {
        eprintln!("skipped: `bart` is not on the path");
        return;
    }
    for line in [
        "phantom -x24 -k -s8 centre",
        "noise -s1 -n100 centre noisy",
        "resize -c 0 256 1 256 noisy full",
        "phantom -x256 -s8 images",
        "ecalib -r24 -m1 full theirs",
    ] {
        assert!(bart(line), "bart {line}");
    }
    let read = |name: &str| read_cfl(&folder.join(name));
    let (images, k_space, theirs) = (read("images"), read("full"), read("theirs"));
    std::fs::remove_dir_all(&folder).unwrap();
    let sampled = k_space
        .index_axis(ndarray::Axis(0), 0)
        .mapv(|k| k.norm_sqr() > 0.0);
    let ours = Espirit::default()
        .maps(k_space.view(), sampled.view())
        .unwrap();
    let theirs = Sensitivities {
        maps: theirs,
        ..ours.clone()
    };
    let [ours, theirs] = [ours, theirs].map(|s| mean(&projection_errors(&[s], &images, 1e-6)));
    assert!(
        ours <= 0.02 && ours <= 1.05 * theirs,
        "ours {ours}, BART {theirs}"
    );
}
