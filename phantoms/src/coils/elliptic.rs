//! Complete elliptic integrals, in the forms that a current loop needs.

use std::f64::consts::FRAC_PI_2;

/// Integrals over a quarter turn of `t`, with `D² = 1 - m sin²(t)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Elliptic {
    /// `int cos²(t) / D`.
    pub b: f64,
    /// `int sin²(t) / D`.
    pub d: f64,
    /// `int sin²(t) cos²(t) / D³ = (d - b) / m`.
    pub c: f64,
}

impl Elliptic {
    /// The integrals at a complementary parameter `1 - m` of 0 to 1, without 0.
    ///
    /// By the arithmetic-geometric mean (Abramowitz and Stegun 17.6), with the differences
    /// `c_n = (a - b) / 2` divided by m, so that nothing cancels at small m.
    pub fn new(complement: f64) -> Self {
        let m = 1.0 - complement;
        let (mut a, mut g) = (1.0, complement.sqrt());
        // c_1² / m², then c_(n+1) = c_n² / (4 a_(n+1)).
        let mut square = 0.25 / ((1.0 + g) * (1.0 + g));
        (a, g) = (0.5 * (a + g), (a * g).sqrt());
        let (mut sum, mut power) = (square, 2.0);
        while a - g > 1e-15 * a {
            (a, g) = (0.5 * (a + g), (a * g).sqrt());
            square *= square * m * m / (16.0 * a * a);
            sum += power * square;
            power *= 2.0;
        }
        let k = FRAC_PI_2 / a;
        Self {
            b: k * (0.5 - m * sum),
            d: k * (0.5 + m * sum),
            c: 2.0 * k * sum,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_integrals_are_those_of_a_quadrature() {
        // The midpoint rule converges exponentially for periodic functions.
        let n = 4000;
        for complement in [1.0, 1.0 - 1e-9, 0.9, 0.5, 0.1, 1e-3] {
            let mut sums = [0.0; 3];
            for i in 0..n {
                let (s, k) = (FRAC_PI_2 * (i as f64 + 0.5) / n as f64).sin_cos();
                let root = (k * k + complement * s * s).sqrt();
                let all = [k * k / root, s * s / root, (s * k).powi(2) / root.powi(3)];
                sums.iter_mut().zip(all).for_each(|(sum, f)| *sum += f);
            }
            let [b, d, c] = sums.map(|sum| sum * FRAC_PI_2 / n as f64);
            let e = Elliptic::new(complement);
            for (value, expected) in [(e.b, b), (e.d, d), (e.c, c)] {
                assert!(
                    (value / expected - 1.0).abs() < 1e-12,
                    "{complement}: {e:?}"
                );
            }
        }
    }
}
