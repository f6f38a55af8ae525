//! Blind reconstructions as a user runs them: what the protocol or the file says wrongly is found, with the
//! image, and the image is better for it.

use crate::cli::{BRAIN, BRIDGE, done, scanned, unlocked};
use crate::ct_path::{HEAD, SMALL};
use crate::stopped::assert_resumes;
use serde_json::Value;
use std::path::Path;

const QUICK: [&str; 6] = ["--samples", "2", "--format", "npy", "--threads", "1"];

/// The report of a reconstruction of `input`, named `out`.
fn report(at: &Path, [input, protocol, out]: [&str; 3], more: &[&str]) -> Value {
    let line = ["recon", input, "-p", protocol, "-o", out];
    done(at, &[&line[..], &QUICK, more].concat());
    serde_json::from_slice(&std::fs::read(at.join(out).join("report.json")).unwrap()).unwrap()
}

fn set(arguments: &[&'static str]) -> Vec<&'static str> {
    arguments.iter().flat_map(|a| ["--set", *a]).collect()
}

fn misfit(report: &Value) -> f64 {
    report["slices"][0]["misfit"].as_f64().unwrap()
}

/// Of the method itself, which comes first.
fn rmse_hu(report: &Value) -> f64 {
    report["hu"][0][1]["rmse_hu"].as_f64().unwrap()
}

fn values(report: &Value, key: &str) -> Vec<f64> {
    let nuisance = &report["slices"][0]["nuisance"];
    let values = nuisance[key]
        .as_array()
        .unwrap_or_else(|| panic!("{report:#}"));
    values.iter().map(|v| v.as_f64().unwrap()).collect()
}

fn first_level(report: &Value) -> f64 {
    report["slices"][0]["first_level"].as_f64().unwrap()
}

/// The error, and how far the misfit is from 1, are at most these shares of those without.
fn assert_better(blind: &Value, plain: &Value, errors: [f64; 2], shares: [f64; 2]) {
    let [ours, theirs] = errors;
    assert!(ours < shares[0] * theirs, "{ours} not {theirs}");
    let (ours, theirs) = (misfit(blind), misfit(plain));
    assert!(
        (ours - 1.0).abs() < shares[1] * (theirs - 1.0).abs(),
        "{ours} {theirs}"
    );
    assert!(plain["slices"][0].get("nuisance").is_none());
    assert_eq!(blind["claim"], "approximate");
}

#[test]
fn a_kernel_is_found_with_the_image() {
    let folder = tempfile::tempdir().unwrap();
    let (at, protocol) = (folder.path(), "imaging/blur-motion");
    let small = set(&["image.matrix=[48, 48]", "image.pixel_mm=2.8"]);
    let scan = ["simulate", "head", "-p", protocol, "-o", "data.npy"];
    let really = set(&["forward.blur.kernel.motion.length_pixels=4"]);
    done(at, &[&scan[..], &small, &really].concat());
    let common = [&small[..], &["--truth", "data.truth.nii.gz"]].concat();
    let wrong = set(&["forward.blur.kernel.motion.length_pixels=8"]);
    let plain = report(
        at,
        ["data.npy", protocol, "plain"],
        &[&common[..], &wrong].concat(),
    );
    let nuisance = set(&[
        "nuisance.kernel={size_pixels=11, weight_std=0.06}",
        "method.bridge.rounds=4",
    ]);
    let more = [&common[..], &wrong, &nuisance].concat();
    let blind = report(at, ["data.npy", protocol, "blind"], &more);
    assert_better(&blind, &plain, [&blind, &plain].map(rmse_hu), [0.6, 0.3]);
    // What the kernel leaves open of the image: the rule starts above what errs.
    let [start, alone] = [&blind, &plain].map(first_level);
    assert!(start > 2.0 * alone, "{start} {alone}");
    let mean = values(&blind, "mean");
    assert!((mean.iter().sum::<f64>() - 1.0).abs() < 1e-5);
    // Most of the light lies within 3 pixels of the middle, where a kernel of 8 pixels has 5/8 of it.
    let side = (mean.len() as f64).sqrt() as usize;
    let away = |i: usize| {
        let [y, x] = [i / side, i % side].map(|j| j as f64 - (side / 2) as f64);
        y.hypot(x)
    };
    let near: f64 = (0..mean.len())
        .filter(|i| away(*i) < 3.0)
        .map(|i| mean[i])
        .sum();
    assert!(near > 0.85, "{near}: {mean:.3?}");
    // As published it moves both too; its misfit is a matter of zeta.
    let published = ["method.dps={zeta=0.3, steps=60, samples=2}", "run=dps"];
    let more = [&common[..], &wrong, &nuisance, &set(&published)].concat();
    let published = report(at, ["data.npy", protocol, "published"], &more);
    assert!(rmse_hu(&published) < 0.6 * rmse_hu(&plain));
    let page = std::fs::read_to_string(at.join("blind/report.html")).unwrap();
    assert!(page.contains("Unknown beside the image: kernel"));
}

/// Adds to the column of the axis that a file says; the column that it said.
fn moved_column(path: &Path, by: f64) -> f64 {
    let file = unlocked().open_rw(path).unwrap();
    let says = file.group("annulus").unwrap();
    let says = says.attr("centre_column").unwrap();
    let column = says.read_scalar::<f64>().unwrap();
    says.write_scalar(&(column + by)).unwrap();
    column
}

#[test]
fn a_centre_is_found_with_the_image() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let scan = ["simulate", "head", "-p", HEAD, "-o", "scan.h5"];
    done(at, &[&scan[..], &SMALL].concat());
    // The file says a column that is 1.5 off.
    let column = moved_column(&at.join("scan.h5"), 1.5);
    let common = [&SMALL[..], &["--truth", "scan.truth.nii.gz"]].concat();
    let plain = report(at, ["scan.h5", HEAD, "plain"], &common);
    let nuisance = set(&["nuisance.centre.std_columns=1.0", "method.bridge.rounds=4"]);
    let more = [&common[..], &nuisance].concat();
    let blind = report(at, ["scan.h5", HEAD, "blind"], &more);
    assert_better(&blind, &plain, [&blind, &plain].map(rmse_hu), [0.5, 0.1]);
    let found = values(&blind, "mean")[0];
    assert!((found - column).abs() < 0.05, "{found}, really {column}");
    // Samples have the same bits in any batches.
    let alone = report(
        at,
        ["scan.h5", HEAD, "alone"],
        &[&more[..], &["--batch", "1"]].concat(),
    );
    for key in ["mean", "std"] {
        assert_eq!(values(&alone, key), values(&blind, key));
    }
    let bits = |out: &str| std::fs::read(at.join(out).join("mean.npy")).unwrap();
    assert_eq!(bits("alone"), bits("blind"));
}

#[test]
fn coils_are_found_with_the_image() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let small = set(&[
        "acquisition.cartesian.matrix=[96, 96]",
        "acquisition.cartesian.slices=1",
        "acquisition.cartesian.calibration_lines=12",
        "acquisition.cartesian.acceleration=4",
        "acquisition.cartesian.snr=60",
        "acquisition.cartesian.coil_maps=loops",
    ]);
    let scan = [
        "simulate", "brain", "-p", BRAIN, "-o", "scan.h5", "--seed", "1",
    ];
    done(at, &[&scan[..], &small].concat());
    // Sensitivities from a calibration that is too small for them; no texture that answers for it.
    let poor = set(&[
        "prior.texture=0",
        "sensitivities.espirit.calibration=6",
        "sensitivities.espirit.kernel=3",
        "method.bridge.levels=30",
        "method.bridge.cg_iterations=20",
    ]);
    let common = [&poor[..], &["--truth", "scan.truth.nii.gz"]].concat();
    let plain = report(at, ["scan.h5", BRAIN, "plain"], &common);
    let nuisance = set(&[
        "nuisance.sensitivities={order=6, relative_std=0.3}",
        "method.bridge.rounds=3",
    ]);
    let more = [&common[..], &nuisance].concat();
    let blind = report(at, ["scan.h5", BRAIN, "blind"], &more);
    let error = |r: &Value| r["metrics"]["nmse"].as_f64().unwrap();
    assert_better(&blind, &plain, [&blind, &plain].map(error), [0.9, 0.4]);
    let changes = values(&blind, "mean");
    assert_eq!(changes.len(), 8);
    assert!(
        changes.iter().all(|c| (0.001..0.5).contains(c)),
        "{changes:?}"
    );
}

/// The coefficients of finished slices are kept with their images.
#[test]
fn an_interrupted_blind_run_goes_on() {
    let coils = set(&["nuisance.sensitivities={order=1, relative_std=0.1}"]);
    assert_resumes(scanned().path(), &[&BRIDGE[..], &coils].concat());
}
