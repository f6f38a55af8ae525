//! Images and network channels: real and imaginary part as two channels of a tensor, a real image
//! as one.

use num_complex::Complex;
use operators::array::{Real, Torch};
use operators::{Array, Field, Host};
use tch::{Device, Kind, Tensor};

/// Arrays that a network can see.
pub trait Channels: Array {
    /// `[B, 1 or 2, Y, X]` in f32 on `device`, channels last in memory.
    fn to_channels(&self, device: Device) -> Tensor;
    /// The image of `[B, 1 or 2, Y, X]`, of the field of `self` and living where it does.
    fn with_channels(&self, channels: &Tensor) -> Self;
}

impl<F: Real> Channels for Host<F>
where
    Complex<F>: bytemuck::Pod,
{
    fn to_channels(&self, device: Device) -> Tensor {
        let sizes = self.sizes();
        let channels = self.field().reals() as i64;
        let shape = [sizes[0] as i64, sizes[1] as i64, sizes[2] as i64, channels];
        let reals: Vec<f32> = self.reals().iter().map(|x| x.wide() as f32).collect();
        Tensor::from_slice(&reals)
            .view(shape)
            .to_device(device)
            .permute([0, 3, 1, 2])
    }

    fn with_channels(&self, channels: &Tensor) -> Self {
        let pairs = channels
            .permute([0, 2, 3, 1])
            .to_kind(Kind::Float)
            .to_device(Device::Cpu);
        let pairs = pairs.contiguous();
        let mut reals = vec![0f32; pairs.numel()];
        pairs.copy_data(&mut reals, pairs.numel());
        let sizes: Vec<usize> = pairs.size()[..3].iter().map(|&n| n as usize).collect();
        let reals = reals.into_iter().map(|x| F::of(f64::from(x))).collect();
        Host::new(&sizes, self.field(), reals)
    }
}

impl Channels for Torch {
    fn to_channels(&self, device: Device) -> Tensor {
        let pairs = match self.field() {
            Field::Complex => self.0.view_as_real(),
            Field::Real => self.0.unsqueeze(-1),
        };
        pairs
            .to_kind(Kind::Float)
            .to_device(device)
            .permute([0, 3, 1, 2])
    }

    fn with_channels(&self, channels: &Tensor) -> Self {
        let (device, kind) = self.device();
        let pairs = channels
            .permute([0, 2, 3, 1])
            .to_kind(kind)
            .to_device(device);
        Torch(match self.field() {
            Field::Complex => pairs.contiguous().view_as_complex().copy(),
            Field::Real => pairs.squeeze_dim(-1).contiguous(),
        })
    }
}
