//! Real scans, compared with what pydicom reads of them.

use super::*;
use crate::io::testing::{message, python, shared};

/// Sum and first origin of the files of a folder, sorted along z, with air instead of padding.
const SUMS: &str = "
import glob, numpy as np
from pydicom.pixels import apply_modality_lut
ds = [pydicom.dcmread(f) for f in glob.glob(sys.argv[1] + '/*.dcm')]
ds.sort(key=lambda d: d.ImagePositionPatient[2])
v = np.stack([apply_modality_lut(d.pixel_array, d).astype(float) for d in ds])
if ds[0].Modality == 'CT': v[v <= -1500] = -1000
w = np.cos(np.arange(v.size) * 0.001).reshape(v.shape)
print(v.sum(), (v * w).sum(), *ds[0].ImagePositionPatient, *ds[-1].ImagePositionPatient)
";

fn sums(volume: &Volume) -> [f64; 2] {
    let weigh = |(k, v): (usize, &f32)| f64::from(*v) * (k as f64 * 0.001).cos();
    let sum: f64 = volume.data.iter().map(|v| f64::from(*v)).sum();
    [sum, volume.data.iter().enumerate().map(weigh).sum()]
}

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace()
        .map(|v| v.parse().unwrap())
        .collect()
}

fn check(volume: &Volume, real: &Path, tolerance_mm: f64) {
    let Some(out) = python(&["pydicom"], SUMS, &[real]) else {
        return;
    };
    let expected = numbers(&out);
    for (a, b) in sums(volume).iter().zip(&expected) {
        assert!((a - b).abs() < 1e-6 * b.abs() + 1e-3, "{a} {b}");
    }
    let last = (volume.data.dim().0 - 1) as f64;
    let origins = [0.0, last].map(|k| volume.affine_lps_mm.map(|r| k * r[2] + r[3]));
    for (a, b) in origins.as_flattened().iter().zip(&expected[2..]) {
        assert!((a - b).abs() < tolerance_mm, "{a} {b}");
    }
}

#[test]
fn a_tilted_uneven_head_is_refused_by_name_or_read_slice_by_slice() {
    let Some(real) = shared("data/ct/head-ge") else {
        return;
    };
    let text = message(super::read(&real, Stacking::Regular));
    for part in [
        "18.5 degrees",
        "tilted gantry",
        "1.08 to 7.00 mm",
        "resampling",
        "as they are",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let scan = super::read(&real, Stacking::Slices).unwrap();
    assert_eq!((scan.modality, scan.unit), (Modality::Ct, Unit::Hounsfield));
    assert_eq!(scan.volume.data.dim(), (28, 512, 512));
    assert!(
        scan.warnings.iter().any(|w| w.contains("18.5 degrees")),
        "{:?}",
        scan.warnings
    );
    check(&scan.volume, &real, 1e-6);
}

/// Every point of the new grid that lies in a plane of a slice has that slice's value, interpolated within it.
#[test]
fn the_resampled_head_agrees_with_its_slices_in_the_world() {
    let Some(real) = shared("data/ct/head-ge") else {
        return;
    };
    let scan = super::read(&real, Stacking::Resample { spacing_mm: None }).unwrap();
    let affine = &scan.volume.affine_lps_mm;
    let (slices, rows, columns) = scan.volume.data.dim();
    // 144.1 mm along the normal by 4.002 mm; the rows reach over the shift of 48.2 mm.
    assert_eq!((slices, rows, columns), (37, 611, 512));
    let [x, y, z] = [0, 1, 2].map(|c| vector::unit(vector::column(affine, c)));
    assert!(vector::dot(x, z).abs() < 1e-9 && vector::dot(y, z).abs() < 1e-9);
    let old = super::read(&real, Stacking::Slices).unwrap().volume.data;
    let first = vector::column(affine, 3);
    let origin = |k: usize| [-125.0, -123.5404569, 5.8360586 + 4.22 * k as f64];
    let mut compared = 0;
    for k in 0..14 {
        for (j, i) in (0..511 * 512).step_by(97).map(|n| (n / 512, n % 512)) {
            let step = |c: usize, n: usize| vector::scaled(n as f64, vector::column(affine, c));
            let point = [step(0, i), step(1, j), step(2, k), first];
            let point: [f64; 3] = std::array::from_fn(|a| point.iter().map(|p| p[a]).sum());
            let row = vector::dot(vector::minus(point, origin(k)), y) / 0.4882812;
            if !(0.0..510.0).contains(&row) {
                continue;
            }
            let (low, part) = (row.floor() as usize, row.fract() as f32);
            let expected = (1.0 - part) * old[[k, low, i]] + part * old[[k, low + 1, i]];
            let found = scan.volume.data[[k, j, i]];
            // Depths agree to the rounding of the positions in the file.
            assert!(
                (found - expected).abs() < 0.6,
                "{k} {j} {i}: {found} {expected}"
            );
            compared += 1;
        }
    }
    assert!(compared > 10_000, "{compared}");
}

#[test]
fn a_real_mr_series_is_read_whatever_its_files_are_called() {
    let Some(real) = shared("data/image/brain-pd-dicom") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for (k, file) in files(&real).iter().enumerate() {
        let inner = folder.path().join((k % 2).to_string());
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::copy(file, inner.join(format!("{}", (k * 7 + 3) % 20))).unwrap();
    }
    std::fs::write(folder.path().join("README"), "no image").unwrap();
    let scan = super::read(folder.path(), Stacking::Regular).unwrap();
    assert_eq!((scan.modality, scan.unit), (Modality::Mr, Unit::Unknown));
    assert_eq!(scan.volume.data.dim(), (20, 256, 256));
    // Positions are rounded to 0.1 mm in these files.
    assert!(
        scan.warnings.iter().any(|w| w.contains("taken as even")),
        "{:?}",
        scan.warnings
    );
    check(&scan.volume, &real, 0.1);
}

#[test]
fn single_and_multi_frame_files_are_read() {
    let script = "
from pydicom.pixels import apply_modality_lut
import numpy as np
d = pydicom.dcmread(sys.argv[1])
v = d.pixel_array.astype(float)
v = apply_modality_lut(v, d) if v.ndim == 2 else v[::-1] - 1024
v[(v <= -1500) & (v.ndim == 2)] = -1000
w = np.cos(np.arange(v.size) * 0.001)
print(v.sum(), (v.ravel() * w).sum())
";
    for (name, shape, unit, corner, step) in [
        (
            "data/ct/CT_small.dcm",
            (1, 128, 128),
            Unit::Hounsfield,
            [-158.135803, -179.035797, -75.699997],
            [0.0, 0.0, 5.0],
        ),
        (
            "data/ct/eCT_Supplemental.dcm",
            (2, 512, 512),
            Unit::Unknown,
            [99.5, -301.5, -149.0],
            [0.0, 0.0, -10.0],
        ),
    ] {
        let Some(real) = shared(name) else { continue };
        let scan = super::read(&real, Stacking::Regular).unwrap();
        assert_eq!((scan.volume.data.dim(), scan.unit), (shape, unit));
        let affine = &scan.volume.affine_lps_mm;
        for (a, b) in vector::column(affine, 3).iter().zip(corner) {
            assert!((a - b).abs() < 1e-6, "{affine:?}");
        }
        for (a, b) in vector::column(affine, 2).iter().zip(step) {
            assert!((a - b).abs() < 1e-6, "{affine:?}");
        }
        if let Some(out) = python(&["pydicom"], script, &[&real]) {
            for (a, b) in sums(&scan.volume).iter().zip(numbers(&out)) {
                assert!((a - b).abs() < 1e-6 * b.abs() + 1e-3, "{name} {a} {b}");
            }
        }
    }
}
