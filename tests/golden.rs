//! Real scans against the published numbers of `shared/data/README.md`, through the command line.

use crate::cli::{annulus, python, shared};
use ndarray::Array3;

/// Sum, largest value and its place (row, column) of a zero-filled reconstruction.
struct Golden {
    sum: f64,
    max: f64,
    at: (usize, usize),
}

/// Reconstructs `file` by zero-filling into `folder/out`; false, said aloud, if it is not there.
fn zero_filled(folder: &std::path::Path, file: &str, protocol: &str, more: &[&str]) -> bool {
    let Some(path) = shared(file) else {
        return false;
    };
    let path = path.to_str().unwrap();
    let mut line = vec!["recon", path, "-p", protocol, "--method", "zero-filled"];
    line.extend(["--format", "npy,nifti", "-o", "out"]);
    line.extend(more.iter().flat_map(|key| ["--set", key]));
    let run = annulus(folder, &line);
    assert_eq!(run.code, 0, "{}", run.stderr);
    true
}

fn assert_golden(file: &str, protocol: &str, more: &[&str], shape: [usize; 3], golden: &Golden) {
    let folder = tempfile::tempdir().unwrap();
    if !zero_filled(folder.path(), file, protocol, more) {
        return;
    }
    let image: Array3<f32> = ndarray_npy::read_npy(folder.path().join("out/mean.npy")).unwrap();
    assert_eq!(image.shape(), shape);
    let sum: f64 = image.iter().map(|v| f64::from(*v)).sum();
    let max = f64::from(image.iter().copied().fold(0.0, f32::max));
    // Regular undersampling repeats an image: its largest value stands there several times.
    let there = f64::from(image[(0, golden.at.0, golden.at.1)]);
    let told = format!(
        "{file} {more:?}: sum {sum:e}, max {max:e}, {there:e} at {:?}",
        golden.at
    );
    eprintln!("{told}");
    assert!((sum / golden.sum - 1.0).abs() < 1e-5, "{told}");
    assert!((max / golden.max - 1.0).abs() < 1e-5, "{told}");
    assert!((there / golden.max - 1.0).abs() < 1e-5, "{told}");
}

const BOTTLES: &str = "data/mri/mrd-bottles-r3-14ch.h5";
const WHITE: &str = "preparation.bandwidth_factor=false";
const RAW: [&str; 2] = ["preparation.whiten=false", "preparation.noise_std=1.0"];

fn bottles(more: &[&str], sum: f64, max: f64, at: (usize, usize)) {
    let golden = Golden { sum, max, at };
    assert_golden(BOTTLES, "mri/cartesian", more, [1, 144, 192], &golden);
}

/// All 68 lines that were acquired, calibration lines included: what the published numbers are of.
#[test]
fn the_bottles_whitened() {
    bottles(&[WHITE], 7.50620138e6, 1845.84512, (100, 48));
}

#[test]
fn the_bottles_as_they_are() {
    bottles(&RAW, 17.0316435, 4.39433835e-3, (100, 49));
}

/// The 36 imaging lines alone.
#[test]
fn the_bottles_without_calibration_lines() {
    let imaging = "method.zero-filled.lines=imaging";
    bottles(&[WHITE, imaging], 6.1955323e6, 724.4442886, (5, 48));
    let [whiten, noise_std] = RAW;
    bottles(
        &[whiten, noise_std, imaging],
        14.5702191,
        1.78836694e-3,
        (3, 58),
    );
}

#[test]
fn the_brain() {
    let golden = Golden {
        sum: 11117.139,
        max: 0.99999998,
        at: (38, 139),
    };
    let (file, protocol) = ("data/mri/brain-8ch-r8.npy", "mri/brain-poisson-r8");
    assert_golden(file, protocol, &[], [1, 230, 180], &golden);
}

/// The scanner's geometry, as another program reads it.
#[test]
fn nibabel_reads_the_affine_of_the_bottles() {
    let folder = tempfile::tempdir().unwrap();
    if !zero_filled(folder.path(), BOTTLES, "mri/cartesian", &[]) {
        return;
    }
    let script = "\
image = nibabel.load('out/mean.nii.gz')
print(*image.affine[:3].ravel(), *image.get_qform()[:3].ravel(), *image.shape, image.header['xyzt_units'])";
    let Some(said) = python(folder.path(), "nibabel", script) else {
        return;
    };
    let numbers: Vec<f64> = said
        .split_whitespace()
        .map(|n| n.parse().unwrap())
        .collect();
    #[rustfmt::skip]
    let affine = [
        -1.4583333, 0.0, 0.0, 119.951675,
        0.0, 1.4583333, 0.0, -171.570053,
        0.0, 0.0, 8.0, 0.0,
    ];
    for (place, (found, expected)) in numbers.iter().zip(affine.iter().chain(&affine)).enumerate() {
        assert!((found - expected).abs() < 1e-3, "{place}: {found} {said}");
    }
    // 192 columns, 144 rows, one slice; millimetres and seconds.
    assert_eq!(numbers[24..], [192.0, 144.0, 1.0, 10.0]);
}
