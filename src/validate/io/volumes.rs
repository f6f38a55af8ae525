//! Volumes to files and back.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::Evidence;
use crate::io::Volume;
use ndarray::Array3;

/// An oblique grid of voxels with three different sides.
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

/// Values and place of a volume after NIfTI.
pub(in super::super) fn volumes(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    let volume = volume();
    for name in ["volume.nii", "volume.nii.gz"] {
        let path = bench.file(name);
        bench.toolkit.write_volume(&path, &volume)?;
        let back = bench.toolkit.read_volume(&path)?;
        compare(evidence, &format!("io.volumes.{name}"), &volume, &back);
    }
    Ok(())
}

fn compare(evidence: &mut Evidence, id: &str, volume: &Volume, back: &Volume) {
    let same = volume.data == back.data;
    evidence.at_least(
        &format!("{id}.values"),
        "whether every value came back (1: yes)",
        f64::from(u8::from(same)),
        1.0,
        "the file holds single precision, as the volume does",
    );
    let spacing = |v: &Volume, column: usize| -> f64 {
        let squares = v.affine_lps_mm.iter().map(|row| row[column].powi(2));
        squares.sum::<f64>().sqrt()
    };
    let off = (0..3)
        .map(|c| (spacing(volume, c) - spacing(back, c)).abs())
        .fold(0.0, f64::max);
    evidence.at_most(
        &format!("{id}.spacing"),
        "largest difference of a voxel's side, in mm",
        off,
        1e-5,
        "NIfTI holds the affine in single precision",
    );
    let pairs = volume.affine_lps_mm.iter().zip(&back.affine_lps_mm);
    let apart = pairs
        .flat_map(|(a, b)| a.iter().zip(b).map(|(a, b)| (a - b).abs()))
        .fold(0.0, f64::max);
    evidence.at_most(
        &format!("{id}.affine"),
        "largest difference of the affine's numbers, in mm",
        apart,
        1e-4,
        "NIfTI holds the affine in single precision",
    );
}
