//! Phantoms with a seed at the command line: the chest, and heads from a folder of label maps.

use crate::cli::{BRAIN, annulus, assert_refused, contents, done, names, shared};
use crate::ct_path;
use annulus::io::{NiftiWriter, read_volume};
use ndarray::{Array3, Axis};
use phantoms::anatomy::{Lesions, Thorax};
use phantoms::ct::CtGrid;
use std::path::Path;
use tempfile::TempDir;

/// Slices up, rows to the back, columns to the left: about a ball of brain in a skull, its white
/// matter further to the front and the top, its fluid further to the left.
fn head(radius: f64) -> Array3<f32> {
    Array3::from_shape_fn((60, 64, 70), |(z, y, x)| {
        let from = |at: [f64; 3]| {
            let place = [z as f64, y as f64, x as f64];
            let squares = place.iter().zip(at).map(|(p, a)| (p - a).powi(2));
            squares.sum::<f64>().sqrt()
        };
        let r = from([29.5, 31.5, 34.5]);
        match r {
            _ if from([32.0, 27.0, 34.5]) < radius => 2.0,
            _ if from([29.5, 31.5, 41.0]) < 5.0 => 4.0,
            r if r < 17.0 => 3.0,
            r if r < 19.0 => 24.0,
            r if r < 24.0 => 515.0,
            r if r < 27.0 => 507.0,
            r if r < 28.0 => 511.0,
            _ => 0.0,
        }
    })
}

/// Voxels of 1 mm: columns to the left, rows to the back, slices up.
const UPRIGHT: [[f64; 4]; 3] = [
    [1.0, 0.0, 0.0, -35.0],
    [0.0, 1.0, 0.0, -32.0],
    [0.0, 0.0, 1.0, -30.0],
];

fn write(path: &Path, voxels: &Array3<f32>, affine_lps_mm: &[[f64; 4]; 3]) {
    let (nz, ny, nx) = voxels.dim();
    let mut writer = NiftiWriter::create(path, [nx, ny, nz], affine_lps_mm, "", true).unwrap();
    for slice in voxels.axis_iter(Axis(0)) {
        writer.slice(&slice.to_owned()).unwrap();
    }
    writer.finish().unwrap();
}

/// A folder with two maps in `maps`.
fn with_maps() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let maps = folder.path().join("maps");
    std::fs::create_dir(&maps).unwrap();
    write(&maps.join("b.nii"), &head(7.0), &UPRIGHT);
    write(&maps.join("a.nii.gz"), &head(9.0), &UPRIGHT);
    std::fs::write(maps.join("notes.txt"), "not a map").unwrap();
    folder
}

/// A small volume from the maps.
const SMALL: [&str; 6] = ["--labels", "maps", "--size", "64", "--depth", "4"];

#[test]
fn a_seed_is_a_subject_and_chooses_its_map() {
    let folder = with_maps();
    let at = folder.path();
    for name in ["brain", "head"] {
        let draw = |seed: &str| {
            let line = ["phantom", name, "--seed", seed, "-o", "x.nii", "--force"];
            let lesions = ["--lesions", "mask.nii"];
            let run = annulus(at, &[&line[..], &SMALL, &lesions].concat());
            assert_eq!(run.code, 0, "{run:?}");
            let [image, mask] = ["x.nii", "mask.nii"].map(|n| std::fs::read(at.join(n)).unwrap());
            (image, mask, run.stderr)
        };
        let (first, again) = (draw("4"), draw("4"));
        assert!(first == again, "{name}");
        assert!(
            first.2.contains("label map 1 of 2: maps/a.nii.gz"),
            "{}",
            first.2
        );
        let other_map = draw("5");
        assert!(
            other_map.2.contains("2 of 2: maps/b.nii"),
            "{}",
            other_map.2
        );
        assert!(other_map.0 != first.0);
        assert!(
            draw("6").0 != first.0,
            "{name}: another subject of the same map"
        );
        let [image, mask] = ["x.nii", "mask.nii"].map(|n| read_volume(&at.join(n)).unwrap());
        assert_eq!(image.data.dim(), (4, 64, 64));
        assert_eq!(image.affine_lps_mm, mask.affine_lps_mm);
        assert!(mask.data.iter().all(|v| (0.0..=1.0).contains(v)));
        let [air, most] = if name == "brain" {
            [0.0, 0.02]
        } else {
            [-1000.0, 700.0]
        };
        assert!((image.data[(0, 0, 0)] - air).abs() < 0.01, "{name}");
        assert!(image.data.iter().any(|v| *v > most), "{name}");
    }
}

#[test]
fn contrasts_differ() {
    let folder = with_maps();
    let at = folder.path();
    let white: Vec<Vec<u8>> = ["t1", "t2", "pd", "flair"]
        .map(|contrast| {
            let line = [
                "phantom",
                "brain",
                "--contrast",
                contrast,
                "-o",
                "x.npy",
                "--force",
            ];
            done(at, &[&line[..], &SMALL].concat());
            std::fs::read(at.join("x.npy")).unwrap()
        })
        .to_vec();
    for pair in white.windows(2) {
        assert!(pair[0] != pair[1]);
    }
}

#[test]
fn the_axes_of_a_map_follow_its_affine() {
    let folder = with_maps();
    let at = folder.path();
    std::fs::remove_file(at.join("maps/b.nii")).unwrap();
    let draw = |name: &str| {
        let line = ["phantom", "brain", "--seed", "3", "-o", name];
        done(at, &[&line[..], &SMALL].concat());
        read_volume(&at.join(name)).unwrap()
    };
    let upright = draw("upright.nii");
    // Sagittal: voxel columns run down, rows to the front, slices to the right.
    let mut turned = head(9.0).permuted_axes([2, 1, 0]);
    (0..3).for_each(|axis| turned.invert_axis(Axis(axis)));
    let affine = [
        [0.0, 0.0, -1.0, 34.0],
        [0.0, -1.0, 0.0, 31.0],
        [-1.0, 0.0, 0.0, 29.0],
    ];
    write(&at.join("maps/a.nii.gz"), &turned, &affine);
    assert_eq!(draw("turned.nii"), upright);
}

#[test]
fn scans_of_label_maps_have_their_truth() {
    let folder = with_maps();
    let at = folder.path();
    let labels = ["--labels", "maps", "--seed", "2"];
    let line = [
        "simulate",
        "brain",
        "-p",
        BRAIN,
        "-o",
        "brain.h5",
        "--set",
        "acquisition.cartesian.matrix=[48, 48]",
        "--set",
        "acquisition.cartesian.acceleration=2",
        "--set",
        "acquisition.cartesian.slices=2",
    ];
    done(at, &[&line[..], &labels].concat());
    let truth = read_volume(&at.join("brain.truth.nii.gz")).unwrap();
    assert_eq!(truth.data.dim(), (2, 48, 48));
    assert!(truth.data.iter().any(|v| *v > 0.005));
    ct_path::simulate(at, "head", "head.h5", &labels);
    let truth = read_volume(&at.join("head.truth.nii.gz")).unwrap();
    assert!(truth.data.iter().any(|v| *v > 300.0));
    assert!((truth.data[(0, 0, 0)] + 1000.0).abs() < 0.01);
    for (name, protocol, word) in [
        ("head", BRAIN, "expected `brain`"),
        ("brain", ct_path::HEAD, "expected `head`"),
    ] {
        let line = ["simulate", name, "-p", protocol, "-o", "no.h5"];
        let run = annulus(at, &[&line[..], &labels].concat());
        assert!(run.code == 1 && run.stderr.contains(word), "{run:?}");
    }
    assert!(!names(at).contains("no.h5"));
}

#[test]
fn what_is_no_label_map_is_refused_by_name() {
    let folder = with_maps();
    let at = folder.path();
    for name in [
        "empty", "text", "unknown", "image", "flat", "air", "scalp", "cut",
    ] {
        std::fs::create_dir(at.join(name)).unwrap();
    }
    std::fs::write(at.join("text/notes.txt"), "not a map").unwrap();
    let mut unknown = head(9.0);
    unknown[(30, 30, 30)] = 1234.0;
    write(&at.join("unknown/a.nii"), &unknown, &UPRIGHT);
    write(&at.join("image/a.nii"), &(head(9.0) * 0.3), &UPRIGHT);
    write(&at.join("air/a.nii"), &Array3::zeros((9, 9, 9)), &UPRIGHT);
    write(&at.join("flat/a.nii"), &Array3::zeros((1, 9, 9)), &UPRIGHT);
    let scalp = head(9.0).mapv(|l| if l > 500.0 { l } else { 0.0 });
    write(&at.join("scalp/a.nii"), &scalp, &UPRIGHT);
    let whole = std::fs::read(at.join("maps/b.nii")).unwrap();
    std::fs::write(at.join("cut/a.nii"), &whole[..5000]).unwrap();
    for (folder, words) in [
        ("missing", &["missing", "label maps", "nothing"][..]),
        ("maps/b.nii", &["maps/b.nii", "a file", "--labels"]),
        ("empty", &["empty", ".nii", "an empty folder"]),
        ("text", &["text", ".nii", "1 files"]),
        ("unknown", &["unknown/a.nii", "1234", "SynthSeg"]),
        ("image", &["image/a.nii", "whole numbers", "label maps"]),
        ("flat", &["flat/a.nii", "3-D", "9 x 9 x 1"]),
        ("air", &["air/a.nii", "labels of 0 alone"]),
        ("scalp", &["scalp/a.nii", "brain"]),
        ("cut", &["cut/a.nii", "truncated"]),
    ] {
        let line = ["phantom", "brain", "--labels", folder, "-o", "out.nii"];
        assert_refused(at, &line, words);
        let line = [
            "simulate", "brain", "-p", BRAIN, "--labels", folder, "-o", "out.h5",
        ];
        let run = annulus(at, &line);
        assert_eq!(run.code, 1, "{run:?}");
        assert!(words.iter().all(|w| run.stderr.contains(w)), "{run:?}");
    }
    for (line, words) in [
        (
            &["acr-ct", "--labels", "maps"][..],
            &["--labels", "`acr-ct`"][..],
        ),
        (
            &["brain", "--labels", "maps", "--contrast", "hu"],
            &["`brain`", "hu"],
        ),
        (
            &["head", "--labels", "maps", "--contrast", "t2"],
            &["`head`", "t2"],
        ),
        (
            &["brain", "--lesions", "m.nii"],
            &["--lesions", "`brain`", "--labels"],
        ),
        (&["head", "--lesions", "m.txt"], &["m.txt", ".npy"]),
        (
            &["head", "--lesions", "out.nii"],
            &["out.nii", "another file"],
        ),
        (&["thorax", "--contrast", "t1"], &["`thorax`", "without MR"]),
    ] {
        assert_refused(at, &[&["phantom", "-o", "out.nii"], line].concat(), words);
    }
    let left = names(at);
    let out = |n: &&String| n.starts_with("out") || n.starts_with("m.") || n.ends_with("partial");
    assert_eq!(left.iter().find(out), None);
}

#[test]
fn nodules_of_a_chest_change_it_within_their_mask_alone() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let seed = (0..).find(|s| Thorax::new(*s).nodules().len() > 1).unwrap();
    let depth = 24;
    let (seed_text, depth_text) = (seed.to_string(), depth.to_string());
    let line = [
        "phantom",
        "thorax",
        "--seed",
        &seed_text,
        "--depth",
        &depth_text,
    ];
    let files = ["-o", "x.nii.gz", "--lesions", "mask.nii.gz"];
    done(at, &[&line[..], &["--size", "96"], &files].concat());
    let before = contents(at);
    done(
        at,
        &[&line[..], &["--size", "96", "--force"], &files].concat(),
    );
    assert!(contents(at) == before);
    let run = annulus(at, &[&line[..], &["--size", "96"], &files].concat());
    assert!(run.code == 1 && run.stderr.contains("--force"), "{run:?}");
    let [image, mask] = ["x.nii.gz", "mask.nii.gz"].map(|n| read_volume(&at.join(n)).unwrap());
    let healthy = Thorax::new(seed).with_lesions(Lesions::Hidden);
    let grid = CtGrid::new(96, 96, 440.0 / 96.0).unwrap();
    let [.., [_, _, step, first]] = image.affine_lps_mm;
    assert!((step - 234.0 / 24.0).abs() < 1e-4 && (first + 122.0 - 0.5 * step).abs() < 1e-3);
    let mut marked = 0;
    for slice in 0..depth {
        let without = healthy.slice(depth - 1 - slice, depth, &grid).unwrap().hu;
        let with = image.data.index_axis(Axis(0), slice);
        let shares = mask.data.index_axis(Axis(0), slice);
        for ((a, b), share) in with.iter().zip(&without).zip(&shares) {
            assert!(*share > 0.0 || a == b);
            marked += usize::from(*share > 0.5 && a - b > 50.0);
        }
    }
    assert!(marked > 0);
    let head = [
        "phantom",
        "head",
        "-o",
        "head.npy",
        "--lesions",
        "head-mask.npy",
    ];
    done(at, &[&head[..], &["--size", "32"]].concat());
}

#[test]
fn a_chest_is_scanned_whole() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let simulate = |output: &str, more: &[&str]| {
        ct_path::simulate(at, "thorax", output, more);
        read_volume(&at.join(output).with_extension("truth.nii.gz")).unwrap()
    };
    let wide = ["--set", "image.pixel_mm=9.2", "--seed", "3"];
    let truth = simulate("a.h5", &wide);
    assert_eq!(truth.data[(0, 0, 0)], -1000.0);
    assert!(truth.data.iter().any(|v| *v < -700.0 && *v > -1000.0));
    assert!(truth.data.iter().any(|v| *v > 200.0));
    assert_eq!(simulate("b.h5", &wide), truth);
    assert_ne!(simulate("c.h5", &["--seed", "4"]), truth);
}

#[test]
fn real_maps_give_brains_with_lesions_and_heads() {
    let Some(maps) = shared("data/labels") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let maps = maps.to_string_lossy();
    for (name, size) in [("brain", "96"), ("head", "96")] {
        let line = [
            "phantom", name, "--labels", &maps, "--seed", "3", "--depth", "6",
        ];
        let files = [
            "--size",
            size,
            "-o",
            "x.npy",
            "--lesions",
            "m.npy",
            "--force",
        ];
        done(at, &[&line[..], &files].concat());
        let read = |n: &str| ndarray_npy::read_npy::<_, Array3<f32>>(at.join(n)).unwrap();
        let (image, mask) = (read("x.npy"), read("m.npy"));
        let air = if name == "brain" { 0.0 } else { -1000.0 };
        let body = image.iter().filter(|v| **v > air + 0.001).count() as f64 / image.len() as f64;
        assert!((0.15..0.7).contains(&body), "{name} {body}");
        assert!(mask.iter().all(|v| (0.0..=1.0).contains(v)));
    }
}
