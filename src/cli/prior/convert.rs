//! `annulus prior convert`.

use crate::cli::Outcome;
use crate::cli::arguments::ConvertPrior;
use crate::io::{IoError, atomic};
use crate::score::convert::{Wishes, convert};
use crate::score::{Network, write_prior};
use std::fmt::Write;

pub(super) fn run(a: &ConvertPrior) -> Outcome {
    atomic::may_write(&a.output, a.force)?;
    let config = match &a.config {
        Some(path) => Some(std::fs::read_to_string(path).map_err(|e| IoError::reading(path, &e))?),
        None => None,
    };
    let wishes = Wishes {
        name: a.name.clone(),
        training_set: a.training_set.clone(),
        range: a.range,
        predicts: a.predicts,
        parts: a.parts,
        class: a.class,
        unit_hu: a.unit_hu,
        quantile: a.quantile,
    };
    let converted = convert(&a.weights, config.as_deref(), &wishes)?;
    write_prior(&a.output, &converted.card, &converted.tensors)?;
    let card = &converted.card;
    let mut words = format!("written to {}\n", a.output.display());
    for remark in &converted.remarks {
        let _ = writeln!(words, "note: {remark}");
    }
    if let Network::Published(network) = &card.network {
        let [low, high] = network.convention.range;
        let [least, most] = card.sigma_range;
        let _ = writeln!(
            words,
            "{}: {} tensors, {} parameters, of {}\npredicts the {}; images of {} channel(s), 0 seen as {low} and 1 as {high}; \
             sigma {least:.4} to {most:.4} of an image\n`annulus prior check` says whether it denoises",
            card.name,
            converted.tensors.len(),
            network.parameters,
            network.origin,
            format!("{:?}", network.convention.predicts).to_lowercase(),
            card.channels,
        );
    }
    Ok(words)
}
