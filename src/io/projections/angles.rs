//! The angles of the views: their unit, their order, and what cannot be.

use std::f64::consts::{PI, TAU};
use std::path::Path;

use serde::Serialize;

use super::{Beam, IoError, ProjectionHeader, ProjectionOptions};

/// From so many views on, angles that all lie within 2π can hardly be degrees.
const MANY_VIEWS: usize = 16;
/// Angles closer than this are the same view.
const SAME_RAD: f64 = 1e-6;

/// The unit of angles in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AngleUnit {
    /// 360 to a turn.
    Degrees,
    /// 2π to a turn.
    Radians,
}

/// Which way the columns of a CT-PD detector run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnOrder {
    /// As published: a higher column turns the ray counter-clockwise around the source.
    Published,
    /// The other way round.
    Reversed,
}

/// `first + arc i / n`: the last view is one step before the end of the arc.
pub(in crate::io) fn angles_from_arc(
    views: usize,
    options: &ProjectionOptions,
) -> Option<Vec<f64>> {
    let arc = options.arc_rad?;
    let first = options.first_angle_rad.unwrap_or(0.0);
    let angle = |i: usize| first + arc * i as f64 / views as f64;
    Some((0..views).map(angle).collect())
}

/// A file's angles in radians. A unit that the numbers contradict is an error, unless the options insist.
pub(in crate::io) fn to_radians(
    path: &Path,
    values: Vec<f64>,
    named: Option<&str>,
    options: &ProjectionOptions,
) -> Result<Vec<f64>, IoError> {
    if let Some((view, angle)) = values.iter().enumerate().find(|(_, x)| !x.is_finite()) {
        return Err(IoError::new(
            path,
            "a finite angle for each view",
            format!("{angle} at view {view}"),
            "correct the angles, or remove them: the arc of the protocol is used then",
        ));
    }
    let unit = match (options.angle_unit, named.map(unit_named)) {
        (Some(unit), _) => return Ok(scaled(values, unit)),
        (None, Some(Some(unit))) => unit,
        (None, None) => AngleUnit::Degrees,
        (None, Some(None)) => {
            return Err(IoError::new(
                path,
                "angles in degrees or radians",
                format!("the unit {:?}", named.unwrap_or_default()),
                "set the unit of the angles in the file to degrees or radians",
            ));
        }
    };
    let (low, high) = extent(&values);
    let named = named.map_or("no unit, which means degrees".to_owned(), |n| {
        format!("the unit {n:?}")
    });
    let found = format!(
        "{named}, and {} views from {low:.6} to {high:.6}",
        values.len()
    );
    // Views that all stand at one angle are another mistake, which check_angles names.
    let looks_like_radians = values.len() >= MANY_VIEWS && high > low && high - low <= TAU + 0.1;
    match unit {
        AngleUnit::Degrees if looks_like_radians => Err(IoError::new(
            path,
            "angles in degrees that cover more than 6.4 degrees",
            found,
            "they look like radians: set the unit of the angles in the file to radians",
        )),
        AngleUnit::Radians if high - low > 8.0 * PI && values.len() >= 2 => Err(IoError::new(
            path,
            "angles in radians of a few turns at most",
            found,
            "they look like degrees: set the unit of the angles in the file to degrees",
        )),
        unit => Ok(scaled(values, unit)),
    }
}

fn unit_named(name: &str) -> Option<AngleUnit> {
    let name = name.trim().to_lowercase();
    match name.as_str() {
        "" | "deg" | "degs" | "degree" | "degrees" | "°" => Some(AngleUnit::Degrees),
        "rad" | "rads" | "radian" | "radians" => Some(AngleUnit::Radians),
        _ => None,
    }
}

fn scaled(values: Vec<f64>, unit: AngleUnit) -> Vec<f64> {
    match unit {
        AngleUnit::Radians => values,
        AngleUnit::Degrees => values.into_iter().map(f64::to_radians).collect(),
    }
}

fn extent(values: &[f64]) -> (f64, f64) {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (low, high)
}

/// Refuses views that all stand at one angle, and disorder with repeats; other disorder is a warning.
pub(in crate::io) fn check_angles(
    path: &Path,
    angles_rad: &[f64],
    warnings: &mut Vec<String>,
) -> Result<(), IoError> {
    let (low, high) = extent(angles_rad);
    let views = angles_rad.len();
    if views > 1 && high - low < SAME_RAD {
        return Err(IoError::new(
            path,
            "views from different angles",
            format!("{views} views at {:.4} degrees", low.to_degrees()),
            "the angles are missing: remove these, and the arc of the protocol is used",
        ));
    }
    let steps = || angles_rad.windows(2).map(|pair| pair[1] - pair[0]);
    let monotone = steps().all(|d| d > -SAME_RAD) || steps().all(|d| d < SAME_RAD);
    let mut sorted = angles_rad.to_vec();
    sorted.sort_by(f64::total_cmp);
    let same = |pair: &[f64]| pair[1] - pair[0] < SAME_RAD;
    let repeats = sorted.windows(2).filter(|pair| same(pair)).count();
    match (monotone, repeats) {
        (true, 0) => {}
        (true, n) => warnings.push(format!("{n} views repeat the angle of another one")),
        (false, 0) => warnings.push("the angles are not in order; all are distinct".to_owned()),
        (false, n) => {
            let at = sorted.windows(2).find(|pair| same(pair));
            return Err(IoError::new(
                path,
                "angles in order, or all distinct",
                format!(
                    "{n} repeated angles out of order, such as {:.4} degrees",
                    at.map_or(0.0, |pair| pair[0].to_degrees())
                ),
                "the angles do not belong to these views: correct them, or remove them: the arc of the protocol is used then",
            ));
        }
    }
    Ok(())
}

/// Says so where the last view looks along the first one's rays again; it is kept.
pub(in crate::io) fn note_end_view(header: &mut ProjectionHeader) {
    let (Some(first), Some(last)) = (header.angles_rad.first(), header.angles_rad.last()) else {
        return;
    };
    let turns = (last - first).abs() / TAU;
    let near = |x: f64| (x - x.round()).abs() < 1e-6 && x.round() >= 1.0;
    let fan = matches!(header.beam, Some(Beam::Fan { .. }));
    let found = match (near(turns), near(2.0 * turns) && !fan) {
        (true, _) => format!("{:.0} degrees", 360.0 * turns),
        (false, true) => format!("{:.0} degrees (mirrored)", 360.0 * turns),
        _ => return,
    };
    header.warnings.push(format!(
        "the last view repeats the first one after {found}; it is kept, with its own noise"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::testing::message;

    fn spread(n: usize, top: f64) -> Vec<f64> {
        (0..n).map(|i| top * i as f64 / n as f64).collect()
    }

    #[test]
    fn units_are_taken_as_named_and_contradictions_are_refused() {
        let path = Path::new("a.h5");
        let plain = ProjectionOptions::default();
        let read = |values, named| to_radians(path, values, named, &plain);
        let half = read(spread(180, 180.0), Some("degrees")).unwrap();
        assert!((half[90] - PI / 2.0).abs() < 1e-12);
        assert_eq!(read(spread(180, PI), Some("Rad")).unwrap(), spread(180, PI));
        assert_eq!(read(spread(180, 180.0), None).unwrap(), half);
        assert!(message(read(spread(180, PI), Some("deg"))).contains("look like radians"));
        assert!(message(read(spread(180, PI), None)).contains("look like radians"));
        assert!(message(read(spread(180, 180.0), Some("radians"))).contains("look like degrees"));
        assert!(message(read(spread(180, 180.0), Some("gon"))).contains("\"gon\""));
        assert!(message(read(vec![0.0, f64::NAN], None)).contains("NaN at view 1"));
        let sure = ProjectionOptions {
            angle_unit: Some(AngleUnit::Radians),
            ..plain.clone()
        };
        assert_eq!(
            to_radians(path, spread(180, PI), Some("deg"), &sure).unwrap()[9],
            spread(180, PI)[9]
        );
        // A few views may well lie within 6 degrees.
        assert!(read(spread(5, 5.0), Some("degrees")).is_ok());
    }

    #[test]
    fn order_is_a_warning_and_repeats_out_of_order_are_an_error() {
        let path = Path::new("a.h5");
        let check = |angles: &[f64]| {
            let mut warnings = Vec::new();
            check_angles(path, angles, &mut warnings).map(|()| warnings)
        };
        assert!(check(&[0.0, 0.1, 0.2]).unwrap().is_empty());
        assert!(check(&[0.2, 0.1, 0.0]).unwrap().is_empty());
        assert!(check(&[0.0, 0.2, 0.1]).unwrap()[0].contains("not in order"));
        assert!(check(&[0.0, 0.1, 0.1]).unwrap()[0].contains("1 views repeat"));
        assert!(message(check(&[0.0, 0.2, 0.1, 0.2])).contains("repeated"));
        assert!(message(check(&[0.0, 0.0, 0.0])).contains("3 views at 0.0000"));
        assert!(check(&[0.0]).unwrap().is_empty());
    }

    #[test]
    fn the_end_view_is_noted() {
        let note = |angles: Vec<f64>, beam| {
            let mut header =
                ProjectionHeader::new("npy", [1, angles.len(), 3], &Default::default());
            (header.angles_rad, header.beam) = (angles, beam);
            note_end_view(&mut header);
            header.warnings.join(" ")
        };
        let fan = Some(Beam::Fan {
            source_mm: 1.0,
            detector_mm: 2.0,
            shape: super::super::DetectorShape::Flat,
        });
        assert!(note(vec![0.0, 1.0, TAU], None).contains("360 degrees;"));
        assert!(note(vec![1.0, 2.0, 1.0 + PI], None).contains("180 degrees (mirrored)"));
        assert!(note(vec![0.0, 1.0, PI], fan).is_empty());
        assert!(note(vec![0.0, 1.0, 3.0], None).is_empty());
    }
}
