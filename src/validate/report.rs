//! `report.json` and `gates.toml` for machines; `report.html` for people is in html.rs.

use super::check::Check;
use super::error::ValidateError;
use super::evidence::Evidence;
use super::gate::Gate;
use super::run::Options;
use super::suite::Extent;
use crate::io::{IoError, atomic};
use crate::recon::{DeviceChoice, find_device};
use serde::Serialize;
use std::path::Path;

/// Files of the report.
pub(super) const FILES: [&str; 3] = ["report.json", "gates.toml", "report.html"];

/// What one check found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Name of the check.
    pub id: &'static str,
    /// Part of the toolkit.
    pub suite: &'static str,
    /// One line.
    pub title: &'static str,
    /// How long it took.
    pub seconds: f64,
    /// What it found.
    #[serde(flatten)]
    pub evidence: Evidence,
}

impl Finding {
    pub(super) fn new(check: &Check, evidence: Evidence, seconds: f64) -> Self {
        Finding {
            id: check.id,
            suite: check.suite.name(),
            title: check.title,
            seconds,
            evidence,
        }
    }
}

/// Everything that was found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Version of annulus.
    pub version: &'static str,
    /// Whether every gate was passed.
    pub passed: bool,
    /// `quick` or `whole`.
    pub extent: &'static str,
    /// Seed of everything.
    pub seed: u64,
    /// Threads.
    pub threads: usize,
    /// The machine: processor and operating system.
    pub machine: String,
    /// Where reconstructions ran: `cpu` or `cuda:N`.
    pub device: String,
    /// Seconds in all.
    pub seconds: f64,
    /// Check by check.
    pub findings: Vec<Finding>,
}

impl Report {
    pub(super) fn new(options: &Options, findings: Vec<Finding>) -> Self {
        Report {
            version: env!("CARGO_PKG_VERSION"),
            passed: findings.iter().all(|f| f.evidence.passed()),
            extent: options.extent.pick("quick", "whole"),
            seed: options.seed,
            threads: options.threads,
            machine: machine(),
            device: device(),
            seconds: findings.iter().map(|f| f.seconds).sum(),
            findings,
        }
    }

    /// Every gate, in order.
    pub fn gates(&self) -> impl Iterator<Item = &Gate> {
        self.findings.iter().flat_map(|f| &f.evidence.gates)
    }

    /// The gates that were not passed.
    pub fn closed(&self) -> Vec<&Gate> {
        self.gates().filter(|gate| !gate.passed).collect()
    }

    /// The command that repeats a check.
    pub(super) fn command(&self, check: &str) -> String {
        let quick = if self.extent == Extent::Quick.pick("quick", "whole") {
            " --quick"
        } else {
            ""
        };
        format!(
            "annulus validate{quick} --check {check} --seed {} --threads {} -o DIR",
            self.seed, self.threads
        )
    }

    /// Writes the three files, once all of them are made.
    pub(super) fn write(&self, folder: &Path) -> Result<(), ValidateError> {
        let [json, toml, html] = FILES.map(|name| folder.join(name));
        let mistake = "this is a mistake of the program: please report it";
        let bytes = self
            .json()
            .map_err(|e| IoError::new(&json, "a report to write", e, mistake))?;
        let gates = self
            .gates_toml()
            .map_err(|e| IoError::new(&toml, "gates to write", e, mistake))?;
        let page = self.html(folder)?;
        atomic::write(&json, &bytes, true)?;
        atomic::write(&toml, gates.as_bytes(), true)?;
        Ok(atomic::write(&html, page.as_bytes(), true)?)
    }

    /// Everything but the pixels.
    fn json(&self) -> serde_json::Result<Vec<u8>> {
        let light = |finding: &Finding| Finding {
            evidence: finding.evidence.without_pixels(),
            ..finding.clone()
        };
        serde_json::to_vec_pretty(&Report {
            findings: self.findings.iter().map(light).collect(),
            machine: self.machine.clone(),
            device: self.device.clone(),
            ..*self
        })
    }

    /// Every gate as a table of its own.
    fn gates_toml(&self) -> Result<String, toml::ser::Error> {
        #[derive(Serialize)]
        struct Gates<'a> {
            version: &'a str,
            extent: &'a str,
            seed: String,
            passed: bool,
            gate: Vec<&'a Gate>,
        }
        toml::to_string(&Gates {
            version: self.version,
            extent: self.extent,
            // TOML's integers have a sign.
            seed: self.seed.to_string(),
            passed: self.passed,
            gate: self.gates().collect(),
        })
    }

    /// The lines for standard output.
    pub fn words(&self) -> String {
        let (all, closed) = (self.gates().count(), self.closed());
        let mut words = String::new();
        for finding in &self.findings {
            let gates = &finding.evidence.gates;
            let passed = gates.iter().filter(|g| g.passed).count();
            words += &format!(
                "{:<18} {:>3} of {:<3} {:>7.1} s  {}\n",
                finding.id,
                passed,
                gates.len(),
                finding.seconds,
                finding.title
            );
        }
        for gate in &closed {
            words += &format!(
                "not passed: {}: {}: {}, expected {}\n",
                gate.id,
                gate.what,
                super::gate::number(gate.value),
                gate.limit.words()
            );
        }
        words
            + &format!(
                "{} of {all} gates passed in {:.0} s\n",
                all - closed.len(),
                self.seconds
            )
    }
}

/// The device that a reconstruction chooses.
pub(super) fn device() -> String {
    match find_device(DeviceChoice::Auto) {
        Ok(tch::Device::Cuda(n)) => format!("cuda:{n}"),
        _ => "cpu".into(),
    }
}

/// Processor and operating system, where the kernel says.
pub(super) fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map(|rest| rest.trim_start_matches([' ', '\t', ':']).to_owned())
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    format!("{model}, {}", std::env::consts::OS)
}
