//! Which samples of k-space are left out to see whether the rest foretells them.

use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Share of the samples outside of the calibration region that is left out.
const SHARE: f64 = 0.2;
/// The largest share at any distance from the centre.
const MOST: f64 = 0.5;
/// Fewest lines, or points, that it may be.
const FEWEST: usize = 3;
/// Distances from the centre that are told apart.
const RINGS: usize = 12;

/// A fifth of the lines outside of the middle `calibration` ones; of the points outside of that square where lines
/// are not whole. Nothing where that is too few.
///
/// They lie as far from the centre as what was not measured: on what is left out the samples then err as they do on
/// what nobody knows.
pub(super) fn left_out(
    sampled: &Array2<bool>,
    calibration: usize,
    seed: u64,
) -> Option<Array2<bool>> {
    let (rows, columns) = sampled.dim();
    let filled: Vec<usize> = sampled
        .outer_iter()
        .map(|row| row.iter().filter(|s| **s).count())
        .collect();
    // A partial echo is still a line.
    let most = filled.iter().copied().max().unwrap_or(0);
    let lines = filled.iter().all(|n| *n == 0 || 2 * n >= most) && 2 * most >= columns;
    // In half fields of view of k-space, whose edge is 1.
    let out = |i: usize, n: usize| (i as f64 - (n / 2) as f64 + 0.5).abs() / (n as f64 / 2.0);
    let inner = |n: usize| calibration as f64 / n as f64;
    let mut held = Array2::from_elem(sampled.dim(), false);
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x48_454c_444f_5554);
    if lines {
        let all = (0..rows).map(|y| (y, out(y, rows), filled[y] > 0));
        let outside = all.filter(|(_, r, _)| *r >= inner(rows));
        for y in some(outside.collect(), &mut rng)? {
            held.row_mut(y).assign(&sampled.row(y));
        }
    } else {
        let all = sampled.indexed_iter().filter_map(|((y, x), s)| {
            let (down, along) = (out(y, rows), out(x, columns));
            let outside = down >= inner(rows) || along >= inner(columns);
            outside.then_some(((y, x), down.hypot(along), *s))
        });
        for at in some(all.collect(), &mut rng)? {
            held[at] = true;
        }
    }
    Some(held)
}

/// A share of the places that were sampled, from `(place, distance, sampled)`: with the density of those that were
/// not, and evenly over the distances (systematic sampling).
fn some<A: Copy>(mut all: Vec<(A, f64, bool)>, rng: &mut ChaCha8Rng) -> Option<Vec<A>> {
    all.sort_by(|a, b| a.1.total_cmp(&b.1));
    let farthest = all.last()?.1;
    let ring = |r: f64| ((r / farthest * RINGS as f64) as usize).min(RINGS - 1);
    let (mut there, mut missing) = ([0.0; RINGS], [0.0; RINGS]);
    for (_, r, sampled) in &all {
        let count = if *sampled { &mut there } else { &mut missing };
        count[ring(*r)] += 1.0;
    }
    let whole = missing.iter().all(|n| *n == 0.0);
    let weight = |r: f64| {
        if whole {
            1.0
        } else {
            missing[ring(r)] / there[ring(r)]
        }
    };
    all.retain(|(_, _, sampled)| *sampled);
    let share = |c: f64| move |r: f64| (c * weight(r)).min(MOST);
    let count = |c: f64| all.iter().map(|(_, r, _)| share(c)(*r)).sum::<f64>();
    let wanted = SHARE * all.len() as f64;
    let (mut low, mut high) = (0.0, 1e6);
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        *(if count(middle) < wanted {
            &mut low
        } else {
            &mut high
        }) = middle;
    }
    let mut passed: f64 = rng.random();
    let mut found = Vec::new();
    for (place, r, _) in &all {
        let before = passed.floor();
        passed += share(high)(*r);
        if passed.floor() > before {
            found.push(*place);
        }
    }
    (found.len() >= FEWEST).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(held: &Array2<bool>) -> usize {
        held.iter().filter(|h| **h).count()
    }

    #[test]
    fn lines_are_left_out_whole_and_points_alone() {
        let lines = Array2::from_shape_fn((96, 40), |(y, x)| {
            (y % 3 == 0 || (36..60).contains(&y)) && x > 6
        });
        let held = left_out(&lines, 24, 1).unwrap();
        let whole = held.outer_iter().filter(|row| row[20]).count();
        assert_eq!(count(&held), whole * 33);
        // 24 of the 72 outer lines are there.
        assert!((4..=6).contains(&whole), "{whole}");
        let points = Array2::from_shape_fn((96, 40), |(y, x)| (y * 7 + x * 3) % 5 == 0);
        let alone = left_out(&points, 24, 1).unwrap();
        let inside = |y: usize, x: usize| (36..60).contains(&y) && (8..32).contains(&x);
        let there = points
            .indexed_iter()
            .filter(|((y, x), s)| **s && !inside(*y, *x));
        let wanted = SHARE * there.count() as f64;
        assert!((count(&alone) as f64 - wanted).abs() <= 1.0);
        for (held, sampled) in [(&held, &lines), (&alone, &points)] {
            for ((y, x), h) in held.indexed_iter() {
                assert!(!h || sampled[(y, x)] && !inside(y, x));
            }
        }
        assert_eq!(left_out(&lines, 24, 1), Some(held.clone()));
        let others: Vec<_> = (2..9)
            .filter_map(|seed| left_out(&lines, 24, seed))
            .collect();
        assert!(others.iter().any(|other| *other != held));
    }

    /// Sampled densely inside, thinly outside: what is left out has the density of what is missing.
    #[test]
    fn what_is_left_out_lies_where_samples_are_missing() {
        let far = |y: usize, x: usize| (y as f64 - 63.5).hypot(x as f64 - 63.5);
        let sampled = Array2::from_shape_fn((128, 128), |(y, x)| {
            let every = 2 + (far(y, x) / 20.0) as usize;
            (y * 5 + x * 3) % every == 0
        });
        let held = left_out(&sampled, 16, 3).unwrap();
        let mean = |which: &dyn Fn((usize, usize)) -> bool| {
            let chosen: Vec<f64> = sampled
                .indexed_iter()
                .filter(|(at, _)| which(*at))
                .map(|((y, x), _)| far(y, x))
                .collect();
            chosen.iter().sum::<f64>() / chosen.len() as f64
        };
        let (of_held, of_missing) = (mean(&|at| held[at]), mean(&|at| !sampled[at]));
        let of_sampled = mean(&|at| sampled[at]);
        assert!(
            (of_held - of_missing).abs() < 2.0,
            "{of_held}, {of_missing}"
        );
        assert!(
            of_sampled < of_missing - 5.0,
            "{of_sampled}: the case says nothing"
        );
    }

    #[test]
    fn nothing_is_left_out_of_a_calibration_region_alone() {
        let centre = Array2::from_shape_fn((64, 64), |(y, _)| (20..44).contains(&y));
        assert_eq!(left_out(&centre, 24, 1), None);
    }

    #[test]
    fn of_a_whole_k_space_some_is_left_out_too() {
        let all = Array2::from_elem((64, 64), true);
        let held = left_out(&all, 24, 1).unwrap();
        assert_eq!(count(&held), 8 * 64);
    }
}
