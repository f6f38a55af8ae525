//! One slice of degraded images: operator, likelihood and the reconstructions of it, on a backend.

use super::super::blind::Nuisance;
use super::super::study::{Classical, Slice};
use super::super::{Plan, ReconError};
use super::affine::Affine;
use super::blind::Blind;
use super::model::Model;
use super::noise::Data;
use super::parts;
use super::spectral::Known;
use crate::guidance::{Measurement, NormalSpectrum, SpectralData};
use crate::protocol::{self, Degradation, Forward, Likelihood, Method, Tikhonov};
use crate::score::Channels;
use ndarray::Array2;
use num_complex::Complex32;
use operators::check::adjoint_gap;
use operators::{Axis, Field, Operator, SliceRng, Space};

/// Radii in cycles a pixel among which the strongest hold of the data is looked for.
const RADII: [f64; 8] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];

/// One slice.
pub(super) struct Degraded<'a, T: Channels> {
    forward: &'a Forward,
    unknown: Option<&'a protocol::Nuisance>,
    a: Affine<T>,
    data: Data<T>,
    known: Option<Known<T>>,
    /// Deviation of the noise, where it is white.
    sigma_y: Option<f64>,
    normal: Option<NormalSpectrum>,
    /// Its name, and the image in units of the prior.
    reference: (&'static str, T),
    blank: T,
    seed: u64,
    slice: usize,
}

fn white(noise: &Likelihood) -> Option<f64> {
    match noise {
        Likelihood::Gaussian(table) => table.std,
        _ => None,
    }
}

impl<'a, T: Channels> Degraded<'a, T>
where
    Affine<T>: Operator<T>,
{
    pub(super) fn new(
        plan: &'a Plan,
        device: &T::Device,
        plane: &Array2<f32>,
        image: [usize; 2],
        slice: usize,
    ) -> Result<Self, ReconError> {
        let failed = ReconError::at(slice);
        let (forward, one, likelihood) = parts(plan)?;
        let data = Data::<T>::new(device, plane, likelihood).map_err(&failed)?;
        let [rows, columns] = image;
        let zeros = vec![0.0; rows * columns];
        let blank = T::from_reals(device, &[1, rows, columns], Field::Real, &zeros);
        let model =
            Model::new(one, (device, plan.device), image, &data.support).map_err(&failed)?;
        let a = Affine::new(model, Affine::<T>::scale(plan), &blank);
        let seed = plan.options.seed;
        let smooth = plan.protocol.method.tikhonov.clone().unwrap_or_default();
        let reference = a.reference(&data, &smooth, seed).map_err(&failed)?;
        let normal = match &plan.prior {
            Some(_) => {
                let measured = Measurement::new(&a, data.likelihood.as_ref());
                let normal = NormalSpectrum::measure(&measured, &reference.1, seed);
                Some(normal.map_err(&failed)?)
            }
            None => None,
        };
        Ok(Degraded {
            forward,
            // The singular values are those of complete data: a mask knows its own gaps.
            known: match one {
                Degradation::Inpainting(_) => a.known(),
                _ => a.known().filter(|_| plane.iter().all(|v| !v.is_nan())),
            },
            unknown: plan.protocol.nuisance.as_ref(),
            sigma_y: white(likelihood),
            a,
            data,
            normal,
            reference,
            blank,
            seed,
            slice,
        })
    }

    /// The reference where it is the same.
    fn smooth(&self, m: &Tikhonov) -> Result<T, ReconError> {
        if self.reference.0 == "tikhonov" {
            return Ok(self.reference.1.clone());
        }
        let made = self.a.smooth(&self.data, m, self.seed);
        made.map_err(ReconError::at(self.slice))
    }
}

impl<T: Channels> Slice<T> for Degraded<'_, T>
where
    Affine<T>: Operator<T>,
{
    fn measurement(&self) -> Measurement<'_, T> {
        let known = self.known.as_ref();
        let spectral = known.zip(self.sigma_y);
        Measurement {
            normal: self.normal.as_ref(),
            pseudo_inverse: known.map(|k| &k.inverse as _),
            unmeasured: known.map(|k| &k.unmeasured as _),
            spectral: spectral.map(|(k, sigma_y)| SpectralData {
                operator: &k.spectrum,
                sigma_y,
            }),
            ..Measurement::new(&self.a, self.data.likelihood.as_ref())
        }
    }

    fn nuisance(&self) -> Result<Option<Box<dyn Nuisance<T> + '_>>, ReconError> {
        let (Some(protocol::Nuisance::Kernel(table)), Some(blur)) =
            (self.unknown, &self.forward.blur)
        else {
            return Ok(None);
        };
        let sizes = self.blank.sizes();
        let space = Space::real(&[(Axis::Y, sizes[1]), (Axis::X, sizes[2])]);
        let made = Blind::new(&self.a, space, blur, table);
        Ok(Some(Box::new(made.map_err(ReconError::at(self.slice))?)))
    }

    /// `σ_y / Σ` of the largest singular value, or `1 / √h` where the data hold the image most.
    fn noise_floor(&self) -> f64 {
        if let (Some(known), Some(sigma_y)) = (&self.known, self.sigma_y) {
            return sigma_y / known.spectrum.largest(&self.blank);
        }
        let Some(normal) = &self.normal else {
            return 1.0;
        };
        let held = RADII.iter().map(|r| normal.at(*r)).fold(0.0, f64::max);
        1.0 / held.max(f64::MIN_POSITIVE).sqrt()
    }

    fn blank(&self) -> T {
        self.blank.clone()
    }

    fn reference(&self) -> Result<T, ReconError> {
        Ok(self.reference.1.clone())
    }

    fn classical(
        &self,
        method: &Method,
        tick: &mut dyn FnMut() -> bool,
    ) -> Result<Classical<T>, ReconError> {
        let Method::Tikhonov(m) = method else {
            return Err(ReconError::Request(format!(
                "method `{}` does not reconstruct degraded images; `annulus protocol list` shows \
                 those that do",
                method.name()
            )));
        };
        if !tick() {
            return Err(ReconError::Interrupted { slice: self.slice });
        }
        let x = self.smooth(m)?;
        Ok(Classical {
            image: self.images(&x).swap_remove(0),
            x: Some(x),
            steps: m.iterations,
        })
    }

    fn images(&self, x: &T) -> Vec<Array2<Complex32>> {
        let sizes = x.sizes();
        let (rows, columns) = (sizes[1], sizes[2]);
        let reals = self.a.seen(x).to_reals();
        let value = |v: f64| (self.forward.zero + self.forward.unit * v) as f32;
        let image = |reals: &[f64]| {
            Array2::from_shape_fn((rows, columns), |(row, column)| {
                Complex32::new(value(reals[row * columns + column]), 0.0)
            })
        };
        reals.chunks(rows * columns).map(image).collect()
    }

    fn beside(&self) -> Result<Vec<(&'static str, Array2<Complex32>)>, ReconError> {
        let direct = self.a.direct(&self.data, self.known.is_some());
        let direct = direct.map_err(ReconError::at(self.slice))?;
        let (name, reference) = &self.reference;
        let all = direct.iter().map(|(n, x)| (*n, x));
        let all = all.chain([(*name, reference)]);
        Ok(all
            .map(|(n, x)| (n, self.images(x).swap_remove(0)))
            .collect())
    }

    /// Of the derivative at the reference.
    fn adjoint_gap(&self, seed: u64) -> Result<f64, ReconError> {
        let mut rng = SliceRng::samples(seed ^ 0x4144_4a4f_494e_5421, 0, 1);
        let x = self.blank.normal_like(&mut rng);
        let y = self.data.y.normal_like(&mut rng);
        let slope = self.a.linearize(&self.reference.1);
        let (_, j) = slope.map_err(ReconError::at(self.slice))?;
        let found = adjoint_gap(j.as_ref(), &x, &y);
        Ok(found.map_err(ReconError::at(self.slice))?.gap)
    }
}
