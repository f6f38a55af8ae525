//! Whether something lies outside of the image: rays that miss the image and yet were attenuated.

use super::counts::Rays;
use super::weights::estimated_std;
use operators::ct::{Geometry, Grid};

/// Least line integral of a ray that counts as attenuated, and deviations of its noise.
const LEAST: f64 = 0.01;
const DEVIATIONS: f64 = 5.0;
/// Share of the rays beside the image that must be, and how many at least.
const SHARE: f64 = 1e-3;
const FEW: usize = 5;

/// A warning where more than a thousandth of the rays beside the image were attenuated: no image on
/// this grid explains them.
pub(super) fn outside(scan: &Geometry, rays: &Rays) -> Option<String> {
    // Of the photons alone: no object stands in the way to blur.
    let precisions = rays.precisions(0.0, 0.0, estimated_std(&rays.lines));
    let (mut beside, mut attenuated, mut sum) = (0usize, 0usize, 0.0);
    for ((view, bin), line) in rays.lines.indexed_iter() {
        let ray = scan.ray(view, bin as f64);
        if !rays.measured[(view, bin)] || crosses(scan.grid(), ray.origin_mm, ray.direction) {
            continue;
        }
        beside += 1;
        let noise = f64::from(precisions[(view, bin)]).powf(-0.5);
        let line = f64::from(*line);
        if line > LEAST.max(DEVIATIONS * noise) {
            (attenuated, sum) = (attenuated + 1, sum + line);
        }
    }
    let found = attenuated >= FEW && attenuated as f64 > SHARE * beside as f64;
    found.then(|| {
        format!(
            "something lies outside of the image: {attenuated} of {beside} rays that miss it were \
             attenuated (line integral {:.3} on average); enlarge image.matrix, or the misfit is \
             above 1",
            sum / attenuated as f64
        )
    })
}

/// Whether a ray passes through the rectangle of the image.
fn crosses(grid: &Grid, origin_mm: [f64; 2], direction: [f64; 2]) -> bool {
    let first = grid.point_mm(-0.5, -0.5);
    let last = grid.point_mm(grid.rows as f64 - 0.5, grid.columns as f64 - 0.5);
    let (mut from, mut to) = (f64::NEG_INFINITY, f64::INFINITY);
    for axis in 0..2 {
        let (low, high) = (
            first[axis].min(last[axis]) - origin_mm[axis],
            first[axis].max(last[axis]) - origin_mm[axis],
        );
        if direction[axis].abs() < 1e-12 {
            if low > 0.0 || high < 0.0 {
                return false;
            }
            continue;
        }
        let (a, b) = (low / direction[axis], high / direction[axis]);
        (from, to) = (from.max(a.min(b)), to.min(a.max(b)));
    }
    from <= to
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use operators::ct::{Beam, Detector};
    use std::f64::consts::PI;

    /// A hundred bins of 1 mm about an image of 40 x 20 mm; the line integral of a ray at `u_mm`.
    fn said(line: impl Fn(f64) -> f32) -> Option<String> {
        let grid = Grid::new(20, 40, [1.0, 1.0]);
        let scan = Geometry::new(
            grid,
            Beam::Parallel,
            Detector::new(100, 1.0),
            vec![0.0, PI / 2.0],
        )
        .unwrap();
        let lines = Array2::from_shape_fn((2, 100), |(_, bin)| line(bin as f64 - 49.5));
        let rays = Rays {
            counts: Some(lines.mapv(|p: f32| 1e5 * (-p).exp())),
            photons: Some(Array2::from_elem((2, 100), 1e5)),
            background: 0.0,
            electronic_variance: 0.0,
            measured: Array2::from_elem((2, 100), true),
            lines,
            gain: 1.0,
            rule: String::new(),
            estimated: false,
        };
        outside(&scan, &rays)
    }

    #[test]
    fn what_lies_beside_the_image_is_found() {
        assert_eq!(said(|u| if u.abs() < 10.0 { 1.0 } else { 0.0 }), None);
        // Noise is no object.
        assert_eq!(said(|u| if u.abs() > 10.0 { 0.005 } else { 1.0 }), None);
        // At 90 degrees the image is 20 mm wide: 6 bins of this see past it.
        let message = said(|u| if u.abs() < 13.0 { 1.0 } else { 0.0 }).unwrap();
        assert!(message.contains("6 of 140 rays"), "{message}");
        let far = said(|u| if u > 30.0 { 0.06 } else { 0.0 }).unwrap();
        assert!(far.contains("40 of 140 rays"), "{far}");
    }
}
