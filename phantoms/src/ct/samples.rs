//! What a head shows on a grid, before it is averaged over pixels.

use ndarray::Array2;

use super::grid::{CtGrid, block_mean, blurred};

/// What is at the centres of the pixels of a grid: HU, and the shares of lesions, of oedema around
/// them and of the brain.
pub(crate) struct Samples {
    pub hu: Array2<f32>,
    pub lesion: Array2<f32>,
    pub oedema: Array2<f32>,
    pub brain: Array2<f32>,
}

impl Samples {
    /// Zeros.
    pub fn new(grid: &CtGrid) -> Self {
        let zeros = || Array2::zeros((grid.ny, grid.nx));
        Self {
            hu: zeros(),
            lesion: zeros(),
            oedema: zeros(),
            brain: zeros(),
        }
    }

    /// The same object less sharp, and its lesions with it; the brain stays what it is.
    pub fn blurred(self, sigma_mm: f64, grid: &CtGrid) -> Self {
        let blur = |image| blurred(image, sigma_mm, grid.pixel_mm);
        let mask = |share: Array2<f32>| match is_empty(&share) {
            true => share,
            // Weights sum to 1 but for their last bits.
            false => blur(share).mapv_into(|v| v.min(1.0)),
        };
        Self {
            hu: blur(self.hu),
            lesion: mask(self.lesion),
            oedema: mask(self.oedema),
            brain: self.brain,
        }
    }

    /// The mean over blocks of `times x times`.
    pub fn block_mean(&self, times: usize) -> Self {
        let mask = |share: &Array2<f32>| match is_empty(share) {
            true => Array2::zeros((share.nrows() / times, share.ncols() / times)),
            false => block_mean(share, times),
        };
        Self {
            hu: block_mean(&self.hu, times),
            lesion: mask(&self.lesion),
            oedema: mask(&self.oedema),
            brain: mask(&self.brain),
        }
    }
}

fn is_empty(share: &Array2<f32>) -> bool {
    share.iter().all(|v| *v == 0.0)
}
