//! The first noise level of a slice, where the protocol leaves it to the rule.

use super::study::Slice;
use super::{Plan, ReconError};
use crate::guidance::warm_start_sigma;
use crate::protocol::{ByRule, Method, Rule};
use crate::score::{Channels, Model};

/// The method with `start_sigma = "rule"` resolved for a slice: to a level below `sigma_max`, or to a start from noise.
pub(super) fn resolved<T: Channels>(
    plan: &Plan,
    prepared: &dyn Slice<T>,
    (prior, slice): (&Model, usize),
    method: &Method,
) -> Result<Method, ReconError> {
    let sampling = method.sampling();
    let by_rule = Some(ByRule::Rule(Rule::Rule));
    let Some(sampling) = sampling.filter(|s| s.start_sigma == by_rule) else {
        return Ok(method.clone());
    };
    let [least, largest] = prior.card.sigma_range;
    let most = sampling.sigma_max.unwrap_or(largest).min(largest);
    let data = prepared.measurement();
    let found = warm_start_sigma(prior, &data, &prepared.blank(), largest, plan.options.seed);
    let found = found.map_err(ReconError::at(slice))?;
    // As `Plan` asks of a level that is given.
    let sigma = found.map(|sigma| sigma.max(2.0 * least));
    Ok(method.clone().started_at(sigma.filter(|s| *s < most)))
}
