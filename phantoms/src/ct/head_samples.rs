//! A head on a grid: what is at the centres of its pixels.

use ndarray::Array2;

use super::grid::CtGrid;
use super::head::Head;
use super::head_rows::{Fields, Nodes};
use super::lesion::{Lesion, Marks, Suffering};
use super::samples::Samples;
use super::tissue::Tissue;
use crate::vote::{alone, even, vote_of_few};

impl Head {
    /// What is at the centres of the pixels.
    pub fn samples(&self, grid: &CtGrid) -> Samples {
        let mut fields = Fields::new(&self.textures, grid);
        let even = even(self.section.tissues.view());
        let nodes = Nodes::new(&self.looks, grid, &|source| self.side(self.pixel(source)));
        let mut samples = Samples::new(grid);
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
        samples.blurred(self.looks.blur_mm, grid)
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
        *hu = self.looks.hu(a, p, fields.at(i));
        if mix.share == 1.0 && a == Tissue::Air {
            return;
        }
        if mix.share < 1.0 {
            let other = self.looks.hu(b, p, fields.at(i));
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

    /// Lesions at a place of the section; their shares.
    fn suffer(&self, mix: &Mix, hu: &mut f32) -> Marks {
        let [column, row] = mix.at.map(|v| v.round().max(0.0) as usize);
        let place = Suffering {
            at: mix.at.map(|v| v * self.section.pixel_mm),
            brain: mix.of(&Tissue::is_brain),
            white: mix.of(&|t| t == Tissue::White),
            fluid: mix.of(&|t| t == Tissue::Fluid),
            to_bone: self.to_bone.get((row, column)).copied().unwrap_or(f32::MAX),
        };
        Lesion::apply_all(&self.lesions, &place, hu)
    }
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
