//! Rods in six sectors, by Derenzo.

use super::NamedPhantom;
use crate::ct::Material;
use crate::mr::VIAL_WATER;
use crate::scene::{Overlap, Scene};
use crate::shape::Ellipse;

use super::parts::polar;

/// Half the width of the field of view, and radius of the body and of the sectors of rods.
const HALF_MM: f64 = 60.0;
const BODY_MM: f64 = 50.0;
const SECTOR_MM: f64 = 46.0;

/// Diameters in mm of the rods of each sector.
const DIAMETERS: [f64; 6] = [4.8, 4.0, 3.2, 2.4, 1.6, 1.2];

/// Six sectors of rods of one diameter each, two diameters apart, at least one from the sides of
/// the sector: water in a body without signal, or in acrylic. The thickest are at the top, the
/// others follow clockwise.
pub(super) const PHANTOM: NamedPhantom = NamedPhantom {
    name: "derenzo",
    about: "MR and CT: Derenzo's rods of 4.8 to 1.2 mm in six sectors, water in acrylic; every \
            slice is alike",
    half_mm: HALF_MM,
    heights_mm: None,
    principal_mm: 0.0,
    fluid_t1_s: None,
    mr: Some(|signal| scene(0.0, signal(&VIAL_WATER), -1.0).scaled(1.0 / HALF_MM)),
    ct: Some(|xrays| scene(xrays.of(Material::Acrylic), xrays.water(1.0), 1.0)),
};

/// `up` is 1 where y points up, else -1.
fn scene(body: f64, water: f64, up: f64) -> Scene {
    let whole = (body, Ellipse::disc([0.0; 2], BODY_MM));
    let rods = (0..6).flat_map(|sector| rods(sector, up));
    let rods = rods.map(|rod| (water - body, rod));
    Scene::flat(Overlap::Adds, std::iter::once(whole).chain(rods))
}

/// The rods of a sector: a triangle of rows across its axis.
fn rods(sector: usize, up: f64) -> impl Iterator<Item = Ellipse> {
    let diameter = DIAMETERS[sector];
    let degrees = 90.0 - 60.0 * sector as f64;
    let row = 3f64.sqrt() * diameter;
    (0..40)
        .flat_map(|row| (0..=row).map(move |n| (row, n)))
        .map(move |(m, n)| {
            let along = 2.0 * diameter + f64::from(m) * row;
            let aside = (2.0 * f64::from(n) - f64::from(m)) * diameter;
            polar(polar([0.0; 2], along, degrees), aside, degrees - 90.0)
        })
        .filter(move |[x, y]| x.hypot(*y) + 0.5 * diameter <= SECTOR_MM)
        .map(move |[x, y]| Ellipse::disc([x, up * y], 0.5 * diameter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rods_lie_two_diameters_apart_and_away_from_other_sectors() {
        let all: Vec<(usize, Ellipse)> = (0..6)
            .flat_map(|s| rods(s, 1.0).map(move |rod| (s, rod)))
            .collect();
        for (n, (sector, rod)) in all.iter().enumerate() {
            let nearest = |same: bool| {
                all.iter()
                    .enumerate()
                    .filter(|(m, (other, _))| *m != n && (other == sector) == same)
                    .map(|(_, (_, q))| {
                        (q.centre[0] - rod.centre[0]).hypot(q.centre[1] - rod.centre[1])
                            - q.semi[0]
                            - rod.semi[0]
                    })
                    .fold(f64::INFINITY, f64::min)
            };
            assert!((nearest(true) - DIAMETERS[*sector]).abs() < 1e-12);
            assert!(nearest(false) > 0.5 * DIAMETERS[*sector]);
        }
        let counts: Vec<usize> = (0..6).map(|s| rods(s, 1.0).count()).collect();
        assert!(
            counts.windows(2).all(|w| w[0] < w[1]) && counts[0] > 8,
            "{counts:?}"
        );
    }
}
