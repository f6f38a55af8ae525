//! DDRM: a diffusion in the singular vectors of the measurement.

use super::{Guidance, Step};
use operators::{Array, Field, Result};

/// With `x̄ = Vᴴ x`, `ȳ = Σ⁺ Uᴴ y` and the noise `σ_y / s` of a datum, coefficient by coefficient:
///
/// - `s = 0`: `x̄' = D̄ + √(1 - η²) σ' (x̄ - D̄) / σ + η σ' z`,
/// - `σ' < σ_y / s`: `x̄' = D̄ + √(1 - η²) σ' (ȳ - D̄) s / σ_y + η σ' z`,
/// - else: `x̄' = (1 - η_b) D̄ + η_b ȳ + √(σ'² - η_b² σ_y² / s²) z`.
///
/// No gradient and no conjugate gradients; only where the singular values are known.
/// Source: Kawar et al. 2022, eq. 7 and 8.
pub struct Ddrm {
    /// η: share of fresh noise where the datum says less than the state.
    pub eta: f64,
    /// η_b: weight of the datum where it says more.
    pub eta_b: f64,
}

/// Weights of D̄, x̄, ȳ and fresh noise.
type Weights = [f64; 4];

impl<T: Array> Guidance<T> for Ddrm {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let data = at.data.expect("guided sampling has data");
        let Some(spectral) = data.spectral else {
            return Err(operators::Error::Parameter {
                what: "forward model of `ddrm`",
                expected: "one whose singular values are known: inpainting, super-resolution or a blur",
                got: "one without, data with gaps, or noise that is not white; `method.run` = \"bridge\" takes any"
                    .into(),
            });
        };
        let d = at.denoise()?;
        // What the data say beyond the image 0: y less the offset of an affine model.
        let zero = data.operator.apply(&at.x.zeros_like())?;
        let y = spectral.operator.data(&data.likelihood.residual(&zero)?)?;
        let [x, d] = [
            spectral.operator.analyse(at.x)?,
            spectral.operator.analyse(&d)?,
        ];
        let s = spectral.operator.singular_values(at.x).to_reals();
        let weights: Vec<Weights> = s
            .iter()
            .map(|s| self.weights(*s, spectral.sigma_y, at.sigma, at.next))
            .collect();
        let sizes: Vec<usize> = std::iter::once(1)
            .chain(x.sizes()[1..].iter().copied())
            .collect();
        let of = |n: usize| {
            let values: Vec<f64> = weights.iter().map(|w| w[n]).collect();
            T::from_reals(&x.device(), &sizes, Field::Real, &values)
        };
        let mut next = d.weighted(&of(0));
        next.axpy(&[1.0], &x.weighted(&of(1)));
        next.axpy(&[1.0], &y.weighted(&of(2)));
        if at.next > 0.0 {
            next.axpy(&[1.0], &x.normal_like(at.rng).weighted(&of(3)));
        }
        spectral.operator.synthesise(&next)
    }
}

impl Ddrm {
    fn weights(&self, s: f64, sigma_y: f64, sigma: f64, next: f64) -> Weights {
        let noise = sigma_y / s;
        let kept = (1.0 - self.eta * self.eta).sqrt() * next;
        if s == 0.0 {
            [1.0 - kept / sigma, kept / sigma, 0.0, self.eta * next]
        } else if next < noise {
            [1.0 - kept / noise, 0.0, kept / noise, self.eta * next]
        } else {
            let fresh = (next * next - (self.eta_b * noise).powi(2)).max(0.0).sqrt();
            [1.0 - self.eta_b, 0.0, self.eta_b, fresh]
        }
    }
}
