//! What a run needs of a modality: a scan that was opened, and its slices, each ready for any
//! method.

use super::blind::Nuisance;
use super::held_out::HeldOut;
use super::{Plan, ReconError};
use crate::guidance::Measurement;
use crate::io::dicom::SourceModules;
use crate::progress::Progress;
use crate::protocol::Method;
use ndarray::{Array2, Array3};
use num_complex::Complex32;

/// What the files and the report say of a scan before its first slice.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// Slices in the raw file.
    pub(super) slices: usize,
    /// Rows and columns of the image.
    pub(super) image: [usize; 2],
    /// Voxel (column, row, slice) to LPS in mm.
    pub(super) affine_lps_mm: [[f64; 4]; 3],
    /// Whether the affine is the scanner's.
    pub(super) geometry_known: bool,
    /// What an image value is, in words.
    pub(super) units: String,
    /// Whether an image is complex and its magnitude is shown.
    pub(super) complex: bool,
    /// Black and white of the pictures; by the values without.
    pub(super) window: Option<[f32; 2]>,
    /// Coils whose sensitivities are written; 0 for none.
    pub(super) coils: usize,
    /// Image value over the value that the operators see.
    pub(super) scale: f64,
    /// Deviation of the noise, where one number says it.
    pub(super) noise_std: Option<f64>,
    /// How the noise was found.
    pub(super) noise_rule: String,
    /// Whether it is an estimate from the data themselves.
    pub(super) noise_estimated: bool,
    /// Column that the rotation axis is seen in (CT, parallel beam).
    pub(super) rotation_centre_column: Option<f64>,
    /// What DICOM series of it carry.
    pub(super) dicom: DicomFacts,
    /// What the user should know before looking at the image.
    pub(super) warnings: Vec<String>,
}

/// What DICOM series of a scan carry beside the image.
#[derive(Clone, Debug, Default)]
pub(super) struct DicomFacts {
    /// Patient, study and scanner, where the raw data name them.
    pub(super) source: Option<SourceModules>,
    /// How the patient lay.
    pub(super) patient_position: Option<String>,
    /// Thickness of a slice.
    pub(super) slice_thickness_mm: Option<f64>,
    /// Tube voltage.
    pub(super) kvp: Option<f64>,
    /// Field strength.
    pub(super) field_t: Option<f64>,
}

impl Facts {
    /// The affine of the part of the volume that starts with slice `first`.
    pub(super) fn affine_from(&self, first: usize) -> [[f64; 4]; 3] {
        self.affine_lps_mm
            .map(|[x, y, z, origin]| [x, y, z, origin + first as f64 * z])
    }
}

/// A scan of one modality, opened.
pub(super) trait Study<T: Clone + 'static> {
    /// What is known of it.
    fn facts(&self) -> Facts;

    /// Finds what one unit of the prior is in this volume.
    fn find_unit(
        &mut self,
        plan: &Plan,
        progress: &Progress,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<(), ReconError>;

    /// One unit of the prior, in the units that the operators see.
    fn unit(&self) -> f64;

    /// A slice without a part of its measurements, and that part; nothing where a scan cannot spare any.
    fn held_out<'a>(
        &mut self,
        _plan: &'a Plan,
        _index: usize,
    ) -> Result<Option<HeldOut<'a, T>>, ReconError> {
        Ok(None)
    }

    /// Reads and prepares a slice, which holds what it needs.
    fn slice<'a>(
        &mut self,
        plan: &'a Plan,
        index: usize,
    ) -> Result<Box<dyn Slice<T> + 'a>, ReconError>;
}

/// A reconstruction without a prior.
pub(super) struct Classical<T> {
    /// The image, in the units of the output.
    pub(super) image: Array2<Complex32>,
    /// The same for the operators, in units of the prior; none where no operator made it.
    pub(super) x: Option<T>,
    /// Iterations.
    pub(super) steps: usize,
}

/// One slice, ready for any method. Arrays `T` are in units of the prior, images in those of the
/// output and on its grid.
pub(super) trait Slice<T: Clone + 'static> {
    /// Operator and likelihood, with what guidance may need.
    fn measurement(&self) -> Measurement<'_, T>;

    /// The deviation that the data leave to a well-measured frequency, in units of the prior: the
    /// last noise levels of a sampler must lie below it.
    fn noise_floor(&self) -> f64;

    /// What the protocol says is unknown beside the image, if anything.
    fn nuisance(&self) -> Result<Option<Box<dyn Nuisance<T> + '_>>, ReconError> {
        Ok(None)
    }

    /// An image of zeros, batch 1.
    fn blank(&self) -> T;

    /// The classical image that warm samplers start from.
    fn reference(&self) -> Result<T, ReconError>;

    /// The reconstruction of a method without a prior; `tick` may stop it.
    fn classical(
        &self,
        method: &Method,
        tick: &mut dyn FnMut() -> bool,
    ) -> Result<Classical<T>, ReconError>;

    /// The images of a batch.
    fn images(&self, x: &T) -> Vec<Array2<Complex32>>;

    /// Reconstructions that stand beside any other in the report: name and image.
    fn beside(&self) -> Result<Vec<(&'static str, Array2<Complex32>)>, ReconError>;

    /// The adjoint gap of the operator, measured on random vectors.
    fn adjoint_gap(&self, seed: u64) -> Result<f64, ReconError>;

    /// Coil sensitivities (coil, row, column), where there are any.
    fn sensitivities(&self) -> Option<Array3<Complex32>> {
        None
    }
}
