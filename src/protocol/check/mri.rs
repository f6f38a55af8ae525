//! What is impossible in an MRI scan and its sensitivities.

use super::Problems;
use crate::protocol::acquisition::{Cartesian, Pattern};
use crate::protocol::preparation::Espirit;

pub(super) fn cartesian(table: &Cartesian, problems: &mut Problems) {
    let key = |key: &str| format!("acquisition.cartesian.{key}");
    let matrix = format!("[{}, {}]", table.matrix[0], table.matrix[1]);
    let holds = !table.matrix.contains(&0);
    problems.need(holds, &key("matrix"), matrix, "at least 1 pixel an axis");
    for fov in table.fov_mm {
        problems.positive(&key("fov_mm"), fov);
    }
    problems.at_least(&key("slices"), table.slices, 1);
    problems.positive(&key("slice_thickness_mm"), table.slice_thickness_mm);
    problems.at_least(&key("coils"), table.coils, 1);
    problems.positive(&key("snr"), table.snr);
    problems.at_least(&key("readout_oversampling"), table.readout_oversampling, 1);
    let correlation = table.noise_correlation;
    let holds = (0.0..1.0).contains(&correlation);
    let must = "from 0 to below 1";
    problems.need(holds, &key("noise_correlation"), correlation, must);
}

/// Acceleration, calibration and pattern: each alone, then whether they can all be had.
pub(super) fn undersampling(table: &Cartesian, problems: &mut Problems) {
    let key = |key: &str| format!("acquisition.cartesian.{key}");
    let [readout, phase] = table.matrix;
    let (r, lines) = (table.acceleration, table.calibration_lines);
    let holds = r.is_finite() && r >= 1.0;
    problems.need(holds, &key("acceleration"), r, "a finite number, 1 or more");
    let (room, axis) = match table.pattern {
        Pattern::Poisson => (readout.min(phase), "the smaller axis of `matrix`"),
        _ => (phase, "the phase-encoding axis of `matrix`"),
    };
    let must = format!("at most {room}, {axis}");
    problems.need(lines <= room, &key("calibration_lines"), lines, must);
    if !holds || lines > room {
        return;
    }
    let (wanted, all) = match table.pattern {
        Pattern::Random => (lines as f64, phase as f64),
        Pattern::Poisson => (lines.pow(2) as f64, readout as f64 * phase as f64),
        Pattern::Equispaced => return,
        Pattern::Full => {
            let must = "1 with `pattern` = \"full\"";
            problems.need(r == 1.0, &key("acceleration"), r, must);
            return;
        }
    };
    let must = format!(
        "at most {:.2} with {lines} calibration lines",
        all / wanted.max(1.0)
    );
    problems.need(wanted * r <= all, &key("acceleration"), r, must);
}

pub(super) fn espirit(table: &Espirit, problems: &mut Problems) {
    let key = |key: &str| format!("sensitivities.espirit.{key}");
    problems.at_least(&key("kernel"), table.kernel, 2);
    let must = format!("at least `kernel` = {}", table.kernel);
    let holds = table.calibration >= table.kernel;
    problems.need(holds, &key("calibration"), table.calibration, must);
    let holds = table.threshold > 0.0 && table.threshold < 1.0;
    let must = "above 0 and below 1";
    problems.need(holds, &key("threshold"), table.threshold, must);
    let holds = (0.0..1.0).contains(&table.crop);
    problems.need(holds, &key("crop"), table.crop, "from 0 to below 1");
}
