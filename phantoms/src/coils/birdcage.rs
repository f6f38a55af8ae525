//! The coils of a birdcage, each with the field of a straight wire.

use ndarray::{Array3, Array4, ArrayBase, Axis, DataMut, Dimension};
use num_complex::Complex64;

use super::fit::TrigFit;
use super::rings::CoilRings;
use super::trig::TrigCoils;
use super::{largest_rss, sampled, sampled_3d};
use crate::error::PhantomError;

/// Coils at `r_c` around the object: with `d = r - r_c`,
/// `s_c(r) = A / |d| exp(i (atan2(d_x, -d_y) - phi_c))`.
///
/// `phi_c` is the angle of coil c, further by one coil from ring to ring. `A` makes the largest
/// root-sum-of-squares over the unit disc 1. Source: sigpy's `birdcage_maps`, which normalises and
/// samples at `(n - size / 2) 2 / size`; here the shading is kept unless it is
/// [taken away](Self::without_shading), and the raster is that of [`position`](crate::position) (the
/// same for even sizes).
#[derive(Clone, Debug, PartialEq)]
pub struct BirdcageCoils {
    /// Place and phase of every coil.
    elements: Vec<([f64; 3], f64)>,
    scale: f64,
    shading: Shading,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shading {
    Kept,
    Removed,
}

impl BirdcageCoils {
    /// One ring, or several along z.
    pub fn new(rings: &CoilRings) -> Result<Self, PhantomError> {
        let step = std::f64::consts::TAU / rings.per_ring as f64;
        let element = |(c, (angle_rad, at)): (usize, (f64, [f64; 3]))| {
            (at, angle_rad + (c / rings.per_ring) as f64 * step)
        };
        let mut coils = Self {
            elements: rings
                .places()?
                .into_iter()
                .enumerate()
                .map(element)
                .collect(),
            scale: 1.0,
            shading: Shading::Kept,
        };
        coils.scale /= largest_rss(coils.coils(), &|c, x, y| coils.sensitivity(c, x, y));
        Ok(coils)
    }

    /// The same coils divided by their root-sum-of-squares, which becomes 1 everywhere.
    pub fn without_shading(self) -> Self {
        Self {
            shading: Shading::Removed,
            ..self
        }
    }

    /// The number of coils.
    pub fn coils(&self) -> usize {
        self.elements.len()
    }

    /// The sensitivity of coil `c` at a point of the plane z = 0.
    pub fn sensitivity(&self, c: usize, x: f64, y: f64) -> Complex64 {
        self.sensitivity_3d(c, [x, y, 0.0])
    }

    /// The sensitivity of coil `c` at a point (x, y, z).
    pub fn sensitivity_3d(&self, c: usize, at: [f64; 3]) -> Complex64 {
        let s = self.shaded(c, at);
        match self.shading {
            Shading::Kept => s,
            Shading::Removed => {
                let sum: f64 = (0..self.coils())
                    .map(|c| self.shaded(c, at).norm_sqr())
                    .sum();
                s / sum.sqrt()
            }
        }
    }

    /// The sensitivities at the raster samples: `Complex64[coil, ny, nx]`.
    pub fn maps(&self, ny: usize, nx: usize) -> Array3<Complex64> {
        let plane = |c, x, y| self.shaded(c, [x, y, 0.0]);
        self.finished(sampled(self.coils(), (ny, nx), &plane))
    }

    /// The sensitivities at the samples of the unit cube: `Complex64[coil, nz, ny, nx]`.
    pub fn maps_3d(&self, nz: usize, ny: usize, nx: usize) -> Array4<Complex64> {
        let volume = |c, at| self.shaded(c, at);
        self.finished(sampled_3d(self.coils(), (nz, ny, nx), &volume))
    }

    /// The maps of the plane z = 0 as trigonometric polynomials ([`TrigCoils::fit`]).
    pub fn fit(&self, order: usize) -> Result<TrigFit, PhantomError> {
        TrigCoils::fit(order, self.coils(), &|c, x, y| self.sensitivity(c, x, y))
    }

    fn shaded(&self, c: usize, at: [f64; 3]) -> Complex64 {
        let (place, phase_rad) = self.elements[c];
        let [x, y, z] = std::array::from_fn(|n| at[n] - place[n]);
        let distance = (x * x + y * y + z * z).sqrt();
        Complex64::from_polar(self.scale / distance, x.atan2(-y) - phase_rad)
    }

    fn finished<S: DataMut<Elem = Complex64>, D: Dimension>(
        &self,
        mut maps: ArrayBase<S, D>,
    ) -> ArrayBase<S, D> {
        if self.shading == Shading::Removed {
            for mut lane in maps.lanes_mut(Axis(0)) {
                let sum: f64 = lane.iter().map(|s| s.norm_sqr()).sum();
                lane.mapv_inplace(|s| s / sum.sqrt());
            }
        }
        maps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position;
    use std::f64::consts::{PI, TAU};

    #[test]
    fn the_maps_are_those_of_sigpy() {
        // Worked out from its formula at single points, then normalised over the coils.
        let (coils, ny, nx) = (5usize, 6usize, 8usize);
        let maps = BirdcageCoils::new(&CoilRings::one(coils)).unwrap();
        let maps = maps.without_shading().maps(ny, nx);
        for (j, i) in [(0usize, 0usize), (3, 4), (5, 1)] {
            let raw: Vec<Complex64> = (0..coils)
                .map(|c| {
                    let angle = c as f64 * TAU / coils as f64;
                    let x = (i as f64 - 4.0) / 4.0 - 1.5 * angle.cos();
                    let y = (j as f64 - 3.0) / 3.0 - 1.5 * angle.sin();
                    Complex64::from_polar(1.0 / x.hypot(y), x.atan2(-y) - angle)
                })
                .collect();
            let rss = raw.iter().map(|s| s.norm_sqr()).sum::<f64>().sqrt();
            for (c, s) in raw.iter().enumerate() {
                assert!((maps[(c, j, i)] - s / rss).norm() < 1e-14);
            }
        }
    }

    #[test]
    fn the_next_coil_is_the_last_one_turned() {
        let coils = BirdcageCoils::new(&CoilRings::one(7)).unwrap();
        let (s, k) = (TAU / 7.0).sin_cos();
        for (x, y) in [(0.3, -0.2), (0.0, 0.0), (-0.9, 0.4)] {
            let turned = coils.sensitivity(4, k * x - s * y, s * x + k * y);
            assert!((turned - coils.sensitivity(3, x, y)).norm() < 1e-14);
        }
    }

    #[test]
    fn shading_is_kept_with_a_largest_value_of_one_or_taken_away() {
        for n in [1, 4, 9] {
            let coils = BirdcageCoils::new(&CoilRings::one(n)).unwrap();
            let rss = |coils: &BirdcageCoils, x: f64, y: f64| {
                let all = (0..n).map(|c| coils.sensitivity(c, x, y).norm_sqr());
                all.sum::<f64>().sqrt()
            };
            let edge = (0..360).map(|d| f64::from(d).to_radians().sin_cos());
            let largest = edge.fold(0.0, |m: f64, (y, x)| m.max(rss(&coils, x, y)));
            assert!((0.999..1.01).contains(&largest), "{n}: {largest}");
            assert!(rss(&coils, 0.0, 0.0) < 0.8);
            let flat = coils.without_shading();
            assert!((rss(&flat, 0.4, -0.3) - 1.0).abs() < 1e-14);
        }
    }

    #[test]
    fn rings_are_stacked_and_their_maps_are_the_sensitivities() {
        let coils = BirdcageCoils::new(&CoilRings::of_eight(16)).unwrap();
        // The rings are half a unit above and below; the upper one is turned in phase by a coil.
        let at = |c, z| coils.sensitivity_3d(c, [0.2, 0.5, z]);
        let turn = Complex64::cis(-PI / 4.0);
        assert!((at(11, 0.1) - at(3, -0.1) * turn).norm() < 1e-14);
        for coils in [coils.clone(), coils.without_shading()] {
            let maps = coils.maps_3d(3, 5, 4);
            for ((c, k, j, i), s) in maps.indexed_iter() {
                let at = [position(i, 4), position(j, 5), position(k, 3)];
                assert!((s - coils.sensitivity_3d(c, at)).norm() < 1e-14);
            }
            let plane = coils.maps(5, 4);
            assert!((plane[(6, 2, 3)] - maps[(6, 1, 2, 3)]).norm() < 1e-14);
        }
    }
}
