//! Least squares with total variation, whatever the data are.

use super::metric::Metric;
use super::optimised_gradient::OptimisedGradient;
use super::total_variation::Proximal;
use super::{Trace, total_variation, trace::Done};
use operators::{Array, Error, LinearOperator, Result};

/// Steps of the proximal map an iteration: cheap beside an application of `A`.
const PROXIMAL_STEPS: usize = 10;
/// Iterations between two looks at whether an item is finished.
const LOOK: usize = 10;

/// `f(A x) + λ TV(x)`, `x ≥` the bound, with a convex quadratic `f`.
pub(super) struct LeastSquaresTv<'a, T> {
    pub(super) a: &'a dyn LinearOperator<T>,
    /// `f(z)` of each item, and its gradient.
    pub(super) misfit: &'a dyn Fn(&T) -> (Vec<f64>, T),
    /// It lies above the Hessian of `f(A x)`.
    pub(super) metric: Metric<T>,
    pub(super) lambda: f64,
    pub(super) bound: Option<f64>,
}

/// When an item is finished.
pub(super) enum Stop {
    /// Never before the last iteration.
    Last,
    /// `‖x' - x‖ / ‖x'‖` over ten iterations is at most this.
    Still(f64),
    /// With `s = Aᴴ ∇f + Dᴴ q`, `q` the dual field of the proximal map (`|q| ≤ λ`), and
    /// `c = λ TV(x) - <q, D x> ≥ 0`: `‖s‖` is at most `tolerance` times the gradient at 0, and `c` at
    /// most `tolerance` times the objective. Both are 0 at a minimum `x*` alone, and no objective
    /// is further above the least one than `‖s‖ ‖x - x*‖ + c`. Without a bound only.
    Optimal {
        tolerance: f64,
        gradient_at_zero: Vec<f64>,
    },
}

impl<T: Array> LeastSquaresTv<'_, T> {
    /// The minimum, from `x` and `z = A x`, by the optimised proximal gradient method: `A` and `Aᴴ`
    /// once an iteration, the proximal map of TV by a few warm steps on its dual.
    pub(super) fn minimise(
        self,
        (mut x, mut z): (T, T),
        iterations: usize,
        stop: &Stop,
        tick: &mut dyn FnMut() -> bool,
    ) -> Result<(T, Trace)> {
        let items = x.batch();
        let mut proximal = Proximal::new(self.metric.clone(), &x, self.lambda, self.bound);
        let mut method = OptimisedGradient::new(self.metric, &x);
        let (mut trace, mut done) = (Trace::new(items), Done::none(items));
        let mut looked = x.clone();
        for iteration in 1..=iterations + 1 {
            let (misfit, slope) = (self.misfit)(&z);
            let tv: Vec<f64> = total_variation(&x)
                .iter()
                .map(|t| self.lambda * t)
                .collect();
            let objective: Vec<f64> = misfit.iter().zip(&tv).map(|(f, tv)| f + tv).collect();
            let what = "the objective of least squares with total variation";
            trace.note(what, &objective, |i| done.at_work(i))?;
            let gradient = self.a.adjoint(&slope)?;
            if iteration > 1 && iteration % LOOK == 1 {
                let finished = match stop {
                    Stop::Last => vec![false; items],
                    Stop::Still(tolerance) => still(&x, &looked, *tolerance),
                    Stop::Optimal {
                        tolerance,
                        gradient_at_zero,
                    } => {
                        let mut s = gradient.clone();
                        s.axpy(&[1.0], &proximal.dual().differences_adjoint());
                        let paid = proximal.dual().dot(&x.differences());
                        let (s, worst) = (s.norm(), tolerance);
                        let optimal = |i: usize| {
                            s[i] <= worst * gradient_at_zero[i]
                                && tv[i] - paid[i] <= worst * objective[i]
                        };
                        (0..items).map(optimal).collect()
                    }
                };
                if done.keep(&x, |i| finished[i]) {
                    break;
                }
                looked = x.clone();
            }
            if iteration > iterations {
                break;
            }
            x = method.step(&x, &gradient, |target, g| {
                proximal.apply(target, g, PROXIMAL_STEPS)
            });
            z = self.a.forward(&x)?;
            if !tick() {
                return Err(Error::Interrupted);
            }
        }
        Ok((done.with_the_rest_of(&x)?, trace))
    }
}

fn still<T: Array>(x: &T, looked: &T, tolerance: f64) -> Vec<bool> {
    let moved = x.minus(looked).norm().into_iter().zip(x.norm());
    moved
        .map(|(moved, length)| moved <= tolerance * length)
        .collect()
}

/// Refuses a weight of the total variation that is negative or not finite.
pub(super) fn check_weight(what: &'static str, lambda: f64) -> Result<()> {
    if lambda >= 0.0 && lambda.is_finite() {
        return Ok(());
    }
    Err(Error::Parameter {
        what,
        expected: "a number that is not negative",
        got: lambda.to_string(),
    })
}
