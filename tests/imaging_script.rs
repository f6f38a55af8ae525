//! A network of the user's own as the operator, from its file to the samples.

use crate::cli::{assert_refused, done};
use annulus::io::read_volume;
use ndarray::Array3;
use operators::{Field, Host, SliceRng, Vector};
use serde_json::Value;
use std::path::Path;
use tch::{CModule, Device, Kind, Tensor};

const SIDE: usize = 48;
const NOISE: f64 = 0.01;

/// Coarse pixels and a detector that saturates, as `torch.jit.save` writes it.
fn network(path: &Path) -> CModule {
    let mut f = |inputs: &[Tensor]| {
        let seen = inputs[0].avg_pool2d([2, 2], [2, 2], [0, 0], false, true, None);
        vec![(seen / 1.5).tanh() * 1.5]
    };
    let side = SIDE as i64;
    let probe = Tensor::ones([1, 1, side, side], (Kind::Float, Device::Cpu));
    let module = CModule::create_by_tracing("A", "forward", &[probe], &mut f).unwrap();
    module.save(path).unwrap();
    module
}

/// `head.nii.gz`, `operator.pt` and `data.npy`.
fn scan(at: &Path) {
    let side = SIDE.to_string();
    let line = ["phantom", "head", "--size", &side, "-o", "head.nii.gz"];
    done(at, &line);
    let truth = read_volume(&at.join("head.nii.gz")).unwrap().data;
    let seen: Vec<f32> = truth.iter().map(|hu| (hu + 1000.0) / 1000.0).collect();
    let side = SIDE as i64;
    let seen = Tensor::from_slice(&seen).view([1, 1, side, side]);
    let given = network(&at.join("operator.pt"))
        .forward_ts(&[seen])
        .unwrap();
    let given = Vec::<f32>::try_from(given.view([-1])).unwrap();
    let half = SIDE / 2;
    let noise = Host::<f64>::zeros(&[1, half, half], Field::Real)
        .normal_like(&mut SliceRng::samples(4, 0, 1));
    let values = given.iter().zip(noise.reals());
    let values = values.map(|(y, n)| y + (NOISE * n) as f32).collect();
    let data = Array3::from_shape_vec((1, half, half), values).unwrap();
    ndarray_npy::write_npy(at.join("data.npy"), &data).unwrap();
}

const RECON: [&str; 6] = ["recon", "data.npy", "-p", "imaging/script", "-o", "out"];

#[test]
fn a_network_is_inverted_like_any_operator() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    scan(at);
    let matrix = format!("forward.script.matrix=[{SIDE}, {SIDE}]");
    let more = ["--truth", "head.nii.gz", "--samples", "3", "--set", &matrix];
    done(
        at,
        &[&RECON[..], &more, &["--format", "nifti,png"]].concat(),
    );
    let report = std::fs::read(at.join("out/report.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    let misfit = report["slices"][0]["misfit"].as_f64().unwrap();
    assert!((0.7..1.4).contains(&misfit), "{misfit}");
    assert!(report["adjoint_gap"].as_f64().unwrap() < 1e-5);
    let rmse = |name: &str| {
        let rows = report["hu"].as_array().unwrap();
        let row = rows.iter().find(|row| row[0] == name).unwrap();
        row[1]["rmse_hu"].as_f64().unwrap()
    };
    let (own, smooth) = (rmse("bridge"), rmse("tikhonov"));
    assert!(own < 0.9 * smooth, "{own} HU, smooth {smooth} HU");
}

#[test]
fn networks_that_do_not_fit_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    scan(at);
    std::fs::write(at.join("text.pt"), "no network").unwrap();
    // Without `matrix` the image is as large as the data, and gives data of half that.
    assert_refused(
        at,
        &RECON,
        &["operator.pt", "12 x 12", "forward.script.matrix"],
    );
    for (file, words) in [
        ("text.pt", "not a TorchScript network"),
        ("missing.pt", "missing.pt"),
        ("", "forward.script.file"),
    ] {
        let file = format!("forward.script.file={file:?}");
        assert_refused(at, &[&RECON[..], &["--set", &file]].concat(), &[words]);
    }
    let line = "simulate head.nii.gz -p imaging/script -o a.npy";
    let line: Vec<&str> = line.split(' ').collect();
    let run = crate::cli::annulus(at, &line);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        crate::cli::error_line(&run).contains("runs no network"),
        "{run:?}"
    );
}
