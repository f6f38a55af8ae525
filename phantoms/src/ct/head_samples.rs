//! A head on a grid: what is at the centres of its pixels.

use ndarray::Array2;

use super::grid::{CtGrid, blurred};
use super::head::Head;
use super::head_rows::{Fields, Nodes};
use super::lesion::{Marks, Place};
use super::tissue::Tissue;
use crate::vote::{alone, even, vote_of_few};

impl Head {
    /// What is at the centres of the pixels.
    pub fn samples(&self, grid: &CtGrid) -> Samples {
        let mut fields = Fields::new(self, grid);
        let even = even(self.section.tissues.view());
        let nodes = Nodes::new(&self.warp, grid, &|source| self.side(self.pixel(source)));
        let zeros = || Array2::zeros((grid.ny, grid.nx));
        let mut samples = Samples {
            hu: zeros(),
            lesion: zeros(),
            oedema: zeros(),
            brain: zeros(),
        };
        let mut mixes: Vec<Mix> = Vec::with_capacity(grid.nx);
        for j in 0..grid.ny {
            mixes.clear();
            let sources = nodes.row(grid, j);
            mixes.extend(sources.map(|p| p.map_or(Mix::AIR, |p| self.mix(p, &even))));
            let head = |mix: &Mix| mix.tissues != Mix::AIR.tissues;
            let first = mixes.iter().position(head).unwrap_or(0);
            let after = mixes.iter().rposition(head).map_or(first, |last| last + 1);
            fields.fill(grid.y_mm(j), first..after);
            for (i, mix) in mixes.iter().enumerate() {
                self.sample(mix, &fields, (j, i), (grid, &mut samples));
            }
        }
        samples.hu = blurred(samples.hu, self.blur_mm, grid.pixel_mm);
        samples
    }

    /// Column and row of a place in millimetres from the middle of the section.
    fn pixel(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let (per_mm, middle) = (self.per_mm, self.middle);
        // Rows of a section run from the front, which is up.
        [middle[0] + x * per_mm, middle[1] - y * per_mm]
    }

    /// On which sides a place lies beside the section, a bit each: it ends in a margin of air.
    fn side(&self, at: [f64; 2]) -> u8 {
        let (ny, nx) = self.section.tissues.dim();
        let [left, above] = at.map(|v| v < 0.9);
        let [right, below] = [(at[0], nx), (at[1], ny)].map(|(v, n)| v > n as f64 - 1.9);
        let bits = [left, right, above, below].into_iter().zip([1, 2, 4, 8]);
        bits.filter(|(beside, _)| *beside).map(|(_, bit)| bit).sum()
    }

    /// The tissues at a place, in millimetres from the middle of the section.
    fn mix(&self, source: [f64; 2], even: &Array2<u8>) -> Mix {
        let at = self.pixel(source);
        let (a, b, share) = match alone(even, at) {
            Some(tissue) => (tissue, tissue, 1.0),
            None => vote_of_few(&self.section.tissues, at),
        };
        Mix {
            at,
            tissues: (Tissue::ALL[usize::from(a)], Tissue::ALL[usize::from(b)]),
            share,
        }
    }

    /// Fills in what is at one place.
    fn sample(
        &self,
        mix: &Mix,
        fields: &Fields,
        (j, i): (usize, usize),
        (grid, samples): (&CtGrid, &mut Samples),
    ) {
        let (p, (a, b)) = ([grid.x_mm(i), grid.y_mm(j)], mix.tissues);
        let hu = &mut samples.hu[(j, i)];
        *hu = self.hu(a, p, fields, i);
        if mix.share == 1.0 && a == Tissue::Air {
            return;
        }
        if mix.share < 1.0 {
            let other = self.hu(b, p, fields, i);
            *hu = other + mix.share * (*hu - other);
        }
        if a.is_brain() || b.is_brain() {
            samples.brain[(j, i)] = mix.of(&Tissue::is_brain);
        }
        if !self.lesions.is_empty() && (a.is_brain() || b.is_brain() || a == Tissue::Fluid) {
            let marks = self.suffer(mix, hu);
            samples.lesion[(j, i)] = marks.lesion;
            samples.oedema[(j, i)] = marks.oedema;
        }
    }

    /// The HU of a tissue at a place, in a column of the row of the fields.
    fn hu(&self, tissue: Tissue, p: [f64; 2], fields: &Fields, column: usize) -> f32 {
        if tissue == Tissue::Air {
            return self.holder.as_ref().map_or(-1000.0, |h| h.hu(p));
        }
        let n = tissue as usize;
        let [grain, slow, muscles, cells] = fields.at(column);
        let mean = self.palette.hu[n] + self.palette.grain[n] * grain;
        match tissue {
            Tissue::Soft => {
                let m = muscles;
                let plane = ((0.1 - m.abs()) * 10.0 + 0.5).clamp(0.0, 0.6);
                let pad = ((m - 1.2) * 5.0 + 0.5).clamp(0.0, 1.0);
                let fat = self.palette.of(Tissue::Fat);
                mean + plane.max(pad) * (fat - mean)
            }
            Tissue::Fat => {
                let strand = ((0.08 - cells.abs()) * 12.0).clamp(0.0, 1.0);
                mean + 35.0 * strand
            }
            Tissue::DeepBone => {
                let cell = ((cells - self.cells_from) * 4.0).clamp(0.0, 1.0);
                mean + cell * (-850.0 - mean)
            }
            Tissue::Choroid if self.calcified_choroid => {
                mean + 250.0 * (cells - 0.4).clamp(0.0, 1.0)
            }
            _ if tissue.is_brain() => mean + self.drift * slow,
            _ => mean,
        }
    }

    /// Lesions at a place of the section; their shares.
    fn suffer(&self, mix: &Mix, hu: &mut f32) -> Marks {
        let [column, row] = mix.at.map(|v| v.round().max(0.0) as usize);
        let place = Place {
            at: mix.at.map(|v| v * self.section.pixel_mm),
            brain: mix.of(&Tissue::is_brain),
            white: mix.of(&|t| t == Tissue::White),
            fluid: mix.of(&|t| t == Tissue::Fluid),
            to_bone: self.to_bone.get((row, column)).copied().unwrap_or(f32::MAX),
        };
        self.lesions
            .iter()
            .map(|lesion| lesion.apply(&place, hu))
            .fold(Marks::default(), Marks::max)
    }
}

/// What is at the centres of the pixels of a grid: HU, and the shares of lesions, of oedema around
/// them and of the brain before the blur.
pub(crate) struct Samples {
    pub hu: Array2<f32>,
    pub lesion: Array2<f32>,
    pub oedema: Array2<f32>,
    pub brain: Array2<f32>,
}

/// The two strongest tissues at a place of the section, and the share of the first.
struct Mix {
    at: [f64; 2],
    tissues: (Tissue, Tissue),
    share: f32,
}

impl Mix {
    const AIR: Self = Self {
        at: [0.0; 2],
        tissues: (Tissue::Air, Tissue::Air),
        share: 1.0,
    };

    /// The share of tissues of a kind.
    fn of(&self, is: &dyn Fn(Tissue) -> bool) -> f32 {
        let (a, b) = self.tissues;
        f32::from(is(a)) * self.share + f32::from(is(b)) * (1.0 - self.share)
    }
}
