//! The modulation transfer function of an edge: `MTF(f) = |F{LSF}(f)| / |F{LSF}(0)|`, `LSF = d ESF / dx`.

use super::{EdgeProfile, MetricsError};
use num_complex::Complex64;
use std::f64::consts::PI;

/// What is done to the profile before it is differentiated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EdgeFit {
    /// Nothing: overshoot is kept.
    #[default]
    Raw,
    /// The monotone profile nearest in least squares: noise cannot turn it back, overshoot is lost.
    Monotone,
}

/// The window over the line spread function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Taper {
    /// Flat over the inner half, flanks of Hann's shape: no bias for an edge narrower than that.
    #[default]
    HannFlanks,
    /// Hann over the whole reach W, as is usual; makes a Gaussian of σ narrower, `1/σ² + π²/2W²`.
    Hann,
}

/// How the profile is turned into a transfer function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MtfSettings {
    /// Before the derivative.
    pub fit: EdgeFit,
    /// After it.
    pub taper: Taper,
}

/// Resolution across an edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Mtf {
    /// From 0 to one over the pixel, a thousandth of it apart.
    pub frequencies_per_mm: Vec<f64>,
    /// 1 at 0.
    pub values: Vec<f64>,
    /// Where it first falls to 0.5; none if it never does.
    pub mtf50_per_mm: Option<f64>,
    /// Where it first falls to 0.1.
    pub mtf10_per_mm: Option<f64>,
    /// Full width at half maximum of the line spread function.
    pub fwhm_mm: Option<f64>,
}

/// Frequencies per cycle per pixel.
const FREQUENCIES: usize = 1000;

impl Mtf {
    /// Of a profile and the side of its pixels.
    ///
    /// Divided by the sinc of the difference quotient. A Gaussian blur of σ has MTF50 = 0.1874/σ, MTF10 = 0.3415/σ,
    /// FWHM = 2.3548 σ. Errors if the profile is flat or the pixel is not above 0. Source: ICRU 87, 4.3.
    pub fn of(
        profile: &EdgeProfile,
        pixel_mm: f64,
        settings: MtfSettings,
    ) -> Result<Self, MetricsError> {
        MetricsError::unless_above_zero("pixel in mm", pixel_mm)?;
        let line = LineSpread::of(profile, settings.fit);
        let tapered = line.tapered(settings.taper);
        let area: f64 = tapered.iter().sum();
        let size: f64 = tapered.iter().map(|v| v.abs()).sum();
        if area.is_nan() || area.abs() <= 1e-9 * size || size == 0.0 {
            return Err(MetricsError::Domain {
                what: "step across the edge",
                expected: "a value that differs from 0; check where the edge is",
                found: area,
            });
        }
        let frequencies: Vec<f64> = (0..=FREQUENCIES)
            .map(|k| k as f64 / FREQUENCIES as f64)
            .collect();
        let transfer = |f: f64| {
            let terms = line.offsets_px.iter().zip(&tapered);
            let sum: Complex64 = terms
                .map(|(x, v)| Complex64::from_polar(*v, -2.0 * PI * f * x))
                .sum();
            sum.norm() / area.abs() / sinc(f * line.step_px)
        };
        let values: Vec<f64> = frequencies.iter().map(|f| transfer(*f)).collect();
        let falls_to = |level| first_fall(&frequencies, &values, level).map(|f| f / pixel_mm);
        Ok(Mtf {
            mtf50_per_mm: falls_to(0.5),
            mtf10_per_mm: falls_to(0.1),
            fwhm_mm: line.fwhm_px().map(|w| w * pixel_mm),
            frequencies_per_mm: frequencies.iter().map(|f| f / pixel_mm).collect(),
            values,
        })
    }
}

/// The derivative of a profile, at the middles between its bins.
struct LineSpread {
    offsets_px: Vec<f64>,
    values: Vec<f64>,
    step_px: f64,
}

impl LineSpread {
    fn of(profile: &EdgeProfile, fit: EdgeFit) -> Self {
        let values = match fit {
            EdgeFit::Raw => profile.values.clone(),
            EdgeFit::Monotone => monotone(&profile.values),
        };
        let x = &profile.offsets_px;
        LineSpread {
            offsets_px: x.windows(2).map(|x| (x[0] + x[1]) / 2.0).collect(),
            values: values.windows(2).map(|v| v[1] - v[0]).collect(),
            step_px: x[1] - x[0],
        }
    }

    /// The same under a window around the middle of the profile.
    fn tapered(&self, taper: Taper) -> Vec<f64> {
        let reach = self.offsets_px.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        let weight = |x: f64| {
            let part = match taper {
                Taper::Hann => x.abs() / reach,
                Taper::HannFlanks => (2.0 * x.abs() / reach - 1.0).max(0.0),
            };
            0.5 * (1.0 + (PI * part).cos())
        };
        let terms = self.offsets_px.iter().zip(&self.values);
        terms.map(|(x, v)| v * weight(*x)).collect()
    }

    /// Between the places on either side of the maximum where half of it is passed.
    fn fwhm_px(&self) -> Option<f64> {
        let peak = (0..self.values.len())
            .max_by(|a, b| self.values[*a].abs().total_cmp(&self.values[*b].abs()))?;
        let half = |i: usize| self.values[i] / self.values[peak] - 0.5;
        let crossing = |outer: usize, inner: usize| {
            let part = half(inner) / (half(inner) - half(outer));
            self.offsets_px[inner] + part * (self.offsets_px[outer] - self.offsets_px[inner])
        };
        let left = (0..peak).rev().find(|i| half(*i) < 0.0)?;
        let right = (peak + 1..self.values.len()).find(|i| half(*i) < 0.0)?;
        Some(crossing(right, right - 1) - crossing(left, left + 1))
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    (PI * x).sin() / (PI * x)
}

fn first_fall(x: &[f64], values: &[f64], level: f64) -> Option<f64> {
    let after = values.iter().position(|v| *v < level).filter(|i| *i > 0)?;
    let (a, b) = (values[after - 1], values[after]);
    Some(x[after - 1] + (a - level) / (a - b) * (x[after] - x[after - 1]))
}

/// The monotone sequence nearest in least squares, rising or falling as the ends say: pool adjacent violators.
fn monotone(values: &[f64]) -> Vec<f64> {
    let sign = match values.last() >= values.first() {
        true => 1.0,
        false => -1.0,
    };
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for v in values {
        pools.push((sign * v, 1));
        while let [.., (a, n), (b, m)] = pools[..] {
            if a <= b {
                break;
            }
            pools.truncate(pools.len() - 2);
            let mean = (a * n as f64 + b * m as f64) / (n + m) as f64;
            pools.push((mean, n + m));
        }
    }
    let flat = pools.iter().flat_map(|(v, n)| vec![sign * v; *n]);
    flat.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Edge;
    use crate::metrics::testing::{BlurredDisc, normal3};
    use ndarray::Array3;

    fn settings(fit: EdgeFit, taper: Taper) -> MtfSettings {
        MtfSettings { fit, taper }
    }

    fn assert_gaussian(mtf: &Mtf, sigma_mm: f64, part: f64) {
        for (found, expected) in [
            (mtf.mtf50_per_mm, 0.1874 / sigma_mm),
            (mtf.mtf10_per_mm, 0.3415 / sigma_mm),
            (mtf.fwhm_mm, 2.3548 * sigma_mm),
        ] {
            let off = found.unwrap() / expected - 1.0;
            assert!(
                off.abs() < part,
                "σ = {sigma_mm}: {found:?}, {expected}: {off:.4}"
            );
        }
    }

    #[test]
    fn a_gaussian_blur_of_a_disc_has_its_closed_form() {
        let pixel_mm = 0.7;
        for sigma_px in [0.6, 1.0, 1.7] {
            let disc = BlurredDisc::new(24.0, sigma_px);
            let centre = [38.31, 41.86];
            let image = Array3::from_shape_fn((1, 78, 85), |(_, y, x)| {
                -100.0 + 300.0 * disc.at((y as f64 - centre[0]).hypot(x as f64 - centre[1]))
            });
            let edge = Edge::Disc {
                centre,
                radius_px: 24.0,
            };
            let profile = EdgeProfile::measure(image.view(), &edge, 14.0).unwrap();
            for fit in [EdgeFit::Raw, EdgeFit::Monotone] {
                let mtf = Mtf::of(&profile, pixel_mm, settings(fit, Taper::HannFlanks)).unwrap();
                assert_gaussian(&mtf, sigma_px * pixel_mm, 0.01);
                assert!((mtf.values[0] - 1.0).abs() < 1e-12);
            }
            // Hann over the whole reach narrows the line by what its documentation says.
            let hann = Mtf::of(&profile, pixel_mm, settings(EdgeFit::Raw, Taper::Hann)).unwrap();
            let narrowed = (sigma_px.powi(-2) + (PI / 14.0).powi(2) / 2.0).powf(-0.5);
            let expected = 0.1874 / (narrowed * pixel_mm);
            assert!((hann.mtf50_per_mm.unwrap() / expected - 1.0).abs() < 0.02);
        }
    }

    #[test]
    fn a_straight_edge_has_it_too_and_falling_is_as_good_as_rising() {
        let disc = BlurredDisc::new(400.0, 1.3);
        for (contrast, normal_rad) in [(50.0, 0.07), (-50.0, 1.66)] {
            let edge = Edge::Line {
                point: [30.2, 33.9],
                normal_rad,
            };
            let (sine, cosine) = normal_rad.sin_cos();
            let image = Array3::from_shape_fn((1, 61, 67), |(_, y, x)| {
                let d = (y as f64 - 30.2) * sine + (x as f64 - 33.9) * cosine;
                1000.0 + contrast * disc.at(400.0 + d)
            });
            let profile = EdgeProfile::measure(image.view(), &edge, 12.0).unwrap();
            let mtf = Mtf::of(&profile, 0.5, MtfSettings::default()).unwrap();
            assert_gaussian(&mtf, 0.65, 0.01);
        }
    }

    #[test]
    fn noise_is_borne_and_no_edge_is_refused() {
        let disc = BlurredDisc::new(24.0, 1.2);
        let noise = normal3((40, 78, 79), 8);
        let image = Array3::from_shape_fn((40, 78, 79), |(s, y, x)| {
            let r = (y as f64 - 38.3).hypot(x as f64 - 39.1);
            100.0 * disc.at(r) + 3.0 * noise[(s, y, x)]
        });
        let edge = Edge::Disc {
            centre: [38.3, 39.1],
            radius_px: 24.0,
        };
        let profile = EdgeProfile::measure(image.view(), &edge, 12.0).unwrap();
        let monotone = settings(EdgeFit::Monotone, Taper::HannFlanks);
        let mtf = Mtf::of(&profile, 1.0, monotone).unwrap();
        let off = mtf.mtf50_per_mm.unwrap() / (0.1874 / 1.2) - 1.0;
        assert!(off.abs() < 0.04, "{off}");
        let flat = EdgeProfile {
            values: vec![7.0; profile.values.len()],
            ..profile
        };
        assert!(Mtf::of(&flat, 1.0, MtfSettings::default()).is_err());
        assert!(Mtf::of(&flat, 0.0, MtfSettings::default()).is_err());
    }

    #[test]
    fn pooling_is_the_nearest_monotone_sequence() {
        assert_eq!(
            monotone(&[1.0, 3.0, 2.0, 2.0, 5.0, 4.0]),
            [1.0, 7.0 / 3.0, 7.0 / 3.0, 7.0 / 3.0, 4.5, 4.5]
        );
        assert_eq!(monotone(&[5.0, 6.0, 1.0]), [5.5, 5.5, 1.0]);
    }
}
