//! The weights of others as a prior of ours: one file with a card that says what they are.

mod convention;
mod weights;

use super::networks::{Asked, NetworkError, Options, Role, Source};
use super::weights::{PriorError, digest};
use super::{Card, Convention, Network, Prediction, PublishedCard};
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;
use tch::{Device, Kind, Tensor};
pub use weights::Weights;

/// What a file of weights does not say; each in place of what its family is usually trained with.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Name on the card; the weights' file name otherwise.
    pub name: Option<String>,
    /// What it was trained on.
    pub training_set: Option<String>,
    /// Network's values of image values 0 and 1.
    pub range: Option<[f64; 2]>,
    /// What the output is.
    pub predicts: Option<Prediction>,
    /// Complex images part by part through a network of magnitudes.
    pub parts: bool,
    /// The class that a reconstruction asks for.
    pub class: Option<i64>,
    /// One unit of a CT image in HU.
    pub unit_hu: Option<f64>,
    /// Quantile of the magnitude that is scaled to 1.
    pub quantile: Option<f64>,
}

/// A prior, not written yet.
pub struct Converted {
    /// Its card.
    pub card: Card,
    /// Its tensors, in the network's order.
    pub tensors: Vec<(String, Tensor)>,
    /// What the user should know of the conversion, a line each.
    pub remarks: Vec<String>,
}

/// The prior of `weights` with the network options of `config`; a diffusers folder brings its own.
///
/// Errors: no options, or such that describe no network; a file that is none of weights; every tensor
/// that is missing, unexpected or of another shape, in one list.
pub fn convert(
    path: &Path,
    config: Option<&str>,
    wishes: &Wishes,
) -> Result<Converted, PriorError> {
    let file = |why: String| PriorError::File {
        path: path.display().to_string(),
        why,
    };
    let mut opened = Weights::open(path).map_err(|e| file(e.to_string()))?;
    let config = config.or(opened.config()).ok_or_else(|| {
        file("the options of its network are missing: give --config CONFIG.json".into())
    })?;
    let mut json: Value = serde_json::from_str(&finite(config))
        .map_err(|e| file(format!("its options are no JSON: {e}")))?;
    let (mut options, unknown) = Options::from_value(&json).map_err(|e| file(e.to_string()))?;
    if let Options::Script(script) = &mut options {
        script.bytes = opened.bytes().map_err(|e| file(e.to_string()))?;
        json["bytes"] = script.bytes.into();
    }
    let convention = convention::of(&options, &json, opened.scheduler(), wishes).map_err(&file)?;
    fits(&options, &convention, wishes).map_err(&file)?;
    let channels = image_channels(&options, &convention).map_err(&file)?;

    let asked = options.asked().map_err(|e| file(e.to_string()))?;
    let (mut picked, from) = opened.pick(&asked).map_err(|e| file(e.to_string()))?;
    hold(&options, &picked).map_err(|e| file(e.to_string()))?;
    let published = PublishedCard {
        options: json,
        convention,
        parameters: parameters(&asked),
        origin: format!("{}: {from}", name_of(path)),
    };
    let tensors: Vec<(String, Tensor)> = asked
        .iter()
        .filter_map(|a| picked.remove_entry(&a.name))
        .collect();
    let mut remarks = Vec::new();
    if matches!(options, Options::Diffusers(_)) && opened.scheduler().is_none() {
        remarks.push("no scheduler_config.json was found: the noise is taken as that of Ho et al., 1000 steps, unless the network reads sigma".into());
    }
    if options.classes() > 0 && published.convention.class.is_none() {
        remarks.push(format!(
            "the network knows classes: reconstructions ask for none unless it is converted with --class 0 to {}",
            options.classes() - 1
        ));
    }
    let unread = convention::unread(unknown);
    if !unread.is_empty() {
        remarks.push(format!(
            "options that the network does not know were ignored: {}",
            unread.join(", ")
        ));
    }
    let card = card(path, channels, published, digest(&tensors), wishes);
    if let Some(problem) = card.problem() {
        return Err(file(problem));
    }
    Ok(Converted {
        card,
        tensors,
        remarks,
    })
}

/// Holds every name and shape against the network's, a module's bytes against libtorch.
fn hold(options: &Options, tensors: &HashMap<String, Tensor>) -> Result<(), NetworkError> {
    let copies = tensors.iter().map(|(n, t)| (n.clone(), t.shallow_clone()));
    let mut source = Source::loaded(copies.collect(), Kind::Float, Device::Cpu);
    options.build(&mut source)?;
    source.finish()?;
    Ok(())
}

fn parameters(asked: &[Asked]) -> usize {
    asked
        .iter()
        .filter(|a| a.role == Role::Parameter)
        .map(|a| a.shape.iter().product::<i64>() as usize)
        .sum()
}

/// Python writes infinity and what is no number where JSON has no word for them.
fn finite(json: &str) -> String {
    ["-Infinity", "Infinity", "NaN"]
        .iter()
        .fold(json.to_owned(), |json, word| {
            [": ", ":"].iter().fold(json, |json, colon| {
                json.replace(&format!("{colon}{word}"), &format!("{colon}null"))
            })
        })
}

/// Refuses networks that are no denoiser, classes that are not there, and HU without a range.
fn fits(options: &Options, convention: &Convention, wishes: &Wishes) -> Result<(), String> {
    let (channels, classes) = (options.channels(), options.classes());
    if let Some(outputs) = options.outputs().filter(|n| *n < channels) {
        return Err(format!(
            "the network takes {channels} channels and gives {outputs}: a denoiser gives as many or more"
        ));
    }
    match convention.class {
        Some(c) if classes == 0 => {
            return Err(format!("--class {c}: the network knows no classes"));
        }
        Some(c) if !(0..classes).contains(&c) => {
            return Err(format!(
                "--class {c}: the network knows classes 0 to {}",
                classes - 1
            ));
        }
        _ => {}
    }
    if let (Some(unit), None) = (wishes.unit_hu, wishes.range) {
        return Err(format!(
            "--unit-hu {unit}: say with --range what the network sees at 0 HU (water) and at {unit} HU, for example 0.5,1 where it \
             sees {} HU as 0",
            -unit
        ));
    }
    Ok(())
}

/// Channels of an image of this project: a complex one has two.
fn image_channels(options: &Options, convention: &Convention) -> Result<usize, String> {
    match (options.channels(), convention.parts) {
        (1, true) => Ok(2),
        (n, true) => Err(format!(
            "--parts sends real and imaginary part through a network of one channel, this one has {n}"
        )),
        (n, false) => Ok(n as usize),
    }
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |n| n.to_string_lossy().into_owned())
}

fn card(
    path: &Path,
    channels: usize,
    network: PublishedCard,
    weights_sha256: String,
    wishes: &Wishes,
) -> Card {
    let convention = &network.convention;
    let [low, high] = convention.range;
    let quantile = wishes.quantile.unwrap_or(0.995);
    let scale = match wishes.unit_hu {
        Some(unit) => format!("HU / {unit}: water is 0"),
        None => format!("magnitude divided by its {} % quantile", 100.0 * quantile),
    };
    Card {
        name: wishes.name.clone().unwrap_or_else(|| {
            path.file_stem()
                .map_or_else(|| "prior".into(), |n| n.to_string_lossy().into_owned())
        }),
        training_set: wishes
            .training_set
            .clone()
            .unwrap_or_else(|| "not stated: the weights of others, converted".into()),
        intended_use: "What its authors say of it; not for diagnosis.".into(),
        channels,
        normalisation: format!("{scale}; the network sees 0 as {low} and 1 as {high}"),
        unit_hu: wishes.unit_hu,
        quantile,
        quantile_value: 1.0,
        data_range: [0.0, 1.0],
        sigma_range: convention
            .diffusion
            .sigma_range()
            .map(|s| s / convention.gain()),
        network: Network::Published(network),
        training: None,
        levels: Vec::new(),
        weights_sha256,
    }
}
