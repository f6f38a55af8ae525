//! A prior of any number of channels as a denoiser of real arrays: its channels one under the other.

use super::{Denoiser, Estimate, Model, Want};
use operators::{Array, Error, Field, Host, Result};
use tch::{Kind, Tensor};

/// `D` of arrays `[items, channels · Y, X]`; what has more channels than a complex image is sampled so.
pub struct Planes<'a>(pub &'a Model);

impl Denoiser<Host<f32>> for Planes<'_> {
    fn estimate<'a>(
        &'a self,
        x: &Host<f32>,
        sigma: f64,
        want: Want,
    ) -> Result<Estimate<'a, Host<f32>>> {
        if want == Want::Pullback {
            return Err(Error::Torch(
                "a prior seen by its planes gives no pullback: this is a mistake in the caller"
                    .into(),
            ));
        }
        let (sizes, channels) = (x.sizes(), self.0.card.channels);
        let [items, rows, columns] = [sizes[0], sizes[1] / channels, sizes[2]].map(|n| n as i64);
        let images = Tensor::from_slice(x.reals()).view([items, channels as i64, rows, columns]);
        let denoised: Result<Vec<Tensor>> = (0..items)
            .map(|item| self.0.call(&images.narrow(0, item, 1), sigma, false))
            .collect();
        let denoised = Tensor::cat(&denoised?, 0)
            .to_kind(Kind::Float)
            .to_device(tch::Device::Cpu)
            .contiguous();
        let mut reals = vec![0f32; denoised.numel()];
        denoised.copy_data(&mut reals, denoised.numel());
        Ok(Estimate {
            x0: Host::new(&sizes, Field::Real, reals),
            pullback: None,
            deviation: None,
        })
    }
}
