//! Laws of the chest: what its doc comments promise.

use rayon::prelude::*;

use super::*;
use crate::ct::{Attenuation, Ray, hu_to_mu};
use crate::pure::fingerprint;

fn grid() -> CtGrid {
    CtGrid::new(95, 120, 3.7).unwrap()
}

#[test]
fn the_bits_are_those_of_every_machine() {
    let slice = Thorax::new(2).slice(2, 5, &grid()).unwrap();
    assert_eq!(
        fingerprint(slice.hu.iter().chain(&slice.nodule_share)),
        8_415_389_193_038_096_614
    );
}

/// Chests with nodules.
fn with_nodules(count: usize) -> impl Iterator<Item = Thorax> {
    let all = (0..).map(Thorax::new).filter(|t| !t.nodules().is_empty());
    all.take(count)
}

#[test]
fn a_chest_has_the_same_bits_on_any_threads_and_in_any_order() {
    let draw = |n: usize| Thorax::new(n as u64 / 4).slice(n % 4, 4, &grid()).unwrap();
    let [one, four] = [1, 4].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let order: Vec<usize> = (0..12).map(|n| (5 * n + threads) % 12).collect();
        let mut drawn: Vec<_> = pool.build().unwrap().install(|| {
            let drawn = order.par_iter().map(|&n| (n, draw(n)));
            drawn.collect()
        });
        drawn.sort_by_key(|d| d.0);
        drawn
    });
    assert_eq!(one, four);
    assert_ne!(one[1].1, one[5].1);
    assert!(Thorax::new(0).slice(3, 3, &grid()).is_err());
}

#[test]
fn nodules_change_the_image_by_their_contrast_within_their_mask_alone() {
    for thorax in with_nodules(6) {
        let healthy = thorax.clone().with_lesions(Lesions::Hidden);
        assert!(healthy.nodules().is_empty());
        for nodule in thorax.nodules() {
            let z = nodule.centre_mm[2] + 0.3 * nodule.radius_mm;
            let (with, without) = (thorax.section(z, &grid()), healthy.section(z, &grid()));
            let changed = &with.hu - &without.hu;
            let (mut mask, mut sum) = (0.0, 0.0);
            for ((j, i), share) in with.nodule_share.indexed_iter() {
                assert!(*share > 0.0 || changed[(j, i)] == 0.0);
                let off = [
                    grid().x_mm(i) - nodule.centre_mm[0],
                    grid().y_mm(j) - nodule.centre_mm[1],
                ];
                if off[0].hypot(off[1]) < 1.3 * nodule.radius_mm + 6.0 {
                    mask += f64::from(*share);
                    sum += f64::from(changed[(j, i)]);
                }
            }
            assert!((sum / mask / nodule.contrast_hu - 1.0).abs() < 1e-3);
            let area = std::f64::consts::PI * 0.91 * nodule.radius_mm.powi(2);
            assert!(
                (mask * 3.7 * 3.7 / area - 1.0).abs() < 0.03,
                "{mask} {area}"
            );
            assert_eq!(without.nodule_share.sum(), 0.0);
            assert_eq!(with.lung_share, without.lung_share);
            assert!(with.nodules.contains(nodule) && without.nodules.is_empty());
        }
    }
}

#[test]
fn air_around_the_body_is_exact_and_the_rest_is_a_chest() {
    for seed in 0..10 {
        let thorax = Thorax::new(seed);
        for n in 0..4 {
            let slice = thorax.slice(n, 4, &grid()).unwrap();
            let (ny, nx) = slice.hu.dim();
            let corners = [(0, 0), (0, nx - 1), (ny - 1, 0), (ny - 1, nx - 1)];
            assert!(corners.iter().all(|at| slice.hu[*at] == -1000.0));
            assert!(slice.hu.iter().filter(|v| **v == -1000.0).count() > 1000);
            assert!(slice.hu.iter().all(|v| (-1050.0..1900.0).contains(v)));
            let share = |low: f32, high: f32| {
                let body = slice.hu.iter().filter(|v| **v > -1000.0).count();
                slice.hu.iter().filter(|v| (low..high).contains(*v)).count() as f64 / body as f64
            };
            assert!(
                share(400.0, 2000.0) > 0.01 && share(400.0, 2000.0) < 0.12,
                "{seed} {n}"
            );
            assert!(
                share(-150.0, -40.0) > 0.05 && share(0.0, 100.0) > 0.15,
                "{seed} {n}"
            );
        }
    }
}

#[test]
fn areas_change_smoothly_along_the_body() {
    for seed in 0..3 {
        let thorax = Thorax::new(seed);
        let areas = |z: f64| -> [f64; 3] {
            let slice = thorax.section(z, &grid());
            let body = slice.hu.iter().filter(|v| **v > -999.0).count() as f64;
            // Not a count above a threshold, which a plate fading in crosses all at once.
            let bone = slice
                .hu
                .mapv(|v| ((v - 100.0) / 600.0).clamp(0.0, 1.0))
                .sum();
            [f64::from(slice.lung_share.sum()), body, f64::from(bone)]
        };
        let all: Vec<[f64; 3]> = (0..110)
            .map(|n| areas(105.0 - 2.0 * f64::from(n)))
            .collect();
        let middle = all[50];
        for pair in all.windows(2) {
            let [lung, body] = [0, 1].map(|n| (pair[0][n] - pair[1][n]).abs() / middle[n]);
            // A section of a dome, an ellipsoid 95 mm high, grows by 2 / 95 of the widest a
            // millimetre, and two of them meet at a place.
            let steepest = 2.0 * 2.0 * 2.0 / 95.0;
            assert!(lung < steepest && body < 0.02, "{seed} {lung} {body}");
        }
        // Without a jump an eighth of the step makes about an eighth of the change.
        let change = |z: f64, step: f64| (areas(z)[0] - areas(z - step)[0]).abs() / middle[0];
        for n in 0..30 {
            let z = -62.0 - 2.0 * f64::from(n);
            let fine = change(z, 0.25);
            assert!(fine < 0.015, "{seed} {z} {fine}");
        }
        assert!(middle[0] > 1.5 * all[0][0]);
        // Discs and processes come and go within a millimetre.
        let bones: Vec<f64> = (0..100)
            .map(|n| areas(10.0 + 0.25 * f64::from(n))[2])
            .collect();
        let mean = bones.iter().sum::<f64>() / 100.0;
        for pair in bones.windows(2) {
            assert!((pair[0] - pair[1]).abs() < 0.15 * mean, "{seed} {pair:?}");
        }
    }
}

#[test]
fn the_body_is_the_same_on_a_finer_grid() {
    for seed in 0..4 {
        let (thorax, fine) = (Thorax::new(seed), grid().finer(2));
        for z in [-80.0, 15.0, 80.0] {
            let coarse = thorax.section(z, &grid());
            let fine = thorax.section(z, &fine);
            let mean = block_mean(&fine.hu, 2);
            let off = (&mean - &coarse.hu).mapv(f32::abs).mean().unwrap();
            assert!(off < 4.0, "{off}");
            let lung = block_mean(&fine.lung_share, 2).sum() / coarse.lung_share.sum();
            assert!((lung - 1.0).abs() < 0.002, "{lung}");
        }
    }
}

#[test]
fn vessels_fill_both_lungs() {
    let thorax = Thorax::new(1);
    let slice = thorax.section(10.0, &CtGrid::new(256, 256, 1.6).unwrap());
    let half = |left: bool| {
        let inside = slice
            .lung_share
            .indexed_iter()
            .filter(|((_, i), s)| **s > 0.99 && (*i > 127) == left);
        let (mut vessel, mut lung) = (0, 0);
        for (at, _) in inside {
            lung += 1;
            vessel += usize::from(slice.hu[at] > -600.0);
        }
        f64::from(vessel as u32) / f64::from(lung as u32)
    };
    for side in [true, false] {
        assert!((0.02..0.3).contains(&half(side)), "{}", half(side));
    }
}

#[test]
fn rays_meet_the_image() {
    let thorax = Thorax::new(2);
    let object = thorax.attenuation(1, 4, &grid(), 70.0).unwrap();
    let water = mu_per_mm(Material::Water, 70.0).unwrap();
    let image = thorax.slice(1, 4, &grid().finer(2)).unwrap().hu;
    let mass = image
        .iter()
        .map(|v| hu_to_mu(f64::from(*v), water))
        .sum::<f64>()
        * 1.85
        * 1.85;
    let lines: f64 = (0..4800)
        .map(|n| -240.0 + 0.1 * (f64::from(n) + 0.5))
        .map(|s| 0.1 * object.line_integral(&Ray::parallel(s, 0.3)))
        .sum();
    assert!((mass / lines - 1.0).abs() < 1e-3, "{mass} {lines}");
    assert!(thorax.attenuation(1, 4, &grid(), 20.0).is_err());
    // Rays meet what lies outside of the image, too.
    let narrow = CtGrid::new(21, 30, 3.7).unwrap();
    let narrow = thorax.attenuation(1, 4, &narrow, 70.0).unwrap();
    for angle in [0.0, 0.8] {
        let ray = Ray::parallel(20.0, angle);
        let [wide, narrow] = [&object, &narrow].map(|o| o.line_integral(&ray));
        assert!((narrow / wide - 1.0).abs() < 0.02, "{narrow} {wide}");
    }
}
