//! SIRT: the simultaneous iterative reconstruction technique.

use super::line_integrals::{bounded, expect_finite, ones, reciprocal, start};
use super::{LineIntegrals, Trace};
use operators::{Array, Error, LinearOperator, Result};

/// How [`sirt`] runs.
#[derive(Clone, Debug)]
pub struct SirtParams<T> {
    /// Iterations; few regularise.
    pub iterations: usize,
    /// Factor of every step, between 0 and 2.
    pub relaxation: f64,
    /// Least value of the image, 0 for an attenuation; none lets the noise of air average out.
    pub lower_bound: Option<f64>,
    /// First image (batch 1 or one an item), else zero.
    pub start: Option<T>,
}

impl<T> Default for SirtParams<T> {
    fn default() -> Self {
        SirtParams {
            iterations: 100,
            relaxation: 1.0,
            lower_bound: None,
            start: None,
        }
    }
}

/// `x ← x + ω C Aᵀ R (y - A x)` with `R = 1 / (A 1)` and `C = 1 / (Aᵀ 1)`, 0 where the sum is 0.
///
/// It goes to the least squares of `R`; where it is stopped decides what noise comes in. Rays of
/// no weight are left out, the others count alike. The objective is `½ Σ R (y - A x)²`. An
/// iteration applies `A` and `Aᵀ` once. `A` has no negative coefficient.
/// Source: Gregor and Benson 2008 (IEEE TMI 27:918).
///
/// Errors: a relaxation that cannot converge, a start or an iterate that is not finite.
pub fn sirt<T: Array>(
    a: &dyn LinearOperator<T>,
    data: &LineIntegrals<T>,
    params: &SirtParams<T>,
    tick: &mut dyn FnMut() -> bool,
) -> Result<(T, Trace)> {
    if !(params.relaxation > 0.0 && params.relaxation < 2.0) {
        return Err(Error::Parameter {
            what: "relaxation of SIRT",
            expected: "a number between 0 and 2",
            got: params.relaxation.to_string(),
        });
    }
    let items = data.y().batch();
    let lengths = a.forward(&ones(a, data.y()))?.repeat(items);
    let measured = |length: f64, w: &[f64]| f64::from(length > 0.0 && w[0] > 0.0);
    let rays = lengths.elementwise(&[data.w()], &measured);
    let r = reciprocal(&lengths).times(&rays);
    let c = reciprocal(&a.adjoint(&rays)?);
    let weighted = LineIntegrals::new(data.y().clone(), r)?;
    let (mut x, mut z) = start(a, params.start.as_ref(), params.lower_bound, data.y())?;
    let mut trace = Trace::new(items);
    let what = "the misfit of SIRT";
    let (mut misfit, mut slope) = weighted.misfit(&z);
    trace.note(what, &misfit, |_| true)?;
    for _ in 0..params.iterations {
        x.axpy(&[-params.relaxation], &a.adjoint(&slope)?.times(&c));
        x = bounded(x, params.lower_bound);
        z = a.forward(&x)?;
        (misfit, slope) = weighted.misfit(&z);
        trace.note(what, &misfit, |_| true)?;
        if !tick() {
            return Err(Error::Interrupted);
        }
    }
    expect_finite("the image of SIRT", &x)?;
    Ok((x, trace))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classical::testing::{Rays, assert_items_alone, least_squares};
    use operators::Vector;
    use operators::check::relative_error;

    fn many<T>() -> SirtParams<T> {
        SirtParams {
            iterations: 20_000,
            relaxation: 1.9,
            ..SirtParams::default()
        }
    }

    /// Of the weights `1 / (A 1)`, without the dead rays.
    #[test]
    fn it_goes_to_least_squares() {
        let rays = Rays::<f64>::new(4, 5, 90, 1);
        let (y, w) = (rays.noise(1, 2), rays.precisions(1, 3));
        let data = LineIntegrals::new(y.clone(), w.clone()).unwrap();
        let (x, trace) = sirt(&rays, &data, &many(), &mut || true).unwrap();
        let lengths = rays.forward(&ones(&rays, &y)).unwrap();
        let r = reciprocal(&lengths).elementwise(&[&w], &|r, w| if w[0] > 0.0 { r } else { 0.0 });
        let expected = least_squares(&rays, &LineIntegrals::new(y, r).unwrap());
        let error = relative_error(&x, &expected);
        assert!(error < 1e-6, "{error:.1e}");
        let values = &trace.objective[0];
        assert!(values.windows(2).all(|v| v[1] <= v[0] * (1.0 + 1e-12)));
    }

    #[test]
    fn exact_data_give_the_object() {
        let rays = Rays::<f64>::new(4, 5, 90, 1);
        let truth = rays.image(1, 4);
        let w = rays.precisions(1, 3);
        let data = LineIntegrals::new(rays.forward(&truth).unwrap(), w).unwrap();
        let bounded = SirtParams {
            lower_bound: Some(0.0),
            ..many()
        };
        for params in [many(), bounded] {
            let (x, _) = sirt(&rays, &data, &params, &mut || true).unwrap();
            let error = relative_error(&x, &truth);
            assert!(error < 1e-6, "{error:.1e}");
        }
    }

    #[test]
    fn the_bound_holds_and_the_start_is_used() {
        let rays = Rays::<f32>::new(4, 5, 90, 1);
        let data = LineIntegrals::new(rays.noise(1, 2), rays.precisions(1, 3)).unwrap();
        let params = SirtParams {
            iterations: 30,
            lower_bound: Some(0.0),
            ..SirtParams::default()
        };
        let (x, trace) = sirt(&rays, &data, &params, &mut || true).unwrap();
        assert!(x.reals().iter().all(|x| *x >= 0.0) && x.norm()[0] > 0.0);
        assert_eq!(trace.iterations(), [30]);
        let none = SirtParams {
            iterations: 0,
            start: Some(x.clone()),
            ..params
        };
        let (same, short) = sirt(&rays, &data, &none, &mut || true).unwrap();
        assert_eq!(same, x);
        assert_eq!(short.objective[0][0], trace.objective[0][30]);
    }

    #[test]
    fn an_item_gives_the_same_bits_alone() {
        let rays = Rays::<f32>::new(5, 7, 90, 1);
        let params = SirtParams {
            iterations: 20,
            ..SirtParams::default()
        };
        assert_items_alone(&rays, |data| {
            sirt(&rays, data, &params, &mut || true).unwrap().0
        });
    }

    #[test]
    fn it_refuses_and_stops() {
        let rays = Rays::<f64>::new(4, 5, 90, 1);
        let data = LineIntegrals::new(rays.noise(1, 2), rays.precisions(1, 3)).unwrap();
        let steep = SirtParams {
            relaxation: 2.0,
            ..SirtParams::default()
        };
        assert!(sirt(&rays, &data, &steep, &mut || true).is_err());
        let stopped = sirt(&rays, &data, &SirtParams::default(), &mut || false);
        assert!(matches!(stopped, Err(Error::Interrupted)));
        let spoilt = SirtParams {
            start: Some(rays.image(1, 4).scaled(f64::NAN)),
            ..SirtParams::default()
        };
        let told = sirt(&rays, &data, &spoilt, &mut || true).unwrap_err();
        assert_eq!(told.to_string(), "the start image is not finite (item 0)");
    }
}
