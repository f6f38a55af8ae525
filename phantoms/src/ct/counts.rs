//! What a detector counts: the transmission of an object, photons, background and electronic
//! noise.

use ndarray::{Array1, Array2, Axis};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson, StandardNormal};
use rayon::prelude::*;

use super::image::Attenuation;
use super::scan::ScanRays;
use crate::PhantomError;

/// Of the detector, for every ray alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exposure {
    /// Mean count of a ray through air, without the background.
    pub photons: f64,
    /// Mean count without the tube: scatter, dark counts.
    pub background: f64,
    /// Standard deviation of the electronic noise, in counts.
    pub electronic: f64,
}

/// Keeps the noise apart from anatomy that is drawn with the same seed.
const NOISE: u64 = 0x6e6f_6973_6520_6374;
/// Streams of flats and darks, beside those of the views.
const FLATS: u64 = 1 << 31;
const DARKS: u64 = 3 << 30;

/// The mean intensity of each bin behind an object, 1 in air: `f64[views, bins]`.
///
/// The mean of `exp(-p)` over the rays of the bin, not the exponential of the mean: thin and thick
/// parts before one bin do not average out.
pub fn transmission(object: &dyn Attenuation, rays: &ScanRays) -> Array2<f64> {
    let mut image = Array2::zeros((rays.views(), rays.bins()));
    image
        .axis_iter_mut(Axis(0))
        .into_par_iter()
        .enumerate()
        .for_each(|(view, mut row)| {
            for (bin, v) in row.iter_mut().enumerate() {
                *v = rays.mean(view, bin, &|ray| (-object.line_integral(ray)).exp());
            }
        });
    image
}

/// Mean counts behind an object, `photons exp(-p) + background` averaged over each bin:
/// `f64[views, bins]`.
pub fn expected_counts(
    object: &dyn Attenuation,
    rays: &ScanRays,
    exposure: &Exposure,
) -> Result<Array2<f64>, PhantomError> {
    exposure.check()?;
    Ok(transmission(object, rays).mapv(|t| exposure.photons * t + exposure.background))
}

/// Counts of one scan around their means: Poisson and electronic noise.
///
/// Each (slice, view) has its own stream of random numbers, so that nothing depends on threads,
/// nor on which other slices are simulated.
pub fn noisy_counts(
    expected: &Array2<f64>,
    electronic: f64,
    seed: u64,
    slice: u32,
) -> Result<Array2<f64>, PhantomError> {
    noisy(expected, electronic, seed, slice, 0)
}

/// Frames of air without an object: `f64[frames, bins]`.
pub fn flats(
    bins: usize,
    frames: usize,
    exposure: &Exposure,
    seed: u64,
    slice: u32,
) -> Result<Array2<f64>, PhantomError> {
    exposure.check()?;
    let mean = Array2::from_elem((frames, bins), exposure.photons + exposure.background);
    noisy(&mean, exposure.electronic, seed, slice, FLATS)
}

/// Frames without the tube: `f64[frames, bins]`.
pub fn darks(
    bins: usize,
    frames: usize,
    exposure: &Exposure,
    seed: u64,
    slice: u32,
) -> Result<Array2<f64>, PhantomError> {
    exposure.check()?;
    let mean = Array2::from_elem((frames, bins), exposure.background);
    noisy(&mean, exposure.electronic, seed, slice, DARKS)
}

/// The mean of frames, if there is one: `f64[bins]`.
pub fn mean_frame(frames: &Array2<f64>) -> Option<Array1<f64>> {
    frames.mean_axis(Axis(0))
}

impl Exposure {
    fn check(&self) -> Result<(), PhantomError> {
        let ok = |v: f64| v.is_finite() && v >= 0.0;
        match [self.photons, self.background, self.electronic]
            .into_iter()
            .find(|v| !ok(*v))
        {
            Some(value) => Err(PhantomError::Counts { value }),
            None => Ok(()),
        }
    }
}

fn noisy(
    expected: &Array2<f64>,
    electronic: f64,
    seed: u64,
    slice: u32,
    first: u64,
) -> Result<Array2<f64>, PhantomError> {
    let bad = |v: &f64| !(v.is_finite() && *v >= 0.0);
    if let Some(&value) = expected.iter().chain([&electronic]).find(|v| bad(v)) {
        return Err(PhantomError::Counts { value });
    }
    let mut counts = expected.clone();
    counts
        .axis_iter_mut(Axis(0))
        .into_par_iter()
        .enumerate()
        .try_for_each(|(line, mut row)| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed ^ NOISE);
            rng.set_stream((u64::from(slice) << 32) | (first + line as u64));
            for v in &mut row {
                *v = poisson(&mut rng, *v)?;
                if electronic > 0.0 {
                    *v += electronic * rng.sample::<f64, _>(StandardNormal);
                }
            }
            Ok(())
        })?;
    Ok(counts)
}

/// A Poisson number; the one of mean 0 is 0.
fn poisson<R: Rng>(rng: &mut R, mean: f64) -> Result<f64, PhantomError> {
    if mean == 0.0 {
        return Ok(0.0);
    }
    let law = Poisson::new(mean).map_err(|_| PhantomError::Counts { value: mean })?;
    Ok(law.sample(rng))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::{CtGrid, PixelImage, Ray};
    use crate::named;

    const EXPOSURE: Exposure = Exposure {
        photons: 1e4,
        background: 3.0,
        electronic: 2.0,
    };

    fn angles(views: usize) -> Vec<f64> {
        (0..views)
            .map(|v| std::f64::consts::PI * v as f64 / views as f64)
            .collect()
    }

    #[test]
    fn poisson_numbers_have_their_mean_and_variance() {
        for mean in [0.5, 5.0, 500.0] {
            let expected = Array2::from_elem((1000, 1000), mean);
            let counts = noisy_counts(&expected, 0.0, 7, 0).unwrap();
            let average = counts.mean().unwrap();
            let variance = counts.mapv(|v| (v - average).powi(2)).mean().unwrap();
            assert!((average / mean - 1.0).abs() < 0.01, "{mean}: {average}");
            assert!((variance / mean - 1.0).abs() < 0.01, "{mean}: {variance}");
        }
        let electronic = noisy_counts(&Array2::zeros((500, 1000)), 3.0, 7, 0).unwrap();
        assert!((electronic.mapv(|v| v * v).mean().unwrap() / 9.0 - 1.0).abs() < 0.01);
        assert_eq!(
            noisy_counts(&Array2::zeros((2, 3)), 0.0, 1, 0)
                .unwrap()
                .sum(),
            0.0
        );
    }

    #[test]
    fn what_cannot_be_counted_is_an_error() {
        for value in [-1.0, f64::NAN, f64::INFINITY] {
            let error = noisy_counts(&Array2::from_elem((1, 1), value), 0.0, 0, 0).unwrap_err();
            assert!(error.to_string().contains("counts"), "{error}");
            let bad = Exposure {
                background: value,
                ..EXPOSURE
            };
            assert!(darks(3, 2, &bad, 0, 0).is_err());
        }
    }

    #[test]
    fn counts_do_not_depend_on_threads_nor_on_other_slices() {
        let expected = Array2::from_shape_fn((40, 30), |(v, k)| (v * k) as f64);
        let draw = |threads| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap()
                .install(|| noisy_counts(&expected, 1.0, 3, 5).unwrap())
        };
        assert_eq!(draw(1), draw(4));
        assert_ne!(draw(1), noisy_counts(&expected, 1.0, 3, 6).unwrap());
        let frames = flats(30, 40, &EXPOSURE, 3, 5).unwrap();
        assert_ne!(frames, darks(30, 40, &EXPOSURE, 3, 5).unwrap());
        let mean = mean_frame(&frames).unwrap().mean().unwrap();
        assert!((mean - 10_003.0).abs() < 15.0, "{mean}");
    }

    #[test]
    fn a_bin_averages_the_intensity() {
        // An edge in the middle of a bin: half of the light is stopped.
        struct Wall;
        impl Attenuation for Wall {
            fn line_integral(&self, ray: &Ray) -> f64 {
                if ray.origin_mm[0] > 0.0 { 50.0 } else { 0.0 }
            }
        }
        let rays = ScanRays::parallel(&[0.0], 3, 2.0, 0.0);
        let counts = expected_counts(&Wall, &rays, &EXPOSURE).unwrap();
        assert_eq!(counts.as_slice().unwrap(), [10_003.0, 5003.0, 3.0]);
    }

    #[test]
    fn a_fine_raster_transmits_what_the_object_does() {
        let water = named("water-disc").unwrap().scene_ct(70.0).unwrap();
        let disc = water.section(0.0);
        let grid = CtGrid::new(440, 440, 0.5).unwrap();
        let image = PixelImage::new(&disc.raster(&grid.into()), grid).unwrap();
        for rays in [
            ScanRays::parallel(&angles(5), 60, 4.0, 1.0),
            ScanRays::fan(&angles(5), 60, 8.0, 0.0, 500.0, 1000.0),
        ] {
            let exact = transmission(&disc, &rays);
            for (a, b) in exact.iter().zip(&transmission(&image, &rays)) {
                assert!((a - b).abs() < 5e-3 * a, "{a} {b}");
            }
        }
    }
}
