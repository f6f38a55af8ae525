//! The training loop: EDM loss, Adam, moving average, checkpoints; exact after a kill.

use super::TrainConfig;
use super::card::card;
use super::checkpoint::{State, load, save};
use super::data::{Images, TrainError};
use super::evaluate::{HeldOut, evaluate};
use super::optimiser::Adam;
use super::step::step;
use crate::progress::Progress;
use crate::score::{
    Card, Fresh, Model, NetworkCard, Preconditioning, TrainingCard, UNet, digest, write_prior,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tch::Device;

/// Trains the prior of `config` and writes it to `output`; goes on from `output`'s checkpoint.
pub fn train(
    config: &TrainConfig,
    output: &Path,
    device: Device,
    progress: &Progress,
    interrupted: &dyn Fn() -> bool,
) -> Result<Card, TrainError> {
    if let Some(problem) = config.problems().into_iter().next() {
        return Err(TrainError::Config(problem));
    }
    let checkpoint = PathBuf::from(format!("{}.checkpoint", output.display()));
    let images = Images::make(config, progress)?;
    let mut state = start(config, &checkpoint, &images, device)?;
    let network = network_card(config, state.sigma_data);
    let edm = Preconditioning::of(&network);

    let bar = progress.stage("training", config.steps() as u64);
    bar.set(state.step as u64);
    let (began, before) = (Instant::now(), state.seconds);
    let (mut saved, mut smooth) = (Instant::now(), f64::NAN);
    while state.step < config.steps() {
        let loss = step(config, &mut state, &images, &network, edm, device)?;
        smooth = if smooth.is_nan() {
            loss
        } else {
            0.99 * smooth + 0.01 * loss
        };
        state.seconds = before + began.elapsed().as_secs_f64();
        bar.message(&format!("loss {smooth:.4}"));
        bar.set(state.step as u64);
        let stop = interrupted();
        if stop || saved.elapsed().as_secs_f64() > config.checkpoint_seconds {
            save(&checkpoint, config, &state)?;
            saved = Instant::now();
        }
        if stop {
            let checkpoint = checkpoint.display().to_string();
            return Err(TrainError::Interrupted {
                step: state.step,
                checkpoint,
            });
        }
    }
    save(&checkpoint, config, &state)?;
    bar.finish();
    finish(
        config,
        output,
        &state,
        images.range(),
        network,
        device,
        progress,
    )
}

/// A fresh state, or the checkpoint's.
fn start(
    config: &TrainConfig,
    checkpoint: &Path,
    images: &Images,
    device: Device,
) -> Result<State, TrainError> {
    let rng = ChaCha8Rng::seed_from_u64(config.seed);
    let mut fresh = Fresh {
        device,
        rng,
        made: Vec::new(),
    };
    UNet::new(
        &mut fresh,
        &network_card(config, 1.0),
        config.family.channels(),
    );
    if checkpoint.exists() {
        let order: Vec<String> = fresh.made.iter().map(|(n, _)| n.clone()).collect();
        return load(checkpoint, config, &order, device);
    }
    let sigma_data = images.deviation();
    Ok(State {
        step: 0,
        seconds: 0.0,
        sigma_data,
        extended_at: Vec::new(),
        adam: Adam::new(fresh.made),
    })
}

fn network_card(config: &TrainConfig, sigma_data: f64) -> NetworkCard {
    NetworkCard {
        channels: config.channels.clone(),
        blocks: config.blocks.clone(),
        sigma_data,
        compand: config.family.compand(),
        parameters: 0,
    }
}

/// Measures the averaged network on held-out images and writes it with its card.
fn finish(
    config: &TrainConfig,
    output: &Path,
    state: &State,
    range: [f64; 2],
    mut network: NetworkCard,
    device: Device,
    progress: &Progress,
) -> Result<Card, TrainError> {
    let tensors = state.adam.averaged();
    network.parameters = tensors.iter().map(|(_, t)| t.numel()).sum();
    let training = TrainingCard {
        steps: state.step,
        images: state.step * config.batch,
        seed: config.seed,
        seconds: state.seconds.round(),
        extended_at: state.extended_at.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
    };
    let mut card = card(config, range, network, training, digest(&tensors));
    let copies = tensors
        .iter()
        .map(|(n, t)| (n.clone(), t.shallow_clone()))
        .collect();
    let model = Model::new(&config.name, card.clone(), copies, device)?;
    let held_out = HeldOut::new(config.family, 24, 192);
    card.levels = evaluate(&model, config.sigma_range, &held_out, progress)
        .map_err(|e| TrainError::Config(format!("measuring the prior: {e}")))?;
    write_prior(output, &card, &tensors)?;
    Ok(card)
}
