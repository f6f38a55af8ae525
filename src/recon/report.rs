//! `report.json` for scripts, `report.html` for people: what was done, and how well it fits.

use super::output::within;
use super::{Noise, Plan, ReconError};
use crate::io::atomic;
use crate::metrics::Metrics;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Seconds of one stage.
#[derive(Debug, Serialize)]
pub(super) struct StageTime {
    pub(super) name: &'static str,
    pub(super) seconds: f64,
}

/// One slice of the report.
#[derive(Debug, Serialize)]
pub(super) struct SliceReport {
    pub(super) index: usize,
    pub(super) misfit: Option<f64>,
    pub(super) steps: usize,
    pub(super) network_evaluations: usize,
    pub(super) seconds: f64,
    pub(super) metrics: Option<Metrics>,
}

/// An input and its hash.
#[derive(Debug, Serialize)]
pub(super) struct Input {
    pub(super) path: String,
    pub(super) sha256: String,
}

/// The prior, as the report names it.
#[derive(Debug, Serialize)]
pub(super) struct PriorReport {
    pub(super) name: String,
    pub(super) weights_sha256: String,
    pub(super) training_set: String,
    /// Units of the whitened data that are one unit of the prior.
    pub(super) unit: f64,
    /// Its denoising error on this image over that on its card, at the stated σ.
    pub(super) error_over_card: Option<f64>,
}

/// Everything that is known about a run.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) version: &'static str,
    pub(super) command: String,
    pub(super) inputs: Vec<Input>,
    pub(super) protocol: Value,
    pub(super) method: &'static str,
    pub(super) seed: u64,
    pub(super) device: String,
    pub(super) threads: usize,
    pub(super) scale: f64,
    pub(super) noise_std: f64,
    pub(super) noise_rule: String,
    pub(super) noise_estimated: bool,
    pub(super) adjoint_gap: Option<f64>,
    pub(super) prior: Option<PriorReport>,
    pub(super) affine_lps_mm: [[f64; 4]; 3],
    pub(super) geometry_known: bool,
    pub(super) stages: Vec<StageTime>,
    pub(super) peak_memory_bytes: u64,
    pub(super) slices: Vec<SliceReport>,
    pub(super) metrics: Option<Metrics>,
    /// The same metrics for zero-filling and CG-SENSE of the same data.
    pub(super) beside: Vec<(&'static str, Metrics)>,
    pub(super) warnings: Vec<String>,
}

impl Report {
    /// A report with what is known before the first slice.
    pub(super) fn new(plan: &Plan, noise: &Noise) -> Result<Self, ReconError> {
        let sha256 = crate::io::sha256(&plan.options.input)?;
        let path = plan.options.input.display().to_string();
        Ok(Report {
            version: env!("CARGO_PKG_VERSION"),
            command: plan.options.command.clone(),
            inputs: vec![Input { path, sha256 }],
            protocol: plan.protocol.to_json()?,
            method: plan.method.name(),
            seed: plan.options.seed,
            device: format!("{:?}", plan.device).to_lowercase(),
            threads: plan.options.threads,
            scale: noise.scale,
            noise_std: noise.scale,
            noise_rule: noise.rule.clone(),
            noise_estimated: noise.estimated,
            adjoint_gap: None,
            prior: None,
            affine_lps_mm: [[0.0; 4]; 3],
            geometry_known: true,
            stages: Vec::new(),
            peak_memory_bytes: 0,
            slices: Vec::new(),
            metrics: None,
            beside: Vec::new(),
            warnings: Vec::new(),
        })
    }

    /// Writes both files.
    pub(super) fn write(&self, plan: &Plan, pictures: &[PathBuf]) -> Result<(), ReconError> {
        let folder = &plan.options.output;
        let json = serde_json::to_vec_pretty(self)
            .map_err(|e| ReconError::Request(format!("report.json: {e}")))?;
        let path = within(folder, "report.json");
        atomic::write(&path, &json, plan.options.force)?;
        let html = self.html(pictures);
        atomic::write(
            &within(folder, "report.html"),
            html.as_bytes(),
            plan.options.force,
        )
        .inspect_err(|_| drop(std::fs::remove_file(&path)))?;
        Ok(())
    }

    /// One self-contained page.
    fn html(&self, pictures: &[PathBuf]) -> String {
        let mut page = String::from(HEAD);
        let _ = write!(page, "<h1>annulus recon: {}</h1>", escape(self.method));
        let _ = write!(page, "<p><code>{}</code></p>", escape(&self.command));
        for warning in &self.warnings {
            let _ = write!(page, "<p class=warn>{}</p>", escape(warning));
        }
        page.push_str("<div class=pictures>");
        for path in pictures {
            let Ok(bytes) = std::fs::read(path) else {
                continue;
            };
            let name = path
                .file_stem()
                .map(|s| s.to_string_lossy())
                .unwrap_or_default();
            let _ = write!(
                page,
                "<figure><img src=\"data:image/png;base64,{}\" alt=\"{name}\">\
                 <figcaption>{name}</figcaption></figure>",
                base64(&bytes)
            );
        }
        page.push_str("</div>");
        self.metrics_table(&mut page);
        self.slice_table(&mut page);
        let facts = [
            (
                "noise",
                format!("{}; deviation {:.4e}", self.noise_rule, self.noise_std),
            ),
            (
                "scale",
                format!(
                    "image value = {:.6e} x image of the whitened data",
                    self.scale
                ),
            ),
            (
                "seed, device, threads",
                format!("{}, {}, {}", self.seed, self.device, self.threads),
            ),
            (
                "adjoint gap",
                self.adjoint_gap
                    .map_or("not measured".into(), |g| format!("{g:.1e}")),
            ),
            (
                "prior",
                self.prior.as_ref().map_or("none".into(), |p| {
                    format!(
                        "{} ({}); {}",
                        p.name,
                        &p.weights_sha256[..12],
                        p.training_set
                    )
                }),
            ),
            (
                "input",
                self.inputs
                    .iter()
                    .map(|i| format!("{} {}", i.path, i.sha256))
                    .collect(),
            ),
            ("version", self.version.into()),
        ];
        page.push_str("<h2>How</h2><table>");
        for (name, value) in facts {
            let _ = write!(page, "<tr><th>{name}</th><td>{}</td></tr>", escape(&value));
        }
        page.push_str("</table>");
        page
    }

    fn metrics_table(&self, page: &mut String) {
        let Some(own) = &self.metrics else { return };
        page.push_str(
            "<h2>Against the truth</h2><p>Magnitudes, after one real scale; range: the volume's \
             maximum; SSIM: 7 x 7 uniform windows.</p>\
             <table><tr><th></th><th>PSNR dB</th><th>SSIM</th><th>NMSE</th></tr>",
        );
        let all = self.beside.iter().copied().chain([(self.method, *own)]);
        for (name, m) in all {
            let _ = write!(
                page,
                "<tr><th>{name}</th><td>{:.2}</td><td>{:.4}</td><td>{:.5}</td></tr>",
                m.psnr, m.ssim, m.nmse
            );
        }
        page.push_str("</table>");
    }

    fn slice_table(&self, page: &mut String) {
        page.push_str(
            "<h2>Slices</h2><p>Misfit: squared whitened residual per real measurement, mean over \
             the samples; 1 is calibrated.</p><table><tr><th>slice</th><th>misfit</th>\
             <th>PSNR dB</th><th>network evaluations</th><th>seconds</th></tr>",
        );
        let number =
            |v: Option<f64>, digits: usize| v.map_or("-".to_owned(), |v| format!("{v:.digits$}"));
        for s in &self.slices {
            let _ = write!(
                page,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{:.1}</td></tr>",
                s.index,
                number(s.misfit, 3),
                number(s.metrics.map(|m| m.psnr), 2),
                s.network_evaluations,
                s.seconds
            );
        }
        page.push_str("</table>");
    }
}

const HEAD: &str = "<!doctype html><meta charset=utf-8><title>annulus recon</title><style>\
body{font:15px system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#222}\
table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.2em .6em;text-align:left}\
.pictures{display:flex;flex-wrap:wrap;gap:1em}figure{margin:0}img{max-width:32em;width:100%}\
.warn{background:#fff3cd;padding:.5em}code{background:#f4f4f4;padding:.1em .3em}</style>";

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// RFC 4648.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0u32, |w, b| w << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= chunk.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    out
}

/// The largest resident memory of this process so far, from the kernel; 0 where it does not say.
pub(super) fn peak_memory_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kib = line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_of_the_rfc() {
        let pairs = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ];
        for (plain, coded) in pairs {
            assert_eq!(super::base64(plain.as_bytes()), coded);
        }
    }
}
