//! Raw CT data of any format as one sinogram at a time.
//!
//! An angle `t` turns counter-clockwise: bins lie along `u = (cos t, sin t)`, a parallel ray through (x, y) meets the
//! detector at `s = x cos t + y sin t`, and the source of a fan stands at `R (sin t, -cos t)`. Bin `k` lies at
//! `(k - centre_column) pitch_mm` along `u`: on the axis for parallel rays, on the detector for a fan.

mod angles;
mod checks;
mod dead;

use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2};
use serde::Serialize;

use super::{IoError, Kind, ct_pd, lodopab, npy_sinogram, recognise, tiff_stack, tomo};

pub use angles::{AngleUnit, ColumnOrder};
pub(super) use angles::{angles_from_arc, check_angles, note_end_view, to_radians};
pub(super) use checks::{check_finite, check_sinogram_size, check_slice};
pub(super) use dead::{dead_bins, note_dead};

/// How the rays of one view run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Beam {
    /// Parallel rays.
    Parallel,
    /// Rays from one point.
    Fan {
        /// From the source to the rotation axis.
        source_mm: f64,
        /// From the source to the detector.
        detector_mm: f64,
        /// The detector's shape.
        shape: DetectorShape,
    },
}

/// The shape of a fan's detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DetectorShape {
    /// A straight line; bins are equal lengths of it.
    Flat,
    /// An arc around the source; bins are equal lengths of the arc.
    Curved,
}

/// What the numbers of a sinogram are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// Detected signal; [`Flats`] say what it is without an object and without a beam.
    Counts,
    /// Line integrals of the attenuation, without unit.
    LineIntegrals,
    /// Detected over incident signal.
    Transmission,
}

/// What raw data say about themselves, and what the options say in their place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProjectionHeader {
    /// The format: `ct-pd`, `data-exchange`, `nx-tomo`, `lodopab`, `tiff` or `npy`.
    pub kind: &'static str,
    /// How many sinograms [`ProjectionSource::slice`] serves.
    pub slices: usize,
    /// Views of each.
    pub views: usize,
    /// Detector bins of each view.
    pub bins: usize,
    /// The angle of each view of the first slice.
    pub angles_rad: Vec<f64>,
    /// Whether the angles come from the file or the options; false: half a turn is assumed.
    pub angles_known: bool,
    /// How the rays run, where it is known.
    pub beam: Option<Beam>,
    /// Between bins, at the detector (of an arc: along the arc).
    pub pitch_mm: Option<f64>,
    /// Between detector rows, at the detector.
    pub pitch_axial_mm: Option<f64>,
    /// The bin, counted from 0, that the ray through the rotation axis meets.
    pub centre_column: Option<f64>,
    /// Position of each slice along the rotation axis, ascending.
    pub z_mm: Option<Vec<f64>>,
    /// What the numbers are.
    pub content: Content,
    /// Attenuation of water per millimetre, for HU.
    pub water_per_mm: Option<f64>,
    /// Effective energy.
    pub energy_kev: Option<f64>,
    /// Tube voltage.
    pub kvp: Option<f64>,
    /// Photons of one count, where the file says it.
    pub photons_per_count: Option<f64>,
    /// Maker of the scanner.
    pub vendor: Option<String>,
    /// How the patient lies, as DICOM says it (`HFS`).
    pub patient_position: Option<String>,
    /// A DICOM file of the scan, whose patient and study modules a written series may take over. Nothing of them
    /// is kept here.
    #[serde(skip)]
    pub dicom_source: Option<PathBuf>,
    /// What the user should know: assumptions, and data that are left aside.
    pub warnings: Vec<String>,
}

/// One sinogram.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectionSlice {
    /// (view, bin).
    pub data: Array2<f32>,
    /// (view, bin): noise-equivalent photons; a line integral has the variance 1 / photons.
    pub photons: Option<Array2<f32>>,
    /// The angle of each view of this slice.
    pub angles_rad: Vec<f64>,
    /// Bins that measure nothing: zero or stuck in the flats and in every view.
    pub dead: Vec<bool>,
}

/// The detector without an object (flat), and without a beam (dark), at the bins of one slice.
#[derive(Clone, Debug, PartialEq)]
pub struct Flats {
    /// Mean over the flat frames.
    pub flat_mean: Array1<f32>,
    /// Variance over the flat frames, with n - 1; 0 for less than two.
    pub flat_variance: Array1<f32>,
    /// How many flat frames; 0 where the flat is stated and not measured.
    pub flat_frames: usize,
    /// Mean over the dark frames; 0 without any.
    pub dark_mean: Array1<f32>,
    /// Variance over the dark frames, with n - 1: the electronic noise.
    pub dark_variance: Array1<f32>,
    /// How many dark frames; 0 where the dark is stated and not measured.
    pub dark_frames: usize,
}

/// Raw CT data that give one sinogram at a time, so that memory does not grow with the number of slices.
pub trait ProjectionSource: Send {
    /// What the file says about itself.
    fn header(&self) -> &ProjectionHeader;
    /// One sinogram, counted from 0 in the order of the positions.
    fn slice(&mut self, index: usize) -> Result<ProjectionSlice, IoError>;
    /// Flat and dark at the bins of a slice; present whenever the content is counts.
    fn flats(&mut self, slice: usize) -> Result<Option<Flats>, IoError>;
}

/// What the file does not say itself, or says wrongly: every value that is given replaces the file's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProjectionOptions {
    /// The angle of the first view; 0 if only the arc is given.
    pub first_angle_rad: Option<f64>,
    /// The arc of all views: view `i` of `n` stands at `first + arc i / n`. Negative for a clockwise turn.
    pub arc_rad: Option<f64>,
    /// The unit of the angles in the file.
    pub angle_unit: Option<AngleUnit>,
    /// How the rays run.
    pub beam: Option<Beam>,
    /// Between bins, at the detector.
    pub pitch_mm: Option<f64>,
    /// Between detector rows, at the detector.
    pub pitch_axial_mm: Option<f64>,
    /// The bin, counted from 0, that the ray through the rotation axis meets.
    pub centre_column: Option<f64>,
    /// What the numbers are.
    pub content: Option<Content>,
    /// Photons of a bin without an object: in place of flats that the file does not have.
    pub photons: Option<f64>,
    /// Attenuation of water per millimetre.
    pub water_per_mm: Option<f64>,
    /// Effective energy.
    pub energy_kev: Option<f64>,
    /// Tube voltage.
    pub kvp: Option<f64>,
    /// CT-PD: which way the detector's columns run; by default the published way, checked on the data.
    pub columns: Option<ColumnOrder>,
}

/// Opens raw CT data of any format: a file, or a folder of CT-PD or TIFF files.
pub fn open_projections(
    path: &Path,
    options: &ProjectionOptions,
) -> Result<Box<dyn ProjectionSource>, IoError> {
    checks::check_options(path, options)?;
    let found = match recognise(path)? {
        Kind::CtPd => return Ok(Box::new(ct_pd::CtPdSource::open(path, options)?)),
        Kind::DataExchange | Kind::NxTomo => {
            return Ok(Box::new(tomo::TomoSource::open(path, options)?));
        }
        Kind::Lodopab => return Ok(Box::new(lodopab::LodopabSource::open(path, options)?)),
        Kind::Tiff => return Ok(Box::new(tiff_stack::TiffSource::open(path, options)?)),
        Kind::Npy => return Ok(Box::new(npy_sinogram::NpySinogram::open(path, options)?)),
        Kind::Dicom => {
            return Err(IoError::new(
                path,
                "a folder of CT-PD files, one a view",
                "one DICOM file",
                "name the folder that holds all views",
            ));
        }
        Kind::DicomSeries => "a series of DICOM images: reconstructed already",
        Kind::Mrd | Kind::FastMri | Kind::NpyKSpace => "raw MRI data",
        Kind::Nifti => "a NIfTI image",
        Kind::Hdf5Other => {
            "HDF5 of another layout (no /exchange/data, no NXtomo entry, no data (n, 1000, 513))"
        }
        Kind::Unknown => "neither HDF5, TIFF, npy nor a folder of DICOM files",
    };
    Err(IoError::new(
        path,
        "raw CT data: a folder of CT-PD or TIFF files, Data Exchange, NXtomo or LoDoPaB HDF5, TIFF or npy",
        found,
        "export the projections in one of these formats",
    ))
}

impl ProjectionHeader {
    /// A header with the sizes and with what the options say; a reader fills in what the file says, the caller of a
    /// writer the angles and positions.
    pub fn new(
        kind: &'static str,
        [slices, views, bins]: [usize; 3],
        options: &ProjectionOptions,
    ) -> Self {
        let z_mm = options.pitch_axial_mm.map(|dz| centred(slices, dz));
        Self {
            kind,
            slices,
            views,
            bins,
            angles_rad: Vec::new(),
            angles_known: true,
            beam: options.beam,
            pitch_mm: options.pitch_mm,
            pitch_axial_mm: options.pitch_axial_mm,
            centre_column: options.centre_column,
            z_mm,
            content: options.content.unwrap_or(Content::LineIntegrals),
            water_per_mm: options.water_per_mm,
            energy_kev: options.energy_kev,
            kvp: options.kvp,
            photons_per_count: None,
            vendor: None,
            patient_position: None,
            dicom_source: None,
            warnings: Vec::new(),
        }
    }
}

/// Positions of `n` slices around 0.
pub(super) fn centred(n: usize, step_mm: f64) -> Vec<f64> {
    let middle = (n as f64 - 1.0) / 2.0;
    (0..n).map(|k| (k as f64 - middle) * step_mm).collect()
}

impl Flats {
    /// The same photons in every bin, without dark signal: stated, not measured.
    pub fn stated(bins: usize, photons: f64) -> Self {
        let zeros = Array1::zeros(bins);
        Self {
            flat_mean: Array1::from_elem(bins, photons as f32),
            flat_variance: zeros.clone(),
            flat_frames: 0,
            dark_mean: zeros.clone(),
            dark_variance: zeros,
            dark_frames: 0,
        }
    }

    /// From the frames, (frame, bin) each; no dark frames mean no dark signal.
    pub fn from_frames(flat: &Array2<f32>, dark: &Array2<f32>) -> Self {
        let (flat_mean, flat_variance) = moments(flat);
        let (dark_mean, dark_variance) = moments(dark);
        Self {
            flat_mean,
            flat_variance,
            flat_frames: flat.nrows(),
            dark_mean,
            dark_variance,
            dark_frames: dark.nrows(),
        }
    }

    /// Refuses flats that are nowhere brighter than the darks.
    pub(super) fn lit(self, path: &Path, slice: usize) -> Result<Self, IoError> {
        let mut bins = self.flat_mean.iter().zip(&self.dark_mean);
        if bins.any(|(flat, dark)| flat > dark) {
            return Ok(self);
        }
        Err(IoError::new(
            path,
            "flat frames brighter than the dark ones",
            format!("flats of slice {slice} that are zero, or as dark as the darks, in every bin"),
            "the flats were taken without a beam: add good ones, or leave them out and give preparation.photons",
        ))
    }
}

/// Mean and variance of each column, in f64.
fn moments(frames: &Array2<f32>) -> (Array1<f32>, Array1<f32>) {
    let n = frames.nrows() as f64;
    let column = |bin: usize| frames.column(bin).mapv(f64::from);
    let mean: Vec<f64> = (0..frames.ncols())
        .map(|bin| column(bin).sum() / n.max(1.0))
        .collect();
    let variance = mean.iter().enumerate().map(|(bin, &m)| {
        let squares = column(bin).mapv(|x| (x - m) * (x - m)).sum();
        (squares / (n - 1.0).max(1.0)) as f32
    });
    let variance = variance.collect();
    (mean.iter().map(|&m| m as f32).collect(), variance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr2;

    #[test]
    fn the_moments_of_frames() {
        let flats = Flats::from_frames(
            &arr2(&[[1.0, 5.0], [3.0, 5.0], [5.0, 5.0]]),
            &Array2::zeros([0, 2]),
        );
        assert_eq!(flats.flat_mean, ndarray::arr1(&[3.0, 5.0]));
        assert_eq!(flats.flat_variance, ndarray::arr1(&[4.0, 0.0]));
        assert_eq!(flats.dark_mean, ndarray::arr1(&[0.0, 0.0]));
        assert_eq!((flats.flat_frames, flats.dark_frames), (3, 0));
    }

    #[test]
    fn slices_lie_around_the_middle() {
        assert_eq!(centred(3, 2.0), [-2.0, 0.0, 2.0]);
        assert_eq!(centred(2, 1.0), [-0.5, 0.5]);
    }
}
