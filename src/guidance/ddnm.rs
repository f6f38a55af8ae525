//! DDNM: the part of the image that the data determine is replaced by what they say.

use super::least_squares::pseudo_inverse;
use super::transition::share;
use super::{Guidance, Step};
use operators::{Array, Result};

/// `x0' = D + A† (y - A D)`, then `x' = x0' + σ' (η z + √(1 - η²) ε)` with `ε = (x - D) / σ`.
///
/// The data are taken as if they had no noise. Source: Wang, Yu and Zhang 2023, eq. 13, with the step of
/// its published code.
pub struct Ddnm {
    /// Share of fresh noise: 0 is deterministic, 1 all fresh.
    pub eta: f64,
    /// CG iterations at most, where `A†` is not known.
    pub cg_iterations: usize,
}

impl<T: Array> Guidance<T> for Ddnm {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let d = at.denoise()?;
        let mut x0 = pseudo_inverse(data, &d, self.cg_iterations)?;
        x0.axpy(&[1.0], &d);
        let mut noise = at.x.minus(&d);
        noise.scale(&[1.0 / at.sigma]);
        Ok(share(&x0, &noise, self.eta, at.next, at.rng))
    }
}
