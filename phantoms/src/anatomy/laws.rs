//! Laws of the families from label maps: what their doc comments promise.

use ndarray::{Array2, Array3, Axis};
use rayon::prelude::*;

use super::testing::{ball, subject};
use super::{BrainMr, BrainMrSlice, HeadVolume, LabelVolume, Lesions, Phase};
use crate::Contrast;
use crate::ct::{Attenuation, CtGrid, Ray, Tissue, hu_to_mu, mu_per_mm};
use crate::mr::{Relaxation, Sequence};
use crate::pure::fingerprint;

fn volume() -> LabelVolume {
    LabelVolume::new(ball(), [1.0; 3]).unwrap()
}

fn brain() -> BrainMr {
    let family = BrainMr::from_volume(&volume()).unwrap();
    family.with_grid(75, 90, 1.1).unwrap()
}

/// White matter is the darkest of what is no air.
fn signal(tissue: &Relaxation) -> f64 {
    let (tr_s, te_s) = (4.0, 0.1);
    Sequence::SpinEcho { tr_s, te_s }.signal(tissue)
}

fn slice(family: &BrainMr, n: usize) -> BrainMrSlice {
    family.slice(n as u64 / 12, n % 12, 12, &signal).unwrap()
}

#[test]
fn the_bits_are_those_of_every_machine() {
    let family = brain().with_phase(Phase::Smooth);
    let signal = |tissue: &Relaxation| tissue.density * tissue.t2_s;
    let drawn = family.slice(3, 4, 9, &signal).unwrap();
    let parts = drawn.image.iter().flat_map(|v| [&v.re, &v.im]);
    assert_eq!(
        fingerprint(parts.chain(&drawn.lesion_share)),
        17_305_186_756_083_643_628
    );
    let family = HeadVolume::from_volume(&volume()).unwrap();
    let grid = CtGrid::new(90, 101, 1.2).unwrap();
    let drawn = family.with_lesion_share(1.0).slice(4, 3, 9, &grid).unwrap();
    let all = drawn.hu.iter().chain(&drawn.lesion_share);
    assert_eq!(
        fingerprint(all.chain(&drawn.brain_share)),
        7_683_781_681_885_586_252
    );
}

/// The results of a function on one thread and on four, both in another order.
fn on_threads<T: Send>(draw: impl Fn(usize) -> T + Sync) -> [Vec<T>; 2] {
    [1, 4].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let order: Vec<usize> = (0..24).map(|n| (n * 7 + threads) % 24).collect();
        let drawn = pool.build().unwrap().install(|| {
            let drawn = order.par_iter().map(|&n| (n, draw(n)));
            drawn.collect::<Vec<_>>()
        });
        let mut drawn = drawn;
        drawn.sort_by_key(|d| d.0);
        drawn.into_iter().map(|d| d.1).collect()
    })
}

#[test]
fn a_brain_has_the_same_bits_on_any_threads_and_differs_by_seed() {
    let family = brain().with_phase(Phase::Smooth);
    let [one, four] = on_threads(|n| slice(&family, n));
    assert_eq!(one, four);
    assert_ne!(one[3], one[15]);
    assert_ne!(one[3], one[4]);
    assert!(family.slice(0, 12, 12, &signal).is_err());
}

#[test]
fn shares_sum_to_one_and_make_up_the_image_and_the_labels() {
    let family = brain().with_bias(0.0).with_lesions(Lesions::Hidden);
    for n in 0..8 {
        let (seed, slice) = (n as u64, (5 * n) % 12);
        let shares = family.shares(seed, slice, 12).unwrap();
        let drawn = family.slice(seed, slice, 12, &signal).unwrap();
        let sum = shares.sum_axis(Axis(0));
        assert!(sum.iter().all(|s| (s - 1.0).abs() < 1e-5));
        assert!(shares.iter().all(|s| (0.0..=1.0 + 1e-6).contains(s)));
        let of = |tissue: Tissue| signal(&family.relaxation(seed, tissue));
        for ((j, i), v) in drawn.image.indexed_iter() {
            let inside = Tissue::ALL[1..].iter();
            let expected: f64 = inside
                .map(|t| f64::from(shares[(*t as usize, j, i)]) * of(*t))
                .sum();
            assert!((f64::from(v.re) - expected).abs() < 1e-5 && v.im == 0.0);
            let own = shares[(drawn.tissue[(j, i)] as usize, j, i)];
            assert!((0..23).all(|t| shares[(t, j, i)] <= own));
        }
    }
}

#[test]
fn air_is_exactly_zero_and_left_and_right_are_one() {
    let family = brain().with_phase(Phase::Smooth);
    for n in 0..10 {
        let drawn = slice(&family, 5 * n);
        let shares = family.shares(5 * n as u64 / 12, 5 * n % 12, 12).unwrap();
        let mut air = 0;
        for ((j, i), v) in drawn.image.indexed_iter() {
            if (1..23).all(|t| shares[(t, j, i)] == 0.0) {
                assert_eq!((v.re, v.im), (0.0, 0.0));
                air += 1;
            }
        }
        assert!(air > 1500, "{air}");
    }
    // Without its sides' names the brain is the same. Sides that touch would lose cortex to the
    // falx, and with it, in this small ball, their uppermost plane: fluid lies between them.
    let fissure = |((_, _, x), label): ((usize, usize, usize), &u16)| match label {
        2 | 3 | 41 | 42 if (32..38).contains(&x) => 24,
        other => *other,
    };
    let apart = Array3::from_shape_vec(ball().dim(), ball().indexed_iter().map(fissure).collect());
    let apart = apart.unwrap();
    let one_side = apart.mapv(|l| if l > 40 && l < 50 { l - 39 } else { l });
    let [apart, merged] = [apart, one_side].map(|labels| {
        let volume = LabelVolume::new(labels, [1.0; 3]).unwrap();
        let family = BrainMr::from_volume(&volume).unwrap();
        slice(&family.with_grid(75, 90, 1.1).unwrap(), 6).magnitude()
    });
    let difference = (merged - apart).mapv(f32::abs);
    // The falx between the sides is all that may differ.
    assert!(difference.iter().filter(|d| **d > 1e-6).count() < 200);
}

#[test]
fn lesions_change_the_image_by_their_contrast_within_their_mask_alone() {
    let family = brain().with_bias(0.0);
    let healthy = family.clone().with_lesions(Lesions::Hidden);
    let (mut seen, mut strong) = (0, 0);
    for n in 0..120 {
        let (with, without) = (slice(&family, n), slice(&healthy, n));
        assert_eq!(without.lesion_share.sum(), 0.0);
        assert_eq!(with.tissue, without.tissue);
        let difference = with.image.mapv(|v| v.re) - without.image.mapv(|v| v.re);
        for (d, share) in difference.iter().zip(&with.lesion_share) {
            assert!((0.0..=1.0 + 1e-6).contains(share));
            assert!(*share > 0.0 || *d == 0.0);
            assert!((f64::from(*d) - f64::from(*share) * with.lesion_contrast).abs() < 1e-6);
        }
        let mask = f64::from(with.lesion_share.sum());
        if mask > 5.0 {
            let mean = difference.iter().map(|d| f64::from(*d)).sum::<f64>() / mask;
            assert!((mean / with.lesion_contrast - 1.0).abs() < 1e-4, "{mean}");
            seen += 1;
            strong += usize::from(with.lesion_share.iter().any(|s| *s > 0.95));
        }
    }
    assert!(seen > 10 && strong > 5, "{seen} {strong}");
}

/// The largest change of the area of any tissue between neighbouring slices, over the area of the
/// head.
fn roughest(areas: &[Vec<f64>]) -> f64 {
    let steps = areas.windows(2).map(|pair| {
        let head: f64 = pair[0][1..].iter().sum();
        let changes = pair[0].iter().zip(&pair[1]).map(|(a, b)| (a - b).abs());
        changes.fold(0.0, f64::max) / head
    });
    steps.fold(0.0, f64::max)
}

fn areas(shares: &Array3<f32>) -> Vec<f64> {
    let tissues = shares.axis_iter(Axis(0));
    tissues.map(|plane| f64::from(plane.sum())).collect()
}

#[test]
fn areas_of_tissues_change_smoothly_from_slice_to_slice() {
    let family = brain();
    for seed in 0..3 {
        let all: Vec<Vec<f64>> = (0..120)
            .map(|n| areas(&family.shares(seed, n, 120).unwrap()))
            .collect();
        let (near, far) = (roughest(&all), roughest(&[all[0].clone(), all[60].clone()]));
        assert!(near < 0.02 && far > 0.1, "{near} {far}");
    }
}

#[test]
fn a_bias_field_is_all_that_it_changes() {
    let (plain, bent) = (slice(&brain().with_bias(0.0), 5), slice(&brain(), 5));
    assert_eq!(plain.lesion_share, bent.lesion_share);
    let ratios: Vec<f32> = bent
        .image
        .iter()
        .zip(&plain.image)
        .filter(|(_, p)| p.re > 0.0)
        .map(|(b, p)| b.re / p.re)
        .collect();
    assert!(ratios.iter().all(|r| (0.7..1.3).contains(r)));
    assert!(ratios.iter().any(|r| (r - 1.0).abs() > 0.005));
}

#[test]
fn slices_share_the_brain_and_flair_darkens_its_fluid() {
    let family = brain();
    // A ball of 34 mm, less what is left out at either end.
    let height_mm = 10.0 * family.spacing_mm(10);
    assert!((20.0..30.0).contains(&height_mm), "{height_mm}");
    assert_eq!(family.spacing_mm(20), 0.5 * family.spacing_mm(10));
    let fluid = family.relaxation(5, Tissue::Fluid);
    let of = |contrast| family.sequence(5, contrast).signal(&fluid).abs();
    assert!(of(Contrast::Flair) < 1e-3 * fluid.density && of(Contrast::T2) > 0.3);
    assert_eq!(family.sequence(5, Contrast::T1), Contrast::T1.sequence());
    let head = HeadVolume::from_volume(&volume()).unwrap();
    assert_eq!(head.spacing_mm(8), 0.1 * head.sections().len() as f64);
}

#[test]
fn rays_meet_the_whole_head() {
    let head = HeadVolume::from_volume(&volume()).unwrap();
    let grid = CtGrid::new(20, 20, 1.8).unwrap();
    let object = head.attenuation(3, 4, 9, &grid, 70.0).unwrap();
    let water = mu_per_mm(crate::ct::Material::Water, 70.0).unwrap();
    let wide = CtGrid::new(288, 288, 0.9).unwrap();
    let image = head.slice(3, 4, 9, &wide).unwrap().hu;
    let mass = |hu: &f32| hu_to_mu(f64::from(*hu), water) * 0.81;
    let mass: f64 = image.iter().map(mass).sum();
    let lines: f64 = (0..3800)
        .map(|n| 0.1 * (f64::from(n) - 1899.5))
        .map(|s| 0.1 * object.line_integral(&Ray::parallel(s, 0.3)))
        .sum();
    assert!((mass / lines - 1.0).abs() < 1e-3, "{mass} {lines}");
    assert!(head.attenuation(3, 9, 9, &grid, 70.0).is_err());
    assert!(head.attenuation(3, 4, 9, &grid, 20.0).is_err());
}

#[test]
fn a_map_without_a_brain_is_an_error() {
    let scalp = ball().mapv(|l| if l > 500 { l } else { 0 });
    let scalp = LabelVolume::new(scalp, [1.0; 3]).unwrap();
    let message = BrainMr::from_volume(&scalp).unwrap_err().to_string();
    assert!(
        message.contains("8 slices") && message.contains("axial"),
        "{message}"
    );
    assert!(HeadVolume::from_volume(&scalp).is_err());
    assert!(brain().with_grid(0, 4, 1.0).is_err() && brain().with_grid(4, 4, 0.0).is_err());
    for pixel_mm in [1e40, f64::MAX, f64::NAN, f64::INFINITY] {
        let error = brain().with_grid(4, 4, pixel_mm).unwrap_err().to_string();
        assert!(error.contains("at most 1000 mm"), "{error}");
    }
    // The largest pixels that there are.
    let wide = brain().with_grid(40, 30, 1000.0).unwrap();
    let drawn = wide.slice(1, 3, 7, &signal).unwrap();
    assert!(drawn.image.iter().all(|v| v.re.is_finite()));
}

#[test]
fn a_head_in_ct_has_known_lesions_and_the_same_bits_on_any_threads() {
    // A brain of 40 mm: lesions need 1500 pixels of it.
    let small = ball();
    let large = Array3::from_shape_fn((30, 150, 160), |(z, y, x)| {
        small[(z * 2, y * 64 / 150, x * 70 / 160)]
    });
    let volume = LabelVolume::new(large, [1.0; 3]).unwrap();
    let family = HeadVolume::from_volume(&volume)
        .unwrap()
        .with_lesion_share(1.0);
    let healthy = family.clone().with_lesions(Lesions::Hidden);
    let grid = CtGrid::new(90, 101, 1.8).unwrap();
    let draw = |n: usize| family.slice(n as u64 / 12, n % 12, 12, &grid).unwrap();
    let [one, four] = on_threads(draw);
    assert_eq!(one, four);
    let (mut lesions, mut brains) = (0, 0);
    for (n, with) in one.iter().enumerate() {
        let without = healthy.slice(n as u64 / 12, n % 12, 12, &grid).unwrap();
        assert_eq!(without.lesion_share.sum() + without.oedema_share.sum(), 0.0);
        assert!(without.lesions.is_empty() && with.brain_share == without.brain_share);
        let marked = &with.lesion_share + &with.oedema_share;
        let changed: Array2<f32> = &with.hu - &without.hu;
        assert!(
            changed
                .iter()
                .zip(&marked)
                .all(|(d, m)| *m > 0.0 || *d == 0.0)
        );
        lesions += usize::from(with.lesion_share.iter().any(|s| *s > 0.9));
        brains += usize::from(with.brain_share.iter().filter(|s| **s == 1.0).count() > 300);
        assert!(with.brain_share.iter().all(|s| (0.0..=1.0).contains(s)));
    }
    assert!(lesions > 5 && brains > 10, "{lesions} {brains}");
    assert!(family.slice(0, 3, 3, &grid).is_err());
}

#[test]
fn a_real_map_gives_brains_and_heads() {
    let Some(labels) = subject(19) else { return };
    let volume = LabelVolume::new(labels, [1.0; 3]).unwrap();
    let family = BrainMr::from_volume(&volume).unwrap();
    for n in 0..6 {
        let drawn = family.slice(n, 3 * n as usize + 1, 20, &signal).unwrap();
        let count = |of: &[Tissue]| drawn.tissue.iter().filter(|t| of.contains(t)).count();
        let [white, grey, air] = [&[Tissue::White][..], &[Tissue::Grey], &[Tissue::Air]].map(count);
        assert!(
            air > 20_000 && white + grey > 3_000,
            "{n}: {white} {grey} {air}"
        );
        assert!(
            drawn
                .image
                .iter()
                .zip(&drawn.tissue)
                .all(|(v, t)| *t == Tissue::Air || v.re > 0.0)
        );
    }
    let head = HeadVolume::from_volume(&volume).unwrap();
    let drawn = head
        .slice(3, 10, 20, &CtGrid::new(128, 128, 1.8).unwrap())
        .unwrap();
    assert!(drawn.brain_share.sum() > 1_500.0 && drawn.hu.iter().any(|v| *v > 900.0));
}
