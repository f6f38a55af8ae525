//! The cosine basis along a batch, in which the steps from item to item are diagonal.

use operators::Array;
use std::f64::consts::PI;

/// `C_mn = √(2/N) cos(π m (n + ½) / N)`, its row 0 over √2: orthonormal, the eigenvectors of `D_zᵀ D_z` of N items
/// with free ends.
pub(super) struct Cosines {
    rows: Vec<Vec<f64>>,
    columns: Vec<Vec<f64>>,
}

impl Cosines {
    /// Of `n` items.
    pub(super) fn new(n: usize) -> Self {
        let element = |m: usize, i: usize| {
            let norm = if m == 0 { 1.0 } else { 2.0 } / n as f64;
            norm.sqrt() * (PI * m as f64 * (i as f64 + 0.5) / n as f64).cos()
        };
        let matrix = |at: &dyn Fn(usize, usize) -> f64| -> Vec<Vec<f64>> {
            (0..n).map(|a| (0..n).map(|b| at(a, b)).collect()).collect()
        };
        Cosines {
            rows: matrix(&element),
            columns: matrix(&|i, m| element(m, i)),
        }
    }

    /// The eigenvalue `2 - 2 cos(π m / N)` of `D_zᵀ D_z` of every wave.
    pub(super) fn steepness(&self) -> Vec<f64> {
        let n = self.rows.len();
        let one = |m: usize| 2.0 - 2.0 * (PI * m as f64 / n as f64).cos();
        (0..n).map(one).collect()
    }

    /// `C x`.
    pub(super) fn forward<T: Array>(&self, x: &T) -> T {
        x.mixed(&self.rows)
    }

    /// `Cᵀ k`.
    pub(super) fn inverse<T: Array>(&self, k: &T) -> T {
        k.mixed(&self.columns)
    }
}

#[cfg(test)]
mod tests {
    use super::super::dds_volume::{back, steps};
    use super::*;
    use operators::{Field, Host, SliceRng, Vector};

    fn items(n: usize) -> Host<f64> {
        let blank = Host::zeros(&[n, 3, 2], Field::Complex);
        blank.normal_like(&mut SliceRng::samples(7, 0, n as u32))
    }

    fn apart(a: &Host<f64>, b: &Host<f64>) -> f64 {
        let off = a.reals().iter().zip(b.reals()).map(|(a, b)| (a - b).abs());
        off.fold(0.0, f64::max)
    }

    #[test]
    fn it_is_orthonormal() {
        for n in [1, 2, 5, 8] {
            let (x, cosines) = (items(n), Cosines::new(n));
            assert!(apart(&cosines.inverse(&cosines.forward(&x)), &x) < 1e-12);
        }
    }

    #[test]
    fn steps_are_diagonal_in_it() {
        for n in [2, 5, 8] {
            let (x, cosines) = (items(n), Cosines::new(n));
            let mut waves = cosines.forward(&x);
            waves.scale(&cosines.steepness());
            let found = cosines.inverse(&waves);
            assert!(apart(&found, &back(&steps(&x).unwrap()).unwrap()) < 1e-12);
        }
    }
}
