//! What a head needs along each row of a grid: its fields, and where places come from.

use std::ops::Range;

use ndarray::Array2;

use super::field::Rows;
use super::grid::CtGrid;
use super::looks::Looks;
use super::pose::UNIT_MM;
use super::textures::Textures;

/// Distance of the points at which the deformation is evaluated, or a pixel if that is larger.
const NODE_MM: f64 = 4.8;

/// The textures of a head along one row of a grid: grain, slow changes, muscles and cells.
pub(crate) struct Fields<'a> {
    rows: [Rows<'a>; 4],
    values: [Vec<f32>; 4],
}

impl<'a> Fields<'a> {
    pub fn new(textures: &'a Textures, grid: &CtGrid) -> Self {
        let one = |field| Rows::new([(1.0, field)], grid);
        Self {
            rows: [
                Rows::new(textures.grain.octaves(), grid),
                one(&textures.slow),
                one(&textures.muscles),
                one(&textures.cells),
            ],
            values: std::array::from_fn(|_| vec![0.0; grid.nx]),
        }
    }

    /// Goes to the row at `y_mm`, where some columns matter.
    pub fn fill(&mut self, y_mm: f64, columns: Range<usize>) {
        for (rows, values) in self.rows.iter_mut().zip(&mut self.values) {
            rows.fill(y_mm, columns.start, &mut values[columns.clone()]);
        }
    }

    /// The values in a column.
    pub fn at(&self, column: usize) -> [f32; 4] {
        std::array::from_fn(|n| self.values[n][column])
    }
}

/// A deformation at points of a lattice in millimetres, linear between them.
pub(crate) struct Nodes {
    step_mm: f64,
    first: [i64; 2],
    points: Array2<[f64; 2]>,
    /// Whether what lies between four points comes from beside the section.
    beside: Array2<bool>,
    /// Lattice point left of each column, and how far right of it the column lies.
    columns: Vec<(usize, f64)>,
}

impl Nodes {
    /// The deformation of a head; `side` tells on which sides of the section a place lies, if it lies
    /// beside it.
    pub fn new(looks: &Looks, grid: &CtGrid, side: &dyn Fn([f64; 2]) -> u8) -> Self {
        let step_mm = NODE_MM.max(grid.pixel_mm);
        let first = [grid.x_mm(0), grid.y_mm(grid.ny - 1)].map(|v| (v / step_mm).floor() as i64);
        let span = |n: usize| ((n - 1) as f64 * grid.pixel_mm / step_mm).ceil() as usize + 3;
        let points = Array2::from_shape_fn((span(grid.ny), span(grid.nx)), |(v, u)| {
            let p = [first[0] + u as i64, first[1] + v as i64];
            let place = p.map(|n| n as f64 * step_mm / UNIT_MM);
            looks.warp.apply(place).map(|s| s * UNIT_MM)
        });
        let sides = points.mapv(side);
        let cells = (sides.nrows() - 1, sides.ncols() - 1);
        // All four on one side: so is what lies between them.
        let beside = Array2::from_shape_fn(cells, |(j, i)| {
            sides[(j, i)] & sides[(j, i + 1)] & sides[(j + 1, i)] & sides[(j + 1, i + 1)] != 0
        });
        let columns = (0..grid.nx).map(|i| below(grid.x_mm(i) / step_mm, first[0]));
        Self {
            step_mm,
            first,
            points,
            beside,
            columns: columns.collect(),
        }
    }

    /// Where the places of a row come from, in millimetres from the centre of the section; nothing
    /// where that is beside it.
    pub fn row(&self, grid: &CtGrid, row: usize) -> impl Iterator<Item = Option<[f64; 2]>> {
        let (j, fv) = below(grid.y_mm(row) / self.step_mm, self.first[1]);
        let (lower, upper) = (self.points.row(j), self.points.row(j + 1));
        let beside = self.beside.row(j);
        self.columns.iter().map(move |&(i, fu)| {
            if beside[i] {
                return None;
            }
            let [a, b, c, d] = [lower[i], lower[i + 1], upper[i], upper[i + 1]];
            let mix = |n: usize| {
                (1.0 - fv) * ((1.0 - fu) * a[n] + fu * b[n]) + fv * ((1.0 - fu) * c[n] + fu * d[n])
            };
            Some([mix(0), mix(1)])
        })
    }
}

/// The lattice point below a place, counted from the first, and the part of the way to the next.
fn below(at: f64, first: i64) -> (usize, f64) {
    let whole = at.floor();
    ((whole as i64 - first) as usize, at - whole)
}
