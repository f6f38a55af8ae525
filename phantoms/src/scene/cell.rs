//! The mean of shapes over a pixel, where the last value counts.

use num_complex::Complex64;

use super::Overlap;
use super::covered::Covered;
use super::spectrum::Band;
use crate::shape::{Region, adaptive_between};

/// A rectangle.
pub(super) struct Cell {
    centre: [f64; 2],
    width: [f64; 2],
}

/// Shares this close to 0 and 1 are rounding.
const ROUNDING: f64 = 1e-12;
/// Error of the mean where several edges cross a cell, relative to the values.
const TOLERANCE: f64 = 1e-8;

impl Cell {
    /// Of a centre and full widths.
    pub fn new(centre: [f64; 2], width: [f64; 2]) -> Self {
        Self { centre, width }
    }

    /// The mean of layers, of which the last counts.
    pub fn mean(&self, layers: &[&(f64, Region)]) -> f64 {
        let (bells, bodies): (Vec<_>, Vec<_>) =
            layers.iter().copied().partition(|layer| layer.1.is_bell());
        let share = |region: &Region| region.area_average(self.centre, self.width);
        let bells: f64 = bells.iter().map(|(value, bell)| value * share(bell)).sum();
        let (mut partial, mut base) = (Vec::new(), 0.0);
        for &layer in bodies.iter().rev() {
            let share = share(&layer.1);
            if share > 1.0 - ROUNDING {
                base = layer.0;
                break;
            } else if share > ROUNDING {
                partial.push((layer, share));
            }
        }
        let covering = match partial[..] {
            [] => 0.0,
            [((value, _), share)] => share * (value - base),
            _ => self.by_rows(&partial, base),
        };
        base + bells + covering
    }

    /// What layers, the topmost first, add to the base below them: exact along x, by quadrature
    /// along y.
    fn by_rows(&self, layers: &[(&(f64, Region), f64)], base: f64) -> f64 {
        let [x, y] = [0, 1].map(|n| {
            let half = 0.5 * self.width[n];
            [self.centre[n] - half, self.centre[n] + half]
        });
        let row = |y: f64| {
            let (mut covered, mut sum) = (Covered::new(Overlap::LastWins), 0.0);
            for ((value, region), _) in layers {
                region.intervals([0.0, y], [1.0, 0.0], &mut |[from, to]| {
                    let part = [from.max(x[0]), to.min(x[1])];
                    if part[0] < part[1] {
                        covered.add(part, &mut |[a, b]| sum += (value - base) * (b - a));
                    }
                });
                covered.close();
            }
            Complex64::from(sum)
        };
        let largest = layers
            .iter()
            .fold(base.abs(), |m, ((v, _), _)| m.max(v.abs()));
        let area = self.width[0] * self.width[1];
        let mut ends: Vec<f64> = layers
            .iter()
            .flat_map(|((_, region), _)| region.bounds().map(|corner| corner[1]))
            .filter(|end| (y[0]..y[1]).contains(end))
            .chain(y)
            .collect();
        ends.sort_by(f64::total_cmp);
        ends.dedup();
        let sum: f64 = ends
            .windows(2)
            .map(|w| {
                let band = Band::plain([w[0], w[1]]);
                let along = |t: f64| band.of(&row, t);
                adaptive_between(&along, &band.places, TOLERANCE * largest * area).re
            })
            .sum();
        sum / area
    }
}
