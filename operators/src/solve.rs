//! Solvers, generic over [`Vector`]. Every number is per item: a finished item freezes.

use crate::{Error, Result, Vector};

/// When conjugate gradients stop.
#[derive(Clone, Copy, Debug)]
pub struct CgParams {
    /// Iterations at most.
    pub iterations: usize,
    /// `‖r‖ / ‖b‖` at which an item is finished.
    pub tolerance: f64,
}

/// What conjugate gradients did.
#[derive(Clone, Debug)]
pub struct CgInfo {
    /// Iterations of each item.
    pub iterations: Vec<usize>,
    /// `‖r‖ / ‖b‖` of each item at the end, by the recursion.
    pub residual: Vec<f64>,
}

/// Solves `H x = b` for a symmetric positive definite `H` by conjugate gradients from zero.
/// Source: Hestenes and Stiefel 1952.
///
/// Errors: a step that is not finite, with the item that has it.
pub fn conjugate_gradient<T: Vector>(
    h: impl FnMut(&T) -> Result<T>,
    b: &T,
    params: CgParams,
) -> Result<(T, CgInfo)> {
    preconditioned_conjugate_gradient(h, T::clone, b, params)
}

/// The same with a preconditioner `m ≈ H⁻¹`, symmetric and positive definite too.
///
/// Errors: as [`conjugate_gradient`].
pub fn preconditioned_conjugate_gradient<T: Vector>(
    mut h: impl FnMut(&T) -> Result<T>,
    m: impl Fn(&T) -> T,
    b: &T,
    params: CgParams,
) -> Result<(T, CgInfo)> {
    let (mut x, mut r) = (b.zeros_like(), b.clone());
    let mut z = m(&r);
    let mut p = z.clone();
    let bb = b.dot(b);
    let (mut rr, mut rz) = (bb.clone(), r.dot(&z));
    let mut iterations = vec![0; b.batch()];
    for _ in 0..params.iterations {
        let unfinished = |(r, b): (&f64, &f64)| *r > params.tolerance.powi(2) * b && *r > 0.0;
        let active: Vec<bool> = rr.iter().zip(&bb).map(unfinished).collect();
        if !active.contains(&true) {
            break;
        }
        let hp = h(&p)?;
        let alpha = ratios(&rz, &p.dot(&hp), &active);
        if let Some(item) = alpha.iter().position(|a| !a.is_finite()) {
            return Err(Error::NonFinite {
                what: "the step of conjugate gradients",
                item,
            });
        }
        x.axpy(&alpha, &p);
        r.axpy(&alpha.iter().map(|a| -a).collect::<Vec<_>>(), &hp);
        z = m(&r);
        let (length, next) = (r.dot(&r), r.dot(&z));
        p.scale(&ratios(&next, &rz, &active));
        p.axpy(&[1.0], &z);
        for item in (0..active.len()).filter(|i| active[*i]) {
            iterations[item] += 1;
            (rr[item], rz[item]) = (length[item], next[item]);
        }
    }
    let residual = rr
        .iter()
        .zip(&bb)
        .map(|(r, b)| if *b > 0.0 { (r / b).sqrt() } else { 0.0 });
    let residual = residual.collect();
    Ok((
        x,
        CgInfo {
            iterations,
            residual,
        },
    ))
}

/// `top / bottom` of the active items, 0 for the frozen ones.
fn ratios(top: &[f64], bottom: &[f64], active: &[bool]) -> Vec<f64> {
    let ratio = |((t, b), on): ((&f64, &f64), &bool)| if *on { t / b } else { 0.0 };
    top.iter().zip(bottom).zip(active).map(ratio).collect()
}

/// The largest eigenvalue of a symmetric positive `H`, per item, by power iteration from `x`, which becomes the
/// eigenvector: a lower bound that grows with the iterations. 0 for an item that is 0.
pub fn power_iteration<T: Vector>(
    mut h: impl FnMut(&T) -> Result<T>,
    x: &mut T,
    iterations: usize,
) -> Result<Vec<f64>> {
    let inverse = |n: &f64| if *n > 0.0 { 1.0 / n } else { 0.0 };
    let mut value = vec![0.0; x.batch()];
    for _ in 0..iterations {
        x.scale(&x.norm().iter().map(inverse).collect::<Vec<_>>());
        let hx = h(x)?;
        value = x.dot(&hx);
        *x = hx;
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mri::sense;
    use crate::testing::{Backend, assert_close, for_each_backend};
    use crate::{Array, Field, LinearOperator};

    /// (AᴴA + λ) x = b, a Hermitian complex system.
    fn solves_a_hermitian_system<T: Array + 'static>(b: Backend<T>) {
        let maps = b.random(&[1, 3, 7, 9], Field::Complex, 6);
        let a = sense(maps, b.mask(7, 9, 7)).unwrap();
        let h = |x: &T| {
            let mut y = a.normal(x)?;
            y.axpy(&[0.5], x);
            Ok(y)
        };
        let x = b.random(&[3, 7, 9], Field::Complex, 8);
        let params = CgParams {
            iterations: 300,
            tolerance: b.tolerance,
        };
        let (solution, info) = conjugate_gradient(h, &h(&x).unwrap(), params).unwrap();
        assert!(info.residual.iter().all(|r| *r <= b.tolerance), "{info:?}");
        assert_close(&solution, &x, 100.0 * b.tolerance);
    }
    for_each_backend!(hermitian, solves_a_hermitian_system);

    /// The solution is that of the plain method, and a good preconditioner needs fewer steps.
    fn a_preconditioner_saves_steps<T: Array + 'static>(b: Backend<T>) {
        let diagonal: Vec<f64> = (0..63).map(|i| 1.0 + 20.0 * f64::from(i)).collect();
        let d = T::from_reals(&b.device, &[1, 7, 9], Field::Real, &diagonal);
        let inverse: Vec<f64> = diagonal.iter().map(|d| 1.0 / d).collect();
        let inverse = T::from_reals(&b.device, &[1, 7, 9], Field::Real, &inverse);
        let h = |x: &T| {
            let mut y = x.weighted(&d);
            y.axpy(&[0.3], &x.fft2(crate::Direction::Forward));
            Ok(y)
        };
        let x = b.random(&[2, 7, 9], Field::Real, 8);
        let params = CgParams {
            iterations: 300,
            tolerance: b.tolerance,
        };
        let rhs = h(&x).unwrap();
        let (plain, slow) = conjugate_gradient(h, &rhs, params).unwrap();
        let m = |r: &T| r.weighted(&inverse);
        let (same, fast) = preconditioned_conjugate_gradient(h, m, &rhs, params).unwrap();
        assert_close(&same, &x, 1000.0 * b.tolerance);
        assert_close(&plain, &x, 1000.0 * b.tolerance);
        assert!(2 * fast.iterations[0] < slow.iterations[0], "{fast:?}");
    }
    for_each_backend!(preconditioned, a_preconditioner_saves_steps);

    /// An item gives the same bits alone and beside others.
    #[test]
    fn the_batch_does_not_change_an_item() {
        let b = Backend::host_f32();
        let a = sense(b.random(&[1, 3, 7, 9], Field::Complex, 6), b.mask(7, 9, 7)).unwrap();
        let h = |x: &crate::Host<f32>| {
            let mut y = a.normal(x)?;
            y.axpy(&[0.5], x);
            Ok(y)
        };
        let y = b.random(&[3, 7, 9], Field::Complex, 8);
        let params = CgParams {
            iterations: 30,
            tolerance: 1e-3,
        };
        let (together, _) = conjugate_gradient(h, &y, params).unwrap();
        for i in 0..3 {
            let (alone, _) = conjugate_gradient(h, &y.items(i, i + 1), params).unwrap();
            assert_eq!(alone.reals(), together.items(i, i + 1).reals());
        }
    }

    #[test]
    fn the_norm_of_a_unitary_operator_is_one() {
        let b = Backend::host_f64();
        let a = crate::mri::Fourier::new(2, 7, 9);
        let mut x = b.random(&[2, 2, 7, 9], Field::Complex, 1);
        x.scale(&[1.0, 0.0]);
        let n = power_iteration(|x| a.adjoint(&a.forward(x)?), &mut x, 5).unwrap();
        assert!((n[0] - 1.0).abs() < 1e-12);
        assert_eq!(n[1], 0.0, "an item that is 0");
        assert!(x.finite().iter().all(|f| *f));
    }

    #[test]
    fn power_iteration_finds_the_largest_of_several_and_goes_on() {
        let b = Backend::host_f64();
        let mut x = b.random(&[1, 5, 7], Field::Real, 1);
        let weights = (0..35).map(|i| 1.0 + 0.1 * f64::from(i)).collect();
        let weights = crate::Host::new(&[1, 5, 7], Field::Real, weights);
        let h = |x: &crate::Host<f64>| Ok(x.weighted(&weights));
        let few = power_iteration(h, &mut x, 10).unwrap()[0];
        let more = power_iteration(h, &mut x, 400).unwrap()[0];
        assert!(few < 4.39 && few > 3.5, "{few}");
        assert!((more - 4.4).abs() < 1e-6, "{more}");
    }
}
