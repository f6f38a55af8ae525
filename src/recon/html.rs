//! The report for people: one self-contained page.

use super::geometry::picture;
use super::report::Report;
use super::texture::Found;
use crate::plot::escape;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::fmt::Write as _;
use std::path::PathBuf;

impl Report {
    /// The page, with the pictures inside.
    pub(super) fn html(&self, pictures: &[PathBuf]) -> String {
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
                BASE64.encode(&bytes)
            );
        }
        page.push_str("</div>");
        self.hu_table(&mut page);
        self.metrics_table(&mut page);
        self.averaging(&mut page);
        self.slice_table(&mut page);
        self.nuisance(&mut page);
        self.geometry(&mut page);
        self.facts_table(&mut page);
        page
    }

    fn facts_table(&self, page: &mut String) {
        let facts = [
            (
                "noise",
                match self.noise_std {
                    Some(std) => format!("{}; deviation {std:.4e}", self.noise_rule),
                    None => self.noise_rule.clone(),
                },
            ),
            ("units", format!("{}; scale {:.6e}", self.units, self.scale)),
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
                "texture beside the prior",
                self.prior
                    .as_ref()
                    .and_then(|p| p.texture.as_ref())
                    .map_or("none".into(), Found::words),
            ),
            (
                "input",
                self.inputs
                    .iter()
                    .map(|i| format!("{} {}", i.path, i.sha256))
                    .collect(),
            ),
            (
                "samples",
                match (self.claim, self.effective_samples) {
                    (Some(claim), Some(n)) => format!("{claim}; {n} independent"),
                    (claim, _) => claim.unwrap_or("none").into(),
                },
            ),
            ("version", self.version.into()),
        ];
        page.push_str("<h2>How</h2><table>");
        for (name, value) in facts {
            let _ = write!(page, "<tr><th>{name}</th><td>{}</td></tr>", escape(&value));
        }
        page.push_str("</table>");
    }

    fn geometry(&self, page: &mut String) {
        let seen = || self.slices.iter().filter(|s| !s.geometry.is_empty());
        if seen().next().is_none() {
            return;
        }
        page.push_str(
            "<h2>Geometry of the sampler</h2><p>How far each state lies from the image that the prior \
             sees in it, over what its noise level says. Far from the second curve the prior is asked \
             about images that it was not trained on.</p><div class=pictures>",
        );
        for s in seen().take(PLOTS) {
            let _ = write!(page, "<figure>{}</figure>", picture(s.index, &s.geometry));
        }
        page.push_str("</div>");
    }

    fn nuisance(&self, page: &mut String) {
        let slices = self.slices.iter();
        let found: Vec<_> = slices
            .filter_map(|s| s.nuisance.as_ref().map(|n| (s.index, n)))
            .collect();
        let Some((_, first)) = found.first() else {
            return;
        };
        let _ = write!(
            page,
            "<h2>Unknown beside the image: {}</h2><p>{}. Posterior mean and deviation.</p>\
             <table><tr><th>slice</th><th>mean</th><th>deviation</th></tr>",
            first.name, first.unit
        );
        for (index, nuisance) in &found {
            let [mean, std] = nuisance.cells();
            let _ = write!(
                page,
                "<tr><td>{index}</td><td>{mean}</td><td>{std}</td></tr>"
            );
        }
        page.push_str("</table>");
    }

    fn hu_table(&self, page: &mut String) {
        if self.hu.is_empty() {
            return;
        }
        page.push_str(
            "<h2>Against the truth, in HU</h2><p>Without any fit. Brain: pixels of 0 to 80 HU inside \
             the skull, edges left out. Spread over error: 1 is calibrated.</p><table><tr><th></th>\
             <th>RMSE</th><th>bias</th><th>brain RMSE</th><th>brain bias</th>\
             <th>a constant in the brain</th><th>spread/error</th><th>in the brain</th></tr>",
        );
        let number = |v: Option<f64>| v.map_or("-".to_owned(), |v| format!("{v:.2}"));
        for (name, m) in &self.hu {
            let cells = [
                Some(m.rmse_hu),
                Some(m.bias_hu),
                m.brain.map(|b| b.rmse_hu),
                m.brain.map(|b| b.bias_hu),
                m.brain.map(|b| b.constant_rmse_hu),
                m.spread_over_error,
                m.brain.and_then(|b| b.spread_over_error),
            ];
            let cells = cells.map(|c| format!("<td>{}</td>", number(c))).concat();
            let _ = write!(page, "<tr><th>{name}</th>{cells}</tr>");
        }
        page.push_str("</table>");
    }

    fn metrics_table(&self, page: &mut String) {
        let Some(own) = &self.metrics else { return };
        if !self.hu.is_empty() {
            return;
        }
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

    fn averaging(&self, page: &mut String) {
        let Some(averaging) = &self.averaging else {
            return;
        };
        let _ = write!(
            page,
            "<p>Of the samples' error: {}. A draw of the posterior is twice as far from the truth, in \
             squares, as the mean of many (3.01 dB); a smaller gain says that the samples agree too well \
             for their error.</p>",
            averaging.words()
        );
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

/// Slices whose geometry is drawn; report.json has them all.
const PLOTS: usize = 4;

const HEAD: &str = "<!doctype html><meta charset=utf-8><title>annulus recon</title><style>\
body{font:15px system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#222}\
table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.2em .6em;text-align:left}\
svg{width:26em;font:11px system-ui,sans-serif}.pictures{display:flex;flex-wrap:wrap;gap:1em}figure{margin:0}img{max-width:32em;width:100%}\
.warn{background:#fff3cd;padding:.5em}code{background:#f4f4f4;padding:.1em .3em}</style>";
