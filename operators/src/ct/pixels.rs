//! Pixel-driven back-projection of filtered rows: every pixel looks up its bin in every view.
//!
//! Fast and smooth, but not the transpose of any projector: for filtered back-projection alone.

use super::{Beam, Geometry, Shape, require};
use crate::Result;
use crate::array::Real;
use rayon::prelude::*;

/// Rows of the image that a task owns.
const BLOCK: usize = 4;

/// Filtered values of a view, each beside the next, between cells of zeros.
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
        for (&turn, row) in turns.iter().zip(pairs.chunks(bins + 2)) {
            for (j, sums) in sums.chunks_mut(columns).enumerate() {
                add_row(scan, turn, block * BLOCK + j, row, sums);
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
        for (k, &q) in row.iter().enumerate() {
            to[k][1] = q as f32;
            to[k + 1][0] = q as f32;
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
            let fixed = |cells: f64| (cells * (1u64 << POINT) as f64) as i64 as u64;
            let (at, slope) = (fixed(zero + scale * lateral.0), fixed(scale * lateral.1));
            let place = |i: u64| at.wrapping_add(slope.wrapping_mul(i));
            let places = (0..sums.len() as u64).map(|i| (place(i), 1.0));
            let ends = [at, place(sums.len() as u64 - 1)];
            let all_inside = ends.iter().all(|p| (p >> POINT) < row.len() as u64);
            if all_inside {
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

/// Places of a few pixels at a time, in a loop that the compiler can vectorise, then the look-ups.
#[inline(always)]
fn in_two_passes(row: &Row, sums: &mut [[f32; 2]], place_of: impl Fn(f64) -> (f64, f64)) {
    const FEW: usize = 64;
    let (mut places, mut weights) = ([0; FEW], [0.0f32; FEW]);
    for (chunk, sums) in sums.chunks_mut(FEW).enumerate() {
        let first = (chunk * FEW) as f64;
        for i in 0..FEW {
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
        let w = f32::shares(at << (48 - POINT));
        *sum = [sum[0] + weight * w[0] * q[0], sum[1] + weight * w[1] * q[1]];
    }
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
