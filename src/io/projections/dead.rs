//! Detector bins that measure nothing.

use ndarray::{ArrayView1, ArrayView2};

use super::{Content, Flats};

/// Views that must agree to the last bit before a bin with a signal counts as stuck.
const STUCK_VIEWS: usize = 8;

/// Bins without a signal above the dark, in the flats or in every view, and bins stuck at one value.
///
/// A bin of line integrals that is 0 in every view sees only air and is no dead one.
pub(in crate::io) fn dead_bins(
    data: ArrayView2<f32>,
    flats: Option<&Flats>,
    content: Content,
) -> Vec<bool> {
    let constant = |column: ArrayView1<f32>| column.iter().all(|x| *x == column[0]);
    let others_vary = data.columns().into_iter().any(|column| !constant(column));
    let dead = |bin: usize| {
        let column = data.column(bin);
        let stuck = column.len() >= STUCK_VIEWS && others_vary && constant(column);
        match (content, flats) {
            (Content::LineIntegrals, _) => stuck && column[0] != 0.0,
            (Content::Transmission, _) => column.iter().all(|&x| x <= 0.0),
            (Content::Counts, None) => column.iter().all(|&x| x <= 0.0),
            (Content::Counts, Some(flats)) => {
                let dark = flats.dark_mean[bin];
                let flat_is_stuck = flats.flat_frames > 1 && flats.flat_variance[bin] == 0.0;
                let flats_vary = flats.flat_variance.iter().any(|&v| v > 0.0);
                flats.flat_mean[bin] <= dark
                    || (stuck && column[0] <= 0.0)
                    || (stuck && flat_is_stuck && flats_vary)
            }
        }
    };
    (0..data.ncols()).map(dead).collect()
}

/// One sentence about dead bins, or nothing.
pub(in crate::io) fn note_dead(dead: &[bool]) -> Option<String> {
    let bins: Vec<usize> = (0..dead.len()).filter(|&bin| dead[bin]).collect();
    let first = bins.iter().take(5).map(usize::to_string);
    let first = first.collect::<Vec<_>>().join(", ");
    let more = if bins.len() > 5 { ", ..." } else { "" };
    (!bins.is_empty()).then(|| {
        format!(
            "{} of {} detector bins are dead ({first}{more}): they are masked",
            bins.len(),
            dead.len()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn zero_and_stuck_bins_are_dead_and_air_is_not() {
        let mut counts = Array2::from_shape_fn([10, 4], |(v, b)| 100.0 + (v * 3 + b) as f32);
        counts.column_mut(1).fill(0.0);
        counts.column_mut(2).fill(77.0);
        let mut frames = Array2::from_shape_fn([3, 4], |(f, _)| 200.0 + f as f32);
        frames.column_mut(2).fill(77.0);
        let dark = Array2::zeros([0, 4]);
        let flats = Flats::from_frames(&frames, &dark);
        let dead = dead_bins(counts.view(), Some(&flats), Content::Counts);
        assert_eq!(dead, [false, true, true, false]);
        assert_eq!(
            note_dead(&dead).unwrap(),
            "2 of 4 detector bins are dead (1, 2): they are masked"
        );
        let lines = dead_bins(counts.view(), None, Content::LineIntegrals);
        assert_eq!(lines, [false, false, true, false]);
        assert!(note_dead(&[false; 3]).is_none());
    }

    #[test]
    fn a_flat_that_is_not_above_the_dark_kills_its_bin() {
        let counts = Array2::from_shape_fn([10, 2], |(v, _)| 5.0 + v as f32);
        let mut flats = Flats::stated(2, 100.0);
        flats.dark_mean.fill(4.0);
        flats.flat_mean[1] = 4.0;
        let dead = dead_bins(counts.view(), Some(&flats), Content::Counts);
        assert_eq!(dead, [false, true]);
    }
}
