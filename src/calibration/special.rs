//! Gamma and normal distribution functions, to rounding.

use std::f64::consts::{PI, TAU};

/// `ln Γ(x)` for x > 0. Stirling's series after a shift (DLMF 5.11.1).
pub(super) fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut shifted) = (x, 1.0);
    // From 15 on the first term left out is 2e-16.
    while x < 15.0 {
        shifted *= x;
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    let series =
        1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * (1.0 / 1680.0 - r / 1188.0)));
    (x - 0.5) * x.ln() - x + 0.5 * TAU.ln() + series / x - shifted.ln()
}

/// The regularised upper incomplete gamma function `Q(a, x) = Γ(a, x) / Γ(a)`, a > 0, x >= 0.
///
/// The power series of P below a + 1 (DLMF 8.11.4), the continued fraction of Q above (DLMF 8.9).
pub(super) fn gamma_upper(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let factor = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 {
        1.0 - factor * series(a, x)
    } else {
        factor * fraction(a, x)
    }
}

/// `Σ x^n / (a (a + 1) ... (a + n))`.
fn series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
    while term > sum * 1e-17 {
        n += 1.0;
        term *= x / n;
        sum += term;
    }
    sum
}

/// `1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - ...))` by the recurrence of its convergents' ratios.
fn fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let (mut d, mut c) = (1.0 / b, f64::MAX);
    let mut value = d;
    for i in 1..100_000 {
        let i = f64::from(i);
        let numerator = i * (a - i);
        b += 2.0;
        d = 1.0 / (b + numerator * d);
        c = b + numerator / c;
        value *= c * d;
        if (c * d - 1.0).abs() < 3e-16 {
            break;
        }
    }
    value
}

/// `P(χ² > x)` with so many degrees of freedom.
pub(super) fn chi_square_upper(x: f64, degrees: usize) -> f64 {
    gamma_upper(degrees as f64 / 2.0, x / 2.0)
}

/// `Φ(z)`.
pub(super) fn normal_cdf(z: f64) -> f64 {
    let tail = 0.5 * gamma_upper(0.5, 0.5 * z * z);
    if z < 0.0 { tail } else { 1.0 - tail }
}

/// `φ(z)`.
pub(super) fn normal_density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * PI).sqrt()
}

/// `Φ⁻¹(p)` for 0 < p < 1.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    bisect(-40.0, 0.0, |z| normal_cdf(z) < p)
}

/// Where a predicate that holds below and fails above changes.
pub(super) fn bisect(low: f64, high: f64, below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (low, high);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gamma_of_integers_and_halves() {
        let mut factorial = 1.0f64;
        for n in 1..30 {
            let gap = (ln_gamma(f64::from(n)) - factorial.ln()).abs();
            assert!(gap < 1e-14 * factorial.ln().max(1.0), "{n}: {gap}");
            factorial *= f64::from(n);
        }
        assert!((ln_gamma(0.5) - 0.5 * PI.ln()).abs() < 1e-14);
        // Reflection: Γ(x) Γ(1 - x) sin(π x) = π.
        for x in [0.01, 0.2, 0.37] {
            let sum = ln_gamma(x) + ln_gamma(1.0 - x) + (PI * x).sin().ln();
            assert!((sum - PI.ln()).abs() < 1e-14, "{x}");
        }
    }

    /// Q(n, x) = e^{-x} Σ_{k < n} x^k / k!, the tail of a Poisson sum.
    #[test]
    fn integers_are_poisson_sums() {
        for n in [1u32, 2, 7, 40] {
            for x in [0.01f64, 0.9, 5.0, 38.0, 41.5, 120.0] {
                let mut term = (-x).exp();
                let mut sum = term;
                for k in 1..n {
                    term *= x / f64::from(k);
                    sum += term;
                }
                let q = gamma_upper(f64::from(n), x);
                assert!((q - sum).abs() < 1e-13 * sum.max(0.1), "{n} {x}: {q} {sum}");
            }
        }
    }

    /// Both branches against Simpson's rule on the density of χ².
    #[test]
    fn chi_square_is_the_integral_of_its_density() {
        for degrees in [2usize, 3, 19, 98] {
            let k = degrees as f64 / 2.0;
            let density =
                |x: f64| ((k - 1.0) * x.ln() - x / 2.0 - k * 2f64.ln() - ln_gamma(k)).exp();
            for x in [
                0.5 * degrees as f64,
                1.02 * degrees as f64,
                2.0 * degrees as f64,
            ] {
                let (n, end) = (20_000, x + 60.0 * (1.0 + k.sqrt()));
                let h = (end - x) / f64::from(n);
                let weight = |i: i32| match i {
                    0 => 1.0,
                    i if i == n => 1.0,
                    i if i % 2 == 1 => 4.0,
                    _ => 2.0,
                };
                let sum: f64 = (0..=n)
                    .map(|i| weight(i) * density(x + h * f64::from(i)))
                    .sum();
                let gap = (sum * h / 3.0 - chi_square_upper(x, degrees)).abs();
                assert!(gap < 1e-10, "{degrees} {x}: {gap}");
            }
        }
    }

    /// Printed values: Abramowitz & Stegun, tables 26.1 and 26.8.
    #[test]
    fn printed_values() {
        for (z, p) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746_068_543),
            (-3.0, 0.001_349_898_031_630),
        ] {
            assert!((normal_cdf(z) - p).abs() < 1e-14, "{z}");
        }
        for (x, degrees, p) in [
            (3.84146, 1, 0.05),
            (30.1435, 19, 0.05),
            (43.8202, 19, 0.001),
        ] {
            assert!((chi_square_upper(x, degrees) / p - 1.0).abs() < 1e-5, "{x}");
        }
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-12);
        for p in [1e-12, 0.3, 0.9] {
            assert!(
                (normal_cdf(normal_quantile(p)) / p - 1.0).abs() < 1e-10,
                "{p}"
            );
        }
    }
}
