//! Pixel-driven back-projection of filtered rows: every pixel looks up its bin in every view.
//!
//! Fast and smooth, but not the transpose of any projector: for filtered back-projection alone.

use super::{Beam, Geometry, Shape, require};
use crate::Result;
use rayon::prelude::*;

/// Rows of the image that a task owns.
const BLOCK: usize = 4;

/// Views that a row takes at a time.
const FEW: usize = 4;

/// `[2 q_k - q_{k+1}, q_{k+1} - q_k]` of the filtered values of a view, between cells of zeros: what
/// lies at `k + f` is `[1, 1 + f]` times it.
type Row = [[f32; 2]];

/// `Σ_views weight(view, pixel) filtered(view, bin of the pixel)`, with linear interpolation;
/// weights are 1 for parallel rays, `(R / depth)²` on a flat detector and `(R / distance)²` on a
/// curved one. In single precision.
pub(super) fn look_up(scan: &Geometry, filtered: &[f64]) -> Vec<f32> {
    let bins = scan.detector().bins;
    let pairs = paired(filtered, bins);
    let (columns, rows) = (scan.grid().columns, scan.grid().rows);
    let turns: Vec<(f64, f64)> = scan.angles_rad().iter().map(|t| t.sin_cos()).collect();
    let mut out = vec![0.0; rows * columns];
    let tasks = out.par_chunks_mut(BLOCK * columns).enumerate();
    tasks.for_each_init(Vec::new, |sums, (block, out)| {
        sums.clear();
        sums.resize(out.len(), [0.0f32; 2]);
        // A few views at a time: less often to and fro with the sums.
        for (turns, views) in turns.chunks(FEW).zip(pairs.chunks(FEW * (bins + 2))) {
            for (j, sums) in sums.chunks_mut(columns).enumerate() {
                let j = block * BLOCK + j;
                if !gather_few(scan, turns, j, views, sums) {
                    for (&turn, row) in turns.iter().zip(views.chunks(bins + 2)) {
                        add_row(scan, turn, j, row, sums);
                    }
                }
            }
        }
        out.iter_mut()
            .zip(sums)
            .for_each(|(x, [a, b])| *x = *a + *b);
    });
    out
}

fn paired(filtered: &[f64], bins: usize) -> Vec<[f32; 2]> {
    let mut pairs = vec![[0.0; 2]; filtered.len() / bins * (bins + 2)];
    for (row, to) in filtered.chunks(bins).zip(pairs.chunks_mut(bins + 2)) {
        let padded = std::iter::once(0.0).chain(row.iter().copied());
        let next = row.iter().copied().chain(std::iter::once(0.0));
        for (to, (q, next)) in to.iter_mut().zip(padded.zip(next)) {
            *to = [(2.0 * q - next) as f32, (next - q) as f32];
        }
    }
    pairs
}

/// Adds one view to a row of pixels.
fn add_row(scan: &Geometry, (sin, cos): (f64, f64), j: usize, row: &Row, sums: &mut [[f32; 2]]) {
    let [x, y] = scan.grid().point_mm(j as f64, 0.0);
    let px = scan.grid().pixel_mm[1];
    let detector = scan.detector();
    // Cell 0 lies before bin 0.
    let (zero, scale) = (detector.bin(0.0) + 1.0, 1.0 / detector.pitch_mm);
    let lateral = (x * cos + y * sin, px * cos);
    match scan.beam() {
        Beam::Parallel => {
            let line = straight(scan, (sin, cos), j);
            let places = (0..sums.len() as u64).map(|i| (line.place(i), 1.0));
            if line.inside(sums.len(), row.len()) {
                gather(row, sums, places, |cell| cell);
            } else {
                gather(row, sums, places, |cell| cell.min(row.len() - 1));
            }
        }
        Beam::Fan {
            source_mm,
            detector_mm,
            shape,
        } => {
            let depth = (source_mm - x * sin + y * cos, -px * sin);
            let at = |i: f64| (lateral.0 + lateral.1 * i, depth.0 + depth.1 * i);
            let scale = scale * detector_mm;
            let steep = |i: usize| {
                let (l, d) = at(i as f64);
                l.abs() > d
            };
            match shape {
                Shape::Flat => in_two_passes(row, sums, |i| {
                    let (l, d) = at(i);
                    let near = 1.0 / d;
                    (zero + scale * l * near, (source_mm * near).powi(2))
                }),
                Shape::Curved if steep(0) || steep(sums.len() - 1) => {
                    in_two_passes(row, sums, |i| {
                        let (l, d) = at(i);
                        (
                            zero + scale * l.atan2(d),
                            source_mm.powi(2) / (l * l + d * d),
                        )
                    });
                }
                Shape::Curved => in_two_passes(row, sums, |i| {
                    // One division: 1 / d and 1 / (l² + d²) from that by their product.
                    let (l, d) = at(i);
                    let square = l * l + d * d;
                    let inverse = 1.0 / (d * square);
                    let angle = arc_tangent(l * inverse * square);
                    (zero + scale * angle, source_mm.powi(2) * d * inverse)
                }),
            }
        }
    }
}

/// Where the pixels of a row fall in a view of parallel rays.
#[derive(Clone, Copy)]
struct Straight {
    at: u64,
    slope: u64,
}

impl Straight {
    #[inline(always)]
    fn place(self, i: u64) -> u64 {
        self.at.wrapping_add(self.slope.wrapping_mul(i))
    }

    /// Whether all pixels of the row fall within its cells.
    fn inside(self, pixels: usize, cells: usize) -> bool {
        let ends = [self.at, self.place(pixels as u64 - 1)];
        ends.iter().all(|p| (p >> POINT) < cells as u64)
    }
}

fn straight(scan: &Geometry, (sin, cos): (f64, f64), j: usize) -> Straight {
    let [x, y] = scan.grid().point_mm(j as f64, 0.0);
    let detector = scan.detector();
    let fixed = |cells: f64| (cells * (1u64 << POINT) as f64) as i64 as u64;
    let (zero, scale) = (detector.bin(0.0) + 1.0, 1.0 / detector.pitch_mm);
    Straight {
        at: fixed(zero + scale * (x * cos + y * sin)),
        slope: fixed(scale * scan.grid().pixel_mm[1] * cos),
    }
}

/// Adds what [`FEW`] views of parallel rays read in a row, if there are as many and every place is
/// inside; else adds nothing and says so.
fn gather_few(
    scan: &Geometry,
    turns: &[(f64, f64)],
    j: usize,
    views: &Row,
    sums: &mut [[f32; 2]],
) -> bool {
    let Ok(turns) = <[(f64, f64); FEW]>::try_from(turns) else {
        return false;
    };
    if scan.beam() != Beam::Parallel {
        return false;
    }
    let cells = views.len() / FEW;
    let lines = turns.map(|turn| straight(scan, turn, j));
    let inside = lines.iter().all(|line| line.inside(sums.len(), cells));
    if !inside {
        return false;
    }
    let mut at = lines.map(|line| line.at);
    for sum in sums {
        let (mut first, mut second) = (0.0, 0.0);
        for v in 0..FEW {
            let q = views[v * cells + (at[v] >> POINT) as usize];
            first += q[0];
            second += one_and(at[v]) * q[1];
            at[v] = at[v].wrapping_add(lines[v].slope);
        }
        *sum = [sum[0] + first, sum[1] + second];
    }
    true
}

/// Places of a few pixels at a time, in a loop that the compiler can vectorise, then the look-ups.
#[inline(always)]
fn in_two_passes(row: &Row, sums: &mut [[f32; 2]], place_of: impl Fn(f64) -> (f64, f64)) {
    const PIXELS: usize = 64;
    let (mut places, mut weights) = ([0; PIXELS], [0.0f32; PIXELS]);
    for (chunk, sums) in sums.chunks_mut(PIXELS).enumerate() {
        let first = (chunk * PIXELS) as f64;
        for i in 0..PIXELS {
            let (cells, weight) = place_of(first + f64::from(i as i32));
            places[i] = place(cells);
            weights[i] = weight as f32;
        }
        let places = places.iter().copied().zip(weights.iter().copied());
        gather(row, sums, places, |cell| cell.min(row.len() - 1));
    }
}

/// Bits of a place after the point, in cells; 19 before it and one for the sign.
const POINT: u32 = 44;

/// Refuses a scan whose pixels fall farther from the detector than places can tell.
pub(super) fn check(scan: &Geometry) -> Result<()> {
    let radius = scan.grid().radius_mm();
    let farthest_mm = match scan.beam() {
        Beam::Parallel => radius,
        Beam::Fan {
            source_mm,
            detector_mm,
            ..
        } => detector_mm * radius / (source_mm - radius),
    };
    let d = scan.detector();
    let cells = (farthest_mm + d.offset_mm.abs()) / d.pitch_mm + d.bins as f64;
    require(
        cells < 500_000.0,
        "image and detector",
        "pixels that fall within 500000 bins of the detector's middle",
        || format!("{cells:.0} (the source is close to the image, or the pitch small)"),
    )
}

/// A place as an integer of 2⁻⁴⁴ cells, exact to 2⁻³³.
#[inline(always)]
fn place(cells: f64) -> u64 {
    /// Leaves an f64 with 32 bits after the point: 1.5 · 2²⁰.
    const ALIGN: f64 = 1_572_864.0;
    (cells + ALIGN).to_bits() << 12 ^ 1 << 63
}

/// Adds what each place reads. Where places may lie outside, `cell` leads there to the last cell,
/// which is zero; negative places are the largest.
#[inline(always)]
fn gather(
    row: &Row,
    sums: &mut [[f32; 2]],
    places: impl Iterator<Item = (u64, f32)>,
    cell: impl Fn(usize) -> usize,
) {
    for (sum, (at, weight)) in sums.iter_mut().zip(places) {
        let q = row[cell((at >> POINT) as usize)];
        let w = one_and(at);
        *sum = [sum[0] + weight * q[0], sum[1] + weight * w * q[1]];
    }
}

/// 1 and the fraction of a place, from its upper 23 bits: faster than a conversion.
#[inline(always)]
fn one_and(at: u64) -> f32 {
    f32::from_bits((at >> (POINT - 23)) as u32 & 0x7f_ffff | 0x3f80_0000)
}

/// The arc tangent for `|x| ≤ 1`, to 2e-8 (Hastings 1955, sheet 13).
#[inline(always)]
fn arc_tangent(x: f64) -> f64 {
    const C: [f64; 9] = [
        1.0,
        -0.333_331_452_8,
        0.199_935_508_5,
        -0.142_088_994_4,
        0.106_562_639_3,
        -0.075_289_640_0,
        0.042_909_613_8,
        -0.016_165_736_7,
        0.002_866_225_7,
    ];
    let t = x * x;
    // Even and odd powers apart: half as long a chain.
    let every_other = |from: usize| C[from..].iter().step_by(2).rev();
    let sum = |from: usize| every_other(from).fold(0.0, |sum, c| sum * (t * t) + c);
    x * (sum(0) + t * sum(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::projector_scans as scans;

    #[test]
    fn the_arc_tangent_is_one() {
        for i in -100..=100 {
            let x = f64::from(i) / 100.0;
            assert!((arc_tangent(x) - x.atan()).abs() < 3e-8);
        }
    }

    /// Against the geometry's own word for where a pixel falls.
    #[test]
    fn every_pixel_looks_up_its_bin() {
        for scan in scans() {
            let bins = scan.detector().bins;
            let filtered: Vec<f64> = (0..scan.views() * bins)
                .map(|i| (i as f64 * 0.37).sin())
                .collect();
            let found = look_up(&scan, &filtered);
            let grid = scan.grid();
            for (i, found) in found.iter().enumerate() {
                let [x, y] = grid.point_mm((i / grid.columns) as f64, (i % grid.columns) as f64);
                let by_hand: f64 = (0..scan.views())
                    .map(|v| {
                        let bin = scan.project_point(v, x, y);
                        let at = |k: f64| {
                            let inside = k >= 0.0 && k < bins as f64;
                            if inside {
                                filtered[v * bins + k as usize]
                            } else {
                                0.0
                            }
                        };
                        let f = bin - bin.floor();
                        weight(&scan, v, x, y)
                            * ((1.0 - f) * at(bin.floor()) + f * at(bin.floor() + 1.0))
                    })
                    .sum();
                assert!(
                    (f64::from(*found) - by_hand).abs() < 2e-5,
                    "{found} {by_hand}"
                );
            }
        }
    }

    fn weight(scan: &Geometry, view: usize, x: f64, y: f64) -> f64 {
        let Beam::Fan {
            source_mm, shape, ..
        } = scan.beam()
        else {
            return 1.0;
        };
        let [sx, sy] = scan.ray(view, 0.0).origin_mm;
        let (dx, dy) = (x - sx, y - sy);
        let distance = match shape {
            Shape::Curved => dx.hypot(dy),
            Shape::Flat => -(dx * sx + dy * sy) / source_mm,
        };
        (source_mm / distance).powi(2)
    }
}
