//! One slice: maps, operator, likelihood, and the method of the plan.

use super::draw::Draw;
use super::parts::Parts;
use super::sense::{REFERENCE, Sense};
use super::{Plan, Prepared, ReconError};
use crate::classical::zero_filled;
use crate::guidance::Measurement;
use crate::protocol::{self, Method};
use crate::score::Channels;
use ndarray::{Array2, Array3};
use num_complex::Complex32;
use operators::Array;
use operators::likelihood::Gaussian;

/// What a slice gives, in units of the whitened data, on the encoded grid.
#[derive(Default)]
pub(super) struct SliceResult {
    pub(super) zero_filled: Array2<f32>,
    pub(super) cg_sense: Option<Array2<Complex32>>,
    pub(super) samples: Vec<Array2<Complex32>>,
    pub(super) sensitivities: Option<Array3<Complex32>>,
    pub(super) misfit: Option<f64>,
    pub(super) adjoint_gap: Option<f64>,
    pub(super) steps: usize,
    pub(super) network_evaluations: usize,
}

/// Everything that one slice is made from.
pub(super) struct Task<'a, T: Array> {
    pub(super) plan: &'a Plan,
    pub(super) device: &'a T::Device,
    pub(super) prepared: &'a Prepared,
    /// Index in the volume.
    pub(super) slice: usize,
    /// One unit of the prior, in units of the whitened data.
    pub(super) unit: f64,
    /// Deviation of the whitened noise per real component.
    pub(super) sigma: f64,
    pub(super) parts: Option<&'a Parts>,
}

impl<T: Channels> Task<'_, T> {
    /// Reconstructs the slice; `tick` is told of every network evaluation and may stop the run.
    pub(super) fn run(&self, tick: &mut dyn FnMut() -> bool) -> Result<SliceResult, ReconError> {
        let lines = match &self.plan.method {
            Method::ZeroFilled(m) if m.lines == protocol::Lines::Imaging => &self.prepared.imaging,
            _ => self.prepared.measured(),
        };
        let mut result = SliceResult {
            zero_filled: zero_filled(lines),
            ..SliceResult::default()
        };
        if matches!(self.plan.method, Method::ZeroFilled(_)) {
            tick();
            return Ok(result);
        }
        let failed = ReconError::at(self.slice);
        let sense = Sense::<T>::new(self.plan, self.device, self.prepared, self.slice)?;
        result.adjoint_gap = Some(sense.gap(self.plan.options.seed).map_err(&failed)?);
        let (lambda, iterations) = match &self.plan.method {
            Method::CgSense(m) => (m.lambda, m.iterations),
            _ => REFERENCE,
        };
        let reference = sense.cg_sense(lambda, iterations).map_err(&failed)?;
        result.cg_sense = sense.images(&reference).into_iter().next();
        let x = self.solve(&sense, reference.scaled(1.0 / self.unit), &mut result, tick)?;
        if self.plan.prior.is_some() {
            result.samples = sense.images(&x.scaled(self.unit));
        } else {
            result.steps = iterations;
        }
        result.sensitivities = Some(sense.maps);
        Ok(result)
    }

    /// The samples in units of the prior, or the reference itself for a method without one; their
    /// misfit goes to `result`.
    fn solve(
        &self,
        sense: &Sense<T>,
        reference: T,
        result: &mut SliceResult,
        tick: &mut dyn FnMut() -> bool,
    ) -> Result<T, ReconError> {
        let failed = ReconError::at(self.slice);
        let (y, sigma) = (sense.y.scaled(1.0 / self.unit), self.sigma / self.unit);
        let likelihood = Gaussian::new(y, sigma, sense.support.clone()).map_err(&failed)?;
        let data = Measurement {
            operator: &sense.a,
            likelihood: &likelihood,
        };
        let x = match (&self.plan.prior, self.parts) {
            (Some(prior), Some(parts)) => {
                let draw = Draw::<T>::of(&self.plan.method, prior, sigma);
                result.steps = draw.schedule.levels();
                result.network_evaluations = draw.schedule.levels() * draw.samples;
                let earlier = parts.load(self.slice);
                match earlier.and_then(|images| sense.batch(self.device, &images)) {
                    Some(x) => {
                        (0..result.network_evaluations).all(|_| tick());
                        x
                    }
                    None => {
                        let x = draw.samples(self, prior, &data, &sense.image, &reference, tick)?;
                        parts.save(self.slice, &sense.images(&x))?;
                        x
                    }
                }
            }
            _ => {
                tick();
                reference
            }
        };
        let misfits = data.misfit(&x).map_err(&failed)?;
        result.misfit = Some(misfits.iter().sum::<f64>() / misfits.len() as f64);
        Ok(x)
    }
}
