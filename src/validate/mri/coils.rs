//! The Fourier operator and its coils against k-space that no grid made.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Panel};
use super::super::head::toft;
use super::super::toolkit::Image;
use super::{everything, image_of, maps, one_coil};
use ndarray::{Array2, Array3, s};
use num_complex::Complex64;
use phantoms::scene::Raster;
use phantoms::{TrigCoils, section_k_space};
use std::f64::consts::PI;

/// `‖image of the analytic k-space - area averages‖ / ‖area averages‖` at 128, 256 and 512: what is
/// left are the rings of the cut spectrum. The published value, and that of another program (numpy and
/// scipy, area averages of 16 x 16 points).
const GIBBS: [(usize, f64, f64); 3] = [
    (128, 0.078, 0.08166),
    (256, 0.060, 0.05958),
    (512, 0.043, 0.04202),
];

/// The image of the analytic k-space of the Shepp-Logan head against its area averages.
pub(in super::super) fn grid(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    let sizes = bench.extent.pick(1, GIBBS.len());
    for &(n, published, computed) in &GIBBS[..sizes] {
        let head = toft()?;
        let found = image_of(&head, one_coil(bench, n)?.as_ref(), n)?;
        let truth = head.raster(&Raster::unit_square(n, n));
        // The outermost line of an even grid has no partner: what it leaves is imaginary.
        let error: f64 = found
            .iter()
            .zip(&truth)
            .map(|(a, b)| (a.re - b).powi(2))
            .sum();
        let relative = (error / truth.iter().map(|v| v * v).sum::<f64>()).sqrt();
        evidence.between(
            &format!("mri.grid.{n}"),
            "error of the image of the analytic k-space, relative to the area averages",
            relative,
            [0.95 * published, 1.05 * published],
            "the rings that a cut spectrum leaves; half a pixel of shift gives much more",
        );
        evidence.between(
            &format!("mri.grid.{n}.computed"),
            "the same, over what another program finds",
            relative / computed,
            [0.99, 1.01],
            "its area averages are of 16 x 16 points a pixel, ours are exact",
        );
        if n == GIBBS[0].0 {
            let shown = |f: &dyn Fn((usize, usize)) -> f64| {
                Array2::from_shape_fn((n, n), |at| f(at) as f32)
            };
            evidence.picture(
                "Toft's Shepp-Logan head, 0 to 0.5; the difference -0.1 to 0.1",
                vec![
                    Panel::new("area averages", &shown(&|at| truth[at]), [0.0, 0.5]),
                    Panel::new("from k-space", &shown(&|at| found[at].re), [0.0, 0.5]),
                    Panel::new(
                        "difference",
                        &shown(&|at| found[at].re - truth[at]),
                        [-0.1, 0.1],
                    ),
                ],
            );
        }
    }
    Ok(())
}

/// The grid of the operator, times the one of the analytic k-space.
const FINER: usize = 8;

/// Coil by coil, the operator on a finer grid against the analytic k-space.
pub(in super::super) fn coils(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    let (ny, nx) = bench.extent.pick((64, 60), (128, 120));
    let coils = TrigCoils::eight();
    let head = toft()?;
    let exact = section_k_space(&head, &coils, ny, nx);
    let (rows, columns) = (FINER * ny, FINER * nx);
    let a = bench
        .toolkit
        .sense(maps(&coils.maps(rows, columns)), everything(rows, columns))?;
    let drawn = head
        .raster(&Raster::unit_square(rows, columns))
        .mapv(Complex64::from);
    let drawn: Vec<Complex64> = drawn.iter().copied().collect();
    let k = a.forward(&Image::from_complex(&[1, rows, columns], &drawn))?;
    let k = Array3::from_shape_vec((coils.coils(), rows, columns), k.complex().to_vec())?;
    let (y0, x0) = (rows / 2 - ny / 2, columns / 2 - nx / 2);
    let k = k.slice(s![.., y0..y0 + ny, x0..x0 + nx]);
    // A pixel of the finer grid is an average, whose spectrum is a sinc.
    let pixel = |m: usize, n: usize| {
        let t = (m as f64 - (n / 2) as f64) / (FINER * n) as f64;
        if t == 0.0 {
            1.0
        } else {
            (PI * t).sin() / (PI * t)
        }
    };
    let (mut worst, mut errors, mut powers) = (0.0f64, 0.0, 0.0);
    for (found, exact) in k.outer_iter().zip(exact.outer_iter()) {
        let (mut error, mut power) = (0.0, 0.0);
        for ((at, found), exact) in found.indexed_iter().zip(&exact) {
            let corrected = found / (FINER as f64 * pixel(at.0, ny) * pixel(at.1, nx));
            error += (corrected - exact).norm_sqr();
            power += exact.norm_sqr();
        }
        worst = worst.max((error / power).sqrt());
        (errors, powers) = (errors + error, powers + power);
    }
    evidence.at_most(
        "mri.coils.k-space",
        "error of the operator's k-space of all coils, relative to the analytic one",
        (errors / powers).sqrt(),
        1e-3,
        "what a grid eight times as fine leaves",
    );
    evidence.at_most(
        "mri.coils.worst",
        "the same of the worst coil",
        worst,
        1.5e-3,
        "half as much again as of all; a conjugate that is missing in any but the first coil, which is \
         real, is off by more than 0.5",
    );
    Ok(())
}
