//! Means over moving windows, of the windows that lie inside of the image.

use ndarray::{Array1, Array2, ArrayView2, s};

/// Means over squares of `side` pixels, by running sums: the cost per pixel does not depend on the side.
///
/// `[rows, columns] -> [rows - side + 1, columns - side + 1]`; the image must be that large.
pub(super) fn box_means(image: ArrayView2<f64>, side: usize) -> Array2<f64> {
    let (rows, columns) = image.dim();
    let (high, wide) = (rows + 1 - side, columns + 1 - side);
    let mut along = Array2::zeros((rows, wide));
    for (from, mut to) in image.rows().into_iter().zip(along.rows_mut()) {
        let mut sum: f64 = from.iter().take(side).sum();
        to[0] = sum;
        for column in 1..wide {
            sum += from[column + side - 1] - from[column - 1];
            to[column] = sum;
        }
    }
    let mut means = Array2::zeros((high, wide));
    let mut sums = Array1::<f64>::zeros(wide);
    let area = (side * side) as f64;
    for row in 0..rows {
        sums += &along.row(row);
        if row + 1 >= side {
            let first = row + 1 - side;
            means.row_mut(first).assign(&(&sums / area));
            sums -= &along.row(first);
        }
    }
    means
}

/// Means with the weights `w(i) w(j)`, one axis after the other.
///
/// `[rows, columns] -> [rows - n + 1, columns - n + 1]` for n weights; the image must be that large.
pub(super) fn weighted_means(image: ArrayView2<f64>, weights: &[f64]) -> Array2<f64> {
    let (rows, columns) = image.dim();
    let (high, wide) = (rows + 1 - weights.len(), columns + 1 - weights.len());
    let mut along = Array2::zeros((rows, wide));
    for (from, mut to) in image.rows().into_iter().zip(along.rows_mut()) {
        for (i, w) in weights.iter().enumerate() {
            to.scaled_add(*w, &from.slice(s![i..i + wide]));
        }
    }
    let mut means = Array2::zeros((high, wide));
    for (row, mut to) in means.rows_mut().into_iter().enumerate() {
        for (i, w) in weights.iter().enumerate() {
            to.scaled_add(*w, &along.row(row + i));
        }
    }
    means
}

/// `exp(-i² / 2σ²)` for `|i| <= radius`, of sum 1.
pub(super) fn gaussian(sigma: f64, radius: usize) -> Vec<f64> {
    let weight = |i: usize| {
        let offset = i as f64 - radius as f64;
        (-0.5 * (offset / sigma).powi(2)).exp()
    };
    let weights: Vec<f64> = (0..=2 * radius).map(weight).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| w / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::testing::normal2;

    #[test]
    fn both_are_the_sums_that_they_say() {
        let image = normal2((13, 18), 1);
        let close = |a: &Array2<f64>, b: &Array2<f64>| {
            assert_eq!(a.dim(), b.dim());
            assert!((a - b).iter().all(|d| d.abs() < 1e-13));
        };
        for side in [1, 2, 7, 13] {
            let plain = Array2::from_shape_fn((14 - side, 19 - side), |(y, x)| {
                let window = image.slice(s![y..y + side, x..x + side]);
                window.sum() / (side * side) as f64
            });
            close(&box_means(image.view(), side), &plain);
        }
        let w = gaussian(1.5, 5);
        let plain = Array2::from_shape_fn((3, 8), |(y, x)| {
            let pairs = (0..11).flat_map(|j| (0..11).map(move |i| (j, i)));
            pairs
                .map(|(j, i)| w[j] * w[i] * image[(y + j, x + i)])
                .sum()
        });
        close(&weighted_means(image.view(), &w), &plain);
    }
}
