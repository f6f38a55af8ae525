//! DICOM image series of CT and MR: read as a volume, written as one file a slice.
//!
//! [`read_dicom_series`] takes a folder or a file, classic or multi-frame. Slices are sorted by position; what
//! is no straight, regular stack (a tilted gantry, uneven spacing, a missing slice) is refused by name unless
//! [`Stacking`] says what to do about it. [`DicomSeriesWriter`] writes CT and MR images slice by slice, with the
//! patient and the study of the series that they derive from.
//!
//! Names and other identifiers of patients are carried from series to series ([`SourceModules`]) and nowhere
//! else: no message and no `Debug` shows them.

mod attributes;
mod dataset;
mod frame;
mod guard;
mod modules;
mod pixels;
mod plane;
mod resample;
mod rle;
mod scan;
mod series_info;
mod source;
mod stack;
mod uid;
mod vector;
mod write;

use std::path::Path;

use ndarray::Array3;
use serde::{Deserialize, Serialize};

pub use series_info::{Content, MrParameters, Provenance, Quantity, SeriesInfo};
pub use source::SourceModules;
pub use write::{DicomSeriesWriter, SeriesReport};

use super::{IoError, Volume};
use attributes::{View, open_head};
use frame::Frame;
use pixels::Pixels;
use stack::Stack;

/// Which series is read, and what is done with one that is no straight regular stack.
#[derive(Clone, Debug, Default)]
pub struct DicomOptions {
    /// The number of the series in the list that the error shows when there are several, or its
    /// SeriesInstanceUID.
    pub series: Option<String>,
    /// What is done with slices that are sheared, uneven or missing.
    pub stacking: Stacking,
}

/// What is done with slices that are sheared (a tilted gantry), unevenly spaced or missing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Stacking {
    /// They are refused.
    #[default]
    Regular,
    /// They are brought onto a straight regular grid by linear interpolation.
    Resample {
        /// Distance between slices; the median of the distances in the series if none is given.
        spacing_mm: Option<f64>,
    },
    /// Each slice stays as it is, in its own plane: right where slices are used one by one. The affine holds
    /// within the planes; its third column is the mean step from slice to slice, sheared if they are.
    Slices,
}

/// What made the images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Modality {
    /// Computed tomography.
    Ct,
    /// Magnetic resonance.
    Mr,
}

/// What the values mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Hounsfield units.
    Hounsfield,
    /// Not stated: MR, or CT of another scale.
    Unknown,
}

/// A series as a volume.
#[derive(Clone, Debug)]
pub struct DicomVolume {
    /// (slice, row, column) in the units of the modality, and its place.
    pub volume: Volume,
    /// What made it.
    pub modality: Modality,
    /// What the values mean.
    pub unit: Unit,
    /// What a series that derives from this one must carry on.
    pub source: SourceModules,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// Reads a series: a folder with its files (and folders), or one file.
///
/// Rescaling is applied slice by slice. In CT, pixels outside the scan (marked by PixelPaddingValue, or of −1500
/// HU and less) become air, −1000 HU.
pub fn read_dicom_series(path: &Path, options: &DicomOptions) -> Result<DicomVolume, IoError> {
    let (frames, mut warnings) = scan::scan(path)?.choose(path, options.series.as_deref())?;
    let places: Vec<_> = frames.iter().map(|f| f.place).collect();
    let stack = Stack::new(path, &places)?;
    let frames: Vec<Frame> = stack.order.iter().map(|&k| frames[k].clone()).collect();
    let unit = unit(path, &frames)?;
    let head = open_head(&frames[0].file)?;
    let kept = !matches!(options.stacking, Stacking::Resample { .. });
    let source = SourceModules::read(View::new(&head, frames[0].index), &frames, kept);
    // What is refused is refused before the pixels are read.
    let placed = match options.stacking {
        Stacking::Regular => Placed::At(stack.regular(path)?),
        Stacking::Slices => Placed::At(stack.unchanged()),
        Stacking::Resample { spacing_mm } => Placed::Between(Box::new(stack), spacing_mm),
    };
    let (slices, empty) = read_slices(path, &frames)?;
    if empty > 0 && unit == Unit::Hounsfield {
        warnings.push(format!(
            "{empty} pixels outside the scan are set to air (-1000 HU)"
        ));
    }
    let volume = match placed {
        Placed::At((affine_lps_mm, more)) => {
            warnings.extend(more);
            Volume {
                data: slices,
                affine_lps_mm,
            }
        }
        Placed::Between(stack, spacing_mm) => {
            let more = stack.all_warnings();
            warnings.extend(more.iter().map(|w| format!("{w}: resampled")));
            let outside = frames[0].values.outside();
            resample::resample(path, &stack, &slices, outside, spacing_mm)?
        }
    };
    Ok(DicomVolume {
        volume,
        modality: frames[0].series.modality,
        unit,
        source,
        warnings,
    })
}

/// Where the slices go.
enum Placed {
    At(([[f64; 4]; 3], Vec<String>)),
    Between(Box<Stack>, Option<f64>),
}

/// The unit of all slices.
fn unit(path: &Path, frames: &[Frame]) -> Result<Unit, IoError> {
    let known = frames.iter().filter(|f| f.values.hounsfield).count();
    match known {
        0 => Ok(Unit::Unknown),
        n if n == frames.len() => Ok(Unit::Hounsfield),
        n => Err(IoError::new(
            path,
            "one unit for all slices",
            format!("{n} of {} in Hounsfield units", frames.len()),
            "keep the images of one kind in a folder",
        )),
    }
}

/// The slices one upon the other, and how many pixels lie outside the scan.
fn read_slices(path: &Path, frames: &[Frame]) -> Result<(Array3<f32>, usize), IoError> {
    let (rows, columns) = (frames[0].series.rows, frames[0].series.columns);
    // Grows with what the files really hold, whatever their heads claim.
    let mut data: Vec<f32> = Vec::new();
    let mut empty = 0;
    let mut open: Option<(&Path, Pixels)> = None;
    for frame in frames {
        let file = frame.file.as_path();
        let pixels = match open.take().filter(|(name, _)| *name == file) {
            Some((_, pixels)) => pixels,
            None => Pixels::open(file)?,
        };
        let (image, outside) = pixels.values(frame)?;
        empty += outside;
        let room = data.try_reserve(image.len());
        room.map_err(|e| IoError::new(path, "memory for the volume", e, "use a larger machine"))?;
        data.extend(image.iter());
        open = Some((file, pixels));
    }
    let volume = Array3::from_shape_vec((frames.len(), rows, columns), data);
    let volume = volume
        .map_err(|e| IoError::new(path, "a volume", e, "this is a mistake in the program"))?;
    Ok((volume, empty))
}

#[cfg(test)]
mod tests;
