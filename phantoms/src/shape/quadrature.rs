//! Gauss-Legendre rules, on fixed panels and adaptive.

use std::f64::consts::PI;
use std::sync::OnceLock;

use num_complex::Complex64;

/// Points of the rule: exact for polynomials up to degree 31.
const POINTS: usize = 16;

/// Nodes in (-1, 1) and weights of the rule.
fn rule() -> &'static [(f64, f64); POINTS] {
    static RULE: OnceLock<[(f64, f64); POINTS]> = OnceLock::new();
    RULE.get_or_init(|| {
        std::array::from_fn(|i| {
            // Newton's method on the Legendre polynomial from Tricomi's guess.
            let mut x = (PI * (i as f64 + 0.75) / (POINTS as f64 + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..100 {
                let (p, dp) = legendre(x);
                slope = dp;
                let step = p / dp;
                x -= step;
                if step.abs() < 1e-16 {
                    break;
                }
            }
            (x, 2.0 / ((1.0 - x * x) * slope * slope))
        })
    })
}

/// The Legendre polynomial of degree [`POINTS`] and its derivative.
fn legendre(x: f64) -> (f64, f64) {
    let (mut before, mut p) = (1.0, x);
    for n in 2..=POINTS {
        let n = n as f64;
        (before, p) = (p, ((2.0 * n - 1.0) * x * p - (n - 1.0) * before) / n);
    }
    (p, POINTS as f64 * (x * p - before) / (x * x - 1.0))
}

/// The integral from a to b by one panel.
pub(super) fn panel(f: &dyn Fn(f64) -> Complex64, a: f64, b: f64) -> Complex64 {
    let (middle, half) = (0.5 * (a + b), 0.5 * (b - a));
    half * rule()
        .iter()
        .map(|(x, w)| w * f(middle + half * x))
        .sum::<Complex64>()
}

/// The integral from a to b by equal panels.
pub(super) fn panels(f: &dyn Fn(f64) -> Complex64, a: f64, b: f64, count: usize) -> Complex64 {
    let count = count.max(1);
    let at = |n: usize| a + (b - a) * n as f64 / count as f64;
    (0..count).map(|n| panel(f, at(n), at(n + 1))).sum()
}

/// Halvings of a panel at most.
const DEPTH: usize = 30;
/// What rounding leaves of a panel, relative to the integral of its magnitude.
const ROUNDING: f64 = 1e-14;

/// The integral from a to b, panels halved until two halves agree with the whole to `tolerance`, or
/// to rounding.
///
/// A kink closer to the end of a panel than its points are is not seen: split there
/// ([`adaptive_between`]), or begin with short panels.
pub(super) fn adaptive(f: &dyn Fn(f64) -> Complex64, a: f64, b: f64, tolerance: f64) -> Complex64 {
    adaptive_between(f, &[a, b], tolerance)
}

/// The same, beginning with the panels between places in order.
pub(crate) fn adaptive_between(
    f: &dyn Fn(f64) -> Complex64,
    places: &[f64],
    tolerance: f64,
) -> Complex64 {
    let tolerance = tolerance / places.len() as f64;
    let start = |w: &[f64]| (w[0], w[1], panel(f, w[0], w[1]), tolerance, DEPTH);
    let mut open: Vec<_> = places.windows(2).map(start).collect();
    let mut sum = Complex64::ZERO;
    while let Some((a, b, whole, tolerance, depth)) = open.pop() {
        let middle = 0.5 * (a + b);
        let size = std::cell::Cell::new(0.0);
        let watched = |x: f64| {
            let value = f(x);
            size.set(size.get() + value.norm());
            value
        };
        let (left, right) = (panel(&watched, a, middle), panel(&watched, middle, b));
        let rounding = ROUNDING * size.get() * (b - a) / (2 * POINTS) as f64;
        if depth == 0 || (left + right - whole).norm() <= tolerance.max(rounding) {
            sum += left + right;
        } else {
            open.push((a, middle, left, 0.5 * tolerance, depth - 1));
            open.push((middle, b, right, 0.5 * tolerance, depth - 1));
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_up_to_degree_31_are_exact() {
        let f = |x: f64| Complex64::new(x.powi(31) + x.powi(30), 0.0);
        let exact = (2f64.powi(32) - 1.0) / 32.0 + (2f64.powi(31) - 1.0) / 31.0;
        assert!((panel(&f, 1.0, 2.0).re / exact - 1.0).abs() < 1e-13);
        let beyond = |x: f64| Complex64::new(x.powi(32), 0.0);
        let error = panel(&beyond, -1.0, 1.0).re - 2.0 / 33.0;
        assert!(error.abs() > 1e-11, "{error}");
    }

    #[test]
    fn panels_follow_a_wave() {
        let f = |x: f64| Complex64::cis(40.0 * x);
        let exact = (Complex64::cis(40.0) - 1.0) / Complex64::new(0.0, 40.0);
        assert!((panels(&f, 0.0, 1.0, 14) - exact).norm() < 1e-15);
    }

    #[test]
    fn halving_finds_a_kink_and_a_root() {
        let f = |x: f64| Complex64::new((x - 0.3).abs() + x.sqrt(), 0.0);
        let exact = 0.5 * (0.09 + 0.49) + 2.0 / 3.0;
        assert!((adaptive(&f, 0.0, 1.0, 1e-13).re - exact).abs() < 1e-12);
    }
}
