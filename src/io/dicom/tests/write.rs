//! What is written, read back by this program.

use dicom_core::header::Header;
use dicom_dictionary_std::tags;
use dicom_object::open_file;
use ndarray::Array2;

use super::*;
use crate::io::testing::{message, shared};

fn text(path: &Path, tag: dicom_core::Tag) -> String {
    let object = open_head(path).unwrap();
    object.element(tag).unwrap().to_str().unwrap().into_owned()
}

#[test]
fn every_kind_of_series_comes_back_in_its_place() {
    let parent = tempfile::tempdir().unwrap();
    let magnitude = |largest| Content::Magnitude { largest };
    let attenuation = |largest_per_mm| Content::Attenuation { largest_per_mm };
    for (k, (content, quantity, factor, step)) in [
        (Content::Hounsfield, Quantity::Mean, 1.0, 1.0),
        (Content::Hounsfield, Quantity::Sample(3), 1.0, 1.0),
        (Content::Hounsfield, Quantity::StandardDeviation, 0.1, 0.1),
        (attenuation(0.05), Quantity::Mean, 5e-5, 0.05 / 32767.0),
        (magnitude(1e-7), Quantity::Mean, 1e-10, 1e-7 / 32767.0),
        (magnitude(3e9), Quantity::Reconstruction, 3e6, 3e9 / 32767.0),
    ]
    .into_iter()
    .enumerate()
    {
        let folder = parent.path().join(k.to_string());
        let mut volume = marked() * factor;
        if content.modality() == Modality::Mr {
            volume.mapv_inplace(|v| v.max(0.0));
        }
        let report = save(&folder, info(content, quantity), &volume);
        assert_eq!((report.files, report.cut, report.not_finite), (3, 0, 0));
        let back = read_dicom_series(&folder, &DicomOptions::default()).unwrap();
        assert_eq!(back.modality, content.modality());
        let is_hounsfield = content == Content::Hounsfield;
        assert_eq!(back.unit == Unit::Hounsfield, is_hounsfield);
        assert_near(&back.volume.affine_lps_mm, &oblique(), 1e-8);
        assert!(back.warnings.is_empty(), "{:?}", back.warnings);
        for (a, b) in back.volume.data.iter().zip(&volume) {
            assert!((a - b).abs() <= 0.5001 * step as f32, "{content:?} {a} {b}");
        }
        let brightest = back
            .volume
            .data
            .indexed_iter()
            .max_by(|a, b| a.1.total_cmp(b.1));
        assert_eq!(brightest.unwrap().0, (2, 5, 50));
    }
}

#[test]
fn slices_that_run_against_the_normal_come_back_at_the_same_places() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("left-handed");
    let mut info = info(Content::Hounsfield, Quantity::Mean);
    for row in &mut info.affine_lps_mm {
        row[2] = -row[2];
    }
    let place = marker_mm(&info.affine_lps_mm);
    save(&folder, info, &marked());
    let back = read_dicom_series(&folder, &DicomOptions::default())
        .unwrap()
        .volume;
    assert_eq!(back.data[[0, 5, 50]], 1000.0);
    let found = back.affine_lps_mm.map(|r| 50.0 * r[0] + 5.0 * r[1] + r[3]);
    for (a, b) in found.iter().zip(place) {
        assert!((a - b).abs() < 1e-8, "{found:?} {place:?}");
    }
}

type Change<'a> = &'a dyn Fn(&mut SeriesInfo);

#[test]
fn a_run_that_is_repeated_gives_the_same_bytes_and_another_one_new_identifiers() {
    let parent = tempfile::tempdir().unwrap();
    let save = |name: &str, change: Change| {
        let mut info = info(Content::Hounsfield, Quantity::Mean);
        change(&mut info);
        let folder = parent.path().join(name);
        super::save(&folder, info, &marked());
        folder.join("0002.dcm")
    };
    let one = save("one", &|_| {});
    let two = save("two", &|_| {});
    assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());
    let changes: [(&str, Change); 5] = [
        ("std", &|i| i.quantity = Quantity::StandardDeviation),
        ("seed", &|i| i.provenance.seed = 8),
        ("protocol", &|i| {
            i.provenance.protocol = "ct/body".to_owned()
        }),
        ("weights", &|i| {
            i.provenance.fingerprint = "other".to_owned()
        }),
        ("input", &|i| i.provenance.input_sha256 = "other".to_owned()),
    ];
    for (name, change) in changes {
        let other = save(name, change);
        for tag in [tags::SOP_INSTANCE_UID, tags::SERIES_INSTANCE_UID] {
            assert_ne!(text(&one, tag), text(&other, tag), "{name}");
        }
        for tag in [tags::STUDY_INSTANCE_UID, tags::FRAME_OF_REFERENCE_UID] {
            let is_same = text(&one, tag) == text(&other, tag);
            assert_eq!(is_same, name != "input", "{name}");
        }
    }
}

#[test]
fn values_that_do_not_fit_are_cut_and_counted() {
    let parent = tempfile::tempdir().unwrap();
    let mut volume = marked().mapv(|v| v.max(0.0));
    (volume[[0, 0, 0]], volume[[1, 1, 1]]) = (5000.0, -3.0);
    (volume[[2, 0, 0]], volume[[2, 0, 1]]) = (f32::NAN, f32::INFINITY);
    let content = Content::Magnitude { largest: 1000.0 };
    let folder = parent.path().join("a");
    let report = save(&folder, info(content, Quantity::Mean), &volume);
    assert_eq!((report.cut, report.not_finite), (2, 2));
    let back = read_dicom_series(&folder, &DicomOptions::default())
        .unwrap()
        .volume
        .data;
    assert!((back[[0, 0, 0]] - 1000.0).abs() < 1e-3);
    assert_eq!(
        [back[[1, 1, 1]], back[[2, 0, 0]], back[[2, 0, 1]]],
        [0.0; 3]
    );
}

#[test]
fn what_cannot_be_written_is_refused_and_leaves_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a");
    let good = || info(Content::Hounsfield, Quantity::Mean);
    let create = |info: SeriesInfo| DicomSeriesWriter::create(&folder, info, false);
    let mut sheared = good();
    sheared.affine_lps_mm[2][1] += 0.3;
    assert!(message(create(sheared)).contains("sheared"));
    let mut flat = good();
    flat.affine_lps_mm.iter_mut().for_each(|r| r[2] = 0.0);
    assert!(message(create(flat)).contains("three axes"));
    let mut lost = good();
    lost.affine_lps_mm[0][3] = f64::NAN;
    assert!(message(create(lost)).contains("three axes"));
    for largest in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let bad = info(Content::Magnitude { largest }, Quantity::Mean);
        assert!(message(create(bad)).contains("above 0"), "{largest}");
    }
    let mut writer = create(good()).unwrap();
    assert!(message(writer.slice(0, &Array2::zeros([64, 48]))).contains("(64, 48)"));
    assert!(message(writer.slice(3, &Array2::zeros([48, 64]))).contains("slice 3"));
    writer.slice(1, &Array2::zeros([48, 64])).unwrap();
    assert!(message(writer.slice(1, &Array2::zeros([48, 64]))).contains("once"));
    assert!(message(writer.finish()).contains("found 1 slices"));
    assert!(files(parent.path()).is_empty());
}

#[test]
fn only_a_series_is_replaced_and_only_when_forced() {
    let parent = tempfile::tempdir().unwrap();
    let folder = sample(parent.path());
    let create = |force| {
        let info = info(Content::Hounsfield, Quantity::StandardDeviation);
        DicomSeriesWriter::create(&folder, info, force)
    };
    assert!(message(create(false)).contains("--force"));
    let mut writer = create(true).unwrap();
    (0..3).for_each(|k| writer.slice(k, &Array2::ones([48, 64])).unwrap());
    writer.finish().unwrap();
    assert_eq!(files(parent.path()), std::slice::from_ref(&folder));
    let back = read_dicom_series(&folder, &DicomOptions::default()).unwrap();
    assert!(back.volume.data.iter().all(|v| (v - 1.0).abs() < 1e-6));
    std::fs::write(folder.join("thesis.tex"), "years of work").unwrap();
    assert!(message(create(true)).contains("alone"));
    assert!(folder.join("thesis.tex").exists());
}

#[test]
fn patient_study_and_scan_of_a_real_series_are_carried_on() {
    let Some(real) = shared("data/image/brain-pd-dicom") else {
        return;
    };
    let scan = read_dicom_series(&real, &DicomOptions::default()).unwrap();
    let (slices, rows, columns) = scan.volume.data.dim();
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("derived");
    let mut info = info(Content::Magnitude { largest: 2000.0 }, Quantity::Mean);
    info.shape = [slices, rows, columns];
    info.affine_lps_mm = scan.volume.affine_lps_mm;
    info.source = Some(scan.source.clone());
    save(&folder, info, &scan.volume.data);
    let old = open_head(&real.join("brain_001.dcm")).unwrap();
    let new = open_file(folder.join("0001.dcm")).unwrap();
    let copied = source::PATIENT_AND_STUDY.iter().chain(&source::MR_SCAN);
    let mut seen = 0;
    for element in copied.filter_map(|&tag| old.get(tag)) {
        let copy = new
            .get(element.tag())
            .unwrap_or_else(|| panic!("{}", element.tag()));
        assert_eq!(copy.value(), element.value(), "{}", element.tag());
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
    let told = |tag| text(&folder.join("0001.dcm"), tag);
    assert_eq!(told(tags::SERIES_NUMBER), "201");
    assert_eq!(told(tags::PATIENT_POSITION), "HFS");
    assert_eq!(told(tags::SLICE_THICKNESS), "5");
    assert_eq!(told(tags::IMAGE_TYPE), "DERIVED\\SECONDARY\\OTHER");
    for tag in [tags::FRAME_OF_REFERENCE_UID, tags::MANUFACTURER] {
        assert_eq!(told(tag), old.element(tag).unwrap().to_str().unwrap());
    }
    for tag in [tags::SERIES_INSTANCE_UID, tags::SOP_INSTANCE_UID] {
        assert_ne!(told(tag), old.element(tag).unwrap().to_str().unwrap());
    }
    for (k, file) in files(&folder).iter().enumerate() {
        let object = open_file(file).unwrap();
        let items = object
            .element(tags::SOURCE_IMAGE_SEQUENCE)
            .unwrap()
            .items()
            .unwrap();
        assert_eq!(items.len(), 1);
        let reference = items[0].element(tags::REFERENCED_SOP_INSTANCE_UID).unwrap();
        let original = real.join(format!("brain_{:03}.dcm", k + 1));
        assert_eq!(
            reference.to_str().unwrap(),
            text(&original, tags::SOP_INSTANCE_UID)
        );
    }
    let back = read_dicom_series(&folder, &DicomOptions::default())
        .unwrap()
        .volume;
    assert_near(&back.affine_lps_mm, &scan.volume.affine_lps_mm, 1e-6);
}

#[test]
fn debug_shows_no_identifiers() {
    let parent = tempfile::tempdir().unwrap();
    let folder = sample(parent.path());
    for file in files(&folder) {
        edit(&file, |o| {
            o.put_str(tags::PATIENT_NAME, dicom_core::VR::PN, "Doe^Jane");
            o.put_str(tags::PATIENT_ID, dicom_core::VR::LO, "4711-0815");
        });
    }
    let scan = read_dicom_series(&folder, &DicomOptions::default()).unwrap();
    assert_eq!(
        scan.source.text(tags::PATIENT_NAME).as_deref(),
        Some("Doe^Jane")
    );
    let shown = format!("{scan:?} {:#?}", scan.source);
    for secret in ["Doe", "Jane", "4711", "2.25."] {
        assert!(!shown.contains(secret), "{secret}");
    }
}
