//! Series written and read back, by this program and by others; real scans; damaged files.

mod bad;
mod peers;
mod read;
mod scans;
mod write;

use std::path::{Path, PathBuf};
use std::process::Command;

use dicom_object::{DefaultDicomObject, open_file};
use ndarray::{Array3, Axis};

use super::*;

/// An oblique grid of 0.8 mm between rows, 0.7 mm between columns and 3 mm between slices.
pub(super) fn oblique() -> [[f64; 4]; 3] {
    let (a, b) = (0.3_f64, -0.2_f64);
    let x = [a.cos(), a.sin(), 0.0];
    let y = [-a.sin() * b.cos(), a.cos() * b.cos(), b.sin()];
    let z = vector::cross(x, y);
    vector::affine([
        vector::scaled(0.7, x),
        vector::scaled(0.8, y),
        vector::scaled(3.0, z),
        [-21.25, 13.5, -7.125],
    ])
}

/// Three slices of 48 rows and 64 columns with a bright marker at (slice 2, row 5, column 50), up to 1000.
pub(super) fn marked() -> Array3<f32> {
    let mut volume = Array3::from_shape_fn((3, 48, 64), |(k, j, i)| {
        (100 * k + 3 * j + i) as f32 * 0.5 - 20.0
    });
    volume[[2, 5, 50]] = 1000.0;
    volume
}

/// The place of the marker.
pub(super) fn marker_mm(affine: &[[f64; 4]; 3]) -> [f64; 3] {
    affine.map(|r| 50.0 * r[0] + 5.0 * r[1] + 2.0 * r[2] + r[3])
}

pub(super) fn info(content: Content, quantity: Quantity) -> SeriesInfo {
    SeriesInfo {
        quantity,
        provenance: Provenance {
            version: "0.1.0".to_owned(),
            protocol: "ct/head".to_owned(),
            method: "posterior sampling".to_owned(),
            seed: 7,
            input_sha256: "ba7816bf8f01cfea".to_owned(),
            fingerprint: String::new(),
        },
        ..SeriesInfo::of(content, [3, 48, 64], oblique())
    }
}

pub(super) fn save(folder: &Path, info: SeriesInfo, volume: &Array3<f32>) -> SeriesReport {
    let mut writer = DicomSeriesWriter::create(folder, info, false).unwrap();
    for (k, slice) in volume.axis_iter(Axis(0)).enumerate() {
        writer.slice(k, &slice.to_owned()).unwrap();
    }
    assert!(!folder.exists());
    writer.finish().unwrap()
}

/// A CT series in a new folder.
pub(super) fn sample(parent: &Path) -> PathBuf {
    let folder = parent.join("series");
    save(
        &folder,
        info(Content::Hounsfield, Quantity::Mean),
        &marked(),
    );
    folder
}

pub(super) fn read(path: &Path, stacking: Stacking) -> Result<DicomVolume, IoError> {
    let options = DicomOptions {
        stacking,
        ..DicomOptions::default()
    };
    read_dicom_series(path, &options)
}

/// Changes a file.
pub(super) fn edit(path: &Path, change: impl FnOnce(&mut DefaultDicomObject)) {
    let mut object = open_file(path).unwrap();
    change(&mut object);
    object.write_to_file(path).unwrap();
}

/// What a program prints; nothing, said aloud, if it is not there.
pub(super) fn tool(name: &str, arguments: &[&str], files: &[PathBuf]) -> Option<String> {
    let Ok(out) = Command::new(name).args(arguments).args(files).output() else {
        eprintln!("skipped: no {name}");
        return None;
    };
    let text = [out.stdout, out.stderr].concat();
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// The files of a folder by name.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
    files.sort();
    files
}

pub(super) fn assert_near(a: &[[f64; 4]; 3], b: &[[f64; 4]; 3], tolerance: f64) {
    for (x, y) in a.iter().flatten().zip(b.iter().flatten()) {
        assert!((x - y).abs() <= tolerance, "{a:?} {b:?}");
    }
}
