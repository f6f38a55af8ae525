//! What a folder is, by the files that lie directly in it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use dicom_dictionary_std::tags;
use dicom_object::OpenFileOptions;

use super::{IoError, Kind, dicom_walk, tiff_stack};

/// Bytes read from the start of each file.
const START: usize = 132;

/// The files of a folder by name, each with its first bytes; not the hidden ones, not folders, not DICOMDIR.
pub(super) fn files(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, IoError> {
    let fail = |e| IoError::reading(folder, &e);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
        let skip = |name: &str| name.starts_with('.') || name == "DICOMDIR";
        if !path.is_file() || name.is_none_or(|n| skip(&n)) {
            continue;
        }
        let mut start = Vec::with_capacity(START);
        let file = File::open(&path).map_err(|e| IoError::reading(&path, &e))?;
        file.take(START as u64)
            .read_to_end(&mut start)
            .map_err(|e| IoError::reading(&path, &e))?;
        found.push((path, start));
    }
    found.sort();
    Ok(found)
}

/// Whether a file's first bytes are DICOM's.
pub(super) fn is_dicom(start: &[u8]) -> bool {
    start.get(128..132) == Some(b"DICM")
}

/// CT-PD, another series of DICOM, or TIFF; a folder without any of them is an error.
pub(super) fn kind(folder: &Path) -> Result<Kind, IoError> {
    let files = files(folder)?;
    if let Some((path, _)) = files.iter().find(|(_, start)| is_dicom(start)) {
        return Ok(if has_projections(path)? {
            Kind::CtPd
        } else {
            Kind::DicomSeries
        });
    }
    if files.iter().any(|(_, start)| tiff_stack::is_tiff(start)) {
        return Ok(Kind::Tiff);
    }
    Err(IoError::new(
        folder,
        "a file, or a folder with DICOM or TIFF files directly in it",
        format!("a folder with {} other files", files.len()),
        "name one file, or the folder right above the views",
    ))
}

/// Whether a DICOM file describes a projection: the detector's and the source's private groups of CT-PD.
fn has_projections(path: &Path) -> Result<bool, IoError> {
    dicom_walk::check(path)?;
    let object = OpenFileOptions::new()
        .read_until(tags::PIXEL_DATA)
        .open_file(path)
        .map_err(|e| dicom_walk::failed(path, &e))?;
    let has = |group: u16| object.iter().any(|e| e.header().tag.group() == group);
    Ok(has(0x7029) && has(0x7031))
}
