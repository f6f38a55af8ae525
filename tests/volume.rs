//! Slices that are drawn together: total variation along z in `dds`.

use crate::ct_path::{reconstruct, simulate};
use annulus::io::read_volume;
use serde_json::Value;
use std::path::Path;

/// Four slices of the first module of a phantom that is alike along z, 4 mm each, few photons.
fn scan(at: &Path) {
    let more = [
        "--set",
        "acquisition.fan.slices=40",
        "--set",
        "acquisition.fan.photons=3000",
        "--slices",
        "2:6",
    ];
    simulate(at, "acr-ct", "scan", &more);
}

const DDS: [&str; 6] = [
    "--method",
    "dds",
    "--set",
    "method.dds.levels=12",
    "--samples",
    "2",
];

fn dds(at: &Path, out: &str, more: &[&str]) -> Value {
    let truth = ["--truth", "scan.truth.nii.gz"];
    reconstruct(at, "scan", out, &[&DDS[..], &truth, more].concat()).1
}

const TOGETHER: [&str; 2] = ["--set", "method.dds.z_step=0.03"];

#[test]
fn slices_of_a_solid_help_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    scan(at);
    let (apart, together) = (dds(at, "apart", &[]), dds(at, "together", &TOGETHER));
    let rmse = |report: &Value| {
        let rows = report["hu"].as_array().unwrap();
        let row = rows.iter().find(|row| row[0] == "dds").unwrap();
        row[1]["rmse_hu"].as_f64().unwrap()
    };
    let (alone, helped) = (rmse(&apart), rmse(&together));
    eprintln!("{alone} HU, {helped} HU with z_step");
    assert!(helped < 0.95 * alone, "{helped} HU, apart {alone} HU");
    // The mean step from slice to slice is smaller, too.
    let steps = |out: &str| {
        let mean = read_volume(&at.join(out).join("mean.nii.gz")).unwrap().data;
        let n = mean.dim().0;
        let steps =
            &mean.slice(ndarray::s![1.., .., ..]) - &mean.slice(ndarray::s![..n - 1, .., ..]);
        steps.iter().map(|s| s.abs()).sum::<f32>()
    };
    assert!(steps("together") < 0.5 * steps("apart"));
    let slices = together["slices"].as_array().unwrap();
    assert_eq!(slices.len(), 4);
    assert!(
        slices
            .iter()
            .all(|s| s["geometry"].as_array().unwrap().len() == 12)
    );
}

#[test]
fn a_slice_without_neighbours_is_what_it_is_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    scan(at);
    let one = ["--slices", "1:2"];
    dds_alone(at, "plain", &one);
    dds_alone(at, "with", &[&one[..], &TOGETHER].concat());
    let of = |out: &str| std::fs::read(at.join(out).join("sample-001.nii.gz")).unwrap();
    assert_eq!(of("plain"), of("with"));
}

/// Its slices are drawn together, its samples are not.
#[test]
fn a_sample_of_a_volume_has_the_same_bits_in_any_number() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    scan(at);
    for (out, samples) in [("one", "1"), ("three", "3")] {
        let line = ["--method", "dds", "--set", "method.dds.levels=3"];
        let more = ["--samples", samples, "--batch", "2"];
        reconstruct(at, "scan", out, &[&line[..], &TOGETHER, &more].concat());
    }
    let of = |out: &str| std::fs::read(at.join(out).join("sample-001.nii.gz")).unwrap();
    assert_eq!(of("one"), of("three"));
}

fn dds_alone(at: &Path, out: &str, more: &[&str]) {
    reconstruct(at, "scan", out, &[&DDS[..], more].concat());
}
