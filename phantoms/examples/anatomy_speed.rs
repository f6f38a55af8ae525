//! Times the families of anatomy: `cargo run --release --example anatomy_speed -- [MAP.nii.gz]`
//!
//! Without a label map it times the thorax alone.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use ndarray::{Array3, s};
use nifti::{IntoNdArray, NiftiObject, ReaderOptions};
use phantoms::anatomy::{BrainMr, HeadVolume, LabelVolume, Phase, Thorax};
use phantoms::ct::CtGrid;
use phantoms::mr::{Relaxation, Sequence};
use rayon::prelude::*;

/// Slices that are drawn of each family.
const SLICES: usize = 400;

fn main() -> Result<(), Box<dyn Error>> {
    eprintln!("{} threads", rayon::current_num_threads());
    if let Some(path) = std::env::args().nth(1) {
        heads(Path::new(&path))?;
    }
    let grid = CtGrid::new(256, 256, 1.6)?;
    time("thorax, 10 slices a seed", |n| {
        let thorax = Thorax::new(n as u64);
        let slices = (0..10).map(|slice| thorax.slice(slice, 10, &grid));
        slices.filter(Result::is_ok).count()
    });
    time("thorax, a seed each", |n| {
        usize::from(Thorax::new(n as u64).slice(n % 10, 10, &grid).is_ok())
    });
    Ok(())
}

fn heads(path: &Path) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let volume = LabelVolume::new(read(path)?, [1.0; 3])?;
    let read = start.elapsed();
    let brain = BrainMr::from_volume(&volume)?;
    eprintln!(
        "read and checked in {read:.1?}, prepared in {:.1?}",
        start.elapsed() - read
    );
    let (tr_s, te_s) = (4.0, 0.1);
    let spin_echo = Sequence::SpinEcho { tr_s, te_s };
    let signal = |tissue: &Relaxation| spin_echo.signal(tissue);
    time("brain", |n| {
        usize::from(brain.slice(n as u64, n % 40, 40, &signal).is_ok())
    });
    let complex = brain.with_phase(Phase::Smooth);
    time("brain with a phase", |n| {
        usize::from(complex.slice(n as u64, n % 40, 40, &signal).is_ok())
    });
    let head = HeadVolume::from_volume(&volume)?;
    for pixel_mm in [1.0, 0.9] {
        let grid = CtGrid::new(256, 256, pixel_mm)?;
        time(&format!("head CT, {pixel_mm} mm"), |n| {
            usize::from(head.slice(n as u64, n % 40, 40, &grid).is_ok())
        });
    }
    Ok(())
}

/// Slices a second on all threads, and processor time of a slice, which other programs disturb less;
/// `draw` says how many it drew.
fn time(name: &str, draw: impl Fn(usize) -> usize + Sync) {
    let (start, busy) = (Instant::now(), processor_seconds());
    let each = draw(0);
    let rest: usize = (1..1 + SLICES / each.max(1))
        .into_par_iter()
        .map(&draw)
        .sum();
    let (count, seconds) = ((rest + each) as f64, start.elapsed().as_secs_f64());
    let busy = 1e3 * (processor_seconds() - busy) / count;
    let rate = count / seconds;
    eprintln!("{name}: {rate:.0} slices of 256 x 256 a second, {busy:.1} ms of a processor each");
}

/// Time that this process has spent computing, where the system tells (Linux: in 1/100 s).
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // User and system time are the 12th and 13th fields behind the name in brackets.
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let ticks = fields
        .skip(11)
        .take(2)
        .filter_map(|v| v.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// Labels from top to bottom, from front to back, and from right to left: the files run from right
/// to left, from top to bottom, and from back to front.
fn read(path: &Path) -> Result<Array3<u16>, Box<dyn Error>> {
    let volume = ReaderOptions::new().read_file(path)?.into_volume();
    let labels = volume
        .into_ndarray::<f32>()?
        .into_dimensionality::<ndarray::Ix3>()?;
    let turned = labels.permuted_axes([1, 2, 0]);
    Ok(turned.slice(s![.., ..;-1, ..]).mapv(|label| label as u16))
}
