//! A series that is being written: one file a slice, in a folder that takes its name when all slices are there.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use dicom_dictionary_std::uids;
use dicom_object::FileMetaTableBuilder;
use ndarray::Array2;
use tempfile::TempDir;

use super::SourceModules;
use super::attributes::unreadable;
use super::modules::Series;
use super::plane::Planes;
use super::series_info::{Scale, SeriesInfo};
use super::uid::implementation;
use crate::io::{IoError, atomic};

/// A DICOM series that is being written.
///
/// The same input, protocol and seed give the same bytes. Dropped before its end, it leaves nothing.
pub struct DicomSeriesWriter {
    series: Series,
    folder: PathBuf,
    partial: TempDir,
    force: bool,
    written: Vec<bool>,
    report: SeriesReport,
}

/// What became of a written series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeriesReport {
    /// Files in the folder.
    pub files: usize,
    /// Pixels whose value was beyond what is stored, and is cut.
    pub cut: u64,
    /// Pixels without a finite value, stored as 0 (in HU: as air).
    pub not_finite: u64,
}

impl DicomSeriesWriter {
    /// Starts a series in a new folder.
    ///
    /// Errors if the folder exists (unless `force`, and then if it holds anything but DICOM files), if the axes of
    /// the affine are not perpendicular, or if the largest value is no positive number.
    pub fn create(folder: &Path, info: SeriesInfo, force: bool) -> Result<Self, IoError> {
        atomic::may_write(folder, force)?;
        may_replace(folder)?;
        let [slices, rows, columns] = info.shape;
        let sides = [rows, columns].map(|n| (1..=usize::from(u16::MAX)).contains(&n));
        if slices == 0 || sides != [true; 2] {
            let found = format!("{slices} slices of {rows} x {columns}");
            let remedy = "this is a mistake in the caller";
            return Err(IoError::new(
                folder,
                "slices of 1 to 65535 pixels a side",
                found,
                remedy,
            ));
        }
        let planes = Planes::new(folder, &info.affine_lps_mm)?;
        let Some(scale) = Scale::new(info.content, info.quantity) else {
            let found = format!("{:?}", info.content);
            let remedy = "give the largest value of the series";
            return Err(IoError::new(
                folder,
                "a largest value above 0",
                found,
                remedy,
            ));
        };
        let other = |source: &&SourceModules| source.modality != info.content.modality();
        if let Some(source) = info.source.as_ref().filter(other) {
            let expected = format!("a source of {:?} images", info.content.modality());
            let found = format!("one of {:?}", source.modality);
            let remedy = "name a source of the same kind, or none";
            return Err(IoError::new(folder, expected, found, remedy));
        }
        let partial = partial_folder(folder)?;
        Ok(Self {
            written: vec![false; slices],
            series: Series::new(info, planes, scale),
            folder: folder.to_owned(),
            partial,
            force,
            report: SeriesReport::default(),
        })
    }

    /// Writes a slice (row, column), in any order.
    pub fn slice(&mut self, index: usize, slice: &Array2<f32>) -> Result<(), IoError> {
        let [slices, rows, columns] = self.series.info.shape;
        let is_new = self.written.get(index) == Some(&false);
        if !is_new || slice.dim() != (rows, columns) {
            let expected = format!("each of {slices} slices of ({rows}, {columns}) once");
            let found = format!("slice {index} of {:?}", slice.dim());
            let remedy = "this is a mistake in the caller";
            return Err(IoError::new(&self.folder, expected, found, remedy));
        }
        let pixels = self.stored(slice);
        let set = self.series.image(index, pixels);
        let meta = FileMetaTableBuilder::new()
            .media_storage_sop_class_uid(self.series.sop_class())
            .media_storage_sop_instance_uid(self.series.instance_uid(index))
            .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
            .implementation_class_uid(implementation())
            .implementation_version_name("ANNULUS");
        let object = set
            .0
            .with_meta(meta)
            .map_err(|e| unreadable(&self.folder, &e))?;
        let path = self.partial.path().join(file_name(index, slices));
        let fail = |e| IoError::writing(&self.folder, &e);
        let mut out = BufWriter::new(File::create(path).map_err(fail)?);
        let sent = object.write_all(&mut out);
        sent.map_err(|e| IoError::writing(&self.folder, &system_error(&e)))?;
        out.flush().map_err(fail)?;
        out.get_ref().sync_all().map_err(fail)?;
        self.written[index] = true;
        self.report.files += 1;
        Ok(())
    }

    /// Gives the folder its name. Errors if slices are missing.
    pub fn finish(self) -> Result<SeriesReport, IoError> {
        let missing = self.written.iter().filter(|w| !**w).count();
        if missing > 0 {
            let expected = format!("{} slices", self.written.len());
            let found = format!("{} slices", self.written.len() - missing);
            let remedy = "this is a mistake in the caller";
            return Err(IoError::new(&self.folder, expected, found, remedy));
        }
        atomic::may_write(&self.folder, self.force)?;
        may_replace(&self.folder)?;
        let fail = |e| IoError::writing(&self.folder, &e);
        // What was there is moved aside before it is removed: under the name is always a whole series.
        let old = self
            .folder
            .exists()
            .then(|| partial_folder(&self.folder))
            .transpose()?;
        if let Some(old) = &old {
            fs::rename(&self.folder, old.path().join("old")).map_err(fail)?;
        }
        match fs::rename(self.partial.path(), &self.folder) {
            Ok(()) => {
                // It has gone from where it would be removed.
                let _ = self.partial.keep();
                Ok(self.report)
            }
            Err(e) => {
                if let Some(old) = &old {
                    fs::rename(old.path().join("old"), &self.folder).map_err(fail)?;
                }
                Err(fail(e))
            }
        }
    }

    fn stored(&mut self, slice: &Array2<f32>) -> Vec<i16> {
        let scale = self.series.scale;
        let empty = if scale.hounsfield { -1000.0 } else { 0.0 };
        let report = &mut self.report;
        let store = |&value: &f32| {
            report.not_finite += u64::from(!value.is_finite());
            let (number, cut) = scale.store(if value.is_finite() { value } else { empty });
            report.cut += u64::from(cut);
            number
        };
        slice.iter().map(store).collect()
    }
}

/// The name of a slice's file: numbers of one length, so that they sort.
fn file_name(index: usize, slices: usize) -> String {
    let digits = slices.to_string().len().max(4);
    format!("{:0digits$}.dcm", index + 1)
}

/// A folder beside the final one, readable as other new folders are.
fn partial_folder(folder: &Path) -> Result<TempDir, IoError> {
    let Some(name) = folder.file_name() else {
        let remedy = "name a new folder";
        return Err(IoError::new(folder, "the name of a folder", "none", remedy));
    };
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let prefix = format!(".{}.", name.to_string_lossy());
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".partial");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    builder
        .tempdir_in(parent)
        .map_err(|e| IoError::writing(folder, &e))
}

/// Errors if a folder holds anything but DICOM files: it is not for us to remove.
fn may_replace(folder: &Path) -> Result<(), IoError> {
    let fail = |e| IoError::reading(folder, &e);
    if folder.symlink_metadata().is_err() {
        return Ok(());
    }
    let remedy = "choose another name, or remove it yourself";
    if !folder.is_dir() {
        return Err(IoError::new(folder, "a folder", "a file", remedy));
    }
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.is_dir()
            || path
                .extension()
                .is_none_or(|e| !e.eq_ignore_ascii_case("dcm"))
        {
            return Err(IoError::new(
                folder,
                "a folder of .dcm files alone",
                "others",
                remedy,
            ));
        }
    }
    Ok(())
}

/// The system's error at the bottom of another.
fn system_error(error: &(dyn std::error::Error + 'static)) -> std::io::Error {
    let mut cause = Some(error);
    while let Some(inner) = cause {
        if let Some(system) = inner.downcast_ref::<std::io::Error>() {
            return match system.raw_os_error() {
                Some(code) => std::io::Error::from_raw_os_error(code),
                None => system.kind().into(),
            };
        }
        cause = inner.source();
    }
    std::io::Error::other(error.to_string())
}
