//! Volumes to files and back.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::Evidence;
use super::super::gate::largest;
use crate::io::Volume;
use crate::recon::Format;
use ndarray::Array3;

/// An oblique grid of voxels with three different sides, in HU.
fn volume() -> Volume {
    let data = Array3::from_shape_fn((5, 7, 6), |(k, j, i)| {
        (100 * k + 10 * j + i) as f32 - 250.5 + 0.125 * (i * j) as f32
    });
    // Columns, rows and slices of 0.8, 1.1 and 3 mm, turned by 20 degrees about the z axis.
    let (s, c) = 20f64.to_radians().sin_cos();
    Volume {
        data,
        affine_lps_mm: [
            [0.8 * c, -1.1 * s, 0.0, -31.5],
            [0.8 * s, 1.1 * c, 0.0, 12.25],
            [0.0, 0.0, 3.0, -40.0],
        ],
    }
}

/// Name, format, largest difference of a value, largest difference of the affine in mm (none: the
/// format has none), and why they are so.
type Kind = (&'static str, Format, f64, Option<f64>, &'static str);

const KINDS: [Kind; 5] = [
    ("volume.nii", Format::Nifti, 0.0, Some(1e-4), NIFTI),
    ("volume.nii.gz", Format::Nifti, 0.0, Some(1e-4), NIFTI),
    (
        "volume.dcm",
        Format::Dicom,
        0.5,
        Some(1e-4),
        "CT is stored to 1 HU, places as decimal text",
    ),
    (
        "volume.h5",
        Format::Hdf5,
        0.0,
        Some(0.0),
        "values in single, places in double precision",
    ),
    (
        "volume.npy",
        Format::Npy,
        0.0,
        None,
        "values in single precision; an npy file has no place",
    ),
];
const NIFTI: &str = "values and affine in single precision";

/// Values and place of a volume after each format.
pub(in super::super) fn volumes(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    let volume = volume();
    for (name, format, value, place, why) in KINDS {
        let path = bench.file(name);
        bench.toolkit.export(format, &path, &volume)?;
        let back = bench.toolkit.import(format, &path)?;
        let id = format!("io.volumes.{name}");
        let off = if volume.data.dim() == back.data.dim() {
            largest(
                volume
                    .data
                    .iter()
                    .zip(&back.data)
                    .map(|(a, b)| f64::from((a - b).abs())),
            )
        } else {
            f64::INFINITY
        };
        let what = "largest difference of a value";
        evidence.at_most(&format!("{id}.values"), what, off, value, why);
        if let Some(place) = place {
            places(evidence, &id, &volume, &back, place, why);
        }
    }
    Ok(())
}

fn places(evidence: &mut Evidence, id: &str, volume: &Volume, back: &Volume, most: f64, why: &str) {
    let side = |v: &Volume, column: usize| -> f64 {
        let squares = v.affine_lps_mm.iter().map(|row| row[column].powi(2));
        squares.sum::<f64>().sqrt()
    };
    evidence.at_most(
        &format!("{id}.spacing"),
        "largest difference of a voxel's side, in mm",
        largest((0..3).map(|c| (side(volume, c) - side(back, c)).abs())),
        most,
        why,
    );
    let pairs = volume.affine_lps_mm.iter().zip(&back.affine_lps_mm);
    evidence.at_most(
        &format!("{id}.affine"),
        "largest difference of the affine's numbers, in mm",
        largest(pairs.flat_map(|(a, b)| (0..4).map(|c| (a[c] - b[c]).abs()))),
        most,
        why,
    );
}
