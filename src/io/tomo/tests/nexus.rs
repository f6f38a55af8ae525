//! NXtomo.

use super::*;
use ndarray::Array1;

/// A frame of each kind in an NXtomo: dark, flat, three projections, flat, one projection, an invalid one.
const KEYS: [i32; 8] = [2, 1, 0, 0, 0, 1, 0, 3];

fn nexus(path: &Path, angles: &[f64], unit: &str, entry: &str) {
    let file = unlocked().create(path).unwrap();
    let entry = file
        .create_group(entry)
        .unwrap()
        .create_group("tomo_entry")
        .unwrap();
    let detector = entry.create_group("instrument/detector").unwrap();
    let frames = Array3::from_shape_fn([8, 2, 3], |(f, y, x)| (1000 * f + 10 * y + x) as u16 + 1);
    detector
        .new_dataset_builder()
        .with_data(&frames)
        .create("data")
        .unwrap();
    detector
        .new_dataset_builder()
        .with_data(&KEYS)
        .create("image_key")
        .unwrap();
    let size = detector
        .new_dataset_builder()
        .with_data(&[2.5])
        .create("x_pixel_size")
        .unwrap();
    write_text(&size, "units", "um").unwrap();
    let sample = entry.create_group("sample").unwrap();
    let angle = sample
        .new_dataset_builder()
        .with_data(angles)
        .create("rotation_angle")
        .unwrap();
    write_text(&angle, "units", unit).unwrap();
}

#[test]
fn nxtomo_is_sorted_by_its_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.nxs");
    let degrees = [-1.0, -1.0, 0.0, 45.0, 90.0, -1.0, 135.0, 0.0];
    nexus(&path, &degrees, "degrees", "entry1");
    assert_eq!(recognise(&path).unwrap(), Kind::NxTomo);
    let mut source = open_projections(&path, &parallel()).unwrap();
    let header = source.header();
    assert_eq!(
        (header.kind, header.slices, header.views, header.bins),
        ("nx-tomo", 2, 4, 3)
    );
    assert!((header.angles_rad[3] - 0.75 * PI).abs() < 1e-12);
    assert!((header.pitch_mm.unwrap() - 0.0025).abs() < 1e-12);
    assert!(
        header
            .warnings
            .iter()
            .any(|w| w.contains("1 frames are marked invalid"))
    );
    let slice = source.slice(1).unwrap();
    assert_eq!(
        slice.data.column(2),
        Array1::from(vec![2013.0, 3013.0, 4013.0, 6013.0])
    );
    let flats = source.flats(1).unwrap().unwrap();
    assert_eq!((flats.flat_mean[0], flats.dark_mean[0]), (3011.0, 11.0));
    drop(source);
    let radians = degrees.map(f64::to_radians);
    nexus(&path, &radians, "rad", "entry");
    let source = open_projections(&path, &parallel()).unwrap();
    assert!((source.header().angles_rad[2] - PI / 2.0).abs() < 1e-12);
    drop(source);
    // As many angles as projections are theirs; any other number is an error.
    nexus(&path, &[0.0, 1.0, 2.0, 3.0], "rad", "entry");
    assert_eq!(
        open_projections(&path, &parallel())
            .unwrap()
            .header()
            .angles_rad[3],
        3.0
    );
    nexus(&path, &[0.0, 1.0, 2.0], "rad", "entry");
    assert!(message(open_projections(&path, &parallel())).contains("3 angles"));
}
