//! The geometry of a scan: what the raw file says, and the protocol where it does not.

use super::super::ReconError;
use crate::io::projections::AngleUnit;
use crate::io::{self, ProjectionHeader, ProjectionOptions, ProjectionSource, open_projections};
use crate::protocol::{self, Image, Projections};
use operators::ct::{Beam, Detector, Geometry, Grid, Shape};
use std::path::Path;

/// Opens raw data; what the file does not say of its geometry, the protocol does.
pub(super) fn open(
    path: &Path,
    acquisition: Option<&Projections>,
    preparation: &protocol::Preparation,
) -> Result<Box<dyn ProjectionSource>, ReconError> {
    let mut options = ProjectionOptions {
        photons: preparation.photons,
        angle_unit: preparation.angle_unit.map(|unit| match unit {
            protocol::AngleUnit::Degrees => AngleUnit::Degrees,
            protocol::AngleUnit::Radians => AngleUnit::Radians,
        }),
        content: preparation.content.map(|content| match content {
            protocol::Content::Counts => io::Content::Counts,
            protocol::Content::LineIntegrals => io::Content::LineIntegrals,
            protocol::Content::Transmission => io::Content::Transmission,
        }),
        ..ProjectionOptions::default()
    };
    if let (protocol::Angles::Protocol, Some(a)) = (preparation.angles, acquisition) {
        options.first_angle_rad = Some(a.first_angle_deg.to_radians());
        options.arc_rad = Some(a.signed_arc_deg().to_radians());
    }
    let source = open_projections(path, &options)?;
    let Some(a) = acquisition else {
        return Ok(source);
    };
    let header = source.header();
    if !header.angles_known {
        options.first_angle_rad = Some(a.first_angle_deg.to_radians());
        options.arc_rad = Some(a.signed_arc_deg().to_radians());
    }
    if header.beam.is_none() {
        options.beam = Some(to_file(a.beam));
    }
    if header.pitch_mm.is_none() {
        options.pitch_mm = Some(a.pitch_mm);
    }
    if header.centre_column.is_none() {
        options.centre_column = a.stated_centre_column(header.bins);
    }
    Ok(open_projections(path, &options)?)
}

/// The beam of a file from that of a protocol.
fn to_file(beam: protocol::Beam) -> io::Beam {
    match beam {
        protocol::Beam::Parallel => io::Beam::Parallel,
        protocol::Beam::Fan {
            source_mm,
            detector_mm,
            detector,
        } => io::Beam::Fan {
            source_mm,
            detector_mm,
            shape: match detector {
                protocol::Detector::Flat => io::DetectorShape::Flat,
                protocol::Detector::Curved => io::DetectorShape::Curved,
            },
        },
    }
}

/// The beam of an operator from that of a file.
fn of_file(beam: io::Beam) -> Beam {
    match beam {
        io::Beam::Parallel => Beam::Parallel,
        io::Beam::Fan {
            source_mm,
            detector_mm,
            shape,
        } => Beam::Fan {
            source_mm,
            detector_mm,
            shape: match shape {
                io::DetectorShape::Flat => Shape::Flat,
                io::DetectorShape::Curved => Shape::Curved,
            },
        },
    }
}

/// Beam, detector and grid of a volume; angles come with each slice.
#[derive(Clone, Debug)]
pub(in super::super) struct ScanGeometry {
    pub(super) grid: Grid,
    beam: Beam,
    bins: usize,
    pitch_mm: f64,
    /// The column that the axis is seen in, where anything says it.
    pub(super) centre_column: Option<f64>,
    /// Whether every length comes from file or protocol.
    pub(super) known: bool,
}

impl ScanGeometry {
    /// The file's own numbers, the protocol's where it has none, and what is left of a default.
    pub(super) fn merge(
        header: &ProjectionHeader,
        acquisition: Option<&Projections>,
        image: Option<&Image>,
        warnings: &mut Vec<String>,
    ) -> Result<Self, ReconError> {
        let stated = acquisition.map(|a| of_file(to_file(a.beam)));
        let beam = match (header.beam.map(of_file), stated) {
            (Some(file), Some(protocol)) if differ(file, protocol) => {
                warnings.push(format!(
                    "the protocol's beam is {}, the file's {}: the file's is used",
                    in_words(protocol),
                    in_words(file)
                ));
                file
            }
            (Some(beam), _) | (None, Some(beam)) => beam,
            (None, None) => Beam::Parallel,
        };
        let pitch_mm = header.pitch_mm.or(acquisition.map(|a| a.pitch_mm));
        if pitch_mm.is_none() {
            warnings.push(
                "neither the file nor the protocol says the pitch of the detector: 1 mm is \
                 assumed, and attenuation is per that; give [acquisition.parallel] pitch_mm"
                    .into(),
            );
        }
        // A protocol's lengths may be assumptions; only a file's are those of the scan.
        let known = header.pitch_mm.is_some() && header.beam.is_some();
        let pitch_mm = pitch_mm.unwrap_or(1.0);
        let centre_column = header
            .centre_column
            .or_else(|| acquisition.and_then(|a| a.stated_centre_column(header.bins)));
        let grid = match image {
            Some(image) => of_image(image),
            None => default_grid(beam, header.bins, pitch_mm),
        };
        Ok(ScanGeometry {
            grid,
            beam,
            bins: header.bins,
            pitch_mm,
            centre_column,
            known,
        })
    }

    /// The geometry of a protocol alone; without `[image]` an image of `shape` (rows, columns).
    pub(in super::super) fn of_protocol(
        protocol: &protocol::Protocol,
        shape: Option<[usize; 2]>,
    ) -> Result<Geometry, ReconError> {
        let acquisition = protocol.acquisition.as_ref();
        let Some(a) = acquisition.and_then(protocol::Acquisition::projections) else {
            let why = "the protocol says nothing of a CT acquisition: add [acquisition.parallel] \
                       or [acquisition.fan]";
            return Err(ReconError::Request(why.into()));
        };
        let beam = of_file(to_file(a.beam));
        let mut grid = match &protocol.image {
            Some(image) => of_image(image),
            None => default_grid(beam, a.bins, a.pitch_mm),
        };
        if let (None, Some([rows, columns])) = (&protocol.image, shape) {
            grid = Grid::new(rows, columns, grid.pixel_mm);
        }
        let scan = ScanGeometry {
            grid,
            beam,
            bins: a.bins,
            pitch_mm: a.pitch_mm,
            centre_column: Some(a.axis_column()),
            known: true,
        };
        scan.at(a.angles_deg().into_iter().map(f64::to_radians).collect())
    }

    /// Whether rays are parallel: the axis can then be found in the data.
    pub(super) fn is_parallel(&self) -> bool {
        self.beam == Beam::Parallel
    }

    /// The column of the axis: what is known, or the middle.
    pub(super) fn axis_column(&self) -> f64 {
        self.centre_column.unwrap_or((self.bins as f64 - 1.0) / 2.0)
    }

    /// The geometry of a slice with the given angles.
    pub(super) fn at(&self, angles_rad: Vec<f64>) -> Result<Geometry, ReconError> {
        let offset_mm = ((self.bins as f64 - 1.0) / 2.0 - self.axis_column()) * self.pitch_mm;
        let detector = Detector::new(self.bins, self.pitch_mm).shifted(offset_mm);
        Geometry::new(self.grid, self.beam, detector, angles_rad)
            .map_err(|e| ReconError::Request(format!("geometry: {e}")))
    }

    /// Voxel (column, row, slice) to LPS in mm.
    pub(super) fn affine_lps_mm(
        &self,
        z_mm: &[f64],
        thickness_mm: f64,
        position: Position,
    ) -> [[f64; 4]; 3] {
        let [x, y] = self.grid.point_mm(0.0, 0.0);
        let [dy, dx] = self.grid.pixel_mm;
        let dz = spacing_mm(z_mm).unwrap_or(thickness_mm);
        let z = z_mm.first().copied().unwrap_or(0.0);
        let [left, back, up] = position.signs;
        [
            [left * dx, 0.0, 0.0, left * x],
            [0.0, back * dy, 0.0, -back * y],
            [0.0, 0.0, up * dz, up * z],
        ]
    }
}

/// How the patient lies in the gantry: signs of gantry x, down and z along left, posterior and
/// superior.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    signs: [f64; 3],
}

impl Position {
    /// By DICOM's name; on the back, head first, where nothing says it.
    pub(super) fn of(name: Option<&str>) -> Result<Self, ReconError> {
        let signs = match name.map(str::trim).unwrap_or("HFS") {
            "HFS" | "" => [1.0, 1.0, 1.0],
            "FFS" => [-1.0, 1.0, -1.0],
            "HFP" => [-1.0, -1.0, 1.0],
            "FFP" => [1.0, -1.0, -1.0],
            other => {
                return Err(ReconError::Request(format!(
                    "the patient lies {other:?}: this build places HFS, FFS, HFP and FFP"
                )));
            }
        };
        Ok(Position { signs })
    }
}

/// The mean distance of slices; none of one slice.
pub(super) fn spacing_mm(z_mm: &[f64]) -> Option<f64> {
    match z_mm {
        [first, .., last] => Some((last - first) / (z_mm.len() as f64 - 1.0)),
        _ => None,
    }
}

/// Refuses positions that no volume of even slices has.
pub(super) fn check_even(z_mm: &[f64]) -> Result<(), ReconError> {
    let Some(step) = spacing_mm(z_mm) else {
        return Ok(());
    };
    let off = |p: &[f64]| (p[1] - p[0] - step).abs() > 0.01 * step.abs().max(0.01);
    match z_mm.windows(2).position(off) {
        None => Ok(()),
        Some(k) => Err(ReconError::Request(format!(
            "slices {k} and {} are {:.3} mm apart, the mean distance is {step:.3} mm: choose evenly \
             spaced ones with --slices of a scan that was split",
            k + 1,
            z_mm[k + 1] - z_mm[k]
        ))),
    }
}

fn of_image(image: &Image) -> Grid {
    let [columns, rows] = image.matrix;
    let pixel_mm = [image.pixel_mm, image.pixel_mm];
    Grid::new(rows, columns, pixel_mm).centred_at(image.centre_mm)
}

/// Pixels of the pitch (at the axis) that cover what the detector sees.
fn default_grid(beam: Beam, bins: usize, pitch_mm: f64) -> Grid {
    let pixel_mm = match beam {
        Beam::Parallel => pitch_mm,
        Beam::Fan {
            source_mm,
            detector_mm,
            ..
        } => pitch_mm * source_mm / detector_mm,
    };
    // The square inside the circle of a fan keeps clear of the source.
    Grid::new(bins, bins, [pixel_mm, pixel_mm])
}

fn in_words(beam: Beam) -> String {
    let Beam::Fan {
        source_mm,
        detector_mm,
        shape,
    } = beam
    else {
        return "parallel".into();
    };
    let shape = match shape {
        Shape::Flat => "flat",
        Shape::Curved => "curved",
    };
    format!("a fan ({source_mm:.1} mm to the axis, {detector_mm:.1} mm to a {shape} detector)")
}

fn differ(a: Beam, b: Beam) -> bool {
    match (a, b) {
        (Beam::Parallel, Beam::Parallel) => false,
        (
            Beam::Fan {
                source_mm: r,
                detector_mm: d,
                shape: s,
            },
            Beam::Fan {
                source_mm: q,
                detector_mm: e,
                shape: t,
            },
        ) => (r - q).abs() > 0.1 || (d - e).abs() > 0.1 || s != t,
        _ => true,
    }
}
