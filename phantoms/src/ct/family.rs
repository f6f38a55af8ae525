//! Endless head CT for training a score model and for testing it.

use std::sync::Arc;

use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::grid::{CtGrid, at_most, block_mean};
use super::head::Head;
use super::lesion::LesionKind;
use super::plain::Plain;
use super::section::{HELD_OUT, Section, TRAINING};
use crate::PhantomError;

/// Share of training images without anatomy.
const PLAIN: f64 = 0.25;
/// Share of heads with lesions.
const LESIONS: f64 = 0.4;
/// The part of a head that the slices of a volume share, from its top down: where it begins, and how
/// much it is. The uppermost sections hold hardly any brain, the lowermost none.
const PART: [f64; 2] = [0.15, 0.7];
/// From one packed section to the next.
const SECTION_MM: f64 = 3.0;

/// A seeded family of head sections in Hounsfield units: each index is one object, whatever the
/// order and the threads in which they are drawn, and the same object on every grid.
///
/// A template for training: each section has lesions and textures of its own. The slices of
/// [`held_out_volume`](Self::held_out_volume) share a head's shape, place and tissues but are drawn
/// independently of each other, so that a lesion is in one of them alone; a head whose lesions have
/// a depth is [`HeadVolume`](crate::anatomy::HeadVolume). Between machines numbers may differ in
/// their last bits, by the logarithm in the tails of the normal numbers and by the sine in what has
/// no anatomy: the stream is that which the shipped prior was trained on.
///
/// Sections of segmented heads are deformed, turned, scaled and mirrored; tissues get the HU of
/// 70 keV with their spread from person to person and their texture; four heads in ten have
/// lesions, half of them lie in a holder. The training family is one quarter objects without
/// anatomy.
#[derive(Clone, Debug)]
pub struct HeadCt {
    seed: u64,
    source: Source,
    plain: f64,
    lesions: f64,
}

#[derive(Clone, Debug)]
enum Source {
    Training,
    HeldOut,
    Own(Arc<[Section]>),
}

/// A drawn head.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadSlice {
    /// Hounsfield units at 70 keV: `f32[ny, nx]`.
    pub hu: Array2<f32>,
    /// The share of each pixel that is lesion: `f32[ny, nx]`.
    pub lesion_share: Array2<f32>,
    /// The lesions; some may lie where they show nothing.
    pub lesions: Vec<LesionKind>,
}

impl HeadCt {
    /// Subjects 1 to 18, and a quarter without anatomy.
    pub fn training(seed: u64) -> Self {
        Self {
            seed,
            source: Source::Training,
            plain: PLAIN,
            lesions: LESIONS,
        }
    }

    /// Subjects 19 and 20, which the training family never shows; anatomy alone.
    pub fn held_out(seed: u64) -> Self {
        Self {
            seed,
            source: Source::HeldOut,
            plain: 0.0,
            lesions: LESIONS,
        }
    }

    /// Sections of the caller; anatomy alone.
    pub fn from_sections(seed: u64, sections: Vec<Section>) -> Result<Self, PhantomError> {
        if sections.is_empty() {
            return Err(PhantomError::EmptySection);
        }
        Ok(Self {
            seed,
            source: Source::Own(sections.into()),
            plain: 0.0,
            lesions: LESIONS,
        })
    }

    /// The same family with another share of images without anatomy, 0 to 1.
    pub fn with_plain_share(mut self, share: f64) -> Self {
        self.plain = at_most(1.0, share);
        self
    }

    /// The same family with another share of heads with lesions, 0 to 1.
    pub fn with_lesion_share(mut self, share: f64) -> Self {
        self.lesions = at_most(1.0, share);
        self
    }

    /// Object `index` in Hounsfield units, averaged over the pixels: `f32[ny, nx]`.
    pub fn slice(&self, index: u64, grid: &CtGrid) -> Array2<f32> {
        self.draw(index, grid).hu
    }

    /// Object `index` with its lesions.
    pub fn draw(&self, index: u64, grid: &CtGrid) -> HeadSlice {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(index);
        if self.plain > 0.0 && rng.random_bool(self.plain) {
            let times = grid.samples_per_pixel();
            let hu = block_mean(&Plain::new(&mut rng).samples(&grid.finer(times)), times);
            return HeadSlice {
                lesion_share: Array2::zeros(hu.dim()),
                hu,
                lesions: Vec::new(),
            };
        }
        let section = self.source.section(rng.random_range(0..self.source.len()));
        let frame = section.frame();
        let mut detail = ChaCha8Rng::from_rng(&mut rng);
        finish(
            &Head::new((section, frame), &mut rng, &mut detail, self.lesions),
            grid,
        )
    }

    /// Slice `slice` of `slices` through one held-out head, from the top down; all slices have the
    /// shape, the place and the tissues that `seed` says, each has lesions and textures of its own.
    pub fn held_out_volume(
        seed: u64,
        slice: usize,
        slices: usize,
        grid: &CtGrid,
    ) -> Result<HeadSlice, PhantomError> {
        if slice >= slices {
            return Err(PhantomError::Slice { slice, slices });
        }
        let heads = HELD_OUT.heads();
        let head = heads[seed as usize % heads.len()].clone();
        let part = PART[0] + PART[1] * (slice as f64 + 0.5) / slices as f64;
        let index = head.start + (part * head.len() as f64) as usize;
        let mut pose = ChaCha8Rng::seed_from_u64(seed);
        let mut detail = ChaCha8Rng::seed_from_u64(seed);
        detail.set_stream(1 + slice as u64);
        let section = HELD_OUT.section(index);
        let frame = HELD_OUT.frame(head, &section);
        Ok(finish(
            &Head::new((section, frame), &mut pose, &mut detail, LESIONS),
            grid,
        ))
    }

    /// From one of so many slices of a held-out head to the next.
    pub fn held_out_spacing_mm(seed: u64, slices: usize) -> f64 {
        let heads = HELD_OUT.heads();
        let sections = heads[seed as usize % heads.len()].len() as f64;
        PART[1] * sections * SECTION_MM / slices.max(1) as f64
    }
}

impl Source {
    fn len(&self) -> usize {
        match self {
            Self::Training => TRAINING.len(),
            Self::HeldOut => HELD_OUT.len(),
            Self::Own(sections) => sections.len(),
        }
    }

    fn section(&self, index: usize) -> Section {
        match self {
            Self::Training => TRAINING.section(index),
            Self::HeldOut => HELD_OUT.section(index),
            Self::Own(sections) => sections[index].clone(),
        }
    }
}

/// Samples the head and takes the mean over each pixel.
fn finish(head: &Head, grid: &CtGrid) -> HeadSlice {
    let times = grid.samples_per_pixel();
    let pixels = head.samples(&grid.finer(times)).block_mean(times);
    HeadSlice {
        hu: pixels.hu,
        lesion_share: pixels.lesion,
        lesions: head.lesions(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pure::fingerprint;
    use rayon::prelude::*;

    fn grid() -> CtGrid {
        CtGrid::new(96, 90, 2.4).unwrap()
    }

    #[test]
    fn an_image_depends_on_seed_and_index_only() {
        let family = HeadCt::training(5);
        let together: Vec<_> = (0..12u64)
            .into_par_iter()
            .map(|i| family.draw(i, &grid()))
            .collect();
        for i in (0..12).rev() {
            assert_eq!(family.draw(i as u64, &grid()), together[i]);
        }
        assert_ne!(HeadCt::training(6).slice(0, &grid()), together[0].hu);
    }

    /// The mean difference of two images within uniform tissue, and everywhere.
    fn differences(a: &Array2<f32>, b: &Array2<f32>) -> [f32; 2] {
        let uniform = |window: ndarray::ArrayView2<f32>| {
            let range = window.iter().fold([f32::MAX, f32::MIN], |[low, high], v| {
                [low.min(*v), high.max(*v)]
            });
            range[0] > -900.0 && range[1] - range[0] < 15.0
        };
        let difference = (a - b).mapv_into(f32::abs);
        let (ny, nx) = difference.dim();
        let middle = difference.slice(ndarray::s![1..ny - 1, 1..nx - 1]);
        let inner: Vec<f32> = ndarray::Zip::from(a.windows((3, 3))).and(&middle).fold(
            Vec::new(),
            |mut all, window, d| {
                all.extend(uniform(window).then_some(*d));
                all
            },
        );
        assert!(inner.len() > 10, "{}", inner.len());
        [
            inner.iter().sum::<f32>() / inner.len() as f32,
            difference.mean().unwrap(),
        ]
    }

    #[test]
    fn the_bits_have_not_changed() {
        let image = HeadCt::held_out(3).draw(7, &grid());
        assert_eq!(fingerprint(&image.hu), 14_754_690_018_723_398_041);
    }

    #[test]
    fn the_object_is_the_same_on_a_finer_grid() {
        for family in [HeadCt::training(2), HeadCt::held_out(2)] {
            for index in 0..8 {
                let coarse = family.slice(index, &CtGrid::new(96, 96, 2.4).unwrap());
                for (times, uniform, all) in [(2, 1e-3, 1e-3), (3, 0.5, 2.0)] {
                    let grid = CtGrid::new(96, 96, 2.4).unwrap().finer(times);
                    let fine = block_mean(&family.slice(index, &grid), times);
                    let [mean, everywhere] = differences(&coarse, &fine);
                    assert!(mean < uniform, "{index} x {times}: {mean}");
                    assert!(everywhere < all, "{index} x {times}: {everywhere}");
                }
            }
        }
    }

    #[test]
    fn images_are_heads_in_hounsfield_units() {
        let family = HeadCt::held_out(1);
        let (mut bone, mut brain, mut fat, mut count) = (0, 0, 0, 0);
        for index in 0..20 {
            let image = family.slice(index, &grid());
            assert!(image.iter().all(|v| (-1300.0..2600.0).contains(v)));
            assert!(image[(0, 0)] < -500.0 && image[(0, 89)] < -500.0);
            bone += image.iter().filter(|v| **v > 500.0).count();
            brain += image.iter().filter(|v| (15.0..60.0).contains(*v)).count();
            fat += image
                .iter()
                .filter(|v| (-130.0..-60.0).contains(*v))
                .count();
            count += image.len();
        }
        let share = |n: usize| n as f64 / count as f64;
        assert!((0.02..0.2).contains(&share(fat)), "{}", share(fat));
        assert!((0.02..0.2).contains(&share(bone)), "{}", share(bone));
        assert!((0.08..0.5).contains(&share(brain)), "{}", share(brain));
    }

    #[test]
    fn lesions_show_where_their_share_says() {
        let (with, without) = (
            HeadCt::held_out(3).with_lesion_share(1.0),
            HeadCt::held_out(3).with_lesion_share(0.0),
        );
        let mut seen = 0;
        for index in 0..30 {
            let drawn = with.draw(index, &grid());
            assert_eq!(without.draw(index, &grid()).lesion_share.sum(), 0.0);
            let marked = drawn.lesion_share.iter().filter(|s| **s > 0.5).count();
            assert!(marked == 0 || !drawn.lesions.is_empty());
            assert!(drawn.lesion_share.iter().all(|s| (0.0..=1.0).contains(s)));
            seen += usize::from(marked > 0);
        }
        assert!(seen > 10, "{seen}");
    }

    #[test]
    fn sections_of_the_caller_are_drawn() {
        let labels = Array2::from_shape_fn((180, 150), |(y, x)| {
            let r = (y as f64 - 90.0).hypot(1.2 * (x as f64 - 75.0));
            match r {
                r if r < 60.0 => 2,
                r if r < 67.0 => 515,
                r if r < 80.0 => 507,
                r if r < 83.0 => 511,
                _ => 0u16,
            }
        });
        let section = Section::from_labels(&labels, &crate::ct::Tissue::of_synthseg, 1.0).unwrap();
        let family = HeadCt::from_sections(1, vec![section])
            .unwrap()
            .with_lesion_share(0.0);
        let image = family.slice(0, &grid());
        assert!(
            (10.0..60.0).contains(&image[(48, 45)]),
            "{}",
            image[(48, 45)]
        );
        assert!(image.iter().any(|v| *v > 900.0));
        assert!(HeadCt::from_sections(1, Vec::new()).is_err());
    }

    #[test]
    fn the_slices_of_a_volume_are_of_one_head() {
        let slice = |n| HeadCt::held_out_volume(4, n, 30, &grid()).unwrap();
        assert!(HeadCt::held_out_volume(4, 30, 30, &grid()).is_err());
        let common = |a: &HeadSlice, b: &HeadSlice| {
            let solid =
                a.hu.iter()
                    .zip(&b.hu)
                    .map(|(a, b)| (*a > -300.0, *b > -300.0));
            let either = solid.clone().filter(|(a, b)| *a || *b).count();
            solid.filter(|(a, b)| *a && *b).count() as f64 / either as f64
        };
        for n in [8, 14, 20] {
            let (near, far) = (
                common(&slice(n), &slice(n + 1)),
                common(&slice(0), &slice(29)),
            );
            assert!(near > 0.9 && near > far, "{n}: {near} {far}");
        }
    }
}
