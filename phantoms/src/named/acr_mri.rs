//! The large ACR MRI accreditation phantom.

use super::parts::{block, polar, rod};
use super::{NamedPhantom, Signal};
use crate::mr::Relaxation;
use crate::scene::Scene;
use crate::shape::{Body, Frame, HalfSpace, Solid};

/// Millimetres of one unit: a field of view of 250 mm.
const HALF_MM: f64 = 125.0;

/// The large ACR MRI phantom, a cylinder of 190 x 148 mm; its eleven slices lie 10 mm apart, the
/// first at z = 0. y points down in the pictures.
///
/// Slice 1: holes of 1.1, 1.0 and 0.9 mm, two ramps of 1:10, crossed wedges; 5: a grid of 10 x 10
/// squares; 7: even; 8 to 11: ten spokes of three discs each, of 1.4, 2.5, 3.6 and 5.1 %; 11: wedges
/// again. Sizes are those of ACR's guidance, places those at which pylinac looks; the thickness of
/// walls and the distances of the discs from the centre are this project's choice.
pub(super) const PHANTOM: NamedPhantom = NamedPhantom {
    name: "acr-mri",
    about: "MR: large ACR phantom: holes, ramps, wedges, grid, even, low-contrast spokes, by height",
    half_mm: HALF_MM,
    heights_mm: Some([-5.0, 105.0]),
    principal_mm: 0.0,
    fluid_t1_s: None,
    mr: Some(|signal| scene(signal).scaled(1.0 / HALF_MM)),
    ct: None,
};

/// 10 mmol/l of nickel chloride, about: relaxivities of 0.64 and 0.7 l / (mmol s).
const SOLUTION: Relaxation = Relaxation::new(1.0, 0.15, 0.13);

/// Half the thickness in mm of the insert of slice 1, of the grid, and of the low-contrast sheets.
const INSERT_MM: f64 = 5.5;
const GRID_MM: f64 = 5.0;
const SHEET_MM: f64 = 2.5;

/// Of the holes: diameter, and centre of the upper left array.
const HOLES: [(f64, [f64; 2]); 3] = [
    (1.1, [-17.5, 36.0]),
    (1.0, [5.6, 35.6]),
    (0.9, [28.3, 36.2]),
];

/// Height in mm and contrast of the low-contrast slices.
const SHEETS: [(f64, f64); 4] = [(70.0, 0.014), (80.0, 0.025), (90.0, 0.036), (100.0, 0.051)];
/// Diameter in mm of the discs of the first and of the tenth spoke, and distances of the discs.
const DISCS_MM: [f64; 2] = [7.0, 1.5];
const SPOKE_MM: [f64; 3] = [12.5, 25.0, 37.5];

fn scene(signal: &Signal) -> Scene {
    let value = signal(&SOLUTION);
    let mut layers = vec![(1.0, rod([0.0; 2], 95.0, [-24.0, 124.0]))];
    layers.extend(resolution());
    layers.extend(ramps());
    layers.extend([0.0, 100.0].into_iter().flat_map(wedges));
    layers.extend(grid());
    layers.extend(SHEETS.into_iter().flat_map(spokes));
    Scene::adding(layers).with_values(|share| share * value)
}

/// A plastic bar with three pairs of arrays of 4 x 4 holes; the last hole of the upper left array is
/// the first of the lower right one.
fn resolution() -> impl Iterator<Item = (f64, Solid)> {
    let bar = block([8.5, 39.3, 0.0], [76.0, 24.0, 2.0 * INSERT_MM]);
    let holes = HOLES.into_iter().flat_map(|(diameter, [x, y])| {
        let each = (0..4).flat_map(|m| (0..4).map(move |n| (f64::from(m), f64::from(n))));
        // Rows two diameters apart, each a tenth of a diameter aside of the one before.
        let skewed = |(m, n): (f64, f64)| [2.0 * n + 0.1 * m - 3.15, 2.0 * m - 3.0];
        let upper = each.clone().map(skewed);
        let corner = skewed((3.0, 3.0));
        let lower = each
            .skip(1)
            .map(move |(m, n)| [corner[0] + 2.0 * m, corner[1] + 2.0 * n + 0.1 * m]);
        upper.chain(lower).map(move |[u, v]| {
            let at = [x + u * diameter, y + v * diameter];
            (1.0, rod(at, 0.5 * diameter, [-INSERT_MM, INSERT_MM]))
        })
    });
    std::iter::once((-1.0, bar)).chain(holes)
}

/// A plastic bar with two slits of 1 mm, which rise by 1:10 to either side.
fn ramps() -> [(f64, Solid); 3] {
    let slit = |y: f64, side: f64| {
        // Within the bar from end to end: 55 mm to either side rise by 5.5 mm.
        let frame = Frame::along(
            [0.0, y, 0.0],
            [60.0, 1.5, 0.5 / 1.01f64.sqrt()],
            [-0.1 * side, 0.0, 1.0],
            [1.0, 0.0, 0.1 * side],
        )
        .expect("axes that differ");
        Solid::new(Body::Block, frame)
            .cut_by(HalfSpace::below([0.0, 0.0, 1.0], INSERT_MM))
            .cut_by(HalfSpace::above([0.0, 0.0, 1.0], -INSERT_MM))
    };
    [
        (
            -1.0,
            block([0.0, -0.25, 0.0], [130.0, 10.0, 2.0 * INSERT_MM]),
        ),
        (1.0, slit(-3.0, 1.0)),
        (1.0, slit(2.5, -1.0)),
    ]
}

/// Two wedges of 45 degrees side by side: equal at a height, else one as much longer as the other is
/// shorter.
fn wedges(z: f64) -> [(f64, Solid); 2] {
    let wedge = |side: f64| {
        let bar = block([2.85 * side, -79.5, z], [5.7, 29.0, 20.0]);
        // y < -72 + side (height - z)
        bar.cut_by(HalfSpace {
            normal: [0.0, 1.0, -side],
            distance: -72.0 - side * z,
        })
    };
    [(-1.0, wedge(-1.0)), (-1.0, wedge(1.0))]
}

/// Plastic of 144 mm with 10 x 10 squares of solution, but for the corners, which would not fit.
fn grid() -> impl Iterator<Item = (f64, Solid)> {
    let (pitch, wall) = (14.4, 1.0);
    let height = 2.0 * GRID_MM;
    let (long, short) = (10.0 * pitch + wall, 8.0 * pitch + wall);
    let plastic = |y: f64, size: [f64; 2]| {
        let centre = [0.0, y, 40.0];
        (-1.0, block(centre, [size[0], size[1], height]))
    };
    let edge = 0.5 * (short + pitch);
    let plastic = [
        plastic(0.0, [long, short]),
        plastic(edge, [short, pitch]),
        plastic(-edge, [short, pitch]),
    ];
    let square = move |n: i32| {
        let at = |n: i32| (f64::from(n) - 4.5) * pitch;
        let centre = [at(n % 10), at(n / 10), 40.0];
        (1.0, block(centre, [pitch - wall, pitch - wall, height]))
    };
    let corner = |n: &i32| [0, 9, 90, 99].contains(n);
    let squares = (0..100).filter(move |n| !corner(n)).map(square);
    plastic.into_iter().chain(squares)
}

/// A sheet that takes a share of the signal, with discs in ten spokes that do not; the largest ones
/// on top, then clockwise.
fn spokes((z, contrast): (f64, f64)) -> impl Iterator<Item = (f64, Solid)> {
    let heights = [z - SHEET_MM, z + SHEET_MM];
    let discs = (0..10).flat_map(move |n| {
        let [first, last] = DISCS_MM;
        let diameter = first + (last - first) * f64::from(n) / 9.0;
        SPOKE_MM.map(|distance| {
            let at = polar([0.0; 2], distance, 36.0 * f64::from(n) - 90.0);
            (contrast, rod(at, 0.5 * diameter, heights))
        })
    });
    std::iter::once((-contrast, rod([0.0; 2], 45.0, heights))).chain(discs)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The share of the solution at a point in mm.
    fn share() -> impl Fn([f64; 3]) -> f64 {
        let phantom = PHANTOM.scene_mr(&|_| 2.0).unwrap();
        move |p| phantom.value(p.map(|v| v / HALF_MM)) / 2.0
    }

    #[test]
    fn no_part_sticks_out_of_what_it_is_cut_from() {
        let phantom = PHANTOM.scene_mr(&|_| 1.0).unwrap();
        for n in 0..11 {
            let section = phantom.section(10.0 * f64::from(n) / HALF_MM);
            for p in 0..300 * 300 {
                let at = [
                    f64::from(p % 300) / 150.0 - 0.997,
                    f64::from(p / 300) / 150.0 - 0.996,
                ];
                let v = section.value(at);
                assert!((-1e-12..1.0 + 1e-12).contains(&v), "{n} {at:?}: {v}");
            }
        }
    }

    #[test]
    fn holes_and_their_gaps_are_as_wide() {
        let value = share();
        // Along the uppermost row of the upper left array of 1.1 mm.
        let y = 36.0 - 3.0 * 1.1;
        let line: Vec<f64> = (0..2000)
            .map(|n| value([-23.0 + 0.005 * f64::from(n), y, 0.0]))
            .collect();
        let rises = line.windows(2).filter(|w| w[0] < w[1]).count();
        let bright = 0.005 * line.iter().sum::<f64>();
        assert_eq!(rises, 4);
        assert!((bright - 4.4).abs() < 0.02, "{bright}");
    }

    #[test]
    fn a_ramp_moves_ten_times_as_far_as_the_height() {
        let value = share();
        let middle = |y: f64, z: f64| {
            let at = |n: i32| -60.0 + 0.04 * f64::from(n);
            let bright: Vec<f64> = (0..3000)
                .map(at)
                .filter(|x| value([*x, y, z]) > 0.5)
                .collect();
            assert!((bright.len() as f64 * 0.04 - 10.0).abs() < 0.1);
            bright.iter().sum::<f64>() / bright.len() as f64
        };
        for z in [-2.0, 0.0, 3.0] {
            assert!((middle(-3.0, z) - 10.0 * z).abs() < 0.05, "{z}");
            assert!((middle(2.5, z) + 10.0 * z).abs() < 0.05, "{z}");
        }
    }

    #[test]
    fn spokes_are_brighter_than_their_sheet_by_the_contrast() {
        let value = share();
        for (z, contrast) in SHEETS {
            assert!((value([12.5, 0.0, z]) - 1.0 + contrast).abs() < 1e-12);
            assert!((value([0.0, -25.0, z]) - 1.0).abs() < 1e-12);
        }
        assert!((value([0.0, 0.0, 60.0]) - 1.0).abs() < 1e-15);
    }
}
