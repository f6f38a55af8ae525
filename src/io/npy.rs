//! NumPy files: k-space in, one slice at a time, and volumes out.
//!
//! k-space is complex64 or complex128 of shape (coil, y, x) or (slice, coil, y, x), x being the readout. A place is
//! sampled if any coil is not 0 there. The format has no geometry: voxel sizes come from the options.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ndarray::{Array, Array3, Dimension};
use ndarray_npy::{WritableElement, WriteNpyExt};
use num_complex::Complex32;

use super::IoError;
use super::atomic::AtomicFile;
use super::npy_header::NpyHeader;
use super::raw::{
    KSpaceSource, NoiseScan, RawHeader, RawSlice, ReadOptions, assumed_affine, check_finite,
    check_size, check_slice,
};

/// An open npy file of k-space.
#[derive(Debug)]
pub struct NpySource {
    path: PathBuf,
    file: File,
    header: RawHeader,
    offset: u64,
    /// Bytes of one complex number: 8 or 16.
    item: usize,
}

impl NpySource {
    /// Opens a file and checks type, shape and length.
    pub fn open(path: &Path, options: &ReadOptions) -> Result<Self, IoError> {
        let npy = NpyHeader::read(path)?;
        let item = match npy.descr.as_str() {
            "<c8" => 8,
            "<c16" => 16,
            _ => return Err(not_k_space(path)),
        };
        let (slices, shape) = match npy.shape[..] {
            [coils, y, x] => (1, [coils, y, x]),
            [slices, coils, y, x] if slices > 0 => (slices, [coils, y, x]),
            _ => return Err(not_k_space(path)),
        };
        if npy.fortran_order {
            return Err(IoError::new(
                path,
                "an array in C order",
                "Fortran order",
                "save it with numpy.save(path, numpy.ascontiguousarray(array))",
            ));
        }
        check_size(path, shape)?;
        let file = File::open(path).map_err(|e| IoError::reading(path, &e))?;
        let header = describe(slices, shape, options);
        let mut source = Self {
            path: path.to_owned(),
            file,
            header,
            offset: npy.offset,
            item,
        };
        source.header.imaging_lines = source.slice(0)?.lines();
        Ok(source)
    }
}

fn describe(slices: usize, [coils, y, x]: [usize; 3], options: &ReadOptions) -> RawHeader {
    let mut warnings =
        vec!["npy has no geometry: axes and position of the volume are assumed".to_owned()];
    let fov_mm = match options.fov_mm {
        Some([fov_x, fov_y]) => [fov_y, fov_x],
        None => {
            warnings.push("no field of view is given: pixels of 1 mm are assumed".to_owned());
            [y as f64, x as f64]
        }
    };
    let pixel_mm = [fov_mm[0] / y as f64, fov_mm[1] / x as f64];
    RawHeader {
        kind: "npy",
        slices,
        coils,
        encoded: [y, x],
        recon: [y, x],
        encoded_fov_mm: fov_mm,
        recon_fov_mm: fov_mm,
        slice_thickness_mm: 1.0,
        affine_lps_mm: assumed_affine([y, x], slices, pixel_mm, 1.0),
        relative_noise_bandwidth: 0.793,
        averages: 1,
        repetitions: 1,
        contrasts: 1,
        phases: 1,
        sets: 1,
        warnings,
        ..RawHeader::default()
    }
}

impl KSpaceSource for NpySource {
    fn header(&self) -> &RawHeader {
        &self.header
    }

    fn noise(&self) -> Option<&NoiseScan> {
        None
    }

    fn slice(&mut self, index: usize) -> Result<RawSlice, IoError> {
        check_slice(&self.path, index, self.header.slices)?;
        let [y, x] = self.header.encoded;
        let shape = [self.header.coils, y, x];
        let bytes = shape.iter().product::<usize>() * self.item;
        let fail = |e| IoError::reading(&self.path, &e);
        let start = self.offset + index as u64 * bytes as u64;
        self.file.seek(SeekFrom::Start(start)).map_err(fail)?;
        let mut buffer = vec![0; bytes];
        self.file.read_exact(&mut buffer).map_err(fail)?;
        let numbers: Vec<Complex32> = buffer.chunks_exact(self.item).map(complex).collect();
        let imaging =
            Array3::from_shape_vec(shape, numbers).map_err(|_| not_k_space(&self.path))?;
        check_finite(&self.path, index, &imaging)?;
        Ok(RawSlice::from_grid(imaging))
    }
}

/// A little-endian complex number of 8 or 16 bytes.
fn complex(bytes: &[u8]) -> Complex32 {
    match *bytes {
        [a, b, c, d, e, f, g, h] => Complex32::new(
            f32::from_le_bytes([a, b, c, d]),
            f32::from_le_bytes([e, f, g, h]),
        ),
        _ => {
            let half = |at: usize| {
                let mut eight = [0; 8];
                eight.copy_from_slice(&bytes[at..at + 8]);
                f64::from_le_bytes(eight) as f32
            };
            Complex32::new(half(0), half(8))
        }
    }
}

/// The error for npy files of another type or shape.
pub(super) fn not_k_space(path: &Path) -> IoError {
    let found = match NpyHeader::read(path) {
        Ok(header) => format!("{} of shape {:?}", header.descr, header.shape),
        Err(error) => return error,
    };
    IoError::new(
        path,
        "k-space: little-endian complex64 or complex128 of shape (coil, y, x) or (slice, coil, y, x)",
        found,
        "save it so, e.g. numpy.save(path, kspace.astype('<c8')[None]) for one coil",
    )
}

/// Writes a real volume (slice, row, column) beside its name, then renames.
pub fn write_npy_f32(path: &Path, volume: &Array3<f32>, force: bool) -> Result<(), IoError> {
    write(path, volume, force)
}

/// Writes a complex volume (slice, row, column), or k-space (coil, y, x), beside its name, then renames.
pub fn write_npy_complex(
    path: &Path,
    volume: &Array3<Complex32>,
    force: bool,
) -> Result<(), IoError> {
    write(path, volume, force)
}

/// Writes an array of any rank.
pub fn write<T: WritableElement + Clone, D: Dimension>(
    path: &Path,
    array: &Array<T, D>,
    force: bool,
) -> Result<(), IoError> {
    let mut out = BufWriter::new(AtomicFile::create(path, force)?);
    // Standard layout, so that the file is in C order.
    let array = array.as_standard_layout();
    array.write_npy(&mut out).map_err(|e| match e {
        ndarray_npy::WriteNpyError::Io(e) => IoError::writing(path, &e),
        other => IoError::new(
            path,
            "to write it",
            other,
            "this is a mistake in the caller",
        ),
    })?;
    let file = out
        .into_inner()
        .map_err(|e| IoError::writing(path, e.error()))?;
    file.finish()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array4};

    use super::*;
    use crate::io::testing::{message, random, shared};
    use crate::io::{Kind, open_k_space, recognise};

    #[test]
    fn slices_come_back_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k.npy");
        let mut k = Array4::<Complex32>::zeros([2, 3, 5, 7]);
        k.iter_mut().zip(random(210)).for_each(|(z, w)| *z = w);
        k.slice_mut(ndarray::s![.., .., 2, ..])
            .fill(Complex32::ZERO);
        write(&path, &k, false).unwrap();
        assert_eq!(recognise(&path).unwrap(), Kind::NpyKSpace);
        let options = ReadOptions {
            fov_mm: Some([70.0, 100.0]),
            ..ReadOptions::default()
        };
        let mut source = open_k_space(&path, &options).unwrap();
        let header = source.header().clone();
        assert_eq!(
            (header.slices, header.coils, header.encoded),
            (2, 3, [5, 7])
        );
        assert_eq!(
            (header.encoded_fov_mm, header.imaging_lines),
            ([100.0, 70.0], 4)
        );
        let slice = source.slice(1).unwrap();
        assert_eq!(slice.imaging, k.index_axis(ndarray::Axis(0), 1));
        assert_eq!(
            slice.averages.row(2).sum() + slice.averages.row(1).sum(),
            7.0
        );
        assert!(message(source.slice(2)).contains("from 0 to 1"));
    }

    #[test]
    fn bad_files_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k.npy");
        let open = || message(open_k_space(&path, &ReadOptions::default()));
        let mut k = Array3::<Complex32>::ones([2, 5, 7]);
        k[[1, 2, 3]].im = f32::NAN;
        write(&path, &k, true).unwrap();
        assert!(open().contains("(1, 2, 3)"));
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..300]).unwrap();
        assert!(open().contains("truncated"));
        write(&path, &Array2::<Complex32>::ones([5, 7]), true).unwrap();
        assert!(open().contains("[5, 7]"));
        write(&path, &Array3::<f32>::ones([2, 5, 7]), true).unwrap();
        assert!(open().contains("<f4"));
        write(&path, &Array3::<Complex32>::zeros([0, 5, 7]), true).unwrap();
        assert!(open().contains("0 coils"));
    }

    #[test]
    fn a_real_scan_has_its_published_norm() {
        let Some(path) = shared("data/mri/brain-8ch-r8.npy") else {
            return;
        };
        let mut source = open_k_space(&path, &ReadOptions::default()).unwrap();
        let slice = source.slice(0).unwrap();
        let norm: f64 = slice
            .imaging
            .iter()
            .map(|z| f64::from(z.norm_sqr()))
            .sum::<f64>()
            .sqrt();
        assert!((norm / 69.1902289 - 1.0).abs() < 1e-6, "{norm}");
    }
}
