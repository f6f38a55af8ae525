//! The files that are compared: NIfTI, npy, DICOM series.

use crate::io::dicom::Unit;
use crate::io::npy_array::read_array;
use crate::io::{Apart, DicomOptions, IoError, Kind, read_dicom_series, read_volume, recognise};
use ndarray::{Array3, ArrayD};
use num_complex::Complex64;
use std::path::Path;

/// A volume (slice, row, column), its grid, and what is known of it.
pub(super) struct Loaded {
    /// Its values, or their magnitudes if they are complex.
    pub(super) real: Array3<f64>,
    /// Its values if any has an imaginary part.
    pub(super) complex: Option<Array3<Complex64>>,
    pub(super) grid: Grid,
    /// Whether the file says that it is in HU.
    pub(super) is_hu: bool,
    pub(super) notes: Vec<String>,
}

/// Shape, and voxel (column, row, slice) to LPS millimetres where the file says it.
pub(super) struct Grid {
    pub(super) shape: (usize, usize, usize),
    affine_lps_mm: Option<[[f64; 4]; 3]>,
}

impl Loaded {
    pub(super) fn read(path: &Path) -> Result<Self, IoError> {
        match recognise(path)? {
            Kind::Nifti => {
                let volume = read_volume(path)?;
                Ok(Loaded::of(volume.data, Some(volume.affine_lps_mm)))
            }
            Kind::Npy | Kind::NpyKSpace => Loaded::of_array(path, read_array(path)?),
            Kind::Dicom | Kind::DicomSeries => {
                let series = read_dicom_series(path, &DicomOptions::default())?;
                let volume = series.volume;
                let mut loaded = Loaded::of(volume.data, Some(volume.affine_lps_mm));
                loaded.is_hu = matches!(series.unit, Unit::Hounsfield);
                loaded.notes = series.warnings;
                Ok(loaded)
            }
            kind => Err(IoError::new(
                path,
                "an image: NIfTI, npy or a DICOM series",
                format!("{kind:?}"),
                "save it as one of these, e.g. with --format nifti,npy of recon",
            )),
        }
    }

    fn of(data: Array3<f32>, affine_lps_mm: Option<[[f64; 4]; 3]>) -> Self {
        Loaded {
            grid: Grid {
                shape: data.dim(),
                affine_lps_mm,
            },
            real: data.mapv(f64::from),
            complex: None,
            is_hu: false,
            notes: Vec::new(),
        }
    }

    /// Axes before the last two are slices; an array of one axis is one row.
    fn of_array(path: &Path, array: ArrayD<Complex64>) -> Result<Self, IoError> {
        let sizes = [&[1, 1], array.shape()].concat();
        let (leading, last) = sizes.split_at(sizes.len() - 2);
        let shape = (leading.iter().product(), last[0], last[1]);
        let elements: Vec<Complex64> = array.iter().copied().collect();
        let complex = Array3::from_shape_vec(shape, elements)
            .map_err(|e| IoError::new(path, "a volume", e, "save it as (slice, row, column)"))?;
        let is_complex = complex.iter().any(|z| z.im != 0.0);
        Ok(Loaded {
            grid: Grid {
                shape,
                affine_lps_mm: None,
            },
            real: match is_complex {
                true => complex.mapv(Complex64::norm),
                false => complex.mapv(|z| z.re),
            },
            complex: is_complex.then_some(complex),
            is_hu: false,
            notes: Vec::new(),
        })
    }

    /// True where it is not 0.
    pub(super) fn into_mask(self, path: &Path) -> Result<Array3<bool>, IoError> {
        let bad = self.real.indexed_iter().find(|(_, v)| !v.is_finite());
        if let Some((at, _)) = bad {
            return Err(IoError::new(
                path,
                "a mask of finite numbers, 0 outside",
                format!("NaN or infinity at {at:?}"),
                "replace them and save the file again",
            ));
        }
        if self.real.iter().all(|v| *v == 0.0) {
            return Err(IoError::new(
                path,
                "a mask with at least one voxel that is not 0",
                format!("0 at all {} voxels", self.real.len()),
                "check that it is the right file",
            ));
        }
        Ok(self.real.mapv(|v| v != 0.0))
    }
}

impl Grid {
    /// Where they lie farthest apart; none if one has no affine.
    pub(super) fn apart(&self, other: &Grid) -> Option<Apart> {
        let (one, two) = (self.affine_lps_mm?, other.affine_lps_mm?);
        Some(Apart::farthest(self.shape, &one, &two))
    }
}
