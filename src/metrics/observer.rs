//! Can a known signal be told from its absence? d' of model observers, for low contrast.

use super::linear::solve;
use super::nps::fourier;
use super::{Channels, MetricsError, Nps, Value};
use ndarray::{Array1, Array2, ArrayView2, ArrayView3, Axis};

/// What an observer saw in images with and without a signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detectability {
    /// Without the bias of a finite number of images; 0 if that is all there is.
    pub d_prime: f64,
    /// As the images say, trained and tested on the same ones: too high.
    pub resubstituted: f64,
}

impl Detectability {
    /// The channelised Hotelling observer: `d'² = Δvᵀ S⁻¹ Δv`, Δv the difference of the mean outputs of the channels with
    /// and without the signal, S the mean of their two covariances.
    ///
    /// (image, row, column) each. With n = N₁ + N₂ - 2 and p channels the estimate is
    /// `d'² (n - p - 1)/n - p (1/N₁ + 1/N₂)`, without bias for Gaussian outputs. Errors for shapes that differ from the
    /// channels', or too few images for the channels. Source: Barrett and Myers, Foundations of Image Science, 14.3.
    pub fn hotelling<T: Value + Into<f64>>(
        channels: &Channels,
        present: ArrayView3<T>,
        absent: ArrayView3<T>,
    ) -> Result<Self, MetricsError> {
        let (v1, v0) = (channels.outputs(present)?, channels.outputs(absent)?);
        let p = v1.len_of(Axis(1));
        let (n1, n0) = (v1.len_of(Axis(0)), v0.len_of(Axis(0)));
        if n1.min(n0) < p + 2 {
            return Err(MetricsError::TooFew {
                what: "images with and images without the signal",
                needed: p + 2,
                found: n1.min(n0),
                remedy: "take more images or fewer channels",
            });
        }
        let ((m1, s1), (m0, s0)) = (moments(&v1), moments(&v0));
        let n = (n1 + n0 - 2) as f64;
        let difference = m1 - m0;
        // Scatters of both, pooled; of equal numbers this is the mean of the two covariances.
        let covariance = (s1 + s0) / n;
        let weights = solve(&covariance, difference.view()).ok_or(MetricsError::Domain {
            what: "channels",
            expected: "outputs that do not depend on each other; take fewer channels, or noisy images",
            found: p as f64,
        })?;
        let squared = weights.dot(&difference);
        let (p, n1, n0) = (p as f64, n1 as f64, n0 as f64);
        let unbiased = squared * (n - p - 1.0) / n - p * (1.0 / n1 + 1.0 / n0);
        Ok(Detectability {
            d_prime: unbiased.max(0.0).sqrt(),
            resubstituted: squared.sqrt(),
        })
    }
}

/// The non-prewhitening observer, whose template is the signal: `d' = ∫|S|² / √(∫|S|² NPS)`, by the spectrum of the noise.
///
/// The signal has the pixels and the shape of the ROIs of the spectrum; errors for another shape, no signal or no noise.
/// Source: ICRU 54; AAPM TG-233.
pub fn npw(signal: ArrayView2<f64>, nps: &Nps) -> Result<f64, MetricsError> {
    let (rows, columns) = signal.dim();
    if nps.spectrum.dim() != signal.dim() {
        let at = |(rows, columns)| (1, rows, columns);
        return Err(MetricsError::Shapes {
            image: at(signal.dim()),
            reference: at(nps.spectrum.dim()),
        });
    }
    let power = fourier(&signal.to_owned()).mapv(|z| z.norm_sqr());
    // Covariances of the noise along the waves: NPS over the area of a pixel.
    let [step_y, step_x] = nps.steps_per_mm;
    let pixels = (rows * columns) as f64;
    let per_area = step_y * step_x * pixels;
    let terms = power.indexed_iter().map(|((v, u), p)| {
        let at = ((v + rows / 2) % rows, (u + columns / 2) % columns);
        p * nps.spectrum[at] * per_area
    });
    let noise = terms.sum::<f64>() / pixels;
    let own: f64 = signal.iter().map(|v| v * v).sum();
    if own > 0.0 && noise > 0.0 {
        return Ok(own / noise.sqrt());
    }
    Err(MetricsError::Domain {
        what: "energy of the signal, and of the noise along it",
        expected: "above 0",
        found: own.min(noise),
    })
}

/// The mean of the rows, and the sum of the squares around it.
fn moments(rows: &Array2<f64>) -> (Array1<f64>, Array2<f64>) {
    let mean = rows.sum_axis(Axis(0)) / rows.len_of(Axis(0)) as f64;
    let centred = rows - &mean;
    let scatter = centred.t().dot(&centred);
    (mean, scatter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Detrend;
    use crate::metrics::testing::normal3;
    use ndarray::Array3;

    const SHAPE: (usize, usize) = (24, 31);

    fn blob() -> Array2<f64> {
        Array2::from_shape_fn(SHAPE, |(y, x)| {
            let r2 = (y as f64 - 12.0).powi(2) + (x as f64 - 15.0).powi(2);
            0.9 * (-r2 / 18.0).exp()
        })
    }

    fn images(count: usize, signal: &Array2<f64>, sigma: f64, seed: u64) -> Array3<f64> {
        normal3((count, SHAPE.0, SHAPE.1), seed) * sigma + signal
    }

    #[test]
    fn the_channelised_observer_has_its_closed_form_in_white_noise() {
        let (signal, none, sigma) = (blob(), Array2::zeros(SHAPE), 1.5);
        for channels in [
            Channels::laguerre_gauss(SHAPE.0, SHAPE.1, 6, 9.0),
            Channels::dense_difference_of_gaussians(SHAPE.0, SHAPE.1),
        ] {
            let expected = channels.in_white_noise(signal.view(), sigma).unwrap();
            let ideal = signal.iter().map(|v| v * v).sum::<f64>().sqrt() / sigma;
            assert!(
                expected <= ideal && expected > 0.5 * ideal,
                "{expected} {ideal}"
            );
            let with = images(3000, &signal, sigma, 11);
            let without = images(2500, &none, sigma, 12);
            let found = Detectability::hotelling(&channels, with.view(), without.view()).unwrap();
            assert!(
                (found.d_prime / expected - 1.0).abs() < 0.04,
                "{found:?} {expected}"
            );
        }
    }

    /// Few images flatter the observer; the estimate is corrected for them, also for no signal.
    #[test]
    fn few_images_do_not_flatter() {
        let (signal, none) = (blob(), Array2::zeros(SHAPE));
        let channels = Channels::laguerre_gauss(SHAPE.0, SHAPE.1, 6, 9.0);
        let expected = channels.in_white_noise(signal.view(), 1.5).unwrap();
        let (mut corrected, mut raw) = (0.0, 0.0);
        for seed in 0..60 {
            let with = images(14, &signal, 1.5, 100 + seed);
            let without = images(11, &none, 1.5, 200 + seed);
            let found = Detectability::hotelling(&channels, with.view(), without.view()).unwrap();
            (corrected, raw) = (
                corrected + found.d_prime.powi(2),
                raw + found.resubstituted.powi(2),
            );
        }
        let [corrected, raw] = [corrected, raw].map(|sum| (sum / 60.0).sqrt());
        assert!(
            (corrected / expected - 1.0).abs() < 0.1,
            "{corrected} {expected}"
        );
        assert!(raw > 1.25 * expected, "{raw} {expected}");
        let seven = images(7, &none, 1.0, 1);
        assert!(Detectability::hotelling(&channels, seven.view(), seven.view()).is_err());
    }

    #[test]
    fn the_non_prewhitening_observer_has_its_closed_form() {
        let (signal, sigma, pixel_mm) = (blob(), 1.5, [0.8, 0.5]);
        let flat = |level: f64| Nps {
            spectrum: Array2::from_elem(SHAPE, level * pixel_mm[0] * pixel_mm[1]),
            steps_per_mm: [1.0 / (24.0 * 0.8), 1.0 / (31.0 * 0.5)],
            variance: level,
        };
        let norm = signal.iter().map(|v| v * v).sum::<f64>().sqrt();
        let found = npw(signal.view(), &flat(sigma * sigma)).unwrap();
        assert!((found - norm / sigma).abs() < 1e-12);
        // Coloured noise, against the responses of the template itself.
        let white = images(4000, &Array2::zeros(SHAPE), 1.0, 7);
        let noise = Array3::from_shape_fn(white.dim(), |(i, y, x)| {
            white[(i, y, x)] + 0.8 * white[(i, y, (x + 1) % 31)]
        });
        let nps = Nps::measure(noise.view(), pixel_mm, Detrend::Mean).unwrap();
        let mean = signal.sum() / signal.len() as f64;
        // The spectrum has lost its mean, so the template must lose it too.
        let responses = noise.outer_iter().map(|n| (&n * &(&signal - mean)).sum());
        let variance = responses.map(|r| r * r).sum::<f64>() / 4000.0;
        let found = npw(signal.view(), &nps).unwrap();
        let expected = norm * norm / variance.sqrt();
        assert!((found / expected - 1.0).abs() < 0.03, "{found} {expected}");
        assert!(npw(signal.t(), &nps).is_err() && npw(signal.view(), &flat(0.0)).is_err());
    }
}
