//! Penalised weighted least squares with total variation.

use super::least_squares_tv::{LeastSquaresTv, Stop, check_weight};
use super::line_integrals::{expect_finite, ones, start};
use super::metric::Metric;
use super::{LineIntegrals, Trace};
use operators::{Array, Error, LinearOperator, Result};

/// How [`pwls_tv`] runs.
#[derive(Clone, Debug)]
pub struct PwlsTvParams<T> {
    /// Weight of the total variation, in units of one over the image: mm for an image in 1/mm.
    pub lambda: f64,
    /// Iterations at most.
    pub iterations: usize,
    /// `‖x' - x‖ / ‖x'‖` over ten iterations at which an item is finished; 0 goes on to the last.
    pub tolerance: f64,
    /// Least value of the image, 0 for an attenuation.
    pub lower_bound: Option<f64>,
    /// First image (batch 1 or one an item), else zero.
    pub start: Option<T>,
}

impl<T> Default for PwlsTvParams<T> {
    fn default() -> Self {
        PwlsTvParams {
            lambda: 100.0,
            iterations: 300,
            tolerance: 1e-4,
            lower_bound: Some(0.0),
            start: None,
        }
    }
}

/// Pixels that no ray sees step as far as if this part of the best seen one did.
const LEAST_SEEN: f64 = 1e-3;

/// `argmin_x ½ Σ w (A x - y)² + λ TV(x)`, isotropic, `x ≥` the bound.
///
/// By the optimised proximal gradient method in the metric `L = AᵀW A 1`, which lies above
/// `AᵀW A` where `A` has no negative coefficient: no norm to estimate, no step to choose. The
/// proximal map of TV is a few warm steps on its dual. The objective is that above. An iteration
/// applies `A` and `Aᵀ` once.
///
/// Errors: λ negative, no ray through the image, a start or an objective that is not finite.
pub fn pwls_tv<T: Array>(
    a: &dyn LinearOperator<T>,
    data: &LineIntegrals<T>,
    params: &PwlsTvParams<T>,
    tick: &mut dyn FnMut() -> bool,
) -> Result<(T, Trace)> {
    check_weight("lambda of PWLS-TV", params.lambda)?;
    let problem = LeastSquaresTv {
        a,
        misfit: &|z| data.misfit(z),
        metric: Metric::pixels(metric(a, data)?),
        lambda: params.lambda,
        bound: params.lower_bound,
    };
    let stop = match params.tolerance {
        tolerance if tolerance > 0.0 => Stop::Still(tolerance),
        _ => Stop::Last,
    };
    let first = start(a, params.start.as_ref(), params.lower_bound, data.y())?;
    problem.minimise(first, params.iterations, &stop, tick)
}

/// `AᵀW A 1`, nowhere near 0.
fn metric<T: Array>(a: &dyn LinearOperator<T>, data: &LineIntegrals<T>) -> Result<T> {
    let lengths = a.forward(&ones(a, data.y()))?;
    let seen = a.adjoint(&data.w().weighted(&lengths))?;
    expect_finite("the curvature of PWLS-TV", &seen)?;
    let mut floored = Vec::new();
    for item in 0..seen.batch() {
        let seen = seen.items(item, item + 1);
        let most = seen.to_reals().into_iter().fold(0.0, f64::max);
        if most <= 0.0 {
            return Err(Error::Parameter {
                what: "projector and precisions",
                expected: "a measured ray through the image",
                got: format!("none in item {item}"),
            });
        }
        floored.push(seen.at_least(LEAST_SEEN * most));
    }
    T::concatenate(&floored)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classical::testing::{
        Identity, PrimalDual, Rays, assert_items_alone, least_squares,
    };
    use operators::check::relative_error;
    use operators::{Field, Host, Vector};

    fn exhaustive<T>(lambda: f64, lower_bound: Option<f64>) -> PwlsTvParams<T> {
        PwlsTvParams {
            lambda,
            iterations: 3000,
            tolerance: 0.0,
            lower_bound,
            start: None,
        }
    }

    #[test]
    fn it_ends_where_another_method_does() {
        let rays = Rays::<f64>::new(5, 7, 40, 1);
        let half = rays.image(1, 4).elementwise(&[], &|x, _| x - 0.5);
        let mut y = rays.forward(&half).unwrap();
        y.axpy(&[0.3], &rays.noise(1, 2));
        let data = LineIntegrals::new(y, rays.precisions(1, 3)).unwrap();
        for lambda in [0.3, 1.0] {
            let shrink = |p: &Host<f64>, step: f64| {
                p.elementwise(&[data.w()], &|p, w| p * w[0] / (w[0] + step))
            };
            let expected = PrimalDual {
                a: &rays,
                y: data.y(),
                first: rays.image(1, 5),
                shrink: &shrink,
                lambda,
                bound: Some(0.0),
                iterations: 100_000,
            };
            let expected = expected.solve();
            let on_bound = expected.reals().iter().filter(|x| **x == 0.0).count();
            assert!((1..30).contains(&on_bound), "{on_bound} pixels at 0");
            let params = exhaustive(lambda, Some(0.0));
            let (x, trace) = pwls_tv(&rays, &data, &params, &mut || true).unwrap();
            let error = relative_error(&x, &expected);
            assert!(error < 1e-6, "lambda {lambda}: {error:.1e}");
            let values = &trace.objective[0];
            assert!(values[3000] <= values.iter().fold(f64::INFINITY, |a, b| a.min(*b)) + 1e-9);
        }
    }

    #[test]
    fn without_a_penalty_it_is_least_squares() {
        let rays = Rays::<f64>::new(4, 5, 90, 1);
        let data = LineIntegrals::new(rays.noise(1, 2), rays.precisions(1, 3)).unwrap();
        let (x, _) = pwls_tv(&rays, &data, &exhaustive(0.0, None), &mut || true).unwrap();
        assert!(relative_error(&x, &least_squares(&rays, &data)) < 1e-9);
    }

    /// Denoised, a disc of radius r comes down by 2 λ / (w r) and its surroundings rise by λ times
    /// the perimeter over w times their area; on a grid to some percent.
    #[test]
    fn a_disc_is_lowered_by_two_lambda_over_its_radius() {
        let (n, r, w, lambda) = (64, 20.0, 3.0, 6.0);
        let centred = |i: usize| i as f64 - 0.5 * (n as f64 - 1.0);
        let covered = |i: usize| (r + 0.5 - centred(i / n).hypot(centred(i % n))).clamp(0.0, 1.0);
        let disc = (0..n * n).map(covered).collect();
        let disc = Host::<f64>::new(&[1, n, n], Field::Real, disc);
        let data = LineIntegrals::new(disc.clone(), disc.elementwise(&[], &|_, _| w)).unwrap();
        let (identity, long) = (Identity::new(n, n), exhaustive(lambda, None));
        let (x, trace) = pwls_tv(&identity, &data, &long, &mut || true).unwrap();
        let down = (1.0 - x.reals()[n / 2 * n + n / 2]) / (2.0 * lambda / (w * r));
        let around = (n * n) as f64 - std::f64::consts::PI * r * r;
        let up = x.reals()[0] / (lambda * std::f64::consts::TAU * r / (w * around));
        assert!(
            (down - 1.0).abs() < 0.03 && (up - 1.0).abs() < 0.06,
            "{down} {up}"
        );
        let short = PwlsTvParams {
            tolerance: 1e-4,
            ..long
        };
        let (early, few) = pwls_tv(&identity, &data, &short, &mut || true).unwrap();
        assert!(few.iterations()[0] < 300, "{:?}", few.iterations());
        assert!(relative_error(&early, &x) < 1e-3 && trace.iterations() == [3000]);
    }

    #[test]
    fn dead_bins_say_nothing() {
        let rays = Rays::<f64>::new(5, 7, 40, 1);
        let (y, w) = (rays.noise(1, 2), rays.precisions(1, 3));
        let spoilt = y.elementwise(&[&w], &|y, w| if w[0] > 0.0 { y } else { 1e9 });
        let run = |y| {
            let data = LineIntegrals::new(y, w.clone()).unwrap();
            pwls_tv(&rays, &data, &PwlsTvParams::default(), &mut || true).unwrap()
        };
        assert_eq!(run(y), run(spoilt));
    }

    /// Items that are done earlier than others too.
    #[test]
    fn an_item_gives_the_same_bits_alone() {
        let rays = Rays::<f32>::new(5, 7, 40, 1);
        let params = PwlsTvParams {
            lambda: 0.5,
            tolerance: 1e-5,
            ..PwlsTvParams::default()
        };
        let run = |data: &_| pwls_tv(&rays, data, &params, &mut || true).unwrap();
        assert_items_alone(&rays, |data| run(data).0);
        let three = LineIntegrals::new(rays.noise(3, 2), rays.precisions(3, 3)).unwrap();
        let (x, trace) = run(&three);
        let taken = trace.iterations();
        assert!(taken.iter().any(|n| *n != taken[0]), "{taken:?}");
        assert!(x.reals().iter().all(|x| *x >= 0.0) && x.reals().contains(&0.0));
    }

    #[test]
    fn it_refuses_and_stops() {
        let rays = Rays::<f64>::new(5, 7, 40, 1);
        let (y, w) = (rays.noise(1, 2), rays.precisions(1, 3));
        let data = LineIntegrals::new(y.clone(), w).unwrap();
        let negative = exhaustive(-1.0, None);
        assert!(pwls_tv(&rays, &data, &negative, &mut || true).is_err());
        let stopped = pwls_tv(&rays, &data, &exhaustive(1.0, None), &mut || false);
        assert!(matches!(stopped, Err(Error::Interrupted)));
        let mut blind = y.zeros_like();
        *blind.reals_mut().last_mut().unwrap() = 1.0;
        let data = LineIntegrals::new(y, blind).unwrap();
        let told = pwls_tv(&rays, &data, &exhaustive(1.0, None), &mut || true).unwrap_err();
        assert!(
            told.to_string()
                .contains("a measured ray through the image"),
            "{told}"
        );
    }
}
