//! Writes MRD (ISMRMRD v1) as a scanner's converter would: line by line, for Cartesian 2-D scans.
//!
//! libismrmrd, python's `ismrmrd` and [`mrd`](super::mrd) read the files.

mod description;
mod flags;

use std::path::Path;

use hdf5::types::{VarLenArray, VarLenAscii};
use hdf5::{Dataset, Extents};
use ndarray::{Array2, s};
use num_complex::Complex32;

use super::atomic::AtomicPath;
use super::mrd_record::{FullCounters, FullHead, FullRecord, NOISE};
use super::{IoError, hdf5_create};

pub use description::{MrdWriteHeader, SliceGeometry};
use description::{check, xml};
pub use flags::LineFlags;

/// Lines kept before they are written together.
const BLOCK: usize = 64;
/// Samples of one noise acquisition; the format allows 65535.
const NOISE_SAMPLES: usize = 8192;

/// An MRD file that is being written.
#[derive(Debug)]
pub struct MrdWriter {
    place: AtomicPath,
    file: hdf5::File,
    data: Dataset,
    header: MrdWriteHeader,
    pending: Vec<FullRecord>,
    written: usize,
}

impl MrdWriter {
    /// Starts a file beside `path`; it takes this name at [`finish`](Self::finish).
    pub fn create(path: &Path, header: &MrdWriteHeader, force: bool) -> Result<Self, IoError> {
        check(path, header)?;
        let place = AtomicPath::create(path, force)?;
        let make = || -> hdf5::Result<(hdf5::File, Dataset)> {
            let file = hdf5_create::create(&place)?;
            let group = file.create_group("dataset")?;
            // Variable-length ASCII of shape [1]: libismrmrd has no conversion from UTF-8.
            let xml = VarLenAscii::from_ascii(&xml(header))
                .map_err(|e| hdf5::Error::from(e.to_string()))?;
            group
                .new_dataset::<VarLenAscii>()
                .shape([1])
                .create("xml")?
                .write_raw(&[xml])?;
            // Packed: python's ismrmrd copies the 340 bytes of the head as they lie.
            let data = group.new_dataset::<FullRecord>().packed(true).chunk(1);
            let data = data
                .shape(Extents::resizable(vec![0].into()))
                .create("data")?;
            Ok((file, data))
        };
        let (file, data) = make().map_err(|e| IoError::writing_hdf5(path, &e))?;
        Ok(Self {
            place,
            file,
            data,
            header: header.clone(),
            pending: Vec::new(),
            written: 0,
        })
    }

    /// Adds a noise scan: (coil, sample) without signal.
    pub fn noise(&mut self, samples: &Array2<Complex32>, dwell_us: f64) -> Result<(), IoError> {
        self.check_shape(samples, None)?;
        let [coils, total] = [samples.nrows(), samples.ncols()];
        for start in (0..total).step_by(NOISE_SAMPLES) {
            let part = samples
                .slice(s![.., start..total.min(start + NOISE_SAMPLES)])
                .to_owned();
            let mut head = head(coils, part.ncols(), dwell_us);
            head.flags = NOISE;
            head.center_sample = 0;
            self.push(head, &part)?;
        }
        Ok(())
    }

    /// Adds a line of k-space, row `y` of the encoded grid: (coil, sample).
    pub fn line(
        &mut self,
        slice: usize,
        y: usize,
        samples: &Array2<Complex32>,
        flags: LineFlags,
    ) -> Result<(), IoError> {
        self.check_shape(samples, Some(self.header.encoded[1]))?;
        self.line_as_it_is(slice, y, samples, flags)
    }

    /// [`line`](Self::line) without the check of the shape, so that tests can make bad files.
    pub(super) fn line_as_it_is(
        &mut self,
        slice: usize,
        y: usize,
        samples: &Array2<Complex32>,
        flags: LineFlags,
    ) -> Result<(), IoError> {
        let slices = self.header.slices.len();
        let ny = self.header.encoded[0];
        let (Some(geometry), true) = (self.header.slices.get(slice), y < ny) else {
            return Err(IoError::new(
                self.place.target(),
                format!("a line within {slices} slices of {ny} lines"),
                format!("slice {slice}, line {y}"),
                "this is a mistake in the caller",
            ));
        };
        let narrow = |v: [f64; 3]| v.map(|x| x as f32);
        let mut head = head(samples.nrows(), samples.ncols(), self.header.dwell_us);
        head.flags = flags.bits();
        head.position = narrow(geometry.position_mm);
        head.read_dir = narrow(geometry.read);
        head.phase_dir = narrow(geometry.phase);
        head.slice_dir = narrow(geometry.slice);
        if flags.reverse {
            head.center_sample = head
                .number_of_samples
                .saturating_sub(1 + head.center_sample);
        }
        head.idx = FullCounters {
            kspace_encode_step_1: y as u16,
            average: flags.average,
            slice: slice as u16,
            contrast: flags.contrast,
            repetition: flags.repetition,
            ..FullCounters::default()
        };
        self.push(head, samples)
    }

    /// Completes the file and gives it its name.
    pub fn finish(mut self) -> Result<(), IoError> {
        self.write_pending()?;
        let Self {
            place, file, data, ..
        } = self;
        drop(data);
        let closed = file.flush().and_then(|()| file.close());
        closed.map_err(|e| IoError::writing_hdf5(place.target(), &e))?;
        place.finish()
    }

    fn check_shape(
        &self,
        samples: &Array2<Complex32>,
        columns: Option<usize>,
    ) -> Result<(), IoError> {
        let coils = self.header.coils;
        let wanted = [coils, columns.unwrap_or(samples.ncols())];
        if samples.shape() == wanted && samples.iter().all(|z| z.is_finite()) {
            return Ok(());
        }
        Err(IoError::new(
            self.place.target(),
            format!("finite samples of shape (coil, sample) = {wanted:?}"),
            format!("{:?}, or NaN in them", samples.shape()),
            "this is a mistake in the caller",
        ))
    }

    fn push(&mut self, mut head: FullHead, samples: &Array2<Complex32>) -> Result<(), IoError> {
        head.scan_counter = (self.written + self.pending.len()) as u32;
        let data: Vec<f32> = samples.iter().flat_map(|z| [z.re, z.im]).collect();
        let (traj, data) = (VarLenArray::from_slice(&[]), VarLenArray::from_slice(&data));
        self.pending.push(FullRecord { head, traj, data });
        if self.pending.len() >= BLOCK {
            self.write_pending()?;
        }
        Ok(())
    }

    fn write_pending(&mut self) -> Result<(), IoError> {
        let (start, end) = (self.written, self.written + self.pending.len());
        if start == end {
            return Ok(());
        }
        let write = self.data.resize(end);
        write
            .and_then(|()| self.data.write_slice(&self.pending, s![start..end]))
            .and_then(|()| self.file.flush())
            .map_err(|e| IoError::writing_hdf5(self.place.target(), &e))?;
        self.pending.clear();
        self.written = end;
        Ok(())
    }
}

fn head(coils: usize, samples: usize, dwell_us: f64) -> FullHead {
    let mut channel_mask = [0_u64; 16];
    for coil in 0..coils.min(1024) {
        channel_mask[coil / 64] |= 1 << (coil % 64);
    }
    FullHead {
        version: 1,
        number_of_samples: samples as u16,
        available_channels: coils as u16,
        active_channels: coils as u16,
        channel_mask,
        center_sample: (samples / 2) as u16,
        sample_time_us: dwell_us as f32,
        read_dir: [1.0, 0.0, 0.0],
        phase_dir: [0.0, 1.0, 0.0],
        slice_dir: [0.0, 0.0, 1.0],
        ..FullHead::default()
    }
}
