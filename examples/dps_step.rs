//! Times a step of DPS beside the network's own forward and vector-Jacobian product:
//! `cargo run --release --example dps_step -- [PRIOR.safetensors] [SIZE ...] [--one-step FOLDER]`
//!
//! One coil, every fourth line; f32, the network of the shipped prior. Prints one JSON object a size:
//! medians of interleaved rounds and their ratio. With `--one-step` it writes `start.npy`, `y.npy` and `step.npy` instead,
//! the published step from [`FIRST`] to 0, which draws nothing. `benches/peers/dps_loop.py` reads both.

// It prints: that is what it is for.
#![allow(clippy::print_stdout)]

use annulus::guidance::{
    CovarianceModel, Dps, DpsZeta, Guard, Guidance, Guided, Measurement, NormalSpectrum, sample,
};
use annulus::io::write_npy_complex;
use annulus::score::{Denoiser, Model, Schedule, Want};
use ndarray::Array3;
use num_complex::Complex32;
use operators::Chain;
use operators::array::Torch;
use operators::likelihood::Gaussian;
use operators::mri::sense;
use operators::{Array, Field, SliceRng, Vector};
use std::error::Error;
use std::path::Path;
use std::time::Instant;
use tch::{Device, Kind};

/// Rounds of each, turn by turn.
const ROUNDS: usize = 15;
/// Steps of a round.
const STEPS: usize = 4;
const THREADS: i32 = 2;
/// Deviation of the noise.
const NOISE: f64 = 0.02;
/// The first noise level.
const FIRST: f64 = 0.5;
const PUBLISHED: DpsZeta = DpsZeta { zeta: 0.5 };

type Place = (Device, Kind);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let flag = arguments.iter().position(|a| a == "--one-step");
    let folder = flag.map(|at| arguments.split_off(at).pop().unwrap_or_default());
    let mut arguments = arguments.into_iter();
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
        let problem = Problem::new(size)?;
        match &folder {
            Some(folder) => one_step(&model, &problem, Path::new(folder))?,
            None => time(&model, size, &problem)?,
        }
    }
    Ok(())
}

/// Every fourth line of noise, and a state of noise.
struct Problem {
    a: Chain<Torch>,
    y: Torch,
    mask: Torch,
    start: Torch,
    normal: NormalSpectrum,
}

impl Problem {
    fn new(size: usize) -> Result<Self, Box<dyn Error>> {
        let place: Place = (Device::Cpu, Kind::Float);
        let of =
            |sizes: &[usize], field, reals: &[f64]| Torch::from_reals(&place, sizes, field, reals);
        let maps = of(
            &[1, 1, size, size],
            Field::Complex,
            &[1.0, 0.0].repeat(size * size),
        );
        let lines = (0..size * size).map(|i| f64::from(u8::from((i % size).is_multiple_of(4))));
        let mask = of(&[1, size, size], Field::Real, &lines.collect::<Vec<_>>());
        let normal = NormalSpectrum::of_scan(&maps, &mask, NOISE)?;
        let a = sense(maps, mask.clone())?;
        let blank = of(
            &[1, size, size],
            Field::Complex,
            &vec![0.0; 2 * size * size],
        );
        let mut rng = SliceRng::samples(1, 0, 1);
        let y = operators::LinearOperator::forward(&a, &blank.normal_like(&mut rng).scaled(0.1))?;
        let start = blank.normal_like(&mut rng).scaled(FIRST);
        Ok(Problem {
            a,
            y,
            mask,
            start,
            normal,
        })
    }

    fn likelihood(&self) -> Result<Gaussian<Torch>, Box<dyn Error>> {
        Ok(Gaussian::new(self.y.clone(), NOISE, self.mask.clone())?)
    }
}

fn one_step(model: &Model, problem: &Problem, folder: &Path) -> Result<(), Box<dyn Error>> {
    let likelihood = problem.likelihood()?;
    let data = Measurement::new(&problem.a, &likelihood);
    let (schedule, start) = (Schedule::of([FIRST]), problem.start.clone());
    let mut rng = SliceRng::samples(2, 0, 1);
    let step = sample(
        &PUBLISHED,
        model,
        Some(&data),
        &schedule,
        start,
        &mut rng,
        &mut |_| true,
    )?;
    for (name, image) in [
        ("start", &problem.start),
        ("y", &problem.y),
        ("step", &step),
    ] {
        let sizes = image.sizes();
        let (rows, columns) = (sizes[sizes.len() - 2], sizes[sizes.len() - 1]);
        let pairs = image.to_reals();
        let values = pairs
            .chunks(2)
            .map(|p| Complex32::new(p[0] as f32, p[1] as f32));
        let array = Array3::from_shape_vec([1, rows, columns], values.collect())?;
        write_npy_complex(&folder.join(format!("{name}.npy")), &array, true)?;
    }
    Ok(())
}

fn time(model: &Model, size: usize, problem: &Problem) -> Result<(), Box<dyn Error>> {
    let likelihood = problem.likelihood()?;
    let data = Measurement {
        normal: Some(&problem.normal), // as `recon` has it
        ..Measurement::new(&problem.a, &likelihood)
    };
    let start = &problem.start;
    let schedule = Schedule::of((0..STEPS).map(|i| FIRST * 0.6f64.powi(i as i32)));
    let tuned = Dps(Guided {
        covariance: CovarianceModel::Spectrum,
        cg_iterations: 8,
        rounds: 1,
        guard: Guard::Times(1.5),
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
            let d = model.estimate(start, sigma, Want::Pullback)?;
            std::hint::black_box(d.pull(start)?);
        }
        Ok(began.elapsed().as_secs_f64() / STEPS as f64)
    };
    let mut seconds = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..ROUNDS + 2 {
        let found = [network()?, run(&PUBLISHED)?, run(&tuned)?];
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
