//! A PyTorch checkpoint, and the choice of the weights in it.

mod pick;

use super::pickle::{self, Id, Objects};
use super::zip::Archive;
use super::{CheckpointError, format_error};
pub use pick::Picked;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// Longest pickle; the tensors lie beside it.
const MOST_PICKLE: u64 = 64 << 20;

/// A file of `torch.save`, opened: its structure is in memory, its tensors are not.
pub struct Checkpoint<R> {
    archive: Archive<R>,
    /// Part of every record's name, with its slash.
    folder: String,
    objects: Objects,
    root: Id,
}

impl Checkpoint<BufReader<File>> {
    /// Opens a file of `torch.save`.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        Checkpoint::new(BufReader::new(File::open(path)?))
    }
}

impl<R: Read + Seek> Checkpoint<R> {
    /// Reads the structure of a checkpoint.
    pub fn new(mut file: R) -> Result<Self, CheckpointError> {
        let mut start = Vec::new();
        file.by_ref().take(16).read_to_end(&mut start)?;
        if !start.starts_with(b"PK") {
            return Err(not_an_archive(&start, file));
        }
        let mut archive = Archive::open(file)?;
        let (name, folder) = main_record(&archive)?;
        let order = format!("{folder}byteorder");
        if let Some(size) = archive.size(&order).filter(|n| *n <= 16)
            && archive.read(&order, 0, size)? != b"little"
        {
            return format_error("was written by a big-endian machine");
        }
        let size = archive.size(&name).unwrap_or_default();
        if size > MOST_PICKLE {
            let why = format!("its `data.pkl` has {size} bytes, more than any checkpoint's");
            return format_error(why);
        }
        let (objects, root) = pickle::read(&archive.read(&name, 0, size)?)?;
        Ok(Checkpoint {
            archive,
            folder,
            objects,
            root,
        })
    }
}

/// The record of the structure, and the part of its name that all records share.
fn main_record<R: Read + Seek>(archive: &Archive<R>) -> Result<(String, String), CheckpointError> {
    if archive.names().any(|n| n.ends_with("/constants.pkl")) {
        return Err(CheckpointError::Script);
    }
    let pickles: Vec<&str> = (archive.names())
        .filter(|n| *n == "data.pkl" || n.ends_with("/data.pkl"))
        .collect();
    match pickles[..] {
        [name] => Ok((name.into(), name.trim_end_matches("data.pkl").into())),
        _ => format_error("is an archive, but none of torch.save: it should hold one `data.pkl`"),
    }
}

/// The error of a file that is no archive; a bare pickle is read to find what it asks for.
fn not_an_archive<R: Read + Seek>(start: &[u8], mut file: R) -> CheckpointError {
    // The integer that torch.save wrote before version 1.6.
    const LEGACY: [u8; 14] = *b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    let format = |why: &str| CheckpointError::Format(why.into());
    if start.starts_with(&LEGACY) {
        return format(
            "is a file of PyTorch before 1.6, which is no archive: write it again with a newer one, \
             torch.save(torch.load(OLD, map_location='cpu', weights_only=True), NEW)",
        );
    }
    if start.first() != Some(&0x80) {
        return format("is no file of torch.save: neither an archive nor a pickle");
    }
    let mut bytes = Vec::new();
    let read = file
        .seek(SeekFrom::Start(0))
        .and_then(|_| file.take(MOST_PICKLE).read_to_end(&mut bytes));
    match read
        .map_err(CheckpointError::from)
        .and_then(|_| pickle::read(&bytes))
    {
        Err(error) => error,
        Ok(_) => {
            format("is a bare pickle without tensors: weights come in the archives of torch.save")
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
