//! Networks of others from the command line: converted, called, checked, and used in a reconstruction.

use crate::cli::{annulus, done};
use crate::foreign_priors::{DEVIATION, normal, options, small_adm, truth};
use annulus::score::DiscreteDiffusion;
use annulus::score::networks::{Options, Source};
use ndarray::{Array3, Array4};
use ndarray_npy::{read_npy, write_npy};
use operators::Field;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// The line that makes `p.safetensors` of `weights` with `net.json`.
fn conversion<'a>(weights: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let line = ["prior", "convert", weights, "--config", "net.json"];
    [&line[..], &["-o", "p.safetensors"], more].concat()
}

#[test]
fn one_call_from_the_command_line_is_the_networks_own() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let (weights, config) = small_adm(at);
    let said = done(at, &conversion("net.safetensors", &[]));
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
    let run = annulus(at, &conversion("net.safetensors", &[]));
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
        done(at, &conversion("net.pt", &[more, &["--force"]].concat()));
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
    done(at, &conversion("net.pt", &[]));
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
