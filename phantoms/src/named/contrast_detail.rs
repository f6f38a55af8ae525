//! A grid of discs of several diameters and contrasts.

use super::NamedPhantom;
use crate::mr::VIAL_WATER;
use crate::scene::{Overlap, Scene};
use crate::shape::Ellipse;

/// Half the width of the field of view, and radius of the body.
const HALF_MM: f64 = 120.0;
const BODY_MM: f64 = 100.0;

/// Diameters in mm of the columns, from the left.
const DIAMETERS: [f64; 7] = [2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0];
/// Contrasts of the rows, from 40 mm above the centre down: HU in CT, percent of the signal in MR.
const HU: [f64; 5] = [40.0, 20.0, 10.0, 5.0, 3.0];
const PERCENT: [f64; 4] = [10.0, 5.0, 2.0, 1.0];

/// Discs of 2 to 15 mm in water, 20 mm apart, a row for each contrast, the strongest at the top.
pub(super) const PHANTOM: NamedPhantom = NamedPhantom {
    name: "contrast-detail",
    about: "MR and CT: discs of 2 to 15 mm in water, 1 to 10 percent in MR, 3 to 40 HU in CT; \
            every slice is alike",
    half_mm: HALF_MM,
    heights_mm: None,
    principal_mm: 0.0,
    fluid_t1_s: None,
    mr: Some(|signal| {
        let water = signal(&VIAL_WATER);
        scene(water, &PERCENT.map(|v| 0.01 * v * water), -1.0).scaled(1.0 / HALF_MM)
    }),
    ct: Some(|xrays| {
        let water = xrays.water(1.0);
        scene(water, &HU.map(|v| xrays.hu(v) - water), 1.0)
    }),
};

/// `up` is 1 where y points up, else -1.
fn scene(water: f64, contrasts: &[f64], up: f64) -> Scene {
    let row = |(j, contrast): (usize, &f64)| {
        let (y, contrast) = (up * (40.0 - 20.0 * j as f64), *contrast);
        DIAMETERS.into_iter().enumerate().map(move |(i, diameter)| {
            let centre = [20.0 * i as f64 - 60.0, y];
            (contrast, Ellipse::disc(centre, 0.5 * diameter))
        })
    };
    let discs = contrasts.iter().enumerate().flat_map(row);
    let body = (water, Ellipse::disc([0.0; 2], BODY_MM));
    Scene::flat(Overlap::Adds, std::iter::once(body).chain(discs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::mu_to_hu;

    #[test]
    fn rows_have_their_contrast() {
        let [ct, mr] = [
            PHANTOM.scene_ct(70.0).unwrap(),
            PHANTOM.scene_mr(&|_| 3.0).unwrap(),
        ];
        for i in 0..7 {
            let x = 20.0 * f64::from(i) - 60.0;
            for (j, hu) in HU.into_iter().enumerate() {
                let y = 40.0 - 20.0 * j as f64;
                let found = mu_to_hu(ct.value([x, y, 0.0]), 0.019_285_3);
                assert!((found - hu).abs() < 1e-9);
            }
            for (j, percent) in PERCENT.into_iter().enumerate() {
                let p = [x, 20.0 * j as f64 - 40.0, 0.0].map(|v| v / HALF_MM);
                assert!((mr.value(p) / 3.0 - 1.0 - 0.01 * percent).abs() < 1e-12);
            }
        }
    }
}
