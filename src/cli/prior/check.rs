//! `annulus prior check`.

use super::images;
use super::sample::{Drawing, Statistics, draw};
use crate::cli::Outcome;
use crate::cli::arguments::CheckPrior;
use crate::cli::threads::set_threads;
use crate::io::atomic;
use crate::progress::Progress;
use crate::recon::{load_prior, prior_bytes};
use crate::score::diagnosis::{alternatives, relative_errors};
use crate::score::{Card, LevelError, Model, Planes, read_prior, write_prior};
use crate::train::{Family, HeldOut, evaluate};
use operators::Vector;
use std::fmt::Write;
use tch::{Device, Tensor};

/// Error over the card's, above which the weights are not what the card says.
const LIMIT: f64 = 1.5;
/// Error over that of another use of the network, above which this use is a mistake.
const MISTAKEN: f64 = 1.5;
/// Deviation of samples over that of images, or its inverse, above which samples are not of their kind.
const UNLIKE: f64 = 5.0;
/// Where a prior without levels on its card is measured, in units of images.
const SIGMAS: [f64; 7] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0];
/// Where alternatives are compared: noise that hides detail, and noise that hides the image.
const TELLING: [f64; 2] = [0.1, 0.5];

pub(super) fn run(a: &CheckPrior) -> Outcome {
    set_threads(a.threads);
    let model = load_prior(&a.prior, Device::Cpu)?;
    let card = &model.card;
    if let Some(output) = &a.output {
        atomic::may_write(output, a.force)?;
        if card.channels > 2 {
            return Err("-o: spectra of images of more than 2 channels are not on cards".into());
        }
    }
    let phantoms = a.images.is_empty();
    let held_out = match phantoms {
        true => phantoms_of(card, a.count)?,
        false => HeldOut::given(images::read(&a.images, card, a.count)?),
    };
    let images = images::tensors(&held_out, card.channels);
    let mut report = Report::default();
    let measure = || evaluate(&model, card.sigma_range, &held_out, &Progress::for_stderr());
    let mut found = None;
    if phantoms && !card.levels.is_empty() {
        let levels = measure()?;
        against_card(&mut report, &model, &levels);
        found = Some(levels);
    } else {
        by_themselves(&mut report, &model, &images)?;
    }
    other_uses(&mut report, &model, &images)?;
    if a.samples > 0 {
        samples(&mut report, &model, &images, a.samples)?;
    }
    if let Some(output) = &a.output {
        let (mut card, tensors) = read_prior(&a.prior, &prior_bytes(&a.prior)?)?;
        card.levels = match found {
            Some(levels) => levels,
            None => measure()?,
        };
        write_prior(output, &card, &tensors)?;
        let _ = writeln!(report.words, "written to {}", output.display());
    }
    report.outcome(&a.prior)
}

/// What was seen, and what is wrong.
#[derive(Default)]
struct Report {
    words: String,
    faults: Vec<String>,
}

impl Report {
    fn outcome(self, prior: &str) -> Outcome {
        if self.faults.is_empty() {
            return Ok(self.words + "verdict: it denoises as it should\n");
        }
        Err(format!(
            "{}verdict: prior `{prior}` is not to be trusted with these images: {}",
            self.words,
            self.faults.join("; ")
        )
        .into())
    }
}

fn phantoms_of(card: &Card, count: usize) -> Result<HeldOut, Box<dyn std::error::Error>> {
    if card.channels > 2 {
        let n = card.channels;
        return Err(format!("a prior of {n} channels has no phantoms: give --images").into());
    }
    let family = Family::of(card);
    let held_out = HeldOut::new(family, count, 192);
    let units = family
        .unit_hu()
        .zip(card.unit_hu)
        .map(|(from, to)| from / to);
    Ok(match units {
        Some(factor) if factor != 1.0 => {
            HeldOut::given(held_out.images().iter().map(|x| x.scaled(factor)).collect())
        }
        _ => held_out,
    })
}

/// Errors now beside those on the card.
fn against_card(report: &mut Report, model: &Model, found: &[LevelError]) {
    report.words += &super::table(&model.card, Some(found));
    for LevelError {
        sigma,
        relative_error: error,
        ..
    } in found
    {
        let says = model.card.relative_error(*sigma).unwrap_or(f64::NAN);
        // NaN on either side is a fault.
        let sound = *error < 1.0 && *error < LIMIT * says;
        if !sound {
            report.faults.push(format!(
                "its error over sigma² at sigma {sigma} is {error:.3}, the card says {says:.3}"
            ));
        }
    }
}

/// Errors at fixed levels: below 1, or it does harm.
fn by_themselves(
    report: &mut Report,
    model: &Model,
    images: &[Tensor],
) -> Result<(), operators::Error> {
    let [least, most] = model.card.sigma_range;
    let sigmas: Vec<f64> = (SIGMAS.into_iter().filter(|s| (least..=most).contains(s))).collect();
    let errors = relative_errors(model, images, &sigmas)?;
    let _ = writeln!(
        report.words,
        "{}: {} parameters, on {} images\n{:>8}  error/sigma²",
        model.card.name,
        model.card.network.parameters(),
        images.len(),
        "sigma"
    );
    for (sigma, error) in sigmas.iter().zip(&errors) {
        let _ = writeln!(report.words, "{sigma:>8}  {error:.4}");
        // NaN is a fault.
        let sound = *error < 1.0;
        if !sound {
            report.faults.push(format!(
                "at sigma {sigma} its error is {error:.2} times the noise's"
            ));
        }
    }
    Ok(())
}

/// Names the mistake that explains the error, if one does.
fn other_uses(
    report: &mut Report,
    model: &Model,
    images: &[Tensor],
) -> Result<(), operators::Error> {
    let (stated, others) = alternatives(model, images, &TELLING)?;
    let Some(best) = others.first() else {
        return Ok(());
    };
    let _ = writeln!(
        report.words,
        "error/sigma² as it is used {stated:.4}; best other use ({}) {:.4}",
        best.change, best.error
    );
    // A use that does not denoise either explains nothing. NaN counts as a mistake.
    let sound = stated <= MISTAKEN * best.error || best.error >= 1.0;
    if !sound {
        report.faults.push(format!(
            "it denoises them better otherwise: {}, error {:.4} instead of {stated:.4}",
            best.change, best.error
        ));
    }
    Ok(())
}

/// Statistics of what the prior draws beside those of the images.
fn samples(
    report: &mut Report,
    model: &Model,
    images: &[Tensor],
    count: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let side = |n: i64| (n as usize).min(128);
    let size = images[0].size();
    let drawing = Drawing {
        count,
        size: [side(size[2]), side(size[3])],
        levels: 20,
        seed: 1,
    };
    let drawn = Statistics::of(draw(&drawing, &Planes(model), &model.card)?.iter().copied());
    let given: Result<Vec<Vec<f32>>, _> = images
        .iter()
        .map(|t| Vec::<f32>::try_from(t.contiguous().view([-1])))
        .collect();
    let given = Statistics::of(given?.into_iter().flatten());
    let _ = writeln!(report.words, "images: {given}\n{count} samples: {drawn}");
    let ratio = drawn.deviation / given.deviation;
    // NaN counts as a fault.
    let alike = ratio < UNLIKE && ratio > 1.0 / UNLIKE;
    if !alike {
        report.faults.push(format!(
            "what it draws deviates {ratio:.2} times as much as the images"
        ));
    }
    Ok(())
}
