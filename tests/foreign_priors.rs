//! Networks of others as priors: of Gaussian images the true output is known, whatever a network predicts.

use annulus::score::convert::{Wishes, convert};
use annulus::score::networks::{Options, Source};
use annulus::score::{Denoiser, DiscreteDiffusion, Model, Want};
use operators::{Array, Field, Host, SliceRng, Vector};
use serde_json::json;
use std::path::{Path, PathBuf};
use tch::{CModule, Device, Kind, Tensor};

/// Deviation of the images in the network's values.
pub(crate) const DEVIATION: f64 = 0.5;

/// `ᾱ` of every time, or nothing.
fn schedule(preserving: bool) -> Option<Tensor> {
    let d = DiscreteDiffusion::linear(1000);
    let abar: Vec<f32> = (0..1000).map(|t| d.abar(t) as f32).collect();
    preserving.then(|| Tensor::from_slice(&abar))
}

/// `(√ᾱ, √(1 - ᾱ))` of a label, or `(1, σ)`, as tensors of `[B, 1, 1, 1]`.
fn state(label: &Tensor, abar: Option<&Tensor>) -> (Tensor, Tensor) {
    let wide = |t: Tensor| t.view([-1, 1, 1, 1]);
    let Some(abar) = abar else {
        return (wide(label.ones_like()), wide(label.shallow_clone()));
    };
    let abar = abar.index_select(0, &label.round().to_kind(Kind::Int64));
    (wide(abar.sqrt()), wide((abar.neg() + 1.0).sqrt()))
}

/// A module that answers the truth of images `N(mean, DEVIATION²)`, channel by channel.
pub(crate) fn truth(path: &Path, predicts: &str, preserving: bool, means: &[f32]) {
    // Made outside: a trace keeps tensors as they are, but not how they were filled.
    let (means, abar) = (
        Tensor::from_slice(means).view([1, -1, 1, 1]),
        schedule(preserving),
    );
    let mut f = |inputs: &[Tensor]| {
        let (x, (signal, noise)) = (&inputs[0], state(&inputs[1], abar.as_ref()));
        let s = DEVIATION * DEVIATION;
        let total = signal.square() * s + noise.square();
        let away = x - &signal * &means;
        let image = &means + &signal * s / &total * &away;
        vec![match predicts {
            "noise" => (x - &signal * image) / &noise,
            "score" => away.neg() / &total,
            "velocity" => &signal * (x - &signal * &image) / &noise - &noise * &image,
            _ => image,
        }]
    };
    let channels = means.size()[1];
    let probe = Tensor::ones([1, channels, 8, 8], (Kind::Float, Device::Cpu));
    let label = Tensor::from_slice(&[300f32]);
    let module = CModule::create_by_tracing("A", "forward", &[probe, label], &mut f).unwrap();
    module.save(path).unwrap();
}

pub(crate) fn options(
    predicts: &str,
    preserving: bool,
    range: [f64; 2],
    channels: usize,
) -> String {
    let diffusion = match preserving {
        true => json!({"kind": "preserving", "betas": {"linear": [1e-4, 0.02]}, "steps": 1000}),
        false => json!({"kind": "exploding", "label": "sigma", "sigma": [0.01, 50.0]}),
    };
    let convention = json!({"predicts": predicts, "diffusion": diffusion, "range": range});
    json!({"family": "torchscript", "channels": channels, "cell": 4, "convention": convention})
        .to_string()
}

fn loaded(path: &Path, options: &str, wishes: &Wishes) -> Model {
    let made = convert(path, Some(options), wishes).unwrap();
    Model::new("prior", made.card, made.tensors, Device::Cpu).unwrap()
}

pub(crate) fn normal(sizes: &[usize], field: Field, seed: u64) -> Host<f32> {
    Host::zeros(sizes, field).normal_like(&mut SliceRng::samples(seed, 0, sizes[0] as u32))
}

fn close(a: &Host<f32>, b: &Host<f32>, most: f64, what: &str) {
    let apart = a.minus(b).norm();
    let within = apart.iter().zip(b.norm()).all(|(d, n)| *d < most * n);
    assert!(within, "{what}: {apart:?}");
}

/// Of a network that sees [-1, 1], images are `N(0.6, 0.25²)`: `D` and its pullback in closed form, at a
/// size that is no multiple of the network's cell, whatever is predicted of whichever noise.
#[test]
fn every_prediction_denoises_as_the_closed_form() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.pt");
    let (mean, s) = (0.6f64, (DEVIATION / 2.0).powi(2));
    let d = DiscreteDiffusion::linear(1000);
    for preserving in [true, false] {
        for predicts in ["noise", "score", "velocity", "image"] {
            if predicts == "velocity" && !preserving {
                continue;
            }
            truth(&path, predicts, preserving, &[0.2]);
            let given = options(predicts, preserving, [-1.0, 1.0], 1);
            let model = loaded(&path, &given, &Wishes::default());
            for t in [50, 400] {
                let sigma = d.sigma(t) / 2.0;
                let x = normal(&[3, 9, 14], Field::Real, t as u64);
                let estimate = model.estimate(&x, sigma, Want::Pullback).unwrap();
                let factor = s / (s + sigma * sigma);
                let mut expected = x.scaled(factor);
                let shift = (mean * (1.0 - factor)) as f32;
                let reals: Vec<f32> = expected.reals().iter().map(|v| v + shift).collect();
                expected = Host::new(&[3, 9, 14], Field::Real, reals);
                let what = format!("{predicts} {preserving} {t}");
                close(&estimate.x0, &expected, 2e-4, &what);
                let v = normal(&[3, 9, 14], Field::Real, 7);
                // The network is of single pixels: what is mirrored outside and cut off has no part in it.
                let pulled = estimate.pull(&v).unwrap();
                close(&pulled, &v.scaled(factor), 2e-4, &what);
            }
        }
    }
}

/// A network of magnitudes sees real and imaginary part one after the other.
#[test]
fn complex_images_go_part_by_part() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.pt");
    truth(&path, "noise", true, &[0.0]);
    let wishes = Wishes {
        parts: true,
        ..Wishes::default()
    };
    let model = loaded(&path, &options("noise", true, [0.0, 1.0], 1), &wishes);
    assert_eq!(model.card.channels, 2);
    let (x, sigma) = (
        normal(&[2, 8, 12], Field::Complex, 1),
        DiscreteDiffusion::linear(1000).sigma(200),
    );
    let s = DEVIATION * DEVIATION;
    let d = model.denoise(&x, sigma).unwrap();
    close(&d, &x.scaled(s / (s + sigma * sigma)), 2e-4, "parts");
    let two = options("noise", true, [0.0, 1.0], 2);
    let error = convert(&path, Some(&two), &wishes)
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("--parts"), "{error}");
}

/// A small network of guided diffusion in f64, as a safetensors file; its options.
pub(crate) fn small_adm(at: &Path) -> (PathBuf, PathBuf) {
    let json = r#"{"family": "guided-diffusion UNetModel", "image_size": 16, "model_channels": 32, "in_channels": 1,
        "learn_sigma": true, "num_res_blocks": 1, "channel_mult": "1,2", "attention_ds": [2], "num_head_channels": 16,
        "use_scale_shift_norm": true, "resblock_updown": true, "dropout": 0.1, "colour": "blue"}"#;
    let (options, _) = Options::from_json(json).unwrap();
    let mut tensors: Vec<(String, Tensor)> = Vec::new();
    {
        let mut fill = |k: usize, asked: &annulus::score::networks::Asked| {
            let count: i64 = asked.shape.iter().product();
            let wave =
                (Tensor::arange(count, (Kind::Double, Device::Cpu)) * 0.37 + 0.11 * k as f64).sin();
            let t = (wave * 0.1).view(&asked.shape[..]);
            tensors.push((asked.name.clone(), t.shallow_clone()));
            t
        };
        let mut source = Source::made(&mut fill, Kind::Double, Device::Cpu);
        options.build(&mut source).unwrap();
    }
    let (weights, config) = (at.join("net.safetensors"), at.join("net.json"));
    Tensor::write_safetensors(&tensors, &weights).unwrap();
    std::fs::write(&config, json).unwrap();
    (weights, config)
}

/// A network of zeros but for its last bias: it says that there is no noise, and `v = 1`. Then the reverse variance
/// is β, and `Var(u0 | u) = σ² / (1 + σ²)`; images see half the deviation.
#[test]
fn a_learned_variance_is_that_of_every_pixel() {
    let folder = tempfile::tempdir().unwrap();
    let (weights, config) = small_adm(folder.path());
    let mut tensors = Tensor::read_safetensors(&weights).unwrap();
    for (name, t) in &mut tensors {
        *t = match name.as_str() {
            "out.2.bias" => Tensor::from_slice(&[0.0f64, 1.0]),
            _ => t.zeros_like(),
        };
    }
    Tensor::write_safetensors(&tensors, &weights).unwrap();
    let options = std::fs::read_to_string(config).unwrap();
    let model = loaded(&weights, &options, &Wishes::default());
    assert!(model.states_variance());
    let sigma_u = DiscreteDiffusion::linear(1000).sigma(300);
    let x = normal(&[2, 7, 12], Field::Real, 1);
    let estimate = model.estimate(&x, sigma_u / 2.0, Want::Mean).unwrap();
    close(&estimate.x0, &x, 1e-5, "no noise");
    let deviation = estimate.deviation.unwrap();
    let expected = sigma_u / sigma_u.hypot(1.0) / 2.0;
    assert_eq!(deviation.root.sizes(), [2, 7, 12]);
    for (root, inverse) in deviation.root.reals().iter().zip(deviation.inverse.reals()) {
        assert!(
            (f64::from(*root) / expected - 1.0).abs() < 1e-4,
            "{root} {expected}"
        );
        assert!((root * inverse - 1.0).abs() < 1e-5);
    }
}
