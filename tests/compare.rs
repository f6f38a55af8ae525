//! `annulus compare` from outside: its numbers, and what it refuses.

use crate::cli::{annulus, assert_refused, done, names};
use crate::metrics::{SHAPE, complex, images};
use annulus::io::NiftiWriter;
use annulus::metrics::{
    DataRange, Metrics, Normalisation, Pair, Ssim, nmse, nrmse, nrmse_fitted, psnr,
};
use ndarray::{Array3, Axis};
use num_complex::Complex32;
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

/// Writes a NIfTI file of 0.8 mm pixels, shifted along the columns.
fn write_nifti(path: &Path, volume: &Array3<f32>, shift_mm: f64) {
    let (slices, rows, columns) = volume.dim();
    let affine = [
        [0.8, 0.0, 0.0, shift_mm],
        [0.0, 0.8, 0.0, -20.0],
        [0.0, 0.0, 3.0, 7.0],
    ];
    let dims = [columns, rows, slices];
    let mut writer = NiftiWriter::create(path, dims, &affine, "", true).unwrap();
    for slice in volume.axis_iter(Axis(0)) {
        writer.slice(&slice.to_owned()).unwrap();
    }
    writer.finish().unwrap();
}

/// `compare --json`, parsed.
fn compared(folder: &Path, arguments: &[&str]) -> Value {
    let line = [&["compare"], arguments, &["--json"]].concat();
    serde_json::from_str(&done(folder, &line)).unwrap()
}

/// The value of a metric.
fn value<'a>(json: &'a Value, name: &str, part: &str) -> &'a Value {
    let rows = json["metrics"].as_array().unwrap();
    let row = rows.iter().find(|r| r["name"] == name);
    &row.unwrap_or_else(|| panic!("no {name} in {json}"))[part]
}

#[test]
fn compare_gives_the_same_numbers_whole_and_masked() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (x, t) = images(0.0, 1.3, 4);
    let (x, t) = (x.mapv(|v| v as f32), t.mapv(|v| v as f32));
    write_nifti(&at("x.nii.gz"), &x, -11.0);
    write_nifti(&at("t.nii"), &t, -11.0);
    let mask = t.mapv(|v| v > 0.0);
    ndarray_npy::write_npy(at("mask.npy"), &mask).unwrap();

    let json = compared(folder.path(), &["x.nii.gz", "t.nii", "--mask", "mask.npy"]);
    let pair = Pair::new(x.view(), t.view()).unwrap();
    let inside = pair.within(mask.view()).unwrap();
    for (part, pair) in [("whole", &pair), ("mask", &inside)] {
        for (name, expected) in [
            ("nmse", nmse(pair)),
            ("psnr max", psnr(pair, DataRange::Maximum)),
            ("psnr max-min", psnr(pair, DataRange::MaximumMinusMinimum)),
            ("ssim 7x7 max", Ssim::FASTMRI.measure(pair)),
            ("ssim Gauss max-min", Ssim::WANG.measure(pair)),
            ("nrmse", nrmse(pair, Normalisation::Euclidean)),
            ("nrmse fitted", nrmse_fitted(pair).map(|f| f.nrmse)),
        ] {
            let found = value(&json, name, part).as_f64().unwrap();
            let expected = expected.unwrap();
            assert!(
                (found / expected - 1.0).abs() < 1e-12,
                "{name} {part}: {found} {expected}"
            );
        }
    }
    assert!(json["hu"].is_null() && json["scale"] == 1.0);
    assert_eq!(json["pixels_in_mask"], mask.iter().filter(|m| **m).count());
    let words = done(folder.path(), &["compare", "x.nii.gz", "t.nii"]);
    for word in [
        "nmse",
        "fastMRI",
        "LoDoPaB",
        "Wang 2004",
        "49/48",
        "BART nrmse -s",
    ] {
        assert!(words.contains(word), "{word} in {words}");
    }
    assert!(names(folder.path()).len() == 3, "something was written");
}

/// npy against NIfTI, after a fit: the metrics of a report.
#[test]
fn a_fit_gives_the_metrics_of_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let (x, t) = images(0.0, 1.3, 4);
    let (x, t) = (x.mapv(|v| v as f32 / 3.0), t.mapv(|v| v as f32));
    ndarray_npy::write_npy(folder.path().join("x.npy"), &x).unwrap();
    write_nifti(&folder.path().join("t.nii"), &t, -11.0);
    let json = compared(folder.path(), &["x.npy", "t.nii", "--fit"]);
    let report = Metrics::measure(&x, &t);
    for (found, expected) in [
        (&json["scale"], report.scale),
        (value(&json, "nmse", "whole"), report.nmse),
        (value(&json, "psnr max", "whole"), report.psnr),
        (value(&json, "ssim 7x7 max", "whole"), report.ssim),
    ] {
        let found = found.as_f64().unwrap();
        assert!((found / expected - 1.0).abs() < 1e-6, "{found} {expected}");
    }
}

#[test]
fn complex_images_have_phases_and_ct_has_tissues() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let t = complex(5);
    let turn = Complex32::from_polar(0.5, 0.75);
    ndarray_npy::write_npy(at("t.npy"), &t).unwrap();
    ndarray_npy::write_npy(at("x.npy"), &t.mapv(|z| z * turn)).unwrap();
    let json = compared(folder.path(), &["x.npy", "t.npy"]);
    let number = |name: &str| value(&json, name, "whole").as_f64().unwrap();
    assert!((number("phase") - 0.75).abs() < 1e-6 && number("phase local") < 1e-6);
    assert!(number("nrmse fitted") < 1e-6);
    let plain = f64::from((turn - Complex32::ONE).norm());
    assert!((number("nrmse") - plain).abs() < 1e-6);
    // Of magnitudes.
    assert!((number("nmse") - 0.25).abs() < 1e-6);

    let hu = [-1000.0f32, -80.0, 40.0, 1000.0];
    let t = Array3::from_shape_fn(SHAPE, |(_, y, x)| hu[(x / 13 + y / 10) % 4]);
    write_nifti(&at("t.nii.gz"), &t, 0.0);
    write_nifti(&at("x.nii.gz"), &t.mapv(|v| v + 5.0), 0.0);
    let json = compared(folder.path(), &["x.nii.gz", "t.nii.gz"]);
    let bone = json["hu"]["whole"].as_array().unwrap();
    let bone = bone.iter().find(|e| e["name"] == "bone").unwrap();
    assert_eq!(bone["bias_hu"], 5.0);
    assert!(value(&json, "rmse window", "whole").as_f64().unwrap() < 5.0);
    let words = done(folder.path(), &["compare", "x.nii.gz", "t.nii.gz"]);
    for word in ["taken for HU", "[-160, 240]", "fat and marrow", "150.."] {
        assert!(words.contains(word), "{word} in {words}");
    }
    let some = ["compare", "x.nii.gz", "t.nii.gz", "--metrics", "psnr"];
    assert!(!done(folder.path(), &some).contains("RMSE"));
}

#[test]
fn what_has_no_value_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let narrow = Array3::from_shape_fn((2, 9, 6), |(s, y, x)| (1 + s + y * x) as f32);
    ndarray_npy::write_npy(at("x.npy"), &narrow).unwrap();
    let json = compared(folder.path(), &["x.npy", "x.npy"]);
    assert!(value(&json, "psnr max", "whole").is_null(), "infinite");
    let why = value(&json, "ssim 7x7 max", "whole").as_str().unwrap();
    assert!(
        why.contains("at least 7") && why.contains("found 6"),
        "{why}"
    );
    let words = done(folder.path(), &["compare", "x.npy", "x.npy"]);
    assert!(
        words.contains("inf") && words.contains("at least 7"),
        "{words}"
    );
    let fixed = ["x.npy", "x.npy", "--range", "4", "--metrics", "psnr,nmse"];
    let json = compared(folder.path(), &fixed);
    let rows = json["metrics"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{rows:?}");
}

/// A good volume and what is wrong beside it.
fn bad_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (x, _) = images(0.5, 1.3, 6);
    let x = x.mapv(|v| v as f32);
    write_nifti(&at("x.nii"), &x, 0.0);
    write_nifti(&at("shifted.nii"), &x, 1.6);
    write_nifti(&at("nudged.nii"), &x, 0.005);
    let short = x.slice(ndarray::s![..2, .., ..]).to_owned();
    write_nifti(&at("short.nii"), &short, 0.0);
    write_nifti(&at("zero.nii"), &Array3::zeros(SHAPE), 0.0);
    let mut bad = x.clone();
    bad[(2, 30, 7)] = f32::NAN;
    write_nifti(&at("bad.nii"), &bad, 0.0);
    ndarray_npy::write_npy(at("bad.npy"), &bad).unwrap();
    let slice = x.index_axis(Axis(0), 0).to_owned();
    ndarray_npy::write_npy(at("flat.npy"), &slice).unwrap();
    std::fs::write(at("text.nii"), "Dear reader,\nthis is no image.\n").unwrap();
    folder
}

#[test]
fn two_grids_are_refused_with_both_and_the_way_out() {
    let folder = bad_folder();
    let mask = |name| ["x.nii", "x.nii", "--mask", name];
    let apart = ["shifted.nii", "x.nii"];
    for (line, words) in [
        (
            &["x.nii", "short.nii"][..],
            &[
                "x.nii against short.nii",
                "(3, 37, 52)",
                "(2, 37, 52)",
                "resample",
            ][..],
        ),
        (&["flat.npy", "x.nii"], &["(1, 37, 52)", "(3, 37, 52)"]),
        (
            &apart,
            &[
                "shifted.nii against x.nii",
                "42.40",
                "40.80",
                "--ignore-affine",
            ],
        ),
        (&mask("short.nii"), &["short.nii on x.nii", "(2, 37, 52)"]),
        (&mask("shifted.nii"), &["shifted.nii on x.nii", "1.600 mm"]),
    ] {
        assert_refused(folder.path(), &[&["compare"], line].concat(), words);
    }
    // A two-hundredth of a pixel is rounding.
    done(folder.path(), &["compare", "nudged.nii", "x.nii"]);
    let line = [&["compare"], &apart[..], &["--ignore-affine"]].concat();
    done(folder.path(), &line);
}

#[test]
fn bad_values_and_files_are_refused_by_name() {
    let folder = bad_folder();
    let mask = |name| ["x.nii", "x.nii", "--mask", name];
    for (line, words) in [
        (&mask("zero.nii")[..], &["zero.nii", "not 0"][..]),
        (&mask("bad.nii"), &["bad.nii", "(2, 30, 7)"]),
        (
            &["bad.nii", "x.nii"],
            &["bad.nii", "the image", "(2, 30, 7)"],
        ),
        (&["x.nii", "bad.nii"], &["bad.nii", "the reference", "NaN"]),
        (&["bad.npy", "x.nii"], &["bad.npy", "[2, 30, 7]"]),
        (&["x.nii", "zero.nii"], &["zero.nii", "zero at every pixel"]),
        (&["missing.nii", "x.nii"], &["missing.nii", "no such file"]),
        (&["text.nii", "x.nii"], &["text.nii", "NIfTI"]),
        (&[".", "x.nii"], &["folder"]),
    ] {
        assert_refused(folder.path(), &[&["compare"], line].concat(), words);
    }
}

#[test]
fn wrong_arguments_have_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    for (line, word) in [
        (&["x.nii"][..], "<B>"),
        (&["x.nii", "x.nii", "--metrics", "lpips"], "nrmse"),
        (&["x.nii", "x.nii", "--range", "0"], "above 0"),
        (&["x.nii", "x.nii", "--range", "inf"], "above 0"),
    ] {
        let run = annulus(folder.path(), &[&["compare"], line].concat());
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains(word), "{run:?}");
    }
}

#[test]
fn a_metric_that_does_not_apply_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let image = Array3::from_shape_fn((1, 12, 12), |(_, j, i)| (1 + j * i) as f32);
    for name in ["a.nii", "b.nii"] {
        write_nifti(&folder.path().join(name), &image, 0.0);
    }
    for (metric, word) in [("hu", "--hu"), ("phase", "complex")] {
        let line = ["compare", "a.nii", "b.nii", "--metrics", metric];
        assert_refused(folder.path(), &line, &[metric, word]);
    }
}
