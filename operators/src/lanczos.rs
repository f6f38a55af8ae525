//! Functions of a symmetric operator, times a vector, by Krylov subspaces.

use crate::{Error, Result, Vector};
use faer::{Mat, Side};

/// `f(H) b` for a symmetric `H` by `steps` of Lanczos: `‖b‖ V f(T) e₁`, exact where `H` has no more
/// different eigenvalues than steps. `f` sees eigenvalues of the tridiagonal `T`.
///
/// All earlier vectors are made orthogonal to each new one: they are few. Errors: those of `H`, values
/// that are not finite. Source: Saad 1992, section 3.
pub fn lanczos<T: Vector>(
    mut h: impl FnMut(&T) -> Result<T>,
    f: impl Fn(f64) -> f64,
    b: &T,
    steps: usize,
) -> Result<T> {
    let length = b.norm();
    let mut basis = vec![unit(b.clone(), &length)];
    let (mut alphas, mut betas) = (Vec::new(), Vec::new());
    for step in 0..steps.max(1) {
        let mut next = h(&basis[step])?;
        alphas.push(next.dot(&basis[step]));
        // Twice is enough.
        for _ in 0..2 {
            for v in &basis {
                let along: Vec<f64> = next.dot(v).into_iter().map(|d| -d).collect();
                next.axpy(&along, v);
            }
        }
        let beta = next.norm();
        if step + 1 < steps {
            basis.push(unit(next, &beta));
            betas.push(beta);
        }
    }
    let mut out = b.zeros_like();
    let weights: Vec<Vec<f64>> = (0..b.batch())
        .map(|item| {
            let of = |values: &[Vec<f64>]| values.iter().map(|v| v[item]).collect::<Vec<_>>();
            first_column(&of(&alphas), &of(&betas), &f).ok_or(Error::NonFinite {
                what: "the step of Lanczos",
                item,
            })
        })
        .collect::<Result<_>>()?;
    for (step, v) in basis.iter().enumerate() {
        let a: Vec<f64> = weights
            .iter()
            .zip(&length)
            .map(|(w, length)| w[step] * length)
            .collect();
        out.axpy(&a, v);
    }
    Ok(out)
}

/// `v / length`; 0 of an item whose length is 0 within rounding.
fn unit<T: Vector>(mut v: T, length: &[f64]) -> T {
    let inverse: Vec<f64> = length
        .iter()
        .map(|l| if *l > 1e-14 { 1.0 / l } else { 0.0 })
        .collect();
    v.scale(&inverse);
    v
}

/// `f(T) e₁` of the tridiagonal `T`.
fn first_column(alphas: &[f64], betas: &[f64], f: &impl Fn(f64) -> f64) -> Option<Vec<f64>> {
    let n = alphas.len();
    let t = Mat::from_fn(n, n, |i, j| match i.abs_diff(j) {
        0 => alphas[i],
        1 => betas[i.min(j)],
        _ => 0.0,
    });
    if alphas.iter().chain(betas).any(|v| !v.is_finite()) {
        return None;
    }
    let eigen = t.self_adjoint_eigen(Side::Lower).ok()?;
    let (u, s) = (eigen.U(), eigen.S().column_vector());
    let weights: Vec<f64> = (0..n)
        .map(|i| (0..n).map(|k| u[(i, k)] * f(s[k]) * u[(0, k)]).sum())
        .collect();
    weights
        .iter()
        .all(|w: &f64| w.is_finite())
        .then_some(weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Array, Field, Host, SliceRng};

    /// A diagonal of `kinds` different values.
    fn diagonal(x: &Host<f64>, kinds: usize) -> Host<f64> {
        let values: Vec<f64> = (0..30).map(|i| 0.3 + (i % kinds) as f64).collect();
        x.weighted(&Host::new(&[1, 5, 6], Field::Real, values))
    }

    #[test]
    fn the_root_times_itself_is_the_operator() {
        let b = Host::<f64>::zeros(&[3, 5, 6], Field::Real)
            .normal_like(&mut SliceRng::samples(1, 0, 3));
        let root = |v: &Host<f64>| lanczos(|x| Ok(diagonal(x, 6)), f64::sqrt, v, 6).unwrap();
        let twice = root(&root(&b));
        let apart = twice.minus(&diagonal(&b, 6)).norm();
        assert!(
            apart.iter().zip(b.norm()).all(|(a, b)| *a < 1e-10 * b),
            "{apart:?}"
        );
    }

    #[test]
    fn few_steps_are_near_and_a_zero_stays_zero() {
        let mut b = Host::<f64>::zeros(&[2, 5, 6], Field::Real)
            .normal_like(&mut SliceRng::samples(2, 0, 2));
        b.scale(&[1.0, 0.0]);
        let near = lanczos(|x| Ok(diagonal(x, 30)), f64::sqrt, &b, 8).unwrap();
        let exact: Vec<f64> = (0..30).map(|i| (0.3 + i as f64).sqrt()).collect();
        let exact = b.weighted(&Host::new(&[1, 5, 6], Field::Real, exact));
        let apart = near.minus(&exact).norm();
        assert!(
            apart[0] < 1e-2 * exact.norm()[0] && apart[1] == 0.0,
            "{apart:?}"
        );
    }

    #[test]
    fn what_is_no_number_is_an_error() {
        let b = Host::<f64>::zeros(&[1, 5, 6], Field::Real)
            .normal_like(&mut SliceRng::samples(2, 0, 1));
        assert!(lanczos(|x| Ok(x.scaled(f64::NAN)), f64::sqrt, &b, 3).is_err());
    }
}
