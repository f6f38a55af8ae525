//! The Fourier transform of a section.

use std::f64::consts::{PI, TAU};

use num_complex::Complex64;

use super::{Overlap, Section};
use crate::shape::{adaptive_between, wave};

/// Panels at least that the integral over y begins with, for edges that meet between.
const PANELS: usize = 64;

impl Section {
    /// `F(k) = ∫ f(p) exp(-2 pi i k.p) dp`, k in cycles per unit.
    ///
    /// Values that add: of each region, exact. Where the last value counts: exact along x, adaptive
    /// quadrature over y, to 1e-8 of what the absolute values add up to.
    pub fn fourier(&self, k: [f64; 2]) -> Complex64 {
        if self.overlap == Overlap::Adds {
            let terms = self
                .layers()
                .iter()
                .map(|(v, region)| region.fourier(k) * *v);
            return terms.sum();
        }
        let bells = self.layers().iter().filter(|(_, region)| region.is_bell());
        let bells: Complex64 = bells.map(|(v, region)| region.fourier(k) * *v).sum();
        let row = |y: f64| {
            let mut sum = Complex64::ZERO;
            self.each_stretch([0.0, y], [1.0, 0.0], &mut |value, range| {
                sum += value * wave(k[0], range);
            });
            sum * Complex64::cis(-TAU * k[1] * y)
        };
        let (bands, tolerance) = self.bands(k[1].abs());
        let along = |band: &Band| {
            adaptive_between(&|t| band.of(&row, t), &band.places, tolerance * band.share)
        };
        bells + bands.iter().map(along).sum::<Complex64>()
    }

    /// The bands between the ends of regions along y, with panels for waves up to a frequency; and
    /// the error of an integral over all of them, 1e-9 of what the absolute values add up to.
    pub(super) fn bands(&self, most: f64) -> (Vec<Band>, f64) {
        let mut ends: Vec<f64> = self
            .bounds()
            .iter()
            .flat_map(|[low, high]| [low[1], high[1]])
            .collect();
        ends.sort_by(f64::total_cmp);
        ends.dedup();
        let all = ends.last().unwrap_or(&0.0) - ends.first().unwrap_or(&0.0);
        let bands = ends.windows(2).map(|w| Band::new([w[0], w[1]], all, most));
        let size: f64 = self
            .layers()
            .iter()
            .zip(self.bounds())
            .map(|((v, _), [low, high])| v.abs() * (high[0] - low[0]) * (high[1] - low[1]))
            .sum();
        (bands.collect(), 1e-9 * size)
    }
}

/// A band of rows, `y = middle - half cos(t)`: smooth in t where chords begin and end with a root.
pub(super) struct Band {
    middle: f64,
    half: f64,
    /// Of the height of all bands.
    pub share: f64,
    /// Panels of t that an integral begins with.
    pub places: Vec<f64>,
}

impl Band {
    fn new([from, to]: [f64; 2], all: f64, most: f64) -> Self {
        let share = (to - from) / all;
        let count = (share * PANELS as f64).max((to - from) * most).ceil() as usize;
        Self {
            share,
            places: (0..=count).map(|n| PI * n as f64 / count as f64).collect(),
            ..Self::plain([from, to])
        }
    }

    /// Of one panel, and the only one.
    pub fn plain([from, to]: [f64; 2]) -> Self {
        Self {
            middle: 0.5 * (from + to),
            half: 0.5 * (to - from),
            share: 1.0,
            places: vec![0.0, PI],
        }
    }

    /// The height.
    pub fn y(&self, t: f64) -> f64 {
        self.middle - self.half * t.cos()
    }

    /// `dy / dt`.
    pub fn slope(&self, t: f64) -> f64 {
        self.half * t.sin()
    }

    /// A function of the height, times `dy / dt`.
    pub fn of(&self, row: &dyn Fn(f64) -> Complex64, t: f64) -> Complex64 {
        row(self.y(t)) * self.slope(t)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Ellipse, Polygon, Region};

    /// Nested shapes: what the last one replaces is known.
    fn nested() -> (Section, Section) {
        let shapes: [Region; 3] = [
            Ellipse::new([0.0, 0.1], [0.8, 0.6], 0.4).into(),
            Polygon::rectangle([0.1, 0.1], [0.3, 0.25]).into(),
            Ellipse::disc([0.1, 0.15], 0.1).into(),
        ];
        let with = |values: [f64; 3]| values.into_iter().zip(shapes.clone()).collect();
        (
            Section::new(Overlap::LastWins, with([1.0, 1.5, 0.2])),
            Section::new(Overlap::Adds, with([1.0, 0.5, -1.3])),
        )
    }

    #[test]
    fn nested_shapes_have_the_transform_of_their_differences() {
        let (replacing, adding) = nested();
        for k in [[0.0, 0.0], [0.8, -0.3], [3.0, 2.0], [0.0, 5.0]] {
            let error = (replacing.fourier(k) - adding.fourier(k)).norm();
            assert!(error < 1e-8, "{k:?}: {error:e}");
        }
    }

    #[test]
    fn the_slice_theorem_holds_where_shapes_overlap() {
        let section = Section::new(
            Overlap::LastWins,
            vec![
                (1.0, Ellipse::new([0.0, 0.1], [0.8, 0.6], 0.4).into()),
                (2.0, Polygon::rectangle([0.5, 0.1], [0.3, 0.25]).into()),
                (0.2, Ellipse::disc([0.4, 0.4], 0.3).into()),
            ],
        );
        let (s, c) = 0.7f64.sin_cos();
        for kappa in [0.0, 0.9, 2.3] {
            let project = |t: f64| {
                section.line_integral([t * c, t * s], [-s, c]) * Complex64::cis(-TAU * kappa * t)
            };
            let places: Vec<f64> = (0..=400)
                .map(|n| -1.3 + 2.6 * f64::from(n) / 400.0)
                .collect();
            let sum = adaptive_between(&project, &places, 1e-9);
            let error = (sum - section.fourier([kappa * c, kappa * s])).norm();
            assert!(error < 1e-7, "{kappa}: {error:e}");
        }
    }
}
