//! One result a folder, all or nothing: everything is written beside and moved when it is whole.

use super::ReconError;
use crate::io::{IoError, atomic};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Files that say that a folder holds a result, besides its samples.
const RESULTS: [&str; 18] = [
    "report.json",
    "report.html",
    "mean.nii.gz",
    "std.nii.gz",
    "result.h5",
    "mean.npy",
    "std.npy",
    "mean.png",
    "std.png",
    "zero-filled.png",
    "cg-sense.png",
    "fbp.png",
    "pseudo-inverse.png",
    "adjoint.png",
    "tikhonov.png",
    "hio.png",
    "mean.dcm",
    "std.dcm",
];

/// A hidden folder inside the output folder; gone with everything in it unless it is published.
pub(super) struct Staging {
    folder: PathBuf,
    inner: TempDir,
}

impl Staging {
    /// Makes the output folder. An earlier result in it is refused unless `force`: known before the
    /// first slice, not after hours.
    pub(super) fn create(folder: &Path, force: bool) -> Result<Self, ReconError> {
        let fail = |e: std::io::Error| {
            ReconError::Request(format!("output folder {}: {e}", folder.display()))
        };
        std::fs::create_dir_all(folder).map_err(fail)?;
        for name in RESULTS {
            atomic::may_write(&folder.join(name), force)?;
        }
        let inner = tempfile::Builder::new()
            .prefix(".partial-")
            .tempdir_in(folder)
            .map_err(fail)?;
        Ok(Staging {
            folder: folder.to_owned(),
            inner,
        })
    }

    /// Where to write a file of the result.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.inner.path().join(name)
    }

    /// Moves every file to its final name, and removes what an earlier result left there and this
    /// one does not have, such as the samples beyond its own.
    pub(super) fn publish(self) -> Result<(), ReconError> {
        let names = |folder: &Path| -> Result<Vec<String>, IoError> {
            let entries = std::fs::read_dir(folder).map_err(|e| IoError::reading(folder, &e))?;
            Ok(entries
                .flatten()
                .map(|e| e.file_name().to_string_lossy().into_owned())
                .collect())
        };
        let new = names(self.inner.path())?;
        for name in &new {
            let target = self.folder.join(name);
            if target.is_dir() {
                remove_series(&target)?;
            }
            std::fs::rename(self.path(name), &target).map_err(|e| IoError::writing(&target, &e))?;
        }
        for name in names(&self.folder)? {
            let sample = name.starts_with("sample-") && name.ends_with(".nii.gz");
            if (sample || RESULTS.contains(&name.as_str())) && !new.contains(&name) {
                let stale = self.folder.join(name);
                if stale.is_dir() {
                    remove_series(&stale)?;
                } else {
                    std::fs::remove_file(&stale).map_err(|e| IoError::writing(&stale, &e))?;
                }
            }
        }
        Ok(())
    }
}

/// Removes a DICOM series of an earlier result; a folder that holds anything else stays, and is an
/// error.
fn remove_series(folder: &Path) -> Result<(), IoError> {
    let fail = |e: std::io::Error| IoError::writing(folder, &e);
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|e| e == "dcm") && path.is_file() {
            std::fs::remove_file(&path).map_err(fail)?;
        }
    }
    std::fs::remove_dir(folder).map_err(fail)
}
