//! Sinograms in npy: real numbers (view, bin) or (slice, view, bin), the geometry from the options.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ndarray::Array2;

use super::IoError;
use super::npy_header::NpyHeader;
use super::projections::{
    Content, Flats, ProjectionHeader, ProjectionOptions, ProjectionSlice, ProjectionSource,
    angles_from_arc, check_angles, check_finite, check_sinogram_size, check_slice, dead_bins,
    note_dead, note_end_view,
};
use super::tomo::assume_half_turn;

/// An open npy file of sinograms.
#[derive(Debug)]
pub struct NpySinogram {
    path: PathBuf,
    file: File,
    offset: u64,
    number: Number,
    header: ProjectionHeader,
    photons: Option<f64>,
}

/// A type of number and how it is read.
#[derive(Clone, Copy, Debug)]
struct Number {
    bytes: usize,
    read: fn(&[u8]) -> f32,
}

/// The types that are read, by NumPy's name.
fn number(descr: &str) -> Option<Number> {
    macro_rules! kinds {
        ($($name:literal $kind:ty, $from:ident;)*) => {
            match descr {
                $($name => Some(Number {
                    bytes: size_of::<$kind>(),
                    read: |bytes| bytes.try_into().map_or(f32::NAN, |b| <$kind>::$from(b) as f32),
                }),)*
                _ => None,
            }
        };
    }
    kinds! {
        "<f4" f32, from_le_bytes; ">f4" f32, from_be_bytes;
        "<f8" f64, from_le_bytes; ">f8" f64, from_be_bytes;
        "<u2" u16, from_le_bytes; ">u2" u16, from_be_bytes;
        "<i2" i16, from_le_bytes; ">i2" i16, from_be_bytes;
        "<u4" u32, from_le_bytes; ">u4" u32, from_be_bytes;
        "<i4" i32, from_le_bytes; ">i4" i32, from_be_bytes;
        "|u1" u8, from_le_bytes;
    }
}

impl NpySinogram {
    /// Opens a file and checks type, shape and length.
    pub fn open(path: &Path, options: &ProjectionOptions) -> Result<Self, IoError> {
        let npy = NpyHeader::read(path)?;
        let refuse = |remedy: &str| {
            let order = if npy.fortran_order { "Fortran" } else { "C" };
            let found = format!("{} of shape {:?} in {order} order", npy.descr, npy.shape);
            let expected = "real numbers (view, bin) or (slice, view, bin) in C order";
            IoError::new(path, expected, found, remedy)
        };
        let number = number(&npy.descr).ok_or_else(|| {
            refuse("save it as float32 with numpy.save(path, array.astype('f4'))")
        })?;
        let shape = match npy.shape[..] {
            [views, bins] => [1, views, bins],
            [slices, views, bins] => [slices, views, bins],
            _ => return Err(refuse("reshape it, one sinogram a slice")),
        };
        if npy.fortran_order {
            return Err(refuse(
                "save it with numpy.save(path, numpy.ascontiguousarray(array))",
            ));
        }
        check_sinogram_size(path, shape)?;
        let mut header = ProjectionHeader::new("npy", shape, options);
        stated_geometry(path, &mut header, options)?;
        let mut source = Self {
            path: path.to_owned(),
            file: File::open(path).map_err(|e| IoError::reading(path, &e))?,
            offset: npy.offset,
            number,
            header,
            photons: options.photons,
        };
        let middle = source.slice(shape[0] / 2)?;
        source.header.warnings.extend(note_dead(&middle.dead));
        Ok(source)
    }
}

/// Angles and content of formats that say neither.
pub(super) fn stated_geometry(
    path: &Path,
    header: &mut ProjectionHeader,
    options: &ProjectionOptions,
) -> Result<(), IoError> {
    match angles_from_arc(header.views, options) {
        Some(angles) => header.angles_rad = angles,
        None => assume_half_turn(header),
    }
    check_angles(path, &header.angles_rad, &mut header.warnings)?;
    note_end_view(header);
    if options.content.is_none() {
        header.content = match options.photons {
            Some(_) => Content::Counts,
            None => Content::LineIntegrals,
        };
        let what = match header.content {
            Content::Counts => "counts, since photons are given",
            _ => "line integrals",
        };
        let note = format!("the file does not say what its numbers are: {what} are assumed");
        header.warnings.push(note);
    }
    if header.beam.is_none() {
        let note = "the file does not say how the rays run: give the beam in the protocol";
        header.warnings.push(note.to_owned());
    }
    Ok(())
}

impl ProjectionSource for NpySinogram {
    fn header(&self) -> &ProjectionHeader {
        &self.header
    }

    fn slice(&mut self, index: usize) -> Result<ProjectionSlice, IoError> {
        let ProjectionHeader {
            slices,
            views,
            bins,
            content,
            ..
        } = self.header;
        check_slice(&self.path, index, slices)?;
        let fail = |e| IoError::reading(&self.path, &e);
        let bytes = views * bins * self.number.bytes;
        let start = self.offset + index as u64 * bytes as u64;
        self.file.seek(SeekFrom::Start(start)).map_err(fail)?;
        let mut buffer = vec![0; bytes];
        self.file.read_exact(&mut buffer).map_err(fail)?;
        let numbers = buffer.chunks_exact(self.number.bytes).map(self.number.read);
        let data = Array2::from_shape_vec([views, bins], numbers.collect())
            .expect("as many numbers as the shape says were read");
        check_finite(&self.path, "the sinogram", index, data.view())?;
        let flats = self.flats(index)?;
        Ok(ProjectionSlice {
            dead: dead_bins(data.view(), flats.as_ref(), content),
            photons: None,
            angles_rad: self.header.angles_rad.clone(),
            data,
        })
    }

    fn flats(&mut self, slice: usize) -> Result<Option<Flats>, IoError> {
        check_slice(&self.path, slice, self.header.slices)?;
        stated_flats(&self.path, &self.header, self.photons)
    }
}

/// Flats of formats that have none: from the stated photons.
pub(super) fn stated_flats(
    path: &Path,
    header: &ProjectionHeader,
    photons: Option<f64>,
) -> Result<Option<Flats>, IoError> {
    match (header.content, photons) {
        (Content::Counts, Some(photons)) => Ok(Some(Flats::stated(header.bins, photons))),
        (Content::Counts, None) => Err(IoError::new(
            path,
            "flats, or the photons of a bin without an object, beside counts",
            "counts without flats",
            "state preparation.photons",
        )),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::open_projections;
    use crate::io::testing::message;
    use ndarray::{Array3, s};

    fn quarter_turn() -> ProjectionOptions {
        ProjectionOptions {
            arc_rad: Some(std::f64::consts::PI),
            beam: Some(super::super::projections::Beam::Parallel),
            content: Some(Content::LineIntegrals),
            ..Default::default()
        }
    }

    #[test]
    fn one_slice_at_a_time_of_any_real_type() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.npy");
        let p = Array3::from_shape_fn([3, 4, 5], |(k, v, b)| (100 * k + 10 * v + b) as f32);
        let same = |source: &mut dyn ProjectionSource| {
            let slice = source.slice(2).unwrap();
            assert_eq!(slice.data, p.slice(s![2, .., ..]));
            assert_eq!(slice.angles_rad[2], std::f64::consts::FRAC_PI_2);
        };
        crate::io::npy::write(&path, &p, true).unwrap();
        let mut source = open_projections(&path, &quarter_turn()).unwrap();
        assert!(
            source.header().warnings.is_empty(),
            "{:?}",
            source.header().warnings
        );
        same(source.as_mut());
        crate::io::npy::write(&path, &p.mapv(|x| x as u16), true).unwrap();
        same(open_projections(&path, &quarter_turn()).unwrap().as_mut());
        crate::io::npy::write(&path, &p.mapv(f64::from), true).unwrap();
        same(open_projections(&path, &quarter_turn()).unwrap().as_mut());
    }

    #[test]
    fn what_is_not_said_is_assumed_aloud() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.npy");
        crate::io::npy::write(&path, &Array2::<f32>::ones([6, 5]), true).unwrap();
        let source = open_projections(&path, &Default::default()).unwrap();
        let header = source.header();
        assert!(!header.angles_known && header.beam.is_none());
        assert_eq!(header.warnings.len(), 3, "{:?}", header.warnings);
        let counts = ProjectionOptions {
            photons: Some(1e4),
            ..Default::default()
        };
        let mut source = open_projections(&path, &counts).unwrap();
        assert_eq!(source.header().content, Content::Counts);
        assert_eq!(source.flats(0).unwrap().unwrap().flat_mean[3], 1e4);
    }

    #[test]
    fn bad_files_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.npy");
        let open = |options: &ProjectionOptions| message(open_projections(&path, options));
        let mut p = Array2::<f32>::ones([6, 5]);
        p[[2, 3]] = f32::INFINITY;
        crate::io::npy::write(&path, &p, true).unwrap();
        assert!(open(&quarter_turn()).contains("view (or frame) 2, bin 3"));
        crate::io::npy::write(&path, &Array2::<f32>::ones([0, 5]), true).unwrap();
        assert!(open(&quarter_turn()).contains("0 views"));
        crate::io::npy::write(&path, &ndarray::Array1::<f32>::ones(5), true).unwrap();
        assert!(open(&quarter_turn()).contains("[5]"));
        crate::io::npy::write(&path, &Array2::<f32>::ones([6, 5]), true).unwrap();
        let counts = ProjectionOptions {
            content: Some(Content::Counts),
            ..quarter_turn()
        };
        assert!(open(&counts).contains("preparation.photons"));
        let whole = std::fs::read(&path).unwrap();
        for length in 1..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            open(&quarter_turn());
        }
    }
}
