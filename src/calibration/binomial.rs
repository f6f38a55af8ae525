//! The binomial distribution, both tails to relative rounding.

/// `Bin(trials, p)`, 0 < p < 1, where it is above 1e-30 of its largest probability.
pub(super) struct Binomial {
    first: usize,
    lower: Vec<f64>,
    upper: Vec<f64>,
}

impl Binomial {
    /// From the mode outwards: `P(k + 1) / P(k) = (n - k) / (k + 1) · p / (1 - p)`.
    pub(super) fn new(trials: usize, p: f64) -> Self {
        let mode = (((trials + 1) as f64 * p) as usize).min(trials);
        let step = |k: usize| (trials - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
        let (mut left, mut right) = (Vec::new(), vec![1.0]);
        let (mut k, mut value) = (mode, 1.0);
        while k > 0 && value > 1e-30 {
            k -= 1;
            value /= step(k);
            left.push(value);
        }
        let first = k;
        (k, value) = (mode, 1.0);
        while k < trials && value > 1e-30 {
            value *= step(k);
            k += 1;
            right.push(value);
        }
        let weights: Vec<f64> = left.into_iter().rev().chain(right).collect();
        let total: f64 = weights.iter().sum();
        let running = |sum: &mut f64, w: &f64| {
            *sum += w / total;
            Some(*sum)
        };
        let lower = weights.iter().scan(0.0, running).collect();
        let mut upper: Vec<f64> = weights.iter().rev().scan(0.0, running).collect();
        upper.reverse();
        Binomial {
            first,
            lower,
            upper,
        }
    }

    /// `P(X <= k)`.
    pub(super) fn at_most(&self, k: usize) -> f64 {
        match k.checked_sub(self.first) {
            None => 0.0,
            Some(i) => self.lower.get(i).copied().unwrap_or(1.0),
        }
    }

    /// `P(X >= k)`.
    pub(super) fn at_least(&self, k: usize) -> f64 {
        match k.checked_sub(self.first) {
            None => 1.0,
            Some(i) => self.upper.get(i).copied().unwrap_or(0.0),
        }
    }

    /// The first and the last number whose tails, the number included, are both above `tail`.
    ///
    /// No more than `tail` lies below the first, nor above the last. From a tail of a half on the
    /// first may lie above the last: there is no such number.
    pub(super) fn between(&self, tail: f64) -> (usize, usize) {
        let first = self.first + self.lower.partition_point(|p| *p <= tail);
        let last = self.upper.partition_point(|p| *p > tail);
        (first, (self.first + last).saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::special::ln_gamma;

    #[test]
    fn the_tails_are_sums_of_the_closed_form() {
        for (n, p) in [(1, 0.5), (7, 0.03), (60, 0.25), (61, 0.98), (500, 0.5)] {
            let law = Binomial::new(n, p);
            let of = |k: usize| {
                let choose = ln_gamma((n + 1) as f64)
                    - ln_gamma((k + 1) as f64)
                    - ln_gamma((n - k + 1) as f64);
                (choose + k as f64 * p.ln() + (n - k) as f64 * (1.0 - p).ln()).exp()
            };
            for k in 0..=n {
                let (low, high): (f64, f64) = ((0..=k).map(of).sum(), (k..=n).map(of).sum());
                assert!((law.at_most(k) - low).abs() < 1e-12, "{n} {p} {k}");
                assert!((law.at_least(k) - high).abs() < 1e-12, "{n} {p} {k}");
                if high > 1e-18 {
                    assert!((law.at_least(k) / high - 1.0).abs() < 1e-9, "{n} {p} {k}");
                }
            }
        }
    }

    #[test]
    fn what_lies_outside_of_an_interval_is_rarer_than_asked() {
        for (n, p) in [(1, 0.5), (50, 0.05), (333, 0.5), (1000, 0.99)] {
            let law = Binomial::new(n, p);
            for tail in [1e-6, 0.005, 0.1] {
                let (low, high) = law.between(tail);
                assert!(low <= high);
                assert!(low == 0 || law.at_most(low - 1) <= tail);
                assert!(high == n || law.at_least(high + 1) <= tail);
                assert!(
                    law.at_most(low) > tail && law.at_least(high) > tail,
                    "not the smallest"
                );
            }
        }
    }
}
