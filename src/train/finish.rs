//! From a run's state to a prior: the averaged network, measured, with its card.

use super::TrainConfig;
use super::card::card;
use super::checkpoint::State;
use super::data::TrainError;
use super::evaluate::{HeldOut, evaluate};
use super::validation::Validation;
use crate::progress::Progress;
use crate::score::{Card, Model, NetworkCard, TrainingCard, digest, write_prior};
use std::path::Path;
use tch::{Device, Tensor};

/// Side of the held-out images of the denoising error on the card.
const SIDE: usize = 192;

/// The averaged network of a state, its card without the denoising error.
pub(super) fn averaged_model(
    config: &TrainConfig,
    state: &State,
    volumes: Option<&str>,
    network: &NetworkCard,
    device: Device,
) -> Result<Model, TrainError> {
    let tensors: Vec<(String, Tensor)> = state
        .adam
        .averaged()
        .into_iter()
        .map(|(name, t)| (name, t.copy()))
        .collect();
    let mut network = network.clone();
    network.parameters = tensors.iter().map(|(_, t)| t.numel()).sum();
    let training = TrainingCard {
        steps: state.step,
        images: state.step * config.batch,
        seed: config.seed,
        seconds: state.seconds.round(),
        extended_at: state.extended_at.clone(),
        validation: None,
        version: env!("CARGO_PKG_VERSION").into(),
    };
    let range = state.data_range.unwrap_or([0.0, 1.0]);
    let sha256 = digest(&tensors);
    let card = card(config, range, volumes, network, training, sha256);
    Ok(Model::new(&config.name, card, tensors, device)?)
}

/// Measures a model on images that no training sees and writes it to `output` with its card.
pub(super) fn finish(
    output: &Path,
    model: &Model,
    state: &State,
    config: &TrainConfig,
    validation: &Validation,
    progress: &Progress,
) -> Result<Card, TrainError> {
    let mut card = model.card.clone();
    let held_out = HeldOut::new(config.family, config.card_images, SIDE);
    card.levels = evaluate(model, config.sigma_range, &held_out, progress)
        .map_err(|e| TrainError::Config(format!("measuring the prior: {e}")))?;
    let seen = validation.card(model, [config.card_images, SIDE], progress)?;
    if let Some(training) = &mut card.training {
        training.validation = seen;
    }
    write_prior(output, &card, &state.adam.averaged())?;
    Ok(card)
}
