//! Brain-like sections: the template, strongly warped, in any contrast.

use ndarray::Array2;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;

use super::drawing::{Drawing, texture};
use crate::brain::{BrainSlice, random_spots, widened};
use crate::pure::Normals;
use crate::tissue::{Contrast, TISSUES, signals};
use crate::warp::Warp;

/// One section: random place, shape, contrast and texture of each tissue.
pub(crate) fn draw(rng: &mut ChaCha8Rng, fine: (usize, usize)) -> Drawing {
    let warp = place(rng);
    let gain = rng.random_range(-0.5..0.6);
    let (lesions, vessels) = (rng.random_range(0..5), rng.random_range(0..7));
    let spots = random_spots(rng, lesions, vessels, None);
    let slice = BrainSlice::warped(&|p| warp.apply(widened(p, gain)), &spots);
    let values = random_signals(rng);
    let strengths: [f64; TISSUES] = std::array::from_fn(|_| f64::from(texture(rng)));
    Drawing {
        signal: raster(&slice, &values, fine),
        texture: raster(&slice, &strengths, fine),
    }
}

fn raster(slice: &BrainSlice, values: &[f64; TISSUES], fine: (usize, usize)) -> Array2<f32> {
    slice
        .raster_of(values, fine.0, fine.1)
        .mapv(|v| v.max(0.0) as f32)
}

/// A strong smooth deformation, a zoom of 0.7 to 1.3 and a rotation: mostly small, sometimes any.
fn place(rng: &mut ChaCha8Rng) -> Warp {
    let strength = rng.random_range(0.15..0.7);
    let highest = rng.random_range(0.8..2.5);
    let zoom = if rng.random_bool(0.7) {
        rng.random_range(0.7..1.0)
    } else {
        rng.random_range(1.0..1.3)
    };
    let aspect: f64 = rng.random_range(0.9..1.1);
    let angle = if rng.random_bool(0.6) {
        rng.random_range(-0.3..0.3)
    } else {
        rng.random_range(0.0..TAU)
    };
    let mirror = if rng.random_bool(0.5) { -1.0 } else { 1.0 };
    let shift = [rng.random_range(-0.08..0.08), rng.random_range(-0.08..0.08)];
    Warp::random(rng, 8, highest, strength, Normals::Ziggurat).placed(
        [mirror * zoom * aspect, zoom / aspect],
        angle,
        shift,
    )
}

/// Two thirds are a contrast of the clinic with every tissue within 20 %, one third is any mean for
/// any tissue.
fn random_signals(rng: &mut ChaCha8Rng) -> [f64; TISSUES] {
    let contrast = [Contrast::T1, Contrast::T2, Contrast::Pd][rng.random_range(0..3)];
    let physical = rng.random_bool(0.65);
    signals(contrast).map(|s| {
        if physical {
            s * rng.random_range(0.8..1.2)
        } else {
            rng.random_range(0.03..1.0)
        }
    })
}
