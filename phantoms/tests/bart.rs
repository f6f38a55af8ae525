//! Analytic k-space against BART's `phantom -k`.
//!
//! Ours has y to the back; BART's is that of the tables, y to the front, turned by a quarter of the circle: its first axis, our columns, runs along minus y
//! of the published one. Its numbers have one scale for all coils, and single precision.

// clippy.toml allows it in tests, but sees only functions under #[test] as such.
#![allow(clippy::unwrap_used)]

use std::f64::consts::FRAC_PI_2;
use std::path::Path;
use std::process::{Command, Stdio};

use ndarray::{Array3, Axis};
use num_complex::Complex64;
use phantoms::scene::Section;
use phantoms::shape::{Ellipse, Region};
use phantoms::{TrigCoils, named, section_k_space};

const SIZE: usize = 256;
const COILS: usize = 8;

/// Runs BART in a folder; false if it failed or is not there.
fn bart(folder: &Path, line: &str) -> bool {
    let run = Command::new("bart")
        .args(line.split_whitespace())
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    run.is_ok_and(|status| status.success())
}

/// Reads BART's (x, y, 1, coil) as (coil, y, x): the bytes are in the same order.
fn read_cfl(path: &Path) -> Array3<Complex64> {
    let bytes = std::fs::read(path.with_extension("cfl")).unwrap();
    let reals: Vec<f64> = bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()).into())
        .collect();
    let pairs = reals.chunks_exact(2).map(|z| Complex64::new(z[0], z[1]));
    Array3::from_shape_vec((COILS, SIZE, SIZE), pairs.collect()).unwrap()
}

/// The head of the tables, turned from x towards y.
fn turned() -> Section {
    let head = named("shepp-logan").unwrap().scene_mr(&|_| 0.0).unwrap();
    let section = head.section(0.0);
    let quarter = |(value, region): &(f64, Region)| {
        let Region::Ellipse(e) = region else {
            panic!("the head is made of ellipses");
        };
        let [x, y] = e.centre;
        let moved = Ellipse::new([y, x], e.semi, FRAC_PI_2 - e.angle_rad);
        (*value, Region::from(moved))
    };
    Section::new(
        section.overlap,
        section.layers().iter().map(quarter).collect(),
    )
}

#[test]
fn the_head_and_the_coils_are_those_of_bart() {
    let folder = std::env::temp_dir().join(format!("annulus-bart-{}", std::process::id()));
    if !bart(&std::env::temp_dir(), "version") {
        eprintln!("skipped: `bart` is not on the path");
        return;
    }
    std::fs::create_dir_all(&folder).unwrap();
    assert!(bart(&folder, &format!("phantom -k -s{COILS} -x{SIZE} k")));
    let theirs = read_cfl(&folder.join("k"));
    std::fs::remove_dir_all(&folder).unwrap();
    let ours = section_k_space(&turned(), &TrigCoils::eight(), SIZE, SIZE);
    let dot = |a: usize, b: usize| -> Complex64 {
        let (a, b) = (theirs.index_axis(Axis(0), a), ours.index_axis(Axis(0), b));
        a.iter().zip(&b).map(|(a, b)| a * b.conj()).sum()
    };
    let power = |k: &Array3<Complex64>, c: usize| -> f64 {
        k.index_axis(Axis(0), c).iter().map(|v| v.norm_sqr()).sum()
    };
    // Ours lie in another order: each of theirs is like one of them.
    let like = |a: usize, b: usize| dot(a, b).norm() / (power(&theirs, a) * power(&ours, b)).sqrt();
    let partner = |a: usize| {
        (0..COILS)
            .max_by(|b, c| like(a, *b).total_cmp(&like(a, *c)))
            .unwrap()
    };
    let scale = dot(0, partner(0)) / power(&ours, partner(0));
    let (mut error, mut all) = (0.0, 0.0);
    for a in 0..COILS {
        let (a, b) = (
            theirs.index_axis(Axis(0), a),
            ours.index_axis(Axis(0), partner(a)),
        );
        for (a, b) in a.iter().zip(&b) {
            error += (a - b * scale).norm_sqr();
            all += a.norm_sqr();
        }
    }
    let partners: std::collections::BTreeSet<usize> = (0..COILS).map(partner).collect();
    let relative = f64::sqrt(error / all);
    eprintln!("scale {scale:.6e}, relative error {relative:.1e}");
    assert_eq!(partners.len(), COILS);
    assert!(relative < 1e-5, "{relative:e}");
}
