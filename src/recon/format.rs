//! What a run writes.

use std::str::FromStr;

/// A kind of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `mean.nii.gz`, `std.nii.gz`, samples.
    Nifti,
    /// `result.h5`.
    Hdf5,
    /// `mean.dcm/`, `std.dcm/`: DICOM series, one file a slice.
    Dicom,
    /// Contact sheets.
    Png,
    /// `mean.npy`, `std.npy`, f32.
    Npy,
    /// `mean.npy`, complex64.
    NpyComplex,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "nifti" => Ok(Format::Nifti),
            "hdf5" => Ok(Format::Hdf5),
            "dicom" => Ok(Format::Dicom),
            "png" => Ok(Format::Png),
            "npy" => Ok(Format::Npy),
            "npy-complex" => Ok(Format::NpyComplex),
            other => Err(format!(
                "format `{other}`: this build writes nifti, hdf5, png, dicom, npy, npy-complex"
            )),
        }
    }
}
