//! A tomographic scan as a user runs it: simulated, read in both formats, by every method, in the
//! units and the place that it had.

use crate::cli::{done, names, shared, unlocked};
use crate::path::assert_sample_bits;
use crate::stopped::assert_resumes;
use annulus::io::{Volume, read_volume};
use ndarray::Axis;
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

pub(crate) const HEAD: &str = "ct/head-sparse60";
/// 40 views of 92 bins and 48 x 48 pixels: a moment a run.
pub(crate) const SMALL: [&str; 10] = [
    "--set",
    "acquisition.fan.views=40",
    "--set",
    "acquisition.fan.bins=92",
    "--set",
    "acquisition.fan.pitch_mm=10.2864",
    "--set",
    "image.matrix=[48, 48]",
    "--set",
    "image.pixel_mm=4.8",
];

/// A small scan of a phantom: a folder of CT-PD files, or an .h5 file; its truth beside it.
pub(crate) fn simulate(folder: &Path, phantom: &str, output: &str, more: &[&str]) {
    let line = ["simulate", phantom, "-p", HEAD, "-o", output];
    done(folder, &[&line[..], &SMALL, more].concat());
}

/// A folder with the small scan `scan` of a head, and `scan.truth.nii.gz`.
pub(crate) fn scanned_head(more: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    simulate(folder.path(), "head", "scan", more);
    folder
}

/// One thread: tests run side by side.
pub(crate) const RECON: [&str; 7] = ["recon", "-p", HEAD, "--format", "nifti", "--threads", "1"];

/// Reconstructs `input` into the folder `out` on the small grid: what was said, and the report.
pub(crate) fn reconstruct(at: &Path, input: &str, out: &str, more: &[&str]) -> (String, Value) {
    let line = [&RECON[..], &SMALL, &[input, "-o", out], more].concat();
    let said = done(at, &line);
    (said, report(&at.join(out)))
}

fn report(out: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(out.join("report.json")).unwrap()).unwrap()
}

fn number(report: &Value, path: &str) -> f64 {
    let value = report.pointer(path).and_then(Value::as_f64);
    value.unwrap_or_else(|| panic!("no number at {path}: {report:#}"))
}

/// RMSE against the truth of a reconstruction in the report, in HU.
fn rmse_hu(report: &Value, name: &str) -> f64 {
    let rows = report["hu"].as_array().unwrap();
    let row = rows.iter().find(|row| row[0] == name);
    number(row.unwrap_or_else(|| panic!("{report:#}")), "/1/rmse_hu")
}

fn mean_image(at: &Path, out: &str) -> Volume {
    read_volume(&at.join(out).join("mean.nii.gz")).unwrap()
}

/// The mean of a slice within `radius_mm` of a point, x to the right and y up, from the axis.
fn mean_hu(volume: &Volume, slice: usize, [x_mm, y_mm]: [f64; 2], radius_mm: f64) -> f64 {
    let [right, down, _] = volume.affine_lps_mm;
    let (mut sum, mut pixels) = (0.0, 0);
    for ((row, column), value) in volume.data.index_axis(Axis(0), slice).indexed_iter() {
        let x = right[3] + right[0] * column as f64;
        // LPS counts to the back, which is down.
        let y = -(down[3] + down[1] * row as f64);
        if (x - x_mm).hypot(y - y_mm) < radius_mm {
            sum += f64::from(*value);
            pixels += 1;
        }
    }
    assert!(pixels > 20, "{pixels} pixels around {x_mm}, {y_mm}");
    sum / f64::from(pixels)
}

fn assert_same_place(a: &Volume, b: &Volume) {
    let pairs = a.affine_lps_mm.as_flattened().iter();
    let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-4;
    let same = pairs.zip(b.affine_lps_mm.as_flattened()).all(near);
    assert!(same, "{:?} {:?}", a.affine_lps_mm, b.affine_lps_mm);
}

/// Gives a Data Exchange file the flats and darks that CT-PD states: exact ones.
fn state_flats(path: &Path, photons: f32) {
    let file = unlocked().open_rw(path).unwrap();
    for (name, level) in [("data_white", photons), ("data_dark", 0.0)] {
        let frames = file.dataset(&format!("exchange/{name}")).unwrap();
        let shape = frames.shape();
        let exact = ndarray::ArrayD::<f32>::from_elem(shape, level);
        frames.write(&exact).unwrap();
    }
}

/// Counts, angles and lengths come through both formats; so do HU and the place in the world.
#[test]
fn both_formats_give_the_image_of_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for phantom in ["water-disc", "head"] {
        let file = format!("{phantom}-file.h5");
        let measured = format!("{phantom}-measured.h5");
        simulate(at, phantom, phantom, &[]);
        simulate(at, phantom, &file, &[]);
        std::fs::copy(at.join(&file), at.join(&measured)).unwrap();
        state_flats(&at.join(&file), 1e5);
        let truth_name = format!("{phantom}.truth.nii.gz");
        let truth = read_volume(&at.join(&truth_name)).unwrap();
        let [a, b, c] = [phantom, &file, &measured].map(|input| {
            let out = format!("{input}-out");
            let more = ["--method", "fbp", "--truth", &truth_name];
            let (said, report) = reconstruct(at, input, &out, &more);
            assert!(said.contains("RMSE HU"), "{said}");
            assert!(rmse_hu(&report, "fbp") < 400.0, "{said}");
            let none: [Value; 0] = [];
            assert_eq!(report["warnings"].as_array().unwrap(), &none);
            assert_eq!(report["noise_estimated"], false);
            let image = mean_image(at, &out);
            assert_same_place(&image, &truth);
            image
        });
        // CT-PD has its lengths and angles in single precision.
        let differ = |a: &Volume, b: &Volume| {
            let pairs = a.data.iter().zip(&b.data);
            pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        };
        assert!(differ(&a, &b) < 0.005, "{phantom}: {} HU", differ(&a, &b));
        // The ruler: measured flats, with noise of their own.
        assert!(differ(&a, &c) > 0.5, "{phantom}: {} HU", differ(&a, &c));
        if phantom == "water-disc" {
            for image in [&a, &c] {
                let water = mean_hu(image, 0, [0.0; 2], 80.0);
                assert!(water.abs() < 3.0, "{water} HU of water");
            }
        }
    }
}

#[test]
fn every_method_reconstructs() {
    let folder = scanned_head(&[]);
    let at = folder.path();
    let mut errors = Vec::new();
    for (method, setting) in [
        ("fbp", "window=\"hann\""),
        ("sirt", "iterations=30"),
        ("cgls", "iterations=20"),
        ("pwls-tv", "iterations=100"),
        ("mltr", "iterations=30"),
        ("bridge", "levels=3"),
        ("dps", "steps=3"),
        ("mcg", "steps=3"),
        ("dds", "levels=3"),
    ] {
        let setting = format!("method.{method}.{setting}");
        let more = ["--truth", "scan.truth.nii.gz", "--set", &setting];
        let drawn = ["bridge", "dps", "mcg", "dds"].contains(&method);
        let samples: &[&str] = if drawn { &["--samples", "2"] } else { &[] };
        let line = [&["--method", method][..], &more, samples].concat();
        let (said, report) = reconstruct(at, "scan", method, &line);
        assert!(said.contains(method), "{said}");
        assert_eq!(report["method"], method);
        let misfit = number(&report, "/slices/0/misfit");
        assert!(misfit.is_finite() && misfit > 0.0, "{method}: {misfit}");
        let gap = number(&report, "/adjoint_gap");
        assert!(gap <= 1e-6, "{method}: {gap}");
        let (mean, rmse) = (mean_image(at, method), rmse_hu(&report, method));
        assert!(mean.data.iter().all(|v| v.is_finite()), "{method}");
        // Air around a head is not 300 HU from it.
        assert!(rmse > 0.0 && rmse < 300.0, "{method}: {rmse} HU");
        let files = names(&at.join(method));
        let expected: &[&str] = match drawn {
            true => &["sample-001.nii.gz", "sample-002.nii.gz", "std.nii.gz"],
            false => &[],
        };
        let expected = [&["mean.nii.gz", "report.html", "report.json"], expected].concat();
        assert_eq!(files, expected.iter().map(|n| n.to_string()).collect());
        if drawn {
            let std = read_volume(&at.join(method).join("std.nii.gz")).unwrap();
            assert!(std.data.iter().all(|v| v.is_finite() && *v >= 0.0));
            assert!(std.data.iter().any(|v| *v > 1.0), "{method} has no spread");
            assert_eq!(number(&report, "/slices/0/network_evaluations"), 6.0);
        }
        errors.push((method, rmse));
    }
    let fbp = errors[0].1;
    let pwls = errors.iter().find(|(name, _)| *name == "pwls-tv").unwrap();
    assert!(pwls.1 < 0.9 * fbp, "{errors:?}");
}

/// HU of what is in the phantom, at the grid of the protocol: without noise to speak of, and the
/// mean of 16 slices at the low dose, where a weight that knows its own noise would cost 14 HU.
#[test]
fn inserts_have_their_hounsfield_units() {
    // Noisy air that may not be negative is not -1000 HU on average.
    for (photons, slices, tolerance_hu, lambda, iterations, non_negative) in [
        (1e9, 1, 3.0, 1000.0, 50, true),
        (3e3, 16, 5.0, 150.0, 100, false),
    ] {
        // The inserts are the lowest of four modules, and what a single slice shows.
        let there = if slices == 1 { 1 } else { 4 * slices };
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let scan = ["simulate", "acr-ct", "-p", HEAD, "-o", "acr", "--seed", "3"];
        let lowest = format!("0:{slices}");
        let settings = [
            "acquisition.fan.views=360".to_string(),
            format!("acquisition.fan.photons={photons}"),
            format!("acquisition.fan.slices={there}"),
        ];
        let settings = settings.iter().flat_map(|s| ["--set", s]);
        let part = ["--slices", &lowest];
        let line = scan.into_iter().chain(settings).chain(part);
        done(at, &line.collect::<Vec<_>>());
        let table = |key: &str, value: &dyn std::fmt::Display| format!("method.{key}={value}");
        let fbp = [table("fbp.window", &"\"hann\"")];
        let pwls = [
            table("pwls-tv.iterations", &iterations),
            table("pwls-tv.lambda", &lambda),
            table("pwls-tv.non_negative", &non_negative),
        ];
        for (method, settings) in [("fbp", &fbp[..]), ("pwls-tv", &pwls)] {
            let line = ["--method", method, "acr", "-o", method];
            let settings = settings.iter().flat_map(|s| ["--set", s]);
            let line = line.into_iter().chain(settings);
            done(at, &RECON.into_iter().chain(line).collect::<Vec<_>>());
            let image = mean_image(at, method);
            // Of 25 mm in diameter at 63 mm from the centre.
            for (name, degrees, hu) in [
                ("bone", 45.0, 955.0),
                ("acrylic", -135.0, 120.0),
                ("air", -45.0, -1000.0),
                ("polyethylene", 135.0, -95.0),
                ("water", 180.0, 0.0),
            ] {
                let (sin, cos) = f64::to_radians(degrees).sin_cos();
                let found = (0..slices)
                    .map(|k| mean_hu(&image, k, [63.0 * cos, 63.0 * sin], 6.25))
                    .sum::<f64>()
                    / slices as f64;
                eprintln!(
                    "{photons:e} photons, {method}, {name}: {:.2} HU off",
                    found - hu
                );
                assert!(
                    (found - hu).abs() < tolerance_hu,
                    "{photons:e} photons, {method}, {name}: {found} HU"
                );
            }
        }
    }
}

/// The axis 7.3 columns beside the middle, where neither file nor protocol says so.
#[test]
fn the_axis_of_a_parallel_scan_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let grid = ["image.matrix=[96, 96]", "image.pixel_mm=2.5"];
    let protocol = [
        &["-p", "ct/parallel"],
        &grid.map(|s| ["--set", s]).concat()[..],
    ]
    .concat();
    let settings = [
        "acquisition.parallel.centre_column=134.8",
        "acquisition.parallel.energy_kev=70",
    ];
    let settings = settings.map(|s| ["--set", s]).concat();
    let scan = ["simulate", "shepp-logan", "-o", "scan.h5"];
    done(at, &[&scan[..], &protocol, &settings].concat());
    let file = unlocked().open_rw(at.join("scan.h5")).unwrap();
    let geometry = file.group("annulus").unwrap();
    geometry.delete_attr("centre_column").unwrap();
    drop((geometry, file));

    let truth = read_volume(&at.join("scan.truth.nii.gz")).unwrap();
    let recon = [
        "recon", "scan.h5", "-o", "out", "--format", "nifti", "--force",
    ];
    let more = ["--truth", "scan.truth.nii.gz", "--threads", "1", "--set"];
    let mut errors = Vec::new();
    for setting in [
        "preparation.every_nth_view=1",
        "preparation.every_nth_view=4",
        // The ruler: the middle of the detector is the wrong place.
        "preparation.find_centre=false",
    ] {
        done(at, &[&recon[..], &protocol, &more, &[setting]].concat());
        let report = report(&at.join("out"));
        assert!(report["units"].as_str().unwrap().starts_with("HU"));
        let centre = number(&report, "/rotation_centre_column");
        let expected = if setting.ends_with("false") {
            127.5
        } else {
            134.8
        };
        assert!((centre - expected).abs() < 0.5, "{setting}: {centre}");
        errors.push(rmse_hu(&report, "fbp"));
        if setting.ends_with("=1") {
            let image = mean_image(at, "out");
            assert_same_place(&image, &truth);
            let [found, hu] = [&image, &truth].map(|v| mean_hu(v, 0, [0.0, -20.0], 20.0));
            assert!((found - hu).abs() < 5.0, "{found} HU, not {hu}");
        }
    }
    let [all, some, beside] = errors[..] else {
        unreachable!("three settings");
    };
    assert!(all < some && some < beside, "{errors:?}");
}

#[test]
fn the_axis_of_a_real_scan_is_found() {
    let Some(tooth) = shared("data/ct/tooth.h5") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let line = ["recon", tooth.to_str().unwrap(), "-p", "ct/parallel"];
    let more = ["-o", "out", "--format", "nifti", "--slices", "0:1"];
    done(at, &[&line[..], &more].concat());
    let report = report(&at.join("out"));
    let centre = number(&report, "/rotation_centre_column");
    assert!((centre - 296.0).abs() < 0.5, "{centre}");
    assert!(report["units"].as_str().unwrap().starts_with("1/mm"));
}

/// A sample does not depend on how many others are drawn, in what batches, or of which slices.
#[test]
fn a_sample_of_a_tomogram_has_the_same_bits_in_any_company() {
    let folder = scanned_head(&["--set", "acquisition.fan.slices=2"]);
    let line = [&RECON[..], &SMALL, &["scan", "-o", "out"]].concat();
    for (method, setting) in [
        ("bridge", "method.bridge.levels=2"),
        ("mcg", "method.mcg.steps=3"),
        ("mcg", "method.mcg={zeta=0.1,steps=3}"),
        ("dds", "method.dds.levels=3"),
    ] {
        let line = [&line[..], &["--method", method]].concat();
        assert_sample_bits(folder.path(), &line, setting);
    }
}

#[test]
fn an_interrupted_tomogram_goes_on_to_the_same_bits() {
    let folder = scanned_head(&["--set", "acquisition.fan.slices=2"]);
    let line = [&RECON[..], &SMALL, &["scan", "-o", "out"]].concat();
    assert_resumes(folder.path(), &line);
}

#[test]
fn a_scan_is_shown_with_its_geometry() {
    let folder = scanned_head(&["--set", "acquisition.fan.slices=2"]);
    let at = folder.path();
    simulate(at, "head", "file.h5", &[]);
    for (input, format, slices) in [
        ("scan", "DICOM-CT-PD", "2 of 40 views x 92 bins"),
        ("file.h5", "Data Exchange", "1 of 40 views x 92 bins"),
    ] {
        let screen = done(at, &["inspect", input]);
        let geometry = [
            " 0.000 to 351.000 degrees, 9.0000 a view",
            "source 595.00 mm from the axis and 1085.60 mm from the curved",
            "pitch 10.2864 mm, axis at column 45.438",
            "0.0193 per mm",
            "counts from",
        ];
        for word in [&[format, slices][..], &geometry].concat() {
            assert!(screen.contains(word), "{word} in {screen}");
        }
        let line = ["inspect", input, "--json"];
        let json: Value = serde_json::from_str(&done(at, &line)).unwrap();
        assert!(json[0].is_object(), "{json}");
    }
    // conventions.md has the same numbers.
    let shown = done(at, &["protocol", "show", HEAD]);
    let mut probe = shown.lines().filter(|l| l.starts_with('#'));
    let lands = "x = +50 mm, y = 0 lands in column 218.64 of view 0 (t = 0.0 deg)";
    assert!(probe.any(|l| l.contains(lands)), "{shown}");
}
