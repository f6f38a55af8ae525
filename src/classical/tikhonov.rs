//! Smooth least squares of any operator.

use operators::solve::{CgParams, conjugate_gradient};
use operators::{Array, Operator, Result};

/// Weight and effort of [`tikhonov`].
#[derive(Clone, Copy, Debug)]
pub struct TikhonovParams {
    /// λ.
    pub lambda: f64,
    /// Iterations of conjugate gradients a round.
    pub iterations: usize,
    /// Linearisations: 1 for a linear operator.
    pub rounds: usize,
}

/// Shorter and shorter steps that a round tries.
const HALVINGS: i32 = 6;

/// `argmin ‖w (y − A(x))‖² + λ ‖∇x‖²` by conjugate gradients around `start`, and around what came
/// of it where A is not linear (Gauss and Newton; a step that makes it worse is halved).
///
/// `y` and `start` have batch 1; the weights `w` are 0 where nothing was measured and 1 elsewhere.
pub fn tikhonov<T: Array>(
    a: &dyn Operator<T>,
    [y, w]: [&T; 2],
    start: &T,
    p: TikhonovParams,
) -> Result<T> {
    let smooth = |x: &T| x.differences().differences_adjoint().scaled(p.lambda);
    let cost = |x: &T| -> Result<f64> {
        let apart = y.minus(&a.apply(x)?).weighted(w);
        Ok(apart.dot(&apart)[0] + smooth(x).dot(x)[0])
    };
    let params = CgParams {
        iterations: p.iterations,
        // Gaps weigh λ against what was measured: they have to settle too.
        tolerance: 1e-6 * p.lambda.min(1.0),
    };
    let mut x = start.clone();
    for _ in 0..p.rounds {
        let (z, j) = a.linearize(&x)?;
        let mut b = j.adjoint(&y.minus(&z).weighted(w))?;
        b.axpy(&[-1.0], &smooth(&x));
        let h = |v: &T| {
            let mut out = j.adjoint(&j.forward(v)?.weighted(w))?;
            out.axpy(&[1.0], &smooth(v));
            Ok(out)
        };
        let (step, _) = conjugate_gradient(h, &b, params)?;
        if p.rounds == 1 {
            x.axpy(&[1.0], &step);
            break;
        }
        let before = cost(&x)?;
        let mut better = None;
        for halving in 0..HALVINGS {
            let mut tried = x.clone();
            tried.axpy(&[0.5_f64.powi(halving)], &step);
            if cost(&tried)? < before {
                better = Some(tried);
                break;
            }
        }
        match better {
            Some(tried) => x = tried,
            None => break,
        }
    }
    Ok(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use operators::imaging::{Blur, Mask, NonlinearBlur};
    use operators::{Axis, Field, Host, LinearOperator, SliceRng, Space, Vector};

    fn space() -> Space {
        Space::real(&[(Axis::Y, 12), (Axis::X, 14)])
    }

    fn bump() -> Host<f64> {
        let at = |i: usize| {
            let (y, x) = ((i / 14) as f64 - 6.0, (i % 14) as f64 - 7.0);
            (-(y * y + x * x) / 18.0).exp()
        };
        let values: Vec<f64> = (0..168).map(at).collect();
        Host::from_reals(&(), &[1, 12, 14], Field::Real, &values)
    }

    const PARAMS: TikhonovParams = TikhonovParams {
        lambda: 1e-4,
        iterations: 300,
        rounds: 1,
    };

    #[test]
    fn gaps_are_bridged() {
        let mask = Mask::random(&(), space(), 0.5, &mut SliceRng::samples(1, 0, 1)).unwrap();
        let (truth, w) = (bump(), mask.weights());
        let y = mask.forward(&truth).unwrap();
        let x = tikhonov(&mask, [&y, w], &y.zeros_like(), PARAMS).unwrap();
        let error = |x: &Host<f64>| x.minus(&truth).norm()[0] / truth.norm()[0];
        assert!(error(&x) < 0.15 && error(&y) > 0.5, "{}", error(&x));
    }

    #[test]
    fn a_detector_that_saturates_is_undone() {
        let blur = Blur::gaussian(&(), space(), 0.7).unwrap();
        let a = NonlinearBlur::new(blur, 0.8).unwrap();
        let truth = bump();
        let (y, ones) = (
            a.apply(&truth).unwrap(),
            truth.elementwise(&[], &|_, _| 1.0),
        );
        let params = TikhonovParams {
            rounds: 20,
            ..PARAMS
        };
        let x = tikhonov(&a, [&y, &ones], &y, params).unwrap();
        let error = |x: &Host<f64>| x.minus(&truth).norm()[0] / truth.norm()[0];
        assert!(
            error(&x) < 0.02 && error(&y) > 0.1,
            "{} {}",
            error(&x),
            error(&y)
        );
    }
}
