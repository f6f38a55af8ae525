//! Filtered back-projection: fast, and a matched linear version of it.

use super::coverage::Coverage;
use super::ramp::{Ramp, Window};
use super::{Beam, Geometry, Rays, Shape, pixels};
use crate::linear::expect_space;
use crate::{Array, LinearOperator, Result, Space};
use rayon::prelude::*;

/// Filtered back-projection of parallel beams over any angles, and of fan beams over a full turn or
/// a short scan.
///
/// The ramp's values at rest are right, so that water is water; views count by the angles that
/// they stand for, so that these need not be equal. Pixel-driven, in single precision.
pub struct Fbp {
    scan: Geometry,
    space: Space,
    filter: Filter,
}

/// Weight, ramp, weight: what happens to a sinogram before it is back-projected.
struct Filter {
    ramp: Ramp,
    coverage: Coverage,
    /// `cos` of the fan angle of each bin, and the angle.
    fan: Vec<(f64, f64)>,
}

impl Filter {
    fn new(scan: &Geometry, window: Window, cutoff: f64) -> Result<Self> {
        let d = scan.detector();
        let ramp =
            |pitch, bend: &dyn Fn(usize) -> f64| Ramp::new(d.bins, pitch, window, cutoff, bend);
        let ramp = match scan.beam() {
            Beam::Parallel => ramp(d.pitch_mm, &|_| 1.0)?,
            // The detector's image at the rotation axis.
            Beam::Fan {
                source_mm,
                detector_mm,
                shape: Shape::Flat,
            } => ramp(d.pitch_mm * source_mm / detector_mm, &|_| 1.0)?,
            Beam::Fan {
                source_mm,
                detector_mm,
                shape: Shape::Curved,
            } => {
                let pitch_rad = d.pitch_mm / detector_mm;
                // Kak and Slaney 1988, eq. 3.93, at the rotation axis.
                ramp(pitch_rad * source_mm, &|n| {
                    let angle = n as f64 * pitch_rad;
                    match n {
                        0 => 1.0,
                        n if n < d.bins => (angle / angle.sin()).powi(2),
                        _ => 0.0,
                    }
                })?
            }
        };
        let angle = |k| scan.fan_angle_rad(d.position_mm(k as f64));
        Ok(Filter {
            ramp,
            coverage: Coverage::new(scan)?,
            fan: (0..d.bins).map(|k| (angle(k).cos(), angle(k))).collect(),
        })
    }

    /// Before the ramp: the cosine of the fan angle and the share of each ray.
    fn before(&self, sinograms: &mut [f64]) {
        let (bins, views) = (self.fan.len(), self.coverage.arcs_rad.len());
        sinograms
            .par_chunks_mut(bins)
            .enumerate()
            .for_each(|(i, row)| {
                for (y, &(cos, angle)) in row.iter_mut().zip(&self.fan) {
                    *y *= cos * self.coverage.share(i % views, angle);
                }
            });
    }

    /// The ramp, an item at a time: no item sees another.
    fn ramp(&self, sinograms: &mut [f64]) {
        let item = self.fan.len() * self.coverage.arcs_rad.len();
        sinograms.chunks_mut(item).for_each(|y| self.ramp.apply(y));
    }

    /// After it: the arc of each view, and a factor of each bin.
    fn after(&self, sinograms: &mut [f64], factor: impl Fn(f64) -> f64 + Sync) {
        let (bins, views) = (self.fan.len(), self.coverage.arcs_rad.len());
        sinograms
            .par_chunks_mut(bins)
            .enumerate()
            .for_each(|(i, row)| {
                let arc = self.coverage.arcs_rad[i % views];
                for (y, &(cos, _)) in row.iter_mut().zip(&self.fan) {
                    *y *= arc * factor(cos);
                }
            });
    }
}

impl Fbp {
    /// The cutoff is a fraction of the detector's Nyquist frequency.
    pub fn new(scan: Geometry, window: Window, cutoff: f64) -> Result<Self> {
        pixels::check(&scan)?;
        Ok(Fbp {
            filter: Filter::new(&scan, window, cutoff)?,
            space: scan.sinogram_space(),
            scan,
        })
    }

    /// The image of line integrals: `Real[View, Detector] → Real[Y, X]`.
    pub fn reconstruct<T: Array>(&self, sinogram: &T) -> Result<T> {
        expect_space("filtered back-projection", &self.space, sinogram)?;
        let mut filtered = sinogram.to_reals();
        self.filter.before(&mut filtered);
        self.filter.ramp(&mut filtered);
        self.filter.after(&mut filtered, |_| 1.0);
        let images: Vec<f64> = filtered
            .chunks(self.space.elements())
            .flat_map(|item| pixels::look_up(&self.scan, item))
            .map(f64::from)
            .collect();
        let grid = self.scan.grid();
        let sizes = [sinogram.batch(), grid.rows, grid.columns];
        Ok(T::from_reals(
            &sinogram.device(),
            &sizes,
            crate::Field::Real,
            &images,
        ))
    }
}

/// `A⁺ = Aᵀ W₂ H W₁`: filtered back-projection through the projector's own transpose, with its exact
/// adjoint.
///
/// `Real[View, Detector] → Real[Y, X]`. For methods that differentiate through the pseudo-inverse
/// (MCG: the gradient of `‖A⁺(y - A x)‖`). Of parallel rays an inverse as good as [`Fbp`]; of a fan
/// it is one about the rotation axis, as the transpose falls with the distance to the source and
/// not with its square.
pub struct PseudoInverse {
    rays: Rays,
    filter: Filter,
    domain: Space,
    range: Space,
}

impl PseudoInverse {
    /// The cutoff is a fraction of the detector's Nyquist frequency.
    pub fn new(scan: Geometry, window: Window, cutoff: f64) -> Result<Self> {
        Ok(PseudoInverse {
            filter: Filter::new(&scan, window, cutoff)?,
            domain: scan.sinogram_space(),
            range: scan.grid().space(),
            rays: Rays::new(scan),
        })
    }

    /// What turns a sum of steps through a pixel into an interpolated value: the distance of two rays
    /// over the area of a pixel, where a ray is nearest to the axis.
    fn after(&self, sinograms: &mut [f64]) {
        let scan = self.rays.scan();
        let [py, px] = scan.grid().pixel_mm;
        let apart = match scan.beam() {
            Beam::Parallel => 1.0,
            Beam::Fan {
                source_mm,
                detector_mm,
                ..
            } => source_mm / detector_mm,
        } * scan.detector().pitch_mm
            / (px * py);
        self.filter.after(sinograms, |cos| apart / cos);
    }
}

impl<T: Array> LinearOperator<T> for PseudoInverse {
    fn name(&self) -> &'static str {
        "pseudo-inverse"
    }
    fn domain(&self) -> &Space {
        &self.domain
    }
    fn range(&self) -> &Space {
        &self.range
    }
    fn forward(&self, y: &T) -> Result<T> {
        expect_space("pseudo-inverse", &self.domain, y)?;
        let mut reals = y.to_reals();
        self.filter.before(&mut reals);
        self.filter.ramp(&mut reals);
        self.after(&mut reals);
        let filtered = T::from_reals(&y.device(), &y.sizes(), y.field(), &reals);
        filtered.back_project(&self.rays)
    }
    fn adjoint(&self, x: &T) -> Result<T> {
        expect_space("pseudo-inverse, adjoint", &self.range, x)?;
        let y = x.project(&self.rays)?;
        let mut reals = y.to_reals();
        self.after(&mut reals);
        self.filter.ramp(&mut reals);
        self.filter.before(&mut reals);
        Ok(T::from_reals(&y.device(), &y.sizes(), y.field(), &reals))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::adjoint_gap;
    use crate::ct::{Detector, Grid, Rotation, equal_angles_rad, projector_scans};
    use crate::testing::Backend;
    use crate::{Field, Host};
    use std::f64::consts::{PI, TAU};

    const RADIUS_MM: f64 = 40.0;

    /// Chords of a disc about `centre`, averaged over each bin.
    fn disc(scan: &Geometry, centre: [f64; 2]) -> Host<f64> {
        let (views, bins) = (scan.views(), scan.detector().bins);
        let chord = |view: usize, bin: f64| {
            let ray = scan.ray(view, bin);
            let [x, y] = [0, 1].map(|i| centre[i] - ray.origin_mm[i]);
            let away = x * ray.direction[1] - y * ray.direction[0];
            2.0 * (RADIUS_MM.powi(2) - away * away).max(0.0).sqrt()
        };
        let mean = |i: usize| {
            let at = |s: usize| (i % bins) as f64 + (s as f64 + 0.5) / 16.0 - 0.5;
            (0..16).map(|s| chord(i / bins, at(s))).sum::<f64>() / 16.0
        };
        let reals = (0..views * bins).map(mean).collect();
        Host::new(&[1, views, bins], Field::Real, reals)
    }

    /// Mean over the inner part of the disc, and the largest error there.
    fn inside(scan: &Geometry, image: &Host<f64>, centre: [f64; 2]) -> (f64, f64) {
        let grid = scan.grid();
        let values: Vec<f64> = image
            .reals()
            .iter()
            .enumerate()
            .filter(|(i, _)| {
                let p = grid.point_mm((i / grid.columns) as f64, (i % grid.columns) as f64);
                (p[0] - centre[0]).hypot(p[1] - centre[1]) < 0.75 * RADIUS_MM
            })
            .map(|(_, v)| *v)
            .collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (
            mean,
            values.iter().fold(0.0, |m: f64, v| m.max((v - 1.0).abs())),
        )
    }

    fn scan(beam: Beam, angles_rad: Vec<f64>) -> Geometry {
        let grid = Grid::new(121, 128, [1.0, 0.9]).centred_at([2.0, -3.0]);
        let pitch = if beam == Beam::Parallel { 0.4 } else { 0.8 };
        let detector = Detector::new(360, pitch).shifted(pitch / 4.0);
        Geometry::new(grid, beam, detector, angles_rad).unwrap()
    }

    fn fan(shape: Shape) -> Beam {
        Beam::Fan {
            source_mm: 250.0,
            detector_mm: 480.0,
            shape,
        }
    }

    /// Unequal angles in no order, with a repeated end.
    fn uneven(views: usize, arc: f64) -> Vec<f64> {
        let mut angles: Vec<f64> = (0..views)
            .map(|v| v as f64 / views as f64)
            .map(|t| arc * (t + 0.03 * (TAU * 3.0 * t).sin()))
            .collect();
        angles.push(arc);
        angles.swap(3, views / 2);
        angles
    }

    #[test]
    fn water_is_water() {
        let ccw = |views, arc| equal_angles_rad(views, 0.2, arc, Rotation::CounterClockwise);
        let cw = |views, arc| equal_angles_rad(views, 0.2, arc, Rotation::Clockwise);
        for (beam, angles, tolerance) in [
            (Beam::Parallel, ccw(400, PI), 5e-5),
            (Beam::Parallel, cw(800, TAU), 5e-5),
            (Beam::Parallel, uneven(500, PI), 5e-5),
            (fan(Shape::Flat), ccw(720, TAU), 1e-4),
            (fan(Shape::Curved), ccw(720, TAU), 1e-4),
            (fan(Shape::Flat), uneven(900, TAU), 1e-4),
            (fan(Shape::Flat), ccw(600, PI + 0.8), 3e-4),
            (fan(Shape::Curved), cw(600, PI + 0.8), 3e-4),
            (fan(Shape::Curved), cw(600, 1.6 * PI), 3e-4),
        ] {
            let centre = [5.0, -4.0];
            let scan = scan(beam, angles);
            let sinogram = disc(&scan, centre);
            let fbp = Fbp::new(scan.clone(), Window::RamLak, 1.0).unwrap();
            let (mean, worst) = inside(&scan, &fbp.reconstruct(&sinogram).unwrap(), centre);
            assert!((mean - 1.0).abs() < tolerance, "{beam:?}: mean {mean}");
            assert!(worst < 0.02, "{beam:?}: {worst} in a pixel");
        }
    }

    /// The value at rest does not depend on the size of the detector or the window.
    #[test]
    fn windows_keep_the_mean() {
        for window in [
            Window::SheppLogan,
            Window::Cosine,
            Window::Hamming,
            Window::Hann,
        ] {
            let scan = scan(
                Beam::Parallel,
                equal_angles_rad(400, 0.0, PI, Rotation::CounterClockwise),
            );
            let fbp = Fbp::new(scan.clone(), window, 0.8).unwrap();
            let image = fbp.reconstruct(&disc(&scan, [0.0; 2])).unwrap();
            let (mean, _) = inside(&scan, &image, [0.0; 2]);
            assert!((mean - 1.0).abs() < 2e-4, "{window:?}: {mean}");
        }
    }

    #[test]
    fn the_pseudo_inverse_inverts() {
        for (beam, arc, tolerance) in [
            (Beam::Parallel, PI, 1e-3),
            (fan(Shape::Flat), TAU, 0.03),
            (fan(Shape::Curved), TAU, 0.03),
        ] {
            let angles = equal_angles_rad(500, 0.1, arc, Rotation::CounterClockwise);
            let scan = scan(beam, angles);
            let inverse = PseudoInverse::new(scan.clone(), Window::RamLak, 1.0).unwrap();
            let image = inverse.forward(&disc(&scan, [0.0; 2])).unwrap();
            let (mean, _) = inside(&scan, &image, [0.0; 2]);
            assert!((mean - 1.0).abs() < tolerance, "{beam:?}: {mean}");
        }
    }

    #[test]
    fn the_pseudo_inverse_has_its_adjoint() {
        for scan in projector_scans() {
            let Ok(inverse) = PseudoInverse::new(scan, Window::Hann, 0.9) else {
                continue;
            };
            let b = Backend::host_f64();
            let sized = |s: &Space| [vec![3], s.sizes()].concat();
            let y = b.random(&sized(&inverse.domain), Field::Real, 1);
            let x = b.random(&sized(&inverse.range), Field::Real, 2);
            let found = adjoint_gap(&inverse, &y, &x).unwrap();
            assert!(found.gap < b.tolerance, "{found:?}");
            let alone = inverse.forward(&y.items(1, 2)).unwrap();
            assert!(alone == inverse.forward(&y).unwrap().items(1, 2));
        }
    }
}
