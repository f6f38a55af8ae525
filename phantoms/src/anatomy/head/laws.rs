//! Laws of the head: what its doc comments promise of its slices.

use std::sync::OnceLock;

use ndarray::{Array2, s};

use super::super::testing::{ball, subject};
use super::*;

/// Subjects with lesions, of a head whose brain is a ball of 51 mm.
fn family() -> HeadVolume {
    static FAMILY: OnceLock<HeadVolume> = OnceLock::new();
    let new = || {
        let volume = LabelVolume::new(ball(), [3.0; 3]).unwrap();
        let family = HeadVolume::from_volume(&volume).unwrap();
        family.with_lesion_share(1.0)
    };
    FAMILY.get_or_init(new).clone()
}

fn grid() -> CtGrid {
    CtGrid::new(60, 60, 3.0).unwrap()
}

#[test]
fn a_slice_is_a_section_at_its_height_however_many_there_are() {
    let family = family();
    for seed in 0..3 {
        let slice = |n, slices| family.slice(seed, n, slices, &grid()).unwrap();
        for n in [0, 7, 12, 19] {
            assert_eq!(slice(n, 20), slice(3 * n + 1, 60), "{seed} {n}");
        }
        assert_eq!(slice(0, 1), slice(1, 3));
    }
}

/// The volume of the lesions of a subject, in millilitres, as so many slices show it.
fn lesion_ml(family: &HeadVolume, seed: u64, slices: usize, grid: &CtGrid) -> f64 {
    let areas = (0..slices).map(|n| lesion_mm2(family, seed, (n, slices), grid));
    1e-3 * areas.sum::<f64>() * family.spacing_mm(slices)
}

fn lesion_mm2(family: &HeadVolume, seed: u64, (n, of): (usize, usize), grid: &CtGrid) -> f64 {
    let drawn = family.slice(seed, n, of, grid).unwrap();
    f64::from(drawn.lesion_share.sum()) * grid.pixel_mm * grid.pixel_mm
}

#[test]
fn lesions_have_their_volume_at_any_depth() {
    let (mut seen, family) = (0, family());
    for seed in 0..8 {
        let [coarse, fine] = [20, 40].map(|n| lesion_ml(&family, seed, n, &grid()));
        // What is thinner than a slice of 5 mm may fall between two.
        if fine > 1.0 {
            assert!(
                (coarse / fine - 1.0).abs() < 0.15,
                "{seed}: {coarse} {fine}"
            );
            seen += 1;
        }
    }
    assert!(seen > 3, "{seen}");
}

#[test]
fn lesions_end_smoothly_along_the_head() {
    let (mut seen, family) = (0, family());
    for seed in 0..5 {
        let areas: Vec<f64> = (0..100)
            .map(|n| lesion_mm2(&family, seed, (n, 100), &grid()))
            .collect();
        let most = areas.iter().copied().fold(0.0, f64::max);
        if most > 300.0 {
            let steps = areas.windows(2).map(|pair| (pair[0] - pair[1]).abs());
            let step = steps.fold(0.0, f64::max);
            assert!(step < 0.25 * most, "{seed}: {step} of {most}");
            seen += 1;
        }
    }
    assert!(seen > 1, "{seen}");
}

/// The correlation of two images less their means.
fn correlation(a: &Array2<f32>, b: &Array2<f32>) -> f32 {
    let [a, b] = [a, b].map(|image| image - image.mean().unwrap());
    let dot = |a: &Array2<f32>, b: &Array2<f32>| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
}

#[test]
fn slices_2_mm_apart_are_alike_down_to_their_texture() {
    let family = family().with_lesions(Lesions::Hidden);
    let slices = (0.5 * family.spacing_mm(1)).round() as usize;
    let (mut near, mut far) = (0.0, 0.0);
    for seed in 0..12 {
        let image = |n: usize| family.slice(seed, n, slices, &grid()).unwrap().hu;
        let [here, next, other] = [0, 1, 12].map(|n| image(slices / 2 - 6 + n));
        let whole = correlation(&here, &next);
        assert!(whole > 0.95, "{whole}");
        // White matter alone.
        let core = |image: &Array2<f32>| image.slice(s![25..35, 25..35]).to_owned();
        near += correlation(&core(&here), &core(&next)) / 12.0;
        far += correlation(&core(&here), &core(&other)) / 12.0;
    }
    assert!(near > 0.6 && far < 0.4, "{near} {far}");
}

#[test]
fn a_real_head_has_lesions_of_a_depth() {
    let Some(labels) = subject(20) else { return };
    let volume = LabelVolume::new(labels, [1.0; 3]).unwrap();
    let family = HeadVolume::from_volume(&volume).unwrap();
    let family = family.with_lesion_share(1.0);
    let grid = CtGrid::new(80, 80, 3.0).unwrap();
    let mut seen = 0;
    for seed in 0..4 {
        let [coarse, fine] = [20, 40].map(|n| lesion_ml(&family, seed, n, &grid));
        if fine > 2.0 {
            assert!(
                (coarse / fine - 1.0).abs() < 0.15,
                "{seed}: {coarse} {fine}"
            );
            seen += 1;
        }
        let slices = (0.5 * family.spacing_mm(1)).round() as usize;
        let [a, b] = [0, 1].map(|n| family.slice(seed, 30 + n, slices, &grid).unwrap().hu);
        assert!(correlation(&a, &b) > 0.95, "{}", correlation(&a, &b));
    }
    assert!(seen > 0);
}
