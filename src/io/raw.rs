//! Raw MRI data of any format as slices on the encoded Cartesian grid.

use std::path::Path;

use ndarray::{Array2, Array3};
use num_complex::Complex32;
use serde::Serialize;

use super::{IoError, Kind, fastmri, mrd, npy, recognise};

/// What a raw file says about itself. Pairs are (y, x): phase encoding, readout.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RawHeader {
    /// The format: `mrd`, `fastmri` or `npy`.
    pub kind: &'static str,
    /// How many slices [`KSpaceSource::slice`] serves.
    pub slices: usize,
    /// How many receive channels.
    pub coils: usize,
    /// The grid of k-space as stored, with readout oversampling.
    pub encoded: [usize; 2],
    /// The grid of the image that the scanner wanted.
    pub recon: [usize; 2],
    /// Field of view of the encoded grid.
    pub encoded_fov_mm: [f64; 2],
    /// Field of view of the image.
    pub recon_fov_mm: [f64; 2],
    /// Thickness of the excited slice.
    pub slice_thickness_mm: f64,
    /// Voxel (i = x, j = y, k = slice) of the image grid to LPS millimetres; the last column is the origin.
    pub affine_lps_mm: [[f64; 4]; 3],
    /// Whether the affine comes from the file; false: voxel sizes and axes are assumed.
    pub geometry_known: bool,
    /// Time between two samples of a line.
    pub dwell_us: Option<f64>,
    /// Noise bandwidth of the receiver relative to the sampling rate; 0.793 unless the file says another.
    pub relative_noise_bandwidth: f64,
    /// Maker of the scanner.
    pub vendor: Option<String>,
    /// Field strength in tesla.
    pub field_t: Option<f64>,
    /// Name of the protocol.
    pub protocol_name: Option<String>,
    /// Nominal acceleration along y.
    pub acceleration: Option<f64>,
    /// How many averages the file has (they are averaged).
    pub averages: usize,
    /// How many repetitions the file has (one is read).
    pub repetitions: usize,
    /// How many contrasts (echoes) the file has (one is read).
    pub contrasts: usize,
    /// How many cardiac phases the file has (one is read).
    pub phases: usize,
    /// How many sets the file has (one is read).
    pub sets: usize,
    /// Distinct lines of the image, of the slice that has most.
    pub imaging_lines: usize,
    /// Distinct lines marked for calibration (alone or as well), of the slice that has most.
    pub calibration_lines: usize,
    /// What the user should know: assumptions, and data that is left aside.
    pub warnings: Vec<String>,
}

/// The receiver's noise, measured without signal.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseScan {
    /// (coil, sample).
    pub samples: Array2<Complex32>,
    /// Time between two samples.
    pub dwell_us: Option<f64>,
}

/// One slice on the encoded grid, its centre of k-space at (⌊y/2⌋, ⌊x/2⌋).
#[derive(Clone, Debug, PartialEq)]
pub struct RawSlice {
    /// (coil, y, x): the mean over averages, zero where not sampled.
    pub imaging: Array3<Complex32>,
    /// (y, x): how many averages at each sample, 0 where not sampled.
    pub averages: Array2<f32>,
    /// Like `imaging`, with the lines that serve calibration only as well.
    pub calibration: Array3<Complex32>,
    /// Like `averages`, for `calibration`.
    pub calibration_averages: Array2<f32>,
    /// Whether the calibration-only lines are of another repetition, contrast, phase or set: good for
    /// sensitivities, not for the likelihood, since they may show another image.
    pub borrowed: bool,
}

/// A raw file that gives one slice at a time, so that memory does not grow with the number of slices.
pub trait KSpaceSource: Send {
    /// What the file says about itself.
    fn header(&self) -> &RawHeader;
    /// The noise scan, if the file has one.
    fn noise(&self) -> Option<&NoiseScan>;
    /// One slice, counted from 0 in the order of the positions (as in the affine).
    fn slice(&mut self, index: usize) -> Result<RawSlice, IoError>;
}

/// Which part of a raw file is read, and what it does not say itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadOptions {
    /// MRD: the HDF5 group; by default `dataset`, else the first with acquisitions.
    pub group: Option<String>,
    /// Which repetition.
    pub repetition: usize,
    /// Which contrast (echo).
    pub contrast: usize,
    /// Which cardiac phase.
    pub phase: usize,
    /// Which set.
    pub set: usize,
    /// Field of view for files without geometry: [readout (x), phase encoding (y)].
    pub fov_mm: Option<[f64; 2]>,
}

/// Opens a raw file of any format that [`recognise`] knows as k-space.
pub fn open_k_space(path: &Path, options: &ReadOptions) -> Result<Box<dyn KSpaceSource>, IoError> {
    let found = match recognise(path)? {
        Kind::Mrd => return Ok(Box::new(mrd::MrdSource::open(path, options)?)),
        Kind::FastMri => return Ok(Box::new(fastmri::FastMriSource::open(path, options)?)),
        Kind::NpyKSpace => return Ok(Box::new(npy::NpySource::open(path, options)?)),
        Kind::Npy => return Err(npy::not_k_space(path)),
        Kind::Nifti => "a NIfTI image",
        Kind::Dicom => "a DICOM file",
        Kind::DicomSeries => "a folder of DICOM images",
        Kind::CtPd | Kind::DataExchange | Kind::NxTomo | Kind::Lodopab => "raw CT data",
        Kind::Tiff => "TIFF",
        Kind::Hdf5Other => "HDF5 of another layout (no group with xml and data, no kspace)",
        Kind::Unknown => "neither HDF5 nor npy",
    };
    Err(IoError::new(
        path,
        "raw MRI data: MRD (ISMRMRD), fastMRI HDF5 or npy",
        found,
        "convert scanner files to MRD first (for Siemens .dat: siemens_to_ismrmrd)",
    ))
}

/// The most bytes of one slice of one array that a header may ask for: 8 GiB.
const MAX_SLICE_BYTES: usize = 8 << 30;

/// Refuses shapes that no memory holds, before anything is allocated.
pub(super) fn check_size(path: &Path, shape: [usize; 3]) -> Result<(), IoError> {
    let product = shape.iter().try_fold(8_usize, |n, &m| n.checked_mul(m));
    if product.is_some_and(|n| (1..=MAX_SLICE_BYTES).contains(&n)) {
        return Ok(());
    }
    let [coils, y, x] = shape;
    Err(IoError::new(
        path,
        "a slice of k-space of 1 sample to 8 GiB",
        format!("{coils} coils x {y} lines x {x} samples"),
        "the header is damaged: export the file again",
    ))
}

/// Axes along x, y, z for files without geometry, the volume centred on 0 at index ⌊n/2⌋.
pub(super) fn assumed_affine(
    recon: [usize; 2],
    slices: usize,
    pixel_mm: [f64; 2],
    gap_mm: f64,
) -> [[f64; 4]; 3] {
    let [ny, nx] = recon;
    let [dy, dx] = pixel_mm;
    let centre = |n: usize, d: f64| -((n / 2) as f64) * d;
    [
        [dx, 0.0, 0.0, centre(nx, dx)],
        [0.0, dy, 0.0, centre(ny, dy)],
        [0.0, 0.0, gap_mm, centre(slices, gap_mm)],
    ]
}

impl RawSlice {
    /// From a grid on which 0 in all coils means not sampled; calibration is the image's own data.
    pub(super) fn from_grid(imaging: Array3<Complex32>) -> Self {
        let (_, y, x) = imaging.dim();
        let mut averages = Array2::zeros([y, x]);
        for coil in imaging.outer_iter() {
            averages.zip_mut_with(&coil, |n: &mut f32, z| {
                if *z != Complex32::ZERO {
                    *n = 1.0;
                }
            });
        }
        let (calibration, calibration_averages) = (imaging.clone(), averages.clone());
        Self {
            imaging,
            averages,
            calibration,
            calibration_averages,
            borrowed: false,
        }
    }

    /// Lines with at least one sample.
    pub(super) fn lines(&self) -> usize {
        self.averages
            .outer_iter()
            .filter(|line| line.iter().any(|&n| n > 0.0))
            .count()
    }
}

/// The first number that is not finite, as (coil, y, x).
pub(super) fn check_finite(
    path: &Path,
    slice: usize,
    data: &Array3<Complex32>,
) -> Result<(), IoError> {
    match data.indexed_iter().find(|(_, z)| !z.is_finite()) {
        None => Ok(()),
        Some((at, _)) => Err(IoError::new(
            path,
            "finite samples",
            format!("NaN or infinity in slice {slice} at (coil, y, x) = {at:?}"),
            "zero the samples that were not acquired and save the file again",
        )),
    }
}

/// Refuses a slice that a file does not have.
pub(super) fn check_slice(path: &Path, index: usize, slices: usize) -> Result<(), IoError> {
    if index < slices {
        return Ok(());
    }
    Err(IoError::new(
        path,
        format!("a slice from 0 to {}", slices.saturating_sub(1)),
        format!("slice {index}"),
        "choose another with --slices",
    ))
}
