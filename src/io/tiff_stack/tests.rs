use std::io::Cursor;

use super::*;
use crate::io::projections::Beam;
use crate::io::testing::message;
use crate::io::{Kind, open_projections, recognise};
use tiff::encoder::TiffEncoder;
use tiff::encoder::colortype::{Gray8, Gray16, Gray32Float, RGB8};

fn options() -> ProjectionOptions {
    ProjectionOptions {
        arc_rad: Some(std::f64::consts::TAU),
        beam: Some(Beam::Parallel),
        pitch_mm: Some(0.5),
        ..Default::default()
    }
}

fn value(view: usize, row: usize, column: usize) -> u16 {
    (1000 * view + 10 * row + column) as u16
}

/// A page of 3 rows x 5 columns.
fn page(view: usize) -> Vec<u16> {
    (0..15).map(|i| value(view, i / 5, i % 5)).collect()
}

fn tiff16(path: &Path, pages: &[Vec<u16>]) {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
    for page in pages {
        encoder.write_image::<Gray16>(5, 3, page).unwrap();
    }
    std::fs::write(path, bytes.into_inner()).unwrap();
}

fn check(source: &mut dyn ProjectionSource, views: usize) {
    let header = source.header();
    assert_eq!((header.slices, header.views, header.bins), (3, views, 5));
    for row in [2, 0, 1] {
        let slice = source.slice(row).unwrap();
        for ((view, column), &x) in slice.data.indexed_iter() {
            assert_eq!(x, f32::from(value(view, row, column)));
        }
    }
}

#[test]
fn a_folder_in_natural_order_with_its_flats() {
    let folder = tempfile::tempdir().unwrap();
    for view in 0..12 {
        tiff16(&folder.path().join(format!("v{view}.tif")), &[page(view)]);
    }
    tiff16(&folder.path().join("flat_1.tif"), &[vec![60_000; 15]]);
    tiff16(&folder.path().join("flat_2.tif"), &[vec![60_002; 15]]);
    tiff16(&folder.path().join("Dark.tif"), &[vec![7; 15]]);
    std::fs::write(folder.path().join("notes.txt"), "hello").unwrap();
    assert_eq!(recognise(folder.path()).unwrap(), Kind::Tiff);
    let mut source = open_projections(folder.path(), &options()).unwrap();
    check(source.as_mut(), 12);
    let flats = source.flats(1).unwrap().unwrap();
    assert_eq!(
        (flats.flat_mean[0], flats.flat_variance[0]),
        (60_001.0, 2.0)
    );
    assert_eq!((flats.dark_mean[4], flats.dark_frames), (7.0, 1));
    let notes = source.header().warnings.join("; ");
    assert!(notes.contains("counts are assumed"), "{notes}");
    assert!(notes.contains("1 other files"), "{notes}");
}

#[test]
fn pages_of_one_file_need_photons_if_they_are_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("views.tiff");
    tiff16(&path, &[page(0), page(1), page(2), page(3)]);
    assert_eq!(recognise(&path).unwrap(), Kind::Tiff);
    let text = message(open_projections(&path, &options()));
    assert!(text.contains("preparation.photons"), "{text}");
    let with_photons = ProjectionOptions {
        photons: Some(5e4),
        ..options()
    };
    let mut source = open_projections(&path, &with_photons).unwrap();
    check(source.as_mut(), 4);
    assert_eq!(source.flats(0).unwrap().unwrap().flat_mean[0], 5e4);
}

#[test]
fn floats_are_line_integrals_and_bytes_are_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("views.tif");
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
    for view in 0..3 {
        let page: Vec<f32> = (0..6).map(|i| view as f32 + i as f32 / 8.0).collect();
        encoder.write_image::<Gray32Float>(3, 2, &page).unwrap();
    }
    std::fs::write(&path, bytes.into_inner()).unwrap();
    let mut source = open_projections(&path, &options()).unwrap();
    assert_eq!(source.header().content, Content::LineIntegrals);
    assert_eq!(source.slice(1).unwrap().data[[2, 1]], 2.5);
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
    encoder.write_image::<Gray8>(2, 2, &[1, 2, 3, 255]).unwrap();
    encoder.write_image::<Gray8>(2, 2, &[1, 2, 3, 254]).unwrap();
    std::fs::write(&path, bytes.into_inner()).unwrap();
    let transmission = ProjectionOptions {
        content: Some(Content::Transmission),
        ..options()
    };
    let mut source = open_projections(&path, &transmission).unwrap();
    assert_eq!(source.slice(1).unwrap().data[[0, 1]], 255.0);
    assert!(source.flats(0).unwrap().is_none());
}

#[test]
fn bad_stacks_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let open = || message(open_projections(folder.path(), &options()));
    tiff16(&folder.path().join("a1.tif"), &[page(0)]);
    tiff16(&folder.path().join("a2.tif"), &[page(1), page(2)]);
    tiff16(&folder.path().join("flat.tif"), &[page(9)]);
    assert!(open().contains("several pages"), "{}", open());
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
    encoder.write_image::<Gray16>(4, 3, &[0; 12]).unwrap();
    std::fs::write(folder.path().join("a2.tif"), bytes.into_inner()).unwrap();
    assert!(open().contains("3 rows x 4 columns"), "{}", open());
    tiff16(&folder.path().join("a2.tif"), &[page(1)]);
    tiff16(&folder.path().join("flat.tif"), &[vec![0; 15]]);
    assert!(open().contains("without a beam"), "{}", open());
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
    encoder.write_image::<RGB8>(1, 1, &[0; 3]).unwrap();
    std::fs::write(folder.path().join("a0.tif"), bytes.into_inner()).unwrap();
    assert!(open().contains("one number a pixel"), "{}", open());
}

#[test]
fn cut_and_garbled_files_are_errors_and_no_panics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("views.tif");
    tiff16(&path, &[page(0), page(1)]);
    let whole = std::fs::read(&path).unwrap();
    let read = |options: &ProjectionOptions| {
        let mut source = open_projections(&path, options)?;
        source.slice(0).map(|_| ())
    };
    let options = ProjectionOptions {
        photons: Some(1.0),
        ..options()
    };
    read(&options).unwrap();
    // The encoder writes what a page is like after its pixels: any cut loses some of it.
    for length in 0..whole.len() - 4 {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(
            read(&options).is_err(),
            "cut at {length} of {}",
            whole.len()
        );
    }
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        std::fs::write(&path, bytes).unwrap();
        let _ = read(&options);
    }
}
