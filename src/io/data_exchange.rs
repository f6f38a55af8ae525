//! Writes Data Exchange HDF5: projections (view, row, column), flats, darks and angles, slice by slice.
//!
//! [`tomo`](super::tomo) and tomopy's `dxchange` read it. A slice is a detector row; `/exchange/theta` is in degrees,
//! and `/annulus` has the geometry. Counts are stored as 32-bit floats, whole to 16 million.

use std::path::Path;

use hdf5::types::VarLenUnicode;
use hdf5::{Dataset, Extents, File, Group};
use ndarray::{Array2, s};

use super::atomic::AtomicPath;
use super::projections::{Content, ProjectionHeader};
use super::tomo::{write_geometry, write_text};
use super::{IoError, hdf5_create};

/// How many frames without an object are written; 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameCounts {
    /// Flat frames.
    pub flat: usize,
    /// Dark frames.
    pub dark: usize,
}

/// A file that is being written.
#[derive(Debug)]
pub struct DataExchangeWriter {
    place: AtomicPath,
    file: File,
    header: ProjectionHeader,
    frames: FrameCounts,
    data: Dataset,
    flat: Option<Dataset>,
    dark: Option<Dataset>,
    written: Vec<bool>,
}

impl DataExchangeWriter {
    /// Starts a file beside `path`; it takes this name at [`finish`](Self::finish). The header's content says what
    /// the numbers are.
    pub fn create(
        path: &Path,
        header: &ProjectionHeader,
        frames: FrameCounts,
        force: bool,
    ) -> Result<Self, IoError> {
        check(path, header, frames)?;
        let place = AtomicPath::create(path, force)?;
        let made = make(&place, header, frames);
        let (file, [data, flat, dark]) = made.map_err(|e| IoError::writing_hdf5(path, &e))?;
        Ok(Self {
            place,
            file,
            frames,
            written: vec![false; header.slices],
            header: header.clone(),
            data: data.expect("there are views, as was checked"),
            flat,
            dark,
        })
    }

    /// Writes one slice: (view, bin), and its flat and dark frames, (frame, bin), as many as were announced.
    pub fn slice(
        &mut self,
        slice: usize,
        data: &Array2<f32>,
        flat: &Array2<f32>,
        dark: &Array2<f32>,
    ) -> Result<(), IoError> {
        let bins = self.header.bins;
        let shapes = [data.dim(), flat.dim(), dark.dim()];
        let wanted = [self.header.views, self.frames.flat, self.frames.dark].map(|n| (n, bins));
        let finite = [data, flat, dark]
            .iter()
            .all(|a| a.iter().all(|x| x.is_finite()));
        let same = |(a, b): (&(usize, usize), &(usize, usize))| a == b || (a.0 == 0 && b.0 == 0);
        if slice >= self.header.slices || !finite || !shapes.iter().zip(&wanted).all(same) {
            return Err(IoError::new(
                self.place.target(),
                format!(
                    "finite data, flats and darks of {wanted:?} in one of {} slices",
                    self.header.slices
                ),
                format!("{shapes:?} in slice {slice}, or NaN"),
                "this is a mistake in the caller",
            ));
        }
        let put = |to: Option<&Dataset>, block: &Array2<f32>| -> hdf5::Result<()> {
            let Some(to) = to else { return Ok(()) };
            to.write_slice(&block.as_standard_layout(), s![.., slice, ..])
        };
        put(Some(&self.data), data)
            .and_then(|()| put(self.flat.as_ref(), flat))
            .and_then(|()| put(self.dark.as_ref(), dark))
            .and_then(|()| self.file.flush())
            .map_err(|e| IoError::writing_hdf5(self.place.target(), &e))?;
        self.written[slice] = true;
        Ok(())
    }

    /// Completes the file and gives it its name. Every slice must have been written.
    pub fn finish(self) -> Result<(), IoError> {
        if let Some(slice) = self.written.iter().position(|done| !done) {
            return Err(IoError::new(
                self.place.target(),
                "every slice",
                format!("slice {slice} not written"),
                "this is a mistake in the caller",
            ));
        }
        let Self {
            place,
            file,
            data,
            flat,
            dark,
            ..
        } = self;
        drop((data, flat, dark));
        let closed = file.flush().and_then(|()| file.close());
        closed.map_err(|e| IoError::writing_hdf5(place.target(), &e))?;
        place.finish()
    }
}

fn check(path: &Path, header: &ProjectionHeader, frames: FrameCounts) -> Result<(), IoError> {
    super::projections::check_sinogram_size(path, [header.slices, header.views, header.bins])?;
    let angles = header.angles_rad.len() == header.views;
    let places = header
        .z_mm
        .as_ref()
        .is_none_or(|z| z.len() == header.slices);
    let flats = header.content != Content::Counts || frames.flat > 0;
    if angles && places && flats {
        return Ok(());
    }
    Err(IoError::new(
        path,
        "an angle for each view, a position for each slice, and flat frames beside counts",
        format!(
            "{} angles for {} views, {:?} positions for {} slices, {} flat frames",
            header.angles_rad.len(),
            header.views,
            header.z_mm.as_ref().map(Vec::len),
            header.slices,
            frames.flat
        ),
        "this is a mistake in the caller",
    ))
}

fn make(
    place: &AtomicPath,
    header: &ProjectionHeader,
    frames: FrameCounts,
) -> hdf5::Result<(File, [Option<Dataset>; 3])> {
    let file = hdf5_create::create(place)?;
    let implements: VarLenUnicode = "exchange"
        .parse()
        .map_err(|_| hdf5::Error::from("bad text"))?;
    file.new_dataset::<VarLenUnicode>()
        .create("implements")?
        .write_scalar(&implements)?;
    write_geometry(&file, header)?;
    let exchange = file.create_group("exchange")?;
    let units = match header.content {
        Content::Counts => "counts",
        Content::LineIntegrals => "line integrals",
        Content::Transmission => "transmission",
    };
    let shape = |frames: usize| [frames, header.slices, header.bins];
    let data = dataset(&exchange, "data", "theta:y:x", units, shape(header.views))?;
    let flat = dataset(
        &exchange,
        "data_white",
        "theta_white:y:x",
        units,
        shape(frames.flat),
    )?;
    let dark = dataset(
        &exchange,
        "data_dark",
        "theta_dark:y:x",
        units,
        shape(frames.dark),
    )?;
    let degrees: Vec<f64> = header.angles_rad.iter().map(|t| t.to_degrees()).collect();
    let theta = exchange
        .new_dataset_builder()
        .with_data(&degrees)
        .create("theta")?;
    write_text(&theta, "units", "degrees")?;
    Ok((file, [data, flat, dark]))
}

/// Compressed, one chunk a slice; nothing for no frames.
fn dataset(
    exchange: &Group,
    name: &str,
    axes: &str,
    units: &str,
    shape: [usize; 3],
) -> hdf5::Result<Option<Dataset>> {
    if shape[0] == 0 {
        return Ok(None);
    }
    let builder = exchange.new_dataset::<f32>();
    let builder = builder.chunk([shape[0], 1, shape[2]]).shuffle().deflate(4);
    let dataset = builder.shape(Extents::from(shape.to_vec())).create(name)?;
    write_text(&dataset, "axes", axes)?;
    write_text(&dataset, "units", units)?;
    Ok(Some(dataset))
}
