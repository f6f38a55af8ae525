//! fastMRI's HDF5: `kspace` (slice, coil, readout, phase encoding), or without coils, and an ISMRMRD header.
//!
//! The axes are swapped on reading, so that x is the readout as in every other format; an image of it is therefore
//! the transpose of the file's `reconstruction_rss`. The format has no position or direction.

use std::path::{Path, PathBuf};

use hdf5::{Dataset, Hyperslab};
use ndarray::{Array3, Ix2, Ix3, s};
use num_complex::Complex32;

use super::IoError;
use super::hdf5_read::{self, ComplexSpelling};
use super::mrd_header::MrdHeader;
use super::raw::{
    self, KSpaceSource, NoiseScan, RawHeader, RawSlice, ReadOptions, check_finite, check_size,
    check_slice,
};

/// An open fastMRI file.
#[derive(Debug)]
pub struct FastMriSource {
    path: PathBuf,
    kspace: Dataset,
    spelling: ComplexSpelling,
    header: RawHeader,
}

impl FastMriSource {
    /// Opens a file and checks type and shape.
    pub fn open(path: &Path, options: &ReadOptions) -> Result<Self, IoError> {
        let file = hdf5_read::open(path)?;
        let fail = |e: hdf5::Error| hdf5_read::failed(path, "kspace", &e);
        let kspace = file.dataset("kspace").map_err(fail)?;
        let descriptor = kspace
            .dtype()
            .and_then(|t| t.to_descriptor())
            .map_err(fail)?;
        let not_k_space = |found: String| {
            let expected =
                "kspace: complex of shape (slice, coil, readout, phase) or (slice, readout, phase)";
            IoError::new(path, expected, found, "write it as fastMRI does, or as npy")
        };
        let spelling = hdf5_read::complex_spelling(&descriptor)
            .ok_or_else(|| not_k_space(format!("{descriptor:?}")))?;
        let shape = kspace.shape();
        let (slices, coils, x, y) = match shape[..] {
            [slices, coils, x, y] if slices > 0 => (slices, coils, x, y),
            [slices, x, y] if slices > 0 => (slices, 1, x, y),
            _ => return Err(not_k_space(format!("shape {shape:?}"))),
        };
        check_size(path, [coils, y, x])?;
        let mrd = match file.dataset("ismrmrd_header") {
            Ok(xml) => Some(MrdHeader::parse(
                path,
                &hdf5_read::text(path, "the ISMRMRD header", &xml)?,
            )?),
            Err(_) => None,
        };
        let header = describe(slices, [coils, y, x], mrd.as_ref(), options);
        let mut source = Self {
            path: path.to_owned(),
            kspace,
            spelling,
            header,
        };
        source.header.imaging_lines = source.slice(0)?.lines();
        Ok(source)
    }
}

fn describe(
    slices: usize,
    [coils, y, x]: [usize; 3],
    mrd: Option<&MrdHeader>,
    options: &ReadOptions,
) -> RawHeader {
    let mut warnings = vec![
        "fastMRI files have no positions: axes and position of the volume are assumed".to_owned(),
    ];
    let encoded = [y, x];
    let mut recon = encoded;
    let mut fov = options.fov_mm.map(|[fx, fy]| ([fy, fx], [fy, fx]));
    let mut thickness = 1.0;
    if let Some(mrd) = mrd {
        recon = [mrd.recon[1], mrd.recon[0]];
        let pair = |v: [f64; 3]| [v[1], v[0]];
        let (e, r) = (pair(mrd.encoded_fov_mm), pair(mrd.recon_fov_mm));
        if e.iter().chain(&r).all(|&f| f > 0.0) {
            // The rows that the file has may differ from the rows that its header promises.
            fov = Some((
                [
                    e[0] * y as f64 / mrd.encoded[1].max(1) as f64,
                    e[1] * x as f64 / mrd.encoded[0].max(1) as f64,
                ],
                r,
            ));
        }
        if mrd.recon_fov_mm[2] > 0.0 {
            thickness = mrd.recon_fov_mm[2];
        }
    }
    if fov.is_none() {
        warnings.push("the file has no field of view: pixels of 1 mm are assumed".to_owned());
    }
    let (encoded_fov_mm, recon_fov_mm) =
        fov.unwrap_or((encoded.map(|n| n as f64), recon.map(|n| n as f64)));
    let pixel_mm = [0, 1].map(|a| recon_fov_mm[a] / recon[a].max(1) as f64);
    RawHeader {
        kind: "fastmri",
        slices,
        coils,
        encoded,
        recon,
        encoded_fov_mm,
        recon_fov_mm,
        slice_thickness_mm: thickness,
        affine_lps_mm: raw::assumed_affine(recon, slices, pixel_mm, thickness),
        relative_noise_bandwidth: mrd
            .and_then(|m| m.relative_noise_bandwidth)
            .unwrap_or(0.793),
        vendor: mrd.and_then(|m| m.vendor.clone()),
        field_t: mrd.and_then(|m| m.field_t),
        protocol_name: mrd.and_then(|m| m.protocol_name.clone()),
        averages: 1,
        repetitions: 1,
        contrasts: 1,
        phases: 1,
        sets: 1,
        warnings,
        ..RawHeader::default()
    }
}

impl KSpaceSource for FastMriSource {
    fn header(&self) -> &RawHeader {
        &self.header
    }

    fn noise(&self) -> Option<&NoiseScan> {
        None
    }

    fn slice(&mut self, index: usize) -> Result<RawSlice, IoError> {
        check_slice(&self.path, index, self.header.slices)?;
        let fail =
            |e: hdf5::Error| hdf5_read::failed(&self.path, &format!("slice {index} of kspace"), &e);
        let selection = match self.kspace.ndim() {
            4 => Hyperslab::try_new(s![index, .., .., ..]),
            _ => Hyperslab::try_new(s![index, .., ..]),
        };
        let selection = selection.map_err(fail)?;
        let block = hdf5_read::complex(&self.kspace, self.spelling, selection).map_err(fail)?;
        let shape = |e: ndarray::ShapeError| fail(hdf5::Error::from(e.to_string()));
        let coils: Array3<Complex32> = match block.ndim() {
            2 => block
                .into_dimensionality::<Ix2>()
                .map_err(shape)?
                .insert_axis(ndarray::Axis(0)),
            _ => block.into_dimensionality::<Ix3>().map_err(shape)?,
        };
        let imaging = coils
            .permuted_axes([0, 2, 1])
            .as_standard_layout()
            .into_owned();
        check_finite(&self.path, index, &imaging)?;
        Ok(RawSlice::from_grid(imaging))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::hdf5_create::unlocked;
    use crate::io::testing::{message, random};
    use crate::io::{Kind, open_k_space, recognise};

    #[derive(hdf5::H5Type, Clone, Copy)]
    #[repr(C)]
    struct Long {
        real: f32,
        imag: f32,
    }

    fn file(path: &Path, k: &ndarray::Array4<Complex32>, spelling: ComplexSpelling) {
        let file = unlocked().create(path).unwrap();
        let builder = file.new_dataset_builder();
        match spelling {
            ComplexSpelling::Short => builder.with_data(k).create("kspace").unwrap(),
            ComplexSpelling::Long => {
                let long = k.mapv(|z| Long {
                    real: z.re,
                    imag: z.im,
                });
                builder.with_data(&long).create("kspace").unwrap()
            }
        };
    }

    #[test]
    fn both_spellings_of_complex_are_read_and_x_is_the_readout() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.h5");
        let k = ndarray::Array4::from_shape_vec([2, 3, 8, 5], random(240)).unwrap();
        for spelling in [ComplexSpelling::Short, ComplexSpelling::Long] {
            file(&path, &k, spelling);
            assert_eq!(recognise(&path).unwrap(), Kind::FastMri);
            let mut source = open_k_space(&path, &ReadOptions::default()).unwrap();
            assert_eq!(
                (source.header().encoded, source.header().slices),
                ([5, 8], 2)
            );
            let slice = source.slice(1).unwrap();
            assert_eq!(slice.imaging[[2, 4, 7]], k[[1, 2, 7, 4]]);
        }
    }

    #[test]
    fn opened_as_mrd_it_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.h5");
        file(
            &path,
            &ndarray::Array4::ones([1, 1, 4, 4]),
            ComplexSpelling::Short,
        );
        let text = message(crate::io::mrd::MrdSource::open(
            &path,
            &ReadOptions::default(),
        ));
        assert!(text.contains("fastMRI"), "{text}");
    }
}
