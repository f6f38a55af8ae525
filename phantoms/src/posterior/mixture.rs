//! Mixtures of Gaussians: several modes, and the posterior still in closed form.

use ndarray::{Array1, Array2, ArrayView1};
use rand::{Rng, RngExt};

use super::dense::outer;
use super::{Gaussian, LinearMeasurement, LinearPosterior, Result, log_sum, refused};

/// `Σ w_i N(m_i, C_i)`.
#[derive(Clone, Debug)]
pub struct Mixture {
    weights: Vec<f64>,
    parts: Vec<Gaussian>,
}

impl Mixture {
    /// Weights of any sum; they are normalised.
    ///
    /// Errors: another number of weights than parts, weights below 0, parts of different size.
    pub fn new(weights: Vec<f64>, parts: Vec<Gaussian>) -> Result<Self> {
        let sum: f64 = weights.iter().sum();
        let good = weights.iter().all(|w| *w >= 0.0) && sum > 0.0 && sum.is_finite();
        if weights.len() != parts.len() || !good {
            return Err(refused(
                "mixture",
                format!("{} weights of 0 or more, not all 0", parts.len()),
                format!("{weights:?}"),
                "give one weight a part",
            ));
        }
        let size = parts[0].size();
        if let Some(other) = parts.iter().find(|p| p.size() != size) {
            let remedy = "give parts of one size";
            let expected = format!("parts of {size} values");
            return Err(refused("mixture", expected, other.size(), remedy));
        }
        let weights = weights.into_iter().map(|w| w / sum).collect();
        Ok(Mixture { weights, parts })
    }

    /// The dimension.
    pub fn size(&self) -> usize {
        self.parts[0].size()
    }

    /// `w`, of sum 1.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The Gaussians.
    pub fn parts(&self) -> &[Gaussian] {
        &self.parts
    }

    /// A draw: `f64[n]`.
    pub fn draw<R: Rng>(&self, rng: &mut R) -> Array1<f64> {
        let at = choose(&self.weights, rng);
        self.parts[at].draw(rng)
    }

    /// `ln p(x)`. Panics: x of another length.
    pub fn log_density(&self, x: ArrayView1<f64>) -> f64 {
        let part = |(w, p): (&f64, &Gaussian)| w.ln() + p.log_density(x);
        let logs: Vec<f64> = self.weights.iter().zip(&self.parts).map(part).collect();
        log_sum(&logs).0
    }

    /// `Σ w_i m_i: f64[n]`.
    pub fn mean(&self) -> Array1<f64> {
        mean(&self.weights, self.parts.iter().map(|p| p.mean().clone()))
    }

    /// `Σ w_i (C_i + (m_i - m) (m_i - m)ᵀ): f64[n, n]`.
    pub fn covariance(&self) -> Array2<f64> {
        let parts = self
            .parts
            .iter()
            .map(|p| (p.mean().clone(), p.covariance()));
        covariance(&self.weights, &self.mean(), parts)
    }

    /// The posterior given data `y: f64[m]`. Errors: sizes that do not fit.
    pub fn posterior<'a>(
        &'a self,
        measurement: &'a LinearMeasurement,
        data: ArrayView1<f64>,
    ) -> Result<MixturePosterior<'a>> {
        let parts = self.parts.iter().map(|p| p.posterior(measurement, data));
        let parts = parts.collect::<Result<Vec<_>>>()?;
        let log = |(w, p): (&f64, &LinearPosterior)| w.ln() + p.log_evidence();
        let logs: Vec<f64> = self.weights.iter().zip(&parts).map(log).collect();
        let (log_evidence, weights) = log_sum(&logs);
        Ok(MixturePosterior {
            weights,
            parts,
            log_evidence,
        })
    }
}

/// `p(x | y)` of a mixture: the parts' posteriors, weighted by `ŵ_i ∝ w_i N(y; A m_i, A C_i Aᵀ + Γ)`.
#[derive(Clone, Debug)]
pub struct MixturePosterior<'a> {
    weights: Vec<f64>,
    parts: Vec<LinearPosterior<'a>>,
    log_evidence: f64,
}

impl<'a> MixturePosterior<'a> {
    /// `ŵ`, of sum 1: how likely each mode is.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The posteriors of the parts.
    pub fn parts(&self) -> &[LinearPosterior<'a>] {
        &self.parts
    }

    /// `ln p(y)`.
    pub fn log_evidence(&self) -> f64 {
        self.log_evidence
    }

    /// The mean: `f64[n]`.
    pub fn mean(&self) -> Array1<f64> {
        mean(&self.weights, self.parts.iter().map(|p| p.mean()))
    }

    /// The covariance: `f64[n, n]`.
    pub fn covariance(&self) -> Array2<f64> {
        let parts = self.parts.iter().map(|p| (p.mean(), p.covariance()));
        covariance(&self.weights, &self.mean(), parts)
    }

    /// An exact draw: `f64[n]`.
    pub fn draw<R: Rng>(&self, rng: &mut R) -> Array1<f64> {
        let at = choose(&self.weights, rng);
        self.parts[at].draw(rng)
    }

    /// The posterior as a mixture of its own, with its density and denoiser; small sizes only.
    ///
    /// Errors: as [`LinearPosterior::to_gaussian`].
    pub fn to_mixture(&self) -> Result<Mixture> {
        let parts = self.parts.iter().map(|p| p.to_gaussian());
        Mixture::new(self.weights.clone(), parts.collect::<Result<_>>()?)
    }
}

/// An index with the probabilities of weights of sum 1.
fn choose<R: Rng>(weights: &[f64], rng: &mut R) -> usize {
    let mut left: f64 = rng.random();
    for (i, w) in weights.iter().enumerate() {
        left -= w;
        if left < 0.0 {
            return i;
        }
    }
    // Rounding of the sum: the last one that can be.
    weights.iter().rposition(|w| *w > 0.0).unwrap_or(0)
}

fn mean(weights: &[f64], means: impl Iterator<Item = Array1<f64>>) -> Array1<f64> {
    let weighted = weights.iter().zip(means).map(|(w, m)| m * *w);
    weighted.reduce(|a, b| a + b).expect("a mixture has a part")
}

pub(super) fn covariance(
    weights: &[f64],
    mean: &Array1<f64>,
    parts: impl Iterator<Item = (Array1<f64>, Array2<f64>)>,
) -> Array2<f64> {
    let weighted = weights.iter().zip(parts).map(|(w, (m, c))| {
        let away = m - mean;
        (c + outer(&away, &away)) * *w
    });
    weighted.reduce(|a, b| a + b).expect("a mixture has a part")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::posterior::testing::{assert_moments, moments, three_modes};
    use ndarray::array;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn moments_of_the_mixture_by_quadrature_and_by_draws() {
        let mixture = three_modes();
        let density = |x: &Array1<f64>| mixture.log_density(x.view()).exp();
        let (mass, mean, covariance) = moments(density, [0.0, 0.0], 9.0, 360);
        assert!((mass - 1.0).abs() < 1e-8);
        assert!((&mean - &mixture.mean()).iter().all(|v| v.abs() < 1e-8));
        assert!(
            (&covariance - &mixture.covariance())
                .iter()
                .all(|v| v.abs() < 1e-8)
        );
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let draws: Vec<_> = (0..20_000).map(|_| mixture.draw(&mut rng)).collect();
        assert_moments(&draws, &mean, &covariance);
    }

    /// The data leave two modes; weights, mean, covariance and evidence by brute force, then draws.
    #[test]
    fn the_posterior_by_quadrature_and_by_draws() {
        let mixture = three_modes();
        let measurement = LinearMeasurement::white(array![[0.6, 0.8]], 0.5).unwrap();
        let y = array![0.3];
        let posterior = mixture.posterior(&measurement, y.view()).unwrap();
        let noise = Gaussian::isotropic(array![0.0], 0.25).unwrap();
        let joint = |x: &Array1<f64>| {
            let residual = &y - &measurement.matrix().dot(x);
            (mixture.log_density(x.view()) + noise.log_density(residual.view())).exp()
        };
        let (mass, mean, covariance) = moments(joint, [0.0, 0.0], 9.0, 360);
        assert!((mass.ln() - posterior.log_evidence()).abs() < 1e-8);
        assert!((&mean - &posterior.mean()).iter().all(|v| v.abs() < 1e-8));
        assert!(
            (&covariance - &posterior.covariance())
                .iter()
                .all(|v| v.abs() < 1e-8)
        );
        let own = posterior.to_mixture().unwrap();
        for x in [array![0.0, 0.0], array![-2.0, 1.5], array![1.7, 0.2]] {
            let exact = joint(&x).ln() - mass.ln();
            assert!((own.log_density(x.view()) - exact).abs() < 1e-7);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let draws: Vec<_> = (0..20_000).map(|_| posterior.draw(&mut rng)).collect();
        assert_moments(&draws, &mean, &covariance);
        // The share of draws right of x = 1, where only the second mode lives.
        let right = draws.iter().filter(|x| x[0] > 1.0).count() as f64 / 2e4;
        let masked = |x: &Array1<f64>| if x[0] > 1.0 { joint(x) } else { 0.0 };
        let exact = moments(masked, [0.0, 0.0], 9.0, 360).0 / mass;
        assert!(exact > 0.1 && (right - exact).abs() < 4.0 * (exact * (1.0 - exact) / 2e4).sqrt());
    }

    #[test]
    fn a_weight_of_zero_is_never_drawn() {
        let parts = [0.0, 100.0].map(|m| Gaussian::isotropic(array![m], 1.0).unwrap());
        let mixture = Mixture::new(vec![1.0, 0.0], parts.to_vec()).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        assert!((0..2000).all(|_| mixture.draw(&mut rng)[0] < 50.0));
        assert!(mixture.log_density(array![0.0].view()).is_finite());
    }

    #[test]
    fn what_is_no_mixture_is_refused() {
        let part = |n: usize| Gaussian::isotropic(Array1::zeros(n), 1.0).unwrap();
        assert!(Mixture::new(vec![], vec![]).is_err());
        assert!(Mixture::new(vec![1.0], vec![part(1), part(1)]).is_err());
        assert!(Mixture::new(vec![1.0, -0.1], vec![part(1), part(1)]).is_err());
        let error = Mixture::new(vec![1.0, 1.0], vec![part(1), part(2)]).unwrap_err();
        assert!(
            error.to_string().contains("parts of 1 values, got 2"),
            "{error}"
        );
    }
}
