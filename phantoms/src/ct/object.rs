//! Sums of ellipses: the CT phantoms that need no grid.

use ndarray::Array2;
use rayon::prelude::*;

use super::grid::CtGrid;
use super::materials::mu_to_hu;
use super::shape::{CtEllipse, Ray};

/// Attenuation per millimetre as a sum of ellipses, some of them clipped.
#[derive(Clone, Debug, PartialEq)]
pub struct CtObject {
    /// The ellipses; their values add.
    pub shapes: Vec<CtEllipse>,
}

impl CtObject {
    /// Attenuation per millimetre at a point.
    pub fn at(&self, p_mm: [f64; 2]) -> f64 {
        self.shapes.iter().map(|shape| shape.at(p_mm)).sum()
    }

    /// The integral of the attenuation along a line: exact.
    pub fn line_integral(&self, ray: &Ray) -> f64 {
        let ray = ray.unit();
        self.shapes.iter().map(|shape| shape.along(&ray)).sum()
    }

    /// Attenuation per millimetre, averaged over each pixel: `f64[ny, nx]`, exact.
    pub fn raster(&self, grid: &CtGrid) -> Array2<f64> {
        let mut image = Array2::zeros((grid.ny, grid.nx));
        let width = [grid.pixel_mm; 2];
        image
            .outer_iter_mut()
            .into_par_iter()
            .enumerate()
            .for_each(|(j, mut row)| {
                let y = grid.y_mm(j);
                for shape in &self.shapes {
                    let reach = shape.semi_mm[0].max(shape.semi_mm[1]) + grid.pixel_mm;
                    if (y - shape.centre_mm[1]).abs() > reach {
                        continue;
                    }
                    for (i, v) in row.iter_mut().enumerate() {
                        *v += shape.area_average([grid.x_mm(i), y], width);
                    }
                }
            });
        image
    }

    /// Hounsfield units, averaged over each pixel, where water attenuates by `water_per_mm`.
    pub fn raster_hu(&self, grid: &CtGrid, water_per_mm: f64) -> Array2<f64> {
        self.raster(grid).mapv(|mu| mu_to_hu(mu, water_per_mm))
    }
}
