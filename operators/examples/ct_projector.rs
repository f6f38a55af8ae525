//! Times of the projector, as JSON: `ct_projector SIZE VIEWS BINS THREADS REPETITIONS`.
//!
//! A parallel scan over half a turn. Wall and processor seconds, medians; `items` is a batch.
#![allow(clippy::print_stdout)]

use operators::ct::{
    Beam, Detector, Fbp, Geometry, Grid, Projector, Rotation, Shape, Window, equal_angles_rad,
};
use operators::{Field, Host, LinearOperator};
use std::error::Error;
use std::time::Instant;

/// Processor seconds of all threads so far, where the kernel tells.
fn processor_seconds() -> f64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return f64::NAN;
    };
    let nanoseconds = |path: std::path::PathBuf| -> Option<f64> {
        let text = std::fs::read_to_string(path.join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok()
    };
    let all = tasks.flatten().filter_map(|t| nanoseconds(t.path()));
    all.sum::<f64>() * 1e-9
}

/// Medians of wall and processor seconds.
fn measure(repetitions: usize, mut work: impl FnMut()) -> [f64; 2] {
    work();
    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..repetitions {
        let (wall, processor) = (Instant::now(), processor_seconds());
        work();
        times[0].push(wall.elapsed().as_secs_f64());
        times[1].push(processor_seconds() - processor);
    }
    times.map(|mut t| {
        t.sort_by(f64::total_cmp);
        t[t.len() / 2]
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<usize> = std::env::args()
        .skip(1)
        .map(|a| a.parse())
        .collect::<Result<_, _>>()?;
    let &[size, views, bins, threads, repetitions] = numbers.as_slice() else {
        return Err("arguments: SIZE VIEWS BINS THREADS REPETITIONS".into());
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()?;
    let grid = Grid::new(size, size, [1.0, 1.0]);
    let half_turn = equal_angles_rad(views, 0.0, std::f64::consts::PI, Rotation::CounterClockwise);
    let turn = equal_angles_rad(
        views,
        0.0,
        std::f64::consts::TAU,
        Rotation::CounterClockwise,
    );
    let fan = |shape| Beam::Fan {
        source_mm: 2.0 * size as f64,
        detector_mm: 3.0 * size as f64,
        shape,
    };
    let narrow = Detector::new(bins, 1.0);
    let wide = Detector::new(bins, 1.5);
    let scans = [
        (
            "parallel",
            Geometry::new(grid, Beam::Parallel, narrow, half_turn)?,
        ),
        (
            "flat",
            Geometry::new(grid, fan(Shape::Flat), wide, turn.clone())?,
        ),
        (
            "curved",
            Geometry::new(grid, fan(Shape::Curved), wide, turn)?,
        ),
    ];
    for (beam, scan) in scans {
        let fbp = Fbp::new(scan.clone(), Window::RamLak, 1.0)?;
        let a = Projector::new(scan);
        for items in [1, 8] {
            let image: Vec<f32> = (0..items * size * size)
                .map(|i| (i % 97) as f32 / 97.0)
                .collect();
            let x = Host::new(&[items, size, size], Field::Real, image);
            let y = a.forward(&x)?;
            let line = |what: &str, [wall, processor]: [f64; 2]| {
                println!(
                    "{{\"beam\": \"{beam}\", \"what\": \"{what}\", \"items\": {items}, \
                     \"threads\": {threads}, \"wall_s\": {wall:.5}, \"processor_s\": {processor:.5}}}"
                );
            };
            let forward = || drop(LinearOperator::<Host<f32>>::forward(&a, &x));
            line("forward", measure(repetitions, forward));
            let adjoint = || drop(LinearOperator::<Host<f32>>::adjoint(&a, &y));
            line("adjoint", measure(repetitions, adjoint));
            let reconstruct = || drop(fbp.reconstruct(&y));
            line("fbp", measure(repetitions, reconstruct));
        }
    }
    Ok(())
}
