//! The second pass: what is well-formed TOML and still impossible. All of it, not the first.

mod ct;
mod forward;
mod methods;
mod modality;
mod mri;
mod nuisance;
mod published;
#[cfg(test)]
mod tests;

use super::acquisition::Acquisition;
use super::error::Problem;
use super::preparation::Sensitivities;
use super::{Modality, Preparation, Protocol, TextureChoice, TextureRule, known};
use crate::protocol::probe::Beam;
use std::fmt::Display;

/// Everything that is impossible in a protocol.
pub(super) fn check(protocol: &Protocol) -> Vec<Problem> {
    let mut problems = Problems(Vec::new());
    run(protocol, &mut problems);
    modality::modality(protocol, &mut problems);
    let scan = protocol
        .acquisition
        .as_ref()
        .and_then(Acquisition::projections);
    match (&protocol.acquisition, &scan) {
        (Some(Acquisition::Cartesian(table)), _) => {
            mri::cartesian(table, &mut problems);
            mri::undersampling(table, &mut problems);
        }
        (Some(acquisition), Some(scan)) => ct::scan(acquisition.name(), scan, &mut problems),
        _ => {}
    }
    if let Some(table) = &protocol.image {
        ct::image(table, scan.as_ref(), &mut problems);
    }
    forward::imaging(protocol, &mut problems);
    if let Some(table) = &protocol.likelihood {
        ct::likelihood(table, &mut problems);
    }
    let fan = scan.is_some_and(|scan| scan.beam != Beam::Parallel);
    preparation(&protocol.preparation, fan, &mut problems);
    if let Some(Sensitivities::Espirit(table)) = &protocol.sensitivities {
        mri::espirit(table, &mut problems);
    }
    nuisance::nuisance(protocol, &mut problems);
    methods::methods(&protocol.method, &mut problems);
    problems.0
}

/// A list of problems, and the questions that add to it.
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, key: &str, message: String) {
        self.0.push(Problem {
            key: key.to_string(),
            place: None,
            message,
        });
    }

    fn need(&mut self, holds: bool, key: &str, value: impl Display, must: impl Display) {
        if !holds {
            self.add(key, format!("`{key}` = {value}: must be {must}"));
        }
    }

    fn at_least(&mut self, key: &str, value: usize, least: usize) {
        self.need(value >= least, key, value, format!("at least {least}"));
    }

    fn finite(&mut self, key: &str, value: f64) {
        self.need(value.is_finite(), key, value, "a finite number");
    }

    fn positive(&mut self, key: &str, value: f64) {
        let holds = value.is_finite() && value > 0.0;
        self.need(holds, key, value, "a finite number above 0");
    }

    fn not_negative(&mut self, key: &str, value: f64) {
        let holds = value.is_finite() && value >= 0.0;
        self.need(holds, key, value, "a finite number, 0 or more");
    }
}

fn run(protocol: &Protocol, problems: &mut Problems) {
    let run = &protocol.run;
    let tables = protocol.method.tables();
    let Ok(method) = protocol.selected() else {
        problems.add("run", format!("`run`: {}", known::refusal(run)));
        return;
    };
    if !method.fits(protocol.modality) {
        let message = known::unfit(run, protocol.modality);
        problems.add("run", format!("`run`: {message}"));
    } else if !tables.contains(&run.as_str()) {
        let there = match tables.as_slice() {
            [] => "there is no [method.*] table".to_string(),
            _ => format!("there is: {}", tables.join(", ")),
        };
        let message = format!("`run` = \"{run}\": the table [method.{run}] is not there ({there})");
        problems.add("run", message);
    }
    let model = protocol.prior.as_ref().map(|prior| prior.model.trim());
    if method.needs_prior() && model.is_none() {
        let message = format!(
            "`run` = \"{run}\" needs a score model: add [prior] model = \"NAME\", or --set prior.model=NAME (`annulus prior list`)"
        );
        problems.add("run", message);
    }
    if let Some(prior) = &protocol.prior {
        match prior.texture {
            TextureChoice::Given(tau) => problems.not_negative("prior.texture", tau),
            TextureChoice::Rule(TextureRule::HeldOut) if protocol.modality == Modality::Mri => {}
            TextureChoice::Rule(TextureRule::HeldOut) => {
                let message = "`prior.texture` = \"held-out\" is for MRI: give a number";
                problems.add("prior.texture", message.into());
            }
        }
    }
    if model == Some("") {
        problems.add("prior.model", "`prior.model` is empty".to_string());
    }
}

fn preparation(table: &Preparation, fan: bool, problems: &mut Problems) {
    let positive = [
        ("noise_std", table.noise_std),
        ("gain", table.gain),
        ("photons", table.photons),
    ];
    for (key, value) in positive {
        if let Some(value) = value {
            problems.positive(&format!("preparation.{key}"), value);
        }
    }
    problems.at_least("preparation.every_nth_view", table.every_nth_view, 1);
    if let Some([first, last]) = table.views {
        let must = "[first, last], the first not after the last";
        let value = format!("[{first}, {last}]");
        problems.need(first <= last, "preparation.views", value, must);
    }
    if fan && table.find_centre == Some(true) {
        let must = "false for a fan: give acquisition.fan.centre_column";
        problems.need(false, "preparation.find_centre", true, must);
    }
}
