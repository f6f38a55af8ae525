//! The parabola that lies above the likelihood of a ray: what makes a step that cannot fail.

use super::{TransmissionPoisson, transmitted};
use crate::Array;

/// Line integrals below it are taken as 0, where the curvature is largest.
const SHORT: f64 = 1e-4;

/// The optimal curvature of one ray at `z` (Erdoğan and Fessler 1999, eq. 29): with
/// `h(z) = λ - y ln λ`, `2 (h(0) - h(z) + z h'(z)) / z²`, never negative.
fn optimal(z: f64, y: f64, photons: f64, s: f64) -> f64 {
    if z < SHORT {
        return photons * (1.0 - y * s / (photons + s).powi(2)).max(0.0);
    }
    let t = transmitted(z, photons);
    let slope = t * (y / (t + s) - 1.0);
    let fall = photons - t - y * ((photons + s) / (t + s)).ln();
    (2.0 * (fall + z * slope) / (z * z)).max(0.0)
}

impl<T: Array> TransmissionPoisson<T> {
    /// The least `c` for which the parabola `h + h' (v - z) + ½ c (v - z)²` is nowhere below the
    /// negative log-likelihood of its ray for any `v ≥ 0`; 0 where nothing was measured.
    ///
    /// A step that lowers the sum of the parabolas lowers the likelihood.
    pub fn curvature(&self, z: &T) -> T {
        let (others, shift) = ([&self.y, &self.photons, &self.background], self.shift);
        z.elementwise(&others, &|z, ray| {
            let [y, photons, background] = [ray[0], ray[1], ray[2]];
            if photons > 0.0 {
                optimal(z, y, photons, background + shift)
            } else {
                0.0
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Field;
    use crate::likelihood::{Likelihood, Scan};
    use crate::testing::{Backend, for_each_backend};

    fn h(z: f64, y: f64, photons: f64, s: f64) -> f64 {
        let lambda = transmitted(z, photons) + s;
        lambda - if y > 0.0 { y * lambda.ln() } else { 0.0 }
    }

    /// Above the likelihood everywhere, and 1 % less is not.
    #[test]
    fn the_parabola_lies_above_and_touches() {
        for (photons, s) in [(1e3, 0.0), (1e5, 0.0), (1e3, 30.0), (1e3, 900.0)] {
            for y in [0.0, 1.0, 40.0, 1e3, 2e3] {
                for z in [0.0, 1e-5, 1e-3, 0.1, 1.0, 3.0, 9.0] {
                    let c = optimal(z, y, photons, s);
                    let t = transmitted(z, photons);
                    let slope = t * (y / (t + s).max(f64::MIN_POSITIVE) - 1.0);
                    let excess = |v: f64, c: f64| {
                        h(z, y, photons, s) + slope * (v - z) + 0.5 * c * (v - z).powi(2)
                            - h(v, y, photons, s)
                    };
                    let lowest = |c: f64| {
                        let at = (0..=1200).map(|i| excess(f64::from(i) * 0.01, c));
                        at.fold(f64::INFINITY, f64::min)
                    };
                    let rounding = 1e-9 * h(0.0, y, photons, s).abs().max(1.0);
                    let here = format!("I0 {photons}, s {s}, y {y}, z {z}: {}", lowest(c));
                    assert!(lowest(c) > -rounding, "{here}");
                    if z > SHORT && c > 1e-3 * photons {
                        assert!(lowest(0.99 * c) < 0.0, "{here}");
                    }
                }
            }
        }
    }

    /// At the fit of a short ray it is the Fisher information; a dead bin has none.
    fn a_thin_object_has_the_fisher_information<T: Array>(b: Backend<T>) {
        let all = |v: &[f64]| T::from_reals(&b.device, &[1, 1, 2], Field::Real, v);
        let noise = TransmissionPoisson::new(Scan {
            counts: all(&[999.0, 7.0]),
            photons: all(&[1000.0, 0.0]),
            background: all(&[0.0, 0.0]),
            electronic_variance: 0.0,
        })
        .unwrap();
        let z = all(&[0.001, 0.001]);
        let fisher = noise.precision(&z, &all(&[1.0, 1.0])).unwrap().to_reals();
        let c = noise.curvature(&z);
        assert_eq!(c.batch(), 1);
        let c = c.to_reals();
        assert!((c[0] / fisher[0] - 1.0).abs() < 2e-3, "{c:?} {fisher:?}");
        assert_eq!(c[1], 0.0);
        let thick: f64 = optimal(8.0, 1000.0 * (-8f64).exp(), 1000.0, 0.0);
        assert!(thick > 10.0 * 1000.0 * (-8f64).exp());
    }
    for_each_backend!(thin, a_thin_object_has_the_fisher_information);
}
