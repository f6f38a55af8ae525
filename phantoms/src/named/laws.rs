//! What holds for every phantom of shapes.

use std::f64::consts::TAU;

use num_complex::Complex64;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::{ALL, NamedPhantom};
use crate::analytic::section_k_space;
use crate::coils::TrigCoils;
use crate::mr::Sequence;
use crate::scan::fine_grid_k_space;
use crate::scene::{Overlap, Raster, Scene, Section};
use crate::shape::{Line, adaptive_between, adaptive_points};

/// Every phantom of every kind: the scene, half of its field of view, and some heights, in its unit.
fn scenes() -> Vec<(String, Scene, f64, Vec<f64>)> {
    let of = |phantom: &NamedPhantom| {
        let mr = phantom.scene_mr(&|r| Sequence::T2.signal(r)).ok();
        let ct = phantom.scene_ct(70.0).ok();
        let in_mm = heights(phantom);
        let unit = in_mm.iter().map(|z| z / phantom.half_mm).collect();
        let mr = mr.map(|scene| (format!("{} in MR", phantom.name), scene, 1.0, unit));
        let ct = ct.map(|scene| {
            let name = format!("{} in CT", phantom.name);
            (name, scene, phantom.half_mm, in_mm)
        });
        mr.into_iter().chain(ct)
    };
    ALL.iter().flat_map(of).collect()
}

/// The principal height, and some at which nothing begins or ends.
fn heights(phantom: &NamedPhantom) -> Vec<f64> {
    let Some([low, high]) = phantom.heights_mm else {
        return vec![0.0];
    };
    let others = [0.083, 0.371, 0.617, 0.904].map(|share| low + share * (high - low));
    [&[phantom.principal_mm], &others[..]].concat()
}

#[test]
fn the_slice_theorem_holds_for_every_section() {
    scenes()
        .into_par_iter()
        .for_each(|(name, scene, half, heights)| {
            for (n, z) in heights.into_iter().enumerate() {
                let section = scene.section(z);
                slice_theorem(&name, &section, half, 0.3 + 0.8 * n as f64);
            }
        });
}

#[test]
fn a_section_is_the_scene_at_its_height() {
    scenes()
        .into_par_iter()
        .for_each(|(name, scene, half, heights)| {
            for (n, z) in heights.into_iter().enumerate() {
                let section = scene.section(z);
                let label = format!("{name} at {z}");
                let mut rng = ChaCha8Rng::seed_from_u64(n as u64);
                same_values(&label, (&scene, &section, z), half, &mut rng);
                same_line_integrals(&label, (&scene, &section, z), half, &mut rng);
            }
        });
}

/// `section(p) = scene(p, z)`, but within 1e-9 of an edge, where rounding decides.
fn same_values(
    name: &str,
    (scene, section, z): (&Scene, &Section, f64),
    half: f64,
    rng: &mut ChaCha8Rng,
) {
    let most = scene
        .layers
        .iter()
        .map(|(v, _)| v.abs())
        .fold(0.0, f64::max);
    let mut inside = 0;
    for _ in 0..20_000 {
        let [x, y] = [0; 2].map(|_| half * rng.random_range(-1.0..1.0));
        let (here, there) = (section.value([x, y]), scene.value([x, y, z]));
        inside += usize::from(there != 0.0);
        if (here - there).abs() > 1e-13 * most {
            let step = 1e-9 * half;
            let near = [[step, 0.0], [-step, 0.0], [0.0, step], [0.0, -step]];
            let beside = near.map(|[dx, dy]| scene.value([x + dx, y + dy, z]));
            let on_an_edge = beside.iter().any(|v| (v - there).abs() > 1e-13 * most);
            assert!(on_an_edge, "{name}, ({x}, {y}): {here} {there}");
        }
    }
    assert!(inside > 1000, "{name}: {inside}");
}

/// `∫ section = ∫ scene` along lines of the plane.
fn same_line_integrals(
    name: &str,
    (scene, section, z): (&Scene, &Section, f64),
    half: f64,
    rng: &mut ChaCha8Rng,
) {
    let most = scene
        .layers
        .iter()
        .map(|(v, _)| v.abs())
        .fold(0.0, f64::max);
    let mut met = 0;
    for _ in 0..500 {
        let [x, y] = [0; 2].map(|_| half * rng.random_range(-1.0..1.0));
        let (dy, dx) = rng.random_range(0.0..TAU).sin_cos();
        let there = scene.line_integral(&Line {
            origin: [x, y, z],
            direction: [dx, dy, 0.0],
        });
        let here = section.line_integral([x, y], [dx, dy]);
        let error = (here - there).abs() / (most * half);
        assert!(
            error < 1e-11,
            "{name}, ({x}, {y}) along ({dx}, {dy}): {error:e}"
        );
        met += usize::from(there != 0.0);
    }
    assert!(met > 100, "{name}: {met}");
}

/// `∫ p(s) exp(-2 pi i k s) ds = F(k cos, k sin)`, to 1e-6 of F(0).
fn slice_theorem(name: &str, section: &Section, half: f64, angle_rad: f64) {
    let (sin, cos) = angle_rad.sin_cos();
    let project = |s: f64| section.line_integral([s * cos, s * sin], [-sin, cos]);
    let mass = section.fourier([0.0; 2]).re;
    let reach = 1.5 * half;
    let places: Vec<f64> = (0..=600)
        .map(|n| reach * (f64::from(n) / 300.0 - 1.0))
        .collect();
    let p = |s: f64| Complex64::from(project(s));
    let nodes: Vec<_> = adaptive_points(&p, &places, 1e-5 * mass)
        .into_iter()
        .map(|(s, weight)| (s, weight * project(s)))
        .collect();
    assert!(mass > 0.0, "{name}");
    for k in [0.0, 0.7 / half, 2.9 / half] {
        let term = |(s, v): &(f64, f64)| *v * Complex64::cis(-TAU * k * s);
        let sum: Complex64 = nodes.iter().map(term).sum();
        let error = (sum - section.fourier([k * cos, k * sin])).norm() / mass;
        assert!(error < 1e-6, "{name}, {k} along {angle_rad}: {error:e}");
    }
}

#[test]
fn sections_of_what_adds_make_the_transform_in_space() {
    for (name, scene, half, _) in scenes() {
        if scene.overlap == Overlap::LastWins || scene.is_flat() {
            continue;
        }
        let mut places: Vec<f64> = scene
            .layers
            .iter()
            .flat_map(|(_, solid)| solid.turns())
            .collect();
        places.sort_by(f64::total_cmp);
        places.dedup();
        let mass = scene.fourier([0.0; 3]).unwrap().re;
        for k in [[0.0, 0.0, 0.0], [0.4, -0.3, 0.9], [-1.1, 0.2, 0.3]] {
            let k = k.map(|v| v / half);
            let slice =
                |z: f64| scene.section(z).fourier([k[0], k[1]]) * Complex64::cis(-TAU * k[2] * z);
            let sum = adaptive_between(&slice, &places, 1e-7 * mass);
            let error = (sum - scene.fourier(k).unwrap()).norm() / mass;
            assert!(error < 1e-6, "{name} {k:?}: {error:e}");
        }
    }
}

#[test]
fn the_slice_theorem_holds_in_space_for_the_head() {
    let scene = super::shepp_logan::SPACE.scene_mr(&|_| 0.0).unwrap();
    let d = [0.6, -0.48, 0.64];
    let (u, v) = ([0.8, 0.36, -0.48], [0.0, 0.8, 0.6]);
    let (a, b) = (0.7, -0.4);
    let mass = scene.fourier([0.0; 3]).unwrap().re;
    let places: Vec<f64> = (0..=12).map(|n| 0.16 * f64::from(n) - 0.96).collect();
    let row = |t: f64| {
        let along = |s: f64| {
            let origin = [0, 1, 2].map(|n| s * u[n] + t * v[n]);
            let line = Line {
                origin,
                direction: d,
            };
            scene.line_integral(&line) * Complex64::cis(-TAU * a * s)
        };
        adaptive_between(&along, &places, 2e-5 * mass) * Complex64::cis(-TAU * b * t)
    };
    let part = |w: &[f64]| adaptive_between(&row, w, 1e-6 * mass);
    let sum: Complex64 = places.par_windows(2).map(part).sum();
    let k = [0, 1, 2].map(|n| a * u[n] + b * v[n]);
    let error = (sum - scene.fourier(k).unwrap()).norm() / mass;
    assert!(error < 1e-6, "{error:e}");
}

#[test]
fn nothing_lies_outside_of_the_field_of_view() {
    for (name, scene, half, heights) in scenes() {
        for z in heights {
            let section = scene.section(z);
            for n in 0..2000 {
                let t = f64::from(n % 500) / 250.0 - 1.0;
                let beyond = 1.0 + 0.0005 * f64::from(n);
                let [x, y] = match n / 500 {
                    0 => [t, 1.0],
                    1 => [t, -1.0],
                    2 => [1.0, t],
                    _ => [-1.0, t],
                }
                .map(|v| v * half * beyond);
                assert!(section.value([x, y]).abs() < 1e-12, "{name} {x} {y} {z}");
            }
        }
    }
}

#[test]
fn values_are_those_of_matter_and_the_raster_has_their_mass() {
    scenes()
        .into_par_iter()
        .for_each(|(name, scene, half, heights)| {
            for z in heights.into_iter().take(2) {
                let section = scene.section(z);
                let n = 150;
                let raster = Raster::field_of_view(n, n, [2.0 * half; 2]);
                let image = section.raster(&raster);
                let most = image.iter().fold(0.0, |m: f64, v| m.max(*v));
                let least = image.iter().fold(0.0, |m: f64, v| m.min(*v));
                assert!(most > 0.0 && least > -1e-9 * most, "{name} {z}: {least}");
                let mass = image.sum() * (2.0 * half / n as f64).powi(2);
                let error = mass / section.fourier([0.0; 2]).re - 1.0;
                assert!(error.abs() < 1e-5, "{name} {z}: {error:e}");
            }
        });
}

#[test]
fn the_k_space_of_coils_is_that_of_a_finer_grid() {
    let coils = TrigCoils::eight().first(2).unwrap();
    for phantom in ALL.iter().filter(|phantom| phantom.has_mr()) {
        let scene = phantom.scene_mr(&|r| Sequence::T2.signal(r)).unwrap();
        let section = scene.section(phantom.principal_mm / phantom.half_mm);
        let (ny, nx) = (48, 61);
        let exact = section_k_space(&section, &coils, ny, nx);
        let draw =
            |rows: usize, columns: usize| section.raster(&Raster::unit_square(rows, columns));
        let sampled = fine_grid_k_space(&draw, &coils, ny, nx, 8);
        let difference = exact.iter().zip(&sampled).map(|(a, b)| (a - b).norm_sqr());
        let all: f64 = exact.iter().map(|v| v.norm_sqr()).sum();
        let relative = (difference.sum::<f64>() / all).sqrt();
        assert!(relative < 1e-3, "{}: {relative}", phantom.name);
    }
}
