//! Training goes on after a kill as if nothing had happened, and says what it learned.

use annulus::progress::Progress;
use annulus::score::Card;
use annulus::train::{TrainConfig, TrainError, train};
use std::cell::Cell;
use std::path::Path;
use tch::Device;

/// A run of seconds.
fn small() -> TrainConfig {
    TrainConfig {
        slices: 4,
        size: 48,
        channels: vec![6, 8],
        blocks: vec![1, 1],
        images: 80,
        batch: 4,
        crop: 32,
        late_crop: 40,
        ..TrainConfig::default()
    }
}

/// Trains, and is killed after `steps` steps.
fn run(config: &TrainConfig, output: &Path, steps: usize) -> Result<Card, TrainError> {
    let asked = Cell::new(0);
    let interrupted = || {
        asked.set(asked.get() + 1);
        asked.get() >= steps
    };
    train(config, output, Device::Cpu, &Progress::Silent, &interrupted)
}

#[test]
fn a_killed_run_ends_with_the_same_weights() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    let whole = run(&small(), &folder.path().join("whole"), usize::MAX).unwrap();
    let parted = folder.path().join("parted");
    match run(&small(), &parted, 7) {
        Err(TrainError::Interrupted { step: 7, .. }) => {}
        other => panic!("expected an interruption at step 7, got {:?}", other.err()),
    }
    assert!(!parted.exists(), "no prior before the end");
    let resumed = run(&small(), &parted, usize::MAX).unwrap();
    assert_eq!(whole.weights_sha256, resumed.weights_sha256);
    assert_eq!(resumed.levels.len(), 13);
    // Even this much training is better than handing the noise back at high noise.
    assert!(resumed.relative_error(4.0).unwrap() < 0.2);
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("prior");
    assert!(run(&small(), &output, 2).is_err());
    let other = TrainConfig { seed: 2, ..small() };
    let message = run(&other, &output, usize::MAX).unwrap_err().to_string();
    assert!(message.contains("another configuration"), "{message}");
}

#[test]
fn a_configuration_that_makes_no_sense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = TrainConfig {
        crop: 33,
        ..small()
    };
    let message = run(&config, &folder.path().join("p"), 2)
        .unwrap_err()
        .to_string();
    assert!(message.contains("multiple"), "{message}");
}

#[test]
fn a_finished_run_is_extended_and_the_card_says_so() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("prior");
    let short = run(&small(), &output, usize::MAX).unwrap();
    let longer = TrainConfig {
        images: 120,
        ..small()
    };
    assert!(run(&longer, &output, 3).is_err(), "interrupted");
    let long = run(&longer, &output, usize::MAX).unwrap();
    assert_ne!(long.weights_sha256, short.weights_sha256);
    let (long, short) = (long.training.unwrap(), short.training.unwrap());
    assert_eq!((long.steps, short.steps), (30, 20));
    assert_eq!(long.extended_at, [20]);
    let message = run(&small(), &output, usize::MAX).unwrap_err().to_string();
    assert!(message.contains("fewer images"), "{message}");
}
