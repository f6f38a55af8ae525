//! From acquisitions to the grid: the mean of what falls on the same place.

use std::path::Path;

use hdf5::Dataset;
use ndarray::{Array2, Array3, s};
use num_complex::Complex32;

use super::select::Placed;
use crate::io::mrd_index::{Run, read_block};
use crate::io::mrd_record::DataRecord;
use crate::io::raw::RawSlice;
use crate::io::{IoError, hdf5_read};

/// Sums and counts on the grid.
struct Mean {
    sum: Array3<Complex32>,
    count: Array2<f32>,
}

impl Mean {
    fn new([coils, y, x]: [usize; 3]) -> Self {
        Self {
            sum: Array3::zeros([coils, y, x]),
            count: Array2::zeros([y, x]),
        }
    }

    fn add(&mut self, line: &Placed, samples: &Array2<Complex32>) {
        let columns = line.x..line.x + line.count;
        let mut here = self.sum.slice_mut(s![.., line.y, columns.clone()]);
        here += samples;
        self.count
            .slice_mut(s![line.y, columns])
            .mapv_inplace(|n| n + 1.0);
    }

    fn finish(mut self) -> (Array3<Complex32>, Array2<f32>) {
        for mut coil in self.sum.outer_iter_mut() {
            coil.zip_mut_with(&self.count, |z, &n| *z /= n.max(1.0));
        }
        (self.sum, self.count)
    }
}

/// Reads the given lines, a few at a time, and averages them on the grid.
pub(super) fn read(
    path: &Path,
    data: &Dataset,
    lines: &[&Placed],
    shape: [usize; 3],
) -> Result<RawSlice, IoError> {
    let mut imaging = Mean::new(shape);
    let mut calibration = Mean::new(shape);
    let numbers: Vec<usize> = lines.iter().map(|l| l.number).collect();
    let mut remaining = lines.iter();
    for run in Run::cover(&numbers) {
        let records = read_block::<DataRecord>(data, run)
            .map_err(|e| hdf5_read::failed(path, &format!("acquisition {}", run.start), &e))?;
        for (record, line) in records.iter().zip(&mut remaining) {
            let samples = samples(path, line.number, &record.data, [shape[0], line.samples])?;
            let samples = kept(line, samples);
            if line.purpose.images() {
                imaging.add(line, &samples);
            }
            calibration.add(line, &samples);
        }
    }
    let (imaging, averages) = imaging.finish();
    let (calibration, calibration_averages) = calibration.finish();
    Ok(RawSlice {
        imaging,
        averages,
        calibration,
        calibration_averages,
        borrowed: lines.iter().any(|l| l.borrowed),
    })
}

fn kept(line: &Placed, mut samples: Array2<Complex32>) -> Array2<Complex32> {
    if line.reverse {
        samples.invert_axis(ndarray::Axis(1));
    }
    samples.slice_move(s![.., line.first..line.first + line.count])
}

/// The samples of one acquisition as (coil, sample), checked against its head and for numbers.
pub(super) fn samples(
    path: &Path,
    number: usize,
    data: &[f32],
    [coils, samples]: [usize; 2],
) -> Result<Array2<Complex32>, IoError> {
    let expected = 2 * coils * samples;
    let pairs = data
        .chunks_exact(2)
        .map(|z| Complex32::new(z[0], z[1]))
        .collect();
    let Some(array) = (data.len() == expected)
        .then(|| Array2::from_shape_vec([coils, samples], pairs).ok())
        .flatten()
    else {
        return Err(IoError::new(
            path,
            format!(
                "{expected} numbers in acquisition {number} (2 x {coils} coils x {samples} samples)"
            ),
            data.len(),
            "the file is damaged: convert the scan again",
        ));
    };
    if data.iter().any(|v| !v.is_finite()) {
        return Err(IoError::new(
            path,
            format!("finite samples in acquisition {number}"),
            "NaN or infinity",
            "the file is damaged: convert the scan again",
        ));
    }
    Ok(array)
}
