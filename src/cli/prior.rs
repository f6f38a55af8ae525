//! `annulus prior`.

use super::Outcome;
use super::arguments::{Prior, PriorAction};
use super::threads::set_threads;
use crate::progress::Progress;
use crate::recon::{builtin_priors, load_prior, prior_bytes};
use crate::score::{Card, LevelError, read_prior};
use crate::train::{Family, HeldOut, evaluate};
use std::fmt::Write;
use tch::Device;

pub(super) fn run(a: &Prior) -> Outcome {
    match &a.action {
        PriorAction::List => {
            let mut words = String::new();
            for (name, bytes) in builtin_priors() {
                let (card, _) = read_prior(name, bytes)?;
                let _ = writeln!(
                    words,
                    "{name:<14} {} parameters; {}",
                    card.network.parameters, card.intended_use
                );
            }
            Ok(words)
        }
        PriorAction::Show { prior } => {
            let (card, _) = read_prior(prior, &prior_bytes(prior)?)?;
            Ok(serde_json::to_string_pretty(&card)? + "\n")
        }
        PriorAction::Check {
            prior,
            images,
            threads,
        } => {
            set_threads(*threads);
            check(prior, *images)
        }
    }
}

/// Error over the card's, above which the weights are not what the card says.
const LIMIT: f64 = 1.5;

fn check(name: &str, images: usize) -> Outcome {
    if images == 0 {
        return Err("--images: expected at least 1".into());
    }
    let model = load_prior(name, Device::Cpu)?;
    let family = Family::of(&model.card);
    let held_out = HeldOut::new(family, images, 192);
    let range = model.card.sigma_range;
    let found = evaluate(&model, range, &held_out, &Progress::for_stderr())?;
    let words = table(&model.card, Some(&found));
    let mut faults = Vec::new();
    for level in &found {
        let says = model.card.relative_error(level.sigma).unwrap_or(f64::NAN);
        // NaN on either side is a fault.
        let sound = level.relative_error < 1.0 && level.relative_error < LIMIT * says;
        if !sound {
            faults.push(format!(
                "at sigma {} it is {:.3}, the card says {says:.3}",
                level.sigma, level.relative_error
            ));
        }
    }
    if faults.is_empty() {
        return Ok(words + "verdict: the weights do what their card says\n");
    }
    Err(format!(
        "{words}prior `{name}`: the denoising error over sigma² is not what the card says: {}; the \
         weights are wrong, or the images are not those of its training set",
        faults.join("; ")
    )
    .into())
}

/// Denoising error per σ, beside what was measured now.
pub(super) fn table(card: &Card, found: Option<&[LevelError]>) -> String {
    let mut words = format!(
        "{}: {} parameters, {} images\n{:>8}  error/sigma² on the card{}\n",
        card.name,
        card.network.parameters,
        card.training.images,
        "sigma",
        if found.is_some() { ", now" } else { "" }
    );
    for level in &card.levels {
        let now = found.and_then(|f| f.iter().find(|l| l.sigma == level.sigma));
        let _ = match now {
            Some(now) => writeln!(
                words,
                "{:>8}  {:.4}  {:.4}",
                level.sigma, level.relative_error, now.relative_error
            ),
            None => writeln!(words, "{:>8}  {:.4}", level.sigma, level.relative_error),
        };
    }
    words
}
