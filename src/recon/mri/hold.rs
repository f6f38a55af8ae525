//! Which samples of k-space are left out to see whether the rest foretells them.

use ndarray::{Array2, s};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::Range;

/// Share of the samples outside of the calibration region that is left out.
const SHARE: f64 = 0.2;
/// The largest share at any distance from the centre.
const MOST: f64 = 0.5;
/// Fewest lines and points that it may be.
const FEWEST_LINES: usize = 3;
const FEWEST_POINTS: usize = 50;
/// Distances from the centre that are told apart.
const RINGS: usize = 12;

/// A fifth of the lines outside of the calibration region, or of the points where samples are not lines along one of
/// the axes; the region is the square in the middle that was fully sampled, of side `most` at most. Nothing where that
/// is too few.
///
/// They lie as far from the centre as what was not measured, where samples err as they do on what nobody knows.
pub(super) fn left_out(sampled: &Array2<bool>, most: usize, seed: u64) -> Option<Array2<bool>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x48_454c_444f_5554);
    if is_of_lines(sampled) {
        return lines(sampled, most, &mut rng);
    }
    let turned = sampled.t().to_owned();
    if is_of_lines(&turned) {
        return lines(&turned, most, &mut rng).map(|held| held.reversed_axes());
    }
    let (rows, columns) = sampled.dim();
    let whole = |c: usize| {
        let square = s![middle(c, rows), middle(c, columns)];
        sampled.slice(square).iter().all(|s| *s)
    };
    let side = calibration(whole, most.min(rows).min(columns));
    let all = sampled.indexed_iter().filter_map(|((y, x), s)| {
        let inside = middle(side, rows).contains(&y) && middle(side, columns).contains(&x);
        let far = out(y, rows).hypot(out(x, columns));
        (!inside).then_some(((y, x), far, *s))
    });
    let found = like_missing(all.collect(), FEWEST_POINTS, &mut rng)?;
    let mut held = Array2::from_elem(sampled.dim(), false);
    for at in found {
        held[at] = true;
    }
    Some(held)
}

/// Whether what was sampled is rows, all of the same contiguous columns.
fn is_of_lines(sampled: &Array2<bool>) -> bool {
    let Some(first) = sampled.outer_iter().find(|row| row.iter().any(|s| *s)) else {
        return false;
    };
    let changes = first
        .windows(2)
        .into_iter()
        .filter(|w| w[0] != w[1])
        .count();
    let ends = usize::from(first[0]) + usize::from(first[first.len() - 1]);
    let mut rows = sampled.outer_iter();
    changes + ends == 2 && rows.all(|row| row == first || row.iter().all(|s| !s))
}

/// A fifth of the rows.
fn lines(sampled: &Array2<bool>, most: usize, rng: &mut ChaCha8Rng) -> Option<Array2<bool>> {
    let rows = sampled.nrows();
    let there: Vec<bool> = sampled
        .outer_iter()
        .map(|row| row.iter().any(|s| *s))
        .collect();
    let whole = |c: usize| there[middle(c, rows)].iter().all(|s| *s);
    let side = calibration(whole, most.min(rows));
    let outside = (0..rows).filter(|y| !middle(side, rows).contains(y));
    let all = outside.map(|y| (y, out(y, rows), there[y]));
    let mut held = Array2::from_elem(sampled.dim(), false);
    for y in like_missing(all.collect(), FEWEST_LINES, rng)? {
        held.row_mut(y).assign(&sampled.row(y));
    }
    Some(held)
}

/// The `c` places in the middle of `n`, as ESPIRiT counts them.
fn middle(c: usize, n: usize) -> Range<usize> {
    let start = n / 2 - c / 2;
    start..start + c
}

/// The largest side of a whole middle.
fn calibration(whole: impl Fn(usize) -> bool, most: usize) -> usize {
    (1..=most).rev().find(|c| whole(*c)).unwrap_or(0)
}

/// Distance from the centre, whose far edge is 1.
fn out(i: usize, n: usize) -> f64 {
    (i as f64 - (n / 2) as f64).abs() / (n as f64 / 2.0)
}

/// A share of the places that were sampled, from `(place, distance, sampled)`: with the density of those that were
/// not, and evenly over the distances (systematic sampling).
fn like_missing<A: Copy>(
    mut all: Vec<(A, f64, bool)>,
    fewest: usize,
    rng: &mut ChaCha8Rng,
) -> Option<Vec<A>> {
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
    (found.len() >= fewest).then_some(found)
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
        let inside = |y: usize, x: usize| (36..60).contains(&y) && (8..32).contains(&x);
        let points =
            Array2::from_shape_fn((96, 40), |(y, x)| (y * 7 + x * 3) % 5 == 0 || inside(y, x));
        let alone = left_out(&points, 24, 1).unwrap();
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

    /// Columns are lines as well, and rows of a partial echo; a thin 2-D pattern is points, at any acceleration.
    #[test]
    fn lines_are_told_from_points_along_both_axes_and_of_odd_sizes() {
        let taken = |i: usize, n: usize| i.is_multiple_of(3) || middle(15, n).contains(&i);
        let rows = Array2::from_shape_fn((97, 65), |(y, x)| taken(y, 97) && x >= 11);
        let held = left_out(&rows, 24, 1).unwrap();
        assert!(
            held.outer_iter()
                .all(|row| row.iter().skip(11).all(|h| *h == row[64]))
        );
        let turned = left_out(&rows.t().to_owned(), 24, 1).unwrap();
        assert_eq!(turned.t(), held);
        // The calibration region is what was found, not what was allowed.
        let outer = (0..97)
            .filter(|y| taken(*y, 97) && !middle(15, 97).contains(y))
            .count();
        let whole = held.column(64).iter().filter(|h| **h).count();
        assert!(
            (whole as f64 - SHARE * outer as f64).abs() <= 1.0,
            "{whole} of {outer}"
        );
        let half = Array2::from_shape_fn((64, 64), |(y, x)| (y * 31 + x * 17 + x * x) % 16 < 9);
        assert!(!is_of_lines(&half) && !is_of_lines(&half.t().to_owned()));
        let held = left_out(&half, 24, 1).unwrap();
        assert!(
            held.outer_iter()
                .all(|row| row.iter().filter(|h| **h).count() < 20)
        );
    }

    #[test]
    fn nothing_is_left_out_of_a_calibration_region_alone() {
        let centre = Array2::from_shape_fn((64, 64), |(y, _)| (20..44).contains(&y));
        assert_eq!(left_out(&centre, 24, 1), None);
        assert_eq!(left_out(&Array2::from_elem((8, 8), true), 24, 1), None);
        assert_eq!(left_out(&Array2::from_elem((8, 8), false), 24, 1), None);
    }

    #[test]
    fn of_a_whole_k_space_some_is_left_out_too() {
        let all = Array2::from_elem((64, 64), true);
        let held = left_out(&all, 24, 1).unwrap();
        assert_eq!(count(&held), 8 * 64);
    }
}
