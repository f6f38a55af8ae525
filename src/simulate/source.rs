//! What is scanned: a named phantom, or an image of the user's.

use super::{LabelMap, MappedBrain, SimulateError};
use crate::io::{Volume, read_volume};
use crate::protocol;
use ndarray::{Array2, Array3, Axis};
use num_complex::Complex64;
use phantoms::TrigCoils;
use std::path::Path;

/// The object in the scanner.
pub enum Source {
    /// A phantom by name.
    Phantom {
        /// One of `phantoms::list()`.
        name: String,
        /// Seed of its anatomy.
        seed: u64,
    },
    /// An image volume; it fills the field of view.
    Image(Volume),
    /// A brain of a label map.
    Mapped(MappedBrain),
}

/// Finer grid of a user's image.
const OVERSAMPLING: usize = 4;

impl Source {
    /// A phantom's name, or the path of a NIfTI volume.
    pub fn open(name: &str, seed: u64) -> Result<Self, SimulateError> {
        let path = Path::new(name);
        if path.is_file() {
            return Ok(Source::Image(read_volume(path)?));
        }
        phantoms::raster(name, seed, 0, 1, 8, 8, phantoms::Contrast::T1)?;
        Ok(Source::Phantom {
            name: name.to_owned(),
            seed,
        })
    }

    /// The brain of a label map; `name` is what was asked for.
    pub fn mapped(
        name: &str,
        map: &LabelMap,
        seed: u64,
        c: &protocol::Cartesian,
    ) -> Result<Self, SimulateError> {
        if name != "brain" {
            return Err(SimulateError::Request(format!(
                "--labels: expected `brain`, which MR draws from label maps, got `{name}`; leave \
                 --labels out, or choose a CT protocol for `head`"
            )));
        }
        let brain = MappedBrain::new(map, seed, contrast(c.contrast), c)?;
        Ok(Source::Mapped(brain))
    }

    /// Slices that there are: as many as asked of a phantom, the volume's own of an image.
    pub fn slices(&self, asked: usize) -> usize {
        match self {
            Source::Phantom { .. } | Source::Mapped(_) => asked,
            Source::Image(volume) => volume.data.len_of(Axis(0)),
        }
    }

    /// Noiseless, fully sampled k-space of every coil, (coil, y, x), unitary scale.
    pub fn k_space(
        &self,
        slice: usize,
        slices: usize,
        coils: &TrigCoils,
        c: &protocol::Cartesian,
    ) -> Result<Array3<Complex64>, SimulateError> {
        let [nx, ny] = c.matrix;
        match self {
            Source::Phantom { name, seed } => {
                let contrast = contrast(c.contrast);
                Ok(phantoms::phantom_k_space(
                    name, *seed, slice, slices, coils, ny, nx, contrast,
                )?)
            }
            Source::Mapped(brain) => brain.k_space(slice, slices, coils),
            Source::Image(volume) => {
                let image = volume.data.index_axis(Axis(0), slice).mapv(f64::from);
                let draw = |rows: usize, columns: usize| resample(&image, rows, columns);
                Ok(phantoms::fine_grid_k_space(
                    &draw,
                    coils,
                    ny,
                    nx,
                    OVERSAMPLING,
                ))
            }
        }
    }

    /// The signal that `snr` refers to: white matter of the brain, else the object's median.
    pub fn reference_signal(
        &self,
        slice: usize,
        slices: usize,
        truth: &Array2<f64>,
    ) -> Result<f64, SimulateError> {
        let (ny, nx) = truth.dim();
        let mut values: Vec<f64> = match self {
            Source::Phantom { name, seed } if name == "brain" => {
                // White matter is 1 in the T1 contrast, whatever contrast is simulated.
                let t1 = phantoms::Contrast::T1;
                let tissue = phantoms::raster(name, *seed, slice, slices, ny, nx, t1)?;
                let white = |(t, v): (&f64, &f64)| ((t - 1.0).abs() < 0.02).then_some(*v);
                tissue.iter().zip(truth).filter_map(white).collect()
            }
            Source::Mapped(brain) => brain.white(slice, slices, truth)?,
            _ => Vec::new(),
        };
        if values.is_empty() {
            let peak = truth.iter().fold(0.0, |m: f64, v| m.max(*v));
            values = truth.iter().copied().filter(|v| *v > 0.1 * peak).collect();
        }
        values.sort_by(f64::total_cmp);
        values
            .get(values.len() / 2)
            .copied()
            .ok_or(SimulateError::Empty { slice })
    }
}

fn contrast(c: protocol::Contrast) -> phantoms::Contrast {
    match c {
        protocol::Contrast::T1 => phantoms::Contrast::T1,
        protocol::Contrast::T2 => phantoms::Contrast::T2,
        protocol::Contrast::Pd => phantoms::Contrast::Pd,
    }
}

/// Bilinear, centre sample on centre sample, edges held.
fn resample(image: &Array2<f64>, rows: usize, columns: usize) -> Array2<f64> {
    let (ny, nx) = image.dim();
    let at = |i: usize, n: usize, of: usize| {
        let p = (i as f64 - (n / 2) as f64) * of as f64 / n as f64 + (of / 2) as f64;
        let p = p.clamp(0.0, (of - 1) as f64);
        (p as usize, (p as usize + 1).min(of - 1), p.fract())
    };
    Array2::from_shape_fn((rows, columns), |(y, x)| {
        let ((y0, y1, v), (x0, x1, u)) = (at(y, rows, ny), at(x, columns, nx));
        let row = |y: usize| image[(y, x0)] * (1.0 - u) + image[(y, x1)] * u;
        row(y0) * (1.0 - v) + row(y1) * v
    })
}
