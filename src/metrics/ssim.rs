//! Structural similarity: `(2 μx μt + c1)(2 σxt + c2) / ((μx² + μt² + c1)(σx² + σt² + c2))`, averaged.
//!
//! `c1 = (0.01 range)²`, `c2 = (0.03 range)²`; μ, σ² and σxt are means, variances and covariance in a window around a
//! pixel. Source: Wang, Bovik, Sheikh, Simoncelli 2004, eq. 13. What papers disagree in is the window, the range and the
//! border, so each of the three is stated.

use super::filter::{box_means, gaussian, weighted_means};
use super::pair::SliceOf;
use super::{DataRange, MetricsError, Pair, Value};
use ndarray::{Array2, ArrayView2, Zip, s};
use rayon::prelude::*;

/// The window, and the covariance that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// 7 x 7, all weights equal, sample covariance (x 49/48): scikit-image's default.
    Uniform,
    /// 11 x 11, Gaussian of σ = 1.5, covariance of the population: Wang et al. 2004.
    Gaussian,
}

/// What becomes of the pixels whose window reaches over the edge of the slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    /// They are left out of the mean: scikit-image.
    Cropped,
    /// They are kept, zeros outside: RED-CNN.
    Zeros,
}

/// Mean structural similarity of a volume, slice by slice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ssim {
    /// Window and covariance.
    pub window: Window,
    /// The edges of a slice.
    pub border: Border,
    /// The range of values.
    pub range: DataRange,
}

impl Ssim {
    /// fastMRI: scikit-image's default with the maximum of the reference volume as range.
    pub const FASTMRI: Ssim = Ssim {
        window: Window::Uniform,
        border: Border::Cropped,
        range: DataRange::Maximum,
    };
    /// Wang et al. 2004 with the range of the reference volume: `gaussian_weights=True, sigma=1.5,
    /// use_sample_covariance=False` in scikit-image.
    pub const WANG: Ssim = Ssim {
        window: Window::Gaussian,
        border: Border::Cropped,
        range: DataRange::MaximumMinusMinimum,
    };

    /// The mean over the pixels, of all slices or of the mask; without a mask, the mean over slices of their means.
    ///
    /// Errors for slices smaller than the window, without a range, or where the mask has only pixels of the border.
    pub fn measure<T: Value + Into<f64>>(&self, pair: &Pair<T>) -> Result<f64, MetricsError> {
        let range = self.range.of(pair.reference())?;
        let found = pair.slice(0).image.dim();
        let found = found.0.min(found.1);
        if found < self.window.side() {
            return Err(MetricsError::TooFew {
                what: "rows and columns of a slice under the window of SSIM",
                needed: self.window.side(),
                found,
                remedy: "leave SSIM out",
            });
        }
        let slices = (0..pair.slices()).into_par_iter();
        // Collected first: the order of the sum must not depend on threads.
        let sums: Vec<_> = slices.map(|i| self.sum(&pair.slice(i), range)).collect();
        let (sum, pixels) = sums
            .iter()
            .fold((0.0, 0), |(sum, n), (s, m)| (sum + s, n + m));
        if pixels == 0 {
            return Err(MetricsError::TooFew {
                what: "pixels of the mask that are not at the border of a slice",
                needed: 1,
                found: 0,
                remedy: "leave SSIM out, or use a larger mask",
            });
        }
        Ok(sum / pixels as f64)
    }

    /// Sum over the pixels of a slice that count, and their number.
    fn sum<T: Value + Into<f64>>(&self, slice: &SliceOf<T>, range: f64) -> (f64, usize) {
        let map = self.map(
            slice.image.mapv(Into::into),
            slice.reference.mapv(Into::into),
            range,
        );
        let Some(mask) = slice.mask else {
            return (map.sum(), map.len());
        };
        let skipped = match self.border {
            Border::Cropped => self.window.side() / 2,
            Border::Zeros => 0,
        };
        let (rows, columns) = map.dim();
        let mask = mask.slice(s![skipped..skipped + rows, skipped..skipped + columns]);
        let kept = map.iter().zip(mask).filter(|(_, inside)| **inside);
        kept.fold((0.0, 0), |(sum, n), (v, _)| (sum + v, n + 1))
    }

    /// The similarity around each pixel; without its border if that is cropped.
    fn map(&self, x: Array2<f64>, t: Array2<f64>, range: f64) -> Array2<f64> {
        // Second moments around the mean of the slice, lest a large offset drown them; zeros outside fix the offset.
        let offset = match self.border {
            Border::Cropped => t.sum() / t.len() as f64,
            Border::Zeros => 0.0,
        };
        let ready = |a: Array2<f64>| match self.border {
            Border::Cropped => a - offset,
            Border::Zeros => padded(a.view(), self.window.side() / 2),
        };
        let (x, t) = (ready(x), ready(t));
        let means = |a: Array2<f64>| self.window.means(a.view());
        let [xx, tt, xt] = [&x * &x, &t * &t, &x * &t].map(means);
        let (mx, mt) = (means(x), means(t));
        let (c1, c2) = ((0.01 * range).powi(2), (0.03 * range).powi(2));
        let n = self.window.covariance_factor();
        Zip::from(&mx)
            .and(&mt)
            .and(&xx)
            .and(&tt)
            .and(&xt)
            .map_collect(|mx, mt, xx, tt, xt| {
                let (vx, vt) = (n * (xx - mx * mx), n * (tt - mt * mt));
                let vxt = n * (xt - mx * mt);
                let (mx, mt) = (mx + offset, mt + offset);
                (2.0 * mx * mt + c1) * (2.0 * vxt + c2)
                    / ((mx * mx + mt * mt + c1) * (vx + vt + c2))
            })
    }

    /// In words, such as papers should say it.
    pub fn convention(&self) -> String {
        let window = match self.window {
            Window::Uniform => "7x7 uniform, sample covariance 49/48",
            Window::Gaussian => "11x11 Gaussian of sigma 1.5, population covariance",
        };
        let border = match self.border {
            Border::Cropped => format!("{} pixels cropped", self.window.side() / 2),
            Border::Zeros => "zeros outside".into(),
        };
        let range = self.range.convention();
        format!("{window}, {border}, K = 0.01 0.03, slice by slice, range = {range}")
    }
}

impl Window {
    fn side(self) -> usize {
        match self {
            Window::Uniform => 7,
            Window::Gaussian => 11,
        }
    }

    fn means(self, image: ArrayView2<f64>) -> Array2<f64> {
        match self {
            Window::Uniform => box_means(image, self.side()),
            Window::Gaussian => weighted_means(image, &gaussian(1.5, self.side() / 2)),
        }
    }

    fn covariance_factor(self) -> f64 {
        match self {
            Window::Uniform => 49.0 / 48.0,
            Window::Gaussian => 1.0,
        }
    }
}

fn padded(image: ArrayView2<f64>, border: usize) -> Array2<f64> {
    let (rows, columns) = image.dim();
    let mut out = Array2::zeros((rows + 2 * border, columns + 2 * border));
    out.slice_mut(s![border..border + rows, border..border + columns])
        .assign(&image);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::testing::normal3;
    use ndarray::Array3;

    const SHAPE: (usize, usize, usize) = (3, 19, 14);

    fn images() -> (Array3<f64>, Array3<f64>) {
        let t = Array3::from_shape_fn(SHAPE, |(s, y, x)| ((s + 7 * y + 3 * x) % 11) as f64);
        (&t + normal3(SHAPE, 3), t)
    }

    /// The sums of every window of its own, as the definition says.
    fn plain(x: &Array3<f64>, t: &Array3<f64>, range: f64) -> f64 {
        let (c1, c2) = ((0.01 * range).powi(2), (0.03 * range).powi(2));
        let mut all = Vec::new();
        for (x, t) in x.outer_iter().zip(t.outer_iter()) {
            for (x, t) in x.windows((7, 7)).into_iter().zip(t.windows((7, 7))) {
                let (mx, mt) = (x.mean().unwrap(), t.mean().unwrap());
                let (dx, dt) = (x.mapv(|v| v - mx), t.mapv(|v| v - mt));
                let cov = |a: &Array2<f64>, b: &Array2<f64>| (a * b).sum() / 48.0;
                all.push(
                    (2.0 * mx * mt + c1) * (2.0 * cov(&dx, &dt) + c2)
                        / ((mx * mx + mt * mt + c1) * (cov(&dx, &dx) + cov(&dt, &dt) + c2)),
                );
            }
        }
        all.iter().sum::<f64>() / all.len() as f64
    }

    #[test]
    fn running_sums_are_the_definition_also_far_from_zero() {
        let (x, t) = images();
        for offset in [0.0, -1000.0, 1e6] {
            let (x, t) = (&x + offset, &t + offset);
            let pair = Pair::new(x.view(), t.view()).unwrap();
            let found = Ssim {
                range: DataRange::Fixed(10.0),
                ..Ssim::FASTMRI
            };
            let found = found.measure(&pair).unwrap();
            let off = found - plain(&x, &t, 10.0);
            assert!(off.abs() < 1e-9, "{offset}: {found}, {off:e}");
        }
    }

    #[test]
    fn a_mask_of_everything_changes_nothing_and_one_of_a_slice_is_its_own() {
        let (x, t) = images();
        let pair = Pair::new(x.view(), t.view()).unwrap();
        let zeros = Ssim {
            border: Border::Zeros,
            ..Ssim::WANG
        };
        for ssim in [Ssim::FASTMRI, Ssim::WANG, zeros] {
            let whole = ssim.measure(&pair).unwrap();
            let mut mask = Array3::from_elem(SHAPE, true);
            let masked = pair.within(mask.view()).unwrap();
            assert!((ssim.measure(&masked).unwrap() - whole).abs() < 1e-14);
            mask.slice_mut(s![1.., .., ..]).fill(false);
            let masked = ssim.measure(&pair.within(mask.view()).unwrap()).unwrap();
            let range = ssim.range.of(t.view()).unwrap();
            let (x, t) = (x.slice(s![..1, .., ..]), t.slice(s![..1, .., ..]));
            let fixed = Ssim {
                range: DataRange::Fixed(range),
                ..ssim
            };
            let one = fixed.measure(&Pair::new(x, t).unwrap()).unwrap();
            assert!((masked - one).abs() < 1e-14 && (masked - whole).abs() > 1e-4);
        }
    }

    #[test]
    fn a_copy_is_1_and_what_is_too_small_is_refused() {
        let (_, t) = images();
        let same = Pair::new(t.view(), t.view()).unwrap();
        assert!((Ssim::WANG.measure(&same).unwrap() - 1.0).abs() < 1e-12);
        let narrow = t.slice(s![.., .., ..10]);
        let pair = Pair::new(narrow, narrow).unwrap();
        assert!(Ssim::FASTMRI.measure(&pair).is_ok());
        let message = Ssim::WANG.measure(&pair).unwrap_err().to_string();
        assert!(
            message.contains("11") && message.contains("10"),
            "{message}"
        );
        let mut edge = Array3::from_elem(SHAPE, false);
        edge[(1, 2, 9)] = true;
        let masked = same.within(edge.view()).unwrap();
        assert!(Ssim::FASTMRI.measure(&masked).is_err());
    }
}
