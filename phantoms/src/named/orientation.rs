//! A phantom that looks different from every side.

use super::NamedPhantom;
use super::parts::{oval, turned_block};
use crate::mr::Relaxation;
use crate::scene::Scene;
use crate::shape::{Body, Frame, HalfSpace, Solid};

/// Millimetres of one unit.
const HALF_MM: f64 = 120.0;
/// Half the height of the body.
const TALL_MM: f64 = 50.0;

/// Letters where a patient has them (R, L, A, P; S above, I below), rods from the centre to the
/// left, to the back and upwards, of 36, 26 and 45 mm, and a wedge that widens upwards: every flip,
/// transposition and reversal shows.
///
/// x points to the left of the patient and z up. y points to the back in MR, where it runs with the
/// rows, and to the front in CT, where it runs against them, so that the pictures are alike.
pub(super) const PHANTOM: NamedPhantom = NamedPhantom {
    name: "orientation",
    about: "MR and CT: letters R, L, A, P, S, I, three rods and a wedge: shows every flip",
    half_mm: HALF_MM,
    heights_mm: Some([-TALL_MM, TALL_MM]),
    principal_mm: 0.0,
    fluid_t1_s: None,
    mr: Some(|signal| scene(signal(&BODY), signal(&MARK), 1.0).scaled(1.0 / HALF_MM)),
    ct: Some(|xrays| scene(xrays.water(1.0), xrays.hu(500.0), -1.0)),
};

const BODY: Relaxation = Relaxation::new(0.5, 1.0, 0.1);
const MARK: Relaxation = Relaxation::new(1.0, 1.0, 0.1);

/// From one point to another in a letter of width and height 1, y down.
type Stroke = [[f64; 2]; 2];

const R: [Stroke; 5] = [
    [[0.0, 0.0], [0.0, 1.0]],
    [[0.0, 0.0], [1.0, 0.0]],
    [[1.0, 0.0], [1.0, 0.5]],
    [[0.0, 0.5], [1.0, 0.5]],
    [[0.3, 0.5], [1.0, 1.0]],
];
const L: [Stroke; 2] = [[[0.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 1.0]]];
const A: [Stroke; 3] = [
    [[0.0, 1.0], [0.5, 0.0]],
    [[0.5, 0.0], [1.0, 1.0]],
    [[0.2, 0.6], [0.8, 0.6]],
];
const P: [Stroke; 4] = [R[0], R[1], R[2], R[3]];
const S: [Stroke; 5] = [
    [[1.0, 0.0], [0.0, 0.0]],
    [[0.0, 0.0], [0.0, 0.5]],
    [[0.0, 0.5], [1.0, 0.5]],
    [[1.0, 0.5], [1.0, 1.0]],
    [[1.0, 1.0], [0.0, 1.0]],
];
const I: [Stroke; 1] = [[[0.5, 0.0], [0.5, 1.0]]];

/// Strokes, centre, and heights between which a letter lies, in mm.
const LETTERS: [(&[Stroke], [f64; 2], [f64; 2]); 6] = [
    (&R, [-64.0, 0.0], [-30.0, 30.0]),
    (&L, [64.0, 0.0], [-30.0, 30.0]),
    (&A, [0.0, -52.0], [-30.0, 30.0]),
    (&P, [0.0, 52.0], [-30.0, 30.0]),
    (&S, [-36.0, 40.0], [10.0, TALL_MM]),
    (&I, [-36.0, 40.0], [-TALL_MM, -10.0]),
];
/// Width and height of a letter, and of its strokes, in mm.
const LETTER_MM: [f64; 2] = [20.0, 30.0];
const STROKE_MM: f64 = 5.0;

/// `down` is 1 where y points to the back, else -1.
fn scene(body: f64, mark: f64, down: f64) -> Scene {
    let whole = oval([0.0; 2], [100.0, 80.0], [-TALL_MM, TALL_MM]);
    let letters = LETTERS
        .into_iter()
        .flat_map(|(strokes, centre, heights)| strokes.iter().map(move |s| (s, centre, heights)))
        .map(|(stroke, centre, heights)| bar(stroke, centre, heights, down));
    let marks = letters.chain(rods(down)).chain([wedge(down)]);
    Scene::replacing(std::iter::once((body, whole)).chain(marks.map(|solid| (mark, solid))))
}

fn bar(stroke: &Stroke, centre: [f64; 2], [low, high]: [f64; 2], down: f64) -> Solid {
    let at = |p: [f64; 2]| {
        [
            centre[0] + LETTER_MM[0] * (p[0] - 0.5),
            down * (centre[1] + LETTER_MM[1] * (p[1] - 0.5)),
        ]
    };
    let [[x0, y0], [x1, y1]] = stroke.map(at);
    let (dx, dy) = (x1 - x0, y1 - y0);
    turned_block(
        [0.5 * (x0 + x1), 0.5 * (y0 + y1), 0.5 * (low + high)],
        [dx.hypot(dy) + STROKE_MM, STROKE_MM, high - low],
        dy.atan2(dx),
    )
}

/// From the centre to the left, to the back, and upwards.
fn rods(down: f64) -> impl Iterator<Item = Solid> {
    let axes = [
        ([1.0, 0.0, 0.0], 36.0),
        ([0.0, down, 0.0], 26.0),
        ([0.0, 0.0, 1.0], 45.0),
    ];
    axes.into_iter().map(|(axis, length)| {
        let centre = axis.map(|v| 0.5 * length * v);
        // Any direction across the axis will do.
        let across = [axis[1] + axis[2], axis[0], 0.0];
        let frame =
            Frame::along(centre, [4.0, 4.0, 0.5 * length], axis, across).expect("axes that differ");
        Solid::new(Body::Cylinder, frame)
    })
}

/// From x = 24 mm to 24 mm at the bottom, and to 48 mm at the top.
fn wedge(down: f64) -> Solid {
    let whole = turned_block([36.0, -38.0 * down, 0.0], [24.0, 20.0, 2.0 * TALL_MM], 0.0);
    whole.cut_by(HalfSpace {
        normal: [1.0, 0.0, -0.24],
        distance: 36.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::CtGrid;
    use crate::scene::Raster;
    use ndarray::{Array2, s};

    fn picture(z_mm: f64) -> Array2<f64> {
        let phantom = PHANTOM.scene_mr(&|r| r.density).unwrap();
        // An odd number of samples: the grid is its own mirror image.
        let section = phantom.section(z_mm / HALF_MM);
        section.raster(&Raster::unit_square(97, 97))
    }

    fn distance(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
        let norm = |a: &Array2<f64>| a.iter().map(|v| v * v).sum::<f64>().sqrt();
        norm(&(a - b)) / norm(a)
    }

    #[test]
    fn every_flip_transposition_and_reversal_shows() {
        for z in [0.0, 20.0, -20.0] {
            let image = picture(z);
            for n in 1..8 {
                let mut turned = image.clone();
                if n & 1 != 0 {
                    turned = turned.slice(s![..;-1, ..]).to_owned();
                }
                if n & 2 != 0 {
                    turned = turned.slice(s![.., ..;-1]).to_owned();
                }
                if n & 4 != 0 {
                    turned = turned.reversed_axes();
                }
                assert!(distance(&image, &turned) > 0.1, "{z} {n}");
            }
        }
        assert!(distance(&picture(20.0), &picture(-20.0)) > 0.1);
    }

    #[test]
    fn the_pictures_of_both_kinds_are_alike() {
        let n = 97;
        let grid = CtGrid::new(n, n, 2.0 * HALF_MM / n as f64).unwrap();
        let phantom = PHANTOM.scene_ct(70.0).unwrap();
        let ct = phantom.section(20.0).raster(&grid.into());
        // 0.5 and 1 in MR are water and 1.5 times as much.
        let mr = picture(20.0).mapv(|v| if v > 0.5 { v + 0.5 } else { 2.0 * v });
        let inside = |v: &f64| (0.5..=1.0).contains(v);
        let worst = picture(20.0)
            .iter()
            .zip(ct.iter().zip(&mr))
            .filter(|(p, _)| inside(p))
            .map(|(_, (a, b))| (a / 0.019_285_3 - b).abs())
            .fold(0.0, f64::max);
        assert!(worst < 1e-4, "{worst}");
    }

    #[test]
    fn marks_lie_where_a_patient_has_them() {
        let phantom = PHANTOM.scene_mr(&|r| r.density).unwrap();
        let at = |x: f64, y: f64, z: f64| phantom.value([x, y, z].map(|v| v / HALF_MM));
        assert_eq!(at(30.0, 0.0, 0.0), 1.0);
        assert_eq!(at(-30.0, 0.0, 0.0), 0.5);
        assert_eq!(at(0.0, 22.0, 0.0), 1.0);
        assert_eq!(at(0.0, -22.0, 0.0), 0.5);
        assert_eq!(at(0.0, 0.0, 40.0), 1.0);
        assert_eq!(at(0.0, 0.0, -40.0), 0.5);
        assert_eq!((at(42.0, -38.0, 40.0), at(42.0, -38.0, -40.0)), (1.0, 0.5));
    }
}
