//! Images of any kind as real volumes: NIfTI, DICOM series, npy, grey PNG.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use ndarray::{Array3, ArrayD, Axis, Ix2, Ix3};
use num_complex::Complex64;

use super::nifti_read::{Volume, read_volume};
use super::npy_array::{incomplete, read_array};
use super::raw::assumed_affine;
use super::{DicomOptions, IoError, Kind, read_dicom_series, recognise};

/// Reads an image or a stack of them. npy and PNG have no geometry: pixels of 1 mm around 0.
///
/// Errors: another format, complex or coloured pixels, another number of axes than 2 or 3.
pub fn read_picture(path: &Path) -> Result<Volume, IoError> {
    match recognise(path)? {
        Kind::Nifti => read_volume(path),
        Kind::Dicom | Kind::DicomSeries => {
            Ok(read_dicom_series(path, &DicomOptions::default())?.volume)
        }
        Kind::Npy | Kind::NpyKSpace => {
            let numbers = read_array(path)?;
            Ok(placed(real_stack(path, &numbers)?))
        }
        _ => Ok(placed(png(path)?)),
    }
}

/// Reads an npy stack (slice, row, column) of measurements, or one slice (row, column); what was not
/// measured is not a number.
pub fn read_measurements(path: &Path) -> Result<Array3<f32>, IoError> {
    match recognise(path)? {
        Kind::Npy => stack(path, incomplete(path)?.mapv(|v| v as f32)),
        _ => Err(IoError::new(
            path,
            "the data of a degraded image: npy, real, (slice, row, column) or (row, column)",
            "another kind of file",
            "save them with numpy.save(path, data), NaN where nothing was measured",
        )),
    }
}

/// The numbers of an npy file as real images (slice, row, column).
///
/// Errors: complex numbers, another number of axes than 2 or 3.
pub fn real_stack(path: &Path, numbers: &ArrayD<Complex64>) -> Result<Array3<f32>, IoError> {
    if let Some((at, _)) = numbers.indexed_iter().find(|(_, z)| z.im != 0.0) {
        let found = format!("a complex one at {:?}", at);
        return Err(refused(path, "real pixels", found));
    }
    stack(path, numbers.mapv(|z| z.re as f32))
}

fn placed(data: Array3<f32>) -> Volume {
    let (slices, rows, columns) = data.dim();
    Volume {
        data,
        affine_lps_mm: assumed_affine([rows, columns], slices, [1.0, 1.0], 1.0),
    }
}

fn stack(path: &Path, numbers: ArrayD<f32>) -> Result<Array3<f32>, IoError> {
    planes(numbers).map_err(|shape| {
        refused(
            path,
            "(slice, row, column) or (row, column), with at least one pixel",
            format!("shape {shape:?}"),
        )
    })
}

/// (slice, row, column), or one slice (row, column); the shape of what is neither or holds no pixel.
pub(super) fn planes<T>(numbers: ArrayD<T>) -> Result<Array3<T>, Vec<usize>> {
    let shape = numbers.shape().to_vec();
    let planes = match shape.len() {
        2 => numbers
            .into_dimensionality::<Ix2>()
            .map(|plane| plane.insert_axis(Axis(0))),
        _ => numbers.into_dimensionality::<Ix3>(),
    };
    planes.ok().filter(|p| !p.is_empty()).ok_or(shape)
}

fn refused(path: &Path, expected: &str, found: String) -> IoError {
    IoError::new(path, expected, found, "convert the image first")
}

/// Grey values of 8 or 16 bits, as they are.
fn png(path: &Path) -> Result<Array3<f32>, IoError> {
    let file = File::open(path).map_err(|e| IoError::reading(path, &e))?;
    let fail = |e: png::DecodingError| {
        refused(
            path,
            "an image: NIfTI, DICOM, npy or grey PNG",
            e.to_string(),
        )
    };
    let mut decoder = png::Decoder::new(BufReader::new(file));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(fail)?;
    let (colour, depth) = reader.output_color_type();
    if colour != png::ColorType::Grayscale {
        return Err(refused(path, "grey pixels", format!("{colour:?}")));
    }
    let (rows, columns) = (reader.info().height as usize, reader.info().width as usize);
    let size = reader.output_buffer_size();
    let size = size.ok_or_else(|| refused(path, "an image that fits memory", "more".into()))?;
    let mut bytes = vec![0; size];
    let frame = reader.next_frame(&mut bytes).map_err(fail)?;
    let wide = depth == png::BitDepth::Sixteen;
    let value = |row: usize, column: usize| {
        let line = &bytes[row * frame.line_size..];
        match wide {
            true => f32::from(u16::from_be_bytes([line[2 * column], line[2 * column + 1]])),
            false => f32::from(line[column]),
        }
    };
    Ok(Array3::from_shape_fn((1, rows, columns), |(_, y, x)| {
        value(y, x)
    }))
}

#[cfg(test)]
mod tests {
    use super::super::npy::write;
    use super::super::png_sheet;
    use super::*;
    use crate::io::testing::message;
    use ndarray::{Array1, Array2};

    #[test]
    fn images_come_as_volumes_and_gaps_only_as_measurements() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let mut plane = Array2::from_shape_fn((3, 4), |(y, x)| y as f32 - 0.5 * x as f32);
        write(&path, &plane, true).unwrap();
        assert_eq!(
            read_picture(&path)
                .unwrap()
                .data
                .index_axis(ndarray::Axis(0), 0),
            plane
        );
        plane[(1, 2)] = f32::NAN;
        write(&path, &plane, true).unwrap();
        assert!(message(read_picture(&path)).contains("[1, 2]"));
        assert!(read_measurements(&path).unwrap()[(0, 1, 2)].is_nan());
        plane[(1, 2)] = f32::INFINITY;
        write(&path, &plane, true).unwrap();
        assert!(message(read_measurements(&path)).contains("infinity"));
        write(&path, &Array1::<f32>::zeros(3), true).unwrap();
        assert!(message(read_measurements(&path)).contains("shape [3]"));
        std::fs::write(&path, "Dear reader").unwrap();
        assert!(message(read_picture(&path)).contains("grey PNG"));
        assert!(message(read_measurements(&path)).contains("another kind"));
    }

    #[test]
    fn a_grey_png_has_its_levels() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let ramp = Array3::from_shape_fn((1, 4, 256), |(_, _, x)| x as f32);
        png_sheet(&path, &ramp, Some([0.0, 255.0])).unwrap();
        let back = read_picture(&path).unwrap();
        assert!(back.data.iter().any(|v| *v == 200.0));
    }
}
