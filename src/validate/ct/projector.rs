//! The projector against line integrals in closed form.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Plot};
use super::super::head::toft;
use super::super::toolkit::Image;
use super::{beams, scan};
use operators::ct::{Beam, Geometry, Shape};
use operators::{Field, Host};
use phantoms::scene::Raster;
use rayon::prelude::*;

/// Points of a bin over which line integrals are averaged.
const STRIP: usize = 32;
/// Relative error that is asked of 60 views at a size.
const ASKED: [(usize, f64); 3] = [(128, 0.016), (256, 0.008), (512, 0.004)];

/// Projections of the Shepp-Logan head's area averages against its line integrals, averaged over
/// the width of a bin.
pub(in super::super) fn projector(
    bench: &Bench<'_>,
    evidence: &mut Evidence,
) -> Result<(), Failure> {
    let sizes = bench.extent.pick(1, ASKED.len());
    for (name, beam) in beams() {
        for &(size, most) in &ASKED[..sizes] {
            let scan = scan(size, 60, size * 3 / 2 + 13, beam)?;
            let a = bench.toolkit.projector(scan.clone());
            let found = a.forward(&image(size)?)?;
            let exact = strips(&scan)?;
            let (found, exact) = (found.reals(), exact.reals());
            let error: f64 = found.iter().zip(exact).map(|(a, b)| (a - b).powi(2)).sum();
            let relative = (error / exact.iter().map(|b| b * b).sum::<f64>()).sqrt();
            evidence.at_most(
                &format!("ct.projector.{name}.{size}"),
                "error of 60 views, relative to line integrals in closed form",
                relative,
                most,
                "what Joseph's interpolation leaves; half a pixel of shift gives three times as \
                 much",
            );
            if size == ASKED[0].0 {
                let bins = scan.detector().bins;
                let row = |v: &[f64]| -> Vec<[f64; 2]> {
                    let first = v.iter().take(bins).enumerate();
                    first.map(|(bin, p)| [bin as f64, *p]).collect()
                };
                evidence.plots.push(Plot {
                    title: format!("First view, {name}, {size} x {size}"),
                    axes: ["bin".into(), "line integral".into()],
                    curves: vec![
                        ("closed form".into(), row(exact)),
                        ("projector".into(), row(found)),
                    ],
                    ..Plot::default()
                });
            }
        }
    }
    Ok(())
}

/// The head, averaged over the pixels of a scan about the axis.
fn image(size: usize) -> Result<Image, Failure> {
    let step = 2.0 / size as f64;
    let raster = toft()?.raster(&Raster {
        size: (size, size),
        first: [0.5 * step - 1.0; 2],
        step: [step; 2],
    });
    Ok(Host::new(
        &[1, size, size],
        Field::Real,
        raster.into_raw_vec_and_offset().0,
    ))
}

/// Its line integrals, averaged over the width of each bin.
///
/// Along rays that are worked out here: `x cos t + y sin t = s` of parallel ones; of a fan from the
/// source at `D (sin t, -cos t)` through a bin at `u` across the central ray, which runs to
/// `(-sin t, cos t)`.
fn strips(scan: &Geometry) -> Result<Image, Failure> {
    let head = toft()?;
    let (bins, pitch) = (scan.detector().bins, scan.detector().pitch_mm);
    let along = |view: usize, bin: f64| -> f64 {
        let u = (bin - 0.5 * (bins - 1) as f64) * pitch;
        let (sin, cos) = scan.angles_rad()[view].sin_cos();
        let ([x, y], [dx, dy]) = match scan.beam() {
            Beam::Parallel => ([u * cos, u * sin], [-sin, cos]),
            Beam::Fan {
                source_mm,
                detector_mm,
                shape,
            } => {
                let (across, ahead) = match shape {
                    Shape::Flat => (u, detector_mm),
                    Shape::Curved => (u / detector_mm).sin_cos(),
                };
                let length = across.hypot(ahead);
                let (a, b) = (across / length, ahead / length);
                (
                    [source_mm * sin, -source_mm * cos],
                    [a * cos - b * sin, a * sin + b * cos],
                )
            }
        };
        // The phantom's y points down.
        head.line_integral([x, -y], [dx, -dy])
    };
    let strip = |i: usize| {
        let at = |p: usize| (i % bins) as f64 + (p as f64 + 0.5) / STRIP as f64 - 0.5;
        (0..STRIP).map(|p| along(i / bins, at(p))).sum::<f64>() / STRIP as f64
    };
    let rays = (0..scan.views() * bins).into_par_iter();
    Ok(Host::new(
        &[1, scan.views(), bins],
        Field::Real,
        rays.map(strip).collect(),
    ))
}
