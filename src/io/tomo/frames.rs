//! Frames of one dataset (frame, row, column), read a few detector rows at a time.

use std::ops::Range;
use std::path::Path;

use hdf5::types::TypeDescriptor;
use hdf5::{Dataset, Hyperslab, Selection, SliceOrIndex};
use ndarray::{Array2, Array3, Axis, Ix3, s};

use crate::io::{IoError, hdf5_read};

/// Rows are read together up to this many bytes: a file in chunks of whole frames is unpacked once per block.
const BLOCK_BYTES: usize = 128 << 20;

/// Some frames of a dataset, and the block of rows that was read last.
#[derive(Debug)]
pub(super) struct Frames {
    dataset: Dataset,
    runs: Vec<Range<usize>>,
    shape: [usize; 2],
    block: Option<(usize, Array3<f32>)>,
}

impl Frames {
    /// All frames of a dataset. Errors unless it is numeric with three axes.
    pub fn all(path: &Path, dataset: Dataset) -> Result<Self, IoError> {
        let frames = dataset.shape().first().copied().unwrap_or(0);
        Self::some(path, dataset, std::iter::once(0..frames).collect())
    }

    /// The frames in these ranges.
    pub fn some(path: &Path, dataset: Dataset, runs: Vec<Range<usize>>) -> Result<Self, IoError> {
        let name = dataset.name();
        let fail = |e: hdf5::Error| hdf5_read::failed(path, &name, &e);
        let descriptor = dataset
            .dtype()
            .and_then(|t| t.to_descriptor())
            .map_err(fail)?;
        let numeric = matches!(
            descriptor,
            TypeDescriptor::Integer(_) | TypeDescriptor::Unsigned(_) | TypeDescriptor::Float(_)
        );
        match dataset.shape()[..] {
            [_, rows, columns] if numeric => Ok(Self {
                dataset,
                runs,
                shape: [rows, columns],
                block: None,
            }),
            ref shape => Err(IoError::new(
                path,
                format!("{name} of numbers (frame, row, column)"),
                format!("{descriptor} of shape {shape:?}"),
                "write it as the format says",
            )),
        }
    }

    /// Rows and columns of a frame.
    pub fn frame_shape(&self) -> [usize; 2] {
        self.shape
    }

    /// How many frames.
    pub fn count(&self) -> usize {
        self.runs.iter().map(ExactSizeIterator::len).sum()
    }

    /// One detector row of every frame: (frame, column).
    pub fn row(&mut self, path: &Path, row: usize) -> Result<Array2<f32>, IoError> {
        let [rows, columns] = self.shape;
        let row_bytes = (self.count() * columns * 4).max(1);
        let together = (BLOCK_BYTES / row_bytes).clamp(1, rows.max(1));
        let start = row / together * together;
        if self.block.as_ref().is_none_or(|(first, _)| *first != start) {
            self.block = None;
            let end = (start + together).min(rows);
            self.block = Some((start, self.read(path, start..end)?));
        }
        let (first, block) = self.block.as_ref().expect("it was just read");
        Ok(block.slice(s![.., row - first, ..]).to_owned())
    }

    /// Some rows of every frame: (frame, row, column).
    fn read(&self, path: &Path, rows: Range<usize>) -> Result<Array3<f32>, IoError> {
        let what = format!(
            "rows {} to {} of {}",
            rows.start,
            rows.end,
            self.dataset.name()
        );
        let fail = |e: hdf5::Error| hdf5_read::failed(path, &what, &e);
        let mut block = Array3::zeros([self.count(), rows.len(), self.shape[1]]);
        let mut at = 0;
        for run in self.runs.iter().filter(|run| !run.is_empty()) {
            let selection =
                [run.clone(), rows.clone(), 0..self.shape[1]].map(|r| SliceOrIndex::SliceTo {
                    start: r.start,
                    step: 1,
                    end: r.end,
                    block: 1,
                });
            let selection = Selection::Hyperslab(Hyperslab::from(selection.to_vec()));
            let part = self
                .dataset
                .read_slice::<f32, _, Ix3>(selection)
                .map_err(fail)?;
            block
                .slice_axis_mut(Axis(0), (at..at + run.len()).into())
                .assign(&part);
            at += run.len();
        }
        Ok(block)
    }
}
