//! The projector and filtered back-projection against phantoms known in closed form.

use operators::check::adjoint_gap;
use operators::ct::{
    Beam, Detector, Fbp, Geometry, Grid, Projector, Rotation, Shape, Window, equal_angles_rad,
};
use operators::{Array, Field, Host, LinearOperator, Result, SliceRng, Space, Vector};
use phantoms::named;
use phantoms::scene::{Raster, Section};
use rayon::prelude::*;
use std::f64::consts::{PI, TAU};

/// Points of a bin over which line integrals are averaged.
const STRIP: usize = 32;

/// A scan of the unit square about the axis.
fn scan(size: usize, views: usize, bins: usize, beam: Beam) -> Geometry {
    let pixel = 2.0 / size as f64;
    let grid = Grid::new(size, size, [pixel; 2]);
    let (arc, pitch) = match beam {
        Beam::Parallel => (PI, pixel),
        Beam::Fan {
            source_mm,
            detector_mm,
            ..
        } => (TAU, pixel * detector_mm / source_mm),
    };
    let angles = equal_angles_rad(views, 0.0, arc, Rotation::CounterClockwise);
    Geometry::new(grid, beam, Detector::new(bins, pitch), angles).unwrap()
}

/// The Shepp-Logan head in the unit square, y down.
fn toft() -> Section {
    let head = named("shepp-logan").unwrap();
    head.scene_mr(&|_| unreachable!()).unwrap().section(0.0)
}

/// The head, averaged over the pixels of a scan about the axis.
fn head(size: usize) -> Host<f64> {
    let step = 2.0 / size as f64;
    let raster = toft().raster(&Raster {
        size: (size, size),
        first: [0.5 * step - 1.0; 2],
        step: [step; 2],
    });
    let reals = raster.into_raw_vec_and_offset().0;
    Host::new(&[1, size, size], Field::Real, reals)
}

/// Its line integrals, averaged over the width of each bin.
fn strips(scan: &Geometry) -> Host<f64> {
    let head = toft();
    let along = |view: usize, bin: f64| -> f64 {
        let ray = scan.ray(view, bin);
        let ([x, y], [dx, dy]) = (ray.origin_mm, ray.direction);
        // The phantom's y points down.
        head.line_integral([x, -y], [dx, -dy])
    };
    let bins = scan.detector().bins;
    let strip = |i: usize| {
        let at = |p: usize| (i % bins) as f64 + (p as f64 + 0.5) / STRIP as f64 - 0.5;
        (0..STRIP).map(|p| along(i / bins, at(p))).sum::<f64>() / STRIP as f64
    };
    let rays = (0..scan.views() * bins).into_par_iter();
    let reals = rays.map(strip).collect();
    Host::new(&[1, scan.views(), bins], Field::Real, reals)
}

fn relative(found: impl Iterator<Item = f64>, expected: impl Iterator<Item = f64> + Clone) -> f64 {
    let error: f64 = found
        .zip(expected.clone())
        .map(|(a, b)| (a - b).powi(2))
        .sum();
    (error / expected.map(|b| b * b).sum::<f64>()).sqrt()
}

fn single(x: &Host<f64>) -> Host<f32> {
    Host::from_reals(&(), &x.sizes(), Field::Real, x.reals())
}

#[test]
fn line_integrals_of_the_head() {
    let fan = |shape| Beam::Fan {
        source_mm: 4.0,
        detector_mm: 6.0,
        shape,
    };
    for (size, views, bins, beam, most) in [
        (256, 60, 367, Beam::Parallel, 0.0072),
        (512, 720, 736, Beam::Parallel, 0.0036),
        (255, 60, 367, Beam::Parallel, 0.0072),
        (256, 60, 397, fan(Shape::Flat), 0.0080),
        (256, 60, 397, fan(Shape::Curved), 0.0080),
    ] {
        let scan = scan(size, views, bins, beam);
        let found = Projector::new(scan.clone())
            .forward(&single(&head(size)))
            .unwrap();
        let expected = strips(&scan);
        let error = relative(
            found.to_reals().into_iter(),
            expected.reals().iter().copied(),
        );
        eprintln!("{size} {beam:?}: {error:.5}");
        assert!(error <= most, "{size} {beam:?}: {error:.5} > {most}");
        // Half a pixel aside must show.
        let half = scan.grid().pixel_mm[0] / 2.0;
        let moved = scan.grid().centred_at([half, half]);
        let aside = scan.with_grid(moved).unwrap();
        let aside = Projector::new(aside).forward(&single(&head(size))).unwrap();
        let wrong = relative(
            aside.to_reals().into_iter(),
            expected.reals().iter().copied(),
        );
        assert!(wrong > 1.8 * error, "{wrong:.5} of {error:.5}");
    }
}

#[test]
fn filtered_back_projection_of_the_head() {
    let fan = |shape| Beam::Fan {
        source_mm: 4.0,
        detector_mm: 6.0,
        shape,
    };
    for (beam, bins, most) in [
        (Beam::Parallel, 736, 0.0525),
        (fan(Shape::Flat), 800, 0.0525),
        (fan(Shape::Curved), 800, 0.0525),
    ] {
        let scan = scan(512, 720, bins, beam);
        let sinogram = single(&strips(&scan));
        let fbp = Fbp::new(scan.clone(), Window::RamLak, 1.0).unwrap();
        let image = fbp.reconstruct(&sinogram).unwrap();
        let head = head(512);
        let inside = |i: &usize| {
            let [x, y] = scan.grid().point_mm((i / 512) as f64, (i % 512) as f64);
            x.hypot(y) < 0.98
        };
        let pixels: Vec<usize> = (0..512 * 512).filter(inside).collect();
        let error = relative(
            pixels.iter().map(|&i| f64::from(image.reals()[i])),
            pixels.iter().map(|&i| head.reals()[i]),
        );
        eprintln!("{beam:?}: {error:.5}");
        assert!(error <= most, "{beam:?}: {error:.5} > {most}");
    }
}

/// The pair of many programs: a good projector, and for its adjoint a back-projection that looks up
/// the bin of each pixel.
struct Unmatched(Projector);

impl LinearOperator<Host<f64>> for Unmatched {
    fn name(&self) -> &'static str {
        "unmatched"
    }
    fn domain(&self) -> &Space {
        LinearOperator::<Host<f64>>::domain(&self.0)
    }
    fn range(&self) -> &Space {
        LinearOperator::<Host<f64>>::range(&self.0)
    }
    fn forward(&self, x: &Host<f64>) -> Result<Host<f64>> {
        self.0.forward(x)
    }
    fn adjoint(&self, y: &Host<f64>) -> Result<Host<f64>> {
        let scan = self.0.scan();
        let (grid, bins) = (scan.grid(), scan.detector().bins);
        let scale = grid.pixel_mm[0] * grid.pixel_mm[1] / scan.detector().pitch_mm;
        let mut out = Host::zeros(&[1, grid.rows, grid.columns], Field::Real);
        for (i, x) in out.reals_mut().iter_mut().enumerate() {
            let [px, py] = grid.point_mm((i / grid.columns) as f64, (i % grid.columns) as f64);
            for view in 0..scan.views() {
                let bin = scan.project_point(view, px, py);
                let (left, f) = (bin.floor() as usize, bin - bin.floor());
                let row = &y.reals()[view * bins..][..bins];
                *x += scale * ((1.0 - f) * row[left] + f * row[left + 1]);
            }
        }
        Ok(out)
    }
}

/// The largest difference between columns of `A` and rows of its adjoint, of the column's largest
/// entry.
fn column_gap(a: &dyn LinearOperator<Host<f64>>, pixel: usize, rays: &[usize]) -> f64 {
    let unit = |space: &Space, at: usize| {
        let mut x = Host::zeros(&[vec![1], space.sizes()].concat(), Field::Real);
        x.reals_mut()[at] = 1.0;
        x
    };
    let column = a.forward(&unit(a.domain(), pixel)).unwrap();
    let largest = column.reals().iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    rays.iter()
        .map(|&ray| {
            let row = a.adjoint(&unit(a.range(), ray)).unwrap();
            (row.reals()[pixel] - column.reals()[ray]).abs() / largest
        })
        .fold(0.0, f64::max)
}

/// The ruler: both measures must tell a matched pair from an unmatched one.
#[test]
fn an_unmatched_pair_is_found_out() {
    let scan = scan(48, 30, 73, Beam::Parallel);
    let (size, views, bins) = (48, 30, 73);
    let x = Host::<f64>::zeros(&[1, size, size], Field::Real)
        .normal_like(&mut SliceRng::samples(1, 0, 1));
    let y = Host::<f64>::zeros(&[1, views, bins], Field::Real)
        .normal_like(&mut SliceRng::samples(2, 0, 1));
    let right = Projector::new(scan.clone());
    let wrong = Unmatched(Projector::new(scan));
    let rays: Vec<usize> = (0..views * bins).step_by(11).collect();
    let pixel = 20 * size + 31;
    assert!(adjoint_gap(&right, &x, &y).unwrap().gap < 1e-12);
    assert!(column_gap(&right, pixel, &rays) < 1e-12);
    let gap = adjoint_gap(&wrong, &x, &y).unwrap();
    assert!(gap.gap > 1e-5, "{gap:?}");
    let column = column_gap(&wrong, pixel, &rays);
    assert!(column > 0.05, "{column}");
}
