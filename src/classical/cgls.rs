//! CGLS: least squares by conjugate gradients.

use super::LineIntegrals;
use operators::solve::{CgInfo, CgParams, conjugate_gradient};
use operators::{Array, Error, LinearOperator, Result};

/// `argmin_x ½ Σ w (A x - y)²` by conjugate gradients on `AᵀW A x = AᵀW y` from zero, stopped
/// early: the number of iterations is the regularisation.
///
/// An iteration applies `A` and `Aᵀ` once. Source: Hestenes and Stiefel 1952, section 10.
pub fn cgls<T: Array>(
    a: &dyn LinearOperator<T>,
    data: &LineIntegrals<T>,
    iterations: usize,
    tick: &mut dyn FnMut() -> bool,
) -> Result<(T, CgInfo)> {
    let h = |x: &T| {
        if !tick() {
            return Err(Error::Interrupted);
        }
        a.adjoint(&a.forward(x)?.times(data.w()))
    };
    let params = CgParams {
        iterations,
        tolerance: f64::EPSILON,
    };
    conjugate_gradient(h, &a.adjoint(&data.y().times(data.w()))?, params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classical::testing::{Rays, assert_items_alone, least_squares};
    use operators::check::relative_error;
    use operators::{Host, Vector};

    #[test]
    fn it_finds_the_weighted_least_squares_solution() {
        let rays = Rays::<f64>::new(5, 7, 90, 1);
        let data = LineIntegrals::new(rays.noise(1, 2), rays.precisions(1, 3)).unwrap();
        let (x, info) = cgls(&rays, &data, 200, &mut || true).unwrap();
        let expected = least_squares(&rays, &data);
        assert!(relative_error(&x, &expected) < 1e-9, "{info:?}");
    }

    #[test]
    fn an_item_gives_the_same_bits_alone() {
        let rays = Rays::<f32>::new(5, 7, 90, 1);
        assert_items_alone(&rays, |data| cgls(&rays, data, 9, &mut || true).unwrap().0);
    }

    #[test]
    fn it_stops_when_asked() {
        let rays = Rays::<f64>::new(4, 4, 30, 1);
        let data = LineIntegrals::new(rays.noise(1, 2), rays.precisions(1, 3)).unwrap();
        let mut left = 3;
        let mut tick = || {
            left -= 1;
            left > 0
        };
        let stopped = cgls(&rays, &data, 200, &mut tick);
        assert!(matches!(stopped, Err(Error::Interrupted)) && left == 0);
        let zero: Host<f64> = data.y().zeros_like();
        let data = LineIntegrals::new(zero, data.w().clone()).unwrap();
        let (x, _) = cgls(&rays, &data, 5, &mut || true).unwrap();
        assert_eq!(x.norm(), [0.0]);
    }
}
