//! Soft borders between the tissues of two neighbouring planes.

use ndarray::{Array2, ArrayView2, Zip};

use crate::spline::spline;

/// More than the number of tissues, which are told apart by the bits of a word.
const LANES: usize = 32;
/// Air around a plane, so that the outermost samples see nothing else.
pub(super) const MARGIN: usize = 4;

/// The share of each tissue at a place; they sum to 1.
pub(super) type Shares = [f32; LANES];

/// A section between two planes of numbers of tissues.
///
/// The weight `w` of a tissue is the sum of the cubic B-spline weights of its pixels within the
/// planes, linear from plane to plane; its share is `w² / sum w²`, which halves the width of a
/// border and keeps it smooth.
pub(super) struct SoftPlanes {
    /// The tissue of each pixel, as a bit.
    planes: [Vec<u32>; 2],
    weights: [f32; 2],
    /// Rows and columns.
    size: [usize; 2],
    /// The tissues of the 4 x 4 pixels around a place, a bit each.
    present: Vec<u32>,
}

/// A place in the planes: its pixel, and where in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pixel: usize,
    fraction: [f32; 2],
    /// The tissues around, a bit each.
    pub present: u32,
}

impl Place {
    /// The tissue, where there is one alone.
    #[inline]
    pub fn alone(&self) -> Option<u8> {
        let one = self.present & (self.present - 1) == 0;
        one.then_some(self.present.trailing_zeros() as u8)
    }
}

impl SoftPlanes {
    /// A section that lies `fraction` (0 to 1) of the way from plane to plane, both of equal size
    /// and with a margin of [`MARGIN`].
    pub fn new(planes: [ArrayView2<u8>; 2], fraction: f32) -> Self {
        let (ny, nx) = planes[0].dim();
        let planes = planes.map(|plane| plane.mapv(|tissue| 1u32 << tissue));
        let present = around(&planes[0]) | around(&planes[1]);
        Self {
            planes: planes.map(|plane| plane.into_raw_vec_and_offset().0),
            weights: [1.0 - fraction, fraction],
            size: [ny, nx],
            present: present.into_raw_vec_and_offset().0,
        }
    }

    /// The place at a column and a row.
    #[inline]
    pub fn place(&self, [x, y]: [f32; 2]) -> Place {
        let [ny, nx] = self.size;
        // What is no number lies in the corner, as what is far out does.
        let inside = |v: f32, n: usize| match v > 1.0 {
            true => v.min((n - 3) as f32 + 0.999),
            false => 1.0,
        };
        let (x, y) = (inside(x, nx), inside(y, ny));
        let [column, row] = [x, y].map(|v| v as i32);
        let pixel = row as usize * nx + column as usize;
        Place {
            pixel,
            fraction: [x - column as f32, y - row as f32],
            present: self.present[pixel],
        }
    }

    /// On which sides a place lies beside the planes, in their margin of air, a bit each.
    pub fn beside(&self, [x, y]: [f64; 2]) -> u8 {
        let [ny, nx] = self.size;
        let low = |v: f64| u8::from(v < 2.0);
        let high = |v: f64, n: usize| u8::from(v > n as f64 - 3.0);
        low(x) | high(x, nx) << 1 | low(y) << 2 | high(y, ny) << 3
    }

    /// Adds the shares of the tissues at a place, times `weight`; gives the share of `tissue`.
    pub fn add(&self, place: Place, weight: f32, tissue: u8, sum: &mut Shares) -> f32 {
        let mut taps = [([0u32; 4], [0f32; 4]); 8];
        self.taps(place, &mut taps);
        let (mut squares, mut total, mut left) = (Shares::default(), 0.0, place.present);
        while left != 0 {
            let own = left & left.wrapping_neg();
            let mut lanes = [0f32; 4];
            for (tissues, weights) in &taps {
                for n in 0..4 {
                    lanes[n] += if tissues[n] == own { weights[n] } else { 0.0 };
                }
            }
            let w = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
            squares[own.trailing_zeros() as usize % LANES] = w * w;
            total += w * w;
            left ^= own;
        }
        left = place.present;
        while left != 0 {
            let n = left.trailing_zeros() as usize % LANES;
            squares[n] /= total;
            sum[n] += weight * squares[n];
            left &= left - 1;
        }
        squares[usize::from(tissue) % LANES]
    }

    /// The tissues of the 4 x 4 pixels around a place in both planes, and their weights.
    #[inline]
    fn taps(&self, place: Place, taps: &mut [([u32; 4], [f32; 4]); 8]) {
        let [wx, wy] = place.fraction.map(|t| spline(f64::from(t)));
        let corner = place.pixel - self.size[1] - 1;
        for (k, (plane, share)) in self.planes.iter().zip(self.weights).enumerate() {
            for t in 0..4 {
                let start = corner + t * self.size[1];
                let (tissues, weights) = &mut taps[4 * k + t];
                tissues.copy_from_slice(&plane[start..start + 4]);
                let w = share * wy[t];
                *weights = wx.map(|v| w * v);
            }
        }
    }
}

/// The bits of the pixels from one before to two after each pixel, along rows and columns; all bits
/// at the border.
fn around(bits: &Array2<u32>) -> Array2<u32> {
    let (ny, nx) = bits.dim();
    let mut along = Array2::zeros((ny, nx));
    for (mut out, row) in along.rows_mut().into_iter().zip(bits.rows()) {
        let row = row.to_slice().expect("planes have standard layout");
        for (out, w) in out.iter_mut().skip(1).zip(row.windows(4)) {
            *out = w[0] | w[1] | w[2] | w[3];
        }
    }
    let mut all = Array2::from_elem((ny, nx), u32::MAX);
    for r in 1..ny.saturating_sub(2) {
        Zip::from(all.row_mut(r))
            .and(along.row(r - 1))
            .and(along.row(r))
            .and(along.row(r + 1))
            .and(along.row(r + 2))
            .for_each(|e, &a, &b, &c, &d| *e = a | b | c | d);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripes(shift: usize) -> Array2<u8> {
        Array2::from_shape_fn((21, 30), |(y, x)| match x + shift {
            _ if y < MARGIN || y + MARGIN >= 21 || !(MARGIN..26).contains(&x) => 0,
            x if x < 12 => 3,
            x if x < 13 => 7,
            x if x < 20 => 5 + (y % 2) as u8,
            _ => 9,
        })
    }

    fn shares(soft: &SoftPlanes, at: [f32; 2]) -> Shares {
        let mut shares = [0.0; LANES];
        let share = soft.add(soft.place(at), 1.0, 7, &mut shares);
        assert_eq!(share, shares[7]);
        shares
    }

    #[test]
    fn shares_sum_to_one_and_are_those_of_all_pixels() {
        let (a, b) = (stripes(0), stripes(1));
        for fraction in [0.0f32, 0.3, 1.0] {
            let soft = SoftPlanes::new([a.view(), b.view()], fraction);
            for n in 0..3000 {
                let at = [(n % 61) as f32 * 0.51 - 0.7, (n / 61) as f32 * 0.43];
                let found = shares(&soft, at);
                assert!((found.iter().sum::<f32>() - 1.0).abs() < 1e-6);
                let [x, y] = [at[0].clamp(1.0, 27.999), at[1].clamp(1.0, 18.999)];
                let mut sums = [0f64; LANES];
                for ((r, c), tissue) in a.indexed_iter() {
                    let w = bell(x - c as f32) * bell(y - r as f32);
                    sums[usize::from(*tissue)] += w * f64::from(1.0 - fraction);
                    sums[usize::from(b[(r, c)])] += w * f64::from(fraction);
                }
                let total: f64 = sums.iter().map(|w| w * w).sum();
                for (f, w) in found.iter().zip(sums) {
                    assert!((f64::from(*f) - w * w / total).abs() < 1e-5, "{at:?}");
                }
            }
        }
    }

    /// The cubic B-spline.
    fn bell(x: f32) -> f64 {
        let x = f64::from(x).abs();
        match x {
            x if x < 1.0 => (4.0 - 6.0 * x * x + 3.0 * x * x * x) / 6.0,
            x if x < 2.0 => (2.0 - x).powi(3) / 6.0,
            _ => 0.0,
        }
    }

    #[test]
    fn a_place_amid_one_tissue_is_pure() {
        let (a, b) = (stripes(0), stripes(0));
        let soft = SoftPlanes::new([a.view(), b.view()], 0.5);
        for (at, tissue) in [
            ([8.4, 10.2], Some(3)),
            ([-50.0, 1e6], Some(0)),
            ([f32::NAN, f32::INFINITY], Some(0)),
            ([12.0, 10.0], None),
        ] {
            assert_eq!(soft.place(at).alone(), tissue);
            if let Some(tissue) = tissue {
                assert!((shares(&soft, at)[usize::from(tissue)] - 1.0).abs() < 1e-6);
            }
        }
    }
}
