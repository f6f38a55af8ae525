//! The scan: noiseless k-space, the scanner's noise, and the MRD file with its truth.

use super::receiver::{BANDWIDTH, DWELL_US, NOISE_DWELL_US, Receiver};
use super::{MaskError, Source, lines};
use crate::io::{
    IoError, LineFlags, MrdWriteHeader, MrdWriter, NiftiWriter, SliceGeometry, atomic,
};
use crate::progress::Progress;
use crate::protocol::Cartesian;
use ndarray::{Array3, Axis, s};
use num_complex::{Complex32, Complex64};
use phantoms::PhantomError;
use rustfft::FftPlanner;
use std::path::{Path, PathBuf};

/// Why there is no raw data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// A file.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The phantom or its coils.
    #[error(transparent)]
    Phantom(#[from] PhantomError),
    /// The sampling pattern.
    #[error(transparent)]
    Mask(#[from] MaskError),
    /// A label map that no head can be drawn from.
    #[error("{}: {problem}", path.display())]
    Labels {
        /// The map.
        path: PathBuf,
        /// What is wrong with it.
        problem: PhantomError,
    },
    /// An object without signal.
    #[error("slice {slice}: the object has no signal there; choose other --slices")]
    Empty {
        /// Slice of the volume.
        slice: usize,
    },
    /// Slices that are not there.
    #[error("--slices {from}:{to}: expected a part of 0:{there} (half open)")]
    Slices {
        /// First.
        from: usize,
        /// One past the last.
        to: usize,
        /// Slices that there are.
        there: usize,
    },
    /// What cannot be simulated.
    #[error("{0}")]
    Request(String),
    /// Ctrl-C.
    #[error("interrupted; no output was written")]
    Interrupted,
}

/// A scan to simulate.
pub struct Scan<'a> {
    /// The object.
    pub source: Source,
    /// Title of the protocol.
    pub title: &'a str,
    /// What is acquired.
    pub cartesian: &'a Cartesian,
    /// Seed of noise and sampling.
    pub seed: u64,
    /// Slices `A..B` of the volume.
    pub slices: Option<(usize, usize)>,
    /// Raw file to write.
    pub output: &'a Path,
    /// Whether to replace an earlier one.
    pub force: bool,
}

/// Writes the raw file, and `.truth.nii.gz` beside it: the root of the sum of squares of the
/// noiseless, fully sampled coil images. Returns the path of the truth.
pub fn simulate(
    scan: &Scan<'_>,
    progress: &Progress,
    interrupted: &dyn Fn() -> bool,
) -> Result<PathBuf, SimulateError> {
    let c = scan.cartesian;
    let there = scan.source.slices(c.slices);
    let (from, to) = scan.slices.unwrap_or((0, there));
    if from >= to || to > there {
        return Err(SimulateError::Slices { from, to, there });
    }
    let receiver = Receiver::of(c, scan.seed)?;
    let coils = &receiver.coils;
    let taken = lines(c, scan.seed)?;
    let heights_mm = scan.source.heights_mm(there, c.slice_thickness_mm);
    let affine = affine(c, heights_mm, from);
    let header = header(scan, &affine, to - from, &taken);
    let truth_path = scan.output.with_extension("truth.nii.gz");
    atomic::may_write(scan.output, scan.force)?;
    let [nx, ny] = c.matrix;
    let mut truth = NiftiWriter::create(
        &truth_path,
        [nx, ny, to - from],
        &affine,
        "noiseless root sum of squares",
        scan.force,
    )?;
    let mut file = MrdWriter::create(scan.output, &header, scan.force)?;
    // One receiver, one noise level, set by the middle slice of the whole object.
    let middle = there / 2;
    let shown = phantoms::rss_image(&scan.source.k_space(middle, there, coils, c)?);
    let sigma = scan.source.reference_signal(middle, there, c, &shown)? / c.snr;
    file.noise(&receiver.noise_scan(sigma), NOISE_DWELL_US)?;
    let bar = progress.stage("simulating", (to - from) as u64);
    for (place, slice) in (from..to).enumerate() {
        if interrupted() {
            return Err(SimulateError::Interrupted);
        }
        let k = scan.source.k_space(slice, there, coils, c)?;
        let rss = phantoms::rss_image(&k);
        truth.slice(&rss.mapv(|v| v as f32))?;
        let mut rng = receiver.stream(slice);
        let k = oversample(&k, c.readout_oversampling);
        for (y, _) in taken.iter().enumerate().filter(|(_, taken)| **taken) {
            let clean = k.slice(s![.., y, ..]);
            let n = receiver.line(&mut rng, sigma, clean.len_of(Axis(1)));
            let line = (&clean + &n).mapv(|z| Complex32::new(z.re as f32, z.im as f32));
            file.line(place, y, &line, flags(c, y))?;
        }
        bar.step();
    }
    truth.finish()?;
    file.finish()
        .inspect_err(|_| drop(std::fs::remove_file(&truth_path)))?;
    bar.finish();
    Ok(truth_path)
}

fn flags(c: &Cartesian, y: usize) -> LineFlags {
    let first = c.matrix[1] / 2 - c.calibration_lines / 2;
    if (first..first + c.calibration_lines).contains(&y) {
        LineFlags::BOTH
    } else {
        LineFlags::IMAGING
    }
}

/// Axial slices: columns to the left, rows to posterior, slices to the head; of the part of the volume
/// that starts with slice `first`.
fn affine(c: &Cartesian, [lowest_mm, dz]: [f64; 2], first: usize) -> [[f64; 4]; 3] {
    let [nx, ny] = c.matrix;
    let (dx, dy) = (c.fov_mm[0] / nx as f64, c.fov_mm[1] / ny as f64);
    [
        [dx, 0.0, 0.0, -dx * (nx / 2) as f64],
        [0.0, dy, 0.0, -dy * (ny / 2) as f64],
        [0.0, 0.0, dz, lowest_mm + dz * first as f64],
    ]
}

fn header(
    scan: &Scan<'_>,
    affine: &[[f64; 4]; 3],
    slices: usize,
    taken: &[bool],
) -> MrdWriteHeader {
    let c = scan.cartesian;
    let [nx, ny] = c.matrix;
    let over = c.readout_oversampling;
    let acquired = taken.iter().filter(|t| **t).count();
    MrdWriteHeader {
        vendor: "annulus".into(),
        field_t: 3.0,
        protocol_name: Some(scan.title.to_owned()),
        encoded: [ny, nx * over],
        recon: [ny, nx],
        encoded_fov_mm: [c.fov_mm[1], c.fov_mm[0] * over as f64],
        recon_fov_mm: [c.fov_mm[1], c.fov_mm[0]],
        slice_thickness_mm: c.slice_thickness_mm,
        coils: c.coils,
        slices: (0..slices)
            .map(|k| SliceGeometry::from_affine(affine, [ny, nx], k))
            .collect(),
        dwell_us: DWELL_US,
        acceleration: ny as f64 / acquired as f64,
        relative_noise_bandwidth: BANDWIDTH,
    }
}

/// Readout oversampling: the object in a wider field of view, unitary scale.
fn oversample(k: &Array3<Complex64>, factor: usize) -> Array3<Complex64> {
    if factor == 1 {
        return k.clone();
    }
    let (coils, rows, nx) = k.dim();
    let wide = nx * factor;
    let mut planner = FftPlanner::new();
    let (inverse, forward) = (planner.plan_fft_inverse(nx), planner.plan_fft_forward(wide));
    let mut out = Array3::zeros((coils, rows, wide));
    let scale = 1.0 / ((nx * wide) as f64).sqrt();
    for (from, mut to) in k.rows().into_iter().zip(out.rows_mut()) {
        let mut line: Vec<Complex64> = from.to_vec();
        line.rotate_left(nx / 2);
        inverse.process(&mut line);
        line.rotate_right(nx / 2);
        let mut padded = vec![Complex64::default(); wide];
        padded[wide / 2 - nx / 2..][..nx].copy_from_slice(&line);
        padded.rotate_left(wide / 2);
        forward.process(&mut padded);
        padded.rotate_right(wide / 2);
        to.iter_mut().zip(&padded).for_each(|(t, z)| *t = z * scale);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oversampling_keeps_every_second_sample() {
        let k = Array3::from_shape_fn((1, 2, 8), |(_, y, x)| {
            Complex64::new((x * x + y) as f64, x as f64 - 3.0)
        });
        let wide = oversample(&k, 2);
        for (y, x) in (0..2).flat_map(|y| (0..8).map(move |x| (y, x))) {
            let difference = wide[(0, y, 2 * x)] * 2f64.sqrt() - k[(0, y, x)];
            assert!(difference.norm() < 1e-9);
        }
    }
}
