//! One head: a section, its place, what its tissues look like, and what it suffers from.

use std::f64::consts::TAU;

use ndarray::{Array2, Axis};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::distance::squared_distance;
use super::field::{Field, Fractal};
use super::grid::{CtGrid, blurred};
use super::holder::Holder;
use super::lesion::{Lesion, LesionKind, Place, random_lesions, settle};
use super::palette::Palette;
use super::section::{Frame, Section};
use super::tissue::{TISSUES, Tissue};
use crate::vote::vote;
use crate::warp::Warp;

/// Millimetres of one unit of the deformation.
const UNIT_MM: f64 = 100.0;
/// Distance of the points at which the deformation is evaluated.
const NODE_MM: f64 = 4.8;
/// Half width of the square that a head keeps to.
const REACH_MM: f64 = 110.0;

/// A head as a function of the place: the same on every grid.
pub(super) struct Head {
    section: Section,
    /// Pixel of the section at the middle of its place, x then y.
    middle: [f64; 2],
    /// From image to section, both around their centres, in units.
    warp: Warp,
    palette: Palette,
    lesions: Vec<Lesion>,
    to_bone: Array2<f32>,
    holder: Option<Holder>,
    grain: Fractal,
    slow: Field,
    /// Muscles: fat runs where it crosses zero, and fills where it is large.
    muscles: Field,
    /// Air cells of deep bone where it is large.
    cells: Field,
    cells_from: f32,
    calcified_choroid: bool,
    /// HU of slow changes within the brain.
    drift: f32,
    blur_mm: f64,
}

/// Thick slices and soft kernels: the standard deviation of the blur of an object, often none.
pub(super) fn random_blur_mm(rng: &mut ChaCha8Rng) -> f64 {
    if rng.random_bool(0.35) {
        0.0
    } else {
        rng.random_range(0.3..1.1)
    }
}

impl Head {
    /// Draws everything about a head that is random: `pose` decides on its shape, its place and its
    /// tissues, `detail` on lesions and texture.
    pub fn new(
        (section, frame): (Section, Frame),
        pose: &mut ChaCha8Rng,
        detail: &mut ChaCha8Rng,
        lesions: f64,
    ) -> Self {
        let (warp, centre, semi) = place(pose, frame.half.map(|v| v * section.pixel_mm));
        let palette = Palette::random(pose);
        let holder = pose
            .random_bool(0.5)
            .then(|| Holder::random(pose, centre, semi));
        let fall = pose.random_range(0.0..0.8);
        let cells_from = pose.random_range(-0.2..2.5);
        let calcified_choroid = pose.random_bool(0.4);
        let drift = pose.random_range(0.0..1.5);
        let blur_mm = random_blur_mm(pose);
        let to_bone = distance_to_bone(&section);
        let mut lesions = random_lesions(detail, &section, lesions);
        settle(&mut lesions, &to_bone, section.pixel_mm);
        Self {
            section,
            middle: frame.middle,
            warp,
            palette,
            lesions,
            to_bone,
            holder,
            grain: Fractal::random(detail, 12.0, 1.5, fall),
            slow: Field::random(detail, 40.0),
            muscles: Field::random(detail, 11.0),
            cells: Field::random(detail, 3.0),
            cells_from,
            calcified_choroid,
            drift,
            blur_mm,
        }
    }

    /// The kinds of lesions.
    pub fn lesions(&self) -> Vec<LesionKind> {
        self.lesions.iter().map(|l| l.kind).collect()
    }

    /// HU and the share of lesions at the centres of the pixels.
    pub fn samples(&self, grid: &CtGrid) -> (Array2<f32>, Array2<f32>) {
        let fields = Fields {
            grain: self.grain.on(grid),
            slow: self.slow.on(grid),
            muscles: self.muscles.on(grid),
            cells: self.cells.on(grid),
        };
        let nodes = Nodes::new(&self.warp, grid);
        let middle = self.middle;
        let per_mm = self.section.pixel_mm.recip();
        let mut hu = Array2::zeros((grid.ny, grid.nx));
        let mut lesion = Array2::zeros((grid.ny, grid.nx));
        for ((j, i), hu) in hu.indexed_iter_mut() {
            let p = [grid.x_mm(i), grid.y_mm(j)];
            let [x, y] = nodes.source(p);
            // Rows of a section run from the front, which is up.
            let at = [middle[0] + x * per_mm, middle[1] - y * per_mm];
            let (a, b, share) = vote(&self.section.tissues, at);
            let (a, b) = (Tissue::ALL[usize::from(a)], Tissue::ALL[usize::from(b)]);
            *hu = self.hu(a, p, &fields, (j, i));
            if share < 1.0 {
                let other = self.hu(b, p, &fields, (j, i));
                *hu = other + share * (*hu - other);
            }
            if !self.lesions.is_empty() && (a.is_brain() || b.is_brain() || a == Tissue::Fluid) {
                lesion[(j, i)] = self.suffer(at, (a, b, share), hu);
            }
        }
        (blurred(hu, self.blur_mm, grid.pixel_mm), lesion)
    }

    /// The HU of a tissue at a place.
    fn hu(&self, tissue: Tissue, p: [f64; 2], fields: &Fields, at: (usize, usize)) -> f32 {
        let n = tissue as usize;
        let mean = self.palette.hu[n] + self.palette.grain[n] * fields.grain[at];
        match tissue {
            Tissue::Air => self.holder.as_ref().map_or(-1000.0, |h| h.hu(p)),
            Tissue::Soft => {
                let m = fields.muscles[at];
                let plane = ((0.1 - m.abs()) * 10.0 + 0.5).clamp(0.0, 0.6);
                let pad = ((m - 1.2) * 5.0 + 0.5).clamp(0.0, 1.0);
                let fat = self.palette.of(Tissue::Fat);
                mean + plane.max(pad) * (fat - mean)
            }
            Tissue::Fat => {
                let strand = ((0.08 - fields.cells[at].abs()) * 12.0).clamp(0.0, 1.0);
                mean + 35.0 * strand
            }
            Tissue::DeepBone => {
                let cell = ((fields.cells[at] - self.cells_from) * 4.0).clamp(0.0, 1.0);
                mean + cell * (-850.0 - mean)
            }
            Tissue::Choroid if self.calcified_choroid => {
                mean + 250.0 * (fields.cells[at] - 0.4).clamp(0.0, 1.0)
            }
            _ if tissue.is_brain() => mean + self.drift * fields.slow[at],
            _ => mean,
        }
    }

    /// Lesions at a place of the section; their share.
    fn suffer(&self, at: [f64; 2], (a, b, share): (Tissue, Tissue, f32), hu: &mut f32) -> f32 {
        let of = |is: &dyn Fn(Tissue) -> bool| {
            f32::from(is(a)) * share + f32::from(is(b)) * (1.0 - share)
        };
        let [column, row] = at.map(|v| v.round().max(0.0) as usize);
        let place = Place {
            at: at.map(|v| v * self.section.pixel_mm),
            brain: of(&Tissue::is_brain),
            white: of(&|t| t == Tissue::White),
            fluid: of(&|t| t == Tissue::Fluid),
            to_bone: self.to_bone.get((row, column)).copied().unwrap_or(f32::MAX),
        };
        self.lesions
            .iter()
            .map(|lesion| lesion.apply(&place, hu))
            .fold(0.0, f32::max)
    }
}

/// The fields of a head on one grid.
struct Fields {
    grain: Array2<f32>,
    slow: Array2<f32>,
    muscles: Array2<f32>,
    cells: Array2<f32>,
}

/// A random deformation and place of a section of the given half widths in millimetres; also the centre and the half widths of the head in the image.
fn place(rng: &mut ChaCha8Rng, half: [f64; 2]) -> (Warp, [f64; 2], [f64; 2]) {
    let turned = rng.random_bool(0.06);
    let angle: f64 = if turned {
        rng.random_range(0.0..TAU)
    } else {
        rng.random_range(-0.35..0.35)
    };
    let (s, c) = angle.sin_cos();
    // The half widths of an ellipse that is turned.
    let semi = [
        (c * half[0]).hypot(s * half[1]),
        (s * half[0]).hypot(c * half[1]),
    ];
    let wide: f64 = rng.random_range(0.94..1.06);
    let zoom: f64 = rng
        .random_range(0.88f64..1.08)
        .min(REACH_MM / (1.06 * semi[0].max(semi[1])));
    let semi = semi.map(|v| v * zoom);
    let mut off = |semi: f64| {
        let room = (REACH_MM - semi).clamp(0.5, 10.0);
        rng.random_range(-room..room)
    };
    let centre = [off(semi[0]), off(semi[1])];
    let strength = rng.random_range(0.05..0.3);
    let mirror = if rng.random_bool(0.5) { -1.0 } else { 1.0 };
    let scale = [mirror * wide / zoom, wide.recip() / zoom];
    let warp = Warp::random(rng, 8, 1.5, strength).placed([1.0; 2], 0.0, [0.0; 2]);
    (turned_about(warp, angle, scale, centre), centre, semi)
}

/// The map from the image to the section: first back to the centre and upright, then scaled.
fn turned_about(mut warp: Warp, angle: f64, scale: [f64; 2], centre: [f64; 2]) -> Warp {
    let (s, c) = angle.sin_cos();
    warp.matrix = [[scale[0] * c, scale[0] * s], [-scale[1] * s, scale[1] * c]];
    let [x, y] = centre.map(|v| v / UNIT_MM);
    let m = warp.matrix;
    warp.shift = [-(m[0][0] * x + m[0][1] * y), -(m[1][0] * x + m[1][1] * y)];
    warp
}

/// Distance to the nearest bone of the section, in millimetres.
fn distance_to_bone(section: &Section) -> Array2<f32> {
    let bone: Vec<bool> = (0..TISSUES).map(|n| Tissue::ALL[n].is_bone()).collect();
    let set = section.tissues.mapv(|n| bone[usize::from(n)]);
    squared_distance(&set.insert_axis(Axis(0)))
        .remove_axis(Axis(0))
        .mapv(|d| d.sqrt() * section.pixel_mm as f32)
}

/// A deformation at points of a lattice in millimetres, linear between them.
struct Nodes {
    first: [i64; 2],
    points: Array2<[f64; 2]>,
}

impl Nodes {
    fn new(warp: &Warp, grid: &CtGrid) -> Self {
        let first = [grid.x_mm(0), grid.y_mm(grid.ny - 1)].map(|v| (v / NODE_MM).floor() as i64);
        let span = |n: usize| ((n - 1) as f64 * grid.pixel_mm / NODE_MM).ceil() as usize + 3;
        let points = Array2::from_shape_fn((span(grid.ny), span(grid.nx)), |(v, u)| {
            let p = [first[0] + u as i64, first[1] + v as i64];
            warp.apply(p.map(|n| n as f64 * NODE_MM / UNIT_MM))
                .map(|s| s * UNIT_MM)
        });
        Self { first, points }
    }

    /// Where a place of the image comes from, in millimetres from the centre of the section.
    fn source(&self, p: [f64; 2]) -> [f64; 2] {
        let [u, v] = p.map(|v| v / NODE_MM);
        let (u0, v0) = (u.floor(), v.floor());
        let (fu, fv) = (u - u0, v - v0);
        let (i, j) = (
            (u0 as i64 - self.first[0]) as usize,
            (v0 as i64 - self.first[1]) as usize,
        );
        let [a, b, c, d] =
            [(j, i), (j, i + 1), (j + 1, i), (j + 1, i + 1)].map(|at| self.points[at]);
        std::array::from_fn(|n| {
            (1.0 - fv) * ((1.0 - fu) * a[n] + fu * b[n]) + fv * ((1.0 - fu) * c[n] + fu * d[n])
        })
    }
}
