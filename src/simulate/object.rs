//! What is scanned by a tomograph: a named phantom, or a CT volume of the user's.

use super::LabelMap;
use super::scan::SimulateError;
use crate::io::{DicomOptions, Stacking, Volume, read_dicom_series, read_volume};
use ndarray::{Array2, Axis};
use phantoms::anatomy::{HeadVolume, Thorax};
use phantoms::ct::{Attenuation, CtGrid, CtPhantom, HeadCt, Material, PixelImage, mu_per_mm};
use std::path::Path;

/// The object in a tomograph.
pub enum CtSource {
    /// A phantom by name.
    Phantom {
        /// One of `phantoms::list()`.
        name: String,
        /// Seed of its anatomy.
        seed: u64,
    },
    /// A volume in HU; its middle lies on the rotation axis.
    Volume {
        /// Where it came from.
        name: String,
        /// HU.
        volume: Volume,
        /// Side of a pixel.
        pixel_mm: f64,
        /// Between slices.
        spacing_mm: f64,
    },
    /// A head of a label map; slices run upwards.
    Mapped {
        /// The file of the map.
        name: String,
        /// Its subjects.
        family: HeadVolume,
        /// Which of them.
        seed: u64,
    },
}

/// One slice of it.
pub(super) struct CtSlice {
    /// What X-rays meet.
    pub(super) attenuation: Box<dyn Attenuation>,
    /// HU on the grid of the reconstruction, averaged over each pixel.
    pub(super) truth_hu: Array2<f32>,
}

/// Points a pixel and axis that the truth of a volume is averaged over.
const POINTS: usize = 4;
/// Pixel sides that may differ and still be a square.
const SQUARE: f64 = 0.01;

impl CtSource {
    /// A phantom's name, or the path of a NIfTI volume or a DICOM series in HU.
    pub fn open(name: &str, seed: u64) -> Result<Self, SimulateError> {
        let path = Path::new(name);
        // A folder that an earlier simulation called like its phantom is not the phantom.
        let is_phantom = phantoms::list().iter().any(|(known, _)| *known == name);
        let volume = if is_phantom {
            return Ok(CtSource::Phantom {
                name: name.to_owned(),
                seed,
            });
        } else if path.is_dir() || path.extension().is_some_and(|e| e == "dcm") {
            let options = DicomOptions {
                stacking: Stacking::Slices,
                ..DicomOptions::default()
            };
            read_dicom_series(path, &options)?.volume
        } else if path.is_file() {
            read_volume(path)?
        } else {
            return Ok(CtSource::Phantom {
                name: name.to_owned(),
                seed,
            });
        };
        let volume = head_first(name, volume)?;
        let [dx, dy, dz] = voxel_mm(&volume);
        if (dx / dy - 1.0).abs() > SQUARE {
            return Err(SimulateError::Request(format!(
                "{name}: its pixels are {dx} x {dy} mm: expected squares; resample it first"
            )));
        }
        Ok(CtSource::Volume {
            name: name.to_owned(),
            volume,
            pixel_mm: dx,
            spacing_mm: dz,
        })
    }

    /// The head of a label map; `name` is what was asked for.
    pub fn mapped(name: &str, map: &LabelMap, seed: u64) -> Result<Self, SimulateError> {
        if name != "head" {
            return Err(SimulateError::Request(format!(
                "--labels: expected `head`, which CT draws from label maps, got `{name}`; leave \
                 --labels out, or choose an MR protocol for `brain`"
            )));
        }
        Ok(CtSource::Mapped {
            name: map.path().display().to_string(),
            family: map.head()?,
            seed,
        })
    }

    /// What it is called.
    pub(super) fn name(&self) -> &str {
        match self {
            CtSource::Phantom { name, .. }
            | CtSource::Volume { name, .. }
            | CtSource::Mapped { name, .. } => name,
        }
    }

    /// Slices that there are: as many as asked of a phantom, the volume's own of an image.
    pub fn slices(&self, asked: usize) -> usize {
        match self {
            CtSource::Phantom { .. } | CtSource::Mapped { .. } => asked,
            CtSource::Volume { volume, .. } => volume.data.len_of(Axis(0)),
        }
    }

    /// The height of the first of so many slices, where it says one.
    pub(super) fn first_mm(&self, slices: usize) -> Option<f64> {
        match self {
            CtSource::Phantom { name, .. } if name == "thorax" => {
                Thorax::height_mm(slices.checked_sub(1)?, slices).ok()
            }
            CtSource::Phantom { name, .. } => {
                let phantom = phantoms::named(name).ok()?;
                // Slices that are alike lie around 0.
                phantom
                    .spacing_mm(slices)
                    .or((slices == 1).then_some(0.0))?;
                phantom.height_mm(0, slices).ok()
            }
            CtSource::Mapped { .. } | CtSource::Volume { .. } => None,
        }
    }

    /// The distance of so many slices, where it says one.
    pub(super) fn spacing_mm(&self, slices: usize) -> Option<f64> {
        match self {
            CtSource::Phantom { name, .. } if name == "thorax" => {
                (slices > 1).then(|| Thorax::spacing_mm(slices))
            }
            CtSource::Phantom { name, seed } if name == "head" => {
                (slices > 1).then(|| HeadCt::held_out_spacing_mm(*seed, slices))
            }
            CtSource::Phantom { name, .. } => phantoms::named(name).ok()?.spacing_mm(slices),
            CtSource::Mapped { family, .. } => (slices > 1).then(|| family.spacing_mm(slices)),
            CtSource::Volume { spacing_mm, .. } => Some(*spacing_mm),
        }
    }

    /// A slice, and its truth on `grid`.
    pub(super) fn slice(
        &self,
        slice: usize,
        slices: usize,
        grid: &CtGrid,
        energy_kev: f64,
    ) -> Result<CtSlice, SimulateError> {
        match self {
            CtSource::Phantom { name, seed } => {
                let phantom = CtPhantom::named(name, *seed, slice, slices, energy_kev)?;
                Ok(CtSlice {
                    attenuation: phantom.attenuation(grid)?,
                    truth_hu: phantom.raster_hu(grid).mapv(|hu| hu as f32),
                })
            }
            CtSource::Mapped { family, seed, .. } => {
                // The family's own slices run down.
                let from_top = slices.saturating_sub(1 + slice);
                let rays = family.attenuation(*seed, from_top, slices, grid, energy_kev)?;
                Ok(CtSlice {
                    attenuation: Box::new(rays),
                    truth_hu: family.slice(*seed, from_top, slices, grid)?.hu,
                })
            }
            CtSource::Volume {
                volume, pixel_mm, ..
            } => {
                let hu = volume.data.index_axis(Axis(0), slice).to_owned();
                let own = CtGrid::new(hu.nrows(), hu.ncols(), *pixel_mm)?;
                let water_per_mm = mu_per_mm(Material::Water, energy_kev)?;
                // Below air is padding, or noise that no scan has.
                let hu = hu.mapv(|v| v.max(-1000.0));
                let image = PixelImage::from_hu(&hu, own, water_per_mm)?;
                Ok(CtSlice {
                    attenuation: Box::new(image),
                    truth_hu: averaged(&hu, &own, grid),
                })
            }
        }
    }
}

/// Sides of a voxel: column, row, slice.
pub(super) fn voxel_mm(volume: &Volume) -> [f64; 3] {
    let length = |column: usize| {
        let rows = volume.affine_lps_mm.iter();
        rows.map(|r| r[column].powi(2)).sum::<f64>().sqrt()
    };
    [0, 1, 2].map(length)
}

/// The volume with columns to the patient's left, rows to the back and slices upwards, as the
/// gantry sees a patient on the back, head first.
pub(super) fn head_first(name: &str, mut volume: Volume) -> Result<Volume, SimulateError> {
    for axis in 0..3 {
        let along: Vec<f64> = volume.affine_lps_mm.iter().map(|r| r[axis]).collect();
        let largest = along.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        if along[axis].abs() < 0.9 * largest {
            return Err(SimulateError::Request(format!(
                "{name}: its axes are not columns to the left or right, rows to the front or \
                 back, slices up or down: reorient it first (fslreorient2std, or nibabel's \
                 as_closest_canonical and a transpose)"
            )));
        }
        if along[axis] < 0.0 {
            // Voxel axes (column, row, slice) are array axes 2, 1, 0.
            volume.data.invert_axis(Axis(2 - axis));
        }
    }
    Ok(volume)
}

/// `hu` averaged over the pixels of `grid`, both around the axis; air outside.
fn averaged(hu: &Array2<f32>, own: &CtGrid, grid: &CtGrid) -> Array2<f32> {
    let at = |x_mm: f64, y_mm: f64| {
        let column = x_mm / own.pixel_mm + (own.nx as f64 - 1.0) / 2.0;
        let row = (own.ny as f64 - 1.0) / 2.0 - y_mm / own.pixel_mm;
        let index = |v: f64, n: usize| {
            let v = v.round();
            (v >= 0.0 && v < n as f64).then_some(v as usize)
        };
        match (index(row, own.ny), index(column, own.nx)) {
            (Some(row), Some(column)) => hu[(row, column)],
            _ => -1000.0,
        }
    };
    let offset = |p: usize| ((p as f64 + 0.5) / POINTS as f64 - 0.5) * grid.pixel_mm;
    Array2::from_shape_fn((grid.ny, grid.nx), |(j, i)| {
        let points = (0..POINTS).flat_map(|q| (0..POINTS).map(move |p| (q, p)));
        let sum: f32 = points
            .map(|(q, p)| at(grid.x_mm(i) + offset(p), grid.y_mm(j) + offset(q)))
            .sum();
        sum / (POINTS * POINTS) as f32
    })
}
