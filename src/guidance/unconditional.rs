//! Samples from the prior alone.

use super::{Guidance, Step};
use operators::{Result, Vector};

/// The reverse step of the prior, no data.
pub struct Unconditional;

impl<T: Vector> Guidance<T> for Unconditional {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let x0 = at.prior.denoise(at.x, at.sigma)?;
        Ok(at.transition.advance(at.x, &x0, at.sigma, at.next, at.rng))
    }
}
