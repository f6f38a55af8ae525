//! What the writer writes, as we and h5py read it.

use super::*;
use crate::io::data_exchange::{DataExchangeWriter, FrameCounts};
use crate::io::projections::DetectorShape;

fn fan_header() -> ProjectionHeader {
    let options = ProjectionOptions {
        beam: Some(Beam::Fan {
            source_mm: 570.0,
            detector_mm: 1040.5,
            shape: DetectorShape::Curved,
        }),
        pitch_mm: Some(1.2858),
        pitch_axial_mm: Some(0.6),
        centre_column: Some(2.25),
        content: Some(Content::Counts),
        water_per_mm: Some(0.0192),
        energy_kev: Some(66.0),
        kvp: Some(120.0),
        ..Default::default()
    };
    let mut header = ProjectionHeader::new("made", [3, 8, 5], &options);
    header.angles_rad = (0..8).map(|i| 0.1 + TAU * f64::from(i) / 8.0).collect();
    header
}

#[test]
fn what_is_written_is_read_with_its_geometry() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.h5");
    let header = fan_header();
    let frames = FrameCounts { flat: 2, dark: 3 };
    let mut writer = DataExchangeWriter::create(&path, &header, frames, false).unwrap();
    let (flat, dark) = (
        Array2::from_elem([2, 5], 1e4),
        Array2::from_elem([3, 5], 7.0),
    );
    let data = |k: usize| counts(8).slice(s![.., k, ..]).to_owned();
    for k in [1, 0, 2] {
        writer.slice(k, &data(k), &flat, &dark).unwrap();
    }
    assert!(message(writer.slice(3, &data(0), &flat, &dark)).contains("slice 3"));
    assert!(message(writer.slice(0, &data(0), &dark, &dark)).contains("mistake"));
    assert!(!path.exists());
    writer.finish().unwrap();
    let mut source = open_projections(&path, &Default::default()).unwrap();
    let read = source.header().clone();
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
    for (a, b) in read.angles_rad.iter().zip(&header.angles_rad) {
        assert!((a - b).abs() < 1e-12);
    }
    let wanted = ProjectionHeader {
        kind: "data-exchange",
        angles_rad: read.angles_rad.clone(),
        ..header
    };
    assert_eq!(read, wanted);
    for k in 0..3 {
        assert_eq!(source.slice(k).unwrap().data, data(k));
        assert_eq!(
            source.flats(k).unwrap().unwrap(),
            Flats::from_frames(&flat, &dark)
        );
    }
    // What the options say replaces what the file says.
    let other = ProjectionOptions {
        centre_column: Some(2.0),
        ..parallel()
    };
    let source = open_projections(&path, &other).unwrap();
    assert_eq!(source.header().beam, Some(Beam::Parallel));
    assert_eq!(source.header().centre_column, Some(2.0));
}

#[test]
fn an_unfinished_file_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.h5");
    let frames = FrameCounts { flat: 1, dark: 0 };
    let writer = DataExchangeWriter::create(&path, &fan_header(), frames, false).unwrap();
    assert!(message(writer.finish()).contains("slice 0 not written"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let none = FrameCounts::default();
    let text = message(DataExchangeWriter::create(
        &path,
        &fan_header(),
        none,
        false,
    ));
    assert!(text.contains("0 flat frames"), "{text}");
}

#[test]
fn h5py_gets_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.h5");
    let frames = FrameCounts { flat: 1, dark: 0 };
    let mut writer = DataExchangeWriter::create(&path, &fan_header(), frames, false).unwrap();
    for k in 0..3 {
        let data = counts(8).slice(s![.., k, ..]).to_owned();
        let flat = Array2::from_elem([1, 5], 100.0);
        writer
            .slice(k, &data, &flat, &Array2::zeros([0, 5]))
            .unwrap();
    }
    writer.finish().unwrap();
    let script = "f=h5py.File(sys.argv[1]); e=f['exchange']; a=f['annulus'].attrs\n\
        print(e['data'].shape,e['data'].dtype,e['data'][7,2,4],e['data'].attrs['units'],\
        e['data_white'].shape,'data_dark' in e,round(float(e['theta'][1]),6),e['theta'].attrs['units'],\
        a['beam'],a['source_mm'],a['pitch_mm'],a['z_mm'].tolist(),f['implements'][()])";
    if let Some(out) = python(&["h5py"], script, &[&path]) {
        assert_eq!(
            out,
            "(8, 3, 5) float32 724.0 counts (1, 3, 5) False 50.729578 degrees fan 570.0 1.2858 \
             [-0.6, 0.0, 0.6] b'exchange'"
        );
    }
}
