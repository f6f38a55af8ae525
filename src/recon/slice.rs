//! One slice: maps, operator, likelihood, and the method of the plan.

use super::draw::Run;
use super::parts::Parts;
use super::sense::{REFERENCE, Sense};
use super::{Plan, Prepared, ReconError};
use crate::classical::zero_filled;
use crate::guidance::Measurement;
use crate::protocol::{self, Method};
use crate::score::Channels;
use ndarray::{Array2, Array3};
use num_complex::Complex32;
use operators::likelihood::Gaussian;

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

/// Reconstructs one slice. `unit` is what one unit of the prior is in units of the whitened data.
pub(super) fn reconstruct<T: Channels>(
    plan: &Plan,
    device: &T::Device,
    prepared: &Prepared,
    slice: usize,
    unit: f64,
    parts: Option<&Parts>,
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
    if let (Some(prior), Some(parts)) = (&plan.prior, parts) {
        let (rule, run) = Run::of(&plan.method, prior, 1.0 / unit);
        let x = match parts
            .load(slice)
            .and_then(|images| sense.batch(device, &images))
        {
            Some(x) => x,
            None => {
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
                parts.save(slice, &sense.images(&x))?;
                x
            }
        };
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
