//! A new HDF5 file at a place that nobody else knows yet.

use super::atomic::AtomicPath;

/// Creates the file without a lock.
///
/// HDF5 lets children of this process inherit the file that it writes, and a lock lasts as long as any of
/// them: the finished file would be locked for as long as a program runs that was started meanwhile. The
/// place is this process's own until its final name is given, so that nobody has to be kept out.
pub(super) fn create(place: &AtomicPath) -> hdf5::Result<hdf5::File> {
    hdf5::silence_errors(true);
    unlocked().create(place.path())
}

/// How files are opened that no lock is to be taken of.
pub(super) fn unlocked() -> hdf5::FileBuilder {
    let mut builder = hdf5::File::with_options();
    builder.with_fapl(|access| access.file_locking(false));
    builder
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_child_started_meanwhile_locks_nobody_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.h5");
        let place = AtomicPath::create(&path, false).unwrap();
        let file = create(&place).unwrap();
        // It lives until its input ends.
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        file.close().unwrap();
        place.finish().unwrap();
        let opened = hdf5::File::open(&path);
        drop(child.stdin.take());
        child.wait().unwrap();
        opened.unwrap();
    }
}
