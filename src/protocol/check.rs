//! The second pass: what is well-formed TOML and still impossible. All of it, not the first.

use super::acquisition::{Acquisition, Cartesian, Pattern};
use super::error::Problem;
use super::method::{Bridge, CgSense, Dps, Unconditional};
use super::methods;
use super::preparation::{Espirit, Sensitivities};
use super::{Modality, Protocol};
use std::fmt::Display;

/// Everything that is impossible in a protocol.
pub(super) fn check(protocol: &Protocol) -> Vec<Problem> {
    let mut problems = Problems(Vec::new());
    run(protocol, &mut problems);
    modality(protocol, &mut problems);
    if let Some(Acquisition::Cartesian(table)) = &protocol.acquisition {
        cartesian(table, &mut problems);
        undersampling(table, &mut problems);
    }
    if let Some(std) = protocol.preparation.noise_std {
        problems.positive("preparation.noise_std", std);
    }
    if let Some(Sensitivities::Espirit(table)) = &protocol.sensitivities {
        espirit(table, &mut problems);
    }
    if let Some(table) = &protocol.method.cg_sense {
        cg_sense(table, &mut problems);
    }
    if let Some(table) = &protocol.method.dps {
        dps(table, &mut problems);
    }
    if let Some(table) = &protocol.method.bridge {
        bridge(table, &mut problems);
    }
    if let Some(table) = &protocol.method.unconditional {
        unconditional(table, &mut problems);
    }
    problems.0
}

/// A list of problems, and the questions that add to it.
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, key: &str, message: String) {
        self.0.push(Problem {
            key: key.to_string(),
            place: None,
            message,
        });
    }

    fn need(&mut self, holds: bool, key: &str, value: impl Display, must: impl Display) {
        if !holds {
            self.add(key, format!("`{key}` = {value}: must be {must}"));
        }
    }

    fn at_least(&mut self, key: &str, value: usize, least: usize) {
        self.need(value >= least, key, value, format!("at least {least}"));
    }

    fn positive(&mut self, key: &str, value: f64) {
        let holds = value.is_finite() && value > 0.0;
        self.need(holds, key, value, "a finite number above 0");
    }

    fn not_negative(&mut self, key: &str, value: f64) {
        let holds = value.is_finite() && value >= 0.0;
        self.need(holds, key, value, "a finite number, 0 or more");
    }
}

fn run(protocol: &Protocol, problems: &mut Problems) {
    let run = &protocol.run;
    let tables = protocol.method.tables();
    let Ok(method) = protocol.selected() else {
        problems.add("run", format!("`run`: {}", methods::refusal(run)));
        return;
    };
    if !tables.contains(&run.as_str()) {
        let there = match tables.as_slice() {
            [] => "there is no [method.*] table".to_string(),
            _ => format!("there is: {}", tables.join(", ")),
        };
        let message = format!("`run` = \"{run}\": the table [method.{run}] is not there ({there})");
        problems.add("run", message);
    }
    let model = protocol.prior.as_ref().map(|prior| prior.model.trim());
    if method.needs_prior() && model.is_none() {
        let message = format!(
            "`run` = \"{run}\" needs a score model: add [prior] model = \"NAME\", or --set prior.model=NAME (`annulus prior list`)"
        );
        problems.add("run", message);
    }
    if model == Some("") {
        problems.add("prior.model", "`prior.model` is empty".to_string());
    }
}

fn modality(protocol: &Protocol, problems: &mut Problems) {
    if protocol.modality == Modality::Mri {
        return;
    }
    let only_mri = [
        (protocol.acquisition.is_some(), "acquisition.cartesian"),
        (protocol.sensitivities.is_some(), "sensitivities.espirit"),
    ];
    for (there, key) in only_mri {
        if there {
            let message = format!("[{key}] belongs to `modality` = \"mri\"");
            problems.add(key, message);
        }
    }
}

fn cartesian(table: &Cartesian, problems: &mut Problems) {
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
fn undersampling(table: &Cartesian, problems: &mut Problems) {
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

fn espirit(table: &Espirit, problems: &mut Problems) {
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

fn cg_sense(table: &CgSense, problems: &mut Problems) {
    problems.not_negative("method.cg-sense.lambda", table.lambda);
    problems.at_least("method.cg-sense.iterations", table.iterations, 1);
}

fn dps(table: &Dps, problems: &mut Problems) {
    if let (Some(_), Some(zeta)) = (table.weight, table.zeta) {
        let message = format!("`method.dps.zeta` = {zeta}: give `weight` or `zeta`, not both");
        problems.add("method.dps.zeta", message);
    }
    if let Some(zeta) = table.zeta {
        problems.not_negative("method.dps.zeta", zeta);
    }
    if let Some(clip) = table.clip {
        problems.positive("method.dps.clip", clip);
    }
    problems.at_least("method.dps.steps", table.steps, 2);
    problems.at_least("method.dps.samples", table.samples, 1);
    problems.positive("method.dps.sigma_max", table.sigma_max);
    problems.at_least("method.dps.cg_iterations", table.cg_iterations, 1);
}

fn bridge(table: &Bridge, problems: &mut Problems) {
    problems.at_least("method.bridge.levels", table.levels, 2);
    problems.at_least("method.bridge.samples", table.samples, 1);
    problems.positive("method.bridge.guard", table.guard);
    problems.positive("method.bridge.sigma_max", table.sigma_max);
    problems.at_least("method.bridge.cg_iterations", table.cg_iterations, 1);
    if let Some(start) = table.start_sigma {
        let holds = start > 0.0 && start <= table.sigma_max;
        let must = format!("above 0 and at most `sigma_max` = {}", table.sigma_max);
        problems.need(holds, "method.bridge.start_sigma", start, must);
    }
}

fn unconditional(table: &Unconditional, problems: &mut Problems) {
    problems.at_least("method.unconditional.levels", table.levels, 2);
    problems.at_least("method.unconditional.samples", table.samples, 1);
}

#[cfg(test)]
mod tests {
    use super::super::{Protocol, ProtocolError};

    const BRAIN: &str = include_str!("../../protocols/mri/brain-cartesian-r4.toml");

    /// The keys that the check refuses once these arguments are set.
    fn refused(arguments: &[&str]) -> Vec<String> {
        let mut protocol = Protocol::parse(BRAIN, "brain").unwrap();
        match protocol.set_all(arguments) {
            Ok(()) => Vec::new(),
            Err(ProtocolError::Invalid(problems)) => problems.into_iter().map(|p| p.key).collect(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn each_impossible_value_is_refused_by_its_key() {
        for argument in [
            "acquisition.cartesian.matrix=[0, 192]",
            "acquisition.cartesian.fov_mm=[220, -1]",
            "acquisition.cartesian.slices=0",
            "acquisition.cartesian.slice_thickness_mm=nan",
            "acquisition.cartesian.coils=0",
            "acquisition.cartesian.acceleration=0.5",
            "acquisition.cartesian.acceleration=9",
            "acquisition.cartesian.acceleration=inf",
            "acquisition.cartesian.calibration_lines=193",
            "acquisition.cartesian.snr=0",
            "acquisition.cartesian.readout_oversampling=0",
            "acquisition.cartesian.noise_correlation=1",
            "preparation.noise_std=0",
            "sensitivities.espirit.calibration=5",
            "sensitivities.espirit.kernel=1",
            "sensitivities.espirit.threshold=1",
            "sensitivities.espirit.crop=-0.1",
            "prior.model=",
            "method.cg-sense.lambda=-0.1",
            "method.cg-sense.iterations=0",
            "method.dps.zeta=-1",
            "method.dps.clip=0",
            "method.dps.steps=1",
            "method.dps.samples=0",
            "method.dps.sigma_max=inf",
            "method.dps.cg_iterations=0",
            "method.bridge.levels=1",
            "method.bridge.samples=0",
            "method.bridge.guard=0",
            "method.bridge.start_sigma=11",
            "method.bridge.sigma_max=0",
            "method.bridge.cg_iterations=0",
            "method.unconditional.levels=1",
            "method.unconditional.samples=0",
            "run=unconditional",
            "run=tv",
        ] {
            let key = argument.split('=').next().unwrap();
            assert_eq!(refused(&[argument]), [key], "{argument}");
        }
    }

    #[test]
    fn keys_that_exclude_each_other() {
        let full = "acquisition.cartesian.pattern=full";
        assert_eq!(refused(&[full]), ["acquisition.cartesian.acceleration"]);
        assert!(refused(&[full, "acquisition.cartesian.acceleration=1"]).is_empty());
        let both = ["method.dps.weight=sigma", "method.dps.zeta=1"];
        assert_eq!(refused(&both), ["method.dps.zeta"]);
        assert_eq!(refused(&["modality=ct"]).len(), 2);
    }

    #[test]
    fn a_sampler_needs_a_prior() {
        let text = "title = \"t\"\nmodality = \"mri\"\nrun = \"dps\"\n[method.dps]\n";
        let said = Protocol::parse(text, "x.toml").unwrap_err().to_string();
        assert!(
            said.starts_with("x.toml:3:1: `run` = \"dps\" needs"),
            "{said}"
        );
    }

    #[test]
    fn all_problems_come_at_once_each_with_its_line() {
        let text = BRAIN
            .replace("acceleration = 4.0", "acceleration = 0.5")
            .replace("levels = 20", "levels = 1")
            .replace("run = \"bridge\"", "run = \"cg-sense\"")
            .replace(
                "[method.cg-sense]\nlambda = 0.01\niterations = 30\n",
                "[method.zero-filled]\n",
            );
        let said = Protocol::parse(&text, "x.toml").unwrap_err().to_string();
        assert_eq!(said.lines().count(), 3, "{said}");
        for (line, start) in said.lines().zip(["run = ", "acceleration = ", "levels = "]) {
            let at = text
                .lines()
                .position(|line| line.starts_with(start))
                .unwrap()
                + 1;
            assert!(line.starts_with(&format!("x.toml:{at}:1: ")), "{line}");
        }
        assert!(
            said.contains("[method.cg-sense] is not there (there is: zero-filled, dps, bridge)")
        );
    }
}
