//! The prior of an image and of a white nuisance beside it.

use super::{Covariance, Denoiser, Estimate, Want};
use operators::{Product, Result, Vector};

/// `p(x) N(n; 0, 1)`: the image by its own denoiser, the coefficients of the nuisance by theirs, which
/// is known: `D(n, σ) = n / (1 + σ²)`, `Cov = σ² / (1 + σ²)`.
///
/// What a coefficient is, and how large, the operator says.
pub struct Pair<'a, T> {
    /// The prior of the image.
    pub image: &'a dyn Denoiser<T>,
}

impl<T: Vector> Denoiser<Product<T>> for Pair<'_, T> {
    fn estimate<'a>(
        &'a self,
        x: &Product<T>,
        sigma: f64,
        want: Want,
    ) -> Result<Estimate<'a, Product<T>>> {
        let image = self.image.estimate(&x.image, sigma, want)?;
        let shrunk = move |n: &Option<T>| n.as_ref().map(|n| n.scaled(1.0 / (1.0 + sigma * sigma)));
        let x0 = Product {
            image: image.x0,
            nuisance: shrunk(&x.nuisance),
        };
        let pullback = image.pullback.map(|pull| {
            Box::new(move |v: &Product<T>| {
                Ok(Product {
                    image: pull(&v.image)?,
                    nuisance: shrunk(&v.nuisance),
                })
            }) as super::Pullback<'a, Product<T>>
        });
        Ok(Estimate {
            x0,
            pullback,
            deviation: None,
        })
    }

    fn covariance(&self) -> Option<&Covariance> {
        self.image.covariance()
    }

    fn nuisance_variance(&self, sigma: f64) -> f64 {
        sigma * sigma / (1.0 + sigma * sigma)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::StationaryGaussian;
    use operators::{Field, Host, SliceRng};

    /// The error of `D` is what its variance says, and the pullback is its derivative.
    #[test]
    fn a_white_nuisance_is_denoised_in_closed_form() {
        let prior = StationaryGaussian::new(4.0, 0.1, 1.5);
        let pair = Pair { image: &prior };
        let like = Product::new(
            Host::<f64>::zeros(&[2, 8, 9], Field::Complex),
            Host::zeros(&[2, 100, 100], Field::Real),
        );
        let n0 = like.normal_like(&mut SliceRng::samples(1, 0, 2));
        for sigma in [0.2, 1.0, 5.0] {
            let mut x = n0.clone();
            x.axpy(&[sigma], &like.normal_like(&mut SliceRng::samples(2, 0, 2)));
            let d = pair.estimate(&x, sigma, Want::Pullback).unwrap();
            let alone = prior.estimate(&x.image, sigma, Want::Pullback).unwrap();
            assert_eq!(d.x0.image, alone.x0);
            let off = d.x0.minus(&n0).nuisance.unwrap();
            let error = off.dot(&off)[1] / 1e4;
            let variance = pair.nuisance_variance(sigma);
            assert!((error / variance - 1.0).abs() < 0.05, "{error} {variance}");
            let pulled = d.pull(&x).unwrap();
            assert_eq!(pulled.nuisance, d.x0.nuisance);
            assert_eq!(pulled.image, alone.pull(&x.image).unwrap());
        }
    }
}
