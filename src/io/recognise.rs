//! What a file is, by its content and not by its name.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde::Serialize;

use super::npy_header::NpyHeader;
use super::{IoError, hdf5_read, lodopab, recognise_folder, tiff_stack, tomo};

/// The formats that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// MRD (ISMRMRD version 1) raw data in HDF5.
    Mrd,
    /// npy with complex numbers of 3 or 4 axes: (coil, y, x) or (slice, coil, y, x).
    NpyKSpace,
    /// fastMRI's HDF5: a dataset `kspace`.
    FastMri,
    /// NIfTI, compressed or not.
    Nifti,
    /// A DICOM file.
    Dicom,
    /// A folder of DICOM files that are no projections: images.
    DicomSeries,
    /// A folder of DICOM-CT-PD files: raw CT data, one view a file.
    CtPd,
    /// Data Exchange: tomography in HDF5, `/exchange/data`.
    DataExchange,
    /// NXtomo: tomography in HDF5 with an image key.
    NxTomo,
    /// LoDoPaB-CT's observations in HDF5.
    Lodopab,
    /// A TIFF file, or a folder of them: perhaps projections.
    Tiff,
    /// HDF5 of another layout.
    Hdf5Other,
    /// npy of another type or shape.
    Npy,
    /// None of these.
    Unknown,
}

/// Looks into a file and says what it is.
///
/// A file that is missing or empty, a folder without DICOM or TIFF files, or HDF5 that cannot be opened is an error
/// that says so.
pub fn recognise(path: &Path) -> Result<Kind, IoError> {
    let fail = |e| IoError::reading(path, &e);
    let about = std::fs::metadata(path).map_err(fail)?;
    if about.is_dir() {
        return recognise_folder::kind(path);
    }
    if about.len() == 0 {
        return Err(IoError::new(
            path,
            "a file with content",
            "an empty file (0 bytes)",
            "copy or export it again",
        ));
    }
    let mut file = File::open(path).map_err(fail)?;
    let mut start = Vec::new();
    (&mut file)
        .take(1024)
        .read_to_end(&mut start)
        .map_err(fail)?;
    if start.starts_with(b"\x93NUMPY") {
        let header = NpyHeader::read(path)?;
        let is_k_space = header.is_complex() && matches!(header.shape.len(), 3 | 4);
        return Ok(if is_k_space {
            Kind::NpyKSpace
        } else {
            Kind::Npy
        });
    }
    if recognise_folder::is_dicom(&start) {
        return Ok(Kind::Dicom);
    }
    if tiff_stack::is_tiff(&start) {
        return Ok(Kind::Tiff);
    }
    if is_nifti(&start) || is_nifti(&unzipped(&mut file, &start)) {
        return Ok(Kind::Nifti);
    }
    if hdf5_read::has_signature(&mut file).map_err(fail)? {
        return hdf5_kind(path);
    }
    Ok(Kind::Unknown)
}

fn unzipped(file: &mut File, start: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    if start.starts_with(&[0x1f, 0x8b]) && file.seek(SeekFrom::Start(0)).is_ok() {
        // A broken stream leaves what came before the break, which is enough to tell.
        let _ = MultiGzDecoder::new(file).take(1024).read_to_end(&mut bytes);
    }
    bytes
}

fn is_nifti(start: &[u8]) -> bool {
    matches!(start.get(344..348), Some(b"n+1\0" | b"ni1\0"))
        || matches!(start.get(4..8), Some(b"n+2\0" | b"ni2\0"))
}

fn hdf5_kind(path: &Path) -> Result<Kind, IoError> {
    let file = hdf5_read::open(path)?;
    let names = file
        .member_names()
        .map_err(|e| hdf5_read::failed(path, "the names in it", &e))?;
    if names.iter().any(|name| is_mrd_group(&file, name)) {
        return Ok(Kind::Mrd);
    }
    let is_fastmri = file.dataset("kspace").is_ok_and(|d| {
        let descriptor = d.dtype().and_then(|t| t.to_descriptor());
        descriptor.is_ok_and(|t| hdf5_read::complex_spelling(&t).is_some())
    });
    Ok(match () {
        () if is_fastmri => Kind::FastMri,
        () if file.dataset("exchange/data").is_ok() => Kind::DataExchange,
        () if tomo::nexus_entry(&file).is_some() => Kind::NxTomo,
        () if lodopab::observations(&file).is_some() => Kind::Lodopab,
        () => Kind::Hdf5Other,
    })
}

/// A group with an `xml` header beside acquisitions, or with either of them if it has MRD's default name.
fn is_mrd_group(file: &hdf5::File, name: &str) -> bool {
    let Ok(group) = file.group(name) else {
        return false;
    };
    let has_xml = group.dataset("xml").is_ok();
    let has_acquisitions = group.dataset("data").is_ok_and(|d| {
        let descriptor = d.dtype().and_then(|t| t.to_descriptor());
        descriptor.is_ok_and(|t| {
            hdf5_read::fields(&t)
                .iter()
                .any(|(name, _)| *name == "head")
        })
    });
    has_acquisitions || has_xml
}
