//! What other writers do: types, orders, positions, rows.

use super::*;
use crate::io::testing::{message, python};
use crate::io::{Kind, recognise};
use dicom_dictionary_std::{tags as standard, uids};

#[test]
fn a_turn_at_each_position_is_a_slice() {
    let made = scan(&[-1.5, 0.0, 7.25]);
    assert_eq!(recognise(&folder(&made)).unwrap(), Kind::CtPd);
    let mut source = open(&made).unwrap();
    let read = source.header().clone();
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
    let written = header(&[-1.5, 0.0, 7.25]);
    assert_eq!((read.slices, read.views, read.bins), (3, VIEWS, BINS));
    assert_eq!(read.beam, fan());
    assert_eq!((read.pitch_mm, read.kvp), (Some(1.25), Some(120.0)));
    assert_eq!(read.z_mm, written.z_mm);
    assert!((read.centre_column.unwrap() - 4.25).abs() < 1e-6);
    assert_eq!(
        (read.water_per_mm, read.content),
        (Some(0.0192), Content::LineIntegrals)
    );
    for (a, b) in read.angles_rad.iter().zip(&written.angles_rad) {
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }
    for k in [2, 0, 1] {
        let slice = source.slice(k).unwrap();
        same_lines(&slice.data, k);
        assert_eq!(slice.photons.unwrap(), photons(k));
        assert!(source.flats(k).unwrap().is_none());
    }
}

#[test]
fn names_of_files_do_not_matter_but_instance_numbers_do() {
    let made = scan(&[0.0]);
    for instance in 1..=VIEWS {
        let other = folder(&made).join(format!("x{:03}", (instance * 7) % 25));
        std::fs::rename(file(&made, instance), other).unwrap();
    }
    std::fs::write(folder(&made).join("readme.txt"), "x").unwrap();
    let mut source = open(&made).unwrap();
    same_lines(&source.slice(0).unwrap().data, 0);
    assert!(
        source
            .header()
            .warnings
            .join(";")
            .contains("1 files that are no DICOM")
    );
}

#[test]
fn private_elements_without_a_type_are_decoded_by_the_published_one() {
    let (typed, untyped, implicit) = (scan(&[3.0]), scan(&[3.0]), scan(&[3.0]));
    change(&untyped, |object, _| {
        let private: Vec<Tag> = object
            .iter()
            .map(|e| e.header().tag)
            .filter(|tag| tag.group() % 2 == 1 && tag.element() >= 0x1000)
            .collect();
        for tag in private {
            let bytes = object
                .element(tag)
                .unwrap()
                .to_bytes()
                .unwrap()
                .into_owned();
            put(object, tag, VR::UN, PrimitiveValue::U8(bytes.into()));
        }
    });
    change(&implicit, |object, _| {
        let syntax = uids::IMPLICIT_VR_LITTLE_ENDIAN.to_owned();
        object.update_meta(|meta| meta.transfer_syntax = syntax);
    });
    let mut wanted = open(&typed).unwrap();
    for other in [&untyped, &implicit] {
        let mut source = open(other).unwrap();
        let mut header = source.header().clone();
        header
            .dicom_source
            .clone_from(&wanted.header().dicom_source);
        assert_eq!(&header, wanted.header());
        assert_eq!(source.slice(0).unwrap(), wanted.slice(0).unwrap());
    }
}

#[test]
fn big_endian_is_read() {
    let made = scan(&[3.0]);
    let mut wanted = open(&made).unwrap();
    let big = scan(&[3.0]);
    change(&big, |object, _| {
        object.update_meta(|meta| meta.transfer_syntax = "1.2.840.10008.1.2.2".to_owned());
    });
    let mut source = open(&big).unwrap();
    assert_eq!(source.slice(0).unwrap(), wanted.slice(0).unwrap());
}

#[test]
fn pixels_that_pydicom_compressed_are_read() {
    let made = scan(&[3.0]);
    let mut wanted = open(&made).unwrap();
    let wanted = wanted.slice(0).unwrap();
    let script = "import glob\nimport numpy\nfrom pydicom.uid import RLELossless\n\
        for f in glob.glob(sys.argv[1]+'/*.dcm'):\n\
        \x20d=pydicom.dcmread(f); d.compress(RLELossless, generate_instance_uid=False); d.save_as(f)\n";
    if python(&["pydicom", "numpy"], script, &[&folder(&made)]).is_some() {
        let syntax = crate::io::dicom_walk::check(&file(&made, 1)).unwrap();
        assert_eq!(syntax, uids::RLE_LOSSLESS);
        assert_eq!(open(&made).unwrap().slice(0).unwrap(), wanted);
    }
}

#[test]
fn the_attenuation_of_water_may_be_per_centimetre_or_in_the_old_place() {
    for (tag, text, wanted, noted) in [
        (tags::WATER, "0.192 ", Some(0.0192), false),
        (tags::WATER_OLD, "0.0195", Some(0.0195), false),
        (tags::WATER, "19.2", None, true),
    ] {
        let made = scan(&[0.0]);
        change(&made, |object, _| {
            object.remove_element(tags::WATER);
            put(object, tag, VR::DS, text);
        });
        let source = open(&made).unwrap();
        let water = source.header().water_per_mm;
        assert_eq!(water.is_some(), wanted.is_some(), "{text}");
        assert!(
            water
                .zip(wanted)
                .is_none_or(|(a, b): (f64, f64)| (a - b).abs() < 1e-9),
            "{text}"
        );
        assert_eq!(!source.header().warnings.is_empty(), noted);
    }
}

#[test]
fn angles_are_unwrapped_in_either_direction() {
    for direction in [1.0, -1.0] {
        let made = scan(&[0.0]);
        change(&made, |object, instance| {
            // Within ±π, as scanners store them.
            let angle = 2.0 + direction * TAU * instance as f64 / VIEWS as f64;
            let wrapped = angle - TAU * (angle / TAU).round();
            put(object, tags::ANGLE, VR::FL, wrapped as f32);
        });
        let source = open(&made).unwrap();
        let angles = &source.header().angles_rad;
        for pair in angles.windows(2) {
            assert!((pair[1] - pair[0] - direction * TAU / VIEWS as f64).abs() < 1e-5);
        }
        // The published angle puts the source at (-sin, cos); ours at (sin, -cos).
        let published = 2.0 + direction * TAU / VIEWS as f64;
        assert!((angles[0].sin() + published.sin()).abs() < 1e-5);
        assert!((angles[0].cos() + published.cos()).abs() < 1e-5);
    }
}

/// Makes each file one of two detector rows, stored as published or row by row; the second row is twice the first.
fn two_rows(made: &tempfile::TempDir, transposed: bool) {
    change(made, |object, _| {
        let pixels: Vec<u16> = object
            .element(standard::PIXEL_DATA)
            .unwrap()
            .to_multi_int()
            .unwrap();
        let pixels: Vec<u16> = pixels.iter().map(|x| x / 2).collect();
        let second = pixels.iter().map(|x| 2 * x);
        let both: Vec<u16> = match transposed {
            true => pixels
                .iter()
                .copied()
                .zip(second)
                .flat_map(|(a, b)| [a, b])
                .collect(),
            false => pixels.iter().copied().chain(second).collect(),
        };
        let (rows, columns) = if transposed { (BINS, 2) } else { (2, BINS) };
        put(object, standard::ROWS, VR::US, rows as u16);
        put(object, standard::COLUMNS, VR::US, columns as u16);
        put(object, tags::ROWS, VR::US, 2_u16);
        put(object, standard::RESCALE_INTERCEPT, VR::DS, "0");
        let central = PrimitiveValue::F32([5.75_f32, 1.5].as_slice().into());
        put(object, tags::CENTRAL_ELEMENT, VR::FL, central);
        put(
            object,
            standard::PIXEL_DATA,
            VR::OW,
            PrimitiveValue::U16(both.into()),
        );
    });
}

#[test]
fn rows_are_slices_in_either_order_of_pixels() {
    for transposed in [true, false] {
        let made = scan(&[10.0]);
        two_rows(&made, transposed);
        let mut source = open(&made).unwrap();
        let header = source.header();
        // Rows run against z: row 2 is the lower one, half the row distance below on the axis.
        let half = 0.5 * 0.6 * 570.0 / 1040.0;
        let z = header.z_mm.clone().unwrap();
        assert!((z[0] - (10.0 - half)).abs() < 1e-6 && (z[1] - (10.0 + half)).abs() < 1e-6);
        assert!(
            header.warnings.join(";").contains("up to 0.017 degrees"),
            "{:?}",
            header.warnings
        );
        let (low, high) = (source.slice(0).unwrap().data, source.slice(1).unwrap().data);
        for (a, b) in low.iter().zip(&high) {
            assert!((a - 2.0 * b).abs() < 1e-3, "{a} {b}");
        }
    }
}

#[test]
fn flags_say_what_the_numbers_are() {
    let content = |log: &str, flat: &str, photons: Option<f64>| {
        let made = scan(&[0.0]);
        change(&made, |object, _| {
            put(object, tags::LOG_FLAG, VR::CS, log);
            put(object, tags::FLAT_FLAG, VR::CS, flat);
            put(object, tags::SCATTER_FLAG, VR::CS, "NO");
        });
        let options = ProjectionOptions {
            photons,
            ..Default::default()
        };
        let source = open_projections(&folder(&made), &options)?;
        let notes = source.header().warnings.join(";");
        assert!(notes.contains("scatter"), "{notes}");
        Ok(source.header().content)
    };
    assert_eq!(content("YES", "YES", None).unwrap(), Content::LineIntegrals);
    assert_eq!(content("NO", "YES", None).unwrap(), Content::Transmission);
    assert_eq!(content("NO", "NO", Some(1e5)).unwrap(), Content::Counts);
    assert!(message(content("NO", "NO", None)).contains("preparation.photons"));
    let made = scan(&[0.0]);
    change(&made, |object, _| {
        object.remove_element(tags::LOG_FLAG);
    });
    assert!(open(&made).unwrap().header().warnings[0].contains("no log flag"));
}

#[test]
fn columns_against_the_published_order_are_found_by_opposite_rays() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("scan");
    let (bins, views) = (128, 180);
    let options = ProjectionOptions {
        beam: Some(Beam::Fan {
            source_mm: 500.0,
            detector_mm: 900.0,
            shape: DetectorShape::Curved,
        }),
        pitch_mm: Some(2.0),
        centre_column: Some(62.25),
        ..Default::default()
    };
    let mut header = ProjectionHeader::new("made", [1, views, bins], &options);
    header.angles_rad = (0..views).map(|i| TAU * i as f64 / views as f64).collect();
    let fan = columns::tests::FAN;
    let lines = columns::tests::disc(&header.angles_rad, bins, &fan, 500.0);
    let mut writer = CtPdWriter::create(&path, &header, "seed", false).unwrap();
    writer.line_integrals(0, &lines, None).unwrap();
    writer.finish().unwrap();
    let mut source = open_projections(&path, &Default::default()).unwrap();
    assert!(source.header().warnings.is_empty());
    let wanted = source.slice(0).unwrap().data;
    change(&parent, |object, _| {
        let mut pixels: Vec<u16> = object
            .element(standard::PIXEL_DATA)
            .unwrap()
            .to_multi_int()
            .unwrap();
        pixels.reverse();
        put(
            object,
            standard::PIXEL_DATA,
            VR::OW,
            PrimitiveValue::U16(pixels.into()),
        );
        let central = PrimitiveValue::F32([63.25_f32, 1.0].as_slice().into());
        put(object, tags::CENTRAL_ELEMENT, VR::FL, central);
    });
    let mut source = open_projections(&path, &Default::default()).unwrap();
    let notes = source.header().warnings.join(";");
    assert!(notes.contains("against the published order"), "{notes}");
    assert_eq!(source.header().centre_column, Some(62.25));
    assert_eq!(source.slice(0).unwrap().data, wanted);
    // The protocol has the last word.
    let stated = ProjectionOptions {
        columns: Some(ColumnOrder::Published),
        ..Default::default()
    };
    let source = open_projections(&path, &stated).unwrap();
    assert_eq!(source.header().centre_column, Some(64.75));
}
