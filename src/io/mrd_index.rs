//! The index of an MRD file: the heads of all acquisitions, read in blocks without their samples.

use std::collections::BTreeMap;
use std::path::Path;

use hdf5::{Dataset, H5Type};
use ndarray::{Ix1, s};

use super::mrd_geometry::Frame;
use super::mrd_record::{Head, HeadRecord, Purpose, REVERSE, missing_member};
use super::{IoError, hdf5_read};

/// Heads per read.
const HEAD_BLOCK: usize = 4096;
/// Acquisitions per read of their samples.
const DATA_BLOCK: usize = 16;
/// The most acquisitions that a file may claim.
const MAX_ACQUISITIONS: usize = 1 << 24;

/// One acquisition, as its head describes it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Its number in the file.
    pub number: usize,
    pub purpose: Purpose,
    pub reverse: bool,
    pub samples: usize,
    pub channels: usize,
    pub discard: [usize; 2],
    pub centre: usize,
    pub step_1: usize,
    pub step_2: usize,
    pub slice: u16,
    pub average: u16,
    /// (repetition, contrast, phase, set).
    pub frame: [u16; 4],
    pub dwell_us: Option<f64>,
}

impl Line {
    fn new(number: usize, head: &Head) -> Self {
        let idx = &head.idx;
        let dwell = f64::from(head.sample_time_us);
        Self {
            number,
            purpose: Purpose::of(head.flags),
            reverse: head.flags & REVERSE != 0,
            samples: head.number_of_samples.into(),
            channels: head.active_channels.into(),
            discard: [head.discard_pre.into(), head.discard_post.into()],
            centre: head.center_sample.into(),
            step_1: idx.kspace_encode_step_1.into(),
            step_2: idx.kspace_encode_step_2.into(),
            slice: idx.slice,
            average: idx.average,
            frame: [idx.repetition, idx.contrast, idx.phase, idx.set],
            dwell_us: (dwell.is_finite() && dwell > 0.0).then_some(dwell),
        }
    }
}

/// All heads of a file, sorted by purpose.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Imaging and calibration.
    pub lines: Vec<Line>,
    pub noise: Vec<Line>,
    /// Position and directions of each slice, from its first line.
    pub frames: BTreeMap<u16, Frame>,
    /// Navigators, phase correction, dummies, ...
    pub other: usize,
    /// Lines of a second encoding space.
    pub other_encoding: usize,
    /// Acquisitions without samples.
    pub empty: usize,
}

impl Index {
    /// Reads the heads, and nothing else.
    pub fn read(path: &Path, data: &Dataset) -> Result<Self, IoError> {
        let total = check(path, data)?;
        let mut index = Self::default();
        let mut start = 0;
        while start < total {
            let count = HEAD_BLOCK.min(total - start);
            let heads = read_block::<HeadRecord>(
                data,
                Run {
                    start,
                    step: 1,
                    count,
                },
            )
            .map_err(|e| hdf5_read::failed(path, "the heads of the acquisitions", &e))?;
            for (i, record) in heads.iter().enumerate() {
                index.add(start + i, &record.head);
            }
            start += count;
        }
        Ok(index)
    }

    fn add(&mut self, number: usize, head: &Head) {
        let line = Line::new(number, head);
        if line.samples == 0 || line.channels == 0 {
            self.empty += 1;
        } else if line.purpose == Purpose::Noise {
            self.noise.push(line);
        } else if line.purpose == Purpose::Other {
            self.other += 1;
        } else if head.encoding_space_ref != 0 {
            self.other_encoding += 1;
        } else {
            if line.purpose.images() {
                self.frames
                    .entry(line.slice)
                    .or_insert_with(|| Frame::new(head));
            }
            self.lines.push(line);
        }
    }
}

/// Checks the type of the dataset; returns how many acquisitions it has.
fn check(path: &Path, data: &Dataset) -> Result<usize, IoError> {
    let way_out = "export the file again as ISMRMRD v1";
    let fail = |e: hdf5::Error| hdf5_read::failed(path, "the type of `data`", &e);
    let descriptor = data.dtype().and_then(|t| t.to_descriptor()).map_err(fail)?;
    if let Some(name) = missing_member(&descriptor) {
        let found = format!("`data` without {name}");
        return Err(IoError::new(
            path,
            "MRD acquisitions in `data`",
            found,
            way_out,
        ));
    }
    let shape = data.shape();
    match shape[..] {
        [n] | [n, 1] if n <= MAX_ACQUISITIONS => Ok(n),
        _ => Err(IoError::new(
            path,
            format!("`data` of shape (N,) with N up to {MAX_ACQUISITIONS}"),
            format!("{shape:?}"),
            way_out,
        )),
    }
}

/// Records `start, start + step, ...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub start: usize,
    pub step: usize,
    pub count: usize,
}

impl Run {
    /// Cuts growing numbers into runs of equal steps, short enough for one read.
    pub fn cover(numbers: &[usize]) -> Vec<Self> {
        let mut runs: Vec<Self> = Vec::new();
        for &number in numbers {
            if let Some(run) = runs.last_mut() {
                let gap = number.saturating_sub(run.start + run.step * (run.count - 1));
                if run.count < DATA_BLOCK && gap > 0 && (run.count == 1 || gap == run.step) {
                    (run.step, run.count) = (gap, run.count + 1);
                    continue;
                }
            }
            runs.push(Self {
                start: number,
                step: 1,
                count: 1,
            });
        }
        runs
    }
}

/// Reads some records of a dataset of shape (N,) or (N, 1).
pub(super) fn read_block<T: H5Type>(data: &Dataset, run: Run) -> hdf5::Result<Vec<T>> {
    let Run { start, step, count } = run;
    let end = start + (count - 1) * step + 1;
    let block = match data.ndim() {
        1 => data.read_slice::<T, _, Ix1>(s![start..end; step as isize])?,
        _ => data.read_slice::<T, _, Ix1>(s![start..end; step as isize, 0])?,
    };
    Ok(block.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_every_number_once_in_order() {
        let numbers: Vec<usize> = (0..40).chain([50, 53, 56, 59, 70, 71, 75]).collect();
        let runs = Run::cover(&numbers);
        let covered: Vec<usize> = runs
            .iter()
            .flat_map(|r| (0..r.count).map(|i| r.start + i * r.step))
            .collect();
        assert_eq!(covered, numbers);
        assert!(runs.iter().all(|r| r.count <= DATA_BLOCK));
        assert!(runs.len() <= 8, "{runs:?}");
    }
}
