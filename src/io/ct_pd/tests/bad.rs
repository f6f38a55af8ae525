//! What is refused, each by its name; and damage, which must never be a panic.

use super::*;
use crate::io::testing::message;
use dicom_dictionary_std::tags as standard;

/// The error of a scan whose every file is changed.
fn refused(with: impl FnMut(&mut Object, usize)) -> String {
    let made = scan(&[0.0]);
    change(&made, with);
    message(open(&made))
}

fn fl(object: &mut Object, tag: Tag, x: f64) {
    put(object, tag, VR::FL, x as f32);
}

#[test]
fn a_helix_is_named_with_its_feed() {
    let text = refused(|object, i| fl(object, tags::AXIAL_POSITION, 0.5 * i as f64));
    assert!(
        text.contains("a helix: z from 0.5 to 12 mm in 24 views, 12.00 mm a turn"),
        "{text}"
    );
    assert!(text.contains("rebin"), "{text}");
    // A helix that moves every fourth view is one too.
    let text = refused(|object, i| fl(object, tags::AXIAL_POSITION, (i / 4) as f64));
    assert!(text.contains("a helix"), "{text}");
}

#[test]
fn flying_focal_spots_are_named_by_either_dictionary() {
    let flying = |mode: &'static str, tag: Tag, shift: f64| {
        refused(move |object, i| {
            put(object, tags::FOCAL_SPOT_MODE, VR::CS, mode);
            fl(object, tag, if i % 2 == 0 { shift } else { -shift });
        })
    };
    let text = flying("FFSXY", tags::SHIFT_B, 0.0009);
    assert!(
        text.contains("FFSXY: the source moves by -0.0008") && !text.contains("version 8"),
        "{text}"
    );
    let text = flying("FFSXY", tags::SHIFT_C, 0.0009);
    assert!(
        text.contains("moves by -0.0008") && text.contains("version 8"),
        "{text}"
    );
    let text = flying("FFSZ", tags::SHIFT_C, 0.7);
    assert!(
        text.contains("0 rad, -0.69") && !text.contains("version 8"),
        "{text}"
    );
    let text = flying("FFSZ", tags::SHIFT_B, 0.7);
    assert!(
        text.contains("0 rad, -0.69") && text.contains("version 8"),
        "{text}"
    );
    assert!(flying("FFSXYZ", tags::SHIFT_C, 0.0).contains("FFSXYZ"));
    // A mode that denies the shifts is not believed.
    assert!(flying("FFSNONE", tags::SHIFT_B, 0.0009).contains("FFSNONE: the source moves"));
}

#[test]
fn other_detectors_and_files_are_named() {
    let shape = |shape: &'static str| refused(move |o, _| put(o, tags::SHAPE, VR::CS, shape));
    assert!(shape("SPHERICAL").contains("found SPHERICAL"));
    let frames = refused(|o, _| put(o, standard::NUMBER_OF_FRAMES, VR::IS, "24"));
    assert!(
        frames.contains("multi-frame CT-PD with 24 frames"),
        "{frames}"
    );
    let parallel = refused(|o, _| put(o, tags::GEOMETRY, VR::CS, "PARALLEL"));
    assert!(parallel.contains("Data Exchange"), "{parallel}");
    let mixed = refused(|o, i| {
        if i == 9 {
            put(o, tags::COLUMNS, VR::US, 8_u16);
            put(o, standard::ROWS, VR::US, 8_u16);
        }
    });
    assert!(
        mixed.contains("000009.dcm") && mixed.contains("1 rows x 8 columns"),
        "{mixed}"
    );
    let transposed = refused(|o, _| put(o, standard::ROWS, VR::US, 10_u16));
    assert!(transposed.contains("or transposed"), "{transposed}");
    let spectrum = refused(|o, i| put(o, tags::SPECTRUM, VR::US, 1 + (i % 2) as u16));
    assert!(spectrum.contains("spectrum or source"), "{spectrum}");
    let geometry = refused(|o, i| fl(o, tags::SOURCE_RADIUS, 570.0 + (i / 20) as f64));
    assert!(geometry.contains("the geometry"), "{geometry}");
    let series = refused(|o, i| {
        if i == 3 {
            put(o, standard::SERIES_INSTANCE_UID, VR::UI, "1.2.3");
        }
    });
    assert!(series.contains("1.2.3"), "{series}");
    assert!(
        refused(|o, _| fl(o, tags::SOURCE_TO_DETECTOR, 500.0)).contains("beyond the rotation axis")
    );
}

#[test]
fn missing_elements_are_named() {
    for (tag, name) in [
        (tags::ANGLE, "DetectorFocalCenterAngularPosition"),
        (tags::AXIAL_POSITION, "DetectorFocalCenterAxialPosition"),
        (tags::CENTRAL_ELEMENT, "DetectorCentralElement"),
        (tags::SPACING, "DetectorElementTransverseSpacing"),
        (tags::COLUMNS, "NumberofDetectorColumns"),
        (tags::SHAPE, "CYLINDRICAL or FLAT"),
        (standard::INSTANCE_NUMBER, "InstanceNumber"),
        (standard::RESCALE_SLOPE, "RescaleSlope"),
        (standard::PIXEL_DATA, "pixels"),
    ] {
        let text = refused(|object, _| {
            object.remove_element(tag);
        });
        assert!(text.contains(name), "{name}: {text}");
    }
}

#[test]
fn missing_views_are_named() {
    let made = scan(&[0.0, 1.0]);
    std::fs::remove_file(file(&made, 30)).unwrap();
    let text = message(open(&made));
    assert!(text.contains("31 after 29: a view is missing"), "{text}");
    // Renumbered, so that only the angle tells.
    let made = scan(&[0.0]);
    std::fs::remove_file(file(&made, 7)).unwrap();
    change(&made, |object, i| {
        put(object, standard::INSTANCE_NUMBER, VR::IS, i.to_string())
    });
    let text = message(open(&made));
    assert!(
        text.contains("30.0000 degrees after the InstanceNumber 6: 1 views are missing"),
        "{text}"
    );
    // Without the number of views of a turn, the usual step tells.
    change(&made, |object, _| {
        object.remove_element(tags::VIEWS_PER_TURN);
    });
    assert!(message(open(&made)).contains("1 views are missing"));
    // The last ones.
    let made = scan(&[0.0, 1.0]);
    std::fs::remove_file(file(&made, 48)).unwrap();
    let text = message(open(&made));
    assert!(text.contains("24 at z = 0 mm and 23 at z = 1 mm"), "{text}");
    let made = scan(&[0.0]);
    std::fs::copy(file(&made, 5), folder(&made).join("copy.dcm")).unwrap();
    assert!(message(open(&made)).contains("5 in 000005.dcm and in copy.dcm"));
}

#[test]
fn bad_numbers_are_named() {
    let nan = refused(|o, _| fl(o, tags::ANGLE, f64::NAN));
    assert!(nan.contains("DetectorFocalCenterAngularPosition"), "{nan}");
    let text = refused(|o, i| {
        if i == 4 {
            put(o, standard::RESCALE_SLOPE, VR::DS, "nan");
        }
    });
    assert!(
        text.contains("a finite RescaleSlope") && text.contains("000004"),
        "{text}"
    );
    assert!(refused(|o, _| put(o, standard::RESCALE_SLOPE, VR::DS, "0")).contains("other than 0"));
    let photons = |values: &'static [f32]| {
        refused(move |o, _| put(o, tags::PHOTONS, VR::FL, PrimitiveValue::F32(values.into())))
    };
    assert!(photons(&[1.0, 2.0]).contains("2 values"));
    assert!(photons(&[f32::NAN]).contains("NaN"));
    assert!(photons(&[-1.0]).contains("of 0 or more"));
    let text = refused(|o, i| {
        if i == 4 {
            o.remove_element(tags::PHOTONS);
        }
    });
    assert!(text.contains("23 of 24 views"), "{text}");
    let short = refused(|o, _| {
        put(
            o,
            standard::PIXEL_DATA,
            VR::OW,
            PrimitiveValue::U16([1, 2, 3].as_slice().into()),
        );
    });
    assert!(short.contains("9 pixels, found 3"), "{short}");
}

#[test]
fn one_file_and_other_series_are_told_apart() {
    let made = scan(&[0.0]);
    let text = message(open_projections(&file(&made, 1), &Default::default()));
    assert!(text.contains("name the folder"), "{text}");
    change(&made, |object, _| {
        let private: Vec<Tag> = object.iter().map(|e| e.header().tag).collect();
        for tag in private.into_iter().filter(|tag| tag.group() % 2 == 1) {
            object.remove_element(tag);
        }
    });
    assert!(message(open(&made)).contains("DICOM images"));
    let empty = tempfile::tempdir().unwrap();
    let text = message(open_projections(empty.path(), &Default::default()));
    assert!(text.contains("0 other files"), "{text}");
}

#[test]
fn cut_and_garbled_files_are_errors_and_no_panics() {
    let made = scan(&[0.0]);
    let path = file(&made, 5);
    let whole = std::fs::read(&path).unwrap();
    let (_, scan) = view::read(&path).unwrap();
    for length in (0..whole.len()).rev() {
        std::fs::write(&path, &whole[..length]).unwrap();
        let read = view::read(&path).and_then(|_| pixels::row(&path, &scan, 0));
        assert!(read.is_err(), "cut at {length} of {}", whole.len());
        // Below 132 bytes it is no DICOM file any more, and view 5 is missing.
        if length % 61 == 0 {
            assert!(open(&made).is_err(), "cut at {length} of {}", whole.len());
        }
    }
    std::fs::write(&path, &whole).unwrap();
    for at in 128..whole.len() {
        for flip in [0xff, 0x01] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            std::fs::write(&path, bytes).unwrap();
            if let Ok((_, scan)) = view::read(&path) {
                let _ = pixels::row(&path, &scan, 0);
            }
            let _ = pixels::row(&path, &scan, 0);
        }
    }
}
