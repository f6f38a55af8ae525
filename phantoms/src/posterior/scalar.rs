//! One number: conjugate priors, whose posterior is of the same kind.

use std::f64::consts::TAU;

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use super::{Result, refused};

/// `N(mean, variance)` of one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScalarGaussian {
    /// The mean.
    pub mean: f64,
    /// The variance.
    pub variance: f64,
}

impl ScalarGaussian {
    /// Given `y = x + noise_std n`: precisions add, `1/v' = 1/v + 1/σ²`, `m' = v' (m/v + y/σ²)`.
    ///
    /// Errors: a deviation or a variance that is not above 0.
    pub fn posterior(&self, y: f64, noise_std: f64) -> Result<Self> {
        let good = self.variance > 0.0 && noise_std > 0.0 && y.is_finite();
        if !good {
            return Err(refused(
                "scalar Gaussian",
                "a variance and a noise above 0, finite data",
                format!("{}, {noise_std}, {y}", self.variance),
                "give deviations, not precisions",
            ));
        }
        let (prior, data) = (1.0 / self.variance, 1.0 / (noise_std * noise_std));
        Ok(ScalarGaussian {
            mean: (prior * self.mean + data * y) / (prior + data),
            variance: 1.0 / (prior + data),
        })
    }

    /// `ln N(x; mean, variance)`.
    pub fn log_density(&self, x: f64) -> f64 {
        -0.5 * ((x - self.mean).powi(2) / self.variance + (TAU * self.variance).ln())
    }

    /// A draw.
    pub fn draw<R: Rng>(&self, rng: &mut R) -> f64 {
        self.mean + self.variance.sqrt() * rng.sample::<f64, _>(StandardNormal)
    }
}

/// `Gamma(shape, rate)`: density `rate^shape x^{shape - 1} exp(-rate x) / Γ(shape)`, x > 0; the prior
/// of a rate that is seen through counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gamma {
    shape: f64,
    rate: f64,
}

impl Gamma {
    /// Errors: a shape or a rate that is not above 0.
    pub fn new(shape: f64, rate: f64) -> Result<Self> {
        let good = |v: f64| v > 0.0 && v.is_finite();
        if good(shape) && good(rate) {
            return Ok(Gamma { shape, rate });
        }
        let got = format!("{shape} and {rate}");
        Err(refused(
            "Gamma",
            "shape and rate above 0",
            got,
            "the mean is shape / rate",
        ))
    }

    /// Given a count `y ~ Poisson(exposure x)`: `Gamma(shape + y, rate + exposure)`.
    ///
    /// Errors: an exposure that is not above 0.
    pub fn posterior(&self, count: u64, exposure: f64) -> Result<Self> {
        exposed(exposure)?;
        Gamma::new(self.shape + count as f64, self.rate + exposure)
    }

    /// `ln P(y)` before x is known, negative binomial.
    pub fn log_evidence(&self, count: u64, exposure: f64) -> Result<f64> {
        exposed(exposure)?;
        let (a, b, y) = (self.shape, self.rate, count as f64);
        let choose = libm::lgamma(a + y) - libm::lgamma(a) - libm::lgamma(y + 1.0);
        Ok(choose + a * (b / (b + exposure)).ln() + y * (exposure / (b + exposure)).ln())
    }

    /// The shape.
    pub fn shape(&self) -> f64 {
        self.shape
    }

    /// The rate.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// `shape / rate`.
    pub fn mean(&self) -> f64 {
        self.shape / self.rate
    }

    /// `shape / rate²`.
    pub fn variance(&self) -> f64 {
        self.shape / (self.rate * self.rate)
    }

    /// The logarithm of the density; -∞ for x <= 0.
    pub fn log_density(&self, x: f64) -> f64 {
        if x <= 0.0 {
            return f64::NEG_INFINITY;
        }
        let constant = self.shape * self.rate.ln() - libm::lgamma(self.shape);
        constant + (self.shape - 1.0) * x.ln() - self.rate * x
    }

    /// A draw.
    pub fn draw<R: Rng>(&self, rng: &mut R) -> f64 {
        let law = rand_distr::Gamma::new(self.shape, 1.0 / self.rate);
        law.expect("shape and rate are above 0").sample(rng)
    }
}

fn exposed(exposure: f64) -> Result<()> {
    if exposure > 0.0 && exposure.is_finite() {
        return Ok(());
    }
    let remedy = "give the mean count of x = 1";
    Err(refused("Gamma", "an exposure above 0", exposure, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// Mass, mean and variance of a density on (from, to), midpoints.
    fn moments(density: impl Fn(f64) -> f64, from: f64, to: f64) -> [f64; 3] {
        let n = 200_000;
        let h = (to - from) / f64::from(n);
        let (mut mass, mut first, mut second) = (0.0, 0.0, 0.0);
        for i in 0..n {
            let x = from + (f64::from(i) + 0.5) * h;
            let p = density(x) * h;
            (mass, first, second) = (mass + p, first + p * x, second + p * x * x);
        }
        [mass, first / mass, second / mass - (first / mass).powi(2)]
    }

    /// Prior N(0, 1), y = 1: the true values of the usual table for three noises.
    #[test]
    fn the_table_of_three_noises() {
        let prior = ScalarGaussian {
            mean: 0.0,
            variance: 1.0,
        };
        for (noise_std, mean, variance) in [(0.1, 0.9901, 0.0099), (0.5, 0.8, 0.2), (1.0, 0.5, 0.5)]
        {
            let posterior = prior.posterior(1.0, noise_std).unwrap();
            assert!((posterior.mean - mean).abs() < 5e-5, "{posterior:?}");
            assert!(
                (posterior.variance - variance).abs() < 5e-5,
                "{posterior:?}"
            );
        }
        assert!(prior.posterior(1.0, 0.0).is_err());
    }

    #[test]
    fn the_gaussian_by_quadrature_and_by_draws() {
        let prior = ScalarGaussian {
            mean: -1.5,
            variance: 2.0,
        };
        let posterior = prior.posterior(0.8, 0.7).unwrap();
        let noise = ScalarGaussian {
            mean: 0.8,
            variance: 0.49,
        };
        let joint = |x: f64| (prior.log_density(x) + noise.log_density(x)).exp();
        let [mass, mean, variance] = moments(joint, -12.0, 12.0);
        assert!(
            (mean - posterior.mean).abs() < 1e-9 && (variance - posterior.variance).abs() < 1e-9
        );
        // The evidence is N(0.8; -1.5, 2.49).
        let evidence = ScalarGaussian {
            mean: -1.5,
            variance: 2.49,
        }
        .log_density(0.8);
        assert!((mass.ln() - evidence).abs() < 1e-9);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let n = 40_000;
        let mean = (0..n).map(|_| posterior.draw(&mut rng)).sum::<f64>() / f64::from(n);
        assert!((mean - posterior.mean).abs() < 4.0 * (posterior.variance / f64::from(n)).sqrt());
    }

    #[test]
    fn counts_by_quadrature() {
        let prior = Gamma::new(2.5, 0.7).unwrap();
        for (count, exposure) in [(0, 1.0), (3, 0.4), (40, 6.0)] {
            let posterior = prior.posterior(count, exposure).unwrap();
            let y = count as f64;
            let joint = |x: f64| {
                let poisson = y * (exposure * x).ln() - exposure * x - libm::lgamma(y + 1.0);
                (prior.log_density(x) + poisson).exp()
            };
            let [mass, mean, variance] = moments(joint, 0.0, 80.0);
            assert!((mass.ln() - prior.log_evidence(count, exposure).unwrap()).abs() < 1e-6);
            assert!((mean / posterior.mean() - 1.0).abs() < 1e-6);
            assert!((variance / posterior.variance() - 1.0).abs() < 1e-6);
            let at = 0.9 * posterior.mean();
            assert!((joint(at).ln() - mass.ln() - posterior.log_density(at)).abs() < 1e-6);
        }
        let total: f64 = (0..400)
            .map(|y| prior.log_evidence(y, 2.0).unwrap().exp())
            .sum();
        assert!((total - 1.0).abs() < 1e-12, "{total}");
    }

    /// Two counts at once are their sum at the summed exposure.
    #[test]
    fn counts_add_up() {
        let prior = Gamma::new(2.5, 0.7).unwrap();
        let twice = prior.posterior(3, 0.5).unwrap().posterior(4, 1.5).unwrap();
        assert_eq!(twice, prior.posterior(7, 2.0).unwrap());
        assert_eq!((twice.shape(), twice.rate()), (9.5, 2.7));
        assert!(prior.posterior(3, 0.0).is_err() && prior.log_evidence(3, f64::NAN).is_err());
        assert!(Gamma::new(0.0, 1.0).is_err() && Gamma::new(1.0, f64::INFINITY).is_err());
        assert_eq!(prior.log_density(-1.0), f64::NEG_INFINITY);
    }

    #[test]
    fn gamma_draws_have_the_moments() {
        let law = Gamma::new(0.6, 3.0).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let n = 60_000;
        let draws: Vec<f64> = (0..n).map(|_| law.draw(&mut rng)).collect();
        let mean = draws.iter().sum::<f64>() / f64::from(n);
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n);
        assert!((mean - law.mean()).abs() < 4.0 * (law.variance() / f64::from(n)).sqrt());
        // The fourth central moment is 3 v² + 6 v² / shape.
        let error = law.variance() * ((2.0 + 6.0 / 0.6) / f64::from(n)).sqrt();
        assert!((variance - law.variance()).abs() < 4.0 * error);
    }
}
