//! What the fully sampled centre of k-space says of the coils: its extent, the kernels that span
//! all its patches, and its principal component.

use faer::linalg::solvers::SelfAdjointEigen;
use faer::{Mat, Side, linalg::evd::EvdError};
use ndarray::{ArrayView2, ArrayView3, s};
use num_complex::{Complex32, Complex64};

/// Size (y, x) of the largest fully sampled box around the centre, at most `limit` samples along
/// each axis.
///
/// The box grows from the one centre sample ⌊N/2⌋ by one line at a time, y and x in turn; an axis
/// that meets an unsampled position, its `limit` or the edge of k-space stops, the other goes on.
/// `[0, 0]` if the centre itself is unsampled. The box starts at [`start`]`(n, N)` along each axis.
pub fn centred_box(sampled: ArrayView2<bool>, limit: usize) -> [usize; 2] {
    let full = [sampled.nrows(), sampled.ncols()];
    let covered = |size: [usize; 2]| {
        let [y, x] = [start(size[0], full[0]), start(size[1], full[1])];
        sampled
            .slice(s![y..y + size[0], x..x + size[1]])
            .iter()
            .all(|&taken| taken)
    };
    if full.contains(&0) || limit == 0 || !covered([1, 1]) {
        return [0, 0];
    }
    let mut size = [1, 1];
    let mut growing = [true, true];
    while growing.contains(&true) {
        for axis in 0..2 {
            let mut larger = size;
            larger[axis] += 1;
            growing[axis] =
                growing[axis] && larger[axis] <= limit.min(full[axis]) && covered(larger);
            if growing[axis] {
                size = larger;
            }
        }
    }
    size
}

/// First index of `size` samples centred in `full`: ⌊N/2⌋ − ⌊n/2⌋, so that the centre ⌊N/2⌋ lies at
/// ⌊n/2⌋.
///
/// Needs `size <= full`; holds for odd and even sizes alike.
pub fn start(size: usize, full: usize) -> usize {
    full / 2 - size / 2
}

/// Orthonormal basis `V` of the space of the `k × k` patches of all coils, one kernel a column.
///
/// `A` holds one patch a column, rows in the order (coil, y, x), and `A Aᴴ = V Σ² Vᴴ`; kept are the
/// directions with `σ_i/σ_1 > √threshold`. Where there are fewer patches than rows, `Aᴴ A = U Σ²
/// Uᴴ` is the smaller Gram matrix and `V = A U Σ⁻¹`. `centre`: (coil, y, x), at least `k` along y
/// and x.
pub(super) fn kernels(
    centre: ArrayView3<Complex32>,
    k: usize,
    threshold: f64,
) -> Result<Mat<Complex64>, EvdError> {
    let (coils, y, x) = centre.dim();
    let across = x - k + 1;
    let a = Mat::from_fn(coils * k * k, (y - k + 1) * across, |row, patch| {
        let (c, dy, dx) = (row / (k * k), row / k % k, row % k);
        widen(centre[[c, patch / across + dy, patch % across + dx]])
    });
    let few_rows = a.nrows() <= a.ncols();
    let gram = if few_rows {
        &a * a.adjoint()
    } else {
        a.adjoint() * &a
    };
    let eigen = hermitian(&gram)?;
    let n = gram.nrows();
    // Rising order: the largest comes last.
    let variance = |i: usize| eigen.S().column_vector()[i].re;
    let floor = threshold.max(f64::EPSILON * n as f64) * variance(n - 1);
    let dropped = (0..n).take_while(|&i| variance(i) <= floor).count();
    let kept = eigen.U().subcols(dropped, n - dropped);
    if few_rows {
        return Ok(kept.to_owned());
    }
    let mut v = &a * kept;
    for (j, column) in v.col_iter_mut().enumerate() {
        let sigma = variance(dropped + j).sqrt();
        column.iter_mut().for_each(|v| *v /= sigma);
    }
    Ok(v)
}

/// First principal component `u` of the data over the coils, its largest entry real and positive.
///
/// `centre`: (coil, y, x), not all zero.
pub(super) fn principal_component(
    centre: ArrayView3<Complex32>,
) -> Result<Vec<Complex32>, EvdError> {
    let (coils, y, x) = centre.dim();
    let samples = Mat::from_fn(coils, y * x, |c, i| widen(centre[[c, i / x, i % x]]));
    let eigen = hermitian(&(&samples * samples.adjoint()))?;
    let u = eigen.U().col(coils - 1);
    let larger = |a: Complex64, b: &Complex64| if b.norm() > a.norm() { *b } else { a };
    let pivot = u.iter().fold(Complex64::ZERO, larger);
    let phase = pivot.conj() / pivot.norm();
    Ok(u.iter()
        .map(|v| v * phase)
        .map(|v| Complex32::new(v.re as f32, v.im as f32))
        .collect())
}

/// Eigen-decomposition of a Hermitian matrix, eigenvalues rising.
fn hermitian(gram: &Mat<Complex64>) -> Result<SelfAdjointEigen<Complex64>, EvdError> {
    gram.self_adjoint_eigen(Side::Lower)
}

fn widen(v: Complex32) -> Complex64 {
    Complex64::new(v.re.into(), v.im.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, Array3};

    /// Lines of y are sampled whole where `lines` says so.
    fn lines(y: usize, x: usize, lines: impl Fn(usize) -> bool) -> Array2<bool> {
        Array2::from_shape_fn((y, x), |(y, _)| lines(y))
    }

    #[test]
    fn everything_sampled_gives_the_limit_or_the_axis() {
        assert_eq!(centred_box(lines(127, 96, |_| true).view(), 24), [24, 24]);
        assert_eq!(centred_box(lines(9, 96, |_| true).view(), 24), [9, 24]);
        assert_eq!(centred_box(lines(7, 1, |_| true).view(), 24), [7, 1]);
    }

    #[test]
    fn a_block_of_lines_is_found_whole_for_even_and_odd_sizes() {
        for (full, n) in [(64, 10), (64, 11), (65, 10), (65, 11)] {
            let first = start(n, full);
            let mask = lines(full, 40, |y| (first..first + n).contains(&y) || y % 4 == 0);
            let found = centred_box(mask.view(), 24);
            // The next regular line may touch the block and belong to it.
            assert!(found[0] >= n && found[0] <= n + 1, "{full} {n}: {found:?}");
            assert_eq!(found[1], 24);
        }
    }

    #[test]
    fn an_unsampled_or_missing_centre_gives_nothing() {
        assert_eq!(centred_box(lines(8, 8, |y| y != 4).view(), 24), [0, 0]);
        assert_eq!(centred_box(lines(0, 8, |_| true).view(), 24), [0, 0]);
        assert_eq!(centred_box(lines(8, 8, |_| true).view(), 0), [0, 0]);
    }

    #[test]
    fn one_hole_stops_the_axis_that_meets_it() {
        let mut mask = lines(64, 64, |_| true);
        mask[[32, 32 + 5]] = false;
        assert_eq!(centred_box(mask.view(), 24), [24, 10]);
    }

    /// Deterministic complex numbers without structure, from the fractional parts of squares.
    fn scatter(shape: (usize, usize, usize)) -> Array3<Complex32> {
        let part = |v: f64| (v.fract() - 0.5) as f32;
        Array3::from_shape_fn(shape, |(c, y, x)| {
            let i = (31 * (31 * c + y) + x) as f64 + 1.0;
            Complex32::new(part(i * i * 0.618_033_988), part(i * i * 0.414_213_562))
        })
    }

    #[test]
    fn both_gram_matrices_give_an_orthonormal_basis_of_all_patches() {
        // 12 rows and 49 patches; 108 rows and 9 patches.
        for (shape, k) in [((3, 8, 8), 2), ((3, 8, 8), 6)] {
            let centre = scatter(shape);
            let v = kernels(centre.view(), k, 0.0).unwrap();
            let patches = (8 - k + 1) * (8 - k + 1);
            assert_eq!(v.ncols(), (3 * k * k).min(patches));
            let identity = Mat::<Complex64>::identity(v.ncols(), v.ncols());
            assert!((v.adjoint() * &v - identity).norm_l2() < 1e-9);
            let last = Mat::from_fn(3 * k * k, 1, |row, _| {
                let (c, dy, dx) = (row / (k * k), row / k % k, row % k);
                widen(centre[[c, 8 - k + dy, 8 - k + dx]])
            });
            let left = &last - &v * (v.adjoint() * &last);
            assert!(left.norm_l2() < 1e-9 * last.norm_l2());
        }
    }

    #[test]
    fn the_principal_component_of_one_source_is_its_coil_vector() {
        let source = scatter((1, 9, 7));
        let gain = [Complex32::new(0.0, -2.0), Complex32::new(1.0, 0.0)];
        let centre = Array3::from_shape_fn((2, 9, 7), |(c, y, x)| gain[c] * source[[0, y, x]]);
        let u = principal_component(centre.view()).unwrap();
        let expected = [Complex32::ONE, Complex32::I / 2.0].map(|v| v / 1.25f32.sqrt());
        assert!(
            u.iter().zip(expected).all(|(u, e)| (u - e).norm() < 1e-6),
            "{u:?}"
        );
    }
}
