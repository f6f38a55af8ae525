//! Coil sensitivities by ESPIRiT: k-space patches around the centre span a subspace; the images
//! that stay in it when every patch is projected are `s(r) m(r)`, so that the sensitivities are
//! eigenvectors of eigenvalue 1, pixel by pixel.
//!
//! Uecker, Lai, Murphy, Virtue, Elad, Pauly, Vasanawala, Lustig, "ESPIRiT — an eigenvalue approach
//! to autocalibrating parallel MRI: where SENSE meets GRAPPA", Magn. Reson. Med. 71:990 (2014).

use ndarray::{Array2, Array3, ArrayView2, ArrayView3, s};
use num_complex::Complex32;

use super::calibration::{centred_box, kernels, principal_component, start};
use super::eigenmaps::{Projection, eigenvectors};

/// Settings of the estimate; `default()` is BART's `ecalib -m1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Espirit {
    /// Largest side of the calibration region, in k-space samples; smaller where less is fully
    /// sampled.
    pub calibration: usize,
    /// Side of the square patches, in k-space samples.
    pub kernel: usize,
    /// Patch directions are kept where `σ_i/σ_1 > √threshold` (the square root as in BART).
    pub threshold: f64,
    /// Sensitivities are zero where their eigenvalue is below this.
    pub crop: f64,
    /// How many sets of sensitivities [`Espirit::sets`] returns (soft SENSE); [`Espirit::maps`]
    /// wants 1.
    pub maps: usize,
}

impl Default for Espirit {
    fn default() -> Self {
        Self {
            calibration: 24,
            kernel: 6,
            threshold: 0.001,
            crop: 0.8,
            maps: 1,
        }
    }
}

/// One set of coil sensitivities.
#[derive(Clone, Debug)]
pub struct Sensitivities {
    /// `s_c(r)`, shape (coil, y, x): `Σ_c |s_c|² = 1` where the eigenvalue reaches the crop, 0
    /// elsewhere.
    pub maps: Array3<Complex32>,
    /// Eigenvalue of each pixel before the crop, shape (y, x), between 0 and 1: near 1 where there
    /// is signal.
    pub eigenvalue: Array2<f32>,
    /// Size (y, x) of the fully sampled centred region that was used, in samples.
    pub calibration: [usize; 2],
}

/// Why no sensitivities could be estimated.
#[derive(Debug, thiserror::Error)]
pub enum EspiritError {
    /// The two arrays do not belong together, or an axis is empty.
    #[error(
        "espirit: k-space is {k_space:?} (coil, y, x), but the sampling mask is {sampled:?} (y, x)"
    )]
    Shape {
        /// Shape (coil, y, x) of the k-space.
        k_space: [usize; 3],
        /// Shape (y, x) of the mask.
        sampled: [usize; 2],
    },
    /// A setting lies outside its range.
    #[error("espirit: {name} must be {expected}, got {got}")]
    Setting {
        /// The field of [`Espirit`].
        name: &'static str,
        /// What is accepted.
        expected: String,
        /// What was given.
        got: f64,
    },
    /// Too few central lines are fully sampled.
    #[error(
        "espirit: the fully sampled centre of k-space is {found:?} (y, x), but kernel {kernel} \
         needs at least {needed} along both axes: give sensitivities of another scan, choose a \
         smaller kernel, or acquire more central lines"
    )]
    Calibration {
        /// Size (y, x) of the region that was found.
        found: [usize; 2],
        /// The kernel that was asked for.
        kernel: usize,
        /// Smallest size along each axis, `kernel + 2`.
        needed: usize,
    },
    /// The calibration region holds NaN or infinity.
    #[error("espirit: coil {coil} has a value in the calibration region that is not finite")]
    NonFinite {
        /// The coil, from 0.
        coil: usize,
    },
    /// The calibration region is zero in all coils.
    #[error("espirit: the calibration region, {size:?} (y, x), is zero in all coils")]
    Silent {
        /// Size (y, x) of the region.
        size: [usize; 2],
    },
    /// The eigen-decomposition did not converge.
    #[error("espirit: the eigen-decomposition of the calibration matrix did not converge")]
    Eigen,
}

impl Espirit {
    /// Estimates one set of sensitivities `s` with `G(r) s(r) = s(r)`.
    ///
    /// `k_space`: (coil, y, x), centre at ⌊N/2⌋, image = inverse transform e^{+2πi}, zero where
    /// `sampled` (y, x) is false; its scale is free. The phase makes `uᴴs` real and positive, `u`
    /// the first principal component of the calibration data over the coils. One coil needs no
    /// calibration: its sensitivity cannot be told from the image, so that the map is 1 everywhere
    /// (no support is cut out), and so is the eigenvalue.
    ///
    /// Errors: shapes, settings, fewer than `kernel + 2` fully sampled central lines, calibration
    /// not finite or zero, `self.maps` other than 1.
    pub fn maps(
        &self,
        k_space: ArrayView3<Complex32>,
        sampled: ArrayView2<bool>,
    ) -> Result<Sensitivities, EspiritError> {
        require(
            self.maps == 1,
            "maps",
            "1 here (more: `sets`)",
            self.maps as f64,
        )?;
        let mut sets = self.sets(k_space, sampled)?;
        Ok(sets.swap_remove(0))
    }

    /// Estimates `self.maps` sets by falling eigenvalue: soft SENSE, `y_c = F Σ_j s_c^j x^j`.
    ///
    /// The second set is zero but where two tissues fold onto one pixel, as with a field of view
    /// too small (the paper's soft SENSE). Arguments, phase, single coil and errors as in
    /// [`Espirit::maps`].
    pub fn sets(
        &self,
        k_space: ArrayView3<Complex32>,
        sampled: ArrayView2<bool>,
    ) -> Result<Vec<Sensitivities>, EspiritError> {
        let (coils, y, x) = k_space.dim();
        if [y, x] != sampled.shape() || coils * y * x == 0 {
            return Err(EspiritError::Shape {
                k_space: [coils, y, x],
                sampled: [sampled.nrows(), sampled.ncols()],
            });
        }
        self.check(coils)?;
        let size = centred_box(sampled, self.calibration);
        if coils == 1 {
            return Ok(vec![Sensitivities {
                maps: Array3::ones((1, y, x)),
                eigenvalue: Array2::ones((y, x)),
                calibration: size,
            }]);
        }
        let [y0, x0] = [start(size[0], y), start(size[1], x)];
        let centre = k_space.slice(s![.., y0..y0 + size[0], x0..x0 + size[1]]);
        self.check_centre(centre, size)?;

        let not_converged = |_| EspiritError::Eigen;
        let kernels = kernels(centre, self.kernel, self.threshold).map_err(not_converged)?;
        let u = principal_component(centre).map_err(not_converged)?;
        let projection = Projection::of_kernels(&kernels, coils, self.kernel);
        let sets = eigenvectors(&projection, [y, x], self.maps, &u, self.crop as f32);
        Ok(sets
            .into_iter()
            .map(|(maps, eigenvalue)| Sensitivities {
                maps,
                eigenvalue,
                calibration: size,
            })
            .collect())
    }

    /// Refuses settings that mean nothing.
    fn check(&self, coils: usize) -> Result<(), EspiritError> {
        let fraction = |v: f64| (0.0..1.0).contains(&v);
        require(self.kernel >= 2, "kernel", "at least 2", self.kernel as f64)?;
        require(
            fraction(self.threshold),
            "threshold",
            "in [0, 1)",
            self.threshold,
        )?;
        require(fraction(self.crop), "crop", "in [0, 1)", self.crop)?;
        let maps = format!("from 1 to the number of coils, {coils}");
        require(
            (1..=coils).contains(&self.maps),
            "maps",
            &maps,
            self.maps as f64,
        )
    }

    /// Refuses a centre that is too small, not finite, or zero.
    fn check_centre(
        &self,
        centre: ArrayView3<Complex32>,
        size: [usize; 2],
    ) -> Result<(), EspiritError> {
        let needed = self.kernel + 2;
        if size[0] < needed || size[1] < needed {
            return Err(EspiritError::Calibration {
                found: size,
                kernel: self.kernel,
                needed,
            });
        }
        for (coil, samples) in centre.outer_iter().enumerate() {
            if !samples.iter().all(|k| k.is_finite()) {
                return Err(EspiritError::NonFinite { coil });
            }
        }
        if centre.iter().all(|k| k.norm_sqr() == 0.0) {
            return Err(EspiritError::Silent { size });
        }
        Ok(())
    }
}

fn require(holds: bool, name: &'static str, expected: &str, got: f64) -> Result<(), EspiritError> {
    if holds {
        return Ok(());
    }
    Err(EspiritError::Setting {
        name,
        expected: expected.to_owned(),
        got,
    })
}

#[cfg(test)]
mod tests;
