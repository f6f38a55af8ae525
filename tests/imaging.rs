//! Degraded images as a user runs them: simulated, reconstructed by the built-in protocols, refused
//! where they cannot be.

use crate::cli::{annulus, assert_refused, done, error_line};
use crate::path::assert_sample_bits;
use annulus::io::{npy_array::read_array, read_volume};
use ndarray::{Array2, Array3, Axis, s};
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

/// The inner part of a head that fills 48 x 48 pixels.
const SMALL: [&str; 4] = [
    "--set",
    "image.matrix=[48, 48]",
    "--set",
    "image.pixel_mm=2.8",
];
/// Few samples.
const QUICK: [&str; 6] = ["--samples", "3", "--format", "nifti,png", "--threads", "1"];

/// A folder with `data.npy` and `data.truth.nii.gz` of a small head.
fn degraded(protocol: &str, more: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let line = ["simulate", "head", "-p", protocol, "-o", "data.npy"];
    let said = done(folder.path(), &[&line[..], &SMALL, more].concat());
    assert!(said.contains("data.truth.nii.gz"), "{said}");
    folder
}

fn reconstruct(at: &Path, protocol: &str, more: &[&str]) -> Value {
    let line = ["recon", "data.npy", "-p", protocol, "-o", "out", "--truth"];
    let line = [&line[..], &["data.truth.nii.gz"], &QUICK, more].concat();
    done(at, &line);
    serde_json::from_slice(&std::fs::read(at.join("out/report.json")).unwrap()).unwrap()
}

/// RMSE of a reconstruction in the report, in HU.
fn rmse_hu(report: &Value, name: &str) -> f64 {
    let rows = report["hu"].as_array().unwrap();
    let row = rows.iter().find(|row| row[0] == name);
    let row = row.unwrap_or_else(|| panic!("no {name}: {report:#}"));
    row[1]["rmse_hu"].as_f64().unwrap()
}

fn misfit(report: &Value) -> f64 {
    report["slices"][0]["misfit"].as_f64().unwrap()
}

/// The samples fit the data, and their mean is nearer to the truth than the data taken as an image.
fn assert_restores(name: &str, direct: &str) {
    let protocol = format!("imaging/{name}");
    let smaller = ["--set", "forward.inpainting.box=[12, 12]"];
    let more: &[&str] = if name == "inpainting-box" {
        &smaller
    } else {
        &[]
    };
    let folder = degraded(&protocol, more);
    let report = reconstruct(folder.path(), &protocol, &[]);
    let misfit = misfit(&report);
    assert!((0.5..1.6).contains(&misfit), "{name}: misfit {misfit}");
    let gap = report["adjoint_gap"].as_f64().unwrap();
    assert!(gap < 1e-5, "{name}: {gap}");
    let [own, direct] = ["bridge", direct].map(|name| rmse_hu(&report, name));
    assert!(own < 0.8 * direct, "{name}: {own} HU, directly {direct} HU");
    let picture = folder.path().join("out/tikhonov.png");
    assert!(picture.exists(), "{name}");
}

#[test]
fn missing_pixels_are_filled() {
    assert_restores("inpainting-random92", "pseudo-inverse");
    assert_restores("inpainting-box", "pseudo-inverse");
}

#[test]
fn coarse_pixels_are_refined() {
    assert_restores("super-resolution-4x", "pseudo-inverse");
}

#[test]
fn blurred_images_are_sharpened() {
    assert_restores("blur-gaussian", "pseudo-inverse");
    assert_restores("blur-motion", "pseudo-inverse");
    assert_restores("blur-nonuniform", "adjoint");
    assert_restores("blur-saturated", "adjoint");
}

/// The guard by rule bears few levels, where three times the model's correction, good for thirty, runs off.
#[test]
fn the_guard_by_rule_bears_few_levels() {
    let protocol = "imaging/blur-motion";
    let folder = degraded(protocol, &[]);
    let with = |guard: &str| {
        let line = "--force --set method.bridge.levels=8 --set method.bridge.start_sigma=1.5 --set";
        let guard = format!("method.bridge.guard={guard}");
        let more: Vec<&str> = line.split(' ').chain([&*guard]).collect();
        misfit(&reconstruct(folder.path(), protocol, &more))
    };
    let [rule, times] = [with("\"rule\""), with("3.0")];
    assert!(rule < 3.0 && times > 2.0 * rule, "{rule} {times}");
}

/// Magnitudes have companions, so that the error says nothing: the fit does.
#[test]
fn phases_are_found_up_to_companions() {
    let protocol = "imaging/phase-retrieval";
    let folder = degraded(protocol, &[]);
    let report = reconstruct(folder.path(), protocol, &[]);
    let misfit = misfit(&report);
    assert!((0.5..1.6).contains(&misfit), "misfit {misfit}");
    let warnings = report["warnings"].to_string();
    assert!(warnings.contains("half a turn"), "{warnings}");
    assert!(folder.path().join("out/hio.png").exists());
}

/// What is measured without noise to speak of is in the samples, and the rest of a head around it.
#[test]
fn mcg_as_published_keeps_the_pixels_that_were_seen() {
    let protocol = "imaging/inpainting-random92";
    let sharp = [
        "--set",
        "forward.inpainting.keep=0.3",
        "--set",
        "likelihood.gaussian.std=0.001",
    ];
    let folder = degraded(protocol, &sharp);
    let method = [
        "--method",
        "mcg",
        "--set",
        "method.mcg={zeta=1, form=\"projection\", steps=100}",
    ];
    let report = reconstruct(folder.path(), protocol, &[&sharp[..], &method].concat());
    let misfit = misfit(&report);
    // The last projection is one without noise.
    assert!(misfit < 1e-3, "{misfit}");
    let [own, smooth] = ["mcg", "tikhonov"].map(|name| rmse_hu(&report, name));
    eprintln!("mcg, zeta: {own} HU, tikhonov {smooth} HU");
    assert!(own < 0.75 * smooth, "{own} HU, smooth {smooth} HU");
}

#[test]
fn methods_and_noises_that_fit_run() {
    let protocol = "imaging/super-resolution-4x";
    let folder = degraded(protocol, &[]);
    let with = |at: &Path, more: &[&str]| reconstruct(at, protocol, &[&["--force"], more].concat());
    for method in [
        "dps",
        "dds",
        "diffpir",
        "pnp-dm",
        "ddnm",
        "ddrm",
        "mcg",
        "pigdm",
        "projection",
    ] {
        let steps = match method {
            "dps" | "mcg" => format!("method.{method}.steps=12"),
            _ => format!("method.{method}.levels=12"),
        };
        let report = with(folder.path(), &["--method", method, "--set", &steps]);
        let [own, direct] = [method, "pseudo-inverse"].map(|name| rmse_hu(&report, name));
        // These want hundreds of levels: here they only have to stay near the image.
        let slow = ["diffpir", "pnp-dm", "projection"].contains(&method);
        let direct = if slow { 2.5 * direct } else { direct };
        assert!(own < direct, "{method}: {own} HU, directly {direct} HU");
    }
    let line = ["recon", "data.npy", "-p", protocol, "-o", "plain"];
    let line = [&line[..], &["--method", "tikhonov", "--json"]].concat();
    let report: Value = serde_json::from_str(&done(folder.path(), &line)).unwrap();
    assert!(misfit(&report) < 1.5, "{report:#}");

    for noise in [
        "likelihood={emission={gain=2000, background=5}}",
        "likelihood={emission={gain=2000, background=5, form='weighted-norm'}}",
        "likelihood={rician={std=0.01}}",
    ] {
        let folder = degraded(protocol, &["--set", noise]);
        let report = reconstruct(folder.path(), protocol, &["--set", noise]);
        let misfit = misfit(&report);
        assert!((0.3..2.0).contains(&misfit), "{noise}: {misfit}");
    }
}

#[test]
fn samples_have_the_same_bits_in_any_batch() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let line = "phantom head --size 32 --depth 2 -o head.nii.gz";
    done(at, &line.split(' ').collect::<Vec<_>>());
    for (protocol, method, levels) in [
        ("imaging/blur-saturated", "bridge", "levels=2"),
        ("imaging/inpainting-random92", "bridge", "levels=2"),
        ("imaging/inpainting-random92", "ddrm", "levels=3"),
        ("imaging/inpainting-random92", "mcg", "steps=3"),
    ] {
        let line = "simulate head.nii.gz --force -o data.npy -p";
        done(
            at,
            &[&line.split(' ').collect::<Vec<_>>()[..], &[protocol]].concat(),
        );
        let recon = format!(
            "recon data.npy -p {protocol} --method {method} --threads 1 --format nifti -o out"
        );
        let recon: Vec<&str> = recon.split(' ').collect();
        assert_sample_bits(at, &recon, &format!("method.{method}.{levels}"));
    }
}

/// The stack of a file, as it is.
pub fn stack(path: &Path) -> Array3<f64> {
    let numbers = read_array(path).unwrap().mapv(|z| z.re);
    numbers.into_dimensionality().unwrap()
}

#[test]
fn bad_data_and_requests_are_refused_by_name() {
    let protocol = "imaging/inpainting-random92";
    let folder = degraded(protocol, &[]);
    let at = folder.path();
    let write = |name: &str, array: &Array3<f32>| {
        ndarray_npy::write_npy(at.join(name), array).unwrap();
    };
    write("whole.npy", &Array3::ones((1, 8, 8)));
    let mut dark = Array3::<f32>::ones((2, 8, 8));
    dark.slice_mut(s![1, .., ..]).fill(f32::NAN);
    dark[(0, 2, 3)] = f32::NAN;
    write("dark.npy", &dark);
    dark.fill(f32::INFINITY);
    write("infinite.npy", &dark);
    ndarray_npy::write_npy(at.join("line.npy"), &ndarray::Array1::<f32>::ones(8)).unwrap();
    write("odd.npy", &Array3::ones((1, 7, 8)));
    let phase = "imaging/phase-retrieval";
    for (file, protocol, words) in [
        (
            "whole.npy",
            protocol,
            &["slice 0 has no missing pixels", "NaN"][..],
        ),
        ("dark.npy", protocol, &["slice 1 is NaN everywhere"]),
        ("infinite.npy", protocol, &["infinity", "[0, 0, 0]"]),
        ("line.npy", protocol, &["shape [8]"]),
        ("missing.npy", protocol, &["no such file"]),
        ("data.truth.nii.gz", protocol, &["npy, real"]),
        ("odd.npy", phase, &["7 x 8 magnitudes", "oversampling = 2"]),
    ] {
        let words = [&[file], words].concat();
        assert_refused(at, &["recon", file, "-p", protocol, "-o", "out"], &words);
    }
    let recon = ["recon", "data.npy", "-p", protocol, "-o", "out"];
    for (more, words) in [
        (
            &["--set", "likelihood={gaussian={}}"][..],
            &["likelihood.gaussian.std"][..],
        ),
        (
            &["--set", "forward.inpaint.keep=0.5"],
            &["`inpaint`", "`inpainting`"],
        ),
        (&["--method", "fbp"], &["`fbp` is not for", "tikhonov"]),
        (
            &["--set", "method.mcg.zeta=1"],
            &["`method.mcg.form`", "projection"],
        ),
        (
            &["--set", "prior.model=brain-local"],
            &["brain-local", "complex"],
        ),
    ] {
        assert_refused(at, &[&recon[..], more].concat(), words);
    }
    let simulate = |source: &str, protocol: &str, output: &str| {
        let run = annulus(at, &["simulate", source, "-p", protocol, "-o", output]);
        assert_eq!(run.code, 1, "{run:?}");
        error_line(&run).to_owned()
    };
    assert!(simulate("head", protocol, "scan.h5").contains("name the file .npy"));
    assert!(simulate("nobody", protocol, "a.npy").contains("`nobody`"));
    assert!(simulate("dark.npy", protocol, "a.npy").contains("infinity"));
    let coarse = simulate("whole.npy", "imaging/inpainting-box", "a.npy");
    assert!(coarse.contains("[32, 32]"), "{coarse}");
    let odd = simulate("odd.npy", "imaging/super-resolution-4x", "a.npy");
    assert!(odd.contains("a divisor") && odd.contains("7 x 8"), "{odd}");
    assert!(!at.join("a.npy").exists() && !at.join("a.truth.nii.gz").exists());
}

/// Values keep their unit: a picture of grey levels comes back in grey levels.
#[test]
fn values_keep_their_own_scale() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let ramp = Array2::from_shape_fn((24, 32), |(y, x)| (100 + 2 * y + 3 * x) as f32);
    ndarray_npy::write_npy(at.join("grey.npy"), &ramp).unwrap();
    let protocol = "imaging/blur-gaussian";
    let scale = ["--set", "forward.zero=0", "--set", "forward.unit=255"];
    let line = ["simulate", "grey.npy", "-p", protocol, "-o", "data.npy"];
    done(at, &[&line[..], &scale].concat());
    let truth = read_volume(&at.join("data.truth.nii.gz")).unwrap().data;
    assert_eq!(truth.index_axis(Axis(0), 0), ramp);
    assert!(
        stack(&at.join("data.npy"))
            .iter()
            .all(|v| (0.2..1.2).contains(v))
    );
    let line = [
        "recon", "data.npy", "-p", protocol, "-o", "out", "--method", "tikhonov",
    ];
    done(at, &[&line[..], &scale, &["--format", "nifti"]].concat());
    let mean = read_volume(&at.join("out/mean.nii.gz")).unwrap().data;
    let inner = s![0, 8..16, 8..24];
    let apart = &mean.slice(inner) - &truth.slice(inner);
    assert!(apart.iter().all(|v| v.abs() < 12.0), "{apart}");
}
