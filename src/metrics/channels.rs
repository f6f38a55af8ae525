//! Channels of a model observer: templates around the middle of an image, which reduce it to a few numbers.

use super::linear::solve;
use super::{MetricsError, Value};
use ndarray::{Array2, ArrayView2, ArrayView3, Axis};
use std::f64::consts::PI;

/// Templates, (channel, pixel), pixels by row; each of unit norm.
#[derive(Clone, Debug, PartialEq)]
pub struct Channels {
    templates: Array2<f64>,
    shape: (usize, usize),
}

impl Channels {
    /// Ten dense differences of Gaussians: `exp(-½ (ρ / Q σ)²) - exp(-½ (ρ / σ)²)` at frequency ρ, with
    /// `σ = 0.005 · 1.4^j` cycles per pixel, `Q = 1.67`.
    ///
    /// They follow human observers. Source: Abbey and Barrett, JOSA A 18, 473 (2001).
    pub fn dense_difference_of_gaussians(rows: usize, columns: usize) -> Self {
        let gaussian = |sigma: f64, r: f64| {
            let s = 2.0 * PI * sigma * sigma;
            s * (-PI * s * r * r).exp()
        };
        Self::radial(rows, columns, 10, |j, r| {
            let sigma = 0.005 * 1.4f64.powi(j as i32);
            gaussian(1.67 * sigma, r) - gaussian(sigma, r)
        })
    }

    /// `count` Laguerre-Gauss functions, `√2/a exp(-π r²/a²) L_j(2π r²/a²)`, a in pixels.
    ///
    /// For a signal that is round, and the observer as good as its data. Source: Gallas and Barrett, JOSA A 20, 1725 (2003).
    pub fn laguerre_gauss(rows: usize, columns: usize, count: usize, width_px: f64) -> Self {
        Self::radial(rows, columns, count, |j, r| {
            let x = 2.0 * PI * (r / width_px).powi(2);
            2f64.sqrt() / width_px * (-0.5 * x).exp() * laguerre(j, x)
        })
    }

    /// Functions of the distance from the middle, which is that of the FFT: pixel `[rows / 2, columns / 2]`.
    fn radial(
        rows: usize,
        columns: usize,
        count: usize,
        profile: impl Fn(usize, f64) -> f64,
    ) -> Self {
        let mut templates = Array2::from_shape_fn((count, rows * columns), |(channel, pixel)| {
            let y = (pixel / columns) as f64 - (rows / 2) as f64;
            let x = (pixel % columns) as f64 - (columns / 2) as f64;
            profile(channel, y.hypot(x))
        });
        for mut template in templates.axis_iter_mut(Axis(0)) {
            let norm = template.iter().map(|v| v * v).sum::<f64>().sqrt();
            template.mapv_inplace(|v| v / norm);
        }
        Channels {
            templates,
            shape: (rows, columns),
        }
    }

    /// The templates, (channel, pixel).
    pub fn templates(&self) -> ArrayView2<'_, f64> {
        self.templates.view()
    }

    /// `U g` of each image g: (image, row, column) to (image, channel). Errors for images of another shape.
    pub fn outputs<T: Value + Into<f64>>(
        &self,
        images: ArrayView3<T>,
    ) -> Result<Array2<f64>, MetricsError> {
        let (count, rows, columns) = images.dim();
        if (rows, columns) != self.shape {
            return Err(MetricsError::Shapes {
                image: images.dim(),
                reference: (count, self.shape.0, self.shape.1),
            });
        }
        let shape = (count, self.templates.len_of(Axis(0)));
        Ok(Array2::from_shape_fn(shape, |(image, channel)| {
            let image = images.index_axis(Axis(0), image);
            let pairs = image.into_iter().zip(self.templates.row(channel));
            pairs.map(|(g, u)| (*g).into() * u).sum()
        }))
    }

    /// `d'` of the Hotelling observer of these channels for a known signal in white noise of deviation σ:
    /// `d'² = (U s)ᵀ (U Uᵀ)⁻¹ (U s) / σ²`. Errors if the channels depend on each other.
    pub fn in_white_noise(&self, signal: ArrayView2<f64>, sigma: f64) -> Result<f64, MetricsError> {
        let seen = self.outputs(signal.insert_axis(Axis(0)))?;
        let seen = seen.row(0);
        let gram = self.templates.dot(&self.templates.t());
        let weights = solve(&gram, seen).ok_or(MetricsError::Domain {
            what: "channels",
            expected: "channels that do not depend on each other; take fewer or larger images",
            found: seen.len() as f64,
        })?;
        Ok(weights.dot(&seen).sqrt() / sigma)
    }
}

/// `L_j(x)` by `(k + 1) L_{k+1} = (2k + 1 - x) L_k - k L_{k-1}`.
fn laguerre(order: usize, x: f64) -> f64 {
    let (mut before, mut now) = (0.0, 1.0);
    for k in 0..order {
        let k = k as f64;
        (before, now) = (now, ((2.0 * k + 1.0 - x) * now - k * before) / (k + 1.0));
    }
    now
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::nps::fourier;

    #[test]
    fn laguerre_gauss_functions_are_orthonormal() {
        let channels = Channels::laguerre_gauss(61, 70, 6, 12.0);
        let gram = channels.templates.dot(&channels.templates.t());
        for ((i, j), v) in gram.indexed_iter() {
            let expected = if i == j { 1.0 } else { 0.0 };
            assert!((v - expected).abs() < 1e-6, "{i} {j}: {v}");
        }
        // The widths before they were normalised are those of the plane.
        assert!((laguerre(3, 2.0) - (-8.0 + 9.0 * 4.0 - 18.0 * 2.0 + 6.0) / 6.0).abs() < 1e-12);
    }

    #[test]
    fn differences_of_gaussians_pass_the_band_that_they_say() {
        // Wide enough for the slowest of the channels that are looked at.
        let (rows, columns) = (256, 243);
        let channels = Channels::dense_difference_of_gaussians(rows, columns);
        for j in [3, 6, 9] {
            let template = channels.templates.row(j).to_owned();
            let image = template.into_shape_with_order((rows, columns)).unwrap();
            let spectrum = fourier(&image).mapv(|z| z.norm());
            let sigma = 0.005 * 1.4f64.powi(j as i32);
            let expected = |rho: f64| {
                (-0.5 * (rho / (1.67 * sigma)).powi(2)).exp() - (-0.5 * (rho / sigma).powi(2)).exp()
            };
            let at = |k: usize| k as f64 / columns as f64;
            let peak = (1.2 * sigma * columns as f64).round() as usize;
            let scale = spectrum[(0, peak)] / expected(at(peak));
            for k in [0, peak / 3, peak / 2, 2 * peak] {
                let off = spectrum[(0, k)] / scale - expected(at(k));
                assert!(off.abs() < 0.01, "channel {j}, {}: {off}", at(k));
            }
        }
    }

    #[test]
    fn a_signal_within_the_channels_is_seen_whole_and_one_outside_in_part() {
        let channels = Channels::laguerre_gauss(33, 40, 5, 9.0);
        let first = channels.templates.row(0).to_owned() * 3.0;
        let inside = first.into_shape_with_order((33, 40)).unwrap();
        assert!((channels.in_white_noise(inside.view(), 0.5).unwrap() - 6.0).abs() < 1e-9);
        let mut corner = Array2::zeros((33, 40));
        corner[(16, 23)] = 3.0;
        let seen = channels.in_white_noise(corner.view(), 0.5).unwrap();
        assert!(seen > 0.1 && seen < 5.0, "{seen}");
        assert!(channels.in_white_noise(corner.t(), 0.5).is_err());
        let twice = Channels::laguerre_gauss(9, 9, 60, 400.0);
        assert!(
            twice
                .in_white_noise(Array2::ones((9, 9)).view(), 1.0)
                .is_err()
        );
    }
}
