//! The Fourier transform of a section on a lattice of frequencies.

use std::f64::consts::TAU;

use ndarray::{Array2, Axis};
use num_complex::Complex64;
use rayon::prelude::*;

use super::{Overlap, Section};
use crate::lattice::Lattice;
use crate::shape::{Region, adaptive_points, wave};

impl Section {
    /// `F(k)` at every frequency of a lattice, for a section within the unit square or a little
    /// beyond: `Complex64[rows, columns]`.
    ///
    /// Values that add: from what bounds each region, to 1e-11 of its area. Where the last value
    /// counts, or where a cone is cut: exact along x, along y as [`fourier`](Self::fourier).
    pub(crate) fn spectrum(&self, lattice: &Lattice) -> Array2<Complex64> {
        let known = |(_, region): &(f64, Region)| region.is_bell() || region.has_boundary();
        let mut spectrum = if self.overlap == Overlap::Adds && self.layers().iter().all(known) {
            self.along_boundaries(lattice)
        } else {
            self.over_rows(lattice)
        };
        let (ky, kx) = (lattice.ky(), lattice.kx());
        for (value, bell) in self.layers().iter().filter(|(_, region)| region.is_bell()) {
            for ((m, l), v) in spectrum.indexed_iter_mut() {
                *v += bell.fourier([kx[l], ky[m]]) * *value;
            }
        }
        spectrum
    }

    /// `F(k) = i / (2 pi |k|²) ∮ (k_x dB_y - k_y dB_x) exp(-2 pi i k.B)`, all regions together.
    fn along_boundaries(&self, lattice: &Lattice) -> Array2<Complex64> {
        let most = lattice.most();
        let nodes: Vec<_> = self
            .layers()
            .par_iter()
            .filter_map(|(value, region)| Some((*value, region.nodes(most)?)))
            .flat_map_iter(|(value, nodes)| nodes.into_iter().map(move |node| (value, node)))
            .collect();
        let [along_x, along_y] = [0, 1].map(|axis| {
            lattice.waves(
                nodes
                    .iter()
                    .map(|(v, node)| (node.at, v * node.along[axis])),
            )
        });
        let (ky, kx) = (lattice.ky(), lattice.kx());
        Array2::from_shape_fn(lattice.size, |at| {
            let k = [kx[at.1], ky[at.0]];
            let square = k[0] * k[0] + k[1] * k[1];
            if square == 0.0 {
                let bounded = self.layers().iter().filter(|(_, region)| !region.is_bell());
                return bounded.map(|(v, region)| region.fourier(k) * *v).sum();
            }
            Complex64::new(0.0, 1.0 / (TAU * square)) * (along_y[at] * k[0] - along_x[at] * k[1])
        })
    }

    /// `F(k) = i / (2 pi k_x) sum over rows and ends of ± v exp(-2 pi i k.p)`.
    fn over_rows(&self, lattice: &Lattice) -> Array2<Complex64> {
        let (ky, kx) = (lattice.ky(), lattice.kx());
        let (mut ends, mut lengths) = (Vec::new(), Vec::new());
        for (y, weight) in self.rows(lattice) {
            let mut length = 0.0;
            self.each_stretch([0.0, y], [1.0, 0.0], &mut |value, [from, to]| {
                ends.push(([to, y], weight * value));
                ends.push(([from, y], -weight * value));
                length += value * (to - from);
            });
            lengths.push((y, weight * length));
        }
        let mut spectrum = lattice.waves(ends.into_iter());
        for (kx, mut column) in kx.iter().zip(spectrum.axis_iter_mut(Axis(1))) {
            if *kx != 0.0 {
                column.mapv_inplace(|v| v * Complex64::new(0.0, 1.0 / (TAU * kx)));
                continue;
            }
            for (ky, v) in ky.iter().zip(&mut column) {
                let terms = lengths
                    .iter()
                    .map(|(y, l)| l * Complex64::cis(-TAU * ky * y));
                *v = terms.sum();
            }
        }
        spectrum
    }

    /// Heights and weights of a rule for the integral over y, good for every frequency of a
    /// lattice.
    fn rows(&self, lattice: &Lattice) -> Vec<(f64, f64)> {
        let most = lattice.most();
        // The roots and kinks of rows are the same at every frequency: three stand for all of them.
        let probes = [0.0, 0.37, 1.0].map(|share| share * most);
        let row = |y: f64| {
            let mut sum = Complex64::ZERO;
            self.each_stretch([0.0, y], [1.0, 0.0], &mut |value, range| {
                sum += value * probes.map(|k| wave(k, range)).iter().sum::<Complex64>();
            });
            sum
        };
        let (bands, tolerance) = self.bands(most);
        bands
            .par_iter()
            .flat_map_iter(|band| {
                let f = |t: f64| band.of(&row, t);
                adaptive_points(&f, &band.places, tolerance * band.share)
                    .into_iter()
                    .map(|(t, weight)| (band.y(t), weight * band.slope(t)))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Bell, Ellipse, Path, Polygon};

    fn regions() -> Vec<(f64, Region)> {
        let bell = Bell {
            height: 1.0,
            centre: [-0.3, 0.0],
            width: [0.2, 0.3],
            angle_rad: 0.4,
        };
        let corners = [[-0.5, -0.5], [0.2, -0.7], [0.1, 0.3]];
        let side = |i: usize| {
            let (p, q): ([f64; 2], [f64; 2]) = (corners[i], corners[(i + 1) % 3]);
            let bent = |t: f64| [p[0] + t * (q[0] - p[0]) + 0.1, p[1] + t * (q[1] - p[1])];
            [p, bent(0.3), bent(0.7), q]
        };
        let cut = Ellipse::new([0.2, 0.3], [0.5, 0.4], 0.3).clipped(0.2, 0.9);
        vec![
            (1.0, Ellipse::new([0.05, 0.0], [0.8, 0.6], 0.3).into()),
            (0.5, Polygon::rectangle([0.2, 0.1], [0.3, 0.35]).into()),
            (-0.4, cut.into()),
            (0.7, Path::bezier(&[0, 1, 2].map(side)).into()),
            (0.3, bell.into()),
        ]
    }

    #[test]
    fn the_lattice_has_the_transform_of_each_frequency() {
        for overlap in [Overlap::Adds, Overlap::LastWins] {
            let section = Section::new(overlap, regions());
            for (ny, nx) in [(24, 31), (1, 8)] {
                let lattice = Lattice::of_coils(2, ny, nx);
                let (ky, kx) = (lattice.ky(), lattice.kx());
                let found = section.spectrum(&lattice);
                let most = if overlap == Overlap::Adds {
                    1e-11
                } else {
                    3e-8
                };
                for ((m, l), v) in found.indexed_iter().step_by(31) {
                    let error = (v - section.fourier([kx[l], ky[m]])).norm();
                    assert!(error < most, "{overlap:?} {m} {l}: {error:e}");
                }
            }
        }
    }

    #[test]
    fn rows_and_boundaries_agree() {
        let section = Section::new(Overlap::Adds, regions());
        let lattice = Lattice::of_coils(2, 33, 40);
        let (a, b) = (
            section.over_rows(&lattice),
            section.along_boundaries(&lattice),
        );
        let error = (a - b).iter().map(|v| v.norm()).fold(0.0, f64::max);
        assert!(error < 1e-8, "{error:e}");
    }
}
