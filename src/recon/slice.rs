//! One slice: maps, operator, likelihood, and the method of the plan.

use super::grid::{image, upload};
use super::{Plan, Prepared, ReconError};
use crate::classical::{cg_sense, zero_filled};
use crate::guidance::{
    Bridge, CovarianceModel, Dps, DpsZeta, Guidance, Guided, Measurement, Unconditional, sample,
};
use crate::protocol::{self, Method};
use crate::score::{Channels, Model, Schedule};
use ndarray::{Array2, Array3};
use num_complex::Complex32;
use operators::check::adjoint_gap;
use operators::likelihood::Gaussian;
use operators::mri::espirit::Espirit;
use operators::mri::sense;
use operators::{Chain, Field, LinearOperator, SliceRng};

/// What a slice gives, in units of the whitened data, on the encoded grid.
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

/// λ and iterations of the CG-SENSE image that sets the scale, starts samplers and stands beside
/// them in the report.
pub(super) const REFERENCE: (f64, usize) = (0.01, 30);

/// The measurement of one slice on a backend.
pub(super) struct Sense<T> {
    pub(super) a: Chain<T>,
    pub(super) y: T,
    support: T,
    image: T,
    sizes: [usize; 2],
    maps: Array3<Complex32>,
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
            .maps(prepared.k_space.view(), prepared.sampled().view())
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
            prepared.k_space.iter().copied(),
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

    /// Complex images of a batch.
    pub(super) fn images(&self, x: &T) -> Vec<Array2<Complex32>> {
        let [rows, columns] = self.sizes;
        let elements: Vec<Complex32> = x
            .to_reals()
            .chunks_exact(2)
            .map(|p| Complex32::new(p[0] as f32, p[1] as f32))
            .collect();
        elements
            .chunks(rows * columns)
            .map(|i| image(i, rows, columns))
            .collect()
    }

    fn gap(&self, seed: u64) -> operators::Result<f64> {
        let mut rng = SliceRng::samples(seed ^ 0x4144_4a4f_494e_5421, 0, 1);
        let x = self.image.normal_like(&mut rng);
        let y = self.y.normal_like(&mut rng);
        Ok(adjoint_gap(&self.a as &dyn LinearOperator<T>, &x, &y)?.gap)
    }
}

/// Reconstructs one slice. `unit` is what one unit of the prior is in units of the whitened data.
pub(super) fn reconstruct<T: Channels>(
    plan: &Plan,
    device: &T::Device,
    prepared: &Prepared,
    slice: usize,
    unit: f64,
    tick: &mut dyn FnMut() -> bool,
) -> Result<SliceResult, ReconError> {
    let lines = match &plan.method {
        Method::ZeroFilled(m) if m.lines == protocol::Lines::Imaging => &prepared.imaging,
        _ => &prepared.k_space,
    };
    let mut result = SliceResult {
        zero_filled: zero_filled(lines),
        cg_sense: None,
        samples: Vec::new(),
        sensitivities: None,
        misfit: None,
        adjoint_gap: None,
        steps: 0,
        network_evaluations: 0,
    };
    if matches!(plan.method, Method::ZeroFilled(_)) {
        return Ok(result);
    }
    let failed = ReconError::at(slice);
    let sense = Sense::<T>::new(plan, device, prepared, slice)?;
    result.adjoint_gap = Some(sense.gap(plan.options.seed).map_err(&failed)?);
    let (lambda, iterations) = match &plan.method {
        Method::CgSense(m) => (m.lambda, m.iterations),
        _ => REFERENCE,
    };
    let reference = sense.cg_sense(lambda, iterations).map_err(&failed)?;
    result.cg_sense = sense.images(&reference).into_iter().next();
    let likelihood = Gaussian::new(
        sense.y.scaled(1.0 / unit),
        1.0 / unit,
        sense.support.clone(),
    )
    .map_err(&failed)?;
    let data = Measurement {
        operator: &sense.a,
        likelihood: &likelihood,
    };
    let to_prior = reference.scaled(1.0 / unit);
    if let Some(prior) = &plan.prior {
        let (rule, run) = Run::of(&plan.method, prior, 1.0 / unit);
        let x = run.draw(
            rule.as_ref(),
            plan,
            prior,
            &data,
            &sense,
            &to_prior,
            slice,
            tick,
        )?;
        let misfits = data.misfit(&x).map_err(&failed)?;
        result.misfit = Some(misfits.iter().sum::<f64>() / misfits.len() as f64);
        result.samples = sense.images(&x.scaled(unit));
        result.steps = run.schedule.levels();
        result.network_evaluations = run.schedule.levels() * run.samples;
    } else {
        result.misfit = data.misfit(&to_prior).map_err(&failed)?.first().copied();
        result.steps = iterations;
    }
    result.sensitivities = Some(sense.maps);
    Ok(result)
}

/// A sampler's schedule, start and number of samples.
struct Run {
    schedule: Schedule,
    samples: usize,
    /// Start from the CG-SENSE image plus noise instead of noise alone.
    warm: bool,
}

impl Run {
    /// The rule of a method and its run, for a prior and the noise deviation in its units.
    fn of<T: Channels>(
        method: &Method,
        prior: &Model,
        sigma_y: f64,
    ) -> (Box<dyn Guidance<T>>, Run) {
        let [least, most] = prior.card.sigma_range;
        let karras = |levels: usize, max: f64| {
            let max = max.min(most);
            Schedule::karras(levels, (sigma_y / 5.0).clamp(least, max / 2.0), max, 7.0)
        };
        let guided = |covariance, cg_iterations, guard| Guided {
            covariance,
            cg_iterations,
            guard,
        };
        match method {
            Method::Dps(m) => {
                let rule: Box<dyn Guidance<T>> = match m.zeta {
                    Some(zeta) => Box::new(DpsZeta { zeta, clip: m.clip }),
                    None => Box::new(Dps(guided(CovarianceModel::Spectrum, m.cg_iterations, 1.5))),
                };
                let schedule = karras(m.steps, m.sigma_max);
                (
                    rule,
                    Run {
                        schedule,
                        samples: m.samples,
                        warm: false,
                    },
                )
            }
            Method::Bridge(m) => {
                let covariance = match m.covariance {
                    protocol::Covariance::Spectrum => CovarianceModel::Spectrum,
                    protocol::Covariance::White => CovarianceModel::White,
                };
                let guided = guided(covariance, m.cg_iterations, m.guard);
                let schedule = karras(m.levels, m.start_sigma.unwrap_or(m.sigma_max));
                let warm = m.start_sigma.is_some();
                let rule = Box::new(Bridge {
                    guided,
                    pullback: m.pullback,
                });
                (
                    rule,
                    Run {
                        schedule,
                        samples: m.samples,
                        warm,
                    },
                )
            }
            Method::Unconditional(m) => {
                let schedule = karras(m.levels, most);
                (
                    Box::new(Unconditional),
                    Run {
                        schedule,
                        samples: m.samples,
                        warm: false,
                    },
                )
            }
            Method::ZeroFilled(_) | Method::CgSense(_) => {
                unreachable!("classical methods have no prior")
            }
        }
    }

    /// All samples of a slice, in batches that do not change them.
    #[expect(clippy::too_many_arguments, reason = "one call, in the function above")]
    fn draw<T: Channels>(
        &self,
        rule: &dyn Guidance<T>,
        plan: &Plan,
        prior: &Model,
        data: &Measurement<'_, T>,
        sense: &Sense<T>,
        reference: &T,
        slice: usize,
        tick: &mut dyn FnMut() -> bool,
    ) -> Result<T, ReconError> {
        let mut parts = Vec::new();
        for first in (0..self.samples).step_by(plan.options.batch) {
            let count = plan.options.batch.min(self.samples - first);
            let items = (first..first + count).map(|s| (slice as u32, s as u32));
            let mut rng = SliceRng::new(plan.options.seed, items);
            let mut x = sense.image.repeat(count).normal_like(&mut rng);
            x.scale(&[self.schedule.max()]);
            if self.warm {
                x.axpy(&[1.0], &reference.repeat(count));
            }
            let mut each = |_: usize, _: &T| (0..count).all(|_| tick());
            let drawn = sample(
                rule,
                prior,
                Some(data),
                &self.schedule,
                x,
                &mut rng,
                &mut each,
            );
            parts.push(drawn.map_err(|source| match source {
                crate::guidance::SampleError::Interrupted => ReconError::Interrupted { slice },
                source => ReconError::Sampling { slice, source },
            })?);
        }
        T::concatenate(&parts).map_err(ReconError::at(slice))
    }
}

/// Network evaluations that a plan makes on one slice.
pub(super) fn evaluations(method: &Method) -> usize {
    match method {
        Method::Dps(m) => m.steps * m.samples,
        Method::Bridge(m) => m.levels * m.samples,
        Method::Unconditional(m) => m.levels * m.samples,
        Method::ZeroFilled(_) | Method::CgSense(_) => 1,
    }
}
