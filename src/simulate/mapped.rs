//! A brain of a label map in the scanner.

use super::labels::LabelMap;
use super::scan::SimulateError;
use crate::protocol;
use ndarray::{Array2, Array3};
use num_complex::Complex64;
use phantoms::anatomy::{BrainMr, BrainMrSlice, Phase};
use phantoms::mr::Sequence;
use phantoms::{TrigCoils, complex_fine_grid_k_space};

/// A subject of a label map in the field of view of a scan; slices run upwards.
pub struct MappedBrain {
    family: BrainMr,
    seed: u64,
    sequence: Sequence,
    /// Columns and rows.
    matrix: [usize; 2],
    pixel_mm: f64,
}

/// Finer grid of the object.
const OVERSAMPLING: usize = 4;
/// Pixel sides that may differ and still be a square.
const SQUARE: f64 = 0.01;

impl MappedBrain {
    /// The subject `seed` of a map.
    pub fn new(
        map: &LabelMap,
        seed: u64,
        contrast: phantoms::Contrast,
        c: &protocol::Cartesian,
    ) -> Result<Self, SimulateError> {
        let [dx, dy] = [0, 1].map(|n| c.fov_mm[n] / c.matrix[n] as f64);
        if (dx / dy - 1.0).abs() > SQUARE {
            return Err(SimulateError::Request(format!(
                "--labels: expected square pixels, got {dx:.3} x {dy:.3} mm; set \
                 acquisition.cartesian.matrix and fov_mm alike"
            )));
        }
        let family = map.brain()?.with_phase(Phase::Smooth);
        Ok(Self {
            sequence: family.sequence(seed, contrast),
            family,
            seed,
            matrix: c.matrix,
            pixel_mm: dx,
        })
    }

    /// From one of so many slices to the next.
    pub(super) fn spacing_mm(&self, slices: usize) -> f64 {
        self.family.spacing_mm(slices)
    }

    /// Noiseless, fully sampled k-space of every coil, (coil, y, x).
    pub(super) fn k_space(
        &self,
        slice: usize,
        slices: usize,
        coils: &TrigCoils,
    ) -> Result<Array3<Complex64>, SimulateError> {
        let [nx, ny] = self.matrix;
        let fine = self.draw(slice, slices, OVERSAMPLING)?.image;
        let object = fine.mapv(|v| Complex64::new(f64::from(v.re), f64::from(v.im)));
        let draw = |_, _| object.clone();
        Ok(complex_fine_grid_k_space(
            &draw,
            coils,
            ny,
            nx,
            OVERSAMPLING,
        ))
    }

    /// The values of white matter without lesions.
    pub(super) fn white(
        &self,
        slice: usize,
        slices: usize,
        truth: &Array2<f64>,
    ) -> Result<Vec<f64>, SimulateError> {
        let drawn = self.draw(slice, slices, 1)?;
        let pixels = drawn.tissue.iter().zip(&drawn.lesion_share).zip(truth);
        let white = |((tissue, lesion), v): ((&_, &f32), &f64)| {
            (*tissue == phantoms::ct::Tissue::White && *lesion == 0.0).then_some(*v)
        };
        Ok(pixels.filter_map(white).collect())
    }

    fn draw(
        &self,
        slice: usize,
        slices: usize,
        times: usize,
    ) -> Result<BrainMrSlice, SimulateError> {
        let [nx, ny] = self.matrix.map(|n| n * times);
        let family = self.family.clone();
        let family = family.with_grid(ny, nx, self.pixel_mm / times as f64)?;
        let signal = |tissue: &_| self.sequence.signal(tissue).abs();
        // Its own slices run down.
        let from_top = slices.saturating_sub(1 + slice);
        Ok(family.slice(self.seed, from_top, slices, &signal)?)
    }
}
