//! A CT scan: what the detector counts, and the file or folder with its truth.

use super::object::CtSource;
use super::scan::SimulateError;
use crate::io::{
    self, CtPdWriter, DataExchangeWriter, Flats, FrameCounts, NiftiWriter, ProjectionHeader,
    ProjectionOptions,
};
use crate::progress::Progress;
use crate::protocol::{self, Image, Projections};
use ndarray::Array2;
use phantoms::ct::{CtGrid, Exposure, Ray, ScanRays, darks, expected_counts, flats, noisy_counts};
use std::path::{Path, PathBuf};

/// A CT scan to simulate.
pub struct CtScan<'a> {
    /// The object.
    pub source: CtSource,
    /// What is acquired.
    pub projections: Projections,
    /// The grid of the truth: that of the reconstruction.
    pub image: &'a Image,
    /// Effective energy.
    pub energy_kev: f64,
    /// Seed of the noise.
    pub seed: u64,
    /// Slices `A..B` of the volume.
    pub slices: Option<(usize, usize)>,
    /// Raw data to write: `.h5` for Data Exchange, else a folder of CT-PD files.
    pub output: &'a Path,
    /// Whether to replace an earlier one.
    pub force: bool,
}

/// Writes the raw data, and `.truth.nii.gz` beside them, in HU on the grid of the reconstruction.
/// Returns the path of the truth.
pub fn simulate_ct(
    scan: &CtScan<'_>,
    progress: &Progress,
    interrupted: &dyn Fn() -> bool,
) -> Result<PathBuf, SimulateError> {
    let there = scan.source.slices(scan.projections.slices);
    let (from, to) = scan.slices.unwrap_or((0, there));
    if from >= to || to > there {
        return Err(SimulateError::Slices { from, to, there });
    }
    let grid = truth_grid(scan.image)?;
    let step_mm = scan
        .source
        .spacing_mm(there)
        .unwrap_or(scan.projections.slice_thickness_mm);
    let first_mm = scan.source.first_mm(there);
    let first_mm = first_mm.unwrap_or(-0.5 * step_mm * (there as f64 - 1.0));
    let z_mm: Vec<f64> = (from..to).map(|k| first_mm + k as f64 * step_mm).collect();
    let truth_path = scan.output.with_extension("truth.nii.gz");
    let mut truth = NiftiWriter::create(
        &truth_path,
        [grid.nx, grid.ny, to - from],
        &affine_lps_mm(&grid, z_mm[0], step_mm),
        "annulus truth, HU",
        scan.force,
    )?;
    let angles_rad = angles_rad(&scan.projections);
    let rays = rays(&scan.projections, &angles_rad);
    let mut raw = Raw::create(scan, &angles_rad, z_mm)?;
    let bar = progress.stage("simulating", (to - from) as u64);
    for (place, slice) in (from..to).enumerate() {
        if interrupted() {
            return Err(SimulateError::Interrupted);
        }
        let object = scan.source.slice(slice, there, &grid, scan.energy_kev)?;
        truth.slice(&object.truth_hu)?;
        let expected = expected_counts(object.attenuation.as_ref(), &rays, &raw.exposure)?;
        let electronic = scan.projections.electronic_noise;
        let counts = noisy_counts(&expected, electronic, scan.seed, slice as u32)?;
        raw.write(scan, place, slice, &counts.mapv(|n| n as f32))?;
        bar.step();
    }
    bar.finish();
    raw.finish()?;
    truth.finish()?;
    Ok(truth_path)
}

/// The truth lies around the rotation axis.
fn truth_grid(image: &Image) -> Result<CtGrid, SimulateError> {
    if image.centre_mm != [0.0, 0.0] {
        return Err(SimulateError::Request(
            "image.centre_mm: the truth is drawn around the rotation axis: expected [0, 0]".into(),
        ));
    }
    let [columns, rows] = image.matrix;
    Ok(CtGrid::new(rows, columns, image.pixel_mm)?)
}

/// Voxel (column, row, slice) to LPS in mm: x to the left, rows to the back.
fn affine_lps_mm(grid: &CtGrid, z_mm: f64, step_mm: f64) -> [[f64; 4]; 3] {
    [
        [grid.pixel_mm, 0.0, 0.0, grid.x_mm(0)],
        [0.0, grid.pixel_mm, 0.0, -grid.y_mm(0)],
        [0.0, 0.0, step_mm, z_mm],
    ]
}

fn angles_rad(projections: &Projections) -> Vec<f64> {
    let degrees = projections.angles_deg();
    degrees.into_iter().map(f64::to_radians).collect()
}

/// The rays of a protocol, worked out here and not by the reconstruction's own geometry.
fn rays<'a>(p: &Projections, angles_rad: &'a [f64]) -> ScanRays<'a> {
    let (centre, pitch_mm) = (p.axis_column(), p.pitch_mm);
    let views = angles_rad.len();
    match p.beam {
        protocol::Beam::Parallel => ScanRays::new(views, p.bins, move |view, bin, _| {
            Ray::parallel((bin - centre) * pitch_mm, angles_rad[view])
        }),
        protocol::Beam::Fan {
            source_mm,
            detector_mm,
            detector,
        } => ScanRays::new(views, p.bins, move |view, bin, _| {
            let u_mm = (bin - centre) * pitch_mm;
            // Across and along the central ray, towards the detector.
            let (across, along) = match detector {
                protocol::Detector::Flat => (u_mm, detector_mm),
                protocol::Detector::Curved => (u_mm / detector_mm).sin_cos(),
            };
            let (sin, cos) = angles_rad[view].sin_cos();
            Ray {
                origin_mm: [source_mm * sin, -source_mm * cos],
                direction: [across * cos - along * sin, across * sin + along * cos],
            }
        }),
    }
}

/// The raw data that are being written.
struct Raw {
    writer: Writer,
    /// Without scatter: a flat has no object to scatter.
    open: Exposure,
    exposure: Exposure,
}

enum Writer {
    DataExchange(DataExchangeWriter),
    CtPd(CtPdWriter),
}

impl Raw {
    fn create(
        scan: &CtScan<'_>,
        angles_rad: &[f64],
        z_mm: Vec<f64>,
    ) -> Result<Self, SimulateError> {
        let p = &scan.projections;
        let extension = scan.output.extension().and_then(|e| e.to_str());
        let is_file = matches!(extension, Some("h5" | "hdf5" | "hdf"));
        let options = ProjectionOptions {
            beam: Some(beam(p.beam)),
            pitch_mm: Some(p.pitch_mm),
            centre_column: Some(p.axis_column()),
            content: Some(io::Content::Counts),
            energy_kev: Some(scan.energy_kev),
            water_per_mm: Some(phantoms::ct::mu_per_mm(
                phantoms::ct::Material::Water,
                scan.energy_kev,
            )?),
            ..ProjectionOptions::default()
        };
        let kind = if is_file { "data-exchange" } else { "ct-pd" };
        let mut header = ProjectionHeader::new(kind, [z_mm.len(), p.views, p.bins], &options);
        header.angles_rad = angles_rad.to_vec();
        header.z_mm = Some(z_mm);
        header.patient_position = Some("HFS".into());
        header.photons_per_count = Some(1.0);
        let frames = FrameCounts {
            flat: p.flats,
            dark: p.darks,
        };
        let writer = if is_file {
            let made = DataExchangeWriter::create(scan.output, &header, frames, scan.force)?;
            Writer::DataExchange(made)
        } else {
            if p.beam == protocol::Beam::Parallel {
                return Err(SimulateError::Request(format!(
                    "{}: a folder of CT-PD files holds a fan beam; for parallel rays name an .h5 \
                     file",
                    scan.output.display()
                )));
            }
            let seed = format!("{:?} {:?} {}", p, scan.source.name(), scan.seed);
            Writer::CtPd(CtPdWriter::create(scan.output, &header, &seed, scan.force)?)
        };
        let exposure = Exposure {
            photons: p.photons,
            background: p.background,
            electronic: p.electronic_noise,
        };
        let open = Exposure {
            background: 0.0,
            ..exposure
        };
        Ok(Raw {
            writer,
            open,
            exposure,
        })
    }

    fn write(
        &mut self,
        scan: &CtScan<'_>,
        place: usize,
        slice: usize,
        counts: &Array2<f32>,
    ) -> Result<(), SimulateError> {
        let p = &scan.projections;
        let narrow = |frames: Array2<f64>| frames.mapv(|n| n as f32);
        match &mut self.writer {
            Writer::DataExchange(writer) => {
                let flat = flats(p.bins, p.flats, &self.open, scan.seed, slice as u32)?;
                let dark = darks(p.bins, p.darks, &self.open, scan.seed, slice as u32)?;
                writer.slice(place, counts, &narrow(flat), &narrow(dark))?;
            }
            Writer::CtPd(writer) => {
                let mut stated = Flats::stated(p.bins, p.photons);
                let variance = self.open.electronic.powi(2) as f32;
                stated.dark_variance.fill(variance);
                writer.counts(place, counts, &stated)?;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<(), SimulateError> {
        match self.writer {
            Writer::DataExchange(writer) => writer.finish()?,
            Writer::CtPd(writer) => writer.finish()?,
        }
        Ok(())
    }
}

fn beam(beam: protocol::Beam) -> io::Beam {
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
