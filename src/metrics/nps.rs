//! The noise power spectrum: `NPS(u, v) = dx dy / (Nx Ny) ⟨|DFT(ROI - trend)|²⟩`, in units² mm².

use super::{MetricsError, Value};
use ndarray::{Array2, Array3, ArrayView3, Axis, s};
use num_complex::Complex64;
use rustfft::FftPlanner;

/// What is taken off each ROI first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detrend {
    /// Its mean.
    Mean,
    /// The polynomial of second order that fits it best: cupping and slopes are no noise.
    Quadratic,
}

/// The spectrum of the noise in a set of ROIs.
#[derive(Clone, Debug, PartialEq)]
pub struct Nps {
    /// (row, column) frequencies, 0 at `[rows / 2, columns / 2]`.
    pub spectrum: Array2<f64>,
    /// Steps of the frequency along rows' and columns' axes, `1 / (N d)`.
    pub steps_per_mm: [f64; 2],
    /// Mean square of the detrended ROIs: `∫∫ NPS du dv`, which is `Σ NPS` times both steps.
    pub variance: f64,
}

/// A spectrum by the length of the frequency.
#[derive(Clone, Debug, PartialEq)]
pub struct RadialNps {
    /// Middle of each ring, one step of the frequency apart.
    pub frequencies_per_mm: Vec<f64>,
    /// Mean over the ring.
    pub values: Vec<f64>,
}

impl Nps {
    /// Of ROIs (ROI, row, column) and the sides `[dy, dx]` of a pixel.
    ///
    /// The trend takes 1 (mean) or 6 (quadratic) of the N² degrees of freedom, which is not made up for. At least 20 to 50
    /// ROIs are wanted, from repeated scans; of a nonlinear method take differences of repeated scans over √2. Errors for
    /// ROIs smaller than 4 x 4 and pixels that are not above 0. Source: ICRU 87, eq. 11.1.
    pub fn measure<T: Value + Into<f64>>(
        rois: ArrayView3<T>,
        pixel_mm: [f64; 2],
        detrend: Detrend,
    ) -> Result<Self, MetricsError> {
        let (count, rows, columns) = rois.dim();
        if count == 0 || rows.min(columns) < 4 {
            return Err(MetricsError::TooFew {
                what: "ROIs, and rows and columns of each",
                needed: if count == 0 { 1 } else { 4 },
                found: count.min(rows).min(columns),
                remedy: "take more or larger ROIs",
            });
        }
        for side in pixel_mm {
            MetricsError::unless_above_zero("pixel in mm", side)?;
        }
        let trend = Trend::new(rows, columns, detrend);
        let mut power = Array2::zeros((rows, columns));
        let mut squares = 0.0;
        for roi in rois.axis_iter(Axis(0)) {
            let noise = trend.without(roi.mapv(Into::into));
            squares += noise.iter().map(|v| v * v).sum::<f64>();
            power = power + fourier(&noise).mapv(|z| z.norm_sqr());
        }
        let pixels = (rows * columns) as f64;
        let area = pixel_mm[0] * pixel_mm[1];
        power *= area / pixels / count as f64;
        Ok(Nps {
            spectrum: centred(&power),
            steps_per_mm: [
                1.0 / (rows as f64 * pixel_mm[0]),
                1.0 / (columns as f64 * pixel_mm[1]),
            ],
            variance: squares / pixels / count as f64,
        })
    }

    /// Means over rings as wide as the larger step, up to the lower of the two Nyquist frequencies, without the frequency 0.
    pub fn radial(&self) -> RadialNps {
        let (rows, columns) = self.spectrum.dim();
        let [step_y, step_x] = self.steps_per_mm;
        let width = step_y.max(step_x);
        let nyquist = (rows as f64 * step_y).min(columns as f64 * step_x) / 2.0;
        let rings = (nyquist / width + 0.5).floor() as usize;
        let mut sums = vec![(0.0, 0.0); rings + 1];
        for ((row, column), value) in self.spectrum.indexed_iter() {
            let v = (row as f64 - (rows / 2) as f64) * step_y;
            let u = (column as f64 - (columns / 2) as f64) * step_x;
            let ring = (u.hypot(v) / width).round() as usize;
            if ring <= rings {
                sums[ring] = (sums[ring].0 + value, sums[ring].1 + 1.0);
            }
        }
        // The trend took what is at 0.
        let rings = sums.iter().enumerate().skip(1);
        let (frequencies_per_mm, values) = rings
            .filter(|(_, (_, n))| *n > 0.0)
            .map(|(ring, (sum, n))| (ring as f64 * width, sum / n))
            .unzip();
        RadialNps {
            frequencies_per_mm,
            values,
        }
    }
}

impl RadialNps {
    /// `f_avg = Σ f NPS / Σ NPS`: AAPM TG-233.
    pub fn mean_frequency_per_mm(&self) -> f64 {
        let pairs = self.frequencies_per_mm.iter().zip(&self.values);
        pairs.map(|(f, v)| f * v).sum::<f64>() / self.values.iter().sum::<f64>()
    }

    /// Where it is highest.
    pub fn peak_frequency_per_mm(&self) -> f64 {
        let pairs = self.frequencies_per_mm.iter().zip(&self.values);
        let peak = pairs.max_by(|a, b| a.1.total_cmp(b.1));
        peak.map_or(f64::NAN, |(f, _)| *f)
    }
}

/// Squares of `side` pixels with these corners (row, column), of every slice: (slice x corner, row, column).
///
/// Errors if one reaches out of the slice.
pub fn rois<T: Value>(
    volume: ArrayView3<T>,
    corners: &[[usize; 2]],
    side: usize,
) -> Result<Array3<T>, MetricsError> {
    let (slices, rows, columns) = volume.dim();
    for [row, column] in corners {
        if row + side > rows || column + side > columns {
            return Err(MetricsError::TooFew {
                what: "rows and columns of a slice under an ROI",
                needed: (row + side).max(column + side),
                found: rows.min(columns),
                remedy: "move the ROI or make it smaller",
            });
        }
    }
    let shape = (slices * corners.len(), side, side);
    Ok(Array3::from_shape_fn(shape, |(roi, y, x)| {
        let [row, column] = corners[roi % corners.len()];
        volume[(roi / corners.len(), row + y, column + x)]
    }))
}

/// An orthonormal basis of the trends.
struct Trend(Vec<Array2<f64>>);

impl Trend {
    fn new(rows: usize, columns: usize, detrend: Detrend) -> Self {
        let powers: &[(i32, i32)] = match detrend {
            Detrend::Mean => &[(0, 0)],
            Detrend::Quadratic => &[(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)],
        };
        let at = |i: usize, n: usize| 2.0 * i as f64 / (n - 1) as f64 - 1.0;
        let mut basis: Vec<Array2<f64>> = Vec::new();
        for (p, q) in powers {
            let mut next = Array2::from_shape_fn((rows, columns), |(y, x)| {
                at(y, rows).powi(*p) * at(x, columns).powi(*q)
            });
            for b in &basis {
                next = &next - &(b * (b * &next).sum());
            }
            let norm = (&next * &next).sum().sqrt();
            basis.push(next / norm);
        }
        Trend(basis)
    }

    fn without(&self, mut roi: Array2<f64>) -> Array2<f64> {
        for b in &self.0 {
            roi = &roi - &(b * (b * &roi).sum());
        }
        roi
    }
}

/// The plain 2-D DFT.
pub(super) fn fourier(image: &Array2<f64>) -> Array2<Complex64> {
    let mut out = image.mapv(|v| Complex64::new(v, 0.0));
    let mut planner = FftPlanner::new();
    for axis in [1, 0] {
        let fft = planner.plan_fft_forward(out.len_of(Axis(axis)));
        for mut lane in out.lanes_mut(Axis(axis)) {
            let mut line = lane.to_vec();
            fft.process(&mut line);
            lane.iter_mut().zip(line).for_each(|(to, z)| *to = z);
        }
    }
    out
}

/// Frequency 0 from the corner to `[rows / 2, columns / 2]`.
fn centred(spectrum: &Array2<f64>) -> Array2<f64> {
    let (rows, columns) = spectrum.dim();
    let (up, left) = (rows.div_ceil(2), columns.div_ceil(2));
    let mut out = Array2::zeros((rows, columns));
    for (row, column) in [(0, 0), (0, left), (up, 0), (up, left)] {
        let (high, wide) = (
            if row == 0 { up } else { rows - up },
            if column == 0 { left } else { columns - left },
        );
        let to = |at: usize, from: usize, n: usize| if at == 0 { n / 2 } else { at - from };
        let (y, x) = (to(row, up, rows), to(column, left, columns));
        out.slice_mut(s![y..y + high, x..x + wide])
            .assign(&spectrum.slice(s![row..row + high, column..column + wide]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::testing::normal3;
    use std::f64::consts::PI;

    const PIXEL_MM: [f64; 2] = [0.8, 0.5];

    fn integral(nps: &Nps) -> f64 {
        nps.spectrum.sum() * nps.steps_per_mm[0] * nps.steps_per_mm[1]
    }

    #[test]
    fn the_integral_is_the_variance_and_white_is_flat() {
        let sigma = 12.0;
        let noise = normal3((400, 21, 32), 2) * sigma;
        for (detrend, taken) in [(Detrend::Mean, 1.0), (Detrend::Quadratic, 6.0)] {
            let nps = Nps::measure(noise.view(), PIXEL_MM, detrend).unwrap();
            assert!((integral(&nps) / nps.variance - 1.0).abs() < 1e-12);
            let expected = sigma * sigma * (1.0 - taken / (21.0 * 32.0));
            assert!(
                (nps.variance / expected - 1.0).abs() < 0.01,
                "{}",
                nps.variance
            );
            let flat = sigma * sigma * PIXEL_MM[0] * PIXEL_MM[1];
            for v in nps.radial().values.iter().skip(2) {
                assert!((v / flat - 1.0).abs() < 0.06, "{v} {flat}");
            }
        }
    }

    /// Neighbours along a row summed: `|1 + e^{-iω}|²`, circular, so that there is no edge.
    #[test]
    fn coloured_noise_has_the_spectrum_of_its_filter() {
        let white = normal3((600, 18, 25), 3);
        let noise = Array3::from_shape_fn((600, 18, 25), |(r, y, x)| {
            white[(r, y, x)] + white[(r, y, (x + 24) % 25)]
        });
        let nps = Nps::measure(noise.view(), PIXEL_MM, Detrend::Mean).unwrap();
        let column_mean = nps.spectrum.sum_axis(Axis(0)) / 18.0;
        for (column, v) in column_mean.iter().enumerate() {
            let omega = 2.0 * PI * (column as f64 - 12.0) / 25.0;
            let filter = 2.0 + 2.0 * omega.cos();
            // One of the 18 rows of the column at 0 has lost its mean.
            let kept = if column == 12 { 17.0 / 18.0 } else { 1.0 };
            let expected = filter * kept * PIXEL_MM[0] * PIXEL_MM[1];
            assert!(
                (v - expected).abs() < 0.06 * 4.0 * 0.4,
                "{column}: {v} {expected}"
            );
        }
    }

    #[test]
    fn a_wave_stands_at_its_frequency_and_a_parabola_is_no_noise() {
        let wave = |k: f64| {
            Array3::from_shape_fn((1, 40, 40), |(_, _, x)| {
                (2.0 * PI * k * x as f64 / 40.0).cos() * 2f64.sqrt()
            })
        };
        let nps = Nps::measure(wave(7.0).view(), [0.5, 0.5], Detrend::Mean).unwrap();
        assert!((nps.variance - 1.0).abs() < 1e-12);
        let step = 1.0 / 20.0;
        assert!((nps.radial().peak_frequency_per_mm() - 7.0 * step).abs() < 1e-12);
        assert!((nps.radial().mean_frequency_per_mm() - 7.0 * step).abs() < 1e-9);
        for at in [(20, 13), (20, 27)] {
            assert!((nps.spectrum[at] * step * step - 0.5).abs() < 1e-12);
        }
        let cup = Array3::from_shape_fn((2, 20, 31), |(_, y, x)| {
            let (y, x) = (y as f64 - 4.0, x as f64 - 20.0);
            1000.0 + y - 2.0 * x + 0.3 * y * y - 0.2 * x * y + 0.1 * x * x
        });
        let of = |d| Nps::measure(cup.view(), PIXEL_MM, d).unwrap().variance;
        assert!(of(Detrend::Quadratic) < 1e-20 && of(Detrend::Mean) > 100.0);
    }

    #[test]
    fn rois_are_where_they_are_asked_for() {
        let volume = Array3::from_shape_fn((2, 9, 12), |(s, y, x)| (s * 1000 + y * 20 + x) as f32);
        let cut = rois(volume.view(), &[[1, 2], [4, 7]], 5).unwrap();
        assert_eq!(cut.dim(), (4, 5, 5));
        assert_eq!((cut[(1, 0, 0)], cut[(2, 4, 3)]), (87.0, 1105.0));
        assert!(rois(volume.view(), &[[5, 2]], 5).is_err());
        assert!(Nps::measure(cut.slice(s![.., ..3, ..]), PIXEL_MM, Detrend::Mean).is_err());
        assert!(Nps::measure(cut.view(), [0.0, 1.0], Detrend::Mean).is_err());
    }
}
