//! What is impossible in a CT scan, its image and its noise.

use super::Problems;
use crate::protocol::image::Image;
use crate::protocol::likelihood::Likelihood;
use crate::protocol::probe::Beam;
use crate::protocol::projections::Projections;
use crate::protocol::tomography::Detector;
use std::f64::consts::FRAC_PI_2;

/// A scan whose table is `[acquisition.NAME]`.
pub(super) fn scan(name: &str, scan: &Projections, problems: &mut Problems) {
    let key = |key: &str| format!("acquisition.{name}.{key}");
    problems.at_least(&key("views"), scan.views, 1);
    problems.finite(&key("first_angle_deg"), scan.first_angle_deg);
    problems.positive(&key("arc_deg"), scan.arc_deg);
    problems.at_least(&key("bins"), scan.bins, 1);
    problems.positive(&key("pitch_mm"), scan.pitch_mm);
    problems.positive(&key("photons"), scan.photons);
    problems.not_negative(&key("background"), scan.background);
    problems.not_negative(&key("electronic_noise"), scan.electronic_noise);
    problems.at_least(&key("slices"), scan.slices, 1);
    problems.positive(&key("slice_thickness_mm"), scan.slice_thickness_mm);
    problems.at_least(&key("flats"), scan.flats, 1);
    if let Some(energy_kev) = scan.energy_kev {
        let holds = (40.0..=140.0).contains(&energy_kev);
        problems.need(holds, &key("energy_kev"), energy_kev, "from 40 to 140 keV");
    }
    let sizes = scan.bins > 0 && scan.pitch_mm.is_finite() && scan.pitch_mm > 0.0;
    if sizes {
        axis(scan, key, problems);
        fan(scan, key, problems);
    }
}

/// Where the rotation axis lies: said once at most, and on the detector.
fn axis(scan: &Projections, key: impl Fn(&str) -> String, problems: &mut Problems) {
    if let (Some(_), Some(column)) = (scan.offset_mm, scan.centre_column) {
        let key = key("centre_column");
        let message = format!("`{key}` = {column}: give `offset_mm` or `centre_column`, not both");
        problems.add(&key, message);
        return;
    }
    let on_detector = (-0.5..=scan.bins as f64 - 0.5).contains(&scan.axis_column());
    if let Some(column) = scan.centre_column {
        let must = format!("a column of the detector, from 0 to {}", scan.bins - 1);
        problems.need(on_detector, &key("centre_column"), column, must);
    }
    if let Some(offset_mm) = scan.offset_mm {
        let most_mm = scan.bins as f64 * scan.pitch_mm / 2.0;
        let must = format!("at most {most_mm} either way: the detector still meets the axis");
        problems.need(on_detector, &key("offset_mm"), offset_mm, must);
    }
}

/// Distances of a fan, and whether its detector is one.
fn fan(scan: &Projections, key: impl Fn(&str) -> String, problems: &mut Problems) {
    let Beam::Fan {
        source_mm,
        detector_mm,
        detector,
    } = scan.beam
    else {
        return;
    };
    if !(source_mm.is_finite() && source_mm > 0.0) {
        problems.positive(&key("source_mm"), source_mm);
        return;
    }
    let holds = detector_mm.is_finite() && detector_mm >= source_mm;
    let must = format!(
        "from source to detector, so at least `source_mm` = {source_mm} (source to rotation axis)"
    );
    problems.need(holds, &key("detector_mm"), detector_mm, must);
    let axis = scan.axis_column();
    let widest_mm = (axis + 0.5).max(scan.bins as f64 - 0.5 - axis) * scan.pitch_mm;
    let most_mm = FRAC_PI_2 * detector_mm;
    if holds && detector == Detector::Curved && widest_mm >= most_mm {
        let must = format!(
            "so that {} bins stay within a right angle on either side of the central ray",
            scan.bins
        );
        problems.need(false, &key("pitch_mm"), scan.pitch_mm, must);
    }
}

/// The grid of the image, which the source has to go round.
pub(super) fn image(table: &Image, scan: Option<&Projections>, problems: &mut Problems) {
    let matrix = format!("[{}, {}]", table.matrix[0], table.matrix[1]);
    let holds = !table.matrix.contains(&0);
    problems.need(holds, "image.matrix", matrix, "at least 1 pixel an axis");
    problems.positive("image.pixel_mm", table.pixel_mm);
    for centre_mm in table.centre_mm {
        problems.finite("image.centre_mm", centre_mm);
    }
    if let Some(Beam::Fan { source_mm, .. }) = scan.map(|scan| scan.beam)
        && source_mm > 0.0
        && table.radius_mm() >= source_mm
    {
        let must = format!(
            "smaller: the farthest corner lies {:.1} mm from the axis, the source {source_mm} mm",
            table.radius_mm()
        );
        problems.need(false, "image.pixel_mm", table.pixel_mm, must);
    }
}

pub(super) fn likelihood(table: &Likelihood, problems: &mut Problems) {
    match table {
        Likelihood::Poisson(table) => {
            problems.not_negative("likelihood.poisson.edge_error", table.edge_error);
            problems.not_negative("likelihood.poisson.floor", table.floor);
        }
        Likelihood::Pwls(table) => {
            problems.not_negative("likelihood.pwls.edge_error", table.edge_error);
            problems.not_negative("likelihood.pwls.floor", table.floor);
        }
        Likelihood::Gaussian(table) => {
            if let Some(std) = table.std {
                problems.positive("likelihood.gaussian.std", std);
            }
        }
        Likelihood::Emission(table) => {
            problems.positive("likelihood.emission.gain", table.gain);
            problems.not_negative("likelihood.emission.background", table.background);
        }
        Likelihood::Rician(table) => problems.positive("likelihood.rician.std", table.std),
    }
}
