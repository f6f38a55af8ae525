//! The scan as a value: image, beam, detector and angles, in mm and rad.

use super::{Beam, Detector, Grid, Shape, require};
use crate::{Axis, Result, Space};
use std::f64::consts::{FRAC_PI_2, PI};

/// A line through the plane of rotation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ray {
    /// A point of the ray, `[x, y]`: the source of a fan beam, of a parallel one the point nearest
    /// to the rotation axis.
    pub origin_mm: [f64; 2],
    /// Unit vector from the source to the detector.
    pub direction: [f64; 2],
}

/// Image, beam, detector and angles of a scan. Valid once built, and immutable.
///
/// At angle t the detector runs along `u = (cos t, sin t)` and the central ray along
/// `(-sin t, cos t)`. A parallel ray at `u` is the line `x cos t + y sin t = u`. The source of a
/// fan lies at `source_mm (sin t, -cos t)`, the middle of its detector on the far side; the ray of
/// a curved detector leaves the central ray by `u / detector_mm` towards +u.
#[derive(Clone, Debug, PartialEq)]
pub struct Geometry {
    grid: Grid,
    beam: Beam,
    detector: Detector,
    angles_rad: Vec<f64>,
}

impl Geometry {
    /// Checks every number.
    pub fn new(grid: Grid, beam: Beam, detector: Detector, angles_rad: Vec<f64>) -> Result<Self> {
        grid.check()?;
        detector.check()?;
        require(!angles_rad.is_empty(), "angles_rad", "at least one", || {
            "none".into()
        })?;
        require(
            angles_rad.iter().all(|t| t.is_finite()),
            "angles_rad",
            "finite numbers",
            || format!("{:?}", angles_rad.iter().find(|t| !t.is_finite())),
        )?;
        let scan = Geometry {
            grid,
            beam,
            detector,
            angles_rad,
        };
        scan.check_beam()?;
        Ok(scan)
    }

    fn check_beam(&self) -> Result<()> {
        let Beam::Fan {
            source_mm,
            detector_mm,
            ..
        } = self.beam
        else {
            return Ok(());
        };
        let radius = self.grid.radius_mm();
        require(
            source_mm.is_finite() && source_mm > radius,
            "source_mm",
            "a source outside the circle of the image (larger than the distance of its farthest corner)",
            || format!("{source_mm} mm, the corner lies at {radius:.3} mm"),
        )?;
        require(
            detector_mm.is_finite() && detector_mm > 0.0,
            "detector_mm",
            "a positive distance from the source to the detector",
            || detector_mm.to_string(),
        )?;
        let widest = self
            .edges_rad()
            .map(f64::abs)
            .into_iter()
            .fold(0.0, f64::max);
        require(
            widest < FRAC_PI_2,
            "fan angle",
            "less than a right angle on either side of the central ray",
            || format!("{:.1} degrees", widest * 180.0 / PI),
        )
    }

    /// The image grid.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }
    /// The beam.
    pub fn beam(&self) -> Beam {
        self.beam
    }
    /// The detector.
    pub fn detector(&self) -> Detector {
        self.detector
    }
    /// One angle a view.
    pub fn angles_rad(&self) -> &[f64] {
        &self.angles_rad
    }
    /// Number of views.
    pub fn views(&self) -> usize {
        self.angles_rad.len()
    }
    /// The same scan with other views.
    pub fn with_angles(&self, angles_rad: Vec<f64>) -> Result<Self> {
        Geometry::new(self.grid, self.beam, self.detector, angles_rad)
    }
    /// The same scan with another beam.
    pub fn with_beam(&self, beam: Beam) -> Result<Self> {
        Geometry::new(self.grid, beam, self.detector, self.angles_rad.clone())
    }
    /// The same scan of another image.
    pub fn with_grid(&self, grid: Grid) -> Result<Self> {
        Geometry::new(grid, self.beam, self.detector, self.angles_rad.clone())
    }
    /// `Real[View views, Detector bins]`.
    pub fn sinogram_space(&self) -> Space {
        Space::real(&[
            (Axis::View, self.views()),
            (Axis::Detector, self.detector.bins),
        ])
    }

    /// The ray of a bin; fractions lie between the bins.
    ///
    /// Panics where there is no such view.
    pub fn ray(&self, view: usize, bin: f64) -> Ray {
        let (sin, cos) = self.angles_rad[view].sin_cos();
        let bundle = self.bundle(bin);
        Ray {
            origin_mm: turned(bundle.origin_mm, sin, cos),
            direction: turned(bundle.direction, sin, cos),
        }
    }

    /// The ray of a bin at angle 0, where u is x and the central ray runs along y.
    pub(super) fn bundle(&self, bin: f64) -> Ray {
        let u = self.detector.position_mm(bin);
        match self.beam {
            Beam::Parallel => Ray {
                origin_mm: [u, 0.0],
                direction: [0.0, 1.0],
            },
            Beam::Fan { source_mm, .. } => {
                let (sin, cos) = self.fan_angle_rad(u).sin_cos();
                Ray {
                    origin_mm: [0.0, -source_mm],
                    direction: [sin, cos],
                }
            }
        }
    }

    /// The angle of a ray to the central one, towards +u; 0 for parallel rays.
    pub(super) fn fan_angle_rad(&self, u_mm: f64) -> f64 {
        match self.beam {
            Beam::Parallel => 0.0,
            Beam::Fan {
                detector_mm,
                shape: Shape::Flat,
                ..
            } => (u_mm / detector_mm).atan(),
            Beam::Fan {
                detector_mm,
                shape: Shape::Curved,
                ..
            } => u_mm / detector_mm,
        }
    }

    /// Fan angles of the outer edges of the first and the last bin.
    fn edges_rad(&self) -> [f64; 2] {
        [-0.5, self.detector.bins as f64 - 0.5]
            .map(|bin| self.fan_angle_rad(self.detector.position_mm(bin)))
    }

    /// The bin, as a fraction, on which a point falls: where `--probe` says that a bead is seen.
    ///
    /// Panics where there is no such view.
    pub fn project_point(&self, view: usize, x_mm: f64, y_mm: f64) -> f64 {
        self.project_at(self.angles_rad[view].sin_cos(), x_mm, y_mm)
    }

    /// [`Geometry::project_point`] with the sine and cosine of the view.
    pub(super) fn project_at(&self, (sin, cos): (f64, f64), x_mm: f64, y_mm: f64) -> f64 {
        let lateral = x_mm * cos + y_mm * sin;
        let u = match self.beam {
            Beam::Parallel => lateral,
            Beam::Fan {
                source_mm,
                detector_mm,
                shape,
            } => {
                let depth = source_mm - x_mm * sin + y_mm * cos;
                match shape {
                    Shape::Flat => detector_mm * lateral / depth,
                    Shape::Curved => detector_mm * lateral.atan2(depth),
                }
            }
        };
        self.detector.bin(u)
    }

    /// Radius of the circle about the rotation axis that every view sees whole; 0 where a
    /// detector misses the axis.
    pub fn field_of_view_mm(&self) -> f64 {
        let [low, high] = match self.beam {
            Beam::Parallel => {
                [-0.5, self.detector.bins as f64 - 0.5].map(|bin| self.detector.position_mm(bin))
            }
            Beam::Fan { source_mm, .. } => self.edges_rad().map(|g| source_mm * g.sin()),
        };
        (-low).min(high).max(0.0)
    }
}

/// `p` turned counter-clockwise.
pub(super) fn turned([x, y]: [f64; 2], sin: f64, cos: f64) -> [f64; 2] {
    [x * cos - y * sin, x * sin + y * cos]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::projector_scans as scans;
    use std::f64::consts::TAU;

    #[test]
    fn a_ray_meets_the_bin_of_its_points() {
        for scan in scans() {
            for view in 0..scan.views() {
                for bin in [0.0, 3.25, scan.detector().bins as f64 - 1.0] {
                    let Ray {
                        origin_mm: o,
                        direction: d,
                    } = scan.ray(view, bin);
                    assert!((d[0].hypot(d[1]) - 1.0).abs() < 1e-14);
                    for along in [30.0, 45.0] {
                        let [x, y] = [0, 1].map(|i| o[i] + along * d[i]);
                        assert!((scan.project_point(view, x, y) - bin).abs() < 1e-9);
                    }
                }
            }
        }
    }

    /// One worked number for the signs: a bead at x = +50 mm.
    #[test]
    fn a_bead_to_the_right_falls_on_a_high_bin_at_angle_zero() {
        let grid = Grid::new(200, 200, [1.0, 1.0]);
        let detector = Detector::new(401, 1.0).shifted(0.25);
        let quarters = vec![0.0, TAU / 4.0, TAU / 2.0];
        let scan = Geometry::new(grid, Beam::Parallel, detector, quarters.clone()).unwrap();
        // The detector has moved towards +u, so the bead falls on a lower bin.
        assert!((scan.project_point(0, 50.0, 0.0) - 249.75).abs() < 1e-12);
        assert!((scan.project_point(2, 50.0, 0.0) - 149.75).abs() < 1e-12);
        assert!((scan.project_point(1, 0.0, 50.0) - 249.75).abs() < 1e-12);
        let fan = |shape| Beam::Fan {
            source_mm: 200.0,
            detector_mm: 400.0,
            shape,
        };
        let flat = scan.with_beam(fan(Shape::Flat)).unwrap();
        assert!((flat.project_point(0, 50.0, 0.0) - 299.75).abs() < 1e-12);
        let curved = scan.with_beam(fan(Shape::Curved)).unwrap();
        let arc = 400.0 * 0.25f64.atan();
        assert!((curved.project_point(0, 50.0, 0.0) - 199.75 - arc).abs() < 1e-12);
        // At a quarter turn the source lies at x = +R.
        assert!((flat.ray(1, 0.0).origin_mm[0] - 200.0).abs() < 1e-12);
    }

    #[test]
    fn the_field_of_view_is_what_the_outer_edges_touch() {
        let grid = Grid::new(20, 20, [1.0, 1.0]);
        let detector = Detector::new(100, 1.0).shifted(0.25);
        let scan = Geometry::new(grid, Beam::Parallel, detector, vec![0.0]).unwrap();
        assert!((scan.field_of_view_mm() - 49.75).abs() < 1e-12);
        let beam = Beam::Fan {
            source_mm: 100.0,
            detector_mm: 200.0,
            shape: Shape::Flat,
        };
        let centred = Detector::new(100, 1.0);
        let scan = Geometry::new(grid, beam, centred, vec![0.0]).unwrap();
        let expected = 100.0 * 50.0 / 50f64.hypot(200.0);
        assert!((scan.field_of_view_mm() - expected).abs() < 1e-12);
        let aside = Detector::new(100, 1.0).shifted(60.0);
        let scan = Geometry::new(grid, beam, aside, vec![0.0]).unwrap();
        assert_eq!(scan.field_of_view_mm(), 0.0);
    }

    #[test]
    fn impossible_scans_are_refused() {
        let grid = Grid::new(100, 100, [1.0, 1.0]);
        let detector = Detector::new(100, 1.0);
        let build = |grid, beam, detector, angles| {
            let error = Geometry::new(grid, beam, detector, angles).err().unwrap();
            error.to_string()
        };
        let fan = |source_mm, detector_mm, shape| Beam::Fan {
            source_mm,
            detector_mm,
            shape,
        };
        let near = build(grid, fan(60.0, 100.0, Shape::Flat), detector, vec![0.0]);
        assert!(
            near.contains("outside the circle") && near.contains("71.418"),
            "{near}"
        );
        let wide = build(grid, fan(100.0, 20.0, Shape::Curved), detector, vec![0.0]);
        assert!(
            wide.contains("right angle") && wide.contains("143.2"),
            "{wide}"
        );
        for (grid, detector, angles) in [
            (Grid::new(0, 5, [1.0, 1.0]), detector, vec![0.0]),
            (Grid::new(5, 5, [1.0, -1.0]), detector, vec![0.0]),
            (grid.centred_at([f64::NAN, 0.0]), detector, vec![0.0]),
            (grid, Detector::new(0, 1.0), vec![0.0]),
            (grid, Detector::new(5, 0.0), vec![0.0]),
            (grid, detector.shifted(f64::INFINITY), vec![0.0]),
            (grid, detector, vec![]),
            (grid, detector, vec![0.0, f64::NAN]),
        ] {
            build(grid, Beam::Parallel, detector, angles);
        }
    }
}
