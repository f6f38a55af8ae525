//! The noise of a scan that came without a noise readout, from the rim of k-space.

use ndarray::{ArrayView2, ArrayView3};
use num_complex::Complex32;

use super::{WhiteningError, finite, positive, widen};

/// Part of the sampled positions, the outermost, that [`noise_level`] reads.
const OUTER: f64 = 0.05;
/// Values over all coils that [`noise_level`] reads at least.
const VALUES: usize = 200;

/// Noise deviation per real component without a noise scan, from the rim of k-space, in the unit of
/// the data.
///
/// The rule: of the sampled positions that are not zero in all coils (padding), the 5 % with the
/// largest normalised radius `(2 Δy/Y)² + (2 Δx/X)²` are read, and more where that is under 200
/// values over all coils; each coil gives `σ² = median |k|² / (2 ln 2)`, for `|k|²` of noise is
/// exponential with mean `2σ²`; the answer is the median over the coils. Few strong values do not
/// move medians; what signal remains at the rim biases upwards, never downwards.
///
/// `k_space`: (coil, y, x), centre ⌊N/2⌋; `sampled`: (y, x). Errors: shapes, non-finite, under 200
/// values, only zeros.
pub fn noise_level(
    k_space: ArrayView3<Complex32>,
    sampled: ArrayView2<bool>,
) -> Result<f64, WhiteningError> {
    let variance = median(&mut rim_variances(k_space, sampled, OUTER)?);
    positive("noise level, median over the coils", variance)?;
    Ok(variance.sqrt())
}

/// `σ²` of each coil by the rule of [`noise_level`], from the outermost `part` of the positions.
fn rim_variances(
    k_space: ArrayView3<Complex32>,
    sampled: ArrayView2<bool>,
    part: f64,
) -> Result<Vec<f64>, WhiteningError> {
    let (coils, height, width) = k_space.dim();
    if [height, width] != sampled.shape() {
        return Err(WhiteningError::Argument {
            what: "noise level, sampling mask (y, x)",
            expected: format!("{:?}", [height, width]),
            got: format!("{:?}", sampled.shape()),
        });
    }
    finite(
        k_space
            .outer_iter()
            .map(|k| k.iter().all(|v| v.is_finite())),
    )?;
    let offset = |i: usize, n: usize| 2.0 * (i as f64 - (n / 2) as f64) / n as f64;
    let mut rim: Vec<(f64, [usize; 2])> = sampled
        .indexed_iter()
        .filter(|&((y, x), &taken)| {
            taken && (0..coils).any(|c| k_space[[c, y, x]].norm_sqr() > 0.0)
        })
        .map(|((y, x), _)| (offset(y, height).powi(2) + offset(x, width).powi(2), [y, x]))
        .collect();
    if rim.len() * coils < VALUES {
        return Err(WhiteningError::TooFew {
            what: "noise level, samples that are not zero",
            needed: VALUES,
            got: rim.len() * coils,
        });
    }
    rim.sort_by(|a, b| b.0.total_cmp(&a.0));
    let positions = ((part * rim.len() as f64).ceil() as usize).max(VALUES.div_ceil(coils));
    rim.truncate(positions);
    Ok(k_space
        .outer_iter()
        .map(|k| {
            let mut power: Vec<f64> = rim.iter().map(|&(_, at)| widen(k[at]).norm_sqr()).collect();
            median(&mut power) / (2.0 * std::f64::consts::LN_2)
        })
        .collect())
}

/// Middle value, or the mean of the two; `values` must not be empty.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 {
        values[half]
    } else {
        0.5 * (values[half - 1] + values[half])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, Array3};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    /// Noise of deviation `sigma` and a strong signal at low frequencies, on every third line;
    /// `padding` lines at each end are zero although marked as sampled.
    fn scan(
        shape: (usize, usize, usize),
        sigma: f32,
        padding: usize,
    ) -> (Array3<Complex32>, Array2<bool>) {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let (_, height, width) = shape;
        let sampled = Array2::from_shape_fn((height, width), |(y, _)| y % 3 == 0);
        let k_space = Array3::from_shape_fn(shape, |(c, y, x)| {
            let mut normal = || -> f32 { StandardNormal.sample(&mut rng) };
            let noise = sigma * Complex32::new(normal(), normal());
            if y % 3 != 0 || y < padding || y + padding >= height {
                return Complex32::ZERO;
            }
            let radius = ((y as f32 - height as f32 / 2.0).powi(2)
                + (x as f32 - width as f32 / 2.0).powi(2))
            .sqrt();
            noise + sigma * (c + 1) as f32 * 1e3 * (-radius / 6.0).exp() * normal()
        });
        (k_space, sampled)
    }

    #[test]
    fn the_deviation_is_found_within_three_per_cent() {
        for (shape, padding) in [((8, 128, 96), 0), ((8, 129, 97), 13), ((1, 256, 256), 0)] {
            let (k_space, sampled) = scan(shape, 0.7e-6, padding);
            let sigma = noise_level(k_space.view(), sampled.view()).unwrap();
            assert!((sigma / 0.7e-6 - 1.0).abs() < 0.03, "{shape:?}: {sigma}");
        }
    }

    #[test]
    fn a_few_spikes_and_one_dead_coil_hardly_matter() {
        let (mut k_space, sampled) = scan((8, 128, 96), 1.0, 0);
        k_space
            .index_axis_mut(ndarray::Axis(0), 3)
            .fill(Complex32::ZERO);
        for x in (0..96).step_by(12) {
            k_space[[5, 0, x]] = Complex32::new(1e6, 0.0);
        }
        let sigma = noise_level(k_space.view(), sampled.view()).unwrap();
        assert!((sigma - 1.0).abs() < 0.04, "{sigma}");
    }

    #[test]
    fn too_little_or_broken_data_are_refused() {
        let (mut k_space, sampled) = scan((2, 30, 9), 1.0, 0);
        let message = |k: &Array3<Complex32>, m: &Array2<bool>| {
            noise_level(k.view(), m.view()).unwrap_err().to_string()
        };
        assert!(message(&k_space, &sampled).contains("at least 200 values, got 180"));
        assert!(
            message(&k_space, &sampled.t().to_owned()).contains("expected [30, 9], got [9, 30]")
        );
        assert!(message(&Array3::zeros((2, 30, 9)), &sampled).contains("got 0"));
        k_space[[1, 0, 0]].re = f32::NAN;
        assert!(message(&k_space, &sampled).contains("coil 1"));
    }
}
