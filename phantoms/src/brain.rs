//! A brain that changes from slice to slice: the spline template, warped, with lesions and vessels.

use std::f64::consts::{PI, TAU};

use ndarray::Array2;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::polygon::Coverage;
use crate::pure::{Normals, exp, sin_cos};
use crate::template::{Region, find_spot, template};
use crate::tissue::{Contrast, TISSUES, Tissue, signals};
use crate::warp::Warp;

/// One axial slice of a digital brain: polygons per tissue and their signals.
///
/// Piecewise constant in the unit square. White matter is 1 in T1; CSF is 1 in T2 and PD
/// (`Contrast`).
#[derive(Clone, Debug)]
pub struct BrainSlice {
    regions: Vec<Region>,
    signals: [f64; TISSUES],
}

impl BrainSlice {
    /// Slice `slice` of `slices` of the brain of a seed, in T1; slices of one seed change smoothly
    /// along the head. A slice beyond the last is the last one.
    pub fn new(seed: u64, slice: usize, slices: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let slices = slices.max(1);
        let z = (2 * slice.min(slices - 1) + 1) as f64 / slices as f64 - 1.0;
        // The head is an ellipsoid, of which the outermost slices are left out.
        let size = 0.98 * (1.0 - (0.6 * z).powi(2)).sqrt();
        let (wide, long) = (rng.random_range(0.93..1.0), rng.random_range(0.95..1.0));
        let turn = rng.random_range(-0.06..0.06) + 0.03 * z;
        let ventricles = rng.random_range(-0.25..0.25) - 0.5 * z * rng.random_range(0.5..1.0);
        let strength = rng.random_range(0.2..0.3);
        let warp = Warp::random(&mut rng, 7, 1.2, strength, Normals::Ziggurat)
            .at_slice(z)
            .placed([size * wide, size * long], turn, [0.0; 2]);
        let spots = random_spots(&mut rng, 4, 8, Some(z));
        Self::warped(&|p| warp.apply(widened(p, ventricles)), &spots)
    }

    /// The same slice in another contrast.
    pub fn with_contrast(mut self, contrast: Contrast) -> Self {
        self.signals = signals(contrast);
        self
    }

    /// The slice in a field of view of `stretch` times its own, along x and y: smaller by as much.
    pub fn stretched(mut self, stretch: [f64; 2]) -> Self {
        let points = self
            .regions
            .iter_mut()
            .flat_map(|region| &mut region.points);
        points.for_each(|p| *p = [p[0] / stretch[0], p[1] / stretch[1]]);
        self
    }

    /// The signal averaged over each pixel, exact for the polygons: `f64[n_y, n_x]` on the raster
    /// of [`position`](crate::position).
    pub fn raster(&self, n_y: usize, n_x: usize) -> Array2<f64> {
        self.raster_of(&self.signals, n_y, n_x)
    }

    /// The raster with other values of the tissues.
    pub(crate) fn raster_of(&self, values: &[f64; TISSUES], n_y: usize, n_x: usize) -> Array2<f64> {
        let mut coverage = Coverage::new(n_y, n_x);
        for region in &self.regions {
            let weight: f64 = region.weights.iter().zip(values).map(|(w, v)| w * v).sum();
            coverage.add(&region.points, weight);
        }
        coverage.finish()
    }

    /// The template and spots on it after a map of the plane.
    pub(crate) fn warped(map: &dyn Fn([f64; 2]) -> [f64; 2], spots: &[Region]) -> Self {
        let [o, x, y] = [[0.0; 2], [1e-3, 0.0], [0.0, 1e-3]].map(map);
        let mirrored = (x[0] - o[0]) * (y[1] - o[1]) < (x[1] - o[1]) * (y[0] - o[0]);
        let moved = |region: &Region| {
            let mut points: Vec<_> = region.points.iter().map(|&p| map(p)).collect();
            if mirrored {
                // A mirror turns the curves round, and with them the sign of what they enclose.
                points.reverse();
            }
            Region {
                points,
                weights: region.weights,
            }
        };
        Self {
            regions: template().iter().chain(spots).map(moved).collect(),
            signals: signals(Contrast::T1),
        }
    }
}

/// Widens (gain above 0) or narrows the surroundings of the ventricles; one-to-one for gains of
/// -0.9 to 2.
pub(crate) fn widened([x, y]: [f64; 2], gain: f64) -> [f64; 2] {
    let centre = -0.02;
    let square = x * x + (y - centre) * (y - centre);
    let factor = 1.0 + gain * exp(-square / (2.0 * 0.28 * 0.28));
    [x * factor, centre + (y - centre) * factor]
}

/// Small ellipses in the template: lesions in white matter, vessels in the CSF and the cortex.
///
/// With a slice position each spot is an ellipsoid of its own height, and only what the slice cuts
/// is returned.
pub(crate) fn random_spots<R: Rng>(
    rng: &mut R,
    lesions: usize,
    vessels: usize,
    z: Option<f64>,
) -> Vec<Region> {
    let mut spots = Vec::new();
    for n in 0..lesions + vessels {
        let (kind, under, size) = match n {
            n if n < lesions => (Tissue::Lesion, Tissue::White, 0.015..0.05),
            n if n % 2 == 0 => (Tissue::Vessel, Tissue::Csf, 0.006..0.012),
            _ => (Tissue::Vessel, Tissue::Grey, 0.006..0.012),
        };
        let radius: f64 = rng.random_range(size);
        let (aspect, angle): (f64, f64) = (rng.random_range(0.5..1.0), rng.random_range(0.0..PI));
        let (height, middle): (f64, f64) =
            (rng.random_range(0.2..0.6), rng.random_range(-1.0..1.0));
        let cut = z.map_or(1.0, |z| 1.0 - ((z - middle) / height).powi(2));
        let centre = find_spot(rng, under, radius);
        if let (Some(centre), true) = (centre, cut > 0.0) {
            spots.push(spot(
                centre,
                [radius * cut.sqrt(), radius * aspect * cut.sqrt()],
                angle,
                kind,
                under,
            ));
        }
    }
    spots
}

/// An ellipse that turns one tissue into another.
fn spot(centre: [f64; 2], semi: [f64; 2], angle: f64, kind: Tissue, under: Tissue) -> Region {
    let (s, c) = sin_cos(angle);
    let point = |i: usize| {
        let (v, u) = sin_cos(TAU * i as f64 / 40.0);
        let (u, v) = (semi[0] * u, semi[1] * v);
        [centre[0] + c * u - s * v, centre[1] + s * u + c * v]
    };
    let mut weights = [0.0; TISSUES];
    weights[kind as usize] += 1.0;
    weights[under as usize] -= 1.0;
    Region {
        points: (0..40).map(point).collect(),
        weights,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pure::fingerprint;

    #[test]
    fn a_slice_is_between_the_signals_of_its_tissues_and_empty_outside() {
        for contrast in [Contrast::T1, Contrast::T2, Contrast::Pd] {
            let image = BrainSlice::new(3, 5, 12)
                .with_contrast(contrast)
                .raster(96, 81);
            let brightest = signals(contrast).iter().copied().fold(0.0, f64::max);
            assert!(image.iter().all(|&v| v > -1e-9 && v < brightest + 1e-9));
            assert!(image[(0, 0)].abs() < 1e-12 && image[(95, 80)].abs() < 1e-12);
            assert!(image.sum() > 0.2 * 96.0 * 81.0 * 0.5);
        }
    }

    #[test]
    fn the_mean_does_not_depend_on_the_grid() {
        let slice = BrainSlice::new(3, 5, 12);
        let (a, b) = (slice.raster(64, 50), slice.raster(191, 77));
        assert!((a.mean().unwrap() - b.mean().unwrap()).abs() < 1e-12);
    }

    #[test]
    fn a_mirrored_brain_has_the_same_mean() {
        let mean = |x: f64| {
            BrainSlice::warped(&|p| [x * p[0], 0.9 * p[1]], &[])
                .raster(40, 40)
                .mean()
                .unwrap()
        };
        assert!((mean(0.9) - mean(-0.9)).abs() < 1e-12);
    }

    #[test]
    fn a_slice_beyond_the_last_is_the_last() {
        let image = |slice, slices| BrainSlice::new(4, slice, slices).raster(40, 40);
        for slice in [3, 9, usize::MAX] {
            assert_eq!(image(slice, 3), image(2, 3));
        }
        assert_eq!(image(5, 0), image(0, 1));
        assert!(image(2, 3).iter().all(|v| v.is_finite()));
    }

    #[test]
    fn the_bits_are_those_of_every_machine() {
        let image = BrainSlice::new(3, 5, 12).raster(40, 33).mapv(|v| v as f32);
        assert_eq!(fingerprint(&image), 5_561_327_885_258_273_157);
    }

    #[test]
    fn slices_and_seeds_differ_and_repeat() {
        let image = |seed, slice| BrainSlice::new(seed, slice, 10).raster(48, 48);
        assert_eq!(image(1, 2), image(1, 2));
        assert_ne!(image(1, 2), image(1, 3));
        assert_ne!(image(1, 2), image(2, 2));
    }
}
