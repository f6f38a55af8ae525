//! Simulated scans: where the object lies, how large a scan may be, which coils and contrasts there are.

use crate::cli::{annulus, assert_refused, done};
use annulus::io::{NiftiWriter, Volume, read_volume};
use ndarray::{Array3, Axis};
use std::path::Path;

const BRAIN: &str = "mri/brain-cartesian-r4";

/// A full scan of a small matrix, and its truth.
fn truth(folder: &Path, source: &str, settings: &[&str]) -> Volume {
    let mut line = vec!["simulate", source, "-p", BRAIN, "-o", "scan.h5", "--force"];
    let full = ["pattern=full", "acceleration=1", "calibration_lines=16"];
    let settings: Vec<String> = full
        .iter()
        .chain(settings)
        .map(|s| format!("acquisition.cartesian.{s}"))
        .collect();
    for setting in &settings {
        line.extend(["--set", setting]);
    }
    done(folder, &line);
    read_volume(&folder.join("scan.truth.nii.gz")).unwrap()
}

/// A voxel (column, row, slice) in millimetres.
fn place(volume: &Volume, voxel: [f64; 3]) -> [f64; 3] {
    volume
        .affine_lps_mm
        .map(|row| row[3] + (0..3).map(|k| row[k] * voxel[k]).sum::<f64>())
}

/// The centre of mass in millimetres.
fn middle(volume: &Volume) -> [f64; 3] {
    let (mut sum, mut at) = (0.0, [0.0; 3]);
    for ((k, j, i), v) in volume.data.indexed_iter() {
        let mm = place(volume, [i as f64, j as f64, k as f64]);
        sum += f64::from(*v);
        (0..3).for_each(|axis| at[axis] += f64::from(*v) * mm[axis]);
    }
    at.map(|v| v / sum)
}

#[test]
fn a_phantom_keeps_its_millimetres_in_any_field_of_view() {
    let folder = tempfile::tempdir().unwrap();
    for (matrix, fov) in [([80, 64], [280.0, 256.0]), ([60, 70], [240.0, 350.0])] {
        let settings = [
            format!("matrix=[{},{}]", matrix[0], matrix[1]),
            format!("fov_mm=[{:.1},{:.1}]", fov[0], fov[1]),
            "slices=11".into(),
            "coils=4".into(),
        ];
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let truth = truth(folder.path(), "acr-mri", &settings);
        let pixel = [fov[0] / matrix[0] as f64, fov[1] / matrix[1] as f64];
        // 190 mm across, modules from -5 to 105 mm.
        let slice = truth.data.index_axis(Axis(0), 5);
        let most = slice.iter().fold(0.0f32, |m, v| m.max(*v));
        let filled = |lane: ndarray::ArrayView1<f32>| lane.iter().any(|v| *v > 0.25 * most);
        let wide = slice
            .columns()
            .into_iter()
            .filter(|c| filled(c.view()))
            .count();
        let high = slice
            .rows()
            .into_iter()
            .filter(|r| filled(r.view()))
            .count();
        assert!(
            (wide as f64 * pixel[0] - 190.0).abs() < 2.0 * pixel[0],
            "{wide} of {pixel:?}"
        );
        assert!(
            (high as f64 * pixel[1] - 190.0).abs() < 2.0 * pixel[1],
            "{high} of {pixel:?}"
        );
        let (first, last) = (
            place(&truth, [0.0; 3])[2],
            place(&truth, [0.0, 0.0, 10.0])[2],
        );
        assert!(
            first.abs() < 1e-4 && (last - 100.0).abs() < 1e-4,
            "{first} to {last}"
        );
    }
}

#[test]
fn ct_lies_at_the_heights_of_its_phantom() {
    let folder = tempfile::tempdir().unwrap();
    let line = "simulate acr-ct -p ct/head-sparse60 -o scan.h5 --set acquisition.fan.slices=8 \
                --set acquisition.fan.views=8 --slices 1:3";
    done(folder.path(), &line.split_whitespace().collect::<Vec<_>>());
    let truth = read_volume(&folder.path().join("scan.truth.nii.gz")).unwrap();
    // 160 mm from -20 mm on in eight slices: the second one has its middle at 10 mm.
    assert!(
        (place(&truth, [0.0; 3])[2] - 10.0).abs() < 1e-4,
        "{:?}",
        truth.affine_lps_mm
    );
    assert!((place(&truth, [0.0, 0.0, 1.0])[2] - 30.0).abs() < 1e-4);
}

#[test]
fn an_image_of_the_users_stays_where_its_affine_says() {
    let folder = tempfile::tempdir().unwrap();
    // Columns to the right, rows to the front, slices down: all against the scanner's.
    let affine = [
        [-2.0, 0.0, 0.0, 70.0],
        [0.0, -2.5, 0.0, 80.0],
        [0.0, 0.0, -4.0, 4.0],
    ];
    let data = Array3::from_shape_fn((3, 64, 70), |(k, j, i)| {
        let blob = (j as f32 - 20.0).hypot(i as f32 - 45.0) < 4.0;
        if blob { (k + 1) as f32 } else { 0.0 }
    });
    let path = folder.path().join("image.nii.gz");
    let mut writer = NiftiWriter::create(&path, [70, 64, 3], &affine, "a blob", false).unwrap();
    data.axis_iter(Axis(0))
        .for_each(|slice| writer.slice(&slice.to_owned()).unwrap());
    writer.finish().unwrap();
    let settings = ["matrix=[100,110]", "fov_mm=[200.0,220.0]", "coils=4"];
    let truth = truth(folder.path(), "image.nii.gz", &settings);
    // The middle pixel, n / 2 from the left and the back, is that of the field of view.
    let image = Volume {
        data,
        affine_lps_mm: affine,
    };
    let (own, centre) = (middle(&image), place(&image, [34.0, 31.0, 1.0]));
    let found = middle(&truth);
    for axis in 0..3 {
        let expected = own[axis] - centre[axis];
        assert!(
            (found[axis] - expected).abs() < 1.5,
            "{found:?}, {own:?} about {centre:?}"
        );
    }
}

#[test]
fn coils_and_contrasts_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let small = ["matrix=[48,48]", "slices=1"];
    let mut images = Vec::new();
    for more in [
        ["coil_maps=polynomial", "coils=8"],
        ["coil_maps=birdcage", "coils=10"],
        ["coil_maps=loops", "coils=12"],
        ["contrast=flair", "coils=8"],
        ["contrast=ssfp", "coils=8"],
    ] {
        images.push(truth(folder.path(), "brain", &[&small[..], &more].concat()).data);
    }
    for (n, one) in images.iter().enumerate() {
        assert!(one.iter().all(|v| v.is_finite()) && one.sum() > 0.0);
        assert!(images[..n].iter().all(|other| other != one));
    }
}

#[test]
fn maps_are_drawn_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    for (name, more) in [
        (
            "coils-birdcage",
            &["--depth", "8", "--contrast", "phase"][..],
        ),
        ("b0", &["--depth", "3"]),
    ] {
        let line = [
            &["phantom", name, "--size", "32", "-o", "map.nii", "--force"],
            more,
        ]
        .concat();
        done(folder.path(), &line);
        let map = read_volume(&folder.path().join("map.nii")).unwrap().data;
        assert!(
            map.iter().all(|v| v.is_finite()) && map.iter().any(|v| *v < 0.0),
            "{name}"
        );
    }
    let refused = |line: &str, words: &[&str]| {
        assert_refused(
            folder.path(),
            &line.split_whitespace().collect::<Vec<_>>(),
            words,
        );
    };
    refused("phantom coils-bridcage -o out.nii", &["`coils-birdcage`"]);
    refused(
        "phantom coils-loops --contrast t1 -o out.nii",
        &["magnitude or phase"],
    );
    refused("phantom coils-polynomial --depth 9 -o out.nii", &["9"]);
}

#[test]
fn what_is_too_large_says_how_much_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |line: &str, words: &[&str]| {
        assert_refused(
            folder.path(),
            &line.split_whitespace().collect::<Vec<_>>(),
            words,
        );
    };
    let matrix = "--set acquisition.cartesian.matrix=[100000,100000]";
    refused(
        &format!("simulate brain -p {BRAIN} {matrix} -o out.h5"),
        &["[100000, 100000]", "GiB of memory"],
    );
    refused(
        "simulate head -p ct/head-sparse60 --set acquisition.fan.views=100000000 -o out.h5",
        &["100000000 views", "GiB of memory"],
    );
    for size in ["200000", "9223372036854775807"] {
        let line = format!("phantom shepp-logan --size {size} -o out.nii");
        refused(&line, &[size, "bytes of memory"]);
    }
    refused("phantom shepp-logan --size 0 -o out.nii", &["--size 0"]);
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[test]
fn a_truth_of_another_grid_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let settings = ["matrix=[48,40]", "slices=2", "coils=2"];
    let truth = truth(folder.path(), "brain", &settings);
    let write = |name: &str, data: &Array3<f32>, affine: &[[f64; 4]; 3]| {
        let (nz, ny, nx) = data.dim();
        let path = folder.path().join(name);
        let mut writer = NiftiWriter::create(&path, [nx, ny, nz], affine, "", false).unwrap();
        data.axis_iter(Axis(0))
            .for_each(|slice| writer.slice(&slice.to_owned()).unwrap());
        writer.finish().unwrap();
    };
    // The same corner, another spacing.
    let mut wider = truth.affine_lps_mm;
    wider[0][0] *= 1.05;
    write("wider.nii", &truth.data, &wider);
    let fewer = truth.data.slice(ndarray::s![.., ..39, ..]).to_owned();
    write("fewer.nii", &fewer, &truth.affine_lps_mm);
    for (name, words) in [
        (
            "wider.nii",
            &["wider.nii", "mm apart", "--ignore-affine"][..],
        ),
        ("fewer.nii", &["fewer.nii", "2 x 39 x 48", "2 x 40 x 48"]),
    ] {
        let line = [
            "recon",
            "scan.h5",
            "-p",
            BRAIN,
            "--method",
            "zero-filled",
            "--truth",
            name,
        ];
        assert_refused(folder.path(), &[&line[..], &["-o", "out"]].concat(), words);
    }
    let line = [
        "recon",
        "scan.h5",
        "-p",
        BRAIN,
        "--method",
        "zero-filled",
        "-o",
        "out",
    ];
    let line = [&line[..], &["--truth", "scan.truth.nii.gz"]].concat();
    assert_eq!(annulus(folder.path(), &line).code, 0);
}
