//! The column that the rotation axis is seen in, found in the data of a parallel scan.

use ndarray::{Array2, ArrayView1};
use std::f64::consts::{PI, TAU};

/// The column about which views half a turn apart mirror each other, or about which the centre of
/// mass turns; none where the sinogram shows neither.
///
/// `p(s, t + π) = p(-s, t)`: of views within half a step of being opposite, the shift that makes
/// one the mirror of the other, by the least squared difference. Without such views the
/// centre of mass `c(t) = c₀ + a cos t + b sin t` is fitted, which holds as long as the object lies
/// within the detector.
pub(super) fn find_centre(lines: &Array2<f32>, angles_rad: &[f64]) -> Option<f64> {
    match opposite(angles_rad) {
        Some((first, second)) => mirror(lines.row(first), lines.row(second)),
        None => centre_of_mass(lines, angles_rad),
    }
}

/// The two views that are nearest to half a turn apart, if within half a step.
fn opposite(angles_rad: &[f64]) -> Option<(usize, usize)> {
    let n = angles_rad.len();
    let step = TAU / (2.0 * n as f64);
    let mut best: Option<(f64, usize, usize)> = None;
    for (i, a) in angles_rad.iter().enumerate() {
        for (j, b) in angles_rad.iter().enumerate().skip(i + 1) {
            let gap = ((b - a).abs().rem_euclid(TAU) - PI).abs();
            if best.is_none_or(|(found, ..)| gap < found) {
                best = Some((gap, i, j));
            }
        }
    }
    best.filter(|(gap, ..)| *gap <= 0.5 * step)
        .map(|(_, i, j)| (i, j))
}

/// `c` of the best mirror `a(c + s) = b(c - s)`: the grid of half columns, then a parabola through
/// the largest three products.
///
/// `Σ (a - b')²` over all columns, nothing being outside, is least where `Σ a b'` is largest: a
/// small object cannot hide where air meets air.
fn mirror(a: ArrayView1<f32>, b: ArrayView1<f32>) -> Option<f64> {
    let n = a.len();
    // Twice the centre is the sum of mirrored columns.
    let product = |twice: usize| -> f64 {
        let from = twice.saturating_sub(n - 1);
        let to = twice.min(n - 1);
        (from..=to)
            .map(|i| f64::from(a[i]) * f64::from(b[twice - i]))
            .sum()
    };
    let all: Vec<f64> = (0..2 * n - 1).map(product).collect();
    let (best, most) = all
        .iter()
        .copied()
        .enumerate()
        .max_by(|p, q| p.1.total_cmp(&q.1))
        .filter(|(_, most)| *most > 0.0)?;
    let beside = |i: Option<usize>| i.and_then(|i| all.get(i).copied());
    let shift = match (beside(best.checked_sub(1)), beside(Some(best + 1))) {
        (Some(l), Some(r)) if l + r < 2.0 * most => 0.5 * (l - r) / (l + r - 2.0 * most),
        _ => 0.0,
    };
    Some(0.5 * (best as f64 + shift))
}

/// `c₀` of `c(t) = c₀ + a cos t + b sin t`, least squares weighted alike.
fn centre_of_mass(lines: &Array2<f32>, angles_rad: &[f64]) -> Option<f64> {
    let mut normal = [[0.0; 3]; 3];
    let mut right = [0.0; 3];
    for (row, t) in lines.rows().into_iter().zip(angles_rad) {
        let mass: f64 = row.iter().map(|v| f64::from(*v)).sum();
        if mass <= 0.0 {
            continue;
        }
        let moment: f64 = row
            .iter()
            .enumerate()
            .map(|(i, v)| i as f64 * f64::from(*v))
            .sum();
        let basis = [1.0, t.cos(), t.sin()];
        for i in 0..3 {
            right[i] += basis[i] * moment / mass;
            for j in 0..3 {
                normal[i][j] += basis[i] * basis[j];
            }
        }
    }
    solve(normal, right).map(|x| x[0])
}

/// Cramer's rule; none for a singular matrix.
fn solve(m: [[f64; 3]; 3], y: [f64; 3]) -> Option<[f64; 3]> {
    let det = |m: [[f64; 3]; 3]| {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
            - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    let whole = det(m);
    if whole.abs() < 1e-9 {
        return None;
    }
    Some(std::array::from_fn(|column| {
        let mut replaced = m;
        for (row, value) in replaced.iter_mut().zip(y) {
            row[column] = value;
        }
        det(replaced) / whole
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two discs, one off the axis, seen by `n` bins with the axis at `centre`.
    fn sinogram(n: usize, centre: f64, angles: &[f64]) -> Array2<f32> {
        let disc = |s: f64, x: f64, y: f64, t: f64, r: f64| {
            let d = s - x * t.cos() - y * t.sin();
            2.0 * (r * r - d * d).max(0.0).sqrt()
        };
        Array2::from_shape_fn((angles.len(), n), |(v, b)| {
            let (s, t) = (b as f64 - centre, angles[v]);
            (disc(s, 5.0, -8.0, t, 20.0) + 0.5 * disc(s, -15.0, 12.0, t, 6.0)) as f32
        })
    }

    #[test]
    fn the_axis_is_found_between_the_columns() {
        for centre in [40.0, 43.27, 55.5] {
            for (views, arc) in [(61, PI * 61.0 / 60.0), (60, PI), (90, TAU)] {
                let angles: Vec<f64> = (0..views)
                    .map(|v| 0.1 + arc * v as f64 / views as f64)
                    .collect();
                let found = find_centre(&sinogram(100, centre, &angles), &angles).unwrap();
                assert!(
                    (found - centre).abs() < 0.2,
                    "{views}: {found}, not {centre}"
                );
            }
        }
    }

    /// Where most of the detector sees air, air must not be taken for the object.
    #[test]
    fn a_small_noisy_object_is_enough() {
        let angles: Vec<f64> = (0..181).map(|v| PI * f64::from(v) / 180.0).collect();
        let mut lines = Array2::from_shape_fn((181, 200), |(_, b)| {
            let s = b as f64 - 95.3;
            (2.0 * (20.0f64 * 20.0 - s * s).max(0.0).sqrt()) as f32
        });
        let mut state = 1u32;
        for v in &mut lines {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *v += (f64::from(state) / f64::from(u32::MAX) - 0.5) as f32;
        }
        let found = find_centre(&lines, &angles).unwrap();
        assert!((found - 95.3).abs() < 0.3, "{found}");
    }

    #[test]
    fn nothing_has_no_centre() {
        let angles = [0.0, 0.1, 0.2];
        assert!(find_centre(&Array2::zeros((3, 50)), &angles).is_none());
    }
}
