//! The geometry probe: where a scan puts a point, in words that a user can hold against the data.

use super::tomography::Detector;
use std::fmt::Write;

/// How the rays of one view run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Beam {
    /// Parallel rays.
    Parallel,
    /// Rays from one point.
    Fan {
        /// From the source to the rotation axis.
        source_mm: f64,
        /// From the source to the detector.
        detector_mm: f64,
        /// Shape of the detector.
        detector: Detector,
    },
}

/// The column, from 0 and as a fraction, on which the point `[x, y]` falls at the angle `t`.
///
/// With `s = x cos t + y sin t`, parallel rays have `u = s`. A fan comes from
/// `source_mm (sin t, -cos t)`; the angle γ from its central ray to the point, towards
/// `+u = (cos t, sin t)`, gives `u = detector_mm tan γ` on a flat detector and `detector_mm γ` on
/// a curved one. The column is `centre_column + u / pitch_mm`.
pub fn column(
    beam: Beam,
    angle_deg: f64,
    [x_mm, y_mm]: [f64; 2],
    pitch_mm: f64,
    centre_column: f64,
) -> f64 {
    let (sin, cos) = angle_deg.to_radians().sin_cos();
    let across_mm = x_mm * cos + y_mm * sin;
    let u_mm = match beam {
        Beam::Parallel => across_mm,
        Beam::Fan {
            source_mm,
            detector_mm,
            detector,
        } => {
            let along_mm = source_mm - x_mm * sin + y_mm * cos;
            match detector {
                Detector::Flat => detector_mm * across_mm / along_mm,
                Detector::Curved => detector_mm * across_mm.atan2(along_mm),
            }
        }
    };
    centre_column + u_mm / pitch_mm
}

/// A few lines on any scan, a protocol's or a file's: where two points land in the first view and
/// in one a quarter of the way on, and which way the angles go. Empty without views.
pub fn probe(
    beam: Beam,
    angles_deg: &[f64],
    bins: usize,
    pitch_mm: f64,
    centre_column: f64,
) -> String {
    let Some(first_deg) = angles_deg.first() else {
        return String::new();
    };
    let later = angles_deg.len() / 4;
    let at_mm = probe_mm(beam, bins, pitch_mm, centre_column);
    let lands = |angle_deg, point_mm| column(beam, angle_deg, point_mm, pitch_mm, centre_column);
    let mut text = format!(
        "the rotation axis lies in column {centre_column:.2} of {bins} (from 0); columns count \
         along +u = (cos t, sin t)\n"
    );
    for (name, point_mm) in [
        (format!("x = +{at_mm} mm, y = 0"), [at_mm, 0.0]),
        (format!("x = 0, y = +{at_mm} mm"), [0.0, at_mm]),
    ] {
        let column = lands(*first_deg, point_mm);
        let _ = write!(
            text,
            "a point at {name} lands in column {column:.2} of view 0 (t = {first_deg:.1} deg)"
        );
        if later > 0 {
            let (angle_deg, column) = (angles_deg[later], lands(angles_deg[later], point_mm));
            let _ = write!(
                text,
                " and {column:.2} of view {later} (t = {angle_deg:.1} deg)"
            );
        }
        text.push('\n');
    }
    text.push_str(direction(angles_deg));
    text
}

/// Which way the angles go.
fn direction(angles_deg: &[f64]) -> &'static str {
    let steps = || angles_deg.windows(2).map(|pair| pair[1] - pair[0]);
    if angles_deg.len() < 2 {
        ""
    } else if steps().all(|step| step > 0.0) {
        "angles increase: counter-clockwise, from x towards y, with x to the right and y up\n"
    } else if steps().all(|step| step < 0.0) {
        "angles decrease: clockwise, from y towards x, with x to the right and y up\n"
    } else {
        "angles go up and down\n"
    }
}

/// A round distance from the axis that every view sees: 50 mm, or as much as fits.
fn probe_mm(beam: Beam, bins: usize, pitch_mm: f64, centre_column: f64) -> f64 {
    let edges_mm =
        [centre_column + 0.5, bins as f64 - 0.5 - centre_column].map(|columns| columns * pitch_mm);
    let seen_mm = edges_mm.map(|u_mm| match beam {
        Beam::Parallel => u_mm,
        Beam::Fan {
            source_mm,
            detector_mm,
            detector,
        } => match detector {
            Detector::Flat => source_mm * (u_mm / detector_mm).atan().sin(),
            Detector::Curved => source_mm * (u_mm / detector_mm).sin(),
        },
    });
    let most_mm = seen_mm[0].min(seen_mm[1]) / 2.0;
    if !(most_mm > 0.0 && most_mm < 50.0) {
        return 50.0;
    }
    let power_mm = 10f64.powi(most_mm.log10().floor() as i32);
    let fits = |digit: &f64| digit * power_mm <= most_mm;
    [5.0, 2.0, 1.0].into_iter().find(fits).unwrap_or(1.0) * power_mm
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: (usize, f64, f64) = (368, 2.5716, 183.25);

    fn head(detector: Detector) -> Beam {
        Beam::Fan {
            source_mm: 595.0,
            detector_mm: 1085.6,
            detector,
        }
    }

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9, "{a} is not {b}");
    }

    #[test]
    fn worked_numbers() {
        close(
            column(Beam::Parallel, 0.0, [50.0, 0.0], 2.0, 183.25),
            208.25,
        );
        close(
            column(Beam::Parallel, 90.0, [0.0, 50.0], 2.0, 183.25),
            208.25,
        );
        close(column(Beam::Parallel, 30.0, [0.0, 50.0], 2.0, 0.0), 12.5);
        // γ = atan(50 / 595): 91.0131 mm of arc, 91.2269 mm on the line
        let (_, pitch_mm, centre) = HEAD;
        let at = |detector| column(head(detector), 0.0, [50.0, 0.0], pitch_mm, centre);
        assert!((at(Detector::Curved) - 218.642).abs() < 5e-4);
        assert!((at(Detector::Flat) - 218.725).abs() < 5e-4);
    }

    /// The ray through the source and the detector's point of that column meets the point: the
    /// formula against vectors.
    #[test]
    fn the_point_lies_on_the_ray_of_its_column() {
        let (source_mm, detector_mm, pitch_mm, centre) = (595.0, 1085.6, 1.3, 100.0);
        for (angle_deg, x, y) in [(0.0, 50.0, -7.0), (33.0, -80.0, 41.0), (250.0, 3.0, 99.0)] {
            let (sin, cos) = f64::to_radians(angle_deg).sin_cos();
            let source = [source_mm * sin, -source_mm * cos];
            for detector in [Detector::Flat, Detector::Curved] {
                let u = (column(head(detector), angle_deg, [x, y], pitch_mm, centre) - centre)
                    * pitch_mm;
                let (across, along) = match detector {
                    Detector::Flat => (u, detector_mm),
                    Detector::Curved => {
                        let (s, c) = (u / detector_mm).sin_cos();
                        (detector_mm * s, detector_mm * c)
                    }
                };
                let ray = [across * cos - along * sin, across * sin + along * cos];
                let [dx, dy] = [x - source[0], y - source[1]];
                let sine = (ray[0] * dy - ray[1] * dx) / (ray[0].hypot(ray[1]) * dx.hypot(dy));
                assert!(sine.abs() < 1e-12, "{detector:?} {angle_deg}: {sine}");
                assert!(ray[0] * dx + ray[1] * dy > 0.0, "behind the source");
            }
        }
    }

    #[test]
    fn a_far_source_is_a_parallel_beam() {
        for detector in [Detector::Flat, Detector::Curved] {
            let far = Beam::Fan {
                source_mm: 1e9,
                detector_mm: 1e9,
                detector,
            };
            let fan = column(far, 40.0, [20.0, 30.0], 0.5, 7.0);
            let parallel = column(Beam::Parallel, 40.0, [20.0, 30.0], 0.5, 7.0);
            assert!((fan - parallel).abs() < 1e-4, "{fan} {parallel}");
        }
    }

    #[test]
    fn the_words_carry_the_numbers() {
        let (bins, pitch_mm, centre) = HEAD;
        let angles_deg: Vec<f64> = (0..60).map(|view| f64::from(view) * 6.0).collect();
        let beam = head(Detector::Curved);
        let text = probe(beam, &angles_deg, bins, pitch_mm, centre);
        for part in [
            "the rotation axis lies in column 183.25 of 368",
            "x = +50 mm, y = 0 lands in column 218.64 of view 0 (t = 0.0 deg) and 183.25 of view 15",
            "x = 0, y = +50 mm lands in column 183.25 of view 0",
            "and 218.64 of view 15 (t = 90.0 deg)",
            "angles increase: counter-clockwise",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        let back: Vec<f64> = angles_deg.iter().map(|t| -t).collect();
        assert!(probe(beam, &back, bins, pitch_mm, centre).contains("angles decrease: clockwise"));
    }

    #[test]
    fn odd_lists_of_views() {
        let say = |angles_deg: &[f64]| probe(Beam::Parallel, angles_deg, 640, 1.0, 296.0);
        assert_eq!(say(&[]), "");
        assert_eq!(say(&[5.0]).lines().count(), 3);
        assert!(say(&[0.0, 2.0, 1.0, 3.0]).ends_with("angles go up and down\n"));
    }

    #[test]
    fn the_point_is_one_that_the_detector_sees() {
        let small = |pitch_mm| probe_mm(Beam::Parallel, 640, pitch_mm, 296.0);
        assert_eq!(small(1.0), 50.0);
        assert_eq!(small(0.1), 10.0);
        assert_eq!(small(0.006), 0.5);
        assert_eq!(probe_mm(Beam::Parallel, 640, 1.0, -40.0), 50.0);
        assert_eq!(probe_mm(Beam::Parallel, 0, 1.0, f64::NAN), 50.0);
    }
}
