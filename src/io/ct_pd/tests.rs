//! Fixtures: scans that our writer makes, changed file by file into what other writers make.

mod bad;
mod layouts;
mod written;

use std::f64::consts::TAU;

use dicom_core::value::PrimitiveValue;
use dicom_core::{DataElement, Tag, VR};
use dicom_object::{FileDicomObject, InMemDicomObject, open_file};

use super::*;
use crate::io::ct_pd_write::CtPdWriter;
use crate::io::open_projections;
use crate::io::projections::DetectorShape;

type Object = FileDicomObject<InMemDicomObject>;

const VIEWS: usize = 24;
const BINS: usize = 9;

fn fan() -> Option<Beam> {
    Some(Beam::Fan {
        source_mm: 570.0,
        detector_mm: 1040.0,
        shape: DetectorShape::Curved,
    })
}

/// A whole turn of 24 views; one position per entry of `z_mm`.
fn header(z_mm: &[f64]) -> ProjectionHeader {
    let options = ProjectionOptions {
        beam: fan(),
        pitch_mm: Some(1.25),
        pitch_axial_mm: Some(0.6),
        centre_column: Some(4.25),
        content: Some(Content::LineIntegrals),
        water_per_mm: Some(0.0192),
        kvp: Some(120.0),
        ..Default::default()
    };
    let mut header = ProjectionHeader::new("made", [z_mm.len(), VIEWS, BINS], &options);
    header.angles_rad = (0..VIEWS)
        .map(|i| 0.25 + TAU * i as f64 / VIEWS as f64)
        .collect();
    header.z_mm = Some(z_mm.to_vec());
    header
}

/// Line integrals without a pattern that opposite rays could share.
fn lines(slice: usize) -> Array2<f32> {
    Array2::from_shape_fn([VIEWS, BINS], |(v, b)| {
        ((7 * v + 3 * b + 5 * slice) % 11) as f32 / 4.0
    })
}

fn photons(slice: usize) -> Array2<f32> {
    lines(slice).mapv(|p| 1e4 * (-p).exp())
}

/// A folder with line integrals and photons at each position.
fn scan(z_mm: &[f64]) -> tempfile::TempDir {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("scan");
    let mut writer = CtPdWriter::create(&path, &header(z_mm), "seed", false).unwrap();
    for k in 0..z_mm.len() {
        writer
            .line_integrals(k, &lines(k), Some(&photons(k)))
            .unwrap();
    }
    writer.finish().unwrap();
    parent
}

fn folder(parent: &tempfile::TempDir) -> PathBuf {
    parent.path().join("scan")
}

/// The file of a view, counted from 1.
fn file(parent: &tempfile::TempDir, instance: usize) -> PathBuf {
    folder(parent).join(format!("{instance:06}.dcm"))
}

/// Changes every file.
fn change(parent: &tempfile::TempDir, mut with: impl FnMut(&mut Object, usize)) {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder(parent))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for (index, path) in files.iter().enumerate() {
        let mut object = open_file(path).unwrap();
        with(&mut object, index + 1);
        object.write_to_file(path).unwrap();
    }
}

fn put(object: &mut Object, tag: Tag, vr: VR, value: impl Into<PrimitiveValue>) {
    object.put(DataElement::new(tag, vr, value.into()));
}

fn open(parent: &tempfile::TempDir) -> Result<Box<dyn ProjectionSource>, IoError> {
    open_projections(&folder(parent), &Default::default())
}

/// The scan's numbers are the written ones, within the 16 bits of a pixel.
fn same_lines(read: &Array2<f32>, slice: usize) {
    for (a, b) in read.iter().zip(&lines(slice)) {
        assert!((a - b).abs() <= 2.5 / 65535.0, "{a} {b}");
    }
}
