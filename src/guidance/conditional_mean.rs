//! The mean of samples without what each of them draws at random at the end.

use super::{Bridge, Guidance, Measurement, PriorDraw, Step};
use crate::score::Denoiser;
use operators::{Error, Result, SliceRng, State};

/// `E[x0 | x_σ, y]` of every sample x of a posterior, where `x_σ = x + σ n` is a state of it at the level σ.
///
/// Their mean is that of the samples, `E[x0 | y] = E[E[x0 | x_σ, y]]` (as far as the step is right: exactly under a
/// Gaussian prior), and its variance less (Rao and Blackwell): of a
/// mode with the posterior variance V they deviate by `V² / (V + σ²)`. What lies far below σ, such as a texture that is
/// all but noise, is averaged by the conditional in closed form and not by a handful of samples.
///
/// Errors: an operator's, and a mean that is not finite.
pub fn conditional_mean<T: State>(
    bridge: Bridge,
    prior: &dyn Denoiser<T>,
    data: &Measurement<'_, T>,
    samples: &T,
    sigma: f64,
    rng: &mut SliceRng,
) -> Result<T> {
    let mut x = samples.normal_like(rng).scaled(sigma);
    x.axpy(&[1.0], samples);
    let rule = Bridge {
        draw: PriorDraw::Mean,
        ..bridge
    };
    let mut memory = Vec::new();
    let mut at = Step::new(&x, [sigma, 0.0], prior, Some(data), rng, &mut memory);
    let mean = rule.step(&mut at)?;
    match mean.finite().iter().position(|finite| !finite) {
        Some(item) => Err(Error::NonFinite {
            what: "the conditional mean of a sample",
            item,
        }),
        None => Ok(mean),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guidance::{CovarianceModel, Guard, Guided};
    use crate::score::StationaryGaussian;
    use operators::likelihood::Gaussian;
    use operators::mri::sense;
    use operators::{Array, Direction, Field, Host, Mode, Vector};

    type Image = Host<f64>;
    const N: usize = 32;

    /// A Gaussian prior and every second column of k-space: mode by mode, the conditional mean has the posterior's
    /// mean and the variance `V² / (V + σ²)`.
    #[test]
    fn it_has_the_mean_of_the_posterior_and_less_variance() {
        let (sigma_y, sigma, count) = (0.05, 0.1, 400);
        let prior = StationaryGaussian::new(1.0, 0.1, 1.4);
        let ones = vec![[1.0, 0.0]; N * N].concat();
        let taken = |i: usize| (i % N).is_multiple_of(2);
        let weights = (0..N * N).map(|i| f64::from(u8::from(taken(i)))).collect();
        let support = Image::new(&[1, N, N], Field::Real, weights);
        let a = sense(
            Image::new(&[1, 1, N, N], Field::Complex, ones),
            support.clone(),
        )
        .unwrap();
        let blank = Image::zeros(&[1, N, N], Field::Complex);
        let k = blank
            .normal_like(&mut SliceRng::samples(3, 0, 1))
            .weighted(&support);
        let y = Image::new(&[1, 1, N, N], Field::Complex, k.to_reals());
        let likelihood = Gaussian::new(y, sigma_y, support).unwrap();
        // The posterior, mode by mode: S y / (S + σ_y²), S σ_y² / (S + σ_y²); the prior where nothing was measured.
        let moments = |(i, mode): (usize, Mode)| {
            let Mode::Image { radius, .. } = mode else {
                unreachable!("an image")
            };
            let s = prior.spectrum(radius);
            let known = if taken(i) {
                s / (s + sigma_y * sigma_y)
            } else {
                0.0
            };
            (known, (1.0 - known) * s)
        };
        let modes: Vec<(f64, f64)> = blank.modes().into_iter().enumerate().map(moments).collect();
        let per_mode = |f: &dyn Fn(&(f64, f64)) -> f64| {
            Image::new(&[1, N, N], Field::Real, modes.iter().map(f).collect())
        };
        let mean = k.weighted(&per_mode(&|m| m.0));
        let mut rng = SliceRng::samples(5, 0, count);
        let like = blank.repeat(count as usize);
        let mut samples = like
            .normal_like(&mut rng)
            .weighted(&per_mode(&|m| m.1.sqrt()));
        samples.axpy(&[1.0], &mean.repeat(count as usize));
        let samples = samples.fft2(Direction::Inverse);
        let bridge = Bridge {
            guided: Guided {
                covariance: CovarianceModel::Spectrum,
                cg_iterations: 60,
                rounds: 1,
                guard: Guard::NONE,
            },
            draw: PriorDraw::Model,
            pullback: true,
        };
        let data = Measurement::new(&a, &likelihood);
        let found = conditional_mean(bridge, &prior, &data, &samples, sigma, &mut rng).unwrap();
        let apart = found
            .fft2(Direction::Forward)
            .minus(&mean.repeat(count as usize));
        // Whitened by its law: the modes of all samples are one chi-square, their means another.
        let law = per_mode(&|m| (m.1 + sigma * sigma).sqrt() / m.1);
        let white = apart.weighted(&law);
        let reals = (2 * N * N) as f64;
        let chi = white.dot(&white).iter().sum::<f64>() / (reals * f64::from(count));
        let band = |n: f64| 4.5 * (2.0 / n).sqrt();
        assert!(
            (chi - 1.0).abs() < band(reals * f64::from(count)),
            "variance {chi}"
        );
        let mut sum = white.items(0, 1);
        (1..count as usize).for_each(|i| sum.axpy(&[1.0], &white.items(i, i + 1)));
        let of_mean = sum.dot(&sum)[0] / (reals * f64::from(count));
        assert!((of_mean - 1.0).abs() < band(reals), "mean {of_mean}");
        // The samples themselves deviate more.
        let theirs = samples
            .fft2(Direction::Forward)
            .minus(&mean.repeat(count as usize))
            .weighted(&law);
        assert!(theirs.dot(&theirs).iter().sum::<f64>() > 1.5 * reals * f64::from(count));
    }
}
