//! What every reader of HDF5 needs: opening with clear errors, strings of any kind, complex of either spelling.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use hdf5::types::{
    FixedAscii, FixedUnicode, FloatSize, TypeDescriptor, VarLenAscii, VarLenUnicode,
};
use hdf5::{Container, H5Type, Hyperslab, Selection};
use ndarray::ArrayD;
use num_complex::Complex32;

use super::IoError;

const SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";

/// Whether the HDF5 signature stands where the format allows it: at 0, 512, 1024, 2048.
pub(super) fn has_signature(file: &mut File) -> std::io::Result<bool> {
    for offset in [0, 512, 1024, 2048] {
        let mut bytes = [0; 8];
        file.seek(SeekFrom::Start(offset))?;
        match file.read_exact(&mut bytes) {
            Ok(()) if bytes == SIGNATURE => return Ok(true),
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(e) => return Err(e),
        }
    }
    Ok(false)
}

/// Opens an HDF5 file for reading only.
pub(super) fn open(path: &Path) -> Result<hdf5::File, IoError> {
    let mut file = File::open(path).map_err(|e| IoError::reading(path, &e))?;
    if !has_signature(&mut file).map_err(|e| IoError::reading(path, &e))? {
        return Err(IoError::new(
            path,
            "an HDF5 file",
            "other content (no HDF5 signature)",
            "check what the file is with `annulus inspect`",
        ));
    }
    drop(file);
    hdf5::silence_errors(true);
    hdf5::File::open(path).map_err(|e| {
        let text = e.to_string();
        let remedy = if text.contains("truncated") {
            "the file is truncated: copy it again from its source"
        } else if text.contains("lock") {
            "another program has it open, or the disk does not lock: set HDF5_USE_FILE_LOCKING=FALSE"
        } else {
            "the file is damaged or newer than this HDF5 library: try h5dump, or h5repack it"
        };
        IoError::new(path, "a whole HDF5 file", text, remedy)
    })
}

/// Any failed HDF5 read, with what was being read.
pub(super) fn failed(path: &Path, what: &str, cause: &hdf5::Error) -> IoError {
    let text = cause.to_string();
    let remedy = if text.contains("filter") {
        "it is compressed with a filter that this build lacks (lzf is 32000): h5repack -f GZIP=4"
    } else {
        "the file is damaged or truncated: copy it again from its source"
    };
    IoError::new(path, format!("to read {what}"), text, remedy)
}

/// Reads the first element of a dataset or attribute of strings, whatever their kind.
pub(super) fn text(path: &Path, what: &str, from: &Container) -> Result<String, IoError> {
    let fail = |e: hdf5::Error| failed(path, what, &e);
    let descriptor = from.dtype().and_then(|t| t.to_descriptor()).map_err(fail)?;
    if from.size() == 0 {
        return Ok(String::new());
    }
    let first = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match descriptor {
        // VarLenAscii reads both character sets; VarLenUnicode depends on what was read before.
        TypeDescriptor::VarLenAscii | TypeDescriptor::VarLenUnicode => {
            if let Ok(all) = from.read_raw::<VarLenAscii>() {
                return Ok(all.first().map(|s| first(s.as_bytes())).unwrap_or_default());
            }
            let all = from.read_raw::<VarLenUnicode>().map_err(fail)?;
            Ok(all.first().map(|s| first(s.as_bytes())).unwrap_or_default())
        }
        TypeDescriptor::FixedAscii(n) => fixed(path, what, from, n, Fixed::Ascii),
        TypeDescriptor::FixedUnicode(n) => fixed(path, what, from, n, Fixed::Unicode),
        other => Err(IoError::new(
            path,
            format!("{what} as text"),
            format!("{other:?}"),
            "the file was not written as its format says: export it again",
        )),
    }
}

#[derive(Clone, Copy)]
enum Fixed {
    Ascii,
    Unicode,
}

/// Fixed strings need their length at compile time: the next larger of a few.
fn fixed(
    path: &Path,
    what: &str,
    from: &Container,
    n: usize,
    kind: Fixed,
) -> Result<String, IoError> {
    fn read<T: H5Type>(from: &Container, bytes: impl Fn(&T) -> &[u8]) -> hdf5::Result<String> {
        let all = from.read_raw::<T>()?;
        Ok(all
            .first()
            .map(|s| String::from_utf8_lossy(bytes(s)).into_owned())
            .unwrap_or_default())
    }
    macro_rules! sizes {
        ($($size:literal)*) => {
            match (n, kind) {
                $((0..=$size, Fixed::Ascii) => read::<FixedAscii<$size>>(from, |s| s.as_bytes()),
                  (0..=$size, Fixed::Unicode) => read::<FixedUnicode<$size>>(from, |s| s.as_bytes()),)*
                _ => return Err(IoError::new(path, format!("{what} of at most 1 MiB"), format!("{n} bytes"),
                    "write it as a variable-length string")),
            }
        };
    }
    sizes!(256 4096 65536 1048576).map_err(|e| failed(path, what, &e))
}

/// The names and types of a compound, or nothing.
pub(super) fn fields(descriptor: &TypeDescriptor) -> Vec<(&str, &TypeDescriptor)> {
    match descriptor {
        TypeDescriptor::Compound(c) => c.fields.iter().map(|f| (f.name.as_str(), &f.ty)).collect(),
        _ => Vec::new(),
    }
}

/// How a complex number is spelled in the file: h5py's `r, i`, or `real, imag` of MATLAB and ISMRMRD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ComplexSpelling {
    Short,
    Long,
}

/// Recognises complex numbers. Reading one spelling as the other gives uninitialised memory and no error.
pub(super) fn complex_spelling(descriptor: &TypeDescriptor) -> Option<ComplexSpelling> {
    let is_float = |t: &TypeDescriptor| {
        matches!(
            t,
            TypeDescriptor::Float(FloatSize::U4) | TypeDescriptor::Float(FloatSize::U8)
        )
    };
    match fields(descriptor)[..] {
        [("r", a), ("i", b)] if is_float(a) && is_float(b) => Some(ComplexSpelling::Short),
        [("real", a), ("imag", b)] if is_float(a) && is_float(b) => Some(ComplexSpelling::Long),
        _ => None,
    }
}

#[derive(H5Type, Clone, Copy)]
#[repr(C)]
struct RealImag {
    real: f32,
    imag: f32,
}

/// Reads a selection of complex numbers, single or double, of the given spelling.
pub(super) fn complex(
    from: &Container,
    spelling: ComplexSpelling,
    selection: Hyperslab,
) -> hdf5::Result<ArrayD<Complex32>> {
    let selection = Selection::Hyperslab(selection);
    match spelling {
        ComplexSpelling::Short => from.read_slice::<Complex32, _, ndarray::IxDyn>(selection),
        ComplexSpelling::Long => Ok(from
            .read_slice::<RealImag, _, ndarray::IxDyn>(selection)?
            .mapv(|z| Complex32::new(z.real, z.imag))),
    }
}
