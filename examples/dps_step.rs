//! Times a step of DPS beside the network's own forward and vector-Jacobian product:
//! `cargo run --release --example dps_step -- [PRIOR.safetensors] [SIZE ...]`
//!
//! One coil, every fourth line; f32, the network of the shipped prior. Prints one JSON object a size:
//! medians of interleaved rounds and their ratio. `benches/peers/dps_loop.py` reads it.

// It prints: that is what it is for.
#![allow(clippy::print_stdout)]

use annulus::guidance::{CovarianceModel, Dps, DpsZeta, Guidance, Guided, Measurement, sample};
use annulus::score::{Denoiser, Model, Schedule, Want};
use operators::array::Torch;
use operators::likelihood::Gaussian;
use operators::mri::sense;
use operators::{Array, Field, SliceRng, Vector};
use std::error::Error;
use std::time::Instant;
use tch::{Device, Kind};

/// Rounds of each, turn by turn.
const ROUNDS: usize = 15;
/// Steps of a round.
const STEPS: usize = 4;
const THREADS: i32 = 2;

type Place = (Device, Kind);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .unwrap_or_else(|| "protocols/priors/brain-local.safetensors".into());
    let sizes: Vec<usize> = arguments.map(|a| a.parse()).collect::<Result<_, _>>()?;
    let sizes = if sizes.is_empty() {
        vec![128, 256]
    } else {
        sizes
    };
    tch::set_num_threads(THREADS);
    let model = Model::load(&path, &std::fs::read(&path)?, Device::Cpu)?;
    for size in sizes {
        time(&model, size)?;
    }
    Ok(())
}

fn time(model: &Model, size: usize) -> Result<(), Box<dyn Error>> {
    let place: Place = (Device::Cpu, Kind::Float);
    let ones = [1.0, 0.0].repeat(size * size);
    let maps = Torch::from_reals(&place, &[1, 1, size, size], Field::Complex, &ones);
    let lines = (0..size * size).map(|i| f64::from(u8::from((i % size).is_multiple_of(4))));
    let mask = Torch::from_reals(
        &place,
        &[1, size, size],
        Field::Real,
        &lines.collect::<Vec<_>>(),
    );
    let a = sense(maps, mask.clone())?;
    let blank = Torch::from_reals(
        &place,
        &[1, size, size],
        Field::Complex,
        &vec![0.0; 2 * size * size],
    );
    let mut rng = SliceRng::samples(1, 0, 1);
    let y = operators::LinearOperator::forward(&a, &blank.normal_like(&mut rng).scaled(0.1))?;
    let likelihood = Gaussian::new(y, 0.02, mask)?;
    let data = Measurement::new(&a, &likelihood);
    let schedule = Schedule::of((0..STEPS).map(|i| 0.5 * 0.6f64.powi(i as i32)));
    let start = blank.normal_like(&mut rng).scaled(0.5);
    let published = DpsZeta {
        zeta: 0.5,
        clip: None,
    };
    let tuned = Dps(Guided {
        covariance: CovarianceModel::Spectrum,
        cg_iterations: 8,
        rounds: 1,
        guard: 1.5,
    });
    let run = |rule: &dyn Guidance<Torch>| -> Result<f64, Box<dyn Error>> {
        let mut rng = SliceRng::samples(2, 0, 1);
        let began = Instant::now();
        let x = sample(
            rule,
            model,
            Some(&data),
            &schedule,
            start.clone(),
            &mut rng,
            &mut |_| true,
        )?;
        std::hint::black_box(x.finite());
        Ok(began.elapsed().as_secs_f64() / STEPS as f64)
    };
    let network = || -> Result<f64, Box<dyn Error>> {
        let began = Instant::now();
        for (sigma, _) in schedule.steps() {
            let d = model.estimate(&start, sigma, Want::Pullback)?;
            std::hint::black_box(d.pull(&start)?);
        }
        Ok(began.elapsed().as_secs_f64() / STEPS as f64)
    };
    let mut seconds = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..ROUNDS + 2 {
        let found = [network()?, run(&published)?, run(&tuned)?];
        if round >= 2 {
            found.iter().zip(&mut seconds).for_each(|(f, s)| s.push(*f));
        }
    }
    let [net, zeta, sigma] = seconds.map(|mut s| {
        s.sort_by(f64::total_cmp);
        s[s.len() / 2]
    });
    println!(
        "{{\"size\": {size}, \"threads\": {THREADS}, \"network_s\": {net:.5}, \"dps_zeta_s\": {zeta:.5}, \
         \"dps_sigma_s\": {sigma:.5}, \"zeta_over_network\": {:.3}, \"sigma_over_network\": {:.3}}}",
        zeta / net,
        sigma / net
    );
    Ok(())
}
