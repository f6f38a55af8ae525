//! CG-SENSE against BART's `pics -l2`, at the same data, maps, λ and iterations.
//!
//! BART divides the data by a scale of its own and `-S` multiplies the image by it again; the ridge
//! solution, and every iterate on the way, is linear in the data, so the scale cancels and λ means
//! the same.

use annulus::classical::cg_sense;
use num_complex::{Complex32, Complex64};
use operators::mri::espirit::Espirit;
use operators::mri::sense;
use operators::{Array, Field, Host, Vector};
use phantoms::{Contrast, MrGrid, TrigCoils, phantom_k_space};
use std::path::Path;
use std::process::{Command, Stdio};

const COILS: usize = 8;
/// Unequal and not square, so that swapped axes show.
const ROWS: usize = 96;
const COLUMNS: usize = 128;

/// Runs BART in a folder; false if it failed or is not there.
fn bart(folder: &Path, line: &str) -> bool {
    let run = Command::new("bart")
        .args(line.split_whitespace())
        .current_dir(folder)
        .stdout(Stdio::null())
        .status();
    run.is_ok_and(|status| status.success())
}

/// Writes (coil, y, x) as BART's cfl/hdr pair (x, y, 1, coil): the bytes are in the same order.
fn write_cfl(path: &Path, elements: &[Complex32]) {
    let header = format!("# Dimensions\n{COLUMNS} {ROWS} 1 {COILS}\n");
    std::fs::write(path.with_extension("hdr"), header).unwrap();
    let reals = elements.iter().flat_map(|z| [z.re, z.im]);
    let bytes: Vec<u8> = reals.flat_map(f32::to_le_bytes).collect();
    std::fs::write(path.with_extension("cfl"), bytes).unwrap();
}

/// Reads one image (x, y) as (y, x).
fn read_cfl(path: &Path) -> Vec<Complex32> {
    let bytes = std::fs::read(path.with_extension("cfl")).unwrap();
    let reals: Vec<f32> = bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect();
    let pairs = reals.chunks_exact(2);
    let image: Vec<_> = pairs.map(|z| Complex32::new(z[0], z[1])).collect();
    assert_eq!(image.len(), ROWS * COLUMNS);
    image
}

/// `‖a - b‖ / ‖b‖`.
fn distance(a: &[Complex32], b: &[Complex32]) -> f64 {
    let norm = |z: Complex32| f64::from(z.norm_sqr());
    let off: f64 = a.iter().zip(b).map(|(a, b)| norm(a - b)).sum();
    (off / b.iter().map(|b| norm(*b)).sum::<f64>()).sqrt()
}

/// Every third line and the central 24, with a little noise: complex numbers of the scanner's size.
fn scan() -> (Vec<Complex32>, Vec<bool>) {
    let coils = TrigCoils::eight();
    let k = phantom_k_space(
        "brain",
        3,
        (0, 1),
        &coils,
        &MrGrid::own(ROWS, COLUMNS),
        Contrast::T1,
    )
    .unwrap();
    let noise = Host::<f64>::zeros(&[1, COILS, ROWS, COLUMNS], Field::Complex);
    let noise = noise.normal_like(&mut operators::SliceRng::samples(5, 0, 1));
    let taken: Vec<bool> = (0..ROWS)
        .map(|y| y % 3 == 0 || y.abs_diff(ROWS / 2) < 12)
        .collect();
    let scanned = k
        .iter()
        .zip(noise.complex())
        .enumerate()
        .map(|(i, (k, n))| {
            let there = f64::from(u8::from(taken[i / COLUMNS % ROWS]));
            let z: Complex64 = (k + n * 0.02) * there * 1e-4;
            Complex32::new(z.re as f32, z.im as f32)
        });
    (scanned.collect(), taken)
}

#[test]
fn cg_sense_is_that_of_bart() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    if !bart(folder.path(), "version") {
        eprintln!("skipped: `bart` is not on the path");
        return;
    }
    let (k, taken) = scan();
    let array = ndarray::Array3::from_shape_vec((COILS, ROWS, COLUMNS), k.clone()).unwrap();
    let sampled = ndarray::Array2::from_shape_fn((ROWS, COLUMNS), |(y, _)| taken[y]);
    let maps = Espirit::default()
        .maps(array.view(), sampled.view())
        .unwrap();
    let maps: Vec<Complex32> = maps.maps.iter().copied().collect();
    write_cfl(&at("k"), &k);
    write_cfl(&at("maps"), &maps);

    let shape = [1, COILS, ROWS, COLUMNS];
    let wide = |z: &[Complex32]| -> Vec<Complex64> {
        let each = z.iter().map(|z| Complex64::new(z.re.into(), z.im.into()));
        each.collect()
    };
    let mask: Vec<f64> = sampled.iter().map(|s| f64::from(u8::from(*s))).collect();
    let mask = Host::new(&[1, ROWS, COLUMNS], Field::Real, mask);
    let a = sense(Host::from_complex(&shape, &wide(&maps)), mask).unwrap();
    let y = Host::from_complex(&shape, &wide(&k));
    let ours = |lambda: f64, iterations: usize| -> Vec<Complex32> {
        let (x, _) = cg_sense(&a, &y, lambda, iterations).unwrap();
        let pairs = x.to_reals();
        let pairs = pairs.chunks_exact(2);
        pairs
            .map(|z| Complex32::new(z[0] as f32, z[1] as f32))
            .collect()
    };
    for (lambda, iterations) in [0.0, 0.001, 0.01, 0.1]
        .iter()
        .flat_map(|l| [3, 10, 30].map(|i| (*l, i)))
    {
        let line = format!("pics -S -l2 -r{lambda} -i{iterations} k maps out");
        assert!(bart(folder.path(), &line), "bart {line}");
        let theirs = read_cfl(&at("out"));
        let off = distance(&ours(lambda, iterations), &theirs);
        // The ruler: twice the λ, and an iteration more while they still matter.
        let heavier = distance(&ours(2.0 * lambda + 0.002, iterations), &theirs);
        let longer = distance(&ours(lambda, iterations + 1), &theirs);
        eprintln!(
            "lambda {lambda}, {iterations} iterations: {off:.1e}; with another lambda \
             {heavier:.1e}, with one iteration more {longer:.1e}"
        );
        assert!(
            off < 1e-4,
            "lambda {lambda}, {iterations} iterations: {off}"
        );
        assert!(heavier > 2e-3, "blind to lambda: {heavier}");
        assert!(
            iterations > 3 || longer > 2e-3,
            "blind to iterations: {longer}"
        );
    }
}
