//! `annulus inspect`.

use super::{Outcome, arguments::Inspect};
use crate::io::projections::{Beam, DetectorShape};
use crate::io::{Kind, ProjectionOptions, inspect, open_projections, recognise};
use crate::protocol;
use std::path::Path;

pub(super) fn run(a: &Inspect) -> Outcome {
    let found: Result<Vec<_>, _> = a.files.iter().map(|f| inspect(f)).collect();
    let found = found?;
    if a.json {
        return Ok(serde_json::to_string_pretty(&found)? + "\n");
    }
    let screens: Vec<String> = found
        .iter()
        .zip(&a.files)
        .map(|(i, file)| i.to_string().trim_end().to_owned() + &probe(file))
        .collect();
    Ok(screens.join("\n\n") + "\n")
}

/// Where a raw CT file puts a point, in words; empty for other files.
fn probe(path: &Path) -> String {
    let is_ct = matches!(
        recognise(path),
        Ok(Kind::CtPd | Kind::DataExchange | Kind::NxTomo | Kind::Lodopab)
    );
    // What is wrong with it `inspect` has said already.
    let Some(source) = is_ct
        .then(|| open_projections(path, &ProjectionOptions::default()).ok())
        .flatten()
    else {
        return String::new();
    };
    let header = source.header();
    let middle = (header.bins as f64 - 1.0) / 2.0;
    let mut missing = Vec::new();
    let beam = header.beam.map(beam).unwrap_or_else(|| {
        missing.push("parallel rays");
        protocol::Beam::Parallel
    });
    let pitch_mm = header.pitch_mm.unwrap_or_else(|| {
        missing.push("a pitch of 1 mm");
        1.0
    });
    let centre = header.centre_column.unwrap_or_else(|| {
        missing.push("the axis in the middle");
        middle
    });
    let angles_deg: Vec<f64> = header.angles_rad.iter().map(|t| t.to_degrees()).collect();
    let mut words = String::from("\n\ngeometry probe");
    if !missing.is_empty() {
        words += &format!(" (the file does not say all: with {})", missing.join(", "));
    }
    words + "\n" + protocol::probe(beam, &angles_deg, header.bins, pitch_mm, centre).trim_end()
}

fn beam(beam: Beam) -> protocol::Beam {
    match beam {
        Beam::Parallel => protocol::Beam::Parallel,
        Beam::Fan {
            source_mm,
            detector_mm,
            shape,
        } => protocol::Beam::Fan {
            source_mm,
            detector_mm,
            detector: match shape {
                DetectorShape::Flat => protocol::Detector::Flat,
                DetectorShape::Curved => protocol::Detector::Curved,
            },
        },
    }
}
