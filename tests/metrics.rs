//! Metrics against the programs that define them: scikit-image and BART, on the same arrays.

use crate::cli::python;
use annulus::metrics::{
    DataRange, Normalisation, Pair, Ssim, nmse, nrmse, nrmse_fitted, psnr, windowed,
};
use ndarray::Array3;
use num_complex::Complex32;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::path::Path;
use std::process::Command;

/// Odd, unequal, several slices.
pub(crate) const SHAPE: (usize, usize, usize) = (3, 37, 52);

/// Discs of several values, and noise upon them.
pub(crate) fn images(low: f64, high: f64, seed: u64) -> (Array3<f64>, Array3<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let t = Array3::from_shape_fn(SHAPE, |(s, y, x)| {
        let r = (y as f64 - 17.0).hypot(x as f64 - 24.0 - s as f64);
        let part = if r < 14.0 {
            0.4 + 0.2 * (x / 5 % 3) as f64
        } else {
            0.0
        };
        low + (high - low) * part
    });
    let x = t.mapv(|t| {
        let noise: f64 = StandardNormal.sample(&mut rng);
        t + 0.07 * (high - low) * noise
    });
    (x, t)
}

const SCIKIT: &str = "
import numpy as np
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity, peak_signal_noise_ratio as psnr
from skimage.metrics import normalized_root_mse as nrmse
x, t = np.load('x.npy'), np.load('t.npy')
top, span = t.max(), t.max() - t.min()
wang = dict(gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
def ssim(**k): return np.mean([structural_similarity(b, a, **k) for a, b in zip(x, t)])
def padded(a, b, r):
    f = lambda v: gaussian_filter(v, 1.5, truncate=3.5, mode='constant')
    m, n = f(a), f(b)
    v, w, c = f(a * a) - m * m, f(b * b) - n * n, f(a * b) - m * n
    p, q = (.01 * r)**2, (.03 * r)**2
    return np.mean((2 * m * n + p) * (2 * c + q) / ((m * m + n * n + p) * (v + w + q)))
a, b = np.clip(x, -160, 240), np.clip(t, -160, 240)
found = [np.linalg.norm(t - x)**2 / np.linalg.norm(t)**2,
    psnr(t, x, data_range=top), psnr(t, x, data_range=span),
    ssim(data_range=top), ssim(data_range=span), ssim(data_range=span, **wang), ssim(data_range=2.5, **wang),
    nrmse(t, x), nrmse(t, x, normalization='min-max'), nrmse(t, x, normalization='mean'),
    np.mean([psnr(q, p, data_range=400) for p, q in zip(a, b)]),
    np.mean([padded(p, q, 400.) for p, q in zip(a, b)]),
    np.mean([np.sqrt(np.mean((p - q)**2)) for p, q in zip(a, b)])]
print(*[repr(float(v)) for v in found])";

/// In the order of the script.
fn ours(x: &Array3<f64>, t: &Array3<f64>) -> Vec<(&'static str, f64)> {
    let pair = Pair::new(x.view(), t.view()).unwrap();
    let uniform = |range| Ssim {
        range,
        ..Ssim::FASTMRI
    };
    let fixed = Ssim {
        range: DataRange::Fixed(2.5),
        ..Ssim::WANG
    };
    let (top, span) = (DataRange::Maximum, DataRange::MaximumMinusMinimum);
    let red = windowed(&pair).unwrap();
    let relative = |by| nrmse(&pair, by).unwrap();
    vec![
        ("nmse", nmse(&pair).unwrap()),
        ("psnr, maximum", psnr(&pair, top).unwrap()),
        ("psnr, span", psnr(&pair, span).unwrap()),
        ("ssim, maximum", uniform(top).measure(&pair).unwrap()),
        ("ssim, span", uniform(span).measure(&pair).unwrap()),
        ("ssim, Wang", Ssim::WANG.measure(&pair).unwrap()),
        ("ssim, Wang, fixed", fixed.measure(&pair).unwrap()),
        ("nrmse", relative(Normalisation::Euclidean)),
        ("nrmse, min-max", relative(Normalisation::MinMax)),
        ("nrmse, mean", relative(Normalisation::Mean)),
        ("RED-CNN psnr", red.psnr),
        ("RED-CNN ssim", red.ssim),
        ("RED-CNN rmse", red.rmse_hu),
    ]
}

#[test]
fn every_number_is_that_of_scikit_image() {
    // A magnitude image, values like HU, and one that is small against its offset.
    for (low, high, seed) in [(0.0, 1.3, 1), (-90.0, 900.0, 2), (200.0, 200.6, 3)] {
        let folder = tempfile::tempdir().unwrap();
        let (x, t) = images(low, high, seed);
        ndarray_npy::write_npy(folder.path().join("x.npy"), &x).unwrap();
        ndarray_npy::write_npy(folder.path().join("t.npy"), &t).unwrap();
        let Some(said) = python(folder.path(), "skimage.metrics", SCIKIT) else {
            return;
        };
        let theirs: Vec<f64> = said.split(' ').map(|n| n.parse().unwrap()).collect();
        let ours = ours(&x, &t);
        assert_eq!(ours.len(), theirs.len());
        for ((name, ours), theirs) in ours.iter().zip(theirs) {
            let off = ours - theirs;
            eprintln!("{low}..{high}: {name} {ours:.9}, off by {off:.1e}");
            assert!(
                off.abs() < 1e-6 * theirs.abs().max(1e-3),
                "{name}: {ours} {theirs}"
            );
        }
    }
}

/// Complex pixels of a shape, (slice, row, column), which BART reads as (x, y, z).
pub(crate) fn complex(seed: u64) -> Array3<Complex32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = || -> f32 { StandardNormal.sample(&mut rng) };
    Array3::from_shape_simple_fn(SHAPE, || Complex32::new(draw(), draw()))
}

fn write_cfl(path: &Path, volume: &Array3<Complex32>) {
    let (slices, rows, columns) = volume.dim();
    let header = format!("# Dimensions\n{columns} {rows} {slices}\n");
    std::fs::write(path.with_extension("hdr"), header).unwrap();
    let reals = volume.iter().flat_map(|z| [z.re, z.im]);
    let bytes: Vec<u8> = reals.flat_map(f32::to_le_bytes).collect();
    std::fs::write(path.with_extension("cfl"), bytes).unwrap();
}

/// What `bart nrmse` prints, its message about the scale left out.
fn bart_nrmse(folder: &Path, more: &[&str]) -> Option<f64> {
    let mut command = Command::new("bart");
    command.current_dir(folder).arg("nrmse").args(more);
    let out = command.args(["t", "x"]).output().ok()?;
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{said}");
    said.lines().last()?.trim().parse().ok()
}

#[test]
fn nrmse_is_that_of_bart_plain_and_fitted() {
    let folder = tempfile::tempdir().unwrap();
    let t = complex(1);
    for (gain, noise) in [
        (Complex32::ONE, 0.1),
        (Complex32::from_polar(0.6, 1.1), 0.3),
        (Complex32::from_polar(1.7, -2.8), 2.0),
    ] {
        let x = t.mapv(|z| gain * z) + complex(2).mapv(|z| z * noise);
        write_cfl(&folder.path().join("t"), &t);
        write_cfl(&folder.path().join("x"), &x);
        let pair = Pair::new(x.view(), t.view()).unwrap();
        for (more, ours) in [
            (&[][..], nrmse(&pair, Normalisation::Euclidean).unwrap()),
            (&["-s"], nrmse_fitted(&pair).unwrap().nrmse),
        ] {
            let Some(theirs) = bart_nrmse(folder.path(), more) else {
                eprintln!("skipped: `bart` is not on the path");
                return;
            };
            eprintln!("bart nrmse {more:?}: {theirs}, ours {ours:.7}");
            // BART prints six decimals.
            assert!((ours - theirs).abs() < 1e-6, "{more:?}: {ours} {theirs}");
        }
    }
}
