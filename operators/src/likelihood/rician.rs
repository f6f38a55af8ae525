//! Magnitude images: the phase is thrown away, and with it the Gaussian noise.

mod bessel;
mod moments;

use super::{Likelihood, Surrogate};
use crate::{Array, Error, Field, Result, SliceRng, Vector};
use moments::{Information, mean_and_variance};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// `y = |z + n|`, n complex Gaussian of deviation σ per component:
/// `-log p(y | z) = Σ (y² + |z|²) / (2σ²) - ln I0(y |z| / σ²) - ln(y / σ²)`, the last term, constant
/// in `z`, left out.
///
/// `z` is complex, or real with its sign thrown away; `y` is real, of the same sizes, in the units
/// of `z`. The gradient is `(|z| - y R(y |z| / σ²)) / σ²` along `z/|z|`, `R = I1/I0`, and goes to 0
/// with `z`. What a magnitude says of a complex number it says of its length, so the Fisher
/// information is a 2 × 2 block an element, of rank one: `J(|z|/σ)/σ²` along `z/|z|`, nothing across
/// and nothing at 0; [`Likelihood::precision`] is that block. Computed on the host.
/// Source: Gudbjartsson and Patz 1995 (MRM 34:910), eq. 1.
pub struct RicianMagnitude<T> {
    y: T,
    sigma: f64,
    information: Information,
}

impl<T: Array> RicianMagnitude<T> {
    /// From the magnitudes (batch 1 or one an item) and the deviation per component.
    ///
    /// Errors: σ not positive; magnitudes that are complex, negative or not finite.
    pub fn new(y: T, sigma: f64) -> Result<Self> {
        let parameter = |what, expected, got: String| Error::Parameter {
            what,
            expected,
            got,
        };
        if !(sigma.is_finite() && sigma > 0.0) {
            let got = sigma.to_string();
            return Err(parameter("noise deviation", "a positive number", got));
        }
        if y.field() != Field::Real {
            let got = "complex ones".into();
            return Err(parameter("magnitudes", "real numbers", got));
        }
        let values = y.to_reals();
        if let Some(bad) = values.iter().find(|y| !(y.is_finite() && **y >= 0.0)) {
            let expected = "a number that is not negative";
            return Err(parameter("magnitude", expected, bad.to_string()));
        }
        Ok(RicianMagnitude {
            y,
            sigma,
            information: Information::new(),
        })
    }

    /// Magnitudes measured, an item.
    pub fn measurements(&self) -> f64 {
        Vector::reals(&self.y) as f64
    }

    /// `f(y, |z|)` of every element, in units of σ.
    ///
    /// Panics if `z` has another shape.
    fn lengths(&self, z: &T, f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let (own, sizes) = (self.y.sizes(), z.sizes());
        let fits = own[1..] == sizes[1..] && (own[0] == 1 || own[0] == sizes[0]);
        assert!(fits, "a prediction {sizes:?} of magnitudes {own:?}");
        let per = z.field().reals();
        let y = self.y.to_reals();
        z.to_reals()
            .chunks(per)
            .zip(y.iter().cycle())
            .map(|(z, y)| f(y / self.sigma, length(z) / self.sigma))
            .collect()
    }

    /// The sum of `f(y, |z|)` over each item.
    fn sums(&self, z: &T, f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let n = Vector::reals(&self.y).max(1);
        let values = self.lengths(z, f);
        values.chunks(n).map(|item| item.iter().sum()).collect()
    }

    /// `z` times `f(y, |z|)`, element by element; `f` in units of σ.
    fn along(&self, z: &T, f: impl Fn(f64, f64) -> f64) -> T {
        let per = z.field().reals();
        let factors = self.lengths(z, f);
        let mut reals = z.to_reals();
        for (z, factor) in reals.chunks_mut(per).zip(factors) {
            z.iter_mut().for_each(|z| *z *= factor);
        }
        T::from_reals(&z.device(), &z.sizes(), z.field(), &reals)
    }

    /// `z/|z| <z/|z|, v>` times `f(|z|)`; `f` in units of σ.
    fn projected(&self, z: &T, v: &T, f: impl Fn(f64) -> f64) -> T {
        let per = z.field().reals();
        let factors = self.lengths(z, |_, a| f(a));
        let (points, mut reals) = (z.to_reals(), v.to_reals());
        let elements = reals.chunks_mut(per).zip(points.chunks(per));
        for ((v, z), factor) in elements.zip(factors) {
            let square = z.iter().map(|z| z * z).sum::<f64>();
            let inner = z.iter().zip(&*v).map(|(z, v)| z * v).sum::<f64>();
            let share = match square > 0.0 {
                true => factor * inner / square,
                false => 0.0,
            };
            v.iter_mut().zip(z).for_each(|(v, z)| *v = share * z);
        }
        T::from_reals(&z.device(), &z.sizes(), z.field(), &reals)
    }
}

fn length(element: &[f64]) -> f64 {
    match element {
        [re, im] => re.hypot(*im),
        _ => element[0].abs(),
    }
}

impl<T: Array> Likelihood<T> for RicianMagnitude<T> {
    fn nll(&self, z: &T) -> Vec<f64> {
        self.sums(z, |y, a| {
            0.5 * (y - a).powi(2) - bessel::scaled(y * a).0.ln()
        })
    }

    fn gradient(&self, z: &T) -> Result<T> {
        let variance = self.sigma.powi(2);
        Ok(self.along(z, |y, a| {
            (1.0 - y * y * bessel::ratio_per_x(y * a)) / variance
        }))
    }

    /// `√max(y² - 2σ², 0) - |z|` along `z`: the square of a magnitude is 2σ² too large on average.
    /// 0 where `z` is, which points nowhere.
    fn residual(&self, z: &T) -> Result<T> {
        Ok(self.along(z, |y, a| match a > 0.0 {
            true => (y * y - 2.0).max(0.0).sqrt() / a - 1.0,
            false => 0.0,
        }))
    }

    fn precision(&self, z: &T, v: &T) -> Result<T> {
        let variance = self.sigma.powi(2);
        Ok(self.projected(z, v, |a| self.information.at(a) / variance))
    }

    /// `1/σ²`: no curvature of `-log p` exceeds it, along `z` or across.
    fn surrogate(&self, _: &T) -> Result<Surrogate<'_, T>> {
        Ok(Box::new(|v| Ok(v.scaled(self.sigma.powi(-2)))))
    }

    fn gradient_noise(&self, z: &T, rng: &mut SliceRng) -> Result<T> {
        let n = z.normal_like(rng);
        Ok(self.projected(z, &n, |a| self.information.at(a).sqrt() / self.sigma))
    }

    /// Real magnitudes, of the sizes of `z`.
    fn simulate(&self, z: &T, rng: &mut SliceRng) -> Result<T> {
        let per = z.field().reals();
        let n = Vector::reals(z).max(1);
        let normal = |rng: &mut ChaCha8Rng| -> f64 {
            self.sigma * Distribution::<f64>::sample(&StandardNormal, rng)
        };
        let reals = z.to_reals();
        let mut magnitudes = Vec::with_capacity(reals.len() / per);
        for (item, rng) in reals.chunks(n).zip(rng.items()) {
            magnitudes.extend(item.chunks(per).map(|z| {
                let re = z[0] + normal(rng);
                re.hypot(z.get(1).unwrap_or(&0.0) + normal(rng))
            }));
        }
        if let Some(at) = magnitudes.iter().position(|y| !y.is_finite()) {
            return Err(Error::NonFinite {
                what: "a noiseless magnitude",
                item: at * per / n,
            });
        }
        let sizes = z.sizes();
        Ok(T::from_reals(&z.device(), &sizes, Field::Real, &magnitudes))
    }

    /// `Σ (y - E y)² / var y` over the number of magnitudes.
    fn misfit(&self, z: &T) -> Vec<f64> {
        let chi = self.sums(z, |y, a| {
            let (mean, variance) = mean_and_variance(a);
            (y - mean).powi(2) / variance
        });
        let n = self.measurements();
        chi.iter().map(|chi| chi / n).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradient_gap;
    use crate::testing::{Backend, assert_items_alone, for_each_backend};

    fn measured<T: Array>(z: &T, sigma: f64) -> RicianMagnitude<T> {
        let zero = |z: &T| {
            let n = Vector::reals(z) / z.field().reals() * z.batch();
            T::from_reals(&z.device(), &z.sizes(), Field::Real, &vec![0.0; n])
        };
        let blank = RicianMagnitude::new(zero(z), sigma).unwrap();
        let mut rng = SliceRng::samples(3, 0, z.batch() as u32);
        RicianMagnitude::new(blank.simulate(z, &mut rng).unwrap(), sigma).unwrap()
    }

    /// Below the noise, about it and far above it.
    fn the_gradient_is_the_slope<T: Array>(b: Backend<T>) {
        for field in [Field::Complex, Field::Real] {
            for sigma in [3.0, 0.5, 0.02] {
                let noise = measured(&b.random(&[1, 7, 9], field, 1), sigma);
                let z = b.random(&[3, 7, 9], field, 2);
                let g = noise.gradient(&z).unwrap();
                let (h, limit) = if b.tolerance < 1e-9 {
                    (1e-4 * sigma, 1e-6)
                } else {
                    (0.02, 1e-2)
                };
                let unit = g.scaled(1.0 / g.norm()[0]);
                let gap = gradient_gap(|z| noise.nll(z), &g, &z, &unit, h);
                assert!(gap < limit, "{field:?} {sigma}: {gap:.1e}");
                assert_items_alone(&noise, &z);
            }
        }
    }
    for_each_backend!(gradient, the_gradient_is_the_slope);

    /// A magnitude of 0 is a measurement.
    #[test]
    fn the_gradient_is_the_slope_at_zero_magnitudes() {
        let b = Backend::host_f64();
        for sigma in [3.0, 0.5] {
            let z = b.random(&[1, 7, 9], Field::Complex, 2);
            let none = crate::Host::new(&[1, 7, 9], Field::Real, vec![0.0; 63]);
            let noise = RicianMagnitude::new(none, sigma).unwrap();
            let g = noise.gradient(&z).unwrap();
            let unit = g.scaled(1.0 / g.norm()[0]);
            let gap = gradient_gap(|z| noise.nll(z), &g, &z, &unit, 1e-4 * sigma);
            assert!(gap < 1e-6, "{sigma}: {gap:.1e}");
        }
    }

    /// Along every direction: the mean of `<g, v>²` over measurements is `<v, Λ v>`, of the
    /// gradient and of the noise that is drawn for it.
    #[test]
    fn the_information_is_the_covariance_of_the_gradient() {
        let b = Backend::host_f64();
        for sigma in [2.0, 0.7, 0.1] {
            let z = b.random(&[1, 300, 301], Field::Complex, 1);
            let noise = measured(&z, sigma);
            let drawn = noise.gradient_noise(&z, &mut SliceRng::samples(5, 0, 1));
            let v = b.random(&[1, 300, 301], Field::Complex, 2);
            let pairs = |x: &crate::Host<f64>| -> Vec<[f64; 2]> {
                x.reals().chunks(2).map(|p| [p[0], p[1]]).collect()
            };
            let inner = |x: &crate::Host<f64>, y: &crate::Host<f64>| -> Vec<f64> {
                let both = pairs(x).into_iter().zip(pairs(y));
                both.map(|(x, y)| x[0] * y[0] + x[1] * y[1]).collect()
            };
            let expected: f64 = inner(&v, &noise.precision(&z, &v).unwrap()).iter().sum();
            for g in [noise.gradient(&z).unwrap(), drawn.unwrap()] {
                let squares: Vec<f64> = inner(&g, &v).iter().map(|i| i * i).collect();
                let total: f64 = squares.iter().sum();
                let error = squares.iter().map(|s| s * s).sum::<f64>().sqrt();
                let gap = (total - expected).abs() / error;
                assert!(gap < 4.0, "{sigma}: {gap} standard errors");
            }
        }
    }

    #[test]
    fn the_truth_has_misfit_one() {
        let b = Backend::host_f64();
        for sigma in [2.0, 0.3, 0.01] {
            let z = b.random(&[1, 300, 301], Field::Complex, 1);
            let noise = measured(&z, sigma);
            // The kurtosis of a Rayleigh variable is 3.25: the variance of its square is 2.25.
            let band = 4.0 * (2.25 / noise.measurements()).sqrt();
            let chi = noise.misfit(&z)[0];
            assert!((chi - 1.0).abs() < band, "{sigma}: {chi} not 1 in {band}");
            assert!(noise.misfit(&z.scaled(0.5))[0] > 1.0 + band, "{sigma}");
        }
    }

    /// A step by the surrogate never raises `-log p`, and at zero nothing is infinite.
    #[test]
    fn a_step_by_the_surrogate_descends() {
        let b = Backend::host_f64();
        let noise = measured(&b.random(&[1, 7, 9], Field::Complex, 1), 0.3);
        for scale in [1e-3, 0.5, 30.0] {
            let mut z = b.random(&[1, 7, 9], Field::Complex, 2).scaled(scale);
            for _ in 0..20 {
                let before = noise.nll(&z)[0];
                let g = noise.gradient(&z).unwrap();
                z.axpy(&[-0.3_f64.powi(2)], &g);
                let surrogate = noise.surrogate(&z).unwrap()(&g).unwrap();
                assert!((surrogate.norm()[0] * 0.09 / g.norm()[0] - 1.0).abs() < 1e-12);
                assert!(noise.nll(&z)[0] <= before, "{scale}");
            }
        }
        let zero = b.random(&[1, 7, 9], Field::Complex, 2).scaled(0.0);
        assert!(noise.nll(&zero)[0].is_finite());
        assert_eq!(noise.gradient(&zero).unwrap().norm(), [0.0]);
        assert_eq!(noise.precision(&zero, &zero).unwrap().norm(), [0.0]);
        assert_eq!(noise.residual(&zero).unwrap().norm(), [0.0]);
    }

    #[test]
    fn the_residual_points_from_the_prediction_to_the_data() {
        let b = Backend::host_f64();
        let z = b.random(&[1, 7, 9], Field::Complex, 1);
        let noise = measured(&z, 1e-6);
        let short = z.scaled(0.5);
        let whole = noise.residual(&short).unwrap().minus(&short);
        assert!(whole.norm()[0] < 1e-4, "{}", whole.norm()[0]);
        let negative = b.random(&[1, 7, 9], Field::Real, 1);
        assert!(RicianMagnitude::new(negative, 1.0).is_err());
        assert!(RicianMagnitude::new(z, 1.0).is_err());
    }
}
