//! How well an image explains its data: 1 per real measurement is calibrated, below it noise is fitted.

use super::{MetricsError, Value};

/// A misfit with the spread that it has by chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Misfit {
    /// Per real measurement.
    pub per_measurement: f64,
    /// Real measurements: two in a complex number.
    pub measurements: usize,
}

impl Misfit {
    /// `√(2 / n)`: the deviation of the misfit of the true image, Gaussian noise.
    pub fn deviation(&self) -> f64 {
        (2.0 / self.measurements as f64).sqrt()
    }
}

/// The standard deviation of the noise, per real component.
#[derive(Clone, Copy, Debug)]
pub enum Noise<'a> {
    /// One for all.
    Uniform(f64),
    /// One a measurement.
    Each(&'a [f64]),
}

/// `χ² / n = (1 / n) Σ |A x - y|² / σ²`, n real measurements.
///
/// Errors for lengths that differ, no measurements, or a deviation that is not above 0.
pub fn chi_square<T: Value>(
    expected: &[T],
    measured: &[T],
    noise: Noise,
) -> Result<Misfit, MetricsError> {
    same_length(expected, measured)?;
    let sigma = |i: usize| match noise {
        Noise::Uniform(sigma) => sigma,
        Noise::Each(each) => each[i],
    };
    if let Noise::Each(each) = noise {
        same_length(each, measured)?;
    }
    for i in 0..measured.len() {
        MetricsError::unless_above_zero("standard deviation of the noise", sigma(i))?;
    }
    let terms = expected.iter().zip(measured).enumerate();
    let sum: f64 = terms
        .map(|(i, (a, y))| (a.complex() - y.complex()).norm_sqr() / sigma(i).powi(2))
        .sum();
    let measurements = measured.len() * T::REALS;
    Ok(Misfit {
        per_measurement: sum / measurements as f64,
        measurements,
    })
}

/// Poisson deviance per measurement: `(2 / n) Σ (y ln(y / λ) - y + λ)`, λ the expected and y the measured counts.
///
/// Its expectation is 1 at high counts, 1.15 around λ = 1, and falls to 0 with λ. Errors for lengths that differ, no
/// measurements, counts below 0, or none expected where some came.
pub fn poisson_deviance<T: Value + Into<f64>>(
    expected: &[T],
    measured: &[T],
) -> Result<Misfit, MetricsError> {
    same_length(expected, measured)?;
    let mut sum = 0.0;
    for (l, y) in expected.iter().zip(measured) {
        let (l, y): (f64, f64) = ((*l).into(), (*y).into());
        let domain = |what, expected, found| MetricsError::Domain {
            what,
            expected,
            found,
        };
        if y.is_nan() || y < 0.0 {
            return Err(domain("measured counts", "at least 0", y));
        }
        if l.is_nan() || l < 0.0 || (l == 0.0 && y > 0.0) {
            return Err(domain(
                "expected counts",
                "above 0, or 0 where nothing was counted; add the background",
                l,
            ));
        }
        let log = if y > 0.0 { y * (y / l).ln() } else { 0.0 };
        sum += log - y + l;
    }
    Ok(Misfit {
        per_measurement: 2.0 * sum / measured.len() as f64,
        measurements: measured.len(),
    })
}

fn same_length<A, B>(found: &[A], measured: &[B]) -> Result<(), MetricsError> {
    if measured.is_empty() {
        return Err(MetricsError::Empty {
            what: "the measurements",
        });
    }
    if found.len() != measured.len() {
        return Err(MetricsError::Count {
            what: "expected data or deviations of the noise",
            expected: measured.len(),
            found: found.len(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::testing::normal2;
    use num_complex::Complex64;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, Poisson};

    #[test]
    fn noise_of_the_stated_size_is_one() {
        let noise = normal2((2, 20_000), 5);
        let sigma: Vec<f64> = (0..20_000).map(|i| 0.1 + (i % 7) as f64).collect();
        let complex: Vec<_> = (0..20_000)
            .map(|i| Complex64::new(noise[(0, i)], noise[(1, i)]) * sigma[i])
            .collect();
        let zero = vec![Complex64::ZERO; 20_000];
        let m = chi_square(&zero, &complex, Noise::Each(&sigma)).unwrap();
        assert_eq!(m.measurements, 40_000);
        assert!(
            (m.per_measurement - 1.0).abs() < 4.0 * m.deviation(),
            "{m:?}"
        );
        let real = noise.row(0).to_vec();
        let m = chi_square(&vec![0.0; 20_000], &real, Noise::Uniform(0.5)).unwrap();
        assert!(
            (m.per_measurement - 4.0).abs() < 16.0 * m.deviation(),
            "{m:?}"
        );
    }

    /// `E D = Σ p(y) d(y)`, summed.
    fn expected_deviance(l: f64) -> f64 {
        let mut p = (-l).exp();
        let mut sum = 0.0;
        for y in 0..4000 {
            let y = f64::from(y);
            if y > 0.0 {
                p *= l / y;
            }
            sum += p * poisson_deviance(&[l], &[y]).unwrap().per_measurement;
        }
        sum
    }

    #[test]
    fn the_deviance_of_counts_is_that_of_its_distribution() {
        assert!((expected_deviance(300.0) - 1.0).abs() < 1e-3);
        assert!((expected_deviance(1.0) - 1.15).abs() < 0.01);
        assert!(expected_deviance(1e-3) < 0.02);
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        for l in [0.5, 3.0, 200.0] {
            let draw = Poisson::new(l).unwrap();
            let y: Vec<f64> = (0..40_000).map(|_| draw.sample(&mut rng)).collect();
            let m = poisson_deviance(&vec![l; y.len()], &y).unwrap();
            let off = m.per_measurement - expected_deviance(l);
            assert!(off.abs() < 5.0 * m.deviation(), "{l}: {m:?}");
        }
    }

    #[test]
    fn bad_data_are_refused() {
        assert!(chi_square(&[1.0], &[1.0, 2.0], Noise::Uniform(1.0)).is_err());
        assert!(chi_square(&[1.0], &[1.0], Noise::Uniform(0.0)).is_err());
        assert!(chi_square::<f64>(&[], &[], Noise::Uniform(1.0)).is_err());
        assert!(chi_square(&[1.0, 1.0], &[1.0, 1.0], Noise::Each(&[1.0])).is_err());
        assert!(poisson_deviance(&[0.0], &[3.0]).is_err());
        assert!(poisson_deviance(&[1.0], &[-1.0]).is_err());
        assert_eq!(
            poisson_deviance(&[0.0], &[0.0]).unwrap().per_measurement,
            0.0
        );
    }
}
