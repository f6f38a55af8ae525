//! The first noise level of a slice, where the protocol leaves it to the rule.

use super::study::Slice;
use super::{Plan, ReconError};
use crate::guidance::{Measurement, warm_start_sigma, warm_start_sigma_beside};
use crate::protocol::{ByRule, Method, Rule};
use crate::score::{Channels, Model, Pair};
use operators::{Product, Result};

/// The method with `start_sigma = "rule"` resolved for a slice: to a level below `sigma_max`, or to a start from noise.
pub(super) fn resolved<T: Channels>(
    plan: &Plan,
    prepared: &dyn Slice<T>,
    at: (&Model, usize),
    method: &Method,
) -> std::result::Result<Method, ReconError> {
    by_rule(plan, at, method, |prior, largest, seed| {
        let data = prepared.measurement();
        warm_start_sigma(prior, &data, &prepared.blank(), largest, seed)
    })
}

/// The plan's method for pairs of an image and a nuisance, by draws that begin at the classical image.
pub(super) fn resolved_beside<T: Channels>(
    plan: &Plan,
    data: &Measurement<'_, Product<T>>,
    reference: &Product<T>,
    at: (&Model, usize),
) -> std::result::Result<Method, ReconError> {
    by_rule(plan, at, &plan.method, |prior, largest, seed| {
        let pair = Pair { image: prior };
        warm_start_sigma_beside(&pair, data, reference, largest, seed)
    })
}

/// By a rule of the prior, its largest level and a seed.
fn by_rule(
    plan: &Plan,
    (prior, slice): (&Model, usize),
    method: &Method,
    found: impl FnOnce(&Model, f64, u64) -> Result<Option<f64>>,
) -> std::result::Result<Method, ReconError> {
    let sampling = method.sampling();
    let asked = Some(ByRule::Rule(Rule::Rule));
    let Some(sampling) = sampling.filter(|s| s.start_sigma == asked) else {
        return Ok(method.clone());
    };
    let [least, largest] = prior.card.sigma_range;
    let most = sampling.sigma_max.unwrap_or(largest).min(largest);
    let found = found(prior, largest, plan.options.seed).map_err(ReconError::at(slice))?;
    // As `Plan` asks of a level that is given.
    let sigma = found.map(|sigma| sigma.max(2.0 * least));
    Ok(method.clone().started_at(sigma.filter(|s| *s < most)))
}
