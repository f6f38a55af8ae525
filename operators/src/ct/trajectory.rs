//! Rays in space: where source and detector stand in every view.

use super::{Detector, Geometry, require};
use crate::Result;

/// A line in space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ray3 {
    /// A point of the ray, `[x, y, z]`.
    pub origin_mm: [f64; 3],
    /// Unit vector from the source to the detector.
    pub direction: [f64; 3],
}

/// The rays of a scan in space, one by one: any motion of any source and detector.
pub trait Trajectory: Send + Sync {
    /// Number of views.
    fn views(&self) -> usize;
    /// Number of detector rows.
    fn rows(&self) -> usize;
    /// Bins of a detector row.
    fn bins(&self) -> usize;
    /// The ray to a bin.
    fn ray(&self, view: usize, row: usize, bin: usize) -> Ray3;
}

/// The plane `z = 0`.
impl Trajectory for Geometry {
    fn views(&self) -> usize {
        Geometry::views(self)
    }
    fn rows(&self) -> usize {
        1
    }
    fn bins(&self) -> usize {
        self.detector().bins
    }
    fn ray(&self, view: usize, _: usize, bin: usize) -> Ray3 {
        let ray = Geometry::ray(self, view, bin as f64);
        let in_space = |[x, y]: [f64; 2]| [x, y, 0.0];
        Ray3 {
            origin_mm: in_space(ray.origin_mm),
            direction: in_space(ray.direction),
        }
    }
}

/// A cone beam on a flat detector, on a circle or, with a feed, on a helix.
///
/// In the plane of rotation as [`Geometry`] with a flat fan; detector row r lies at
/// `v_r = (r - (rows - 1) / 2) pitch + offset` along z.
#[derive(Clone, Debug, PartialEq)]
pub struct ConeBeam {
    source_mm: f64,
    detector_mm: f64,
    row: Detector,
    column: Detector,
    angles_rad: Vec<f64>,
    feed_mm: f64,
}

impl ConeBeam {
    /// A circle in the plane `z = 0`. `row` is the detector along u; `column` gives number, pitch
    /// and offset of its rows along z.
    pub fn new(
        source_mm: f64,
        detector_mm: f64,
        row: Detector,
        column: Detector,
        angles_rad: Vec<f64>,
    ) -> Result<Self> {
        row.check()?;
        column.check()?;
        require(
            !angles_rad.is_empty() && angles_rad.iter().all(|t| t.is_finite()),
            "angles_rad",
            "at least one, all finite",
            || format!("{} angles", angles_rad.len()),
        )?;
        for (what, length) in [("source_mm", source_mm), ("detector_mm", detector_mm)] {
            require(
                length.is_finite() && length > 0.0,
                what,
                "a positive distance from the source",
                || length.to_string(),
            )?;
        }
        Ok(ConeBeam {
            source_mm,
            detector_mm,
            row,
            column,
            angles_rad,
            feed_mm: 0.0,
        })
    }

    /// A helix: source and detector climb by `feed_mm` along z a turn of growing angles, and pass
    /// `z = 0` at angle 0.
    pub fn climbing(self, feed_mm: f64) -> Result<Self> {
        require(feed_mm.is_finite(), "feed_mm", "a finite number", || {
            feed_mm.to_string()
        })?;
        Ok(ConeBeam { feed_mm, ..self })
    }

    /// The source of a view, `[x, y, z]`.
    pub fn source_at_mm(&self, view: usize) -> [f64; 3] {
        let t = self.angles_rad[view];
        let z = self.feed_mm * t / std::f64::consts::TAU;
        [self.source_mm * t.sin(), -self.source_mm * t.cos(), z]
    }
}

impl Trajectory for ConeBeam {
    fn views(&self) -> usize {
        self.angles_rad.len()
    }
    fn rows(&self) -> usize {
        self.column.bins
    }
    fn bins(&self) -> usize {
        self.row.bins
    }
    fn ray(&self, view: usize, row: usize, bin: usize) -> Ray3 {
        let (sin, cos) = self.angles_rad[view].sin_cos();
        let (u, v) = (
            self.row.position_mm(bin as f64),
            self.column.position_mm(row as f64),
        );
        let d = self.detector_mm;
        let length = (u * u + v * v + d * d).sqrt();
        Ray3 {
            origin_mm: self.source_at_mm(view),
            direction: [u * cos - d * sin, u * sin + d * cos, v].map(|c| c / length),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::{Beam, Grid, Shape};

    #[test]
    fn the_middle_row_of_a_cone_is_a_fan() {
        let angles = vec![0.3, 2.0, -1.0];
        let row = Detector::new(9, 2.0).shifted(0.5);
        let fan = Beam::Fan {
            source_mm: 50.0,
            detector_mm: 80.0,
            shape: Shape::Flat,
        };
        let scan = Geometry::new(Grid::new(8, 8, [1.0; 2]), fan, row, angles.clone()).unwrap();
        let cone = ConeBeam::new(50.0, 80.0, row, Detector::new(5, 3.0), angles).unwrap();
        for (view, bin) in (0..3).flat_map(|v| (0..9).map(move |k| (v, k))) {
            let (a, b) = (Trajectory::ray(&scan, view, 0, bin), cone.ray(view, 2, bin));
            for i in 0..3 {
                assert!((a.origin_mm[i] - b.origin_mm[i]).abs() < 1e-12);
                assert!((a.direction[i] - b.direction[i]).abs() < 1e-12);
            }
        }
        assert!(cone.ray(0, 4, 4).direction[2] > 0.0);
        let helix = cone.climbing(10.0).unwrap();
        assert!((helix.source_at_mm(1)[2] - 10.0 * 2.0 / std::f64::consts::TAU).abs() < 1e-12);
    }
}
