//! `annulus prior`.

mod check;
mod convert;
mod images;
mod run;
mod sample;

pub(super) use sample::flow;

use super::Outcome;
use super::arguments::{Prior, PriorAction};
use crate::recon::{builtin_priors, prior_bytes};
use crate::score::{Card, LevelError, read_prior};
use std::fmt::Write;

pub(super) fn run(a: &Prior) -> Outcome {
    match &a.action {
        PriorAction::List => list(),
        PriorAction::Show { prior } => {
            let (card, _) = read_prior(prior, &prior_bytes(prior)?)?;
            Ok(serde_json::to_string_pretty(&card)? + "\n")
        }
        PriorAction::Convert(a) => convert::run(a),
        PriorAction::Run(a) => run::run(a),
        PriorAction::Sample(a) => sample::run(a),
        PriorAction::Check(a) => check::run(a),
    }
}

fn list() -> Outcome {
    let mut words = String::new();
    for (name, bytes) in builtin_priors() {
        let (card, _) = read_prior(name, bytes)?;
        let _ = writeln!(
            words,
            "{name:<14} {} parameters; {}",
            card.network.parameters(),
            card.intended_use
        );
    }
    Ok(words)
}

/// Denoising error per σ, beside what was measured now.
pub(super) fn table(card: &Card, found: Option<&[LevelError]>) -> String {
    let mut words = format!(
        "{}: {} parameters{}\n{:>8}  error/sigma² on the card{}\n",
        card.name,
        card.network.parameters(),
        match &card.training {
            Some(t) => format!(", {} images", t.images),
            None => String::new(),
        },
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
