//! Any numeric npy array, as complex double precision.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use ndarray::{ArrayD, Dimension};
use ndarray_npy::{ReadNpyExt, ReadableElement};
use num_complex::{Complex32, Complex64};

use super::IoError;
use super::npy_header::NpyHeader;

/// Reads an array of f4, f8, c8, c16, i2, i4, u1, u2 or i8 in either byte order that numpy gives as native.
///
/// NaN or infinity is refused with its place.
pub fn read_array(path: &Path) -> Result<ArrayD<Complex64>, IoError> {
    let array = numbers(path)?;
    match array.indexed_iter().find(|(_, z)| !z.is_finite()) {
        None => Ok(array),
        Some((at, _)) => Err(not_finite(path, "NaN or infinity", at.slice())),
    }
}

/// Whether the numbers of an array are complex by their type.
pub fn is_complex(path: &Path) -> Result<bool, IoError> {
    Ok(NpyHeader::read(path)?.is_complex())
}

/// Reads a real array of the same types in which gaps are NaN; infinity is refused with its place.
pub fn incomplete(path: &Path) -> Result<ArrayD<f64>, IoError> {
    let array = numbers(path)?;
    match array
        .indexed_iter()
        .find(|(_, z)| z.re.is_infinite() || z.im != 0.0)
    {
        None => Ok(array.mapv(|z| z.re)),
        Some((at, _)) => Err(not_finite(path, "infinity or a complex number", at.slice())),
    }
}

fn not_finite(path: &Path, found: &str, at: &[usize]) -> IoError {
    IoError::new(
        path,
        "finite numbers",
        format!("{found} at {at:?}"),
        "replace them and save the file again",
    )
}

fn numbers(path: &Path) -> Result<ArrayD<Complex64>, IoError> {
    let header = NpyHeader::read(path)?;
    let real = |v: f64| Complex64::new(v, 0.0);
    Ok(match header.descr.as_str() {
        "<f4" => read::<f32>(path)?.mapv(|v| real(v.into())),
        "<f8" => read::<f64>(path)?.mapv(real),
        "<c8" => read::<Complex32>(path)?.mapv(|z| Complex64::new(z.re.into(), z.im.into())),
        "<c16" => read::<Complex64>(path)?,
        "|u1" => read::<u8>(path)?.mapv(|v| real(v.into())),
        "|b1" => read::<bool>(path)?.mapv(|v| real(f64::from(u8::from(v)))),
        "<u2" => read::<u16>(path)?.mapv(|v| real(v.into())),
        "<i2" => read::<i16>(path)?.mapv(|v| real(v.into())),
        "<i4" => read::<i32>(path)?.mapv(|v| real(v.into())),
        "<i8" => read::<i64>(path)?.mapv(|v| real(v as f64)),
        other => {
            return Err(IoError::new(
                path,
                "an array of numbers of 8 to 64 bits in little-endian order, or complex ones, no half precision",
                format!("the type {other}"),
                "save it as float64 or complex128",
            ));
        }
    })
}

fn read<T: ReadableElement>(path: &Path) -> Result<ArrayD<T>, IoError> {
    let file = File::open(path).map_err(|e| IoError::reading(path, &e))?;
    ArrayD::read_npy(BufReader::new(file))
        .map_err(|e| IoError::new(path, "an npy array", e, "save it again with numpy.save"))
}

#[cfg(test)]
mod tests {
    use super::super::npy::write;
    use super::*;
    use crate::io::testing::message;
    use ndarray::{Array2, Array3};

    #[test]
    fn every_type_comes_back_as_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let f = Array2::from_shape_fn((3, 4), |(j, i)| j as f32 - 0.5 * i as f32);
        write(&path, &f, true).unwrap();
        let back = read_array(&path).unwrap();
        assert_eq!(back.shape(), [3, 4]);
        assert!(
            back.iter()
                .zip(&f)
                .all(|(z, v)| z.re == f64::from(*v) && z.im == 0.0)
        );
        let c = Array3::from_elem((2, 3, 1), Complex64::new(0.1, -7.0));
        write(&path, &c, true).unwrap();
        assert_eq!(read_array(&path).unwrap()[[1, 2, 0]], c[(1, 2, 0)]);
        write(&path, &Array2::<i16>::from_elem((2, 2), -3), true).unwrap();
        assert_eq!(read_array(&path).unwrap()[[0, 1]].re, -3.0);
        write(&path, &Array2::from_elem((2, 2), f64::NAN), true).unwrap();
        assert!(message(read_array(&path)).contains("[0, 0]"));
    }
}
