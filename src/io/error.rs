//! The one error of this module: which file, what was expected, what came, and the way out, on one line.

use std::fmt::Display;
use std::path::{Path, PathBuf};

/// Why a file could not be read or written.
///
/// The message is one line: `path: expected …, found …; way out`.
#[derive(Debug, thiserror::Error)]
#[error("{}: expected {expected}, found {found}; {remedy}", path.display())]
pub struct IoError {
    /// The file.
    pub path: PathBuf,
    /// What a good file would have had here.
    pub expected: String,
    /// What this one has.
    pub found: String,
    /// What the user can do about it.
    pub remedy: String,
}

impl IoError {
    /// Builds the error; line breaks from other libraries' messages are flattened.
    pub fn new(
        path: &Path,
        expected: impl Display,
        found: impl Display,
        remedy: impl Display,
    ) -> Self {
        Self {
            path: path.to_owned(),
            expected: one_line(expected),
            found: one_line(found),
            remedy: one_line(remedy),
        }
    }

    /// A failed read by the operating system, with the usual causes named.
    pub fn reading(path: &Path, cause: &std::io::Error) -> Self {
        use std::io::ErrorKind::{IsADirectory, NotFound, PermissionDenied, UnexpectedEof};
        let (found, remedy) = match cause.kind() {
            NotFound => ("no such file".to_owned(), "check the spelling of the path"),
            PermissionDenied => (
                "permission denied".to_owned(),
                "check who may read it (ls -l)",
            ),
            IsADirectory => ("a folder".to_owned(), "name the file inside it"),
            UnexpectedEof => (
                "the end of the file too early".to_owned(),
                "the file is truncated: copy it again from its source",
            ),
            _ => (cause.to_string(), "check the disk and the file"),
        };
        Self::new(path, "a readable file", found, remedy)
    }

    /// A failed write by the operating system; a full disk is named as such.
    pub fn writing(path: &Path, cause: &std::io::Error) -> Self {
        use std::io::ErrorKind::{
            NotFound, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
        };
        let (found, remedy) = match cause.kind() {
            StorageFull => (
                "no space left on the disk".to_owned(),
                "free some space or choose another folder; nothing was left behind",
            ),
            QuotaExceeded => (
                "the disk quota exceeded".to_owned(),
                "free some space or choose another folder; nothing was left behind",
            ),
            NotFound => (
                "no such folder".to_owned(),
                "create the folder first (mkdir -p)",
            ),
            PermissionDenied | ReadOnlyFilesystem => (
                "permission denied".to_owned(),
                "choose a folder that you may write to",
            ),
            _ => (cause.to_string(), "check the disk; nothing was left behind"),
        };
        Self::new(path, "to write it", found, remedy)
    }

    /// A failed write through HDF5, whose messages hide the system's error somewhere inside.
    pub(super) fn writing_hdf5(path: &Path, cause: &hdf5::Error) -> Self {
        let text = cause.to_string();
        if text.contains("No space left") || text.contains("errno = 28") {
            return Self::writing(path, &std::io::ErrorKind::StorageFull.into());
        }
        Self::new(
            path,
            "to write it",
            text,
            "check the free space and the folder; nothing was left behind",
        )
    }
}

fn one_line(text: impl Display) -> String {
    let text = text.to_string();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_one_line_with_all_four_parts() {
        let error = IoError::new(Path::new("a.h5"), "this", "that\n  and more", "do so");
        assert_eq!(
            error.to_string(),
            "a.h5: expected this, found that and more; do so"
        );
    }

    #[test]
    fn a_full_disk_is_named() {
        let error = IoError::writing(Path::new("a"), &std::io::Error::from_raw_os_error(28));
        assert!(error.to_string().contains("no space left"), "{error}");
    }
}
