//! Training goes on after a kill as if nothing had happened, and says what it learned.

use annulus::progress::Progress;
use annulus::score::Card;
use annulus::train::{Event, Flow, Schedule, TrainConfig, TrainError, ship, train};
use std::path::{Path, PathBuf};
use tch::Device;

/// A run of seconds.
pub(crate) fn small() -> TrainConfig {
    TrainConfig {
        slices: 4,
        size: 48,
        channels: vec![6, 8],
        blocks: vec![1, 1],
        images: 80,
        batch: 4,
        crop: 32,
        late_crop: 40,
        warmup_images: 20,
        curve_images: 12,
        validation_images: 40,
        sample_images: 0,
        card_images: 1,
        ..TrainConfig::default()
    }
}

/// Trains, and is stopped after `steps` steps; the losses by step, in bits.
pub(crate) fn run(
    config: &TrainConfig,
    output: &Path,
    steps: usize,
) -> (Result<Card, TrainError>, Vec<(usize, u64)>) {
    let mut losses = Vec::new();
    let mut observer = |event: Event| {
        if let Event::Step { step, loss } = event {
            losses.push((step, loss.to_bits()));
        }
        Ok(if losses.len() >= steps {
            Flow::Stop
        } else {
            Flow::Continue
        })
    };
    let card = train(
        config,
        output,
        Device::Cpu,
        &Progress::Silent,
        &mut observer,
    );
    (card, losses)
}

/// `PRIOR.kind`.
fn beside(output: &Path, kind: &str) -> PathBuf {
    PathBuf::from(format!("{}.{kind}", output.display()))
}

fn curves(output: &Path) -> Vec<Vec<String>> {
    without_speed(&std::fs::read_to_string(beside(output, "curves.csv")).unwrap())
}

/// The lines of the curves without their speed.
pub(crate) fn without_speed(text: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| -> Vec<String> {
        let cells = line.split(',').enumerate();
        cells
            .filter(|(n, _)| *n != 4)
            .map(|(_, c)| c.to_owned())
            .collect()
    };
    text.lines().map(cells).collect()
}

#[test]
fn a_killed_run_has_the_losses_and_weights_of_an_uninterrupted_one() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    // All images are drawn anew on the way, too.
    let config = TrainConfig {
        redraw_images: 36,
        ..small()
    };
    let at = folder.path().join("whole");
    let (whole, all) = run(&config, &at, usize::MAX);
    let whole = whole.unwrap();
    let parted = folder.path().join("parted");
    let mut losses = Vec::new();
    for steps in [7, 5] {
        let (stopped, some) = run(&config, &parted, steps);
        assert!(matches!(stopped, Err(TrainError::Interrupted { .. })));
        assert!(!parted.exists(), "no prior before the end");
        losses.extend(some);
    }
    let (resumed, rest) = run(&config, &parted, usize::MAX);
    losses.extend(rest);
    let resumed = resumed.unwrap();
    assert_eq!(all.len(), 20);
    assert_eq!(losses, all);
    assert_eq!(whole.weights_sha256, resumed.weights_sha256);
    assert_eq!(curves(&at), curves(&parted));
    assert_eq!(resumed.levels.len(), 13);
    // Even this much training is better than handing the noise back at high noise.
    assert!(resumed.relative_error(4.0).unwrap() < 0.2);
}

/// A kill leaves whatever was written last: a step before the one that was reached.
#[test]
fn a_run_that_was_killed_without_a_word_repeats_the_steps_after_its_checkpoint() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("prior");
    let (_, first) = run(&small(), &output, 6);
    let checkpoint = std::fs::read(beside(&output, "checkpoint")).unwrap();
    let (_, later) = run(&small(), &output, 5);
    std::fs::write(beside(&output, "checkpoint"), checkpoint).unwrap();
    let (done, again) = run(&small(), &output, usize::MAX);
    done.unwrap();
    assert_eq!((first.len(), again[0].0), (6, 6));
    assert_eq!(again[..5], later);
    // Lines of the curves beyond the checkpoint are not there twice.
    let steps: Vec<String> = curves(&output)[1..].iter().map(|r| r[0].clone()).collect();
    assert_eq!(steps, ["3", "6", "9", "10", "12", "15", "18", "20"]);
}

#[test]
fn the_curves_hold_the_validation_error_and_have_a_picture() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("prior");
    run(&small(), &output, usize::MAX).0.unwrap();
    let rows = curves(&output);
    assert_eq!(rows[0][..4], ["step", "images", "loss", "rate"]);
    assert!(rows[0].last().unwrap().starts_with("error_at_"));
    let measured = rows[1..].iter().filter(|r| !r[4].is_empty());
    // After 40 and after 80 crops.
    assert_eq!(measured.count(), 2, "{rows:?}");
    assert!(beside(&output, "curves.png").exists());
}

#[test]
fn samples_come_when_they_are_due() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    let config = TrainConfig {
        sample_images: 32,
        ..small()
    };
    let mut seen = Vec::new();
    let mut observer = |event: Event| {
        if let Event::Samples { model, images, .. } = event {
            assert_eq!(model.card.channels, 2);
            seen.push(images);
        }
        Ok(Flow::Continue)
    };
    let output = folder.path().join("prior");
    train(
        &config,
        &output,
        Device::Cpu,
        &Progress::Silent,
        &mut observer,
    )
    .unwrap();
    assert_eq!(seen, [32, 64]);
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("prior");
    assert!(run(&small(), &output, 2).0.is_err());
    let other = TrainConfig { seed: 2, ..small() };
    let message = run(&other, &output, usize::MAX).0.unwrap_err().to_string();
    assert!(message.contains("another configuration"), "{message}");
    // How often it is looked at is no other run.
    let same = TrainConfig {
        curve_images: 20,
        checkpoint_seconds: 5.0,
        ..small()
    };
    assert!(run(&same, &output, usize::MAX).0.is_ok());
}

/// The error names the step, and the run goes on at a smaller rate; the card says so.
#[test]
fn a_rate_that_is_too_large_spoils_no_checkpoint() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("prior");
    assert!(run(&small(), &output, 2).0.is_err());
    let checkpoint = beside(&output, "checkpoint");
    let before = std::fs::read(&checkpoint).unwrap();
    let rash = TrainConfig {
        learning_rate: 1e3,
        checkpoint_seconds: 1e9,
        ..small()
    };
    let error = run(&rash, &output, usize::MAX).0.unwrap_err();
    let message = error.to_string();
    assert!(message.contains("lower learning_rate"), "{message}");
    let diverged = |e: &TrainError| matches!(e, TrainError::Diverged { step: 2..10, .. });
    assert!(diverged(&error), "{message}");
    assert_eq!(std::fs::read(&checkpoint).unwrap(), before);
    let slower = TrainConfig {
        learning_rate: small().learning_rate / 2.0,
        ..small()
    };
    let card = run(&slower, &output, usize::MAX).0.unwrap();
    assert_eq!(card.training.unwrap().extended_at, [2]);
}

#[test]
fn a_configuration_that_makes_no_sense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = TrainConfig {
        crop: 33,
        ..small()
    };
    let message = run(&config, &folder.path().join("p"), 2)
        .0
        .unwrap_err()
        .to_string();
    assert!(message.contains("multiple"), "{message}");
}

#[test]
fn a_finished_run_is_extended_and_the_card_says_so() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("prior");
    let short = run(&small(), &output, usize::MAX).0.unwrap();
    let longer = TrainConfig {
        images: 120,
        ..small()
    };
    assert!(run(&longer, &output, 3).0.is_err(), "interrupted");
    let long = run(&longer, &output, usize::MAX).0.unwrap();
    assert_ne!(long.weights_sha256, short.weights_sha256);
    let steps = |card: &Card| card.training.as_ref().unwrap().steps;
    assert_eq!((steps(&long), steps(&short)), (30, 20));
    assert_eq!(long.training.unwrap().extended_at, [20]);
    let message = run(&small(), &output, usize::MAX)
        .0
        .unwrap_err()
        .to_string();
    assert!(message.contains("raise `images`"), "{message}");
}

#[test]
fn at_a_constant_rate_the_length_may_change_on_the_way() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    let constant = |images: usize| TrainConfig {
        schedule: Schedule::Constant,
        images,
        ..small()
    };
    let (whole, all) = run(&constant(80), &folder.path().join("whole"), usize::MAX);
    let output = folder.path().join("parted");
    let (_, first) = run(&constant(400), &output, 9);
    let (card, rest) = run(&constant(80), &output, usize::MAX);
    let card = card.unwrap();
    assert_eq!([first, rest].concat(), all);
    assert_eq!(card.weights_sha256, whole.unwrap().weights_sha256);
    assert!(card.training.unwrap().extended_at.is_empty());
}

#[test]
fn a_prior_can_be_shipped_on_the_way() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("prior");
    let message = ship(&small(), &output, Device::Cpu, &Progress::Silent)
        .unwrap_err()
        .to_string();
    assert!(message.contains("no checkpoint"), "{message}");
    let (_, first) = run(&small(), &output, 6);
    let early = ship(&small(), &output, Device::Cpu, &Progress::Silent).unwrap();
    assert_eq!(
        (early.training.as_ref().unwrap().steps, early.levels.len()),
        (6, 13)
    );
    assert!(output.exists());
    let (whole, rest) = run(&small(), &output, usize::MAX);
    assert_eq!(
        (
            whole.unwrap().training.unwrap().steps,
            first.len() + rest.len()
        ),
        (20, 20)
    );
}
