//! Joseph's rule in space: any trajectory, exact, and slow.

use super::{Grid, Ray3, Trajectory, require};
use crate::linear::expect_space;
use crate::{Array, Axis, Field, LinearOperator, Result, Space};
use rayon::prelude::*;

/// Slices of pixels. Slice s lies at `z = centre_z + (s - (slices - 1) / 2) slice_mm`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Volume {
    /// The pixels of a slice.
    pub grid: Grid,
    /// Number of slices.
    pub slices: usize,
    /// Distance of two slices.
    pub slice_mm: f64,
    /// The middle of the slices along the rotation axis.
    pub centre_z_mm: f64,
}

impl Volume {
    /// `Real[Slice, Y, X]`.
    pub fn space(&self) -> Space {
        let Grid { rows, columns, .. } = self.grid;
        Space::real(&[
            (Axis::Slice, self.slices),
            (Axis::Y, rows),
            (Axis::X, columns),
        ])
    }

    /// Visits the voxels that a ray reads, with their weights. On every plane across the axis that
    /// the ray is closest to, in voxels, it reads between four.
    fn walk(&self, ray: &Ray3, mut visit: impl FnMut(usize, f64)) {
        let sizes = [self.grid.columns, self.grid.rows, self.slices];
        let strides = [1, self.grid.columns, self.grid.columns * self.grid.rows];
        let ([x0, y0], [py, px]) = (self.grid.point_mm(0.0, 0.0), self.grid.pixel_mm);
        let z0 = self.centre_z_mm - (self.slices as f64 - 1.0) / 2.0 * self.slice_mm;
        let (zero, step) = ([x0, y0, z0], [px, -py, self.slice_mm]);
        let from: [f64; 3] = std::array::from_fn(|i| (ray.origin_mm[i] - zero[i]) / step[i]);
        let along: [f64; 3] = std::array::from_fn(|i| ray.direction[i] / step[i]);
        let closer = |a: usize, b: usize| {
            if along[a].abs() >= along[b].abs() {
                a
            } else {
                b
            }
        };
        let main = closer(closer(1, 0), 2);
        let [a, b] = [(main + 1) % 3, (main + 2) % 3];
        let length_mm = 1.0 / along[main].abs();
        for plane in 0..sizes[main] {
            let way = (plane as f64 - from[main]) / along[main];
            let at = |axis: usize| from[axis] + way * along[axis];
            for (ia, wa) in neighbours(at(a), sizes[a]) {
                for (ib, wb) in neighbours(at(b), sizes[b]) {
                    let voxel = plane * strides[main] + ia * strides[a] + ib * strides[b];
                    visit(voxel, wa * wb * length_mm);
                }
            }
        }
    }
}

/// The two samples about a position, without those outside.
fn neighbours(at: f64, size: usize) -> impl Iterator<Item = (usize, f64)> {
    let floor = at.floor();
    let f = at - floor;
    [(floor, 1.0 - f), (floor + 1.0, f)]
        .into_iter()
        .filter(move |(i, _)| *i >= 0.0 && *i < size as f64)
        .map(|(i, w)| (i as usize, w))
}

/// Line integrals through a volume along any trajectory, and their exact transpose.
///
/// `Real[Slice, Y, X] → Real[View, Row, Detector]`. A reference in double precision: use
/// [`super::Projector`] in the plane.
pub struct VolumeProjector<P> {
    volume: Volume,
    trajectory: P,
    domain: Space,
    range: Space,
}

impl<P: Trajectory> VolumeProjector<P> {
    /// The projector of a volume along a trajectory.
    pub fn new(volume: Volume, trajectory: P) -> Result<Self> {
        volume.grid.check()?;
        require(
            volume.slices > 0 && volume.slice_mm > 0.0 && volume.slice_mm.is_finite(),
            "slices and slice_mm",
            "at least one slice, a positive distance",
            || format!("{} slices of {} mm", volume.slices, volume.slice_mm),
        )?;
        require(
            volume.centre_z_mm.is_finite(),
            "centre_z_mm",
            "a finite number",
            || volume.centre_z_mm.to_string(),
        )?;
        Ok(VolumeProjector {
            domain: volume.space(),
            range: Space::real(&[
                (Axis::View, trajectory.views()),
                (Axis::Row, trajectory.rows()),
                (Axis::Detector, trajectory.bins()),
            ]),
            volume,
            trajectory,
        })
    }

    fn ray(&self, i: usize) -> Ray3 {
        let (rows, bins) = (self.trajectory.rows(), self.trajectory.bins());
        self.trajectory
            .ray(i / bins / rows, i / bins % rows, i % bins)
    }
}

impl<T: Array, P: Trajectory> LinearOperator<T> for VolumeProjector<P> {
    fn name(&self) -> &'static str {
        "volume projector"
    }
    fn domain(&self) -> &Space {
        &self.domain
    }
    fn range(&self) -> &Space {
        &self.range
    }
    fn forward(&self, x: &T) -> Result<T> {
        expect_space("volume projector", &self.domain, x)?;
        let (voxels, rays) = (self.domain.elements(), self.range.elements());
        let reals = x.to_reals();
        let mut out = vec![0.0; x.batch() * rays];
        out.par_iter_mut().enumerate().for_each(|(i, y)| {
            let x = &reals[i / rays * voxels..][..voxels];
            self.volume
                .walk(&self.ray(i % rays), |voxel, w| *y += w * x[voxel]);
        });
        let sizes = [vec![x.batch()], self.range.sizes()].concat();
        Ok(T::from_reals(&x.device(), &sizes, Field::Real, &out))
    }
    /// A task owns a slice and walks all rays.
    fn adjoint(&self, y: &T) -> Result<T> {
        expect_space("volume projector, adjoint", &self.range, y)?;
        let rays = self.range.elements();
        let reals = y.to_reals();
        let slice = self.volume.grid.rows * self.volume.grid.columns;
        let mut out = vec![0.0; y.batch() * self.domain.elements()];
        out.par_chunks_mut(slice).enumerate().for_each(|(i, x)| {
            let (item, first) = (i / self.volume.slices, i % self.volume.slices * slice);
            for (ray, y) in reals[item * rays..][..rays].iter().enumerate() {
                self.volume.walk(&self.ray(ray), |voxel, w| {
                    if let Some(x) = voxel.checked_sub(first).and_then(|v| x.get_mut(v)) {
                        *x += w * y;
                    }
                });
            }
        });
        let sizes = [vec![y.batch()], self.domain.sizes()].concat();
        Ok(T::from_reals(&y.device(), &sizes, Field::Real, &out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::{ConeBeam, Detector, Projector, projector_scans};
    use crate::testing::{Backend, assert_adjoint, assert_close};
    use crate::{Host, Vector};

    fn volume(grid: Grid, slices: usize) -> Volume {
        Volume {
            grid,
            slices,
            slice_mm: 1.4,
            centre_z_mm: 0.0,
        }
    }

    #[test]
    fn one_slice_is_the_projector_of_the_plane() {
        let b = Backend::host_f64();
        for scan in projector_scans() {
            let a = VolumeProjector::new(volume(*scan.grid(), 1), scan.clone()).unwrap();
            let plane = Projector::new(scan.clone());
            let x = b.random(&[1, scan.grid().rows, scan.grid().columns], Field::Real, 3);
            let y = plane.forward(&x).unwrap();
            let volume = Host::new(
                &[vec![1], a.domain.sizes()].concat(),
                Field::Real,
                x.to_reals(),
            );
            let found = a.forward(&volume).unwrap();
            let found = Host::new(&y.sizes(), Field::Real, found.to_reals());
            assert_close(&found, &y, 1e-11);
            assert_adjoint::<Host<f64>, _>(&b, &a);
        }
    }

    #[test]
    fn a_helix_has_its_adjoint() {
        let angles: Vec<f64> = (0..7).map(|v| f64::from(v) * 1.1 - 3.0).collect();
        let (row, column) = (Detector::new(13, 2.1).shifted(0.4), Detector::new(6, 3.0));
        let cone = ConeBeam::new(40.0, 60.0, row, column, angles).unwrap();
        let grid = Grid::new(9, 12, [1.1, 0.8]).centred_at([0.5, 1.0]);
        let a = VolumeProjector::new(volume(grid, 5), cone.climbing(6.0).unwrap()).unwrap();
        assert_adjoint(&Backend::host_f64(), &a);
        assert_adjoint(&Backend::host_f32(), &a);
    }

    /// Chords of a ball.
    #[test]
    fn a_ball_casts_its_chords() {
        let (n, radius) = (48, 9.0f64);
        let grid = Grid::new(n, n, [0.5; 2]);
        let of = Volume {
            slice_mm: 0.5,
            ..volume(grid, n)
        };
        let ball: Vec<f64> = (0..n * n * n)
            .map(|i| {
                let [x, y] = grid.point_mm((i / n % n) as f64, (i % n) as f64);
                let z = ((i / n / n) as f64 - (n as f64 - 1.0) / 2.0) * 0.5;
                let r = (x * x + y * y + z * z).sqrt();
                ((radius - r) / 0.5 + 0.5).clamp(0.0, 1.0)
            })
            .collect();
        let x = Host::<f64>::new(&[1, n, n, n], Field::Real, ball);
        let (row, column) = (Detector::new(15, 2.0), Detector::new(15, 2.0));
        let cone = ConeBeam::new(60.0, 90.0, row, column, vec![0.2, 1.0, 2.9]).unwrap();
        let a = VolumeProjector::new(of, cone).unwrap();
        let y = a.forward(&x).unwrap();
        let chords: Vec<f64> = (0..y.reals().len())
            .map(|i| {
                let Ray3 {
                    origin_mm: o,
                    direction: d,
                } = a.ray(i);
                let way: f64 = -(0..3).map(|k| o[k] * d[k]).sum::<f64>();
                let away2: f64 = (0..3).map(|k| (o[k] + way * d[k]).powi(2)).sum();
                2.0 * (radius * radius - away2).max(0.0).sqrt()
            })
            .collect();
        let expected = Host::new(&y.sizes(), Field::Real, chords);
        assert!(expected.norm()[0] > 100.0);
        assert_close(&y, &expected, 0.02);
    }
}
