//! The numbers of one view: a detector row of it, and the photon statistics.

use std::path::Path;

use dicom_core::Tag;
use dicom_dictionary_std::tags as standard;
use dicom_object::DefaultDicomObject;
use dicom_pixeldata::{ConvertOptions, ModalityLutOption, PixelDecoder};

use super::tags::{self, Published, numbers, own_numbers};
use super::view::{self, Scan};
use crate::io::{IoError, dicom_walk};

/// One detector row of a view, in the file's order of columns.
#[derive(Debug)]
pub(super) struct Row {
    pub data: Vec<f32>,
    pub photons: Option<Vec<f32>>,
    /// Counts that our own block keeps because the photon statistics cannot.
    pub counts: Option<Vec<f32>>,
}

/// Reads one detector row, rescaled.
pub(super) fn row(path: &Path, scan: &Scan, row: usize) -> Result<Row, IoError> {
    let object = view::open(path, true)?;
    let [rows, columns] = scan.detector;
    let [slope, intercept] = rescale(path, &object)?;
    let stored = stored_values(path, &object, rows * columns)?;
    // Published files store the channels as image rows, so that a detector row is an image column.
    let transposed = scan.stored == [columns, rows];
    let at = |column: usize| match transposed {
        true => stored[column * rows + row],
        false => stored[row * columns + column],
    };
    let data = (0..columns).map(|column| (slope * f64::from(at(column)) + intercept) as f32);
    Ok(Row {
        data: data.collect(),
        photons: per_column(
            path,
            columns,
            numbers(&object, tags::PHOTONS, Published::Fl),
            "PhotonStatistics",
        )?,
        counts: per_column(
            path,
            columns,
            own_numbers(&object, tags::OWN_COUNTS, Published::Fl),
            "counts",
        )?,
    })
}

/// One value a column, or one for all.
fn per_column(
    path: &Path,
    columns: usize,
    values: Option<Vec<f64>>,
    name: &str,
) -> Result<Option<Vec<f32>>, IoError> {
    let Some(values) = values else {
        return Ok(None);
    };
    let fits = values.len() == columns || values.len() == 1;
    match values
        .iter()
        .find(|x| !x.is_finite() || (**x < 0.0 && name != "counts"))
    {
        None if fits => Ok(Some(
            (0..columns)
                .map(|i| values[i % values.len()] as f32)
                .collect(),
        )),
        None => Err(IoError::new(
            path,
            format!("{name} for {columns} columns"),
            format!("{} values", values.len()),
            "the file is damaged: copy it again from its source",
        )),
        Some(bad) => Err(IoError::new(
            path,
            format!("{name} of 0 or more"),
            bad,
            "the file is damaged: copy it again from its source",
        )),
    }
}

fn rescale(path: &Path, object: &DefaultDicomObject) -> Result<[f64; 2], IoError> {
    let number = |tag: Tag, name: &str| -> Result<f64, IoError> {
        let value = numbers(object, tag, Published::Ds).map(|all| all[0]);
        value.filter(|x| x.is_finite()).ok_or_else(|| {
            IoError::new(
                path,
                format!("a finite {name}"),
                format!("{value:?}"),
                "without it the numbers are no line integrals: export the projections again",
            )
        })
    };
    let slope = number(standard::RESCALE_SLOPE, "RescaleSlope")?;
    let intercept = number(standard::RESCALE_INTERCEPT, "RescaleIntercept")?;
    if slope == 0.0 {
        return Err(IoError::new(
            path,
            "a RescaleSlope other than 0",
            "0",
            "without it the numbers are no line integrals: export the projections again",
        ));
    }
    Ok([slope, intercept])
}

/// The pixels as they are stored, 16 bits each, signed or not.
fn stored_values(
    path: &Path,
    object: &DefaultDicomObject,
    count: usize,
) -> Result<Vec<i32>, IoError> {
    let number = |tag: Tag| numbers(object, tag, Published::Us).map(|all| all[0]);
    if number(standard::BITS_ALLOCATED).is_some_and(|bits| bits != 16.0) {
        return Err(IoError::new(
            path,
            "16 bits a pixel",
            format!("{:?}", number(standard::BITS_ALLOCATED)),
            "export the projections as published: 16 bits",
        ));
    }
    let element = object.element(standard::PIXEL_DATA).map_err(|_| {
        IoError::new(
            path,
            "pixels",
            "none",
            "the file is truncated: copy it again from its source",
        )
    })?;
    let signed = number(standard::PIXEL_REPRESENTATION) == Some(1.0);
    let values: Vec<i32> = match element.value().primitive() {
        Some(primitive) => {
            let bytes = primitive.to_bytes();
            let pairs = bytes.as_chunks::<2>().0.iter();
            match signed {
                true => pairs.map(|b| i16::from_ne_bytes(*b).into()).collect(),
                false => pairs.map(|b| u16::from_ne_bytes(*b).into()).collect(),
            }
        }
        None => decompressed(path, object)?,
    };
    if values.len() == count {
        return Ok(values);
    }
    Err(IoError::new(
        path,
        format!("{count} pixels"),
        format!("{}", values.len()),
        "the file is truncated or damaged: copy it again from its source",
    ))
}

fn decompressed(path: &Path, object: &DefaultDicomObject) -> Result<Vec<i32>, IoError> {
    let fail = |e: dicom_pixeldata::Error| dicom_walk::failed(path, &e);
    let pixels = object.decode_pixel_data().map_err(fail)?;
    let stored = ConvertOptions::new().with_modality_lut(ModalityLutOption::None);
    pixels.to_vec_with_options::<i32>(&stored).map_err(fail)
}
