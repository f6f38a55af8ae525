//! Small dense systems.

use ndarray::{Array1, Array2, ArrayView1};

/// `S⁻¹ b` of a symmetric positive definite S, by Cholesky's factors; none where S is not.
pub(super) fn solve(matrix: &Array2<f64>, b: ArrayView1<f64>) -> Option<Array1<f64>> {
    let n = b.len();
    let mut l = Array2::<f64>::zeros((n, n));
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| l[(i, k)] * l[(j, k)]).sum();
            let rest = matrix[(i, j)] - dot;
            if i != j {
                l[(i, j)] = rest / l[(j, j)];
            } else if rest > 1e-13 * matrix[(i, i)] {
                l[(i, i)] = rest.sqrt();
            } else {
                return None;
            }
        }
    }
    let mut x = b.to_owned();
    for i in 0..n {
        let dot: f64 = (0..i).map(|k| l[(i, k)] * x[k]).sum();
        x[i] = (x[i] - dot) / l[(i, i)];
    }
    for i in (0..n).rev() {
        let dot: f64 = (i + 1..n).map(|k| l[(k, i)] * x[k]).sum();
        x[i] = (x[i] - dot) / l[(i, i)];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::testing::normal2;
    use ndarray::Array1;

    #[test]
    fn the_solution_solves() {
        let a = normal2((9, 6), 1);
        let s = a.t().dot(&a);
        let x = Array1::from_shape_fn(6, |i| i as f64 - 2.5);
        let found = solve(&s, s.dot(&x).view()).unwrap();
        assert!((found - x).iter().all(|d| d.abs() < 1e-10));
        let flat = normal2((3, 6), 2);
        assert!(solve(&flat.t().dot(&flat), Array1::ones(6).view()).is_none());
    }
}
