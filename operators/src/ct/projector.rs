//! The projector as a linear operator.

use super::{Geometry, Rays};
use crate::linear::expect_space;
use crate::{Array, LinearOperator, Result, Space};

/// Line integrals by Joseph's rule, and their exact transpose from the same rays and weights.
///
/// `Real[Y, X] → Real[View, Detector]`, in units of the image times mm. An item has the same bits
/// alone, in a batch and on any number of threads.
pub struct Projector {
    rays: Rays,
    domain: Space,
    range: Space,
}

impl Projector {
    /// The projector of a scan.
    pub fn new(scan: Geometry) -> Self {
        Projector {
            domain: scan.grid().space(),
            range: scan.sinogram_space(),
            rays: Rays::new(scan),
        }
    }

    /// The scan.
    pub fn scan(&self) -> &Geometry {
        self.rays.scan()
    }
}

impl<T: Array> LinearOperator<T> for Projector {
    fn name(&self) -> &'static str {
        "projector"
    }
    fn domain(&self) -> &Space {
        &self.domain
    }
    fn range(&self) -> &Space {
        &self.range
    }
    fn forward(&self, x: &T) -> Result<T> {
        expect_space("projector", &self.domain, x)?;
        x.project(&self.rays)
    }
    fn adjoint(&self, y: &T) -> Result<T> {
        expect_space("projector, adjoint", &self.range, y)?;
        y.back_project(&self.rays)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ct::{Beam, Detector, Grid, Rotation, Shape, equal_angles_rad};
    use crate::testing::{Backend, assert_adjoint, assert_close, for_each_backend, on_threads};
    use crate::{Field, Host};
    use std::f64::consts::TAU;

    /// Odd sizes, unequal pixels, a shifted image and detector, angles in no order.
    pub fn scans() -> Vec<Geometry> {
        let fan = |shape| Beam::Fan {
            source_mm: 40.0,
            detector_mm: 70.0,
            shape,
        };
        let shuffled = vec![0.3, -2.0, 0.0, 1.6, TAU / 8.0, 4.0, 0.3, TAU / 4.0, 9.1];
        let some = equal_angles_rad(11, 0.2, TAU, Rotation::Clockwise);
        let odd = Grid::new(23, 17, [0.9, 1.3]).centred_at([1.7, -2.3]);
        let wide = Detector::new(37, 1.1).shifted(0.275);
        let mut scans = Vec::new();
        for beam in [Beam::Parallel, fan(Shape::Flat), fan(Shape::Curved)] {
            for (grid, detector, angles) in [
                (odd, wide, &shuffled),
                (Grid::new(16, 16, [1.0, 1.0]), Detector::new(24, 2.0), &some),
                (Grid::new(1, 9, [2.0, 0.4]), Detector::new(50, 0.3), &some),
                (Grid::new(40, 3, [0.5, 3.0]), wide.shifted(-4.0), &shuffled),
            ] {
                scans.push(Geometry::new(grid, beam, detector, angles.clone()).unwrap());
            }
        }
        scans
    }

    /// Joseph's rule from its definition, a matrix element at a time: `A[ray][pixel]`.
    fn matrix(scan: &Geometry) -> Vec<Vec<f64>> {
        let grid = scan.grid();
        let [py, px] = grid.pixel_mm;
        let [x0, y0] = grid.point_mm(0.0, 0.0);
        let ray = |view, bin| {
            let ray = scan.ray(view, bin as f64);
            let ([ox, oy], [dx, dy]) = (ray.origin_mm, ray.direction);
            let mut row = vec![0.0; grid.rows * grid.columns];
            let mut add = |j: f64, i: f64, w: f64| {
                let inside =
                    j >= 0.0 && i >= 0.0 && j < grid.rows as f64 && i < grid.columns as f64;
                if inside {
                    row[j as usize * grid.columns + i as usize] += w;
                }
            };
            if (dx / px).abs() <= (dy / py).abs() {
                for j in (0..grid.rows).map(|j| j as f64) {
                    let i = (ox + dx / dy * (y0 - j * py - oy) - x0) / px;
                    let f = i - i.floor();
                    add(j, i.floor(), (1.0 - f) * py / dy.abs());
                    add(j, i.floor() + 1.0, f * py / dy.abs());
                }
            } else {
                for i in (0..grid.columns).map(|i| i as f64) {
                    let j = (y0 - oy - dy / dx * (x0 + i * px - ox)) / py;
                    let f = j - j.floor();
                    add(j.floor(), i, (1.0 - f) * px / dx.abs());
                    add(j.floor() + 1.0, i, f * px / dx.abs());
                }
            }
            row
        };
        let bins = scan.detector().bins;
        (0..scan.views() * bins)
            .map(|k| ray(k / bins, k % bins))
            .collect()
    }

    fn equals_the_definition<T: Array>(b: Backend<T>) {
        for scan in scans() {
            let a = Projector::new(scan.clone());
            let [y, x] = [
                LinearOperator::<T>::range(&a),
                LinearOperator::<T>::domain(&a),
            ]
            .map(|s| [vec![2], s.sizes()].concat());
            let x = b.random(&x, Field::Real, 1);
            let pixels = x.reals();
            let image = x.to_reals();
            let by_hand: Vec<f64> = image
                .chunks(pixels)
                .flat_map(|image| {
                    let ray = |row: &Vec<f64>| row.iter().zip(image).map(|(a, x)| a * x).sum();
                    matrix(&scan).iter().map(ray).collect::<Vec<f64>>()
                })
                .collect();
            let by_hand = T::from_reals(&b.device, &y, Field::Real, &by_hand);
            assert_close(&a.forward(&x).unwrap(), &by_hand, b.tolerance);
        }
    }
    for_each_backend!(definition, equals_the_definition);

    fn is_adjoint<T: Array>(b: Backend<T>) {
        for scan in scans() {
            assert_adjoint::<T, _>(&b, &Projector::new(scan));
        }
    }
    for_each_backend!(adjoint, is_adjoint);

    /// Columns of `A` against rows of `Aᵀ`: what an unmatched pair that passes the inner product of
    /// smooth images does not survive.
    fn columns_are_rows<T: Array>(b: Backend<T>) {
        for scan in scans() {
            let a = Projector::new(scan);
            let (x, y) = (
                LinearOperator::<T>::domain(&a),
                LinearOperator::<T>::range(&a),
            );
            let (pixels, rays) = (x.elements(), y.elements());
            let units = |space: &Space, some: &[usize]| {
                let n = space.elements();
                let mut reals = vec![0.0; some.len() * n];
                some.iter()
                    .enumerate()
                    .for_each(|(i, at)| reals[i * n + at] = 1.0);
                T::from_reals(
                    &b.device,
                    &[vec![some.len()], space.sizes()].concat(),
                    Field::Real,
                    &reals,
                )
            };
            let pixel: Vec<usize> = (0..pixels).step_by(7).collect();
            let ray: Vec<usize> = (0..rays).collect();
            let columns = a.forward(&units(x, &pixel)).unwrap().to_reals();
            let rows = a.adjoint(&units(y, &ray)).unwrap().to_reals();
            for (i, column) in columns.chunks(rays).enumerate() {
                let largest = column.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
                for (k, v) in column.iter().enumerate() {
                    let error = (v - rows[k * pixels + pixel[i]]).abs();
                    assert!(error <= b.tolerance * largest, "{error:e} of {largest}");
                }
            }
        }
    }
    for_each_backend!(columns, columns_are_rows);

    fn a_batch_changes_no_bit<T: Array>(b: Backend<T>) {
        for scan in scans() {
            let a = Projector::new(scan);
            let sized = |s: &Space| [vec![11], s.sizes()].concat();
            let x = b.random(&sized(LinearOperator::<T>::domain(&a)), Field::Real, 5);
            let y = b.random(&sized(LinearOperator::<T>::range(&a)), Field::Real, 6);
            let (ax, aty) = (a.forward(&x).unwrap(), a.adjoint(&y).unwrap());
            for i in [0, 7, 10] {
                let one = a.forward(&x.items(i, i + 1)).unwrap();
                assert!(one.to_reals() == ax.items(i, i + 1).to_reals());
                let one = a.adjoint(&y.items(i, i + 1)).unwrap();
                assert!(one.to_reals() == aty.items(i, i + 1).to_reals());
            }
        }
    }
    for_each_backend!(batch, a_batch_changes_no_bit);

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let scan = scans().remove(4);
        let a = Projector::new(scan);
        let b = Backend::host_f32();
        let x = b.random(&[1, 23, 17], Field::Real, 5);
        let run = |threads| {
            on_threads(threads, || {
                let y = a.forward(&x).unwrap();
                (a.adjoint(&y).unwrap(), y)
            })
        };
        assert!(run(1) == run(3));
    }

    #[test]
    fn a_sinogram_of_another_scan_is_refused() {
        let a = Projector::new(scans().remove(0));
        let error = a.adjoint(&Host::<f32>::zeros(&[1, 9, 36], Field::Real));
        let error = error.err().unwrap().to_string();
        assert!(error.contains("Real[View 9, Detector 37]"), "{error}");
        assert!(
            a.forward(&Host::<f32>::zeros(&[1, 23, 17], Field::Complex))
                .is_err()
        );
    }
}
