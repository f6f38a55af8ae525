//! Stacks of images of any format, real or complex, for who uses their planes one by one.
//!
//! NIfTI, DICOM series, HDF5, npy and PNG. Of an HDF5 file the first of [`NAMES`] is read that it has, else
//! its only dataset of images: real, or complex in either spelling, of shape (slice, row, column) or (row,
//! column). An attribute `affine_lps_mm` gives the voxels their size; without it they are cubes of 1 mm.

use std::path::{Path, PathBuf};

use hdf5::{Dataset, Hyperslab, SliceOrIndex};
use ndarray::{Array3, ArrayD};
use num_complex::Complex32;

use super::npy_array::read_array;
use super::picture::planes;
use super::raw::assumed_affine;
use super::{
    DicomOptions, IoError, Kind, Stacking, dicom, hdf5_read, read_dicom_series, read_picture,
    recognise, recognise_folder,
};

/// Datasets of images in HDF5, in order of preference: annulus's own, fastMRI's, common names.
pub const NAMES: [&str; 8] = [
    "mean",
    "reconstruction_rss",
    "reconstruction_esc",
    "image",
    "images",
    "volume",
    "data",
    "reconstruction",
];

/// A stack of images with its place.
#[derive(Clone, Debug)]
pub struct Stack {
    /// (slice, row, column).
    pub pixels: Pixels,
    /// Voxel (column, row, slice) to LPS millimetres.
    pub affine_lps_mm: [[f64; 4]; 3],
    /// Whether the values are Hounsfield units, as far as the file says.
    pub hounsfield: bool,
}

/// The values of a stack.
#[derive(Clone, Debug)]
pub enum Pixels {
    /// Real, or magnitudes.
    Real(Array3<f32>),
    /// Complex.
    Complex(Array3<Complex32>),
}

impl Stack {
    /// Distance between columns, rows and slices.
    pub fn spacing_mm(&self) -> [f64; 3] {
        let a = &self.affine_lps_mm;
        [0, 1, 2].map(|n| (a[0][n].powi(2) + a[1][n].powi(2) + a[2][n].powi(2)).sqrt())
    }

    /// Slices, rows, columns.
    pub fn shape(&self) -> [usize; 3] {
        let (slices, rows, columns) = match &self.pixels {
            Pixels::Real(data) => data.dim(),
            Pixels::Complex(data) => data.dim(),
        };
        [slices, rows, columns]
    }
}

/// Reads a stack. Slices of a DICOM series may be sheared or uneven: each stays as it is.
pub fn read_stack(path: &Path) -> Result<Stack, IoError> {
    match recognise(path)? {
        Kind::Dicom | Kind::DicomSeries => {
            let options = DicomOptions {
                stacking: Stacking::Slices,
                ..DicomOptions::default()
            };
            let series = read_dicom_series(path, &options)?;
            Ok(Stack {
                pixels: Pixels::Real(series.volume.data),
                affine_lps_mm: series.volume.affine_lps_mm,
                hounsfield: series.unit == dicom::Unit::Hounsfield,
            })
        }
        Kind::Npy | Kind::NpyKSpace => {
            let array = read_array(path)?.mapv(|z| Complex32::new(z.re as f32, z.im as f32));
            placed(path, array, None)
        }
        Kind::Hdf5Other | Kind::FastMri | Kind::DataExchange => hdf5_stack(path),
        _ => {
            let volume = read_picture(path)?;
            Ok(Stack {
                pixels: Pixels::Real(volume.data),
                affine_lps_mm: volume.affine_lps_mm,
                hounsfield: false,
            })
        }
    }
}

/// The stacks at a path, in order of name: a file is one, a folder with DICOM files directly in it is one,
/// and of another folder every NIfTI, HDF5 and npy file and what its folders hold.
pub fn find_stacks(path: &Path) -> Result<Vec<PathBuf>, IoError> {
    let about = std::fs::metadata(path).map_err(|e| IoError::reading(path, &e))?;
    if !about.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let files = recognise_folder::files(path)?;
    if files
        .iter()
        .any(|(_, start)| recognise_folder::is_dicom(start))
    {
        return Ok(vec![path.to_owned()]);
    }
    let mut found: Vec<PathBuf> = files.into_iter().map(|(file, _)| file).collect();
    // What cannot be told, an empty file for one, is no stack.
    let holds_images = |file: &PathBuf| {
        let kinds = [
            Kind::Nifti,
            Kind::Npy,
            Kind::NpyKSpace,
            Kind::Hdf5Other,
            Kind::FastMri,
        ];
        recognise(file).is_ok_and(|kind| kinds.contains(&kind))
    };
    found.retain(holds_images);
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|e| IoError::reading(path, &e))? {
        let entry = entry.map_err(|e| IoError::reading(path, &e))?.path();
        let hidden = entry
            .file_name()
            .is_none_or(|n| n.to_string_lossy().starts_with('.'));
        if entry.is_dir() && !hidden {
            folders.push(entry);
        }
    }
    for folder in folders {
        found.extend(find_stacks(&folder)?);
    }
    found.sort();
    Ok(found)
}

fn hdf5_stack(path: &Path) -> Result<Stack, IoError> {
    let file = hdf5_read::open(path)?;
    let (name, dataset) = find_dataset(path, &file)?;
    let fail = |e: hdf5::Error| hdf5_read::failed(path, &name, &e);
    let descriptor = dataset
        .dtype()
        .and_then(|t| t.to_descriptor())
        .map_err(fail)?;
    let array = match hdf5_read::complex_spelling(&descriptor) {
        Some(spelling) => {
            let all = vec![SliceOrIndex::from(..); dataset.ndim()];
            hdf5_read::complex(&dataset, spelling, Hyperslab::from(all)).map_err(fail)?
        }
        None => dataset
            .read_dyn::<f32>()
            .map_err(fail)?
            .mapv(|v| Complex32::new(v, 0.0)),
    };
    let affine = file
        .attr("affine_lps_mm")
        .and_then(|a| a.read_2d::<f64>())
        .ok()
        .filter(|a| a.dim() == (3, 4) && a.iter().all(|v| v.is_finite()))
        .map(|a| std::array::from_fn(|i| std::array::from_fn(|j| a[(i, j)])));
    placed(path, array, affine)
}

/// The dataset of images of a file.
fn find_dataset(path: &Path, file: &hdf5::File) -> Result<(String, Dataset), IoError> {
    let is_image = |d: &Dataset| matches!(d.ndim(), 2 | 3) && d.size() > 0;
    for name in NAMES {
        if let Ok(dataset) = file.dataset(name)
            && is_image(&dataset)
        {
            return Ok((name.to_owned(), dataset));
        }
    }
    let names = file
        .member_names()
        .map_err(|e| hdf5_read::failed(path, "the names in it", &e))?;
    let mut others: Vec<(String, Dataset)> = names
        .iter()
        .filter(|name| *name != "kspace")
        .filter_map(|name| Some((name.clone(), file.dataset(name).ok()?)))
        .filter(|(_, dataset)| is_image(dataset))
        .collect();
    match (others.pop(), others.len()) {
        (Some(only), 0) => Ok(only),
        _ => Err(IoError::new(
            path,
            format!(
                "a dataset of images (slice, row, column), named {}",
                NAMES.join(", ")
            ),
            format!("the names {}", names.join(", ")),
            "reconstruct raw data first, or store the images under one of these names",
        )),
    }
}

/// An array of two or three axes as a stack; real where no number has an imaginary part.
fn placed(
    path: &Path,
    array: ArrayD<Complex32>,
    affine_lps_mm: Option<[[f64; 4]; 3]>,
) -> Result<Stack, IoError> {
    let stack = planes(array).map_err(|shape| {
        let expected = "images (slice, row, column) or (row, column), with at least one pixel";
        let found = format!("shape {shape:?}");
        IoError::new(path, expected, found, "store one stack of images in a file")
    })?;
    if stack.iter().any(|z| !z.is_finite()) {
        let found = "NaN or infinity";
        return Err(IoError::new(
            path,
            "finite pixels",
            found,
            "replace them and save again",
        ));
    }
    let (slices, rows, columns) = stack.dim();
    let pixels = match stack.iter().any(|z| z.im != 0.0) {
        true => Pixels::Complex(stack),
        false => Pixels::Real(stack.mapv(|z| z.re)),
    };
    Ok(Stack {
        pixels,
        affine_lps_mm: affine_lps_mm
            .unwrap_or_else(|| assumed_affine([rows, columns], slices, [1.0, 1.0], 1.0)),
        hounsfield: false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::npy::write;
    use super::*;
    use crate::io::hdf5_create::unlocked;
    use crate::io::testing::message;
    use ndarray::Array2;

    fn write_h5(path: &Path, name: &str, data: &Array3<f32>) {
        let file = unlocked().create(path).unwrap();
        file.new_dataset_builder()
            .with_data(data)
            .create(name)
            .unwrap();
    }

    #[test]
    fn hdf5_is_read_by_name_or_where_there_is_one_dataset() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.h5");
        let data = Array3::from_shape_fn((2, 5, 4), |(k, y, x)| (k * 20 + y * 4 + x) as f32);
        for name in ["reconstruction_rss", "anything"] {
            write_h5(&path, name, &data);
            let stack = read_stack(&path).unwrap();
            assert!(matches!(&stack.pixels, Pixels::Real(d) if d == data));
            assert_eq!(stack.spacing_mm(), [1.0; 3]);
        }
        let file = unlocked().create(&path).unwrap();
        for name in ["one", "two"] {
            file.new_dataset_builder()
                .with_data(&data)
                .create(name)
                .unwrap();
        }
        file.close().unwrap();
        let message = message(read_stack(&path));
        assert!(message.contains("the names one, two"), "{message}");
    }

    #[test]
    fn complex_stays_complex_and_real_becomes_real() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.h5");
        let data = Array3::from_shape_fn((1, 3, 4), |(_, y, x)| Complex32::new(x as f32, y as f32));
        let file = unlocked().create(&path).unwrap();
        file.new_dataset_builder()
            .with_data(&data)
            .create("image")
            .unwrap();
        file.close().unwrap();
        let stack = read_stack(&path).unwrap();
        assert!(matches!(&stack.pixels, Pixels::Complex(d) if d == data));
        let npy = folder.path().join("a.npy");
        write(&npy, &data.mapv(|z| z.re), true).unwrap();
        assert!(matches!(read_stack(&npy).unwrap().pixels, Pixels::Real(_)));
        write(&npy, &Array2::from_elem((2, 2), f32::NAN), true).unwrap();
        assert!(message(read_stack(&npy)).contains("NaN"));
    }

    #[test]
    fn a_folder_holds_what_its_folders_hold_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("inner")).unwrap();
        let data = Array3::<f32>::ones((1, 3, 4));
        write(&at("b.npy"), &data, true).unwrap();
        write_h5(&at("a.h5"), "image", &data);
        write(&at("inner/c.npy"), &data, true).unwrap();
        std::fs::write(at("README.txt"), "what this is").unwrap();
        std::fs::write(at("empty.nii"), "").unwrap();
        let found = find_stacks(folder.path()).unwrap();
        assert_eq!(found, [at("a.h5"), at("b.npy"), at("inner/c.npy")]);
        assert_eq!(find_stacks(&at("b.npy")).unwrap(), [at("b.npy")]);
        assert!(message(find_stacks(&at("none"))).contains("no such file"));
    }
}
