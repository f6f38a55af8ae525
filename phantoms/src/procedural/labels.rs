//! Images from label maps: random signals for the classes of a segmented section.

use std::collections::BTreeMap;

use ndarray::Array2;
use num_complex::Complex32;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::drawing::{Drawing, texture};
use super::finish::finish;
use super::grain::Texture;
use crate::position;
use crate::pure::Normals;
use crate::vote::vote;
use crate::warp::Warp;

/// What a label looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelClass {
    /// Signal of the label, not negative; the image is scaled at the end.
    pub signal: f32,
    /// Relative standard deviation of its texture, 0 to about 0.1.
    pub texture: f32,
}

/// A complex image of a label section, with a random signal for each label.
///
/// `u16[y, x] -> Complex32[size]`. One label pixel becomes one pixel, centre on centre, after a
/// smooth deformation; edges are drawn on the doubled grid. Label 0 is empty. Texture, bias, phase,
/// sampling and scale are those of [`Procedural`](super::Procedural). Of a section without pixels
/// the image is empty.
pub fn from_labels(
    labels: &Array2<u16>,
    rng: &mut ChaCha8Rng,
    size: (usize, usize),
) -> Array2<Complex32> {
    from_labels_merged(labels, &|label| label, Texture::Plain, rng, size)
}

/// The same with labels of one class, such as left and right, having one signal: `merge` takes a
/// label to its class; class 0 is empty.
pub fn from_labels_merged(
    labels: &Array2<u16>,
    merge: &dyn Fn(u16) -> u16,
    grain: Texture,
    rng: &mut ChaCha8Rng,
    size: (usize, usize),
) -> Array2<Complex32> {
    let mut classes: BTreeMap<u16, LabelClass> = BTreeMap::new();
    let mut present: Vec<u16> = labels.iter().map(|&label| merge(label)).collect();
    present.sort_unstable();
    present.dedup();
    for class in present {
        classes.insert(
            class,
            LabelClass {
                signal: rng.random_range(0.03..1.0),
                texture: texture(rng),
            },
        );
    }
    from_labels_with(labels, &|label| classes[&merge(label)], grain, rng, size)
}

/// The same with the signals and textures of the caller, such as those of a contrast; label 0 is
/// empty whatever `class` says.
pub fn from_labels_with(
    labels: &Array2<u16>,
    class: &dyn Fn(u16) -> LabelClass,
    grain: Texture,
    rng: &mut ChaCha8Rng,
    size: (usize, usize),
) -> Array2<Complex32> {
    if labels.is_empty() || size.0 == 0 || size.1 == 0 {
        return Array2::zeros(size);
    }
    let mut seen: Vec<u16> = labels.iter().copied().collect();
    seen.sort_unstable();
    seen.dedup();
    let empty = LabelClass {
        signal: 0.0,
        texture: 0.0,
    };
    let classes: Vec<LabelClass> = seen
        .iter()
        .map(|&label| if label == 0 { empty } else { class(label) })
        .collect();
    let mut order = vec![0u16; usize::from(u16::MAX) + 1];
    seen.iter()
        .enumerate()
        .for_each(|(n, &label)| order[usize::from(label)] = n as u16);
    let indices = labels.mapv(|label| order[usize::from(label)]);
    let drawing = draw(&indices, &classes, &deformation(rng), size);
    finish(drawing, size, grain, rng)
}

/// Mild: a turn of up to 15 degrees, 10 % of zoom, smooth waves.
fn deformation(rng: &mut ChaCha8Rng) -> Warp {
    let strength = rng.random_range(0.05..0.35);
    let zoom: f64 = rng.random_range(0.9..1.1);
    let angle = rng.random_range(-0.26..0.26);
    Warp::random(rng, 8, 2.0, strength, Normals::Ziggurat).placed([zoom, zoom], angle, [0.0, 0.0])
}

/// Draws on the doubled grid: each fine pixel asks the warp where it comes from.
fn draw(
    labels: &Array2<u16>,
    classes: &[LabelClass],
    warp: &Warp,
    size: (usize, usize),
) -> Drawing {
    let fine = (2 * size.0, 2 * size.1);
    let coarse = source_points(warp, fine, size);
    let (ly, lx) = labels.dim();
    let mut drawing = Drawing::new(fine);
    for ((j, i), signal) in drawing.signal.indexed_iter_mut() {
        let [x, y] = coarse.between(j, i);
        // One label pixel is one output pixel; both have their centre sample at floor(n / 2).
        let at = [x + (lx / 2) as f64, y + (ly / 2) as f64];
        let (a, b, share) = vote(labels, at);
        let (a, b) = (classes[usize::from(a)], classes[usize::from(b)]);
        *signal = b.signal + share * (a.signal - b.signal);
        drawing.texture[(j, i)] = b.texture + share * (a.texture - b.texture);
    }
    drawing
}

/// Pixels between two points at which the warp is evaluated.
const STRIDE: usize = 8;

/// Where fine pixels come from, in output pixels from the centre, known at every eighth pixel.
pub(super) struct SourcePoints(Array2<[f64; 2]>);

/// Where the pixels of the doubled grid come from.
pub(super) fn source_points(
    warp: &Warp,
    fine: (usize, usize),
    size: (usize, usize),
) -> SourcePoints {
    let shape = (fine.0 / STRIDE + 2, fine.1 / STRIDE + 2);
    let longer = size.0.max(size.1);
    let unit = longer as f64 / 2.0;
    SourcePoints(Array2::from_shape_fn(shape, |(j, i)| {
        let p = [
            position(i * STRIDE, fine.1) * size.1 as f64 / longer as f64,
            position(j * STRIDE, fine.0) * size.0 as f64 / longer as f64,
        ];
        warp.apply(p).map(|v| v * unit)
    }))
}

impl SourcePoints {
    /// Of one fine pixel: x and y.
    pub(super) fn between(&self, j: usize, i: usize) -> [f64; 2] {
        let coarse = &self.0;
        let (j0, i0) = (j / STRIDE, i / STRIDE);
        let (v, u) = (
            (j % STRIDE) as f64 / STRIDE as f64,
            (i % STRIDE) as f64 / STRIDE as f64,
        );
        let [a, b, c, d] = [
            coarse[(j0, i0)],
            coarse[(j0, i0 + 1)],
            coarse[(j0 + 1, i0)],
            coarse[(j0 + 1, i0 + 1)],
        ];
        std::array::from_fn(|n| {
            (1.0 - v) * ((1.0 - u) * a[n] + u * b[n]) + v * ((1.0 - u) * c[n] + u * d[n])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn halves() -> Array2<u16> {
        Array2::from_shape_fn((60, 70), |(j, i)| {
            if (10..50).contains(&j) && (10..60).contains(&i) {
                1 + (i > 34) as u16 * 40
            } else {
                0
            }
        })
    }

    #[test]
    fn labels_stay_in_place_without_a_warp() {
        let classes = [
            LabelClass {
                signal: 0.0,
                texture: 0.0,
            },
            LabelClass {
                signal: 1.0,
                texture: 0.0,
            },
            LabelClass {
                signal: 2.0,
                texture: 0.0,
            },
        ];
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let still = Warp::random(&mut rng, 0, 1.0, 0.0, Normals::Ziggurat);
        let labels = halves().mapv(|l| [0, 1, 2][(l > 0) as usize + (l > 1) as usize]);
        let drawing = draw(&labels, &classes, &still, (60, 70));
        for ((j, i), &l) in labels.indexed_iter() {
            let near = labels.slice(ndarray::s![
                j.max(2) - 2..(j + 3).min(60),
                i.max(2) - 2..(i + 3).min(70)
            ]);
            if near.iter().all(|&n| n == l) {
                assert_eq!(drawing.signal[(2 * j, 2 * i)], f32::from(l), "{j} {i}");
            }
        }
    }

    #[test]
    fn no_pixels_give_an_empty_image() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for shape in [(0, 0), (0, 5), (5, 0)] {
            let empty = Array2::zeros(shape);
            let image = from_labels(&empty, &mut rng, (6, 7));
            assert_eq!(image, Array2::zeros((6, 7)));
            assert_eq!(from_labels(&halves(), &mut rng, shape).dim(), shape);
        }
        let one = from_labels(&Array2::ones((1, 1)), &mut rng, (1, 1));
        assert!(one[(0, 0)].norm().is_finite());
    }

    #[test]
    fn merged_labels_look_alike_and_zero_is_empty() {
        let image = from_labels_merged(
            &halves(),
            &|l| l.min(1),
            Texture::Plain,
            &mut ChaCha8Rng::seed_from_u64(3),
            (64, 64),
        );
        assert_eq!(image.dim(), (64, 64));
        assert!(image[(1, 1)].norm() < 0.05);
        let ratio = image[(32, 22)].norm() / image[(32, 42)].norm();
        assert!((0.5..2.0).contains(&ratio), "{ratio}");
        let again = from_labels_merged(
            &halves(),
            &|l| l.min(1),
            Texture::Plain,
            &mut ChaCha8Rng::seed_from_u64(3),
            (64, 64),
        );
        assert_eq!(image, again);
    }
}
