//! The optimised proximal gradient method: twice as fast as Nesterov's by its bound.

use super::metric::Metric;
use operators::Array;

/// The state of the method for `f + φ`, where the parabola of metric `l` lies above `f` everywhere;
/// every factor is one number an item. Momentum that points uphill is dropped.
///
/// Sources: Taylor, Hendrickx and Glineur 2017 (SIAM J. Optim. 27:1283), Kim and Fessler 2018
/// (the restart; JOTA 178:240).
pub(super) struct OptimisedGradient<T> {
    l: Metric<T>,
    /// Where the last gradient step ended, without momentum.
    gradient_end: T,
    /// The same with it: what the proximal map took.
    target: T,
    /// Where the last step would have ended without momentum, proximal map included.
    plain_end: T,
    t: Vec<f64>,
    gamma: Vec<f64>,
}

impl<T: Array> OptimisedGradient<T> {
    /// From `x`.
    pub(super) fn new(l: Metric<T>, x: &T) -> Self {
        OptimisedGradient {
            l,
            gradient_end: x.clone(),
            target: x.clone(),
            plain_end: x.clone(),
            t: vec![1.0; x.batch()],
            gamma: vec![1.0; x.batch()],
        }
    }

    /// The next image, from the gradient of `f` at `x` and `proximal(target, g)`, the proximal map
    /// of `φ` in the metric `l / g`.
    pub(super) fn step(
        &mut self,
        x: &T,
        gradient: &T,
        proximal: impl FnOnce(&T, &[f64]) -> T,
    ) -> T {
        let next: Vec<f64> = self.t.iter().map(|t| next_momentum(*t)).collect();
        let factors = |f: fn(f64, f64, f64) -> f64| -> Vec<f64> {
            let items = 0..next.len();
            items
                .map(|i| f(self.t[i], next[i], self.gamma[i]))
                .collect()
        };
        let end = x.minus(&self.l.divide(gradient));
        let mut target = end.clone();
        target.axpy(
            &factors(|t, next, _| (t - 1.0) / next),
            &end.minus(&self.gradient_end),
        );
        target.axpy(&factors(|t, next, _| t / next), &end.minus(x));
        target.axpy(
            &factors(|t, next, gamma| (t - 1.0) / (gamma * next)),
            &self.target.minus(x),
        );
        let gamma = factors(|t, next, _| (2.0 * t + next - 1.0) / next);
        let new = proximal(&target, &gamma);

        let inverse: Vec<f64> = gamma.iter().map(|g| 1.0 / g).collect();
        let mut plain_end = end.clone();
        plain_end.axpy(&inverse, &new.minus(&target));
        let went = self.l.times(&plain_end.minus(x));
        let ahead = went.dot(&plain_end.minus(&self.plain_end));
        for (i, ahead) in ahead.into_iter().enumerate() {
            let forward = ahead >= 0.0;
            self.t[i] = if forward { next[i] } else { 1.0 };
            self.gamma[i] = if forward { gamma[i] } else { 1.0 };
        }
        (self.gradient_end, self.target, self.plain_end) = (end, target, plain_end);
        new
    }
}

/// Nesterov's sequence.
pub(super) fn next_momentum(t: f64) -> f64 {
    0.5 * (1.0 + (1.0 + 4.0 * t * t).sqrt())
}
