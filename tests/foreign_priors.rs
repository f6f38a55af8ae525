//! Networks of others as priors: of Gaussian images the true output is known, whatever a network predicts.

use crate::cli::{annulus, done};
use annulus::score::convert::{Wishes, convert};
use annulus::score::networks::{Options, Source};
use annulus::score::{Denoiser, DiscreteDiffusion, Model, Want};
use ndarray::{Array3, Array4};
use ndarray_npy::{read_npy, write_npy};
use operators::{Array, Field, Host, SliceRng, Vector};
use serde_json::json;
use std::path::{Path, PathBuf};
use tch::{CModule, Device, Kind, Tensor};

/// Deviation of the images in the network's values.
const DEVIATION: f64 = 0.5;

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
fn truth(path: &Path, predicts: &str, preserving: bool, means: &[f32]) {
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

fn options(predicts: &str, preserving: bool, range: [f64; 2], channels: usize) -> String {
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

fn normal(sizes: &[usize], field: Field, seed: u64) -> Host<f32> {
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
fn small_adm(at: &Path) -> (PathBuf, PathBuf) {
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

#[test]
fn one_call_from_the_command_line_is_the_networks_own() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let (weights, config) = small_adm(at);
    let line = [
        "prior",
        "convert",
        "net.safetensors",
        "--config",
        "net.json",
        "-o",
        "p.safetensors",
    ];
    let said = done(at, &line);
    assert!(said.contains("ignored: colour\n"), "{said}");
    let shown = done(at, &["prior", "show", "p.safetensors"]);
    assert!(
        shown.contains("\"origin\": \"net.safetensors: all of its tensors\""),
        "{shown}"
    );

    let x = Array4::from_shape_fn((2, 1, 16, 8), |(b, _, y, x)| {
        (0.3 * (b + y) as f64 - 0.2 * x as f64).sin()
    });
    write_npy(at.join("x.npy"), &x).unwrap();
    let call = [
        "prior",
        "run",
        "p.safetensors",
        "--input",
        "x.npy",
        "--time-step",
        "37,911",
    ];
    done(at, &[&call[..], &["--raw", "-o", "raw.npy"]].concat());
    done(at, &[&call[..], &["-o", "x0.npy"]].concat());
    let raw: Array4<f64> = read_npy(at.join("raw.npy")).unwrap();
    let x0: Array4<f64> = read_npy(at.join("x0.npy")).unwrap();
    assert_eq!((raw.dim(), x0.dim()), ((2, 2, 16, 8), (2, 1, 16, 8)));

    let (options, _) = Options::from_json(&std::fs::read_to_string(config).unwrap()).unwrap();
    let tensors = Tensor::read_safetensors(weights).unwrap();
    let mut source = Source::loaded(tensors.into_iter().collect(), Kind::Double, Device::Cpu);
    let network = options.build(&mut source).unwrap();
    let given = Tensor::from_slice(x.as_slice().unwrap()).view([2, 1, 16, 8]);
    let output =
        tch::no_grad(|| network.raw(&given, &Tensor::from_slice(&[37.0, 911.0]), None)).unwrap();
    let d = DiscreteDiffusion::linear(1000);
    for (at, value) in raw.indexed_iter() {
        let expected = output.double_value(&[at.0, at.1, at.2, at.3].map(|n| n as i64));
        assert!(
            (value - expected).abs() < 1e-13,
            "{at:?}: {value} {expected}"
        );
    }
    for (at, value) in x0.indexed_iter() {
        let abar = d.abar([37, 911][at.0]);
        let expected = (x[at] - (1.0 - abar).sqrt() * raw[at]) / abar.sqrt();
        assert!(
            (value - expected).abs() < 1e-9,
            "{at:?}: {value} {expected}"
        );
    }
}

#[test]
fn weights_that_do_not_fit_are_listed_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let (weights, _) = small_adm(at);
    let mut tensors = Tensor::read_safetensors(&weights).unwrap();
    tensors.retain(|(name, _)| name != "out.2.bias");
    tensors.push((
        "stray".into(),
        Tensor::zeros([3], (Kind::Float, Device::Cpu)),
    ));
    for (name, t) in &mut tensors {
        if name == "time_embed.0.bias" {
            *t = Tensor::zeros([5], (Kind::Float, Device::Cpu));
        }
    }
    Tensor::write_safetensors(&tensors, &weights).unwrap();
    let line = [
        "prior",
        "convert",
        "net.safetensors",
        "--config",
        "net.json",
        "-o",
        "p.safetensors",
    ];
    let run = annulus(at, &line);
    assert_eq!(run.code, 1);
    for word in [
        "1 missing: `out.2.bias`",
        "1 unexpected: `stray`",
        "`time_embed.0.bias` is [5], expected [128]",
    ] {
        assert!(run.stderr.contains(word), "{word}: {}", run.stderr);
    }
    assert!(!at.join("p.safetensors").exists());
    let run = annulus(
        at,
        &["prior", "convert", "net.safetensors", "-o", "p.safetensors"],
    );
    assert!(
        run.code == 1 && run.stderr.contains("--config"),
        "{}",
        run.stderr
    );
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

/// Images of three colours as the network knows them, in units of images.
fn colours(path: &Path, means: [f32; 3]) {
    let noise = normal(&[6, 3 * 24, 24], Field::Real, 3);
    let value = |(i, c, y, x): (usize, usize, usize, usize)| {
        let z = noise.reals()[((i * 3 + c) * 24 + y) * 24 + x];
        0.5 * (1.0 + means[c] + DEVIATION as f32 * z)
    };
    write_npy(path, &Array4::from_shape_fn((6, 3, 24, 24), value)).unwrap();
}

#[test]
fn mistakes_of_range_order_prediction_and_brightness_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let means = [-0.8, 0.0, 0.6];
    truth(&at.join("net.pt"), "noise", true, &means);
    std::fs::write(at.join("net.json"), options("noise", true, [-1.0, 1.0], 3)).unwrap();
    colours(&at.join("right.npy"), means);
    colours(&at.join("reversed.npy"), [0.6, 0.0, -0.8]);
    let right: Array4<f32> = read_npy(at.join("right.npy")).unwrap();
    write_npy(at.join("bright.npy"), &(right * 10.0)).unwrap();
    let check = |more: &[&str], images: &str| {
        let line = [
            "prior",
            "convert",
            "net.pt",
            "--config",
            "net.json",
            "-o",
            "p.safetensors",
            "--force",
        ];
        done(at, &[&line[..], more].concat());
        annulus(at, &["prior", "check", "p.safetensors", "--images", images])
    };
    let run = check(&[], "right.npy");
    assert_eq!(run.code, 0, "{}", run.stderr);
    for word in ["verdict: it denoises", "4 samples: mean 0.4"] {
        assert!(run.stdout.contains(word), "{}", run.stdout);
    }
    for (more, images, named) in [
        (&["--range", "0,1"][..], "right.npy", "--range -1,1"),
        (&["--predicts", "image"], "right.npy", "--predicts noise"),
        (&[], "reversed.npy", "the channels in reverse order"),
        (&[], "bright.npy", "images 0.1 times as bright"),
    ] {
        let run = check(more, images);
        assert_eq!(run.code, 1, "{more:?} {images}: {}", run.stdout);
        assert!(run.stderr.contains(named), "{named}: {}", run.stderr);
    }
}

/// The posterior mean of Gaussian images through a converted network: `bridge` on inpainting, whose truth is
/// one division per pixel.
#[test]
fn a_converted_network_is_a_prior_of_reconstructions() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    truth(&at.join("net.pt"), "noise", true, &[0.2]);
    std::fs::write(at.join("net.json"), options("noise", true, [-1.0, 1.0], 1)).unwrap();
    done(
        at,
        &[
            "prior",
            "convert",
            "net.pt",
            "--config",
            "net.json",
            "-o",
            "p.safetensors",
        ],
    );
    let images = Array3::from_shape_fn((8, 32, 32), |(i, y, x)| {
        let z = normal(&[1, 1, 1], Field::Real, (i * 1024 + y * 32 + x) as u64).reals()[0];
        0.6 + 0.25 * z
    });
    let four = images
        .clone()
        .into_shape_with_order((8, 1, 32, 32))
        .unwrap();
    write_npy(at.join("known.npy"), &four).unwrap();
    let measured = [
        "prior",
        "check",
        "p.safetensors",
        "--images",
        "known.npy",
        "--samples",
        "0",
        "-o",
        "q.safetensors",
    ];
    done(at, &measured);

    let sigma = 0.1f64;
    let noise = normal(&[1, 32, 32], Field::Real, 99);
    let data = Array3::from_shape_fn((1, 32, 32), |(_, y, x)| match (y + x) % 2 {
        0 => images[(0, y, x)] + sigma as f32 * noise.reals()[y * 32 + x],
        _ => f32::NAN,
    });
    write_npy(at.join("data.npy"), &data).unwrap();
    let recon = [
        "recon",
        "data.npy",
        "-p",
        "imaging/inpainting-box",
        "-o",
        "out",
        "--samples",
        "16",
        "--format",
        "npy",
    ];
    let set = [
        "--set",
        "prior.model=\"q.safetensors\"",
        "--set",
        "forward.zero=0",
        "--set",
        "forward.unit=1",
        "--set",
        "likelihood.gaussian.std=0.1",
    ];
    done(at, &[&recon[..], &set].concat());
    let mean: Array3<f32> = read_npy(at.join("out/mean.npy")).unwrap();
    let (s, v) = (0.0625, sigma * sigma);
    let (mut seen, mut hidden) = (0.0f64, 0.0f64);
    for ((_, y, x), m) in mean.indexed_iter() {
        match (y + x) % 2 {
            0 => {
                let exact = 0.6 + s / (s + v) * (f64::from(data[(0, y, x)]) - 0.6);
                seen += (f64::from(*m) - exact).powi(2) / 512.0;
            }
            _ => hidden += (f64::from(*m) - 0.6).powi(2) / 512.0,
        }
    }
    // The mean of 16 samples is off by a quarter of the posterior's deviation.
    let (seen, hidden) = (seen.sqrt(), hidden.sqrt());
    assert!(seen < 1.25 * (s * v / (s + v)).sqrt() / 4.0, "{seen}");
    assert!(hidden < 1.25 * s.sqrt() / 4.0, "{hidden}");
}
