//! One section of a subject, on a grid.

use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::super::soft::{Place, Shares, SoftPlanes};
use super::lesions::SolidLesion;
use super::mapped::Mapped;
use crate::ct::{
    CtGrid, Fields, Lesion, Looks, Marks, Nodes, Samples, Suffering, Textures, Tissue,
};
use crate::pure::Normals;

/// Air, as a bit.
const AIR: u32 = 1 << Tissue::Air as u32;

/// What a plane cuts out of a subject: a function of the place, the same on every grid.
pub(super) struct Cut {
    soft: SoftPlanes,
    middle: [f64; 2],
    looks: Looks,
    textures: Textures,
    pub lesions: Vec<Lesion>,
    /// Where there are lesions; else nothing.
    to_bone: Array2<f32>,
}

/// A place of the section: column and row, and the tissues there.
#[derive(Clone, Copy)]
struct Source {
    at: [f64; 2],
    place: Place,
}

/// What stands at a place: HU, and shares of tissues.
#[derive(Default)]
struct Mix {
    hu: f32,
    brain: f32,
    white: f32,
    fluid: f32,
}

impl Mix {
    fn add(&mut self, tissue: Tissue, share: f32, hu: f32) {
        self.hu += share * hu;
        let of = |is: bool| if is { share } else { 0.0 };
        self.brain += of(tissue.is_brain());
        self.white += of(tissue == Tissue::White);
        self.fluid += of(tissue == Tissue::Fluid);
    }
}

impl Cut {
    /// A plane of the subject of a seed, of a family of whom `share` have lesions.
    pub fn new(head: &Mapped, (seed, share): (u64, f64), plane: f64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let looks = Looks::random(&mut rng, head.half_mm, Normals::Pure);
        let lesions = SolidLesion::random(seed, head, share);
        let lesions: Vec<Lesion> = lesions.iter().filter_map(|l| l.cut(plane)).collect();
        let to_bone = match lesions.iter().any(Lesion::follows_bone) {
            true => head.to_bone(plane),
            false => Array2::default((0, 0)),
        };
        Self {
            soft: head.planes.section(plane),
            middle: head.middle,
            textures: Textures::at_height(seed, plane, &looks),
            looks,
            to_bone,
            lesions,
        }
    }

    /// What is at the centres of the pixels.
    pub fn samples(&self, grid: &CtGrid) -> Samples {
        let mut fields = Fields::new(&self.textures, grid);
        let beside = |source| self.soft.beside(self.pixel(source));
        let nodes = Nodes::new(&self.looks, grid, &beside);
        let mut samples = Samples::new(grid);
        let mut row: Vec<Option<Source>> = Vec::with_capacity(grid.nx);
        for j in 0..grid.ny {
            row.clear();
            row.extend(nodes.row(grid, j).map(|p| self.source(p?)));
            let first = row.iter().position(Option::is_some).unwrap_or(0);
            let last = row.iter().rposition(Option::is_some);
            fields.fill(grid.y_mm(j), first..last.map_or(first, |last| last + 1));
            let (mut hu, mut brain) = (samples.hu.row_mut(j), samples.brain.row_mut(j));
            for (i, source) in row.iter().enumerate() {
                let p = [grid.x_mm(i), grid.y_mm(j)];
                let Some(source) = source else {
                    hu[i] = self.looks.hu(Tissue::Air, p, [0.0; 4]);
                    continue;
                };
                let mut mix = self.mix(source.place, p, fields.at(i));
                if !self.lesions.is_empty() {
                    let marks = self.suffer(source.at, &mut mix);
                    samples.lesion[(j, i)] = marks.lesion;
                    samples.oedema[(j, i)] = marks.oedema;
                }
                hu[i] = mix.hu;
                brain[i] = mix.brain.min(1.0);
            }
        }
        samples.blurred(self.looks.blur_mm, grid)
    }

    /// Column and row of a place in millimetres from the middle of the head.
    fn pixel(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        // Rows run from the front, which is up.
        [self.middle[0] + x, self.middle[1] - y]
    }

    /// The tissues at a place in millimetres from the middle of the head; nothing if air is all.
    fn source(&self, p: [f64; 2]) -> Option<Source> {
        let at = self.pixel(p);
        let place = self.soft.place(at.map(|v| v as f32));
        (place.present != AIR).then_some(Source { at, place })
    }

    /// HU and shares at a place of the section that is `p` in the image.
    fn mix(&self, place: Place, p: [f64; 2], textures: [f32; 4]) -> Mix {
        let mut mix = Mix::default();
        let hu = |tissue| self.looks.hu(tissue, p, textures);
        if let Some(number) = place.alone() {
            let tissue = Tissue::ALL[usize::from(number)];
            mix.add(tissue, 1.0, hu(tissue));
            return mix;
        }
        let mut shares = Shares::default();
        self.soft.add(place, 1.0, 0, &mut shares);
        let mut left = place.present;
        while left != 0 {
            let number = left.trailing_zeros() as usize;
            let tissue = Tissue::ALL[number];
            mix.add(tissue, shares[number], hu(tissue));
            left &= left - 1;
        }
        mix
    }

    /// What lesions do to a place.
    fn suffer(&self, at: [f64; 2], mix: &mut Mix) -> Marks {
        if mix.brain + mix.fluid == 0.0 {
            return Marks::default();
        }
        let [column, row] = at.map(|v| v.round().max(0.0) as usize);
        let place = Suffering {
            at,
            brain: mix.brain,
            white: mix.white,
            fluid: mix.fluid,
            to_bone: self.to_bone.get((row, column)).copied().unwrap_or(f32::MAX),
        };
        Lesion::apply_all(&self.lesions, &place, &mut mix.hu)
    }
}
