//! Raw CT data on one screen.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::Details;
use super::show::row;
use crate::io::projections::{
    Beam, Content, DetectorShape, Flats, ProjectionHeader, ProjectionOptions, open_projections,
};

/// Raw CT data.
#[derive(Clone, Debug, Serialize)]
pub struct Projections {
    /// The header.
    pub header: ProjectionHeader,
    /// Flat and dark frames; 0 where they are stated and not measured, nothing where there are none.
    pub frames: Option<[usize; 2]>,
    /// Median over the bins of flat above dark, in the middle slice.
    pub flat_level: Option<f64>,
    /// Median over the bins of the mean dark.
    pub dark_level: Option<f64>,
    /// Least and greatest number of the middle slice.
    pub range: [f64; 2],
    /// Least and median noise-equivalent photons of the middle slice.
    pub photons: Option<[f64; 2]>,
    /// Dead bins of the middle slice.
    pub dead_bins: usize,
}

/// Reads the head and the middle slice.
pub(super) fn look(path: &Path) -> Details {
    let seen = open_projections(path, &ProjectionOptions::default()).and_then(|mut source| {
        let middle = source.header().slices / 2;
        Ok((source.slice(middle)?, source.flats(middle)?, source))
    });
    let (slice, flats, source) = match seen {
        Ok(seen) => seen,
        Err(error) => {
            return Details::Unreadable {
                header: None,
                problem: error.to_string(),
            };
        }
    };
    let photons = slice.photons.as_ref().map(|all| {
        let least = all.iter().copied().fold(f32::INFINITY, f32::min);
        [f64::from(least), median(all.iter().copied())]
    });
    let (low, high) = slice
        .data
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), &x| {
            (a.min(x), b.max(x))
        });
    let level = |of: fn(&Flats, usize) -> f32| {
        let bins = 0..source.header().bins;
        flats
            .as_ref()
            .map(|flats| median(bins.map(|bin| of(flats, bin))))
    };
    Details::Projections(Box::new(Projections {
        frames: flats.as_ref().map(|f| [f.flat_frames, f.dark_frames]),
        flat_level: level(|f, bin| f.flat_mean[bin] - f.dark_mean[bin]),
        dark_level: level(|f, bin| f.dark_mean[bin]),
        range: [f64::from(low), f64::from(high)],
        photons,
        dead_bins: slice.dead.iter().filter(|dead| **dead).count(),
        header: source.header().clone(),
    }))
}

fn median(numbers: impl Iterator<Item = f32>) -> f64 {
    let mut all: Vec<f32> = numbers.collect();
    all.sort_by(f32::total_cmp);
    all.get(all.len() / 2).copied().map_or(0.0, f64::from)
}

impl Projections {
    pub(super) fn show(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let h = &self.header;
        let unknown = || "not stated".to_owned();
        let number =
            |x: Option<f64>, unit: &str| x.map_or_else(unknown, |x| format!("{x:.4} {unit}"));
        let vendor = h.vendor.clone().unwrap_or_else(unknown);
        let position = h
            .patient_position
            .as_ref()
            .map_or(String::new(), |p| format!(", patient {p}"));
        row(f, "scanner", format!("{vendor}{position}"))?;
        row(
            f,
            "sinograms",
            format!("{} of {} views x {} bins", h.slices, h.views, h.bins),
        )?;
        row(f, "angles", self.angles())?;
        row(f, "beam", h.beam.map_or_else(unknown, beam))?;
        let centre = h
            .centre_column
            .map_or_else(unknown, |c| format!("at column {c:.3}"));
        let pitch = number(h.pitch_mm, "mm");
        row(f, "detector", format!("pitch {pitch}, axis {centre}"))?;
        row(f, "positions", self.positions())?;
        row(f, "content", self.content())?;
        row(f, "photons", self.photon_levels())?;
        let tube = h.kvp.map_or_else(unknown, |v| format!("{v} kVp"));
        let energy = h
            .energy_kev
            .map_or(String::new(), |e| format!(", effective {e} keV"));
        row(f, "tube", format!("{tube}{energy}"))?;
        row(f, "water", number(h.water_per_mm, "per mm"))?;
        if self.dead_bins > 0 {
            row(f, "dead bins", format!("{} of {}", self.dead_bins, h.bins))?;
        }
        h.warnings.iter().try_for_each(|w| row(f, "note", w))
    }

    fn angles(&self) -> String {
        let all = &self.header.angles_rad;
        let (Some(first), Some(last)) = (all.first(), all.last()) else {
            return "none".to_owned();
        };
        let assumed = if self.header.angles_known {
            ""
        } else {
            " (assumed)"
        };
        let step = (last - first) / (all.len().max(2) - 1) as f64;
        // Rounded before it is shown: no -0.000 for an angle that a file in f32 has just below 0.
        let degrees = |t: &f64| (1e3 * t.to_degrees()).round() / 1e3 + 0.0;
        format!(
            "{:.3} to {:.3} degrees, {:.4} a view{assumed}",
            degrees(first),
            degrees(last),
            step.to_degrees()
        )
    }

    fn positions(&self) -> String {
        match self.header.z_mm.as_deref() {
            Some([only]) => format!("z = {only:.2} mm"),
            Some([first, .., last]) => format!("z from {first:.2} to {last:.2} mm"),
            _ => "not stated".to_owned(),
        }
    }

    fn content(&self) -> String {
        let name = match self.header.content {
            Content::Counts => "counts",
            Content::LineIntegrals => "line integrals",
            Content::Transmission => "transmission",
        };
        let [low, high] = self.range;
        let frames = match self.frames {
            Some([0, 0]) => ", flats stated".to_owned(),
            Some([flat, dark]) => format!(", {flat} flat and {dark} dark frames"),
            None => String::new(),
        };
        format!("{name} from {low:.4} to {high:.4}{frames}")
    }

    fn photon_levels(&self) -> String {
        let mut parts = Vec::new();
        if let (Some(flat), Some(dark)) = (self.flat_level, self.dark_level) {
            parts.push(format!(
                "flat {flat:.1} above a dark of {dark:.1} (medians)"
            ));
        }
        if let Some([least, median]) = self.photons {
            parts.push(format!(
                "noise-equivalent {median:.1} (median), {least:.1} (least)"
            ));
        }
        match parts.is_empty() {
            true => "not stated".to_owned(),
            false => parts.join("; "),
        }
    }
}

fn beam(beam: Beam) -> String {
    match beam {
        Beam::Parallel => "parallel".to_owned(),
        Beam::Fan {
            source_mm,
            detector_mm,
            shape,
        } => {
            let shape = match shape {
                DetectorShape::Flat => "flat",
                DetectorShape::Curved => "curved",
            };
            format!(
                "fan, source {source_mm:.2} mm from the axis and {detector_mm:.2} mm from the {shape} detector"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::ct_pd_write::CtPdWriter;
    use crate::io::inspect;
    use crate::io::testing::shared;
    use dicom_core::VR;
    use dicom_dictionary_std::tags;
    use ndarray::Array2;

    #[test]
    fn a_scan_is_told_without_the_patient() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("scan");
        let options = ProjectionOptions {
            beam: Some(Beam::Fan {
                source_mm: 570.0,
                detector_mm: 1040.0,
                shape: DetectorShape::Curved,
            }),
            pitch_mm: Some(1.25),
            centre_column: Some(4.0),
            ..Default::default()
        };
        let mut header = ProjectionHeader::new("made", [1, 12, 9], &options);
        header.angles_rad = (0..12).map(f64::from).map(|i| i * 0.1).collect();
        let mut writer = CtPdWriter::create(&path, &header, "seed", false).unwrap();
        let lines = Array2::from_shape_fn([12, 9], |(v, b)| (v + b) as f32);
        let photons = Array2::from_elem([12, 9], 250.0);
        writer.line_integrals(0, &lines, Some(&photons)).unwrap();
        writer.finish().unwrap();
        for entry in std::fs::read_dir(&path).unwrap() {
            let file = entry.unwrap().path();
            let mut object = dicom_object::open_file(&file).unwrap();
            object.put_str(tags::PATIENT_NAME, VR::PN, "Doe^Jane");
            object.put_str(tags::PATIENT_ID, VR::LO, "4711");
            object.write_to_file(&file).unwrap();
        }
        let inspection = inspect(&path).unwrap();
        let (text, json) = (
            inspection.to_string(),
            serde_json::to_string(&inspection).unwrap(),
        );
        for part in [
            "DICOM-CT-PD",
            "1 of 12 views x 9 bins",
            "0.000 to 63.025 degrees, 5.7296 a view",
            "source 570.00 mm from the axis and 1040.00 mm from the curved detector",
            "pitch 1.2500 mm, axis at column 4.000",
            "line integrals from 0.0000 to 19.0000",
            "noise-equivalent 250.0 (median)",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        for secret in ["Doe", "Jane", "4711"] {
            assert!(
                !text.contains(secret) && !json.contains(secret),
                "{text} {json}"
            );
        }
        // What cannot be reconstructed is told with its reason.
        std::fs::remove_file(path.join("000005.dcm")).unwrap();
        let text = inspect(&path).unwrap().to_string();
        assert!(
            text.contains("cannot read") && text.contains("a view is missing"),
            "{text}"
        );
    }

    #[test]
    fn a_real_scan_fits_one_screen() {
        let Some(path) = shared("data/ct/tooth.h5") else {
            return;
        };
        let text = inspect(&path).unwrap().to_string();
        assert!(text.lines().count() <= 24, "{text}");
        for part in [
            "Data Exchange",
            "2 of 181 views x 640 bins",
            "0.000 to 179.006 degrees, 0.9945 a view",
            "counts from",
            "10 flat and 10 dark frames",
            "flat 27",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
