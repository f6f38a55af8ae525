//! The posterior of a small linear problem, as matrices.

use super::super::error::Failure;
use super::super::toolkit::Image;
use crate::score::{Spectrum, StationaryGaussian};
use faer::{Mat, Side};
use ndarray::{Array1, Array2};
use operators::{Array, Direction, Host, LinearOperator, Vector};

/// `x = Fᴴ √S V c` with `p(c | y) = N(m, 1 / (1 + λ))`, every coordinate by itself: V and λ are the eigenvectors and
/// eigenvalues of `Bᵀ B`, `B = Λ^½ A Fᴴ √S`, and `m = Vᵀ Bᵀ Λ^½ y / (1 + λ)`.
pub(super) struct Dense {
    b: Array2<f64>,
    v: Array2<f64>,
    /// λ: what the data say of a coordinate, over what the prior says.
    pub gain: Vec<f64>,
    /// √S of every real number of a spectrum.
    roots: Vec<f64>,
    /// Λ^½: the inverse deviation of every measurement, 0 of what was not measured.
    whitening: Array1<f64>,
}

impl Dense {
    /// From the forward model of images like `blank`, column by column, and the inverse deviation of every measurement.
    pub fn new(
        a: &dyn LinearOperator<Image>,
        prior: &StationaryGaussian,
        blank: &Image,
        whitening: Vec<f64>,
    ) -> Result<Self, Failure> {
        let whitening = Array1::from(whitening);
        let n = Vector::reals(blank);
        let per = blank.field().reals();
        let spectrum = Spectrum::radial(blank, |r| prior.spectrum(r));
        let roots = spectrum.weights(f64::sqrt).to_reals();
        let roots: Vec<f64> = roots.iter().flat_map(|s| vec![*s; per]).collect();
        let mut units = vec![0.0; n * n];
        (0..n).for_each(|i| units[i * n + i] = 1.0);
        let sizes = [&[n], &blank.sizes()[1..]].concat();
        let units = Host::new(&sizes, blank.field(), units);
        let seen = a.forward(&spectrum.synthesise(&units, f64::sqrt))?;
        let m = Vector::reals(&seen);
        let rows = Array2::from_shape_vec((n, m), seen.to_reals())? * &whitening;
        let b = rows.reversed_axes();
        let normal = b.t().dot(&b);
        let normal = Mat::from_fn(n, n, |i, j| normal[(i, j)]);
        let eigen = normal
            .self_adjoint_eigen(Side::Lower)
            .map_err(|e| format!("eigenvalues of the normal matrix: {e:?}"))?;
        Ok(Dense {
            b,
            v: Array2::from_shape_fn((n, n), |(i, j)| eigen.U()[(i, j)]),
            gain: (0..n).map(|i| eigen.S()[i].max(0.0)).collect(),
            roots,
            whitening,
        })
    }

    /// Coordinates of every item of x, less the posterior's mean and over its deviation, given an item of
    /// data.
    pub fn standardised(&self, x: &Image, y: &Image) -> Vec<Array1<f64>> {
        let y = Array1::from(y.to_reals()) * &self.whitening;
        let back = self.v.t().dot(&self.b.t().dot(&y));
        let modes = x.fft2(Direction::Forward).to_reals();
        let one = |modes: &[f64]| {
            let white: Array1<f64> = modes.iter().zip(&self.roots).map(|(k, s)| k / s).collect();
            let mut c = self.v.t().dot(&white);
            for (i, c) in c.iter_mut().enumerate() {
                let precision = 1.0 + self.gain[i];
                *c = (*c - back[i] / precision) * precision.sqrt();
            }
            c
        };
        modes.chunks(self.roots.len()).map(one).collect()
    }

    /// The smallest deviation of a mode of the image under the posterior.
    pub fn floor(&self) -> f64 {
        let variance = |i: usize| -> f64 {
            let row = self.v.row(i);
            let sum = row.iter().zip(&self.gain).map(|(v, g)| v * v / (1.0 + g));
            sum.sum::<f64>() * self.roots[i].powi(2)
        };
        let all = (0..self.roots.len()).map(variance);
        all.fold(f64::INFINITY, f64::min).sqrt()
    }
}
