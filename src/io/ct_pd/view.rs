//! One CT-PD file: what it says, without its pixels.

use std::path::{Path, PathBuf};

use dicom_dictionary_std::tags as standard;
use dicom_object::{DefaultDicomObject, OpenFileOptions};

use super::tags::{self, Published, code, numbers};
use crate::io::projections::DetectorShape;
use crate::io::{IoError, dicom_walk};

/// Detectors have up to a million elements.
const MAX_PIXELS: usize = 1 << 26;

/// What differs from view to view.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub path: PathBuf,
    /// InstanceNumber: the order of the views.
    pub instance: i64,
    pub angle_rad: f64,
    pub z_mm: f64,
}

/// What all views of a scan must have in common.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scan {
    pub series: String,
    /// Detector rows and columns.
    pub detector: [usize; 2],
    /// Rows and columns of the stored image.
    pub stored: [usize; 2],
    pub shape: DetectorShape,
    /// Between columns and between rows, at the detector.
    pub spacing_mm: [f64; 2],
    /// From the source to the axis and to the detector.
    pub source_mm: f64,
    pub source_to_detector_mm: f64,
    /// Column and row of the ray through the axis, counted from 1.
    pub central: [f64; 2],
    pub views_per_turn: Option<usize>,
    pub flags: Flags,
    pub water: Option<f64>,
    pub kvp: Option<f64>,
    pub spectrum: Option<i64>,
    pub vendor: Option<String>,
    pub patient_position: Option<String>,
}

/// Which corrections were made; nothing where the file does not say.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Flags {
    pub log: Option<bool>,
    pub flat: Option<bool>,
    /// Names of the corrections that were not made.
    pub missing: Vec<&'static str>,
}

/// Opens a file up to its pixels, or with them; never one whose lengths do not fit.
pub(super) fn open(path: &Path, pixels: bool) -> Result<DefaultDicomObject, IoError> {
    dicom_walk::check(path)?;
    let options = OpenFileOptions::new();
    let options = match pixels {
        true => options,
        false => options.read_until(standard::PIXEL_DATA),
    };
    options
        .open_file(path)
        .map_err(|e| dicom_walk::failed(path, &e))
}

/// Reads what a file says.
pub(super) fn read(path: &Path) -> Result<(View, Scan), IoError> {
    let object = open(path, false)?;
    let file = File {
        path,
        object: &object,
    };
    file.refuse_other_kinds()?;
    let detector = [
        file.size(tags::ROWS, "NumberofDetectorRows")?,
        file.size(tags::COLUMNS, "NumberofDetectorColumns")?,
    ];
    let view = View {
        path: path.to_owned(),
        instance: file.instance()?,
        angle_rad: file.number(tags::ANGLE, "DetectorFocalCenterAngularPosition")?,
        z_mm: file.number(tags::AXIAL_POSITION, "DetectorFocalCenterAxialPosition")?,
    };
    let turn = numbers(&object, tags::VIEWS_PER_TURN, Published::Us);
    let scan = Scan {
        series: file.text(standard::SERIES_INSTANCE_UID).unwrap_or_default(),
        detector,
        stored: [
            file.size(standard::ROWS, "Rows")?,
            file.size(standard::COLUMNS, "Columns")?,
        ],
        shape: file.shape()?,
        spacing_mm: [
            file.length(tags::SPACING, "DetectorElementTransverseSpacing")?,
            file.length(tags::SPACING_AXIAL, "DetectorElementAxialSpacing")?,
        ],
        source_mm: file.length(tags::SOURCE_RADIUS, "DetectorFocalCenterRadialDistance")?,
        source_to_detector_mm: file.length(tags::SOURCE_TO_DETECTOR, "ConstantRadialDistance")?,
        central: file.central()?,
        views_per_turn: turn.map(|n| n[0] as usize).filter(|&n| n > 0),
        flags: file.flags(),
        water: [tags::WATER, tags::WATER_OLD]
            .iter()
            .find_map(|&tag| numbers(&object, tag, Published::Ds))
            .map(|all| all[0]),
        kvp: numbers(&object, standard::KVP, Published::Ds).map(|all| all[0]),
        spectrum: numbers(&object, tags::SPECTRUM, Published::Us).map(|all| all[0] as i64),
        vendor: file.text(standard::MANUFACTURER),
        patient_position: code(&object, standard::PATIENT_POSITION),
    };
    check_sizes(path, &scan)?;
    if scan.source_to_detector_mm <= scan.source_mm {
        return Err(IoError::new(
            path,
            "a detector beyond the rotation axis",
            format!(
                "{} mm from source to axis, {} mm from source to detector",
                scan.source_mm, scan.source_to_detector_mm
            ),
            "the geometry is damaged: export the projections again",
        ));
    }
    Ok((view, scan))
}

/// The stored image must be the detector, upright or transposed, and of a size that exists.
fn check_sizes(path: &Path, scan: &Scan) -> Result<(), IoError> {
    let [rows, columns] = scan.detector;
    let is_detector = [[rows, columns], [columns, rows]].contains(&scan.stored);
    if is_detector && rows * columns <= MAX_PIXELS {
        return Ok(());
    }
    let [stored_rows, stored_columns] = scan.stored;
    Err(IoError::new(
        path,
        format!("an image of the detector's {rows} rows x {columns} columns, or transposed"),
        format!("{stored_rows} x {stored_columns}"),
        "the header is damaged: export the projections again",
    ))
}

struct File<'a> {
    path: &'a Path,
    object: &'a DefaultDicomObject,
}

impl File<'_> {
    /// Multi-frame files, flying focal spots and parallel beams.
    fn refuse_other_kinds(&self) -> Result<(), IoError> {
        let frames = numbers(self.object, standard::NUMBER_OF_FRAMES, Published::Ds);
        let grouped = self
            .object
            .get(standard::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
            .is_some();
        if grouped || frames.as_ref().is_some_and(|n| n[0] != 1.0) {
            return Err(IoError::new(
                self.path,
                "one view in each file",
                format!(
                    "multi-frame CT-PD with {} frames",
                    frames.map_or(0.0, |n| n[0])
                ),
                "split the frames into single files first",
            ));
        }
        if let Some(geometry) = code(self.object, tags::GEOMETRY).filter(|g| g.contains("PARALLEL"))
        {
            return Err(IoError::new(
                self.path,
                "a divergent beam",
                format!("the projection geometry {geometry}"),
                "write parallel projections as Data Exchange HDF5",
            ));
        }
        self.refuse_flying_spot()
    }

    /// The two dictionaries swap two of the shifts: an angle is far below 0.1, an axial shift above.
    fn refuse_flying_spot(&self) -> Result<(), IoError> {
        let shift = |tag| numbers(self.object, tag, Published::Fl).map_or(0.0, |all| all[0]);
        let (b, c, radial) = (
            shift(tags::SHIFT_B),
            shift(tags::SHIFT_C),
            shift(tags::SHIFT_RADIAL),
        );
        let mode = code(self.object, tags::FOCAL_SPOT_MODE).unwrap_or_else(|| "FFSNONE".to_owned());
        let still = [b, c, radial].iter().all(|x| x.abs() < 1e-6);
        if mode == "FFSNONE" && still {
            return Ok(());
        }
        let old = match mode.as_str() {
            "FFSZ" => b != 0.0 && c == 0.0,
            "FFSXY" => c != 0.0 && b == 0.0,
            _ => b.abs() > c.abs(),
        };
        let (angular, axial) = if old { (c, b) } else { (b, c) };
        let names = if old {
            ", by the names of dictionary version 8"
        } else {
            ""
        };
        Err(IoError::new(
            self.path,
            "a focal spot that stays (FFSNONE)",
            format!(
                "{mode}: the source moves by {angular} rad, {axial} mm along the axis and {radial} mm radially{names}"
            ),
            "a flying focal spot is not reconstructed here: rebin the projections to one focal spot first",
        ))
    }

    fn shape(&self) -> Result<DetectorShape, IoError> {
        match code(self.object, tags::SHAPE).as_deref() {
            Some("CYLINDRICAL") => Ok(DetectorShape::Curved),
            Some("FLAT") => Ok(DetectorShape::Flat),
            found => Err(IoError::new(
                self.path,
                "the detector shape CYLINDRICAL or FLAT",
                found.unwrap_or("none"),
                "rebin the projections to one of them first",
            )),
        }
    }

    fn flags(&self) -> Flags {
        let flag = |tag| match code(self.object, tag).as_deref() {
            Some("YES" | "Y" | "TRUE") => Some(true),
            Some("NO" | "N" | "FALSE") => Some(false),
            _ => None,
        };
        let named = [
            (tags::BEAM_HARDENING_FLAG, "beam hardening"),
            (tags::GAIN_FLAG, "gain"),
            (tags::DARK_FLAG, "dark"),
            (tags::FLAT_FLAG, "flat field"),
            (tags::BAD_PIXEL_FLAG, "bad pixels"),
            (tags::SCATTER_FLAG, "scatter"),
        ];
        let missing = named.iter().filter(|(tag, _)| flag(*tag) == Some(false));
        Flags {
            log: flag(tags::LOG_FLAG),
            flat: flag(tags::FLAT_FLAG),
            missing: missing.map(|(_, name)| *name).collect(),
        }
    }

    fn central(&self) -> Result<[f64; 2], IoError> {
        let all = numbers(self.object, tags::CENTRAL_ELEMENT, Published::Fl);
        match all.as_deref() {
            Some(&[column, row, ..]) if column.is_finite() && row.is_finite() => Ok([column, row]),
            found => Err(self.missing("DetectorCentralElement (column, row)", &found)),
        }
    }

    fn instance(&self) -> Result<i64, IoError> {
        let all = numbers(self.object, standard::INSTANCE_NUMBER, Published::Ds);
        match all.as_deref() {
            Some(&[n, ..]) if n.is_finite() && n.fract() == 0.0 && n.abs() < 1e15 => Ok(n as i64),
            found => Err(self.missing("InstanceNumber", &found)),
        }
    }

    fn number(&self, tag: dicom_core::Tag, name: &str) -> Result<f64, IoError> {
        let all = numbers(self.object, tag, Published::Fl);
        match all.as_deref() {
            Some(&[x, ..]) if x.is_finite() => Ok(x),
            found => Err(self.missing(name, &found)),
        }
    }

    fn length(&self, tag: dicom_core::Tag, name: &str) -> Result<f64, IoError> {
        let x = self.number(tag, name)?;
        if x > 0.0 {
            Ok(x)
        } else {
            Err(self.missing(name, &x))
        }
    }

    fn size(&self, tag: dicom_core::Tag, name: &str) -> Result<usize, IoError> {
        let all = numbers(self.object, tag, Published::Us);
        match all.as_deref() {
            Some(&[n, ..]) if (1.0..=65535.0).contains(&n) => Ok(n as usize),
            found => Err(self.missing(name, &found)),
        }
    }

    fn text(&self, tag: dicom_core::Tag) -> Option<String> {
        let text = self.object.get(tag)?.to_str().ok()?;
        let text = text.trim_matches(['\0', ' ']).to_owned();
        (!text.is_empty()).then_some(text)
    }

    fn missing(&self, name: &str, found: &dyn std::fmt::Debug) -> IoError {
        IoError::new(
            self.path,
            name,
            format!("{found:?}"),
            "this is no whole CT-PD file: export the projections again",
        )
    }
}
