//! Modified Bessel functions of the first kind, scaled by `exp(-x)`, for `x ≥ 0`.
//!
//! Written here because it is forty lines: the power series has only positive terms, so it loses
//! no digits, and the asymptotic series is exact to rounding where it takes over.

/// From here on the smallest term of the asymptotic series is below `exp(-2 x)`, 1e-22.
const ASYMPTOTIC: f64 = 25.0;

/// `(exp(-x) I0(x), exp(-x) I1(x))`.
pub(super) fn scaled(x: f64) -> (f64, f64) {
    if x > ASYMPTOTIC {
        let root = 1.0 / (std::f64::consts::TAU * x).sqrt();
        return (root * asymptotic(0.0, x), root * asymptotic(4.0, x));
    }
    let (i0, i1_per_x) = series(x);
    (i0 * (-x).exp(), x * i1_per_x * (-x).exp())
}

/// `I1(x) / (x I0(x))`: ½ at 0, falling like `1/x`.
pub(super) fn ratio_per_x(x: f64) -> f64 {
    if x > ASYMPTOTIC {
        return asymptotic(4.0, x) / asymptotic(0.0, x) / x;
    }
    let (i0, i1_per_x) = series(x);
    i1_per_x / i0
}

/// `I0 = Σ (x²/4)^k / k!²` and `I1 / x = ½ Σ (x²/4)^k / (k! (k + 1)!)`. DLMF 10.25.2.
fn series(x: f64) -> (f64, f64) {
    let quarter = 0.25 * x * x;
    let (mut term, mut i0, mut i1_per_x, mut k) = (1.0, 0.0, 0.0, 0.0);
    while term > 1e-17 * i0 {
        i0 += term;
        i1_per_x += 0.5 * term / (k + 1.0);
        k += 1.0;
        term *= quarter / (k * k);
    }
    (i0, i1_per_x)
}

/// `√(2πx) exp(-x) I(x)` of the order ν with `mu = 4 ν²`. DLMF 10.40.1.
fn asymptotic(mu: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0_f64, 1.0, 0.0);
    while term.abs() > 1e-17 {
        let odd = 2.0 * k + 1.0;
        k += 1.0;
        term *= (odd * odd - mu) / (8.0 * k * x);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Abramowitz and Stegun, table 9.8, and mpmath.
    #[test]
    fn the_values_are_those_of_the_tables() {
        for (x, i0, i1) in [
            (0.0, 1.0, 0.0),
            (1.0, 0.465_759_607_593_640_3, 0.207_910_415_349_708_47),
            (5.0, 0.183_540_812_609_328_36, 0.163_972_266_944_542_35),
            (10.0, 0.127_833_337_163_428_62, 0.121_262_681_384_455_55),
        ] {
            let (found0, found1) = scaled(x);
            assert!((found0 - i0).abs() < 1e-13, "I0({x}): {found0}");
            assert!((found1 - i1).abs() < 1e-13, "I1({x}): {found1}");
        }
    }

    /// `exp(-x) I(x) = 1/π ∫ exp(x (cos t - 1)) cos(ν t) dt`: the midpoint rule on a period is
    /// exact to rounding.
    #[test]
    fn the_values_are_those_of_the_integral() {
        let n = 4000;
        for x in [1e-3, 0.4, 3.0, 24.99, 25.01, 60.0, 1e3] {
            let (mut i0, mut i1) = (0.0, 0.0);
            for i in 0..n {
                let t = (f64::from(i) + 0.5) * std::f64::consts::PI / f64::from(n);
                let w = (x * (t.cos() - 1.0)).exp() / f64::from(n);
                (i0, i1) = (i0 + w, i1 + w * t.cos());
            }
            let (found0, found1) = scaled(x);
            assert!((found0 / i0 - 1.0).abs() < 1e-12, "I0({x}): {found0}");
            assert!((found1 / i1 - 1.0).abs() < 1e-12, "I1({x}): {found1}");
            assert!((ratio_per_x(x) * x / (i1 / i0) - 1.0).abs() < 1e-12);
        }
        assert!((ratio_per_x(1e300) * 1e300 - 1.0).abs() < 1e-12);
    }
}
