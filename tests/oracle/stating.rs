//! A prior that says how far its image may be off, as a network with a learned variance does.

use super::Setting;
use annulus::score::{Denoiser, Deviation, Estimate, Want};
use operators::{Array, Field, Host, Result};

type Image = Host<f64>;

/// A prior that states the deviation of its pixels, as a network with a learned variance does: one for all of them.
pub(crate) struct Stating<'a>(pub(crate) &'a Setting, pub(crate) &'a dyn Denoiser<Image>);

impl Denoiser<Image> for Stating<'_> {
    fn estimate<'a>(&'a self, x: &Image, sigma: f64, want: Want) -> Result<Estimate<'a, Image>> {
        let mut d = self.1.estimate(x, sigma, want)?;
        let sizes = x.sizes();
        let flat = |v: f64| Host::new(&sizes, Field::Real, vec![v; sizes.iter().product()]);
        let deviation = self.0.white(sigma).sqrt();
        d.deviation = Some(Deviation {
            root: flat(deviation),
            inverse: flat(1.0 / deviation),
        });
        Ok(d)
    }
}
