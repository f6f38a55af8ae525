//! What is scanned: a named phantom, or an image of the user's.

use super::object::{head_first, voxel_mm};
use super::{LabelMap, MappedBrain, SimulateError};
use crate::io::{Volume, read_volume};
use crate::protocol;
use ndarray::{Array2, Array3, Axis};
use num_complex::Complex64;
use phantoms::{MrGrid, TrigCoils};
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
    /// An image volume, its middle in the middle of the field of view; nothing lies around it.
    Image {
        /// Columns to the left, rows to the back, slices upwards.
        volume: Volume,
        /// Sides of a voxel: column, row, slice.
        voxel_mm: [f64; 3],
    },
    /// A brain of a label map.
    Mapped(MappedBrain),
}

/// Finer grid of a user's image.
const OVERSAMPLING: usize = 4;
/// Points of each of its pixels that are averaged, along an axis.
const POINTS: usize = 4;

impl Source {
    /// A phantom's name, or the path of a NIfTI volume.
    pub fn open(name: &str, seed: u64) -> Result<Self, SimulateError> {
        let path = Path::new(name);
        // A file that is called like a phantom is not the phantom.
        let is_phantom = phantoms::list().iter().any(|(known, _)| *known == name);
        if !is_phantom && path.is_file() {
            let volume = head_first(name, read_volume(path)?)?;
            let voxel_mm = voxel_mm(&volume);
            return Ok(Source::Image { volume, voxel_mm });
        }
        let small = MrGrid::own(8, 8);
        phantoms::raster(name, seed, (0, 1), &small, phantoms::Contrast::T1)?;
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
            Source::Image { volume, .. } => volume.data.len_of(Axis(0)),
        }
    }

    /// The height of the first of so many slices and the distance to the next; around 0 and
    /// `thickness_mm` where the object says neither.
    pub(super) fn heights_mm(&self, slices: usize, thickness_mm: f64) -> [f64; 2] {
        let around = |step_mm: f64| [-0.5 * step_mm * (slices as f64 - 1.0), step_mm];
        match self {
            Source::Phantom { name, .. } => match phantoms::named(name) {
                Ok(phantom) => {
                    let first_mm = phantom.height_mm(0, slices).unwrap_or(0.0);
                    match (phantom.spacing_mm(slices), slices) {
                        (Some(step_mm), _) => [first_mm, step_mm],
                        // Every slice is alike.
                        (None, 2..) => around(thickness_mm),
                        (None, _) => [first_mm, thickness_mm],
                    }
                }
                Err(_) => around(thickness_mm),
            },
            Source::Mapped(brain) => match slices {
                2.. => around(brain.spacing_mm(slices)),
                _ => around(thickness_mm),
            },
            Source::Image { voxel_mm, .. } => around(voxel_mm[2]),
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
                let grid = MrGrid::over(ny, nx, c.fov_mm);
                let (of, contrast) = ((slice, slices), contrast(c.contrast));
                Ok(phantoms::phantom_k_space(
                    name, *seed, of, coils, &grid, contrast,
                )?)
            }
            Source::Mapped(brain) => brain.k_space(slice, slices, coils),
            Source::Image { volume, voxel_mm } => {
                let image = volume.data.index_axis(Axis(0), slice).mapv(f64::from);
                let own_mm = [voxel_mm[0], voxel_mm[1]];
                let draw = |rows: usize, columns: usize| {
                    resample(&image, own_mm, (rows, columns), c.fov_mm)
                };
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
        c: &protocol::Cartesian,
        truth: &Array2<f64>,
    ) -> Result<f64, SimulateError> {
        let (ny, nx) = truth.dim();
        let grid = MrGrid::over(ny, nx, c.fov_mm);
        let mut values: Vec<f64> = match self {
            Source::Phantom { name, seed } if name == "brain" => {
                // White matter is 1 in the T1 contrast, whatever contrast is simulated.
                let t1 = phantoms::Contrast::T1;
                let tissue = phantoms::raster(name, *seed, (slice, slices), &grid, t1)?;
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
        protocol::Contrast::Flair => phantoms::Contrast::Flair,
        protocol::Contrast::Ir => phantoms::Contrast::Ir,
        protocol::Contrast::Ssfp => phantoms::Contrast::Ssfp,
    }
}

/// An image on the pixels of a field of view, both around their middle pixels: bilinear between its
/// values, 0 beyond them, averaged over each pixel.
fn resample(
    image: &Array2<f64>,
    own_mm: [f64; 2],
    (rows, columns): (usize, usize),
    fov_mm: [f64; 2],
) -> Array2<f64> {
    let (ny, nx) = image.dim();
    let along =
        |n: usize, of: usize, fov_mm: f64, own_mm: f64| -> Vec<Option<(usize, usize, f64)>> {
            let point = |k: usize| {
                let at = (k as f64 + 0.5) / POINTS as f64 - 0.5 - (n / 2) as f64;
                let p = at * fov_mm / n as f64 / own_mm + (of / 2) as f64;
                let last = (of - 1) as f64;
                (-0.5..=last + 0.5).contains(&p).then(|| {
                    let p = p.clamp(0.0, last);
                    (p as usize, (p as usize + 1).min(of - 1), p.fract())
                })
            };
            (0..n * POINTS).map(point).collect()
        };
    let xs = along(columns, nx, fov_mm[0], own_mm[0]);
    let ys = along(rows, ny, fov_mm[1], own_mm[1]);
    let value = |y: &Option<(usize, usize, f64)>, x: &Option<(usize, usize, f64)>| {
        let (Some((y0, y1, v)), Some((x0, x1, u))) = (*y, *x) else {
            return 0.0;
        };
        let row = |y: usize| image[(y, x0)] * (1.0 - u) + image[(y, x1)] * u;
        row(y0) * (1.0 - v) + row(y1) * v
    };
    Array2::from_shape_fn((rows, columns), |(j, i)| {
        let (ys, xs) = (&ys[j * POINTS..][..POINTS], &xs[i * POINTS..][..POINTS]);
        let points = ys.iter().flat_map(|y| xs.iter().map(move |x| value(y, x)));
        points.sum::<f64>() / (POINTS * POINTS) as f64
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_keeps_its_millimetres() {
        // A square of 20 x 30 mm with its middle at (12, -9) mm.
        let (dx, dy) = (2.0, 3.0);
        let image = Array2::from_shape_fn((60, 80), |(j, i)| {
            let (x, y) = ((i as f64 - 40.0) * dx - 12.0, (j as f64 - 30.0) * dy + 9.0);
            f64::from(u8::from(x.abs() < 10.0 && y.abs() < 15.0))
        });
        let drawn = resample(&image, [dx, dy], (150, 141), [250.0, 210.0]);
        let pixel = [250.0 / 141.0, 210.0 / 150.0];
        let mut sums = [0.0; 3];
        for ((j, i), v) in drawn.indexed_iter() {
            let at = [(i as f64 - 70.0) * pixel[0], (j as f64 - 75.0) * pixel[1]];
            sums = [sums[0] + v, sums[1] + v * at[0], sums[2] + v * at[1]];
        }
        let area = sums[0] * pixel[0] * pixel[1];
        let own = image.sum() * dx * dy;
        assert!((area / own - 1.0).abs() < 0.01, "{area} {own}");
        assert!((sums[1] / sums[0] - 12.0).abs() < 0.1 && (sums[2] / sums[0] + 9.0).abs() < 0.1);
    }

    #[test]
    fn nothing_lies_around_an_image() {
        let drawn = resample(&Array2::ones((10, 10)), [1.0; 2], (20, 20), [20.0; 2]);
        assert!((drawn.sum() - 100.0).abs() < 1e-9);
        assert_eq!(drawn[(0, 0)], 0.0);
    }
}
