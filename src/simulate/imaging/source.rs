//! What is degraded: a phantom of CT, in HU, or an image of the user's.

use crate::io::{Volume, read_picture};
use crate::protocol::Image;
use crate::simulate::SimulateError;
use ndarray::Axis;
use phantoms::ct::{CtGrid, CtPhantom};
use std::path::Path;

/// Energy at which materials have their HU.
const ENERGY_KEV: f64 = 70.0;

/// An image, and where it lies.
pub(super) struct Picture {
    pub(super) volume: Volume,
}

impl Picture {
    /// A phantom's name, drawn on the protocol's `[image]`; or the path of a NIfTI, npy or PNG file
    /// or of a DICOM series, on its own grid.
    ///
    /// Errors: a phantom without a grid, or without HU; a file that is no image, or not finite.
    pub(super) fn open(name: &str, seed: u64, grid: Option<&Image>) -> Result<Self, SimulateError> {
        let path = Path::new(name);
        // A file that is called like a phantom is not the phantom.
        let is_phantom = phantoms::list().iter().any(|(known, _)| *known == name);
        if !is_phantom && path.exists() {
            let volume = read_picture(path)?;
            if let Some((at, _)) = volume.data.indexed_iter().find(|(_, v)| !v.is_finite()) {
                return Err(SimulateError::Request(format!(
                    "{name}: NaN or infinity at (slice, row, column) = {at:?}: expected numbers; \
                     replace them"
                )));
            }
            return Ok(Picture { volume });
        }
        let Some(image) = grid else {
            return Err(SimulateError::Request(format!(
                "phantom `{name}`: the protocol has no grid for it: add [image] matrix and \
                 pixel_mm, or give an image file"
            )));
        };
        let [columns, rows] = image.matrix;
        let grid = CtGrid::new(rows, columns, image.pixel_mm)?;
        let phantom = CtPhantom::named(name, seed, 0, 1, ENERGY_KEV)?;
        let hu = phantom.raster_hu(&grid).mapv(|hu| hu as f32);
        let step_mm = image.pixel_mm;
        Ok(Picture {
            volume: Volume {
                data: hu.insert_axis(Axis(0)),
                affine_lps_mm: [
                    [step_mm, 0.0, 0.0, grid.x_mm(0)],
                    [0.0, step_mm, 0.0, -grid.y_mm(0)],
                    [0.0, 0.0, step_mm, 0.0],
                ],
            },
        })
    }
}
