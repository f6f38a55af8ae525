//! Smooth borders between the labels of a map.

use ndarray::{Array2, ArrayView2, Zip};

use crate::spline::spline;

/// What stands for several labels in what [`even`] gives.
const MIXED: u8 = u8::MAX;

/// The two strongest labels around a point by cubic B-spline weights, and the share of the first
/// one.
///
/// Smooth weights round the stairs of the label map; the share falls from 1 to 1/2 within half a
/// label pixel. The map must not be empty.
pub(crate) fn vote<T: Copy + Default + Ord>(labels: &Array2<T>, [x, y]: [f64; 2]) -> (T, T, f32) {
    let (x0, y0) = (x.floor(), y.floor());
    let window = window(labels, x0, y0);
    let near = window[1][1];
    if window.iter().flatten().all(|label| *label == near) {
        return (near, near, 1.0);
    }
    let (wx, wy) = (spline(x - x0), spline(y - y0));
    let mut votes = [(T::default(), 0f32); 16];
    let mut n = 0;
    for (line, wy) in window.iter().zip(wy) {
        for (label, wx) in line.iter().zip(wx) {
            let known = votes[..n].iter().position(|v| v.0 == *label).unwrap_or(n);
            votes[known] = (*label, votes[known].1 + wx * wy);
            n = n.max(known + 1);
        }
    }
    // The smaller label of two alike comes first.
    let before = |a: &(T, f32), b: &(T, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)).is_lt();
    let (mut first, mut second) = (votes[0], None);
    for vote in &votes[1..n] {
        if before(vote, &first) {
            (first, second) = (*vote, Some(first));
        } else if second.is_none_or(|second| before(vote, &second)) {
            second = Some(*vote);
        }
    }
    let second = second.unwrap_or((first.0, 0.0));
    (first.0, second.0, (0.5 + (first.1 - second.1)).min(1.0))
}

/// [`vote`] for labels below 32, faster and to the same bits.
pub(crate) fn vote_of_few(labels: &Array2<u8>, [x, y]: [f64; 2]) -> (u8, u8, f32) {
    let (x0, y0) = (x.floor(), y.floor());
    let (wx, wy) = (spline(x - x0), spline(y - y0));
    let (mut bits, mut weights) = ([0u32; 16], [0f32; 16]);
    let lines = window(labels, x0, y0);
    for t in 0..4 {
        for u in 0..4 {
            bits[4 * t + u] = 1 << lines[t][u];
            weights[4 * t + u] = wx[u] * wy[t];
        }
    }
    let mut left = bits.iter().fold(0, |all, bit| all | bit);
    let (mut first, mut second) = ((0, f32::NEG_INFINITY), (0, f32::NEG_INFINITY));
    while left != 0 {
        // Four labels at a time, from the smallest on: of two alike the smaller one comes first.
        let (mut four, mut sums) = ([0u32; 4], [0f32; 4]);
        for own in &mut four {
            *own = left & left.wrapping_neg();
            left &= left.wrapping_sub(1);
        }
        for (bit, weight) in bits.iter().zip(weights) {
            for n in 0..4 {
                sums[n] += if *bit == four[n] { weight } else { 0.0 };
            }
        }
        for (own, sum) in four.iter().zip(sums).filter(|pair| *pair.0 != 0) {
            let vote = (own.trailing_zeros() as u8, sum);
            if sum > first.1 {
                (first, second) = (vote, first);
            } else if sum > second.1 {
                second = vote;
            }
        }
    }
    if second.1 == f32::NEG_INFINITY {
        return (first.0, first.0, 1.0);
    }
    (first.0, second.0, (0.5 + (first.1 - second.1)).min(1.0))
}

/// The 4 x 4 pixels around a place, from one before to two after; the border repeats.
#[inline]
fn window<T: Copy + Default>(labels: &Array2<T>, x0: f64, y0: f64) -> [[T; 4]; 4] {
    let (ny, nx) = labels.dim();
    let mut window = [[T::default(); 4]; 4];
    let within = |v: f64, n: usize| v >= 1.0 && v + 2.0 < n as f64;
    match labels.as_slice() {
        Some(pixels) if within(x0, nx) && within(y0, ny) => {
            let corner = (y0 as usize - 1) * nx + x0 as usize - 1;
            for (t, line) in window.iter_mut().enumerate() {
                line.copy_from_slice(&pixels[corner + t * nx..corner + t * nx + 4]);
            }
        }
        _ => {
            let index = |v: f64, t: usize, n: usize| {
                (v + t as f64 - 1.0).clamp(0.0, (n - 1) as f64) as usize
            };
            for (t, line) in window.iter_mut().enumerate() {
                for (u, label) in line.iter_mut().enumerate() {
                    *label = labels[(index(y0, t, ny), index(x0, u, nx))];
                }
            }
        }
    }
    window
}

/// The label of the 4 x 4 pixels around each pixel, from one before to two after, if it is one: a
/// quick answer to most votes. 255 is no label.
pub(crate) fn even(labels: ArrayView2<u8>) -> Array2<u8> {
    let (ny, nx) = labels.dim();
    let one = |[a, b, c, d]: [u8; 4]| match (a == b) & (b == c) & (c == d) {
        true => a,
        false => MIXED,
    };
    let mut along = Array2::from_elem((ny, nx), MIXED);
    let mut all = along.clone();
    for (mut out, row) in along.rows_mut().into_iter().zip(labels.rows()) {
        for i in 1..nx.saturating_sub(2) {
            out[i] = one([row[i - 1], row[i], row[i + 1], row[i + 2]]);
        }
    }
    for r in 1..ny.saturating_sub(2) {
        Zip::from(all.row_mut(r))
            .and(along.row(r - 1))
            .and(along.row(r))
            .and(along.row(r + 1))
            .and(along.row(r + 2))
            .for_each(|out, &a, &b, &c, &d| *out = one([a, b, c, d]));
    }
    all
}

/// The only label around a point, if [`even`] knows of one.
#[inline]
pub(crate) fn alone(even: &Array2<u8>, [x, y]: [f64; 2]) -> Option<u8> {
    // Negative numbers become 0, where no answer is known.
    let at = (y as u32 as usize, x as u32 as usize);
    even.get(at).copied().filter(|label| *label != MIXED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_answer_is_that_of_the_vote() {
        let labels = Array2::from_shape_fn((43, 31), |(y, x)| match y {
            0..23 => ((x / 9 + y / 8) % 3) as u8,
            _ => ((x * y / 7 + y / 3) % 11) as u8,
        });
        let even = even(labels.view());
        let mut known = 0;
        for n in 0..9000 {
            let at = [
                f64::from(n % 90) * 0.41 - 3.0,
                f64::from(n / 90) * 0.43 - 2.0,
            ];
            if let Some(label) = alone(&even, at) {
                assert_eq!(vote(&labels, at), (label, label, 1.0));
                known += 1;
            }
            assert_eq!(vote_of_few(&labels, at), vote(&labels, at));
        }
        assert!(known > 1000);
    }
}
