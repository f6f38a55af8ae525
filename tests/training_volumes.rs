//! Training from the user's own volumes: NIfTI, HDF5, DICOM; and from none.

use crate::cli::unlocked;
use crate::training::{run, small};
use annulus::io::NiftiWriter;
use annulus::io::dicom::{Content, DicomSeriesWriter, SeriesInfo};
use annulus::train::{Family, TrainConfig};
use ndarray::{Array3, Axis};
use std::path::Path;

/// Nested boxes with a grain, unlike for every seed; (slice, row, column).
fn volume(seed: usize, slices: usize) -> Array3<f32> {
    Array3::from_shape_fn((slices, 52, 44), |(k, y, x)| {
        let inside = (8..44).contains(&y) && (6..38).contains(&x);
        let inner = (20..30).contains(&y) && (14..30).contains(&x);
        let grain = ((k * 7 + y * 13 + x * 29 + seed * 31) % 17) as f32;
        match (inside, inner) {
            (true, true) => 700.0 + 5.0 * grain,
            (true, false) => 300.0 + 5.0 * grain,
            _ => 0.0,
        }
    })
}

/// Voxel sizes in the plane and between slices.
fn affine(pixel_mm: f64, slice_mm: f64) -> [[f64; 4]; 3] {
    [
        [pixel_mm, 0.0, 0.0, 0.0],
        [0.0, pixel_mm, 0.0, 0.0],
        [0.0, 0.0, slice_mm, 0.0],
    ]
}

fn nifti(path: &Path, volume: &Array3<f32>, slice_mm: f64) {
    let (slices, rows, columns) = volume.dim();
    let dims = [columns, rows, slices];
    let mut file = NiftiWriter::create(path, dims, &affine(1.0, slice_mm), "", true).unwrap();
    for slice in volume.axis_iter(Axis(0)) {
        file.slice(&slice.to_owned()).unwrap();
    }
    file.finish().unwrap();
}

fn from(volumes: &[&Path]) -> TrainConfig {
    TrainConfig {
        volumes: volumes.iter().map(|p| p.to_path_buf()).collect(),
        volume_share: 1.0,
        volume_origin: "boxes".into(),
        slices: 6,
        ..small()
    }
}

#[test]
fn three_nifti_volumes_in_a_folder_are_enough() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    for (seed, name) in ["a.nii.gz", "b.nii", "c.nii.gz"].iter().enumerate() {
        nifti(&folder.path().join(name), &volume(seed, 36), 1.1);
    }
    let output = folder.path().join("out.safetensors");
    let (card, losses) = run(&from(&[folder.path()]), &output, usize::MAX);
    let card = card.unwrap();
    assert_eq!(losses.len(), 20);
    let words = &card.training_set;
    assert!(
        words.contains("2 volumes, 1 more kept for validation"),
        "{words}"
    );
    assert!(words.ends_with("boxes"), "{words}");
    let validation = card.training.unwrap().validation.unwrap();
    assert_eq!(validation.errors.len(), 13);
    let last = validation.errors.last().unwrap();
    assert!(last[0] == 4.0 && last[1] < 0.5, "{last:?}");
    // 99.5 % of the volume is at most 1; deformation overshoots a little.
    assert!(
        (1.0..1.6).contains(&card.data_range[1]),
        "{:?}",
        card.data_range
    );
    assert!(card.normalisation.contains("99.5 % quantile"));
}

#[test]
fn one_hdf5_volume_gives_its_last_slices_to_validation() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.h5");
    let file = unlocked().create(&path).unwrap();
    let data = volume(1, 20);
    file.new_dataset_builder()
        .with_data(&data)
        .create("reconstruction_rss")
        .unwrap();
    file.close().unwrap();
    let config = TrainConfig {
        family: Family::MrMagnitude,
        ..from(&[&path])
    };
    let card = run(&config, &folder.path().join("out"), usize::MAX)
        .0
        .unwrap();
    assert_eq!(card.channels, 1);
    let words = card.training_set;
    assert!(
        words.contains("one volume, its last slices kept"),
        "{words}"
    );
    assert!(card.training.unwrap().validation.is_some());
}

#[test]
fn a_dicom_series_is_one_volume() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    let series = folder.path().join("series");
    let data = volume(2, 8);
    let content = Content::Magnitude { largest: 800.0 };
    let info = SeriesInfo::of(content, [8, 52, 44], affine(0.9, 5.0));
    let mut writer = DicomSeriesWriter::create(&series, info, false).unwrap();
    for (k, slice) in data.outer_iter().enumerate() {
        writer.slice(k, &slice.to_owned()).unwrap();
    }
    writer.finish().unwrap();
    nifti(&folder.path().join("z.nii"), &volume(3, 6), 5.0);
    let config = from(&[folder.path()]);
    let card = run(&config, &folder.path().join("out"), usize::MAX)
        .0
        .unwrap();
    let words = card.training_set;
    assert!(words.contains("1 volumes, 1 more kept"), "{words}");
}

#[test]
fn a_folder_without_volumes_is_one_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    std::fs::write(empty.join("README.txt"), "no images here").unwrap();
    let message = run(&from(&[&empty]), &folder.path().join("out"), usize::MAX)
        .0
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("empty: expected training volumes"),
        "{message}"
    );
    assert!(message.contains("found none"), "{message}");
    assert!(
        !message.contains('\n') && message.contains("`volumes`"),
        "{message}"
    );
    let missing = folder.path().join("missing");
    let message = run(&from(&[&missing]), &folder.path().join("out"), usize::MAX)
        .0
        .unwrap_err()
        .to_string();
    assert!(message.contains("no such file"), "{message}");
    nifti(&empty.join("black.nii"), &Array3::zeros((4, 30, 30)), 1.0);
    nifti(&empty.join("dark.nii"), &Array3::zeros((4, 30, 30)), 1.0);
    let message = run(&from(&[&empty]), &folder.path().join("out"), usize::MAX)
        .0
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("dark.nii") && message.contains("signal"),
        "{message}"
    );
}

#[test]
fn hounsfield_units_are_kept_by_the_family_of_ct() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().unwrap();
    let hu = volume(0, 6).mapv(|v| if v > 0.0 { v - 300.0 } else { -1000.0 });
    nifti(&folder.path().join("a.nii"), &hu, 5.0);
    nifti(&folder.path().join("b.nii"), &hu, 5.0);
    let config = TrainConfig {
        family: Family::HeadCt,
        ..from(&[folder.path()])
    };
    let card = run(&config, &folder.path().join("out"), usize::MAX).0;
    let range = card.unwrap().data_range;
    assert!(
        (-1.4..-0.9).contains(&range[0]) && (0.3..0.8).contains(&range[1]),
        "{range:?}"
    );
}
