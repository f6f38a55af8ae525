//! Least squares in k-space with total variation.

use super::Trace;
use super::least_squares_tv::{LeastSquaresTv, Stop, check_weight};
use super::line_integrals::expect_finite;
use super::metric::Metric;
use operators::{Array, Error, LinearOperator, Result};

/// How [`sense_tv`] runs.
#[derive(Clone, Copy, Debug)]
pub struct SenseTvParams {
    /// Weight of the total variation, in units of the data; for white noise of deviation `σ` a
    /// weight that no unit changes is `λ / σ`.
    pub lambda: f64,
    /// No less than `‖AᴴA‖`: for maps of unit root sum of squares the most averages of a sample.
    pub curvature: f64,
    /// Iterations at most.
    pub iterations: usize,
    /// What is left of the conditions of a minimum where an item is finished, relative to the
    /// gradient at 0 and to the objective; 0 goes on to the last iteration.
    pub tolerance: f64,
}

impl Default for SenseTvParams {
    fn default() -> Self {
        SenseTvParams {
            lambda: 1.0,
            curvature: 1.0,
            iterations: 500,
            tolerance: 1e-3,
        }
    }
}

/// `argmin_x ½ ‖A x - y‖² + λ TV(x)` from `start`, for complex images: isotropic, the magnitude of
/// their complex differences, so that a global phase of the data is one of the image.
///
/// `y` is white: the square roots of averages and precisions are in `A` and `y`. By the optimised
/// proximal gradient method (`A` and `Aᴴ` once an iteration) up to the conditions of a minimum:
/// a dual field `|q| ≤ λ` with `Aᴴ(A x - y) + Dᴴ q = 0` and `<q, D x> = λ TV(x)`.
/// Source: Block, Uecker and Frahm 2007 (MRM 57:1086).
///
/// Errors: λ negative, a curvature that is not positive, a start or an objective that is not
/// finite (a curvature below `‖AᴴA‖` diverges).
pub fn sense_tv<T: Array>(
    a: &dyn LinearOperator<T>,
    y: &T,
    start: &T,
    params: &SenseTvParams,
    tick: &mut dyn FnMut() -> bool,
) -> Result<(T, Trace)> {
    check_weight("lambda of SENSE with total variation", params.lambda)?;
    if !(params.curvature > 0.0 && params.curvature.is_finite()) {
        return Err(Error::Parameter {
            what: "curvature of SENSE with total variation",
            expected: "a positive number, no less than the norm of the normal operator",
            got: params.curvature.to_string(),
        });
    }
    expect_finite("the start image", start)?;
    let misfit = |z: &T| {
        let r = z.minus(y);
        (r.dot(&r).iter().map(|d| 0.5 * d).collect(), r)
    };
    let stop = match params.tolerance {
        tolerance if tolerance > 0.0 => Stop::Optimal {
            tolerance,
            gradient_at_zero: a.adjoint(y)?.norm(),
        },
        _ => Stop::Last,
    };
    let problem = LeastSquaresTv {
        a,
        misfit: &misfit,
        metric: Metric::Even(params.curvature),
        lambda: params.lambda,
        bound: None,
    };
    let first = (start.clone(), a.forward(start)?);
    problem.minimise(first, params.iterations, &stop, tick)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classical::testing::PrimalDual;
    use crate::classical::{cg_sense, total_variation};
    use operators::check::relative_error;
    use operators::mri::sense;
    use operators::{Chain, Direction, Field, Host, SliceRng, Space, Vector};

    const SIDES: [usize; 2] = [6, 7];

    fn drawn(sizes: &[usize], field: Field, seed: u64) -> Host<f64> {
        Host::zeros(sizes, field).normal_like(&mut SliceRng::samples(seed, 0, sizes[0] as u32))
    }

    /// Two coils that see every second row, or all of them.
    fn scan(full: bool) -> Chain<Host<f64>> {
        let [rows, columns] = SIDES;
        let sampled = |i: usize| {
            if full || (i / columns).is_multiple_of(2) {
                1.0
            } else {
                0.0
            }
        };
        let mask = (0..rows * columns).map(sampled).collect();
        let mask = Host::new(&[1, rows, columns], Field::Real, mask);
        sense(drawn(&[1, 2, rows, columns], Field::Complex, 3), mask).unwrap()
    }

    /// A block with a phase, and noise.
    fn data(a: &Chain<Host<f64>>, batch: usize) -> Host<f64> {
        let [rows, columns] = SIDES;
        let block = |i: usize| match (i / columns, i % columns) {
            (1..4, 2..6) => [3.0, -4.0],
            _ => [1.0, 0.5],
        };
        let pairs = (0..rows * columns).flat_map(block).collect();
        let x = Host::new(&[1, rows, columns], Field::Complex, pairs).repeat(batch);
        let mut y = a.forward(&x).unwrap();
        let noise = drawn(&y.sizes(), Field::Complex, 4);
        y.axpy(&[0.5], &a.forward(&a.adjoint(&noise).unwrap()).unwrap());
        y
    }

    fn exhaustive(a: &Chain<Host<f64>>, lambda: f64) -> SenseTvParams {
        let mut x = drawn(&[1, SIDES[0], SIDES[1]], Field::Complex, 8);
        let square = operators::solve::power_iteration(|x| a.normal(x), &mut x, 500).unwrap();
        SenseTvParams {
            lambda,
            curvature: 1.001 * square[0],
            iterations: 4000,
            tolerance: 0.0,
        }
    }

    fn solved(a: &dyn LinearOperator<Host<f64>>, y: &Host<f64>, p: &SenseTvParams) -> Host<f64> {
        let zero = a.adjoint(y).unwrap().zeros_like();
        sense_tv(a, y, &zero, p, &mut || true).unwrap().0
    }

    fn reference(a: &Chain<Host<f64>>, y: &Host<f64>, lambda: f64) -> Host<f64> {
        let shrink = |p: &Host<f64>, step: f64| p.scaled(1.0 / (1.0 + step));
        let problem = PrimalDual {
            a,
            y,
            first: drawn(&[1, SIDES[0], SIDES[1]], Field::Complex, 5),
            shrink: &shrink,
            lambda,
            bound: None,
            iterations: 20_000,
        };
        problem.solve()
    }

    /// `A` whose coils are not conjugated on the way back: right for real sensitivities alone.
    struct WrongAdjoint<'a>(&'a Chain<Host<f64>>, Host<f64>);

    impl LinearOperator<Host<f64>> for WrongAdjoint<'_> {
        fn name(&self) -> &'static str {
            "coils not conjugated"
        }
        fn domain(&self) -> &Space {
            self.0.domain()
        }
        fn range(&self) -> &Space {
            self.0.range()
        }
        fn forward(&self, x: &Host<f64>) -> Result<Host<f64>> {
            self.0.forward(x)
        }
        fn adjoint(&self, y: &Host<f64>) -> Result<Host<f64>> {
            let conjugated = self.1.to_reals();
            let pairs = conjugated.chunks(2).flat_map(|z| [z[0], -z[1]]).collect();
            let maps = Host::new(&self.1.sizes(), Field::Complex, pairs);
            Ok(y.fft2(Direction::Inverse).gather(&maps))
        }
    }

    #[test]
    fn it_ends_where_another_method_does() {
        let a = scan(false);
        let y = data(&a, 1);
        for lambda in [0.3, 3.0] {
            let expected = reference(&a, &y, lambda);
            let found = solved(&a, &y, &exhaustive(&a, lambda));
            let error = relative_error(&found, &expected);
            assert!(error < 1e-6, "lambda {lambda}: {error:.1e}");
        }
    }

    /// Of an operator whose adjoint is wrong nothing can be the minimum.
    #[test]
    fn a_wrong_adjoint_is_found_out() {
        let a = scan(true);
        let y = data(&a, 1);
        let wrong = WrongAdjoint(&a, drawn(&[1, 2, SIDES[0], SIDES[1]], Field::Complex, 3));
        let expected = reference(&a, &y, 0.3);
        let params = exhaustive(&a, 0.3);
        assert!(relative_error(&solved(&a, &y, &params), &expected) < 1e-6);
        let zero = expected.zeros_like();
        let off = match sense_tv(&wrong, &y, &zero, &params, &mut || true) {
            Ok((x, _)) => relative_error(&x, &expected),
            Err(Error::NonFinite { .. }) => f64::INFINITY,
            Err(other) => panic!("{other}"),
        };
        assert!(off > 0.05, "{off}");
    }

    #[test]
    fn without_a_penalty_it_is_least_squares() {
        let a = scan(true);
        let y = data(&a, 1);
        let (expected, _) = cg_sense(&a, &y, 0.0, 400).unwrap();
        let found = solved(&a, &y, &exhaustive(&a, 0.0));
        assert!(relative_error(&found, &expected) < 1e-6);
        let nearly = solved(&a, &y, &exhaustive(&a, 1e-4));
        let apart = relative_error(&nearly, &expected);
        assert!(apart > 1e-8 && apart < 1e-3, "{apart}");
    }

    /// The constant that is nearest to the data: `<A 1, y> / ‖A 1‖²`.
    #[test]
    fn a_large_penalty_leaves_a_constant() {
        let a = scan(false);
        let y = data(&a, 1);
        let elements = SIDES[0] * SIDES[1];
        let ones = [1.0, 0.0].repeat(elements);
        let ones = Host::new(&[1, SIDES[0], SIDES[1]], Field::Complex, ones);
        let seen = a.forward(&ones).unwrap();
        let turned: Vec<f64> = seen.reals().chunks(2).flat_map(|z| [-z[1], z[0]]).collect();
        let turned = Host::new(&seen.sizes(), Field::Complex, turned);
        let power = seen.dot(&seen)[0];
        let value = [seen.dot(&y)[0] / power, turned.dot(&y)[0] / power];
        let found = solved(&a, &y, &exhaustive(&a, 300.0));
        for z in found.reals().chunks(2) {
            let off = (z[0] - value[0]).hypot(z[1] - value[1]);
            assert!(off < 1e-4, "{z:?} {value:?}");
        }
    }

    /// Another unit of the data with a weight in the same unit, and another global phase, change the
    /// image by no more than themselves.
    #[test]
    fn units_and_phase_pass_through() {
        let a = scan(false);
        let y = data(&a, 1);
        let plain = solved(&a, &y, &exhaustive(&a, 1.0));
        let larger = solved(&a, &y.scaled(1e3), &exhaustive(&a, 1e3));
        assert!(relative_error(&larger, &plain.scaled(1e3)) < 1e-9);
        let turn = |x: &Host<f64>| {
            let pairs = x.reals().chunks(2).flat_map(|z| [-z[1], z[0]]).collect();
            Host::new(&x.sizes(), Field::Complex, pairs)
        };
        let turned = solved(&a, &turn(&y), &exhaustive(&a, 1.0));
        assert!(relative_error(&turned, &turn(&plain)) < 1e-9);
    }

    /// Where it stops early the objective is within the tolerance of the least one, and an item
    /// beside others has the bits that it has alone.
    #[test]
    fn it_stops_near_the_minimum() {
        let a = scan(false);
        let mut y = data(&a, 1);
        let other = data(&a, 1).scaled(0.2);
        y = Host::concatenate(&[y, other]).unwrap();
        let early = SenseTvParams {
            tolerance: 1e-3,
            ..exhaustive(&a, 1.0)
        };
        let zero = a.adjoint(&y).unwrap().zeros_like();
        let (x, trace) = sense_tv(&a, &y, &zero, &early, &mut || true).unwrap();
        let least = solved(&a, &y, &exhaustive(&a, 1.0));
        let objective = |x: &Host<f64>| -> Vec<f64> {
            let r = a.forward(x).unwrap().minus(&y);
            let halves = r.dot(&r).into_iter().zip(total_variation(x));
            halves.map(|(r, tv)| 0.5 * r + tv).collect()
        };
        for (i, (found, least)) in objective(&x).iter().zip(objective(&least)).enumerate() {
            let above = found / least - 1.0;
            assert!((-1e-9..1e-2).contains(&above), "item {i}: {above:.1e}");
            assert!(trace.iterations()[i] < 1000, "{:?}", trace.iterations());
            let (y, zero) = (y.items(i, i + 1), zero.items(i, i + 1));
            let (alone, _) = sense_tv(&a, &y, &zero, &early, &mut || true).unwrap();
            assert_eq!(alone.reals(), x.items(i, i + 1).reals());
        }
    }

    #[test]
    fn it_refuses_and_stops() {
        let a = scan(false);
        let y = data(&a, 1);
        let zero = a.adjoint(&y).unwrap().zeros_like();
        let run = |p: &SenseTvParams, go: bool| sense_tv(&a, &y, &zero, p, &mut || go);
        let told = |p: SenseTvParams| run(&p, true).unwrap_err().to_string();
        assert!(told(exhaustive(&a, -1.0)).contains("not negative, got -1"));
        let flat = SenseTvParams {
            curvature: 0.0,
            ..exhaustive(&a, 1.0)
        };
        assert!(told(flat).contains("curvature"));
        let steep = SenseTvParams {
            curvature: 0.2 * exhaustive(&a, 1.0).curvature,
            ..exhaustive(&a, 0.0)
        };
        assert!(told(steep).contains("not finite"));
        let stopped = run(&exhaustive(&a, 1.0), false);
        assert!(matches!(stopped, Err(Error::Interrupted)));
    }
}
