//! The whole path on a small scan: the same bits in any company, every file, every key.

use crate::cli::{BRAIN, BRIDGE, done, names, scanned};
use annulus::io::read_volume;
use ndarray::{Array3, Array4, Axis};
use num_complex::Complex32;
use serde_json::Value;
use std::path::Path;

#[test]
fn a_sample_has_the_same_bits_alone_and_beside_others() {
    let (folder, last) = (scanned(), BRIDGE.len() - 1);
    assert_eq!(BRIDGE[last - 1], "--threads");
    // On four threads two items go side by side, one has them all.
    for threads in ["1", "4"] {
        let line = [&BRIDGE[..last], &[threads]].concat();
        assert_sample_bits(folder.path(), &line, "method.bridge.levels=2");
    }
}

/// A sample does not depend on how many others are drawn, in what batches, or of which slices:
/// `recon` writes NIfTI of two slices into `out`, in as few `levels` as this setting says.
pub(crate) fn assert_sample_bits(at: &Path, recon: &[&str], levels: &str) {
    // The first samples of the last slice, as bits.
    let samples = |more: &[&str]| -> Vec<Vec<u32>> {
        let line = ["--force", "--set", levels];
        done(at, &[recon, &line, more].concat());
        let read = |name: &str| {
            let volume = read_volume(&at.join("out").join(name)).unwrap().data;
            let slice = volume.index_axis(Axis(0), volume.dim().0 - 1);
            slice.iter().map(|v| v.to_bits()).collect()
        };
        let there = |name: &&str| at.join("out").join(name).exists();
        let names = ["sample-001.nii.gz", "sample-002.nii.gz"];
        names.into_iter().filter(there).map(read).collect()
    };
    let two = samples(&["--samples", "2"]);
    assert!(two[0] != two[1] && two.concat().iter().any(|v| *v != 0));
    assert!(
        two == samples(&["--samples", "2", "--batch", "1"]),
        "batches"
    );
    assert!(
        two == samples(&["--samples", "2", "--slices", "1:2"]),
        "slices"
    );
    assert!(two == samples(&["--samples", "8"]), "samples");
    // And sample 2 of the earlier run is gone: a folder holds one result.
    assert!(two[..1] == samples(&["--samples", "1"]), "alone");
    // The ruler.
    assert!(two != samples(&["--samples", "2", "--seed", "2"]), "seeds");
}

#[test]
fn the_whole_path_from_scan_to_report() {
    let folder = scanned();
    let at = folder.path();
    let line = [
        "recon", "scan.h5", "-p", BRAIN, "--method", "bridge", "-o", "out",
    ];
    let more = [
        "--samples",
        "2",
        "--set",
        "method.bridge.levels=3",
        "--json",
        "--threads",
        "1",
    ];
    let formats = [
        "--format",
        "npy,nifti,hdf5,png",
        "--truth",
        "scan.truth.nii.gz",
    ];
    let said = done(at, &[&line[..], &more, &formats].concat());
    let out = at.join("out");
    let expected = [
        "cg-sense.png",
        "mean.nii.gz",
        "mean.npy",
        "mean.png",
        "report.html",
        "report.json",
        "result.h5",
        "sample-001.nii.gz",
        "sample-002.nii.gz",
        "std.nii.gz",
        "std.npy",
        "std.png",
        "zero-filled.png",
    ];
    assert_eq!(names(&out), expected.map(str::to_owned).into());

    let report: Value =
        serde_json::from_slice(&std::fs::read(out.join("report.json")).unwrap()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&said).unwrap(), report);
    assert_report(&report);
    let html = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert_eq!(html.matches("data:image/png;base64,").count(), 4);
    assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("<script"));
    assert_consistent(&out, &report);

    // A classical method writes the mean only.
    let line = [
        "recon", "scan.h5", "-p", BRAIN, "--method", "cg-sense", "-o", "cg",
    ];
    done(at, &[&line[..], &["--format", "nifti"]].concat());
    let expected = ["mean.nii.gz", "report.html", "report.json"];
    assert_eq!(names(&at.join("cg")), expected.map(str::to_owned).into());
}

/// The keys of cli.md, with what is known of their values.
fn assert_report(report: &Value) {
    let number = |path: &str| {
        let value = report.pointer(path).and_then(Value::as_f64);
        value.unwrap_or_else(|| panic!("no number at {path}: {report:#}"))
    };
    let text = |path: &str| {
        let value = report.pointer(path).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("no text at {path}: {report:#}"))
    };
    assert_eq!(text("/version"), env!("CARGO_PKG_VERSION"));
    assert!(text("/command").contains("recon scan.h5"));
    assert_eq!(text("/inputs/0/path"), "scan.h5");
    assert_eq!(text("/inputs/0/sha256").len(), 64);
    assert_eq!(number("/protocol/method/bridge/levels"), 3.0);
    assert_eq!(text("/method"), "bridge");
    assert_eq!(number("/seed"), 1.0);
    assert!(text("/device").starts_with("cpu") || text("/device").starts_with("cuda"));
    assert!(number("/threads") >= 1.0);
    assert!(number("/scale") > 0.0 && number("/noise_std") > 0.0);
    assert!(number("/adjoint_gap") < 1e-6);
    assert!(!text("/stages/0/name").is_empty() && number("/stages/0/seconds") >= 0.0);
    assert!(number("/peak_memory_bytes") > 1e6);
    for slice in 0..2 {
        let at = |key: &str| number(&format!("/slices/{slice}/{key}"));
        assert_eq!(at("index"), slice as f64);
        assert!(at("misfit") > 0.0 && at("seconds") >= 0.0);
        assert_eq!(at("network_evaluations"), 6.0);
        assert!(at("metrics/psnr") > 0.0);
    }
    assert!(number("/metrics/psnr") > 0.0 && number("/metrics/nmse") > 0.0);
    assert!((-1.0..=1.0).contains(&number("/metrics/ssim")));
    assert!(report["warnings"].is_array());
}

/// The formats show the same images; mean and deviation are those of the samples.
fn assert_consistent(out: &Path, report: &Value) {
    let nifti = |name: &str| read_volume(&out.join(name)).unwrap();
    let npy = |name: &str| -> Array3<f32> { ndarray_npy::read_npy(out.join(name)).unwrap() };
    let file = hdf5::File::open(out.join("result.h5")).unwrap();
    let h5 = |name: &str| file.dataset(name).unwrap();
    let (mean, std) = (npy("mean.npy"), npy("std.npy"));
    assert_eq!(mean.dim(), (2, 64, 64));
    for (name, volume) in [("mean", &mean), ("std", &std)] {
        assert_eq!(&nifti(&format!("{name}.nii.gz")).data, volume, "{name}");
        assert_eq!(
            &h5(name).read::<f32, ndarray::Ix3>().unwrap(),
            volume,
            "{name}"
        );
    }
    let maps: Array4<Complex32> = h5("sensitivities").read().unwrap();
    assert_eq!(maps.dim(), (2, 4, 64, 64));
    let samples: Array4<Complex32> = h5("samples").read().unwrap();
    assert_eq!(samples.dim(), (2, 2, 64, 64));
    let near = |a: f32, b: f32| (a - b).abs() <= 1e-4 * mean.iter().fold(0.0, |m, v| v.max(m));
    for (at, mean) in mean.indexed_iter() {
        let [a, b] = [0, 1].map(|s| samples[(s, at.0, at.1, at.2)]);
        assert!(near(*mean, ((a + b) / 2.0).norm()), "mean at {at:?}");
        let deviation = (a.norm() - b.norm()).abs() / 2f32.sqrt();
        assert!(near(std[at], deviation), "std at {at:?}");
    }
    for (s, name) in ["sample-001.nii.gz", "sample-002.nii.gz"]
        .iter()
        .enumerate()
    {
        let sample = nifti(name).data;
        let expected = samples.index_axis(Axis(0), s).mapv(|z| z.norm());
        assert!(
            sample.iter().zip(&expected).all(|(a, b)| near(*a, *b)),
            "{name}"
        );
    }
    let affine: Vec<f64> = report["affine_lps_mm"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap())
        .map(|v| v.as_f64().unwrap())
        .collect();
    let truth = read_volume(&out.join("../scan.truth.nii.gz")).unwrap();
    for found in [nifti("mean.nii.gz"), truth] {
        let found = found.affine_lps_mm.concat();
        assert!(
            found.iter().zip(&affine).all(|(a, b)| (a - b).abs() < 1e-3),
            "{found:?}"
        );
    }
}
