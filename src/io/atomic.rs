//! Write beside the final name, then rename: a reader never sees half a file.
//!
//! The temporary file lies in the same folder as `.NAME.RANDOM.partial` and is removed when the writer is
//! dropped before it has finished.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::IoError;

/// A temporary path beside the final one, for libraries that open files themselves (HDF5).
#[derive(Debug)]
pub struct AtomicPath {
    temporary: TempPath,
    target: PathBuf,
    force: bool,
}

impl AtomicPath {
    /// Reserves the temporary name. Errors if the target exists (unless `force`), or its folder does not.
    pub fn create(target: &Path, force: bool) -> Result<Self, IoError> {
        Ok(AtomicFile::create(target, force)?.place)
    }

    /// Where to write.
    pub fn path(&self) -> &Path {
        &self.temporary
    }

    /// The final name.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Syncs to the disk and moves to the final name.
    pub fn finish(self) -> Result<(), IoError> {
        let file = OpenOptions::new().write(true).open(&self.temporary);
        file.and_then(|file| file.sync_all())
            .map_err(|e| IoError::writing(&self.target, &e))?;
        self.publish()
    }

    fn publish(self) -> Result<(), IoError> {
        let moved = match self.force {
            true => self.temporary.persist(&self.target),
            false => self.temporary.persist_noclobber(&self.target),
        };
        moved.map_err(|e| match e.error.kind() {
            io::ErrorKind::AlreadyExists => exists(&self.target),
            _ => IoError::writing(&self.target, &e.error),
        })
    }
}

/// A file that takes its final name when [`finish`](Self::finish) is called, and else never.
#[derive(Debug)]
pub struct AtomicFile {
    file: File,
    place: AtomicPath,
}

impl AtomicFile {
    /// Opens the temporary file. Errors if the target exists (unless `force`), or its folder does not.
    pub fn create(target: &Path, force: bool) -> Result<Self, IoError> {
        let Some(name) = target.file_name() else {
            return Err(IoError::new(
                target,
                "a file name",
                "none",
                "name a file, not a folder",
            ));
        };
        if target.is_dir() {
            return Err(IoError::new(
                target,
                "a file name",
                "a folder",
                "name a file inside it",
            ));
        }
        if !force && target.symlink_metadata().is_ok() {
            return Err(exists(target));
        }
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let prefix = format!(".{}.", name.to_string_lossy());
        // Opened here and not by tempfile, whose own files are readable by the owner alone.
        let made = tempfile::Builder::new()
            .prefix(&prefix)
            .suffix(".partial")
            .make_in(folder, |path| {
                OpenOptions::new()
                    .write(true)
                    .read(true)
                    .create_new(true)
                    .open(path)
            });
        let (file, temporary) = made.map_err(|e| IoError::writing(target, &e))?.into_parts();
        let place = AtomicPath {
            temporary,
            target: target.to_owned(),
            force,
        };
        Ok(Self { file, place })
    }

    /// The final name.
    pub fn target(&self) -> &Path {
        &self.place.target
    }

    /// Syncs to the disk and moves to the final name.
    pub fn finish(self) -> Result<(), IoError> {
        let Self { file, place } = self;
        file.sync_all()
            .map_err(|e| IoError::writing(&place.target, &e))?;
        drop(file);
        place.publish()
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for AtomicFile {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

/// Writes a whole file at once.
pub fn write(target: &Path, bytes: &[u8], force: bool) -> Result<(), IoError> {
    let mut file = AtomicFile::create(target, force)?;
    file.write_all(bytes)
        .map_err(|e| IoError::writing(target, &e))?;
    file.finish()
}

/// Errors if `target` exists and may not be replaced.
pub fn may_write(target: &Path, force: bool) -> Result<(), IoError> {
    if !force && target.symlink_metadata().is_ok() {
        return Err(exists(target));
    }
    Ok(())
}

fn exists(target: &Path) -> IoError {
    IoError::new(
        target,
        "a new file",
        "one that exists already",
        "choose another name or pass --force to replace it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_lies_under_the_name_before_the_end_and_nothing_at_all_after_a_drop() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.bin");
        let mut file = AtomicFile::create(&target, false).unwrap();
        file.write_all(b"abc").unwrap();
        assert!(!target.exists());
        drop(file);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_existing_file_is_kept_unless_forced() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.bin");
        write(&target, b"one", false).unwrap();
        let error = write(&target, b"two", false).unwrap_err().to_string();
        assert!(error.contains("--force"), "{error}");
        assert_eq!(std::fs::read(&target).unwrap(), b"one");
        write(&target, b"two", true).unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"two");
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.bin");
        let file = AtomicFile::create(&target, false).unwrap();
        std::fs::write(&target, b"other").unwrap();
        assert!(file.finish().is_err());
        assert_eq!(std::fs::read(&target).unwrap(), b"other");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = AtomicFile::create(&folder.path().join("no/a"), false).unwrap_err();
        assert!(error.to_string().contains("no such folder"), "{error}");
    }
}
