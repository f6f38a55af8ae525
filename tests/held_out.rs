//! The texture that the data choose, and what the mean is taken of.

use crate::cli::{BRAIN, BRIDGE, annulus, done};
use crate::stopped::interrupt;
use annulus::io::read_volume;
use ndarray::{Array2, Axis};
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

/// Two slices of 96 x 96, four coils, every second line, 16 of them in the middle.
fn scanned() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let simulate = ["simulate", "brain", "-p", BRAIN, "-o", "scan.h5"];
    let small = [
        "acquisition.cartesian.matrix=[96, 96]",
        "acquisition.cartesian.coils=4",
        "acquisition.cartesian.acceleration=2",
        "acquisition.cartesian.calibration_lines=16",
        "acquisition.cartesian.slices=2",
    ];
    let small = small.map(|key| ["--set", key]).concat();
    done(folder.path(), &[&simulate[..], &small].concat());
    folder
}

fn report(at: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(at.join("out/report.json")).unwrap()).unwrap()
}

const FEW: [&str; 7] = [
    "--force",
    "--samples",
    "3",
    "--set",
    "method.bridge.levels=8",
    "--set",
    "sensitivities.espirit.calibration=16",
];

#[test]
fn the_texture_is_found_on_measurements_left_out_and_told() {
    let folder = scanned();
    let at = folder.path();
    done(at, &[&BRIDGE[..], &FEW, &["--slices", "1:2"]].concat());
    let found = report(at);
    let texture = &found["prior"]["texture"];
    let trials = texture["trials"].as_array().unwrap();
    assert!((1..=4).contains(&trials.len()), "{texture}");
    assert_eq!(trials[0]["tau"], 0.0);
    let ratio = |t: &Value| t["spread_over_error"].as_f64().unwrap();
    // The one that was chosen is nearest to 1.
    let off = |t: &Value| (ratio(t) - 1.0).abs();
    let chosen = trials.iter().find(|t| t["tau"] == texture["tau"]).unwrap();
    assert!(trials.iter().all(|t| off(t) >= off(chosen)), "{texture}");
    let page = std::fs::read_to_string(at.join("out/report.html")).unwrap();
    assert!(page.contains("by measurements left out"));
    assert_eq!(texture["rule"], "held-out");
    assert_eq!(texture["network_evaluations"], trials.len() * 4 * 8);

    // The same whatever is drawn: the rule looks at the middle slice with samples of its own.
    done(
        at,
        &[&BRIDGE[..], &FEW, &["--slices", "0:1", "--batch", "1"]].concat(),
    );
    assert_eq!(&report(at)["prior"]["texture"], texture);

    // Other methods take the prior as it is.
    let dps = ["--method", "dps", "--set", "method.dps.steps=2"];
    let plain: Vec<&str> = BRIDGE
        .iter()
        .copied()
        .filter(|a| !["--method", "bridge"].contains(a))
        .collect();
    done(at, &[&plain[..], &FEW, &dps].concat());
    let plain = &report(at)["prior"]["texture"];
    assert_eq!(
        (&plain["tau"], &plain["rule"]),
        (&0.0.into(), &"held-out-not-for-this-method".into())
    );

    // What can be refused is refused before the trials.
    let again = annulus(at, &[&BRIDGE[..], &FEW[1..]].concat());
    assert_eq!(again.code, 1);
    assert!(!again.stderr.contains("texture"), "{}", again.stderr);
}

/// Stopped during the search it goes on with the trials that were made.
#[test]
fn a_search_that_is_interrupted_goes_on() {
    let folder = scanned();
    let at = folder.path();
    let line = [&BRIDGE[..], &FEW, &["--slices", "1:2"]].concat();
    let stopped = || {
        let run = interrupt(at, &line, "texture.json");
        assert!(run.stderr.contains("interrupted"), "{run:?}");
    };
    let resumed = || {
        let line = [&line[..], &["--resume"]].concat();
        done(at, &line);
        report(at)["prior"]["texture"].clone()
    };
    stopped();
    let goes_on = resumed();
    done(at, &line);
    assert_eq!(report(at)["prior"]["texture"], goes_on);

    std::fs::remove_dir_all(at.join("out")).unwrap();
    stopped();
    // The trials are those of the file: this one says that nothing is missing.
    let kept = at.join("out/.parts/texture.json");
    std::fs::write(kept, r#"[{"tau": 0.0, "spread_over_error": 1.0}]"#).unwrap();
    let found = resumed();
    assert_eq!(
        (&found["tau"], found["trials"].as_array().unwrap().len()),
        (&0.0.into(), 1)
    );
}

/// With a texture the mean is that of conditional means, which draw none; without, that of the samples.
#[test]
fn the_mean_does_not_draw_the_texture() {
    let folder = scanned();
    let at = folder.path();
    let image = |name: &str| -> Array2<f32> {
        let volume = read_volume(&at.join("out").join(name)).unwrap().data;
        volume.index_axis(Axis(0), 0).to_owned()
    };
    // Of complex images the mean is shown by its magnitude: the complex samples are in the HDF5 file.
    let apart = |texture: &str| {
        let set = format!("prior.texture={texture}");
        done(
            at,
            &[
                &BRIDGE[..],
                &FEW,
                &["--format", "nifti,hdf5", "--set", &set],
            ]
            .concat(),
        );
        let file = hdf5::File::open(at.join("out/result.h5")).unwrap();
        let samples: ndarray::Array4<num_complex::Complex32> =
            file.dataset("samples").unwrap().read().unwrap();
        let mean = samples.mean_axis(Axis(0)).unwrap();
        let mean = mean.index_axis(Axis(0), 0).mapv(|z| z.norm());
        let off = (&image("mean.nii.gz") - &mean).mapv(|d| d * d).sum().sqrt();
        (
            off / mean.mapv(|m| m * m).sum().sqrt(),
            image("std.nii.gz").mean().unwrap(),
        )
    };
    let (same, narrow) = apart("0.0");
    assert!(same < 1e-5, "{same}");
    let (other, wide) = apart("0.15");
    assert!((0.005..0.2).contains(&other), "{other}");
    assert!(wide > 1.3 * narrow, "{wide}, {narrow}");
}

#[test]
fn a_scan_that_can_spare_nothing_is_reconstructed_and_says_so() {
    let folder = crate::cli::scanned();
    let at = folder.path();
    let said = done(
        at,
        &[
            &BRIDGE[..],
            &["--set", "method.bridge.levels=2", "--samples", "2"],
        ]
        .concat(),
    );
    assert!(
        said.contains("too few samples lie outside of the calibration region"),
        "{said}"
    );
    assert_eq!(report(at)["prior"]["texture"]["tau"], 0.0);
    let bad = annulus(
        at,
        &[&BRIDGE[..], &["--set", "prior.texture=some"]].concat(),
    );
    assert_eq!(bad.code, 1, "{bad:?}");
    assert!(bad.stderr.contains("a number or \"held-out\""), "{bad:?}");
}
