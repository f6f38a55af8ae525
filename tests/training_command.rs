//! `annulus train` as a user meets it: killed by the system, shipped on the way, with its pictures.

use crate::cli::{annulus, done, error_line, names};
use crate::training::without_speed;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const TINY: &str = "
name = \"tiny\"
slices = 4
size = 48
channels = [6, 8]
blocks = [1, 1]
images = 160
batch = 4
crop = 32
late_crop = 40
curve_images = 4
validation_images = 0
sample_images = 80
card_images = 1
checkpoint_seconds = 0
";
const TRAIN: [&str; 7] = [
    "train",
    "-p",
    "tiny.toml",
    "-o",
    "tiny.prior",
    "--threads",
    "1",
];

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tiny.toml"), TINY).unwrap();
    folder
}

/// The curves; none before there are any.
fn curves(at: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(at.join("tiny.prior.curves.csv")).unwrap_or_default();
    without_speed(&text)
}

#[test]
fn a_run_that_the_system_kills_goes_on_with_the_same_losses() {
    let (whole, parted) = (folder(), folder());
    done(whole.path(), &TRAIN);
    let mut child = Command::new(env!("CARGO_BIN_EXE_annulus-engine"))
        .args(TRAIN)
        .current_dir(parted.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while curves(parted.path()).len() < 6 && began.elapsed() < Duration::from_secs(300) {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success(), "killed before its end");
    assert!(!parted.path().join("tiny.prior").exists());
    done(parted.path(), &TRAIN);
    let rows = curves(whole.path());
    assert_eq!(rows.len(), 41);
    assert_eq!(curves(parted.path()), rows);
}

#[test]
fn a_run_leaves_its_curves_and_samples_and_ships_on_the_way() {
    let folder = folder();
    let at = folder.path();
    let refused = annulus(at, &[&TRAIN[..], &["--ship"]].concat());
    assert!(error_line(&refused).contains("no checkpoint to ship"));
    let said = done(at, &TRAIN);
    assert!(
        said.contains("tiny: ") && said.contains("160 images"),
        "{said}"
    );
    let left = names(at);
    for kind in [
        "checkpoint",
        "curves.csv",
        "curves.png",
        "samples-00000080.png",
    ] {
        assert!(left.contains(&format!("tiny.prior.{kind}")), "{left:?}");
    }
    let said = done(at, &[&TRAIN[..], &["--ship", "--force"]].concat());
    assert!(said.contains("160 images"), "{said}");
}
