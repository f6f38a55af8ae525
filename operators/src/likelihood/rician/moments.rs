//! Mean, variance and Fisher information of a Rician magnitude of unit deviation.

use super::bessel::{ratio_per_x, scaled};

/// Mean and variance of `|a + n|`, n of unit deviation per component.
///
/// Source: Rice 1945 (Bell Syst. Tech. J. 24:46), eq. 3.10-12.
pub(super) fn mean_and_variance(a: f64) -> (f64, f64) {
    if a > 100.0 {
        // mean² = a² + 1 + 1/(2 a²) + …: what the difference below would lose.
        return (
            a + 0.5 / a + 0.125 / a.powi(3),
            1.0 - 0.5 / (a * a) - 1.0 / a.powi(4),
        );
    }
    let q = 0.5 * a * a;
    let (i0, i1) = scaled(0.5 * q);
    let mean = std::f64::consts::FRAC_PI_2.sqrt() * ((1.0 + q) * i0 + q * i1);
    (mean, 2.0 + a * a - mean * mean)
}

/// `J(a) = E (r R(r a) - a)²` with `R = I1/I0`: the Fisher information of a magnitude `r` on `a`, in
/// units of `1/σ²`: `a²` of nothing but noise, `1 - 1/(2 a²)` far above it.
///
/// A table over `t = a² / (1 + a²)`, in which J is smooth from 0 to 1, by Simpson's rule.
pub(super) struct Information(Vec<f64>);

impl Information {
    const NODES: usize = 1024;

    pub(super) fn new() -> Self {
        let at = |node: usize| match node {
            Self::NODES => 1.0,
            _ => {
                let t = node as f64 / Self::NODES as f64;
                integrated((t / (1.0 - t)).sqrt())
            }
        };
        Information((0..=Self::NODES).map(at).collect())
    }

    /// J, by linear interpolation: to 1e-6.
    pub(super) fn at(&self, a: f64) -> f64 {
        // Not a² / (1 + a²), which a large `a` overflows.
        let t = 1.0 - 1.0 / (1.0 + a * a);
        let position = t * Self::NODES as f64;
        let node = (position as usize).min(Self::NODES - 1);
        let share = position - node as f64;
        (1.0 - share) * self.0[node] + share * self.0[node + 1]
    }
}

fn integrated(a: f64) -> f64 {
    const INTERVALS: usize = 400;
    let (from, to) = ((a - 8.0).max(0.0), a + 8.0);
    let h = (to - from) / INTERVALS as f64;
    let value = |i: usize| {
        let r = from + h * i as f64;
        let density = r * (-0.5 * (r - a).powi(2)).exp() * scaled(r * a).0;
        density * (r * r * a * ratio_per_x(r * a) - a).powi(2)
    };
    let weight = |i: usize| match i {
        0 | INTERVALS => 1.0,
        _ if i % 2 == 1 => 4.0,
        _ => 2.0,
    };
    (0..=INTERVALS).map(|i| weight(i) * value(i)).sum::<f64>() * h / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SliceRng;
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn the_limits_are_those_of_rayleigh_and_gauss() {
        let (mean, variance) = mean_and_variance(0.0);
        let pi = std::f64::consts::PI;
        assert!((mean - (pi / 2.0).sqrt()).abs() < 1e-14);
        assert!((variance - (2.0 - pi / 2.0)).abs() < 1e-14);
        let (below, above) = (mean_and_variance(99.999), mean_and_variance(100.001));
        assert!((above.0 - below.0 - 0.002).abs() < 1e-6);
        assert!((above.1 - below.1).abs() < 1e-8);
        let information = Information::new();
        for a in [1e-3, 0.03] {
            assert!((information.at(a) / (a * a) - 1.0).abs() < 3.0 * a * a + 1e-6);
        }
        for a in [20.0, 1e3, 1e200] {
            let expected = 1.0 - 0.5 / (a * a);
            assert!((information.at(a) - expected).abs() < 3.0 / a.powi(4) + 1e-6);
        }
    }

    #[test]
    fn the_table_is_the_integral() {
        let information = Information::new();
        for i in 1..60 {
            let a = 0.1 * f64::from(i) + 0.0123;
            let gap = information.at(a) - integrated(a);
            assert!(gap.abs() < 1e-6, "{a}: {gap:.1e}");
        }
    }

    /// Against draws: the mean, the variance, and the variance of the score.
    #[test]
    fn the_moments_are_those_of_draws() {
        let information = Information::new();
        let mut rng = SliceRng::samples(2, 0, 1);
        let rng = &mut rng.items()[0];
        let n = 400_000;
        for a in [0.3, 1.0, 2.5, 6.0] {
            let mut normal = || -> f64 { StandardNormal.sample(rng) };
            let draws: Vec<f64> = (0..n).map(|_| (a + normal()).hypot(normal())).collect();
            let average = |f: &dyn Fn(f64) -> f64| {
                let values: Vec<f64> = draws.iter().map(|r| f(*r)).collect();
                let mean = values.iter().sum::<f64>() / f64::from(n);
                let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
                (mean, square.sqrt() / f64::from(n))
            };
            let (mean, variance) = mean_and_variance(a);
            let score = |r: f64| r * r * a * ratio_per_x(r * a) - a;
            for (what, expected, (found, error)) in [
                ("mean", mean, average(&|r| r)),
                ("variance", variance, average(&|r| (r - mean).powi(2))),
                ("score", 0.0, average(&score)),
                ("J", information.at(a), average(&|r| score(r).powi(2))),
            ] {
                let gap = (found - expected).abs() / error;
                assert!(gap < 4.0, "{what} at {a}: {gap} standard errors");
            }
        }
    }
}
