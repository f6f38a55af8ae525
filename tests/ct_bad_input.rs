//! Tomographic scans and requests that cannot be: one line that names the thing, and no output.

use crate::cli::{BRAIN, assert_refused, done, names, scanned, unlocked};
use crate::ct_path::{HEAD, RECON, SMALL, scanned_head, simulate};
use annulus::io::read_volume;
use ndarray::{ArrayD, s};
use serde_json::Value;
use std::path::Path;

/// Changes values of a dataset of a copy of `file.h5`.
fn changed(folder: &Path, name: &str, dataset: &str, change: impl Fn(&mut ArrayD<f32>)) {
    let path = folder.join(name);
    std::fs::copy(folder.join("file.h5"), &path).unwrap();
    let file = unlocked().open_rw(&path).unwrap();
    let values = file.dataset(dataset).unwrap();
    let mut all: ArrayD<f32> = values.read_dyn().unwrap();
    change(&mut all);
    values.write(&all).unwrap();
}

/// A copy of the folder `scan`.
fn copied(folder: &Path, name: &str) {
    std::fs::create_dir(folder.join(name)).unwrap();
    for view in names(&folder.join("scan")) {
        let to = folder.join(name).join(&view);
        std::fs::copy(folder.join("scan").join(view), to).unwrap();
    }
}

fn refused(folder: &Path, input: &str, more: &[&str], words: &[&str]) {
    let line = [&RECON[..], &SMALL, &[input, "-o", "out"], more].concat();
    assert_refused(folder, &line, words);
}

#[test]
fn damaged_views_are_refused_by_name() {
    let folder = scanned_head(&[]);
    let at = folder.path();
    copied(at, "missing");
    std::fs::remove_file(at.join("missing/000005.dcm")).unwrap();
    copied(at, "short");
    std::fs::remove_file(at.join("short/000040.dcm")).unwrap();
    copied(at, "cut");
    let view = std::fs::read(at.join("scan/000007.dcm")).unwrap();
    std::fs::write(at.join("cut/000007.dcm"), &view[..view.len() - 50]).unwrap();
    copied(at, "stub");
    std::fs::write(at.join("stub/000007.dcm"), &view[..300]).unwrap();
    std::fs::create_dir(at.join("empty")).unwrap();
    for (input, words) in [
        ("missing", &["InstanceNumber 5", "a view is missing"][..]),
        ("short", &["40 views", "39"]),
        ("cut", &["cut/000007.dcm", "truncated"]),
        ("stub", &["stub/000007.dcm", "truncated"]),
        ("empty", &["a folder with 0 other files"]),
        ("nowhere", &["no such file"]),
        ("scan.truth.nii.gz", &["raw CT data", "NIfTI"]),
    ] {
        let words = [&[input][..], words].concat();
        refused(at, input, &["--method", "fbp"], &words);
    }
}

#[test]
fn impossible_numbers_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    simulate(at, "head", "file.h5", &[]);
    let [data, flats] = ["exchange/data", "exchange/data_white"];
    changed(at, "nan.h5", data, |a| a[[3, 0, 5]] = f32::NAN);
    changed(at, "endless.h5", flats, |a| a[[2, 0, 7]] = f32::INFINITY);
    changed(at, "unlit.h5", flats, |a| a.fill(0.0));
    changed(at, "closed.h5", data, |a| a.fill(0.0));
    changed(at, "radians.h5", "exchange/theta", |a| {
        a.mapv_inplace(f32::to_radians);
    });
    let whole = std::fs::read(at.join("file.h5")).unwrap();
    std::fs::write(at.join("cut.h5"), &whole[..whole.len() / 2]).unwrap();
    for (input, words) in [
        (
            "nan.h5",
            &["NaN", "the projections", "view", "3", "bin 5"][..],
        ),
        ("endless.h5", &["inf", "the flat frames", "2", "bin 7"]),
        ("unlit.h5", &["flats of slice 0 that are zero"]),
        ("radians.h5", &["degrees", "look like radians"]),
        ("cut.h5", &["truncated"]),
    ] {
        let words = [&[input][..], words].concat();
        refused(at, input, &["--method", "fbp"], &words);
    }
    let words = ["no projection is brighter than the darks"];
    refused(at, "closed.h5", &["--method", "fbp"], &words);
}

#[test]
fn requests_that_do_not_fit_are_refused_by_name() {
    let folder = scanned_head(&[]);
    let at = folder.path();
    let mri = scanned();
    std::fs::copy(mri.path().join("scan.h5"), at.join("brain.h5")).unwrap();
    for (more, words) in [
        (
            &["--set", "preparation.photons=0"][..],
            &["photons", "above 0"][..],
        ),
        (
            &["--set", "prior.model=brain-local"],
            &["brain-local", "complex", "real"],
        ),
        (&["--method", "cg-sense"], &["cg-sense", "ct", "pwls-tv"]),
        (&["--slices", "0:2"], &["--slices 0:2", "0:1"]),
        (
            &["--set", "preparation.views=[5, 60]"],
            &["preparation.views", "0 to 39"],
        ),
        (
            &["--set", "image.pixel_mm=40"],
            &["image.pixel_mm", "source"],
        ),
        (&["--truth", "brain.h5"], &["brain.h5", "NIfTI"]),
    ] {
        refused(at, "scan", more, words);
    }
    // The data of one modality, the protocol of the other.
    refused(
        at,
        "brain.h5",
        &[],
        &["brain.h5", "raw CT data", "raw MRI data"],
    );
    let brain = ["recon", "-p", BRAIN, "-o", "out"];
    let head_local = ["--set", "prior.model=head-local"];
    for (more, words) in [
        (&["scan"][..], &["scan", "raw MRI data", "raw CT data"][..]),
        (
            &["brain.h5", "--method", "fbp"],
            &["fbp", "mri", "cg-sense"],
        ),
        (
            &[&["brain.h5"][..], &head_local].concat(),
            &["head-local", "real", "complex"],
        ),
    ] {
        assert_refused(at, &[&brain[..], more].concat(), words);
    }
    let simulate = ["simulate", "-p", HEAD, "-o", "out"];
    for (more, words) in [
        (
            &["head", "--set", "acquisition.fan.energy_kev=500"][..],
            &["energy_kev", "40 to 140 keV"][..],
        ),
        (
            &["head", "--set", "acquisition.fan.photons=0"],
            &["acquisition.fan.photons", "above 0"],
        ),
        (&["brain"], &["`brain`", "CT"]),
    ] {
        assert_refused(at, &[&simulate[..], more].concat(), words);
    }
    assert!(!at.join("out.truth.nii.gz").exists());
    let beam = ["simulate", "shepp-logan", "-p", "ct/parallel", "-o", "out"];
    let grid = ["--set", "image.matrix=[8, 8]", "--set", "image.pixel_mm=4"];
    assert_refused(at, &[&beam[..], &grid].concat(), &["fan beam", ".h5"]);
}

/// An unknown energy is as bad in a file as in a protocol, unless the file knows its water.
#[test]
fn an_unknown_energy_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    simulate(at, "head", "file.h5", &[]);
    let file = unlocked().open_rw(at.join("file.h5")).unwrap();
    let geometry = file.group("annulus").unwrap();
    for name in ["energy_kev", "water_per_mm"] {
        geometry.delete_attr(name).unwrap();
    }
    drop((geometry, file));
    let more = ["--method", "fbp", "--set", "acquisition.fan.energy_kev=500"];
    refused(at, "file.h5", &more, &["energy_kev", "500", "140"]);
}

/// Dead columns are masked and told; the image is nearly that of the whole detector.
#[test]
fn dead_columns_are_a_warning_and_an_image() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    simulate(at, "head", "file.h5", &[]);
    changed(at, "dead.h5", "exchange/data_white", |a| {
        a.slice_mut(s![.., 0, 30..32]).fill(0.0);
    });
    let means = ["file.h5", "dead.h5"].map(|input| {
        let more = [input, "-o", "out", "--method", "pwls-tv", "--force"];
        let said = done(at, &[&RECON[..], &SMALL, &more].concat());
        let dead = input == "dead.h5";
        let told = "warning: 2 of 92 detector bins are dead (30, 31)";
        assert_eq!(said.contains(told), dead, "{said}");
        let json = std::fs::read(at.join("out/report.json")).unwrap();
        let report: Value = serde_json::from_slice(&json).unwrap();
        let warnings = report["warnings"].as_array().unwrap();
        assert_eq!(warnings.len(), usize::from(dead), "{warnings:?}");
        read_volume(&at.join("out/mean.nii.gz")).unwrap().data
    });
    let squares = |a: &ndarray::Array3<f32>| a.mapv(|v| v * v).mean().unwrap().sqrt();
    let apart = squares(&(&means[0] - &means[1]));
    assert!(apart > 1.0 && apart < 40.0, "{apart} HU apart");
}
