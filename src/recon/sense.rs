//! The measurement of one slice: maps, operator, data, on a backend.

use super::grid::{image, upload};
use super::{Plan, Prepared, ReconError};
use crate::classical::cg_sense;
use crate::protocol;
use crate::score::Channels;
use ndarray::{Array2, Array3, Axis};
use num_complex::Complex32;
use operators::check::adjoint_gap;
use operators::mri::espirit::Espirit;
use operators::mri::sense;
use operators::{Chain, Field, LinearOperator, SliceRng};

/// λ and iterations of the CG-SENSE image that sets the scale, starts samplers and stands beside
/// them in the report.
pub(super) const REFERENCE: (f64, usize) = (0.01, 30);

/// The measurement of one slice on a backend.
pub(super) struct Sense<T> {
    pub(super) a: Chain<T>,
    pub(super) y: T,
    pub(super) support: T,
    pub(super) image: T,
    sizes: [usize; 2],
    pub(super) maps: Array3<Complex32>,
}

impl<T: Channels> Sense<T> {
    /// ESPIRiT maps from all lines, `A = M F C`, and `y = √averages k`.
    pub(super) fn new(
        plan: &Plan,
        device: &T::Device,
        prepared: &Prepared,
        slice: usize,
    ) -> Result<Self, ReconError> {
        let settings = match &plan.protocol.sensitivities {
            Some(protocol::Sensitivities::Espirit(e)) => e.clone(),
            None => protocol::Espirit::default(),
        };
        let espirit = Espirit {
            calibration: settings.calibration,
            kernel: settings.kernel,
            threshold: settings.threshold,
            crop: settings.crop,
            maps: 1,
        };
        let maps = espirit
            .maps(prepared.k_space.view(), prepared.sampled.view())
            .map_err(|source| ReconError::Sensitivities { slice, source })?
            .maps;
        let (coils, rows, columns) = maps.dim();
        let real = |f: &dyn Fn(f32) -> f64| {
            let values: Vec<f64> = prepared.averages.iter().map(|a| f(*a)).collect();
            T::from_reals(device, &[1, rows, columns], Field::Real, &values)
        };
        let mask = real(&|a| f64::from(a).sqrt());
        let support = real(&|a| f64::from(a > 0.0));
        let y: T = upload(
            device,
            &[coils, rows, columns],
            prepared.measured().iter().copied(),
        );
        let y = y.weighted(&mask);
        let a = sense(
            upload(device, &[coils, rows, columns], maps.iter().copied()),
            mask,
        )
        .map_err(ReconError::at(slice))?;
        let image = T::from_reals(
            device,
            &[1, rows, columns],
            Field::Complex,
            &vec![0.0; 2 * rows * columns],
        );
        Ok(Sense {
            a,
            y,
            support,
            image,
            sizes: [rows, columns],
            maps,
        })
    }

    /// CG-SENSE.
    pub(super) fn cg_sense(&self, lambda: f64, iterations: usize) -> operators::Result<T> {
        Ok(cg_sense(&self.a, &self.y, lambda, iterations)?.0)
    }

    /// Complex images of a batch; zero where no coil sees anything, since nothing was measured
    /// there and a sampler would show its prior.
    pub(super) fn images(&self, x: &T) -> Vec<Array2<Complex32>> {
        let [rows, columns] = self.sizes;
        let elements: Vec<Complex32> = x
            .to_reals()
            .chunks_exact(2)
            .map(|p| Complex32::new(p[0] as f32, p[1] as f32))
            .collect();
        let seen = self
            .maps
            .map_axis(Axis(0), |s| s.iter().any(|s| s.norm_sqr() > 0.0));
        let visible = |elements: &[Complex32]| {
            let mut image = image(elements, rows, columns);
            image.zip_mut_with(&seen, |z, seen| *z *= f32::from(u8::from(*seen)));
            image
        };
        elements.chunks(rows * columns).map(visible).collect()
    }

    /// The reverse of [`Sense::images`]; none if the sizes are not this slice's.
    pub(super) fn batch(&self, device: &T::Device, images: &[Array2<Complex32>]) -> Option<T> {
        let [rows, columns] = self.sizes;
        let fits = images.iter().all(|i| i.dim() == (rows, columns));
        let one = |i: &Array2<Complex32>| upload(device, &[rows, columns], i.iter().copied());
        let items: Vec<T> = images.iter().map(one).collect();
        if fits {
            T::concatenate(&items).ok()
        } else {
            None
        }
    }

    pub(super) fn gap(&self, seed: u64) -> operators::Result<f64> {
        let mut rng = SliceRng::samples(seed ^ 0x4144_4a4f_494e_5421, 0, 1);
        let x = self.image.normal_like(&mut rng);
        let y = self.y.normal_like(&mut rng);
        Ok(adjoint_gap(&self.a as &dyn LinearOperator<T>, &x, &y)?.gap)
    }
}
