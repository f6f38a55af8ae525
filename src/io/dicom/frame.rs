//! What is known of one image (a file, or a frame of one) before its pixels are read.

use std::path::PathBuf;
use std::rc::Rc;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::Modality;
use super::attributes::View;
use super::vector::{Vector, cross, dot, norm, unit};

/// The largest image side that is believed.
const LARGEST_SIDE: usize = 16_384;

/// Attributes that tell images at the same place apart, with the name that is shown.
const LABELS: [(&str, Tag); 11] = [
    ("EchoNumbers", tags::ECHO_NUMBERS),
    ("EchoTime", tags::ECHO_TIME),
    ("EffectiveEchoTime", tags::EFFECTIVE_ECHO_TIME),
    ("InversionTime", tags::INVERSION_TIME),
    ("DiffusionBValue", tags::DIFFUSION_B_VALUE),
    (
        "TemporalPositionIdentifier",
        tags::TEMPORAL_POSITION_IDENTIFIER,
    ),
    ("TemporalPositionIndex", tags::TEMPORAL_POSITION_INDEX),
    ("TriggerTime", tags::TRIGGER_TIME),
    ("FrameType", tags::FRAME_TYPE),
    ("ImageType", tags::IMAGE_TYPE),
    ("AcquisitionNumber", tags::ACQUISITION_NUMBER),
];
/// How many labels there are.
pub(super) const LABEL_COUNT: usize = LABELS.len();

/// One image of a series.
#[derive(Clone)]
pub(super) struct Frame {
    pub file: Rc<PathBuf>,
    /// Which frame of the file, from 0.
    pub index: usize,
    pub series: SeriesKey,
    pub place: Place,
    pub values: Values,
    /// SOP class and instance.
    pub instance: [String; 2],
    /// The series' description.
    pub description: String,
    /// The values of the attributes that tell images at the same place apart.
    labels: [String; LABEL_COUNT],
}

/// What the images of a series have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SeriesKey {
    pub number: Option<i64>,
    pub uid: String,
    pub modality: Modality,
    pub rows: usize,
    pub columns: usize,
    /// The first three values of the image type; the others vary within series of some scanners.
    pub image_type: String,
}

/// Where an image lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The centre of the first pixel.
    pub origin_mm: Vector,
    /// The direction in which the column index grows, and that in which the row index does.
    pub directions: [Vector; 2],
    /// The step from column to column, and that from row to row.
    pub pixel_mm: [f64; 2],
    /// Spacing or thickness, for a single slice.
    pub thickness_mm: f64,
}

impl Place {
    pub fn normal(&self) -> Vector {
        cross(self.directions[0], self.directions[1])
    }

    /// Whether two images share axes and pixel size.
    fn is_parallel(&self, other: &Self) -> bool {
        let pairs = self.directions.iter().zip(other.directions);
        let mut axes = pairs.flat_map(|(a, b)| [0, 1, 2].map(|k| (a[k] - b[k]).abs()));
        let mut sizes = [0, 1]
            .map(|k| self.pixel_mm[k] / other.pixel_mm[k] - 1.0)
            .into_iter();
        axes.all(|d| d < 1e-3) && sizes.all(|d| d.abs() < 1e-3)
    }
}

/// How stored values become those of the modality.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values {
    pub slope: f64,
    pub intercept: f64,
    /// Whether they are Hounsfield units.
    pub hounsfield: bool,
    /// Stored values that mark pixels outside the image, as they stand in the file.
    pub padding: Option<[i64; 2]>,
}

impl Frame {
    /// Whether both can be slices of one volume.
    pub fn is_beside(&self, other: &Self) -> bool {
        self.series == other.series && self.place.is_parallel(&other.place)
    }

    /// A label that differs within a series.
    pub fn label(&self, k: usize) -> &str {
        &self.labels[k]
    }

    /// The label with its name, for people.
    pub fn labelled(&self, k: usize) -> String {
        let value = if self.labels[k].is_empty() {
            "none"
        } else {
            &self.labels[k]
        };
        format!("{} {value}", LABELS[k].0)
    }

    /// Reads what one frame says; what makes it useless is told in a few words.
    pub fn read(file: &Rc<PathBuf>, index: usize, view: View) -> Result<Self, String> {
        let series = SeriesKey::read(view)?;
        let place = Place::read(view)?;
        let values = Values::read(view, series.modality)?;
        let labels = LABELS.map(|(_, tag)| view.text(tag).unwrap_or_default());
        Ok(Self {
            file: Rc::clone(file),
            index,
            series,
            place,
            values,
            instance: [tags::SOP_CLASS_UID, tags::SOP_INSTANCE_UID]
                .map(|tag| view.text(tag).unwrap_or_default()),
            description: view.text(tags::SERIES_DESCRIPTION).unwrap_or_default(),
            labels,
        })
    }
}

impl SeriesKey {
    fn read(view: View) -> Result<Self, String> {
        let modality = match view.text(tags::MODALITY).as_deref() {
            Some("CT") => Modality::Ct,
            Some("MR") => Modality::Mr,
            Some(other) => return Err(format!("of modality {other}")),
            None => return Err("without modality".to_owned()),
        };
        let image_type = view
            .text(tags::FRAME_TYPE)
            .or_else(|| view.text(tags::IMAGE_TYPE));
        let image_type = image_type.unwrap_or_default();
        let kind: Vec<&str> = image_type.split('\\').map(str::trim).take(3).collect();
        if kind.contains(&"LOCALIZER") {
            return Err("localizers".to_owned());
        }
        let side = |tag| view.count(tag).filter(|n| (1..=LARGEST_SIDE).contains(n));
        let (Some(rows), Some(columns)) = (side(tags::ROWS), side(tags::COLUMNS)) else {
            return Err("without rows and columns (1 to 16384)".to_owned());
        };
        match view.text(tags::PHOTOMETRIC_INTERPRETATION).as_deref() {
            Some("MONOCHROME2") => {}
            Some("MONOCHROME1") => return Err("of inverted grey (MONOCHROME1)".to_owned()),
            Some(other) => return Err(format!("of colours ({other})")),
            None => return Err("without photometric interpretation".to_owned()),
        }
        let number = view.text(tags::SERIES_NUMBER).and_then(|n| n.parse().ok());
        Ok(Self {
            number,
            uid: view.text(tags::SERIES_INSTANCE_UID).unwrap_or_default(),
            modality,
            rows,
            columns,
            image_type: kind.join("\\"),
        })
    }
}

impl Place {
    fn read(view: View) -> Result<Self, String> {
        let Some(origin_mm) = view.vector(tags::IMAGE_POSITION_PATIENT) else {
            return Err("without position (ImagePositionPatient)".to_owned());
        };
        let Some([a, b, c, d, e, f]) = view.vector(tags::IMAGE_ORIENTATION_PATIENT) else {
            return Err("without orientation (ImageOrientationPatient)".to_owned());
        };
        let [x, y] = [[a, b, c], [d, e, f]];
        let is_unit = |v: Vector| (norm(v) - 1.0).abs() < 0.01;
        if !is_unit(x) || !is_unit(y) || dot(x, y).abs() > 0.01 {
            return Err("whose orientation is not two perpendicular unit vectors".to_owned());
        }
        // Rounded to a few decimals in the file: made exact.
        let x = unit(x);
        let y = cross(unit(cross(x, y)), x);
        let size = view
            .vector(tags::PIXEL_SPACING)
            .filter(|s: &[f64; 2]| s.iter().all(|d| *d > 0.0));
        let Some([row_step, column_step]) = size else {
            return Err("without pixel size (PixelSpacing)".to_owned());
        };
        let length = |tag| view.number(tag).map(f64::abs).filter(|d| *d > 0.0);
        let spacing =
            length(tags::SPACING_BETWEEN_SLICES).or_else(|| length(tags::SLICE_THICKNESS));
        Ok(Self {
            origin_mm,
            directions: [x, y],
            pixel_mm: [column_step, row_step],
            thickness_mm: spacing.unwrap_or(1.0),
        })
    }
}

impl Values {
    fn read(view: View, modality: Modality) -> Result<Self, String> {
        if view.find(tags::MODALITY_LUT_SEQUENCE).is_some() {
            return Err("whose values need a table (ModalityLUTSequence)".to_owned());
        }
        let line = (
            view.number(tags::RESCALE_SLOPE),
            view.number(tags::RESCALE_INTERCEPT),
        );
        let kind = view.text(tags::RESCALE_TYPE);
        let hounsfield = modality == Modality::Ct
            && line.0.is_some()
            && kind.is_none_or(|k| k.to_ascii_uppercase().starts_with("HU"));
        let slope = line.0.unwrap_or(1.0);
        if slope == 0.0 {
            return Err("of rescale slope 0".to_owned());
        }
        let stored = |tag| view.find(tag)?.to_int::<i64>().ok();
        let padding = stored(tags::PIXEL_PADDING_VALUE).map(|value| {
            let limit = stored(tags::PIXEL_PADDING_RANGE_LIMIT).unwrap_or(value);
            [value, limit]
        });
        Ok(Self {
            slope,
            intercept: line.1.unwrap_or(0.0),
            hounsfield,
            padding,
        })
    }
}
