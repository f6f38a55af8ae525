//! Every verb and its arguments, as clap sees them.

mod evidence;
mod priors;
mod scans;

pub(super) use evidence::{Compare, Inspect, Protocol, ProtocolAction, Train, Validate};
pub(super) use priors::{CheckPrior, ConvertPrior, Prior, PriorAction, RunPrior, SamplePrior};
pub(super) use scans::{Apply, Phantom, Recon, Simulate};

use crate::score::Prediction;
use clap::{Parser, Subcommand};
use std::str::FromStr;

/// Medical images with error bars, from raw scanner data.
#[derive(Parser)]
#[command(version, about, after_help = EXAMPLES)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) verb: Verb,
}

const EXAMPLES: &str = "Examples:
  annulus inspect scan.h5
  annulus recon scan.h5 -p mri/cartesian -o out
  annulus simulate brain -p mri/brain-cartesian-r4 -o brain.h5
  annulus recon brain.h5 -p mri/brain-cartesian-r4 --truth brain.truth.nii.gz -o out
  annulus simulate head -p ct/head-sparse60 -o head
  annulus recon head -p ct/head-sparse60 --truth head.truth.nii.gz -o out
Exit codes: 0 done, 1 failed, 2 wrong arguments.";

#[derive(Subcommand)]
pub(super) enum Verb {
    /// Raw data to volume: the main job
    Recon(Recon),
    /// Raw data as a scanner would have written it, with the truth beside it
    Simulate(Simulate),
    /// A digital phantom, rasterised
    Phantom(Phantom),
    /// The operator of a protocol on an array: image to data or data to image, no noise
    Apply(Apply),
    /// Train a score model on procedural anatomy
    Train(Train),
    /// Score models: list them, check one
    Prior(Prior),
    /// The whole toolkit against digital phantoms and closed forms: one report, pass or fail
    Validate(Validate),
    /// Metrics of an image against a reference, each with its convention
    Compare(Compare),
    /// What a file is, in one screen
    Inspect(Inspect),
    /// Protocol files: the built-in ones, checks, the JSON schema
    Protocol(Protocol),
}

/// What `--format` takes.
const FORMATS: [&str; 6] = ["nifti", "hdf5", "png", "dicom", "npy", "npy-complex"];

/// What `--suite` takes.
const SUITES: [&str; 5] = ["mri", "ct", "guidance", "io", "all"];

/// What `--metrics` takes.
const METRICS: [&str; 6] = ["nmse", "psnr", "ssim", "nrmse", "phase", "hu"];

/// A finite number above 0.
fn above_zero(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|v: &f64| v.is_finite() && *v > 0.0)
        .ok_or_else(|| "expected a number above 0".into())
}

/// A count of at least 1.
fn positive(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|n| *n > 0)
        .ok_or_else(|| "expected a whole number from 1".into())
}

/// `auto`, `cpu`, `cuda`, `cuda:N`; whether it is there is known later.
fn device(text: &str) -> Result<String, String> {
    let number = text
        .strip_prefix("cuda:")
        .is_some_and(|n| n.parse::<usize>().is_ok());
    if number || ["auto", "cpu", "cuda"].contains(&text) {
        return Ok(text.to_owned());
    }
    Err("expected auto, cpu, cuda or cuda:N".into())
}

/// `A:B`.
fn range(text: &str) -> Result<(usize, usize), String> {
    match pair(text, ':') {
        Some([a, b]) if a < b => Ok((a, b)),
        _ => Err("expected A:B with A < B, for example 2:5 for slices 2, 3 and 4".into()),
    }
}

/// Two values with a sign between them.
fn pair<T: FromStr>(text: &str, sign: char) -> Option<[T; 2]> {
    let (a, b) = text.split_once(sign)?;
    Some([a.parse().ok()?, b.parse().ok()?])
}

/// The same, where blanks do not count.
fn spaced<T: FromStr>(text: &str, sign: char) -> Option<[T; 2]> {
    pair(&text.replace(' ', ""), sign)
}

/// `LOW,HIGH`.
fn interval(text: &str) -> Result<[f64; 2], String> {
    spaced(text, ',')
        .filter(|[a, b]: &[f64; 2]| a.is_finite() && b.is_finite() && a < b)
        .ok_or_else(|| "expected LOW,HIGH with LOW < HIGH, for example -1,1".into())
}

/// `ROWS,COLUMNS`.
fn size(text: &str) -> Result<[usize; 2], String> {
    spaced(text, ',')
        .or_else(|| spaced(text, 'x'))
        .filter(|size: &[usize; 2]| size.iter().all(|n| (4..=8192).contains(n)))
        .ok_or_else(|| "expected ROWS,COLUMNS, each from 4 to 8192".into())
}

/// What a network's output is.
fn prediction(text: &str) -> Result<Prediction, String> {
    match text {
        "noise" | "epsilon" => Ok(Prediction::Noise),
        "score" => Ok(Prediction::Score),
        "velocity" | "v" => Ok(Prediction::Velocity),
        "image" | "x0" => Ok(Prediction::Image),
        _ => Err("expected noise, score, velocity or image".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn ranges_are_half_open_and_not_empty() {
        assert_eq!(range("2:5"), Ok((2, 5)));
        assert!(range("5:2").is_err() && range("x").is_err() && range("3").is_err());
    }
}
