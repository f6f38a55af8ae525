//! The noise of a simulated scan, and whitening.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Table};
use super::super::gate::largest;
use super::super::toolkit::Job;
use crate::io::{ReadOptions, open_k_space};
use crate::protocol::Protocol;
use ndarray::{Array2, Array3, Axis};
use num_complex::{Complex32, Complex64};
use operators::mri::whitening::{Whitening, bandwidth_factor};

/// Signal of white matter over the noise deviation, as the protocol says.
const SNR: f64 = 30.0;
const COILS: usize = 6;

/// The difference of a scan and the same scan nearly without noise is its noise: its deviation
/// against the protocol's SNR, and 1 after whitening by the noise scan.
pub(in super::super) fn noise(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    let scan = |snr: f64, name: &str| -> Result<_, Failure> {
        let mut protocol = Protocol::find("mri/brain-cartesian-r4")?;
        protocol.set_all(&[
            "acquisition.cartesian.matrix=[128,128]".to_owned(),
            "acquisition.cartesian.fov_mm=[220,220]".to_owned(),
            "acquisition.cartesian.slices=1".to_owned(),
            format!("acquisition.cartesian.coils={COILS}"),
            "acquisition.cartesian.pattern=full".to_owned(),
            "acquisition.cartesian.acceleration=1".to_owned(),
            format!("acquisition.cartesian.snr={snr}"),
        ])?;
        let job = Job {
            protocol,
            input: "brain".into(),
            output: bench.file(name),
            truth: None,
            seed: bench.seed,
            threads: bench.threads,
            progress: bench.progress,
        };
        let truth = bench.toolkit.simulate(&job, bench.interrupted)?;
        Ok((job.output, truth))
    };
    let (noisy, truth) = scan(SNR, "noisy.h5")?;
    let (clean, _) = scan(1e9, "clean.h5")?;
    let noisy_k = bench.toolkit.k_space(&noisy, 0)?;
    let noise = noisy_k - bench.toolkit.k_space(&clean, 0)?;
    let truth = bench.toolkit.read_volume(&truth)?.data;
    let truth = truth.index_axis(Axis(0), 0).mapv(f64::from);
    promised(evidence, &noise, white_matter(bench.seed, &truth)? / SNR);

    let source = open_k_space(&noisy, &ReadOptions::default())?;
    let scan = source.noise().ok_or("the scan has no noise scan")?;
    let header = source.header();
    let (Some(dwell_us), Some(noise_dwell_us)) = (header.dwell_us, scan.dwell_us) else {
        return Err("the scan does not say its dwell times".into());
    };
    let factor = bandwidth_factor(dwell_us, noise_dwell_us, header.relative_noise_bandwidth);
    let whitening = Whitening::from_noise(scan.samples.view(), factor)?;
    let mut white = noise;
    whitening.apply(&mut white)?;
    whitened(evidence, &white);
    Ok(())
}

/// The median of the truth where the brain's own map, whose white matter is 1, has white matter alone.
fn white_matter(seed: u64, truth: &Array2<f64>) -> Result<f64, Failure> {
    let (ny, nx) = truth.dim();
    let map = phantoms::raster(
        "brain",
        seed,
        (0, 1),
        &phantoms::MrGrid::over(ny, nx, [220.0; 2]),
        phantoms::Contrast::T1,
    )?;
    let of_white = map
        .iter()
        .zip(truth)
        .filter(|(m, _)| (**m - 1.0).abs() < 0.01);
    let mut values: Vec<f64> = of_white.map(|(_, v)| *v).collect();
    if values.len() < 100 {
        return Err(format!("{} pixels of white matter in the brain", values.len()).into());
    }
    values.sort_by(f64::total_cmp);
    Ok(values[values.len() / 2])
}

/// The deviation per real component over the one that the protocol promises.
fn promised(evidence: &mut Evidence, noise: &Array3<Complex32>, sigma: f64) {
    let sum: f64 = noise.iter().map(|z| f64::from(z.norm_sqr())).sum();
    let found = (sum / (2 * noise.len()) as f64).sqrt();
    evidence.between(
        "mri.noise.level",
        "deviation of the noise over the one that the protocol's SNR promises",
        found / sigma,
        [0.99, 1.01],
        "196 608 numbers, correlated between coils: 0.3 % is one standard error",
    );
}

/// Variance of every coil and the largest correlation of two after whitening.
fn whitened(evidence: &mut Evidence, white: &Array3<Complex32>) {
    let coils = white.len_of(Axis(0));
    let product = |i: usize, j: usize| -> f64 {
        let (a, b) = (white.index_axis(Axis(0), i), white.index_axis(Axis(0), j));
        let wide = |z: &Complex32| Complex64::new(z.re.into(), z.im.into());
        let products = a.iter().zip(&b).map(|(a, b)| wide(a) * wide(b).conj());
        products.sum::<Complex64>().norm() / (2 * a.len()) as f64
    };
    let psi = Array2::from_shape_fn((coils, coils), |(i, j)| product(i, j));
    let mut table = Table::new(
        "Covariance of the whitened noise per real component",
        &["coil", "variance", "with the next coil"],
    );
    let mut apart = Vec::new();
    for i in 0..coils {
        table.row(&i.to_string(), &[psi[(i, i)], psi[(i, (i + 1) % coils)]]);
        for j in 0..i {
            apart.push(psi[(i, j)]);
        }
    }
    evidence.tables.push(table);
    let mean = psi.diag().mean().unwrap_or(f64::NAN);
    evidence.between(
        "mri.noise.white",
        "mean variance of the whitened noise per real component",
        mean,
        [0.97, 1.03],
        "the covariance is estimated from 4096 samples: 1 % is one standard error",
    );
    evidence.at_most(
        "mri.noise.independent",
        "largest correlation of two coils after whitening, its modulus",
        largest(apart),
        0.06,
        "1.6 % is one standard error of the estimate, and there are 15 pairs",
    );
}
