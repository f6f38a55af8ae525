//! Regions without anatomy: which of several smooth random fields is the largest.

use ndarray::Array2;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::drawing::{Drawing, outline, texture};
use super::noise::smooth;

/// Regions within a random outline, finer ones within some of them, and often rings around the
/// whole.
pub(crate) fn draw(rng: &mut ChaCha8Rng, fine: (usize, usize)) -> Drawing {
    let cells = 3.0 * 8f64.powf(rng.random());
    let mut drawing = partition(rng, fine, cells);
    if rng.random_bool(0.5) {
        let factor = rng.random_range(2.0..4.0);
        let finer = partition(rng, fine, cells * factor);
        replace_in_part(rng, &mut drawing, &finer, cells);
    }
    let semi = [rng.random_range(0.45..0.95), rng.random_range(0.45..0.95)];
    let centre = [rng.random_range(-0.15..0.15), rng.random_range(-0.15..0.15)];
    let edge = outline(rng, centre, semi, 0.3);
    drawing.keep_inside(&edge);
    if rng.random_bool(0.5) {
        ringed(rng, drawing, centre, &edge)
    } else {
        drawing
    }
}

/// One to three closed layers around what has been drawn, such as skin, fat and bone.
fn ringed(rng: &mut ChaCha8Rng, inner: Drawing, centre: [f64; 2], edge: &[[f64; 2]]) -> Drawing {
    let mut factors = vec![1.0];
    for _ in 0..rng.random_range(1..4) {
        factors.push(factors[factors.len() - 1] + rng.random_range(0.015..0.08));
    }
    let scaled = |f: f64| -> Vec<[f64; 2]> {
        edge.iter()
            .map(|p| {
                [
                    centre[0] + f * (p[0] - centre[0]),
                    centre[1] + f * (p[1] - centre[1]),
                ]
            })
            .collect()
    };
    let mut rings = Drawing::new(inner.signal.dim());
    for f in factors.iter().rev() {
        let dark = *f == 1.0 || rng.random_bool(0.3);
        let signal = if dark {
            0.0
        } else {
            rng.random_range(0.2..1.0)
        };
        rings.paint(&scaled(*f), signal, texture(rng));
    }
    Drawing {
        signal: rings.signal + &inner.signal,
        texture: merged(&inner, rings.texture),
    }
}

fn merged(inner: &Drawing, mut texture: Array2<f32>) -> Array2<f32> {
    ndarray::Zip::from(&mut texture)
        .and(&inner.signal)
        .and(&inner.texture)
        .for_each(|t, &s, &i| {
            if s > 0.0 {
                *t = i;
            }
        });
    texture
}

/// Puts the finer drawing where a smooth field is large, with a soft border.
fn replace_in_part(rng: &mut ChaCha8Rng, drawing: &mut Drawing, finer: &Drawing, cells: f64) {
    let field = smooth(rng, drawing.signal.dim(), cells);
    let threshold = rng.random_range(-0.5f32..0.8);
    let sharpness = sharpness(drawing.signal.dim(), cells);
    let blend = |a: &mut f32, f: f32, b: f32| {
        *a += ((f - threshold) * sharpness + 0.5).clamp(0.0, 1.0) * (b - *a)
    };
    ndarray::Zip::from(&mut drawing.signal)
        .and(&field)
        .and(&finer.signal)
        .for_each(|a, &f, &b| blend(a, f, b));
    ndarray::Zip::from(&mut drawing.texture)
        .and(&field)
        .and(&finer.texture)
        .for_each(|a, &f, &b| blend(a, f, b));
}

/// The argmax of 3 to 8 fields, each with its own signal and texture; borders are one or two pixels
/// wide.
fn partition(rng: &mut ChaCha8Rng, size: (usize, usize), cells: f64) -> Drawing {
    let labels = rng.random_range(3..9);
    let fields: Vec<Array2<f32>> = (0..labels).map(|_| smooth(rng, size, cells)).collect();
    let classes: Vec<(f32, f32)> = (0..labels)
        .map(|_| {
            (
                if rng.random_bool(0.12) {
                    0.0
                } else {
                    rng.random_range(0.05..1.0)
                },
                texture(rng),
            )
        })
        .collect();
    let sharpness = sharpness(size, cells);
    let mut drawing = Drawing::new(size);
    let pixels = drawing.signal.iter_mut().zip(drawing.texture.iter_mut());
    let slices: Vec<&[f32]> = fields
        .iter()
        .map(|f| f.as_slice().expect("fields have standard layout"))
        .collect();
    for (p, (signal, texture)) in pixels.enumerate() {
        let (mut first, mut second) = ((f32::NEG_INFINITY, 0), (f32::NEG_INFINITY, 0));
        for (label, field) in slices.iter().enumerate() {
            if field[p] > first.0 {
                (first, second) = ((field[p], label), first);
            } else if field[p] > second.0 {
                second = (field[p], label);
            }
        }
        let share = (0.5 + (first.0 - second.0) * sharpness).min(1.0);
        let mix = |a: f32, b: f32| b + share * (a - b);
        *signal = mix(classes[first.1].0, classes[second.1].0);
        *texture = mix(classes[first.1].1, classes[second.1].1);
    }
    drawing
}

/// One over the typical change of a field from pixel to pixel, so that a border is about a pixel
/// wide.
fn sharpness(size: (usize, usize), cells: f64) -> f32 {
    (0.5 * size.0.max(size.1) as f64 / cells) as f32
}
