//! Kernels of blur: out of focus, out of true, or measured.

use crate::{Array, Error, Field, Result, SliceRng};
use rand_distr::{Distribution, StandardNormal};

/// A point-spread function in pixels that sums to 1, with its centre in the pixel
/// `(⌊rows/2⌋, ⌊columns/2⌋)`: the middle of odd sizes, right of and below it of even ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    rows: usize,
    columns: usize,
    weights: Vec<f64>,
}

impl Kernel {
    /// From weights in C order, `rows × columns`, divided by their sum.
    ///
    /// Errors: another number of weights, a sum that is not positive, or one not finite.
    pub fn new(rows: usize, columns: usize, mut weights: Vec<f64>) -> Result<Self> {
        let sum: f64 = weights.iter().sum();
        if weights.len() != rows * columns || !(sum.is_finite() && sum > 0.0) {
            return Err(Error::Parameter {
                what: "kernel",
                expected: "rows × columns weights with a positive sum",
                got: format!("{} of {rows} × {columns}, sum {sum}", weights.len()),
            });
        }
        weights.iter_mut().for_each(|w| *w /= sum);
        Ok(Kernel {
            rows,
            columns,
            weights,
        })
    }

    /// `exp(-r²/(2 σ²))` at the pixels up to 4 σ away, σ in pixels.
    ///
    /// Errors: σ not positive, or above 500.
    pub fn gaussian(sigma_pixels: f64) -> Result<Self> {
        positive("deviation of a kernel in pixels", sigma_pixels)?;
        let reach = (4.0 * sigma_pixels).ceil() as i64;
        let along: Vec<f64> = (-reach..=reach)
            .map(|r| (-0.5 * (r as f64 / sigma_pixels).powi(2)).exp())
            .collect();
        let each = along.iter().flat_map(|y| along.iter().map(move |x| y * x));
        Kernel::new(along.len(), along.len(), each.collect())
    }

    /// A straight motion at constant speed, its middle in the centre, at an angle from +X towards
    /// +Y.
    ///
    /// Errors: a length that is not positive, or above 500; an angle that is not finite.
    pub fn motion(length_pixels: f64, angle_rad: f64) -> Result<Self> {
        positive("length of a motion in pixels", length_pixels)?;
        if !angle_rad.is_finite() {
            return Err(Error::Parameter {
                what: "angle of a motion",
                expected: "a finite number",
                got: angle_rad.to_string(),
            });
        }
        let (sin, cos) = angle_rad.sin_cos();
        let steps = (PER_PIXEL * length_pixels).ceil() as usize;
        let path = (0..steps).map(|i| {
            let s = length_pixels * ((i as f64 + 0.5) / steps as f64 - 0.5);
            [s * sin, s * cos]
        });
        let reach = (0.5 * length_pixels).ceil() as usize + 1;
        deposited(2 * reach + 1, path)
    }

    /// A shaken camera: a path of `size - 1` pixels at constant speed whose heading wanders by
    /// `bend_rad` a pixel (deviation), within `size × size` pixels, from the first stream of `rng`.
    ///
    /// After Boracchi and Foi 2012 (IEEE Trans. Image Process. 21:3502), without their impulses.
    /// Errors: a size that is even, below 3 or above 4001, a bend that is negative or not finite.
    pub fn random_motion(size: usize, bend_rad: f64, rng: &mut SliceRng) -> Result<Self> {
        let parameter = |what, expected, got| {
            Err(Error::Parameter {
                what,
                expected,
                got,
            })
        };
        if !(3..=4001).contains(&size) || size.is_multiple_of(2) {
            let expected = "an odd number of pixels from 3 to 4001";
            return parameter("size of a motion", expected, size.to_string());
        }
        if !(bend_rad.is_finite() && bend_rad >= 0.0) {
            let expected = "a number that is not negative";
            return parameter("bend of a motion", expected, bend_rad.to_string());
        }
        let rng = &mut rng.items()[0];
        let mut normal = || -> f64 { StandardNormal.sample(rng) };
        let mut heading = normal().atan2(normal());
        let mut at = [0.0_f64; 2];
        let mut path = vec![at];
        for _ in 0..(PER_PIXEL as usize) * (size - 1) {
            heading += bend_rad * normal() / PER_PIXEL.sqrt();
            at = [
                at[0] + heading.sin() / PER_PIXEL,
                at[1] + heading.cos() / PER_PIXEL,
            ];
            path.push(at);
        }
        let middle = [0, 1].map(|axis| {
            let along = path.iter().map(|p| p[axis]);
            let ends = along.fold([f64::MAX, f64::MIN], |[low, high], p| {
                [low.min(p), high.max(p)]
            });
            0.5 * (ends[0] + ends[1])
        });
        let centred = path.iter().map(|p| [p[0] - middle[0], p[1] - middle[1]]);
        deposited(size, centred)
    }

    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// Weights in C order; their sum is 1.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// `Real[1, rows, columns]`.
    pub fn image<T: Array>(&self, device: &T::Device) -> T {
        let sizes = [1, self.rows, self.columns];
        T::from_reals(device, &sizes, Field::Real, &self.weights)
    }
}

/// Points of a path a pixel.
const PER_PIXEL: f64 = 32.0;

fn positive(what: &'static str, value: f64) -> Result<()> {
    if value > 0.0 && value <= 500.0 {
        return Ok(());
    }
    Err(Error::Parameter {
        what,
        expected: "a number above 0 and up to 500",
        got: value.to_string(),
    })
}

/// Points, in pixels from the centre of an odd size, each shared by the four pixels around it.
fn deposited(size: usize, path: impl Iterator<Item = [f64; 2]>) -> Result<Kernel> {
    let mut weights = vec![0.0; size * size];
    let centre = (size / 2) as f64;
    for [y, x] in path {
        for (row, along_y) in shares(y + centre, size) {
            for (column, along_x) in shares(x + centre, size) {
                weights[row * size + column] += along_y * along_x;
            }
        }
    }
    Kernel::new(size, size, weights)
}

/// The two pixels around a position, with their shares; what rounds out of range has share 0.
fn shares(at: f64, size: usize) -> [(usize, f64); 2] {
    let below = at.clamp(0.0, (size - 1) as f64).floor();
    let share = (at - below).clamp(0.0, 1.0);
    let next = (below as usize + 1).min(size - 1);
    [(below as usize, 1.0 - share), (next, share)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sum, mean and second moments: along Y, along X, across.
    fn moments(k: &Kernel) -> [f64; 6] {
        let mut sums = [0.0; 6];
        let (rows, columns) = k.shape();
        for (i, w) in k.weights().iter().enumerate() {
            let y = (i / columns) as f64 - (rows / 2) as f64;
            let x = (i % columns) as f64 - (columns / 2) as f64;
            let terms = [1.0, y, x, y * y, x * x, x * y];
            sums.iter_mut().zip(terms).for_each(|(s, t)| *s += w * t);
        }
        sums
    }

    #[test]
    fn a_gaussian_has_its_variance() {
        let [sum, y, x, yy, xx, xy] = moments(&Kernel::gaussian(3.0).unwrap());
        assert!((sum - 1.0).abs() < 1e-12 && y.abs() < 1e-12 && x.abs() < 1e-12);
        // 4 σ hold all but 1e-3 of the variance.
        assert!((yy / 9.0 - 1.0).abs() < 2e-3 && (xx / yy - 1.0).abs() < 1e-12);
        assert!(xy.abs() < 1e-12);
        assert!(Kernel::gaussian(0.0).is_err() && Kernel::gaussian(f64::NAN).is_err());
    }

    #[test]
    fn a_straight_motion_has_its_length_and_its_angle() {
        let (length, angle) = (9.5_f64, 0.6_f64);
        let [sum, y, x, yy, xx, xy] = moments(&Kernel::motion(length, angle).unwrap());
        assert!((sum - 1.0).abs() < 1e-12 && y.abs() < 1e-12 && x.abs() < 1e-12);
        // A segment has length²/12 along it; sharing a point between pixels adds at most ¼ an axis
        // and nothing across the axes.
        let expected = length * length / 12.0;
        assert!((yy - expected * angle.sin().powi(2) - 0.125).abs() < 0.125);
        assert!((xx - expected * angle.cos().powi(2) - 0.125).abs() < 0.125);
        let across = expected * angle.sin() * angle.cos();
        assert!((xy - across).abs() < 2e-3 * across, "{xy} not {across}");
        assert!(Kernel::motion(-1.0, 0.0).is_err() && Kernel::motion(1.0, f64::NAN).is_err());
    }

    #[test]
    fn a_random_motion_repeats_and_fits() {
        let motion = |size, bend, seed| {
            Kernel::random_motion(size, bend, &mut SliceRng::samples(seed, 0, 1))
        };
        for seed in 0..20 {
            for bend in [0.0, 0.2, 2.0] {
                let k = motion(21, bend, seed).unwrap();
                assert!((k.weights().iter().sum::<f64>() - 1.0).abs() < 1e-12);
                assert!(k.weights().iter().all(|w| *w >= 0.0));
            }
        }
        assert_eq!(motion(21, 0.2, 1).unwrap(), motion(21, 0.2, 1).unwrap());
        assert_ne!(motion(21, 0.2, 1).unwrap(), motion(21, 0.2, 2).unwrap());
        // Without a bend it is a straight motion of 20 pixels.
        let [.., yy, xx, _] = moments(&motion(21, 0.0, 3).unwrap());
        assert!((yy + xx - 400.0 / 12.0 - 0.25).abs() < 0.3, "{}", yy + xx);
        assert!(motion(20, 0.2, 1).is_err() && motion(21, -1.0, 1).is_err());
    }
}
