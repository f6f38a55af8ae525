//! `--truth`: what the image should be, beside the scan.

use super::ReconError;
use super::study::Facts;
use crate::io::{Apart, DicomOptions, read_dicom_series, read_volume};
use ndarray::{Array3, s};
use std::ops::Range;
use std::path::Path;

/// The truth for the chosen slices, on the grid of the image: a volume of all slices of the scan, or a DICOM
/// series.
///
/// Errors: a file that cannot be read, another size, another place.
pub(super) fn read_truth(
    path: &Path,
    facts: &Facts,
    range: &Range<usize>,
) -> Result<Array3<f32>, ReconError> {
    let found = match path.is_dir() || path.extension().is_some_and(|e| e == "dcm") {
        true => read_dicom_series(path, &DicomOptions::default())?.volume,
        false => read_volume(path)?,
    };
    let (n, rows, columns) = found.data.dim();
    let image = facts.image;
    if n != facts.slices || [rows, columns] != image {
        return Err(ReconError::Request(format!(
            "--truth {}: it is {n} x {rows} x {columns}, the scan is {} x {} x {}; give a volume of \
             all its slices on the same grid",
            path.display(),
            facts.slices,
            image[0],
            image[1]
        )));
    }
    let apart = Apart::farthest(
        (n, rows, columns),
        &facts.affine_lps_mm,
        &found.affine_lps_mm,
    );
    if facts.geometry_known && !apart.is_one_grid() {
        return Err(ReconError::Request(format!(
            "--truth {}: {apart}, or leave --truth out and compare voxel by voxel with `annulus \
             compare --ignore-affine`",
            path.display()
        )));
    }
    Ok(found.data.slice(s![range.clone(), .., ..]).to_owned())
}
