//! One slice of a CT scan: projector, likelihood and the reconstructions of it, on a backend.

use super::super::blind::Nuisance;
use super::super::study::{Classical, Slice};
use super::super::{Plan, ReconError};
use super::attenuation::{Scale, Scaled};
use super::blind::Blind;
use super::classical::{Problem, fbp};
use super::counts::Rays;
use super::likelihood::{Noise, upload};
use super::unmeasured::Unmeasured;
use crate::guidance::{Measurement, NormalSpectrum};
use crate::protocol::{self, Method};
use crate::score::Channels;
use ndarray::Array2;
use num_complex::Complex32;
use operators::check::adjoint_gap;
use operators::ct::{Geometry, Projector, PseudoInverse, Window};
use operators::likelihood::Likelihood;
use operators::{Field, LinearOperator, SliceRng};

/// The window of the filtered back-projection that starts samplers and stands beside: quiet.
const REFERENCE: Window = Window::Hann;

/// What only methods with a prior need.
#[derive(Default)]
struct Guides {
    normal: Option<NormalSpectrum>,
    /// `A†` of the attenuation in units of the prior.
    inverse: Option<Scaled<PseudoInverse>>,
    unmeasured: Option<Unmeasured>,
}

/// One slice.
pub(super) struct Section<'a, T: Channels> {
    plan: &'a Plan,
    device: T::Device,
    geometry: Geometry,
    /// Line integrals of an image in units of the prior, but for those of the reference.
    a: Scaled<Projector>,
    /// Line integrals of the reference.
    offset: T,
    likelihood: Box<dyn Likelihood<T>>,
    scale: Scale,
    rays: Rays,
    /// Post-log data.
    lines: T,
    guides: Guides,
    water_per_mm: Option<f64>,
    slice: usize,
}

impl<'a, T: Channels> Section<'a, T> {
    pub(super) fn new(
        plan: &'a Plan,
        device: &T::Device,
        geometry: Geometry,
        rays: Rays,
        scale: Scale,
        water_per_mm: Option<f64>,
        slice: usize,
    ) -> Result<Self, ReconError> {
        let failed = ReconError::at(slice);
        let choice = plan.protocol.likelihood.as_ref();
        let noise = Noise::new(choice, device, &rays).map_err(&failed)?;
        let projector = Projector::new(geometry.clone());
        let reference = scale.to_per_mm(&blank::<T>(device, &geometry));
        let offset = projector.forward(&reference).map_err(&failed)?;
        let mut section = Section {
            plan,
            device: device.clone(),
            a: Scaled {
                inner: projector,
                factor: scale.slope_per_mm(),
            },
            likelihood: noise.shifted(offset.clone()),
            offset,
            scale,
            lines: upload(device, &rays.lines),
            rays,
            guides: Guides::default(),
            geometry,
            water_per_mm,
            slice,
        };
        if plan.prior.is_some() {
            section.guides = section.guides(plan).map_err(&failed)?;
        }
        Ok(section)
    }

    fn guides(&self, plan: &Plan) -> operators::Result<Guides> {
        let x = self.scale.of_per_mm(&self.fbp()?);
        let data = Measurement::new(&self.a, self.likelihood.as_ref());
        let normal = NormalSpectrum::measure(&data, &x, plan.options.seed)?;
        let mut guides = Guides {
            normal: Some(normal),
            ..Guides::default()
        };
        let inverse = |window| {
            Ok(Scaled {
                inner: PseudoInverse::new(self.geometry.clone(), window, 1.0)?,
                factor: 1.0 / self.scale.slope_per_mm(),
            })
        };
        match plan.method {
            Method::Mcg(_) => {
                guides.inverse = Some(inverse(Window::RamLak)?);
                guides.unmeasured = Unmeasured::of(&self.geometry)?;
            }
            Method::RedDiff(_) => guides.inverse = Some(inverse(REFERENCE)?),
            _ => {}
        }
        Ok(guides)
    }

    /// Filtered back-projection of the post-log data, in 1/mm, batch 1.
    fn fbp(&self) -> operators::Result<T> {
        fbp(&self.a.inner, &self.lines, REFERENCE, 1.0)
    }

    /// The same as numbers: what the scale of an unknown energy is found from.
    pub(super) fn fbp_per_mm(&self) -> Result<Vec<f64>, ReconError> {
        let mu = self.fbp().map_err(ReconError::at(self.slice))?;
        Ok(mu.to_reals())
    }

    /// Images of attenuation in the units of the output.
    fn shown(&self, mu: &T) -> Vec<Array2<Complex32>> {
        let sizes = mu.sizes();
        let (rows, columns) = (sizes[1], sizes[2]);
        let value = |mu: f64| match self.water_per_mm {
            Some(water) => 1000.0 * (mu / water - 1.0),
            None => mu,
        };
        let reals = mu.to_reals();
        let image = |reals: &[f64]| {
            Array2::from_shape_fn((rows, columns), |(y, x)| {
                Complex32::new(value(reals[y * columns + x]) as f32, 0.0)
            })
        };
        reals.chunks(rows * columns).map(image).collect()
    }
}

/// An image of zeros.
fn blank<T: Channels>(device: &T::Device, geometry: &Geometry) -> T {
    let grid = geometry.grid();
    let zeros = vec![0.0; grid.rows * grid.columns];
    T::from_reals(device, &[1, grid.rows, grid.columns], Field::Real, &zeros)
}

impl<T: Channels> Slice<T> for Section<'_, T> {
    fn measurement(&self) -> Measurement<'_, T> {
        Measurement {
            normal: self.guides.normal.as_ref(),
            pseudo_inverse: self.guides.inverse.as_ref().map(|i| i as _),
            unmeasured: self.guides.unmeasured.as_ref().map(|u| u as _),
            spectral: None,
            ..Measurement::new(&self.a, self.likelihood.as_ref())
        }
    }

    fn nuisance(&self) -> Result<Option<Box<dyn Nuisance<T> + '_>>, ReconError> {
        let Some(protocol::Nuisance::Centre(table)) = &self.plan.protocol.nuisance else {
            return Ok(None);
        };
        let made = Blind::new(&self.a, &self.offset, &self.geometry, table.std_columns);
        Ok(Some(Box::new(made.map_err(ReconError::at(self.slice))?)))
    }

    /// `1 / √h(0)`: what the data leave of the mean of the image.
    fn noise_floor(&self) -> f64 {
        match &self.guides.normal {
            Some(normal) => 1.0 / normal.at(0.0).max(f64::MIN_POSITIVE).sqrt(),
            None => 1.0,
        }
    }

    fn blank(&self) -> T {
        blank(&self.device, &self.geometry)
    }

    fn reference(&self) -> Result<T, ReconError> {
        let mu = self.fbp();
        Ok(self
            .scale
            .of_per_mm(&mu.map_err(ReconError::at(self.slice))?))
    }

    fn classical(
        &self,
        method: &Method,
        tick: &mut dyn FnMut() -> bool,
    ) -> Result<Classical<T>, ReconError> {
        let problem = Problem {
            plan: self.plan,
            device: &self.device,
            projector: &self.a.inner,
            rays: &self.rays,
            lines: &self.lines,
            slice: self.slice,
        };
        let (mu, steps) = problem.solve(method, tick)?;
        Ok(Classical {
            image: self.shown(&mu).swap_remove(0),
            x: Some(self.scale.of_per_mm(&mu)),
            steps,
        })
    }

    fn images(&self, x: &T) -> Vec<Array2<Complex32>> {
        self.shown(&self.scale.to_per_mm(x))
    }

    fn beside(&self) -> Result<Vec<(&'static str, Array2<Complex32>)>, ReconError> {
        let mu = self.fbp().map_err(ReconError::at(self.slice))?;
        Ok(vec![("fbp", self.shown(&mu).swap_remove(0))])
    }

    fn adjoint_gap(&self, seed: u64) -> Result<f64, ReconError> {
        let mut rng = SliceRng::samples(seed ^ 0x4144_4a4f_494e_5421, 0, 1);
        let x = self.blank().normal_like(&mut rng);
        let y = self.lines.normal_like(&mut rng);
        let p = &self.a.inner as &dyn LinearOperator<T>;
        Ok(adjoint_gap(p, &x, &y)
            .map_err(ReconError::at(self.slice))?
            .gap)
    }
}
