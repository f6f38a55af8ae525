//! Textures of the procedural images: what varies within a tissue.

use ndarray::{Array2, Zip};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::f32::consts::TAU;

use super::noise::{fractal, smooth};

/// Which textures the images of a family have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Texture {
    /// Octaves of noise, one fall for the whole image, up to 10 %.
    #[default]
    Plain,
    /// Finer octaves, networks as in spongy bone, fibres as in muscle and lobules as in fat, one kind
    /// or two in an image, up to 50 %.
    Rich,
}

impl Texture {
    /// Relative deviations from a tissue's signal, for a strength of 1.
    pub(crate) fn grain(self, rng: &mut ChaCha8Rng, size: (usize, usize)) -> Array2<f32> {
        match self {
            Texture::Plain => octaves(rng, size),
            Texture::Rich => {
                let mut grain = one_kind(rng, size);
                if rng.random_bool(0.6) {
                    let other = one_kind(rng, size);
                    let where_other = smooth(rng, size, 6.0);
                    Zip::from(&mut grain)
                        .and(&other)
                        .and(&where_other)
                        .for_each(|g, &o, &w| *g += (4.0 * w + 0.5).clamp(0.0, 1.0) * (o - *g));
                }
                grain * 5f32.powf(rng.random())
            }
        }
    }
}

fn octaves(rng: &mut ChaCha8Rng, size: (usize, usize)) -> Array2<f32> {
    let (coarsest, fall) = (rng.random_range(4.0..20.0), rng.random_range(-0.1..0.8));
    fractal(rng, size, coarsest, fall)
}

/// One kind of grain, of mean 0 and variance 1. The grid is the doubled one: a period of 4 samples is
/// the finest that the image keeps.
fn one_kind(rng: &mut ChaCha8Rng, size: (usize, usize)) -> Array2<f32> {
    let longer = size.0.max(size.1) as f64;
    let grain = match rng.random_range(0..10) {
        0..2 => octaves(rng, size),
        2..5 => {
            let coarsest = longer / rng.random_range(4.0..24.0);
            let fall = rng.random_range(-0.4..0.4);
            fractal(rng, size, coarsest, fall)
        }
        5..8 => network(rng, size),
        8 => fibres(rng, size),
        _ => lobules(rng, size),
    };
    standardised(grain)
}

/// Thin ridges where a smooth field crosses zero, as trabeculae of bone: two scales.
fn network(rng: &mut ChaCha8Rng, size: (usize, usize)) -> Array2<f32> {
    let longer = size.0.max(size.1) as f64;
    let step = rng.random_range(3.0..12.0);
    let width = rng.random_range(0.2f32..0.8);
    let share = rng.random_range(0.0f32..0.8);
    let ridge = |field: Array2<f32>| field.mapv(|v| (-(v / width).powi(2)).exp());
    let coarse = ridge(smooth(rng, size, longer / step));
    let fine = ridge(smooth(rng, size, longer / (0.5 * step)));
    coarse + fine * share
}

/// Waves of nearly one direction, as bundles of muscle and tendon.
fn fibres(rng: &mut ChaCha8Rng, size: (usize, usize)) -> Array2<f32> {
    let direction = rng.random_range(0.0..TAU);
    let spread = rng.random_range(0.02f32..0.3);
    let finest = rng.random_range(4.0f32..16.0);
    let waves: Vec<[f32; 4]> = (0..20)
        .map(|_| {
            let angle = direction + spread * rng.sample::<f32, _>(StandardNormal);
            let frequency = TAU / (finest * rng.random_range(1.0f32..4.0));
            let (s, c) = angle.sin_cos();
            let phase = rng.random_range(0.0..TAU);
            [frequency * c, frequency * s, phase, rng.random()]
        })
        .collect();
    let bent = smooth(rng, size, 3.0) * rng.random_range(0.0f32..4.0);
    Array2::from_shape_fn(size, |(j, i)| {
        let wave = |[u, v, phase, amplitude]: &[f32; 4]| {
            amplitude * (u * i as f32 + v * j as f32 + phase + bent[(j, i)]).sin()
        };
        waves.iter().map(wave).sum()
    })
}

/// Rounded lobules with thin darker walls between them.
fn lobules(rng: &mut ChaCha8Rng, size: (usize, usize)) -> Array2<f32> {
    let longer = size.0.max(size.1) as f64;
    let cells = longer / rng.random_range(6.0..24.0);
    smooth(rng, size, cells).mapv(|v| v.abs().sqrt())
}

/// Less its mean, over its deviation.
fn standardised(grain: Array2<f32>) -> Array2<f32> {
    let n = grain.len().max(1) as f32;
    let mean = grain.sum() / n;
    let square = grain.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / n;
    let scale = square.sqrt().max(f32::MIN_POSITIVE).recip();
    grain.mapv(|v| (v - mean) * scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn every_kind_has_mean_zero_and_variance_one() {
        for seed in 0..40 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let grain = one_kind(&mut rng, (61, 80));
            let n = grain.len() as f32;
            let mean = grain.sum() / n;
            let variance = grain.iter().map(|v| v * v).sum::<f32>() / n;
            assert!(
                mean.abs() < 1e-3 && (variance - 1.0).abs() < 1e-2,
                "{seed}: {mean} {variance}"
            );
        }
    }

    #[test]
    fn rich_textures_are_stronger_at_fine_scales() {
        // Mean square of the difference of neighbours: high frequencies.
        let rough = |texture: Texture| -> f32 {
            (0..24)
                .map(|seed| {
                    let g = texture.grain(&mut ChaCha8Rng::seed_from_u64(seed), (96, 96));
                    let difference =
                        &g.slice(ndarray::s![.., 2..]) - &g.slice(ndarray::s![.., ..-2]);
                    difference.mapv(|d| d * d).mean().unwrap_or_default()
                })
                .sum()
        };
        assert!(rough(Texture::Rich) > 2.0 * rough(Texture::Plain));
    }
}
