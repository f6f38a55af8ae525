//! Times of the projector, as JSON:
//! `ct_projector SIZE VIEWS BINS THREADS REPETITIONS [parallel|flat|curved] [FOLDER]`.
//!
//! Wall and processor seconds, medians, for one image and for a batch of eight. Parallel scans cover
//! half a turn, fans a full one. Image and results of the parallel scan go into FOLDER as raw f32.
#![allow(clippy::print_stdout)]

use operators::ct::{
    Beam, Detector, Fbp, Geometry, Grid, Projector, Rotation, Shape, Window, equal_angles_rad,
};
use operators::{Field, Host, LinearOperator};
use std::error::Error;
use std::f64::consts::{PI, TAU};
use std::time::Instant;

/// Processor seconds of all threads so far, where the system tells.
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

/// The result, and medians of wall and processor seconds.
fn measure<T>(repetitions: usize, work: impl Fn() -> T) -> (T, [f64; 2]) {
    let mut result = work();
    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..repetitions.max(1) {
        let (wall, processor) = (Instant::now(), processor_seconds());
        result = work();
        times[0].push(wall.elapsed().as_secs_f64());
        times[1].push(processor_seconds() - processor);
    }
    let median = |mut t: Vec<f64>| {
        t.sort_by(f64::total_cmp);
        t[t.len() / 2]
    };
    (result, times.map(median))
}

/// Ellipses within the circle of the image: something with edges.
fn image(size: usize) -> Vec<f32> {
    let at = |i: usize| (2.0 * i as f64 + 1.0) / size as f64 - 1.0;
    let inside = |x: f64, y: f64, r: [f64; 4]| {
        let [x0, y0, a, b] = r;
        ((x - x0) / a).powi(2) + ((y - y0) / b).powi(2) <= 1.0
    };
    let value = |i: usize| {
        let (x, y) = (at(i % size), -at(i / size));
        let shapes = [
            [0.0, 0.0, 0.7, 0.9],
            [0.2, 0.3, 0.2, 0.3],
            [-0.3, -0.2, 0.1, 0.4],
        ];
        let densities = [1.0, 0.5, -0.3];
        let sum = shapes.iter().zip(densities);
        sum.map(|(&r, d)| if inside(x, y, r) { d } else { 0.0 })
            .sum()
    };
    (0..size * size).map(value).collect()
}

fn scan(beam: &str, size: usize, views: usize, bins: usize) -> Result<Geometry, Box<dyn Error>> {
    let fan = |shape| Beam::Fan {
        source_mm: 2.0 * size as f64,
        detector_mm: 3.0 * size as f64,
        shape,
    };
    let (arc, pitch, beam) = match beam {
        "parallel" => (PI, 1.0, Beam::Parallel),
        "flat" => (TAU, 1.5, fan(Shape::Flat)),
        "curved" => (TAU, 1.5, fan(Shape::Curved)),
        _ => return Err(format!("no beam `{beam}`: parallel, flat or curved").into()),
    };
    let angles = equal_angles_rad(views, 0.0, arc, Rotation::CounterClockwise);
    let grid = Grid::new(size, size, [1.0, 1.0]);
    Ok(Geometry::new(
        grid,
        beam,
        Detector::new(bins, pitch),
        angles,
    )?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (numbers, rest) = arguments.split_at(arguments.len().min(5));
    let numbers: Vec<usize> = numbers
        .iter()
        .map(|a| a.parse())
        .collect::<Result<_, _>>()?;
    let &[size, views, bins, threads, repetitions] = numbers.as_slice() else {
        return Err("arguments: SIZE VIEWS BINS THREADS REPETITIONS [BEAM] [FOLDER]".into());
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()?;
    for beam in ["parallel", "flat", "curved"] {
        if rest.first().is_some_and(|only| only != beam) {
            continue;
        }
        let scan = scan(beam, size, views, bins)?;
        let fbp = Fbp::new(scan.clone(), Window::RamLak, 1.0)?;
        let a = Projector::new(scan);
        for items in [1, 8] {
            let sizes = [items, size, size];
            let x = Host::new(&sizes, Field::Real, image(size).repeat(items));
            let tell = |what: &str, [wall, processor]: [f64; 2], result: &Host<f32>| {
                println!(
                    "{{\"beam\": \"{beam}\", \"what\": \"{what}\", \"items\": {items}, \
                     \"threads\": {threads}, \"wall_s\": {wall:.5}, \"processor_s\": {processor:.5}}}"
                );
                save(rest.get(1), what, result, items)
            };
            save(rest.get(1), "image", &x, items)?;
            let (y, times) = measure(repetitions, || a.forward(&x));
            let y = y?;
            tell("forward", times, &y)?;
            let (back, times) = measure(repetitions, || a.adjoint(&y));
            tell("adjoint", times, &back?)?;
            let (reconstructed, times) = measure(repetitions, || fbp.reconstruct(&y));
            tell("fbp", times, &reconstructed?)?;
        }
    }
    Ok(())
}

/// Writes a single item as raw f32.
fn save(
    folder: Option<&String>,
    what: &str,
    x: &Host<f32>,
    items: usize,
) -> Result<(), Box<dyn Error>> {
    if let (Some(folder), 1) = (folder, items) {
        let bytes: Vec<u8> = x.reals().iter().flat_map(|x| x.to_le_bytes()).collect();
        std::fs::write(
            std::path::Path::new(folder).join(format!("{what}.f32")),
            bytes,
        )?;
    }
    Ok(())
}
