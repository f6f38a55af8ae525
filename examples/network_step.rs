//! Times forward and vector-Jacobian product of a converted network:
//! `cargo run --release --example network_step -- PRIOR.safetensors SIDE ROUNDS OUTPUT.npy`
//!
//! Prints one JSON object: seconds of every round, and the peak memory of the process. `OUTPUT.npy` is the
//! network's output for `benches/peers/networks.py`, which makes the prior, to compare.

// It prints: that is what it is for.
#![allow(clippy::print_stdout)]

use annulus::score::{Level, Network, Published, read_prior};
use std::error::Error;
use std::path::Path;
use std::time::Instant;
use tch::{Device, Kind, Tensor};

const THREADS: i32 = 2;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, side, rounds, output] = &arguments[..] else {
        return Err("expected PRIOR SIDE ROUNDS OUTPUT".into());
    };
    let (side, rounds): (i64, usize) = (side.parse()?, rounds.parse()?);
    tch::set_num_threads(THREADS);
    let (card, tensors) = read_prior(path, &std::fs::read(path)?)?;
    let Network::Published(network) = &card.network else {
        return Err("expected a converted network".into());
    };
    let network = Published::new(network, tensors, Kind::Float, Device::Cpu)?;
    let count = card.channels as i64 * side * side;
    let x = (Tensor::arange(count, (Kind::Float, Device::Cpu)) * 0.05).sin() * 0.8;
    let x = x.view([1, card.channels as i64, side, side]);
    let level = Level {
        sigma: 1.0,
        signal: 1.0,
        label: 500.0,
    };
    let mut seconds = Vec::new();
    let mut seen = Tensor::new();
    for _ in 0..rounds {
        let x = x.detach().set_requires_grad(true);
        let began = Instant::now();
        let y = network.raw(&x, &[level], None)?;
        let product = (&y * y.detach()).sum(Kind::Float);
        Tensor::f_run_backward(&[product], &[&x], false, false)?;
        seconds.push(began.elapsed().as_secs_f64());
        seen = y.detach();
    }
    seen.contiguous().write_npy(Path::new(output))?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let peak: f64 = peak
        .and_then(|l| l.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(f64::NAN);
    println!(
        "{}",
        serde_json::json!({"seconds": seconds, "peak_mib": peak / 1024.0})
    );
    Ok(())
}
