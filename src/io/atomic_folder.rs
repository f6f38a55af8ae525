//! A folder of files that is written beside its final name and renamed when it is complete.
//!
//! The files are not synced to the disk one by one: a folder may have tens of thousands of them.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::IoError;
use super::atomic::may_write;

/// A folder that takes its final name when [`finish`](Self::finish) is called, and else is removed.
#[derive(Debug)]
pub struct AtomicFolder {
    target: PathBuf,
    temporary: PathBuf,
    force: bool,
    done: bool,
}

impl AtomicFolder {
    /// Makes the temporary folder. Errors if the target exists (unless `force`), or its parent does not.
    ///
    /// With `force`, a folder is replaced only if it holds nothing but files that end in `extension`.
    pub fn create(target: &Path, extension: &str, force: bool) -> Result<Self, IoError> {
        let Some(name) = target.file_name().filter(|_| !target.is_file()) else {
            return Err(IoError::new(
                target,
                "the name of a folder",
                "a file, or no name",
                "name a new folder",
            ));
        };
        may_write(target, force)?;
        if target.is_dir() {
            only_ours(target, extension)?;
        }
        let name = name.to_string_lossy();
        for attempt in 0..1000 {
            let temporary = format!(".{name}.{}-{attempt}.partial", std::process::id());
            let temporary = target.with_file_name(temporary);
            match fs::create_dir(&temporary) {
                Ok(()) => {
                    return Ok(Self {
                        target: target.to_owned(),
                        temporary,
                        force,
                        done: false,
                    });
                }
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(IoError::writing(target, &e)),
            }
        }
        Err(IoError::writing(target, &ErrorKind::AlreadyExists.into()))
    }

    /// Where to write.
    pub fn path(&self) -> &Path {
        &self.temporary
    }

    /// The final name.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Moves to the final name.
    pub fn finish(mut self) -> Result<(), IoError> {
        may_write(&self.target, self.force)?;
        let fail = |e: io::Error| IoError::writing(&self.target, &e);
        if self.target.is_dir() {
            let old = self.temporary.with_extension("old.partial");
            fs::rename(&self.target, &old).map_err(fail)?;
            if let Err(e) = fs::rename(&self.temporary, &self.target) {
                // The earlier folder goes back to its place; the first error is the one to tell.
                let _ = fs::rename(&old, &self.target);
                return Err(fail(e));
            }
            self.done = true;
            return fs::remove_dir_all(&old).map_err(|e| IoError::writing(&old, &e));
        }
        fs::rename(&self.temporary, &self.target).map_err(fail)?;
        self.done = true;
        Ok(())
    }
}

impl Drop for AtomicFolder {
    fn drop(&mut self) {
        if !self.done {
            // Nothing can be done about a failure here, and an error is being told already.
            let _ = fs::remove_dir_all(&self.temporary);
        }
    }
}

/// Refuses to replace a folder that holds anything else.
fn only_ours(folder: &Path, extension: &str) -> Result<(), IoError> {
    let fail = |e| IoError::reading(folder, &e);
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if !path.is_file() || path.extension().is_none_or(|e| e != extension) {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            return Err(IoError::new(
                folder,
                format!("a folder with .{extension} files alone, to replace it"),
                name,
                "choose another name, or remove the folder yourself",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::testing::message;

    #[test]
    fn a_folder_appears_whole_or_not_at_all() {
        let parent = tempfile::tempdir().unwrap();
        let target = parent.path().join("scan");
        let folder = AtomicFolder::create(&target, "dcm", false).unwrap();
        fs::write(folder.path().join("1.dcm"), "one").unwrap();
        assert!(!target.exists());
        drop(folder);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
        let folder = AtomicFolder::create(&target, "dcm", false).unwrap();
        fs::write(folder.path().join("1.dcm"), "one").unwrap();
        folder.finish().unwrap();
        assert!(message(AtomicFolder::create(&target, "dcm", false)).contains("--force"));
        let folder = AtomicFolder::create(&target, "dcm", true).unwrap();
        fs::write(folder.path().join("2.dcm"), "two").unwrap();
        folder.finish().unwrap();
        assert!(!target.join("1.dcm").exists() && target.join("2.dcm").exists());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[test]
    fn other_files_are_never_removed() {
        let parent = tempfile::tempdir().unwrap();
        let target = parent.path().join("scan");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("thesis.tex"), "x").unwrap();
        let text = message(AtomicFolder::create(&target, "dcm", true));
        assert!(text.contains("thesis.tex"), "{text}");
        let file = target.join("thesis.tex");
        assert!(message(AtomicFolder::create(&file, "dcm", true)).contains("a file"));
    }
}
