//! Phantoms made of shapes: a scene in space, and its sections.

mod cell;
mod covered;
mod lattice;
mod raster;
mod section;
mod spectrum;

pub use raster::Raster;
pub use section::Section;

use num_complex::Complex64;

use crate::shape::{Line, Region, Solid};
use covered::Covered;

/// What two shapes are where both of them are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// Their values add.
    Adds,
    /// The later one replaces the earlier one. Bells add even so.
    LastWins,
}

/// A phantom made of solids, each with a value; 0 where there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// What two solids are where both of them are.
    pub overlap: Overlap,
    /// Values and solids, in order.
    pub layers: Vec<(f64, Solid)>,
}

impl Overlap {
    /// The value at a point of shapes from the topmost down: value, whether it is a bell, and its
    /// share there.
    fn value<F: FnOnce() -> f64>(self, shapes: impl Iterator<Item = (f64, bool, F)>) -> f64 {
        let (mut sum, mut covered) = (0.0, false);
        for (value, is_bell, share) in shapes {
            if is_bell {
                sum += value * share();
            } else if !covered {
                let share = share();
                sum += value * share;
                covered = self == Self::LastWins && share > 0.0;
            }
        }
        sum
    }
}

impl Scene {
    /// Values that add.
    pub fn adding(layers: impl IntoIterator<Item = (f64, Solid)>) -> Self {
        Self {
            overlap: Overlap::Adds,
            layers: layers.into_iter().collect(),
        }
    }

    /// Values of which the last one counts.
    pub fn replacing(layers: impl IntoIterator<Item = (f64, Solid)>) -> Self {
        Self {
            overlap: Overlap::LastWins,
            layers: layers.into_iter().collect(),
        }
    }

    /// Regions of the plane, alike at every height.
    pub fn flat<R: Into<Region>>(
        overlap: Overlap,
        layers: impl IntoIterator<Item = (f64, R)>,
    ) -> Self {
        let prism = |(value, region): (f64, R)| (value, Solid::Prism(region.into()));
        Self {
            overlap,
            layers: layers.into_iter().map(prism).collect(),
        }
    }

    /// The same with other values: `f` takes each value to its new one.
    pub fn with_values(&self, f: impl Fn(f64) -> f64) -> Self {
        Self {
            overlap: self.overlap,
            layers: self
                .layers
                .iter()
                .map(|(v, s)| (f(*v), s.clone()))
                .collect(),
        }
    }

    /// The same with every length times a factor.
    pub fn scaled(&self, factor: f64) -> Self {
        let scaled = |(v, s): &(f64, Solid)| (*v, s.scaled(factor));
        Self {
            overlap: self.overlap,
            layers: self.layers.iter().map(scaled).collect(),
        }
    }

    /// Whether every section is the same.
    pub fn is_flat(&self) -> bool {
        self.layers
            .iter()
            .all(|(_, solid)| matches!(solid, Solid::Prism(_)))
    }

    /// The value at a point.
    pub fn value(&self, p: [f64; 3]) -> f64 {
        let topmost = self.layers.iter().rev();
        let shapes = topmost.map(|(value, solid)| (*value, solid.is_bell(), || solid.value(p)));
        self.overlap.value(shapes)
    }

    /// The integral along a line, over its whole length: exact.
    pub fn line_integral(&self, line: &Line) -> f64 {
        let mut covered = Covered::new(self.overlap);
        let mut sum = 0.0;
        for (value, solid) in self.layers.iter().rev() {
            if let Some(integral) = solid.bell_integral(line) {
                sum += value * integral / line.speed();
            } else {
                solid.intervals(line, &mut |range| {
                    covered.add(range, &mut |[from, to]| sum += value * (to - from));
                });
                covered.close();
            }
        }
        sum * line.speed()
    }

    /// What the plane at a height cuts out.
    pub fn section(&self, z: f64) -> Section {
        let cut = |(value, solid): &(f64, Solid)| solid.section(z).map(|region| (*value, region));
        Section::new(self.overlap, self.layers.iter().filter_map(cut).collect())
    }

    /// The Fourier transform in space, `∫ f(p) exp(-2 pi i k.p) dp`, of values that add; none where
    /// a solid has no end, or where the last value counts (see [`Section::fourier`]).
    pub fn fourier(&self, k: [f64; 3]) -> Option<Complex64> {
        if self.overlap == Overlap::LastWins {
            return None;
        }
        self.layers
            .iter()
            .map(|(value, solid)| Some(solid.fourier(k)? * *value))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Body, Frame};

    fn scene(overlap: Overlap) -> Scene {
        let frame = Frame::along(
            [0.1, 0.0, 0.0],
            [0.4, 0.3, 0.6],
            [0.2, 0.3, 1.0],
            [1.0, 0.0, 0.0],
        )
        .unwrap();
        let block = Frame::upright([0.3, 0.1, 0.0], [0.3, 0.3, 0.3]);
        let bell = Frame::upright([-0.3, 0.2, 0.1], [0.2; 3]);
        let low = Frame::upright([0.2, -0.1, 0.0], [0.25, 0.2, 0.3]);
        Scene {
            overlap,
            // A bell adds wherever it stands: below all others too.
            layers: vec![
                (0.3, Solid::new(Body::Bell, low)),
                (1.0, Solid::ellipsoid([0.0; 3], [0.8, 0.7, 0.9])),
                (0.5, Solid::new(Body::Cylinder, frame)),
                (-0.3, Solid::new(Body::Block, block)),
                (0.2, Solid::new(Body::Bell, bell)),
            ],
        }
    }

    #[test]
    fn line_integrals_are_those_of_the_point_values() {
        for overlap in [Overlap::Adds, Overlap::LastWins] {
            let scene = scene(overlap);
            for n in 0..12 {
                let (s, c) = (0.9 * f64::from(n)).sin_cos();
                let line = Line {
                    origin: [0.1 * s, 0.1, 0.05 * c],
                    direction: [c, s, 0.3 * s],
                };
                let (m, reach) = (200_000, 1.6);
                let h = 2.0 * reach / f64::from(m);
                let sum: f64 = (0..m)
                    .map(|i| -reach + (f64::from(i) + 0.5) * h)
                    .map(|t| scene.value([0, 1, 2].map(|n| line.origin[n] + t * line.direction[n])))
                    .sum::<f64>()
                    * h
                    * line.speed();
                assert!((sum - scene.line_integral(&line)).abs() < 5e-5, "{n}");
            }
        }
    }

    #[test]
    fn the_later_shape_replaces_the_earlier_one() {
        let at = |overlap| scene(overlap).value([0.3, 0.1, 0.0]);
        let alone = |(value, solid): &(f64, Solid)| value * solid.value([0.3, 0.1, 0.0]);
        let layers = scene(Overlap::Adds).layers;
        let bell = alone(&layers[0]) + alone(&layers[4]);
        assert!(alone(&layers[0]) > 5e-3);
        assert!((at(Overlap::Adds) - 1.2 - bell).abs() < 1e-15);
        assert!((at(Overlap::LastWins) + 0.3 - bell).abs() < 1e-15);
    }

    #[test]
    fn the_slice_theorem_holds_in_space() {
        // A plane of lines along d: the transform of the projection is F on the plane k . d = 0.
        let scene = scene(Overlap::Adds);
        let (u, v, d) = ([0.8, 0.6, 0.0], [0.0, 0.0, 1.0], [-0.6, 0.8, 0.0]);
        // The block ends between two rows of lines.
        let (m, reach) = (1300, 1.3);
        let h = 2.0 * reach / f64::from(m);
        let at = |i: i32| -reach + (f64::from(i) + 0.5) * h;
        for (a, b) in [(0.0, 0.0), (0.7, -0.4)] {
            let mut sum = Complex64::ZERO;
            for j in 0..m {
                for i in 0..m {
                    let (s, t) = (at(i), at(j));
                    let origin = [0, 1, 2].map(|n| s * u[n] + t * v[n]);
                    let p = scene.line_integral(&Line {
                        origin,
                        direction: d,
                    });
                    sum += p * h * h * Complex64::cis(-std::f64::consts::TAU * (a * s + b * t));
                }
            }
            let k = [0, 1, 2].map(|n| a * u[n] + b * v[n]);
            let exact = scene.fourier(k).unwrap();
            assert!((sum - exact).norm() < 3e-5 * scene.fourier([0.0; 3]).unwrap().norm());
        }
        assert!(self::scene(Overlap::LastWins).fourier([0.0; 3]).is_none());
    }

    #[test]
    fn a_bell_adds_in_every_evaluator_wherever_it_stands() {
        let layers = scene(Overlap::LastWins).layers;
        let mut above = layers.clone();
        above.rotate_left(1);
        let (below, above) = (Scene::replacing(layers), Scene::replacing(above));
        let line = Line {
            origin: [0.2, -0.1, 0.0],
            direction: [1.0, 0.7, 0.0],
        };
        let (a, b) = (below.section(0.0), above.section(0.0));
        let (p, k) = ([0.2, -0.1], [0.7, -0.4]);
        assert_eq!(below.value([0.2, -0.1, 0.0]), a.value(p));
        let raster = |section: &Section| section.raster(&Raster::unit_square(24, 21));
        let lattice = crate::lattice::Lattice::of_coils(1, 6, 7);
        let spectra = (a.spectrum(&lattice), b.spectrum(&lattice));
        for (below, above) in [
            (below.line_integral(&line), above.line_integral(&line)),
            (a.value(p), b.value(p)),
            (a.fourier(k).re, b.fourier(k).re),
            ((raster(&a) - raster(&b)).mapv(f64::abs).sum(), 0.0),
            ((spectra.0 - spectra.1).mapv(|v| v.norm()).sum(), 0.0),
        ] {
            assert!((below - above).abs() < 1e-12, "{below} {above}");
        }
    }
}
