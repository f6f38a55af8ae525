//! Circular loops around the object, with the field of Biot and Savart.

use std::f64::consts::PI;

use ndarray::{Array3, Array4};
use num_complex::Complex64;

use super::elliptic::Elliptic;
use super::fit::TrigFit;
use super::rings::{CoilRings, quantity};
use super::trig::TrigCoils;
use super::{largest_rss, sampled, sampled_3d};
use crate::error::PhantomError;

/// Loops of wire whose axes point at the z axis: `s_c = A (B_x + i B_y)`, B the field of a current
/// in loop c.
///
/// In the order of [`CoilRings`]; `A` makes the largest root-sum-of-squares over the unit disc 1.
/// Source: the arrangement of BART (`src/simu/coil.c`), the field in closed form.
#[derive(Clone, Debug, PartialEq)]
pub struct LoopCoils {
    loops: Vec<Loop>,
    scale: f64,
}

/// A loop of a radius about a centre, with an outward normal in the plane.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Loop {
    centre: [f64; 3],
    normal: [f64; 3],
    radius: f64,
}

impl LoopCoils {
    /// The radius of BART's loops.
    pub const RADIUS: f64 = 0.2;

    /// Loops of a radius above 0, one at each place of the rings.
    pub fn new(rings: &CoilRings, radius: f64) -> Result<Self, PhantomError> {
        if !(radius > 0.0 && radius.is_finite()) {
            return Err(quantity("the radius of a loop", "above 0", radius));
        }
        let wound = |(angle_rad, centre): (f64, [f64; 3])| Loop {
            centre,
            normal: [angle_rad.cos(), angle_rad.sin(), 0.0],
            radius,
        };
        let mut coils = Self {
            loops: rings.places()?.into_iter().map(wound).collect(),
            scale: 1.0,
        };
        coils.scale /= largest_rss(coils.coils(), &|c, x, y| coils.sensitivity(c, x, y));
        Ok(coils)
    }

    /// The number of coils.
    pub fn coils(&self) -> usize {
        self.loops.len()
    }

    /// The sensitivity of coil `c` at a point of the plane z = 0.
    pub fn sensitivity(&self, c: usize, x: f64, y: f64) -> Complex64 {
        self.sensitivity_3d(c, [x, y, 0.0])
    }

    /// The sensitivity of coil `c` at a point (x, y, z).
    pub fn sensitivity_3d(&self, c: usize, at: [f64; 3]) -> Complex64 {
        let [b_x, b_y, _] = self.loops[c].field(at);
        self.scale * Complex64::new(b_x, b_y)
    }

    /// The sensitivities at the raster samples: `Complex64[coil, ny, nx]`.
    pub fn maps(&self, ny: usize, nx: usize) -> Array3<Complex64> {
        sampled(self.coils(), (ny, nx), &|c, x, y| self.sensitivity(c, x, y))
    }

    /// The sensitivities at the samples of the unit cube: `Complex64[coil, nz, ny, nx]`.
    pub fn maps_3d(&self, nz: usize, ny: usize, nx: usize) -> Array4<Complex64> {
        sampled_3d(self.coils(), (nz, ny, nx), &|c, at| {
            self.sensitivity_3d(c, at)
        })
    }

    /// The maps of the plane z = 0 as trigonometric polynomials ([`TrigCoils::fit`]).
    pub fn fit(&self, order: usize) -> Result<TrigFit, PhantomError> {
        TrigCoils::fit(order, self.coils(), &|c, x, y| self.sensitivity(c, x, y))
    }
}

impl Loop {
    /// The magnetic field, in units of `mu_0 I`.
    ///
    /// With h along the normal and rho across it, `f² = (a - rho)² + h²`, `g² = (a + rho)² + h²`,
    /// `m = 1 - f² / g²` and the integrals B, D, C of [`Elliptic`]:
    /// `B_h = a ((a - rho) B + (a + rho) (1 - m) D) / (pi f² g)`,
    /// `B_rho = 4 a² h rho (D - C) / (pi f² g³)`. The textbook's forms with K and E (Smythe 1950,
    /// 7.10), written so that nothing cancels near the axis.
    fn field(&self, at: [f64; 3]) -> [f64; 3] {
        let a = self.radius;
        let d: [f64; 3] = std::array::from_fn(|n| at[n] - self.centre[n]);
        let h: f64 = (0..3).map(|n| d[n] * self.normal[n]).sum();
        let across: [f64; 3] = std::array::from_fn(|n| d[n] - h * self.normal[n]);
        let rho = across.iter().map(|q| q * q).sum::<f64>().sqrt();
        let near = (a - rho).powi(2) + h * h;
        let far = (a + rho).powi(2) + h * h;
        let complement = near / far;
        let Elliptic { b, d, c } = Elliptic::new(complement);
        let common = a / (PI * near * far.sqrt());
        let along = common * ((a - rho) * b + (a + rho) * complement * d);
        let radial_over_rho = common * 4.0 * a * h / far * (d - c);
        std::array::from_fn(|n| along * self.normal[n] + radial_over_rho * across[n])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn tilted() -> Loop {
        let (s, k) = 0.7f64.sin_cos();
        Loop {
            centre: [0.3, -0.2, 0.1],
            normal: [k, s, 0.0],
            radius: 0.35,
        }
    }

    fn point(coil: &Loop, [along, tangent, z]: [f64; 3]) -> [f64; 3] {
        let [k, s, _] = coil.normal;
        let [x, y, up] = coil.centre;
        [
            x + along * k - tangent * s,
            y + along * s + tangent * k,
            up + z,
        ]
    }

    /// The law of Biot and Savart over `n` chords from wire to wire.
    fn chords(coil: &Loop, at: [f64; 3], n: usize) -> [f64; 3] {
        let wire = |i: usize| {
            let (s, k) = (TAU * i as f64 / n as f64).sin_cos();
            point(coil, [0.0, coil.radius * k, coil.radius * s])
        };
        let mut sum = [0.0; 3];
        for i in 0..n {
            let (p, q) = (wire(i), wire(i + 1));
            let dl: [f64; 3] = std::array::from_fn(|k| q[k] - p[k]);
            let r: [f64; 3] = std::array::from_fn(|k| at[k] - 0.5 * (p[k] + q[k]));
            let cube = r.iter().map(|x| x * x).sum::<f64>().powf(1.5);
            for (k, sum) in sum.iter_mut().enumerate() {
                let (u, v) = ((k + 1) % 3, (k + 2) % 3);
                *sum += (dl[u] * r[v] - dl[v] * r[u]) / (4.0 * PI * cube);
            }
        }
        sum
    }

    #[test]
    fn on_the_axis_the_field_is_the_closed_form() {
        let coil = tilted();
        for z in [-2.0f64, -0.3, 0.0, 1e-9, 0.1, 5.0] {
            let field = coil.field(point(&coil, [z, 0.0, 0.0]));
            let r = coil.radius;
            let expected = r * r / (2.0 * (r * r + z * z).powf(1.5));
            for (b, n) in field.iter().zip(coil.normal) {
                assert!(
                    (b - expected * n).abs() < 1e-13 * expected,
                    "{z}: {field:?}"
                );
            }
        }
    }

    #[test]
    fn many_chords_tend_to_the_field_with_the_square_of_their_number() {
        let coil = tilted();
        for at in [
            [0.5, 0.2, -0.3],
            [1e-7, 0.0, 1e-6],
            [-0.4, 0.0, 0.3],
            [0.02, 0.31, 0.0],
        ] {
            let at = point(&coil, at);
            let exact = coil.field(at);
            let error = |n| {
                let sum = chords(&coil, at, n);
                let off = (0..3).map(|k| (sum[k] - exact[k]).powi(2)).sum::<f64>();
                off.sqrt() / exact.iter().map(|b| b * b).sum::<f64>().sqrt()
            };
            let (coarse, fine) = (error(1000), error(2000));
            assert!(
                fine < 1e-5 && (3.9..4.1).contains(&(coarse / fine)),
                "{coarse} {fine}"
            );
        }
    }

    #[test]
    fn the_field_has_neither_sources_nor_currents_off_the_wire() {
        let coil = tilted();
        let h = 1e-3;
        for at in [
            [0.4, 0.1, 0.2],
            [-0.1, 0.05, 0.0],
            [0.0, 0.7, -0.4],
            [0.3, 0.0, 0.0],
        ] {
            let at = point(&coil, at);
            // Central differences of fourth order: row k is the derivative along axis k.
            let gradient: [[f64; 3]; 3] = std::array::from_fn(|k| {
                let moved = |steps: f64| {
                    let mut p = at;
                    p[k] += steps * h;
                    coil.field(p)
                };
                let (a, b, c, d) = (moved(-2.0), moved(-1.0), moved(1.0), moved(2.0));
                std::array::from_fn(|n| (a[n] - 8.0 * b[n] + 8.0 * c[n] - d[n]) / (12.0 * h))
            });
            let size = gradient
                .iter()
                .flatten()
                .fold(0.0, |m: f64, g| m.max(g.abs()));
            let divergence: f64 = (0..3).map(|k| gradient[k][k]).sum();
            assert!(divergence.abs() < 1e-7 * size, "{divergence} of {size}");
            for k in 0..3 {
                let (u, v) = ((k + 1) % 3, (k + 2) % 3);
                assert!((gradient[u][v] - gradient[v][u]).abs() < 1e-7 * size);
            }
        }
    }

    #[test]
    fn coils_look_alike_from_their_own_places_and_their_sum_is_at_most_one() {
        let coils = LoopCoils::new(&CoilRings::one(6), LoopCoils::RADIUS).unwrap();
        let (s, k) = (TAU / 6.0).sin_cos();
        for (x, y) in [(0.3, -0.2), (0.0, 0.0), (-0.9, 0.4)] {
            // A field turns with its coil, and B_x + i B_y with it.
            let turned = coils.sensitivity(4, k * x - s * y, s * x + k * y);
            let expected = coils.sensitivity(3, x, y) * Complex64::new(k, s);
            assert!((turned - expected).norm() < 1e-14);
        }
        let maps = coils.maps(41, 40);
        let rss = |j, i| {
            (0..6)
                .map(|c| maps[(c, j, i)].norm_sqr())
                .sum::<f64>()
                .sqrt()
        };
        // The raster's point (1, 0) is not on it, (-1, 0) is.
        assert!((rss(20, 0) - 1.0).abs() < 1e-12 && rss(20, 20) < 0.5);
        let volume = LoopCoils::new(&CoilRings::of_eight(16), 0.3).unwrap();
        let plane = volume.maps(5, 4);
        assert_eq!(plane[(3, 1, 2)], volume.maps_3d(7, 5, 4)[(3, 3, 1, 2)]);
        assert!(LoopCoils::new(&CoilRings::one(6), 0.0).is_err());
    }
}
