//! A brain of cubic splines.

use super::{NamedPhantom, Signal};
use crate::scene::{Overlap, Scene};
use crate::shape::Path;
use crate::template::{Curve, curves};
use crate::tissue::{Tissue, relaxation};

/// A section of a brain at 1.5 T: 46 closed paths of 2165 cubics, scalp and skull, fluid, grey and
/// white matter. What [`BrainSlice`](crate::BrainSlice) warps, without its lesions and vessels.
///
/// Source: BART (see data/NOTICE), after Guerquin-Kern 2012.
pub(super) const PHANTOM: NamedPhantom = NamedPhantom {
    name: "brain-splines",
    about: "MR: brain of closed splines, scalp, fluid, grey and white matter; every slice is \
            alike",
    half_mm: 110.0,
    heights_mm: None,
    principal_mm: 0.0,
    fluid_t1_s: None,
    mr: Some(scene),
    ct: None,
};

/// In the order of the classes of the curves.
const CLASSES: [Tissue; 4] = [Tissue::Scalp, Tissue::Csf, Tissue::Grey, Tissue::White];

fn scene(signal: &Signal) -> Scene {
    let signals = CLASSES.map(|tissue| signal(&relaxation(tissue)));
    let layer = |curve: &Curve| {
        let value: f64 = curve.weights.iter().zip(signals).map(|(w, s)| w * s).sum();
        // A hole is run through the other way.
        let (turn, path) = Path::with_turn(&curve.pieces());
        (turn * value, path)
    };
    Scene::flat(Overlap::Adds, curves().iter().map(layer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BrainSlice, Contrast};

    #[test]
    fn every_point_has_at_most_one_tissue() {
        let share = |tissue: Tissue| {
            let only = relaxation(tissue);
            scene(&|r| f64::from(u8::from(*r == only))).section(0.0)
        };
        let shares = CLASSES.map(share);
        let mut inside = 0;
        for i in 0..60 * 60 {
            let p = [
                f64::from(i % 60) / 30.0 - 0.9871,
                f64::from(i / 60) / 30.0 - 0.9913,
            ];
            let of = shares.each_ref().map(|section| section.value(p));
            let sum: f64 = of.iter().sum();
            assert!(
                of.iter().all(|v| (v * (v - 1.0)).abs() < 1e-9),
                "{p:?}: {of:?}"
            );
            assert!((sum * (sum - 1.0)).abs() < 1e-9);
            inside += usize::from(sum > 0.5);
        }
        assert!(inside > 1800);
    }

    #[test]
    fn its_raster_is_that_of_the_polygons_it_is_drawn_by() {
        let signals = crate::tissue::signals(Contrast::T2);
        let of = |r: &crate::mr::Relaxation| {
            let n = CLASSES.iter().position(|t| relaxation(*t) == *r).unwrap();
            signals[CLASSES[n] as usize]
        };
        let n = 64;
        let splines = scene(&of)
            .section(0.0)
            .raster(&crate::scene::Raster::unit_square(n, n));
        let polygons = BrainSlice::warped(&|p| p, &[])
            .with_contrast(Contrast::T2)
            .raster(n, n);
        let error = |a: &f64, b: &f64| (a - b).abs();
        let most = splines
            .iter()
            .zip(&polygons)
            .map(|(a, b)| error(a, b))
            .fold(0.0, f64::max);
        assert!(most < 0.02, "{most}");
    }
}
