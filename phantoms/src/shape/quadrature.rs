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

/// Nodes and weights of one panel from a to b.
fn panel_points(a: f64, b: f64) -> impl Iterator<Item = (f64, f64)> {
    let (middle, half) = (0.5 * (a + b), 0.5 * (b - a));
    rule()
        .iter()
        .map(move |(x, w)| (middle + half * x, half * w))
}

/// Nodes and weights of equal panels from a to b.
pub(super) fn points(a: f64, b: f64, count: usize) -> impl Iterator<Item = (f64, f64)> {
    let count = count.max(1);
    let at = move |n: usize| a + (b - a) * n as f64 / count as f64;
    (0..count).flat_map(move |n| panel_points(at(n), at(n + 1)))
}

/// The integral from a to b by one panel.
fn panel(f: &dyn Fn(f64) -> Complex64, a: f64, b: f64) -> Complex64 {
    panel_points(a, b).map(|(x, w)| w * f(x)).sum()
}

/// The integral from a to b by equal panels.
pub(crate) fn panels(f: &dyn Fn(f64) -> Complex64, a: f64, b: f64, count: usize) -> Complex64 {
    points(a, b, count).map(|(x, w)| w * f(x)).sum()
}

/// Halvings of a panel at most, one within the other.
const DEPTH: usize = 30;
/// Halvings of a panel at most, all together: more would follow the rounding of the function, which
/// never ends.
const HALVINGS: usize = 1000;
/// What rounding leaves of a panel, relative to the integral of its magnitude.
const ROUNDING: f64 = 1e-14;

/// The integral over panels between places in order, halved until two halves agree with the whole to
/// `tolerance`, or to rounding.
///
/// A kink closer to the end of a panel than its points are is not seen: split there, or begin with
/// short panels.
pub(crate) fn adaptive_between(
    f: &dyn Fn(f64) -> Complex64,
    places: &[f64],
    tolerance: f64,
) -> Complex64 {
    let mut sum = Complex64::ZERO;
    halved(f, places, tolerance, &mut |_, integral| sum += integral);
    sum
}

/// The integral over stretches between places in order, at which the function may have roots and
/// kinks; to `tolerance` each.
///
/// With `x = middle - half cos(t)` it is smooth at the ends of a stretch. Panels of t to begin with
/// follow waves of up to `most` cycles per unit.
pub(super) fn between_kinks(
    f: &dyn Fn(f64) -> Complex64,
    places: &[f64],
    most: f64,
    tolerance: f64,
) -> Complex64 {
    let part = |w: &[f64]| {
        let (middle, half) = (0.5 * (w[0] + w[1]), 0.5 * (w[1] - w[0]));
        let along = |t: f64| f(middle - half * t.cos()) * (half * t.sin());
        let count = 1 + (2.0 * half * most) as usize;
        let starts: Vec<f64> = (0..=count).map(|n| PI * n as f64 / count as f64).collect();
        adaptive_between(&along, &starts, tolerance)
    };
    places.windows(2).map(part).sum()
}

/// Nodes and weights with which the integral of a function over panels between places, halved as
/// by [`adaptive_between`], is good to `tolerance`.
pub(crate) fn adaptive_points(
    f: &dyn Fn(f64) -> Complex64,
    places: &[f64],
    tolerance: f64,
) -> Vec<(f64, f64)> {
    let mut found = Vec::new();
    halved(f, places, tolerance, &mut |[a, b], _| {
        found.extend(panel_points(a, b));
    });
    found
}

/// Halves panels until two halves agree with the whole; gives each half with its integral.
fn halved(
    f: &dyn Fn(f64) -> Complex64,
    places: &[f64],
    tolerance: f64,
    give: &mut dyn FnMut([f64; 2], Complex64),
) {
    let tolerance = tolerance / places.len() as f64;
    for w in places.windows(2) {
        halved_panel(f, [w[0], w[1]], tolerance, give);
    }
}

/// The same of one panel.
fn halved_panel(
    f: &dyn Fn(f64) -> Complex64,
    [from, to]: [f64; 2],
    tolerance: f64,
    give: &mut dyn FnMut([f64; 2], Complex64),
) {
    let mut open = vec![(from, to, panel(f, from, to), tolerance, DEPTH)];
    let mut left_over = HALVINGS;
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
        left_over = left_over.saturating_sub(1);
        if depth == 0 || left_over == 0 || (left + right - whole).norm() <= tolerance.max(rounding)
        {
            give([a, middle], left);
            give([middle, b], right);
        } else {
            open.push((a, middle, left, 0.5 * tolerance, depth - 1));
            open.push((middle, b, right, 0.5 * tolerance, depth - 1));
        }
    }
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
        assert!((adaptive_between(&f, &[0.0, 1.0], 1e-13).re - exact).abs() < 1e-12);
    }

    #[test]
    fn a_function_of_noise_is_not_halved_for_ever() {
        let calls = std::cell::Cell::new(0);
        let noisy = |x: f64| {
            calls.set(calls.get() + 1);
            Complex64::new(1.0 + 1e-6 * ((1e9 * x).sin() * 1e6).fract(), 0.0)
        };
        let sum = adaptive_between(&noisy, &[0.0, 0.4, 1.0], 1e-12).re;
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
        assert!(calls.get() < 200_000, "{}", calls.get());
    }
}
