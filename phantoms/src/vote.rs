//! Smooth borders between the labels of a map.

use ndarray::Array2;

/// The two strongest labels around a point by cubic B-spline weights, and the share of the first
/// one.
///
/// Smooth weights round the stairs of the label map; the share falls from 1 to 1/2 within half a
/// label pixel.
pub(crate) fn vote<T: Copy + Default + Ord>(labels: &Array2<T>, [x, y]: [f64; 2]) -> (T, T, f32) {
    let (ny, nx) = labels.dim();
    let (x0, y0) = (x.floor(), y.floor());
    let index =
        |v: f64, t: usize, n: usize| (v + t as f64 - 1.0).clamp(0.0, (n - 1) as f64) as usize;
    let (columns, rows): ([usize; 4], [usize; 4]) = (
        std::array::from_fn(|t| index(x0, t, nx)),
        std::array::from_fn(|t| index(y0, t, ny)),
    );
    let near = labels[(rows[1], columns[1])];
    if rows
        .iter()
        .all(|&r| columns.iter().all(|&c| labels[(r, c)] == near))
    {
        return (near, near, 1.0);
    }
    let (wx, wy) = (spline(x - x0), spline(y - y0));
    let mut votes = [(T::default(), 0f32); 16];
    let mut n = 0;
    for (r, wy) in rows.iter().zip(wy) {
        for (c, wx) in columns.iter().zip(wx) {
            let label = labels[(*r, *c)];
            let known = votes[..n].iter().position(|v| v.0 == label).unwrap_or(n);
            votes[known] = (label, votes[known].1 + wx * wy);
            n = n.max(known + 1);
        }
    }
    let votes = &mut votes[..n];
    votes.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let second = votes.get(1).copied().unwrap_or((votes[0].0, 0.0));
    (
        votes[0].0,
        second.0,
        (0.5 + (votes[0].1 - second.1)).min(1.0),
    )
}

/// The four cubic B-spline weights at a fraction.
pub(crate) fn spline(t: f64) -> [f32; 4] {
    let s = 1.0 - t;
    let inner = |t: f64| (4.0 - 6.0 * t * t + 3.0 * t * t * t) / 6.0;
    [s * s * s / 6.0, inner(t), inner(s), t * t * t / 6.0].map(|w| w as f32)
}
