//! Complex images and network channels: real and imaginary part as two channels of a tensor.

use num_complex::Complex;
use operators::array::{Real, Torch};
use operators::{Array, Field, Host};
use tch::{Device, Kind, Tensor};

/// Arrays that a network can see.
pub trait Channels: Array {
    /// `[B, 2, Y, X]` in f32 on `device`, channels last in memory.
    fn to_channels(&self, device: Device) -> Tensor;
    /// The complex image of `[B, 2, Y, X]`, living where `self` does.
    fn with_channels(&self, channels: &Tensor) -> Self;
}

impl<F: Real> Channels for Host<F>
where
    Complex<F>: bytemuck::Pod,
{
    fn to_channels(&self, device: Device) -> Tensor {
        let sizes = self.sizes();
        let shape = [sizes[0] as i64, sizes[1] as i64, sizes[2] as i64, 2];
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
        Host::new(&sizes, Field::Complex, reals)
    }
}

impl Channels for Torch {
    fn to_channels(&self, device: Device) -> Tensor {
        self.0
            .view_as_real()
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
        Torch(pairs.contiguous().view_as_complex().copy())
    }
}
