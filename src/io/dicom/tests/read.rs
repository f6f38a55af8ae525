//! Series with the traps of real life, made of our own files.

use dicom_core::{PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;

use super::*;
use crate::io::testing::message;

fn put(path: &Path, tag: Tag, vr: VR, text: &str) {
    edit(path, |o| {
        o.put_str(tag, vr, text);
    });
}

/// Three axial slices, `shift` further along y each.
fn axial(parent: &Path, shift: f64, depths: [f64; 3]) -> PathBuf {
    let folder = parent.join("axial");
    let mut info = info(Content::Hounsfield, Quantity::Mean);
    info.affine_lps_mm =
        vector::affine([[0.7, 0.0, 0.0], [0.0, 0.8, 0.0], [0.0, 0.0, 3.0], [0.0; 3]]);
    save(&folder, info, &marked());
    for (k, file) in files(&folder).iter().enumerate() {
        let place = format!("0\\{}\\{}", shift * k as f64, depths[k]);
        put(file, tags::IMAGE_POSITION_PATIENT, VR::DS, &place);
    }
    folder
}

#[test]
fn the_order_is_that_of_positions_and_spacing_is_not_thickness() {
    let parent = tempfile::tempdir().unwrap();
    let folder = sample(parent.path());
    let before = super::read(&folder, Stacking::Regular).unwrap().volume;
    for (file, number) in files(&folder).iter().zip(["9", "7", "8"]) {
        put(file, tags::INSTANCE_NUMBER, VR::IS, number);
        put(file, tags::SLICE_LOCATION, VR::DS, number);
        put(file, tags::SLICE_THICKNESS, VR::DS, "11");
        put(file, tags::SPACING_BETWEEN_SLICES, VR::DS, "-11");
        std::fs::rename(file, folder.join(number)).unwrap();
    }
    let after = super::read(&folder, Stacking::Regular).unwrap().volume;
    assert_eq!(before, after);
}

#[test]
fn a_tilt_is_refused_read_as_it_is_or_straightened() {
    let parent = tempfile::tempdir().unwrap();
    // One row a slice: straightening is exact.
    let folder = axial(parent.path(), 0.8, [0.0, 3.0, 6.0]);
    let text = message(super::read(&folder, Stacking::Regular));
    assert!(text.contains("14.9 degrees"), "{text}");
    let raw = super::read(&folder, Stacking::Slices).unwrap();
    assert_eq!(
        vector::column(&raw.volume.affine_lps_mm, 2),
        [0.0, 0.8, 3.0]
    );
    assert_eq!(raw.volume.data, marked().mapv(f32::round));
    for (shift, start) in [(0.8, 0), (-0.8, 2)] {
        std::fs::remove_dir_all(&folder).unwrap();
        axial(parent.path(), shift, [0.0, 3.0, 6.0]);
        let straight = super::read(&folder, Stacking::Resample { spacing_mm: None }).unwrap();
        let volume = straight.volume;
        assert_eq!(volume.data.dim(), (3, 50, 64));
        assert_eq!(volume.affine_lps_mm[1][3], -0.8 * start as f64);
        let (row, outside) = if shift > 0.0 { (7, 1) } else { (5, 48) };
        assert_eq!(volume.data[[2, row, 50]], 1000.0);
        assert_eq!(volume.data[[2, outside, 50]], -1000.0);
    }
}

#[test]
fn missing_uneven_and_doubled_slices_are_named() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("axial");
    let refused = |depths: [f64; 3]| {
        let _ = std::fs::remove_dir_all(&folder);
        axial(parent.path(), 0.0, depths);
        message(super::read(&folder, Stacking::Regular))
    };
    let text = refused([0.0, 3.0, 3.0005]);
    assert!(text.contains("two at (0.00, 0.00, 3.00) mm"), "{text}");
    let text = refused([0.0, 3.0, 4.7]);
    assert!(text.contains("1.70 to 3.00 mm"), "{text}");
    // The middle of two gaps is the larger: the smaller is no whole part of it.
    std::fs::copy(folder.join("0003.dcm"), folder.join("0004.dcm")).unwrap();
    put(
        &folder.join("0003.dcm"),
        tags::IMAGE_POSITION_PATIENT,
        VR::DS,
        "0\\0\\6",
    );
    put(
        &folder.join("0004.dcm"),
        tags::IMAGE_POSITION_PATIENT,
        VR::DS,
        "0\\0\\15",
    );
    let text = message(super::read(&folder, Stacking::Regular));
    assert!(
        text.contains("2 missing between the slices at (0.0, 0.0, 6.0) and"),
        "{text}"
    );
    let filled = super::read(&folder, Stacking::Resample { spacing_mm: None }).unwrap();
    assert_eq!(filled.volume.data.dim().0, 6);
    let finer = Stacking::Resample {
        spacing_mm: Some(1.5),
    };
    let finer = super::read(&folder, finer).unwrap().volume;
    assert_eq!(finer.data.dim().0, 11);
    let middle = 0.5 * (finer.data[[2, 9, 9]] + finer.data[[4, 9, 9]]);
    assert_eq!(finer.data[[3, 9, 9]], middle);
    for spacing in [0.0, -1.0, f64::NAN, 1e-12] {
        let stacking = Stacking::Resample {
            spacing_mm: Some(spacing),
        };
        assert!(
            message(super::read(&folder, stacking)).contains("wider"),
            "{spacing}"
        );
    }
}

#[test]
fn several_series_are_listed_and_one_is_chosen() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path();
    save(
        &folder.join("a"),
        info(Content::Hounsfield, Quantity::Mean),
        &marked(),
    );
    save(
        &folder.join("b"),
        info(Content::Hounsfield, Quantity::StandardDeviation),
        &marked(),
    );
    let text = message(super::read(folder, Stacking::Regular));
    for part in [
        "1: CT 64 x 48, 3 images, series 1 \"annulus mean",
        "2: CT 64 x 48, 3 images, series 2",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let choose = |wanted: &str| {
        let options = DicomOptions {
            series: Some(wanted.to_owned()),
            ..DicomOptions::default()
        };
        read_dicom_series(folder, &options)
    };
    assert_eq!(choose("1").unwrap().volume.data[[2, 5, 50]], 1000.0);
    let object = dicom_object::open_file(folder.join("b/0001.dcm")).unwrap();
    let uid = object
        .element(tags::SERIES_INSTANCE_UID)
        .unwrap()
        .to_str()
        .unwrap()
        .into_owned();
    assert!((choose(&uid).unwrap().volume.data[[0, 0, 40]]).abs() < 1e-6);
    for wrong in ["0", "3", "1.2.3", ""] {
        assert!(
            message(choose(wrong)).contains("2 series (1: CT"),
            "{wrong}"
        );
    }
}

#[test]
fn echoes_at_the_same_places_are_told_apart() {
    let parent = tempfile::tempdir().unwrap();
    let folder = sample(parent.path());
    for file in files(&folder) {
        put(&file, tags::ECHO_TIME, VR::DS, "10");
        // Every image another one, which tells nothing apart.
        let name = file.file_stem().unwrap().to_str().unwrap();
        put(&file, tags::ACQUISITION_NUMBER, VR::IS, name);
        let second = folder.join(format!("echo-{name}"));
        std::fs::copy(&file, &second).unwrap();
        put(&second, tags::ECHO_TIME, VR::DS, "80");
    }
    let text = message(super::read(&folder, Stacking::Regular));
    assert!(
        text.contains("EchoTime 10; 2: CT 64 x 48, 3 images"),
        "{text}"
    );
}

#[test]
fn localizers_and_other_objects_are_left_aside() {
    let parent = tempfile::tempdir().unwrap();
    let folder = sample(parent.path());
    for (name, tag, vr, text) in [
        (
            "scout",
            tags::IMAGE_TYPE,
            VR::CS,
            "ORIGINAL\\PRIMARY\\LOCALIZER",
        ),
        ("pet", tags::MODALITY, VR::CS, "PT"),
        (
            "grey",
            tags::PHOTOMETRIC_INTERPRETATION,
            VR::CS,
            "MONOCHROME1",
        ),
        ("colour", tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "RGB"),
        ("place", tags::IMAGE_POSITION_PATIENT, VR::DS, ""),
        ("nowhere", tags::IMAGE_POSITION_PATIENT, VR::DS, "0\\nan\\0"),
        (
            "skew",
            tags::IMAGE_ORIENTATION_PATIENT,
            VR::DS,
            "1\\0\\0\\1\\0\\0",
        ),
        ("zero", tags::PIXEL_SPACING, VR::DS, "0\\1"),
        ("slope", tags::RESCALE_SLOPE, VR::DS, "0"),
    ] {
        let file = folder.join(name);
        std::fs::copy(folder.join("0001.dcm"), &file).unwrap();
        put(&file, tag, vr, text);
        let alone = message(super::read(&file, Stacking::Regular));
        assert!(alone.contains("found 1 "), "{name}: {alone}");
    }
    let view = folder.join("view");
    std::fs::copy(folder.join("0001.dcm"), &view).unwrap();
    edit(&view, |o| {
        o.remove_element(tags::IMAGE_POSITION_PATIENT);
        o.put_str(Tag(0x7029, 0x0010), VR::LO, "SIEMENS MED");
    });
    assert!(message(super::read(&view, Stacking::Regular)).contains("DICOM-CT-PD"));
    let report = folder.join("report");
    std::fs::copy(folder.join("0001.dcm"), &report).unwrap();
    edit(&report, |o| {
        o.remove_element(tags::PIXEL_DATA);
        o.remove_element(tags::ROWS);
        o.put_str(tags::MODALITY, VR::CS, "SR");
    });
    assert!(message(super::read(&report, Stacking::Regular)).contains("no images (modality SR)"));
    let scan = super::read(&folder, Stacking::Regular).unwrap();
    assert_eq!(scan.volume.data.dim(), (3, 48, 64));
    let notes = scan.warnings.join("; ");
    for part in [
        "1 left aside: localizers",
        "modality PT",
        "MONOCHROME1",
        "no images (modality SR)",
    ] {
        assert!(notes.contains(part), "{part} in {notes}");
    }
}

#[test]
fn rescaling_is_a_slices_own_and_padding_becomes_air() {
    let parent = tempfile::tempdir().unwrap();
    let folder = sample(parent.path());
    let before = super::read(&folder, Stacking::Regular).unwrap().volume.data;
    for (k, file) in files(&folder).iter().enumerate() {
        edit(file, |o| {
            o.put_str(tags::RESCALE_SLOPE, VR::DS, (k + 2).to_string());
            o.put_str(tags::RESCALE_INTERCEPT, VR::DS, "-50");
            o.put(dicom_core::DataElement::new(
                tags::PIXEL_PADDING_VALUE,
                VR::SS,
                PrimitiveValue::from(1000_i16),
            ));
        });
    }
    let scan = super::read(&folder, Stacking::Regular).unwrap();
    for ((k, j, i), value) in scan.volume.data.indexed_iter() {
        let expected = match (k, j, i) {
            (2, 5, 50) => -1000.0,
            _ => before[[k, j, i]] * (k + 2) as f32 - 50.0,
        };
        assert_eq!(*value, expected);
    }
    assert!(
        scan.warnings
            .iter()
            .any(|w| w.starts_with("1 pixels outside")),
        "{:?}",
        scan.warnings
    );
}

#[test]
fn twelve_bits_keep_their_sign_whatever_lies_above_them() {
    let parent = tempfile::tempdir().unwrap();
    let folder = sample(parent.path());
    let before = super::read(&folder, Stacking::Regular).unwrap().volume.data;
    assert!(before.iter().any(|v| *v < 0.0));
    for file in files(&folder) {
        edit(&file, |o| {
            let words = o
                .element(tags::PIXEL_DATA)
                .unwrap()
                .to_multi_int::<u16>()
                .unwrap();
            // An overlay in the upper bits.
            let words: Vec<u16> = words.iter().map(|w| (w & 0x0fff) | 0x5000).collect();
            o.put(dicom_core::DataElement::new(
                tags::PIXEL_DATA,
                VR::OW,
                PrimitiveValue::U16(words.into()),
            ));
            o.put(dicom_core::DataElement::new(
                tags::BITS_STORED,
                VR::US,
                PrimitiveValue::from(12_u16),
            ));
            o.put(dicom_core::DataElement::new(
                tags::HIGH_BIT,
                VR::US,
                PrimitiveValue::from(11_u16),
            ));
        });
    }
    assert_eq!(
        super::read(&folder, Stacking::Regular).unwrap().volume.data,
        before
    );
    for file in files(&folder) {
        edit(&file, |o| {
            o.put(dicom_core::DataElement::new(
                tags::PIXEL_REPRESENTATION,
                VR::US,
                PrimitiveValue::from(0_u16),
            ));
        });
    }
    let unsigned = super::read(&folder, Stacking::Regular).unwrap().volume.data;
    assert!(
        unsigned
            .iter()
            .zip(&before)
            .all(|(u, s)| *u == s.rem_euclid(4096.0))
    );
}
