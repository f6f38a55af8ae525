//! The report for people: one self-contained page, the verdict first.

use super::error::ValidateError;
use super::evidence::{Evidence, Picture, Table};
use super::gate::{Gate, number};
use super::report::{Finding, Report};
use crate::io::png_panels;
use crate::plot::{escape, svg};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ndarray::Array2;
use std::fmt::Write as _;
use std::path::Path;

impl Report {
    /// The page, with the pictures inside.
    pub(super) fn html(&self, folder: &Path) -> Result<String, ValidateError> {
        let mut page = String::from(HEAD);
        self.verdict(&mut page);
        for finding in &self.findings {
            self.section(&mut page, finding, folder)?;
        }
        page.push_str("</main>");
        Ok(page)
    }

    fn verdict(&self, page: &mut String) {
        let (all, closed) = (self.gates().count(), self.closed());
        let (class, word) = if self.passed {
            ("pass", format!("All {all} gates passed"))
        } else {
            (
                "fail",
                format!("{} of {all} gates not passed", closed.len()),
            )
        };
        let _ = write!(
            page,
            "<h1>annulus validate</h1><p class=\"verdict {class}\">{word}</p>\
             <p>annulus {}, {} run, seed {}, {} threads, {:.0} s; {}; reconstructions on {}.</p>",
            self.version,
            self.extent,
            self.seed,
            self.threads,
            self.seconds,
            escape(&self.machine),
            self.device
        );
        if !closed.is_empty() {
            gate_table(page, &closed);
        }
        page.push_str("<table><tr><th>check</th><th>gates</th><th>s</th><th></th></tr>");
        for finding in &self.findings {
            let gates = &finding.evidence.gates;
            let passed = gates.iter().filter(|g| g.passed).count();
            let class = if passed == gates.len() {
                "pass"
            } else {
                "fail"
            };
            let _ = write!(
                page,
                "<tr><td><a href=\"#{id}\">{id}</a></td><td class={class}>{passed} of {}</td>\
                 <td>{:.1}</td><td>{}</td></tr>",
                gates.len(),
                finding.seconds,
                escape(finding.title),
                id = finding.id
            );
        }
        page.push_str("</table>");
        self.notes(page);
    }

    /// What no gate says: where results hold less than a reader may think.
    fn notes(&self, page: &mut String) {
        let notes = || {
            let findings = self.findings.iter();
            findings.flat_map(|f| f.evidence.notes.iter().map(move |note| (f, note)))
        };
        if notes().next().is_none() {
            return;
        }
        page.push_str("<h2>Worth knowing</h2><ul>");
        for (finding, note) in notes() {
            let (id, note) = (finding.id, escape(note));
            let _ = write!(page, "<li><a href=\"#{id}\">{id}</a>: {note}</li>");
        }
        page.push_str("</ul>");
    }

    fn section(
        &self,
        page: &mut String,
        finding: &Finding,
        folder: &Path,
    ) -> Result<(), ValidateError> {
        let Evidence {
            gates,
            pictures,
            plots,
            tables,
            notes,
        } = &finding.evidence;
        let _ = write!(
            page,
            "<h2 id=\"{}\">{}</h2><p><code>{}</code></p>",
            finding.id,
            escape(finding.title),
            self.command(finding.id)
        );
        for note in notes {
            let _ = write!(page, "<p>{}</p>", escape(note));
        }
        for picture in pictures {
            show(page, picture, folder)?;
        }
        if !plots.is_empty() {
            page.push_str("<div class=plots>");
            for plot in plots {
                let _ = write!(
                    page,
                    "<figure>{}<figcaption>{}</figcaption></figure>",
                    svg(plot),
                    escape(&plot.title)
                );
            }
            page.push_str("</div>");
        }
        tables.iter().for_each(|table| show_table(page, table));
        gate_table(page, &gates.iter().collect::<Vec<_>>());
        Ok(())
    }
}

fn gate_table(page: &mut String, gates: &[&Gate]) {
    page.push_str(
        "<table><tr><th>gate</th><th>measured</th><th></th><th>expected</th><th>why</th></tr>",
    );
    for gate in gates {
        let (class, word) = if gate.passed {
            ("pass", "passed")
        } else {
            ("fail", "not passed")
        };
        let _ = write!(
            page,
            "<tr><td><code>{}</code><br>{}</td><td>{}</td><td class={class}>{word}</td>\
             <td>{}</td><td>{}</td></tr>",
            escape(&gate.id),
            escape(&gate.what),
            number(gate.value),
            gate.limit.words(),
            escape(&gate.why)
        );
    }
    page.push_str("</table>");
}

fn show_table(page: &mut String, table: &Table) {
    let cells = |tag: &str, row: &[String]| -> String {
        row.iter()
            .map(|c| format!("<{tag}>{}</{tag}>", escape(c)))
            .collect()
    };
    let _ = write!(
        page,
        "<h3>{}</h3><table><tr>{}</tr>",
        escape(&table.title),
        cells("th", &table.header)
    );
    for row in &table.rows {
        let _ = write!(page, "<tr>{}</tr>", cells("td", row));
    }
    page.push_str("</table>");
}

/// A picture, by way of a file beside the report that goes again.
fn show(page: &mut String, picture: &Picture, folder: &Path) -> Result<(), ValidateError> {
    let path = folder.join(".picture.png");
    let images: Vec<(&str, Array2<f32>, [f32; 2])> = picture
        .panels
        .iter()
        .filter_map(|p| {
            let image = Array2::from_shape_vec(p.size, p.pixels.clone()).ok()?;
            Some((p.label.as_str(), image, p.window))
        })
        .collect();
    png_panels(&path, &images)?;
    let bytes = std::fs::read(&path).map_err(|e| crate::io::IoError::reading(&path, &e))?;
    let _ = std::fs::remove_file(&path);
    let _ = write!(
        page,
        "<figure><img src=\"data:image/png;base64,{}\" alt=\"{title}\">\
         <figcaption>{title}</figcaption></figure>",
        BASE64.encode(&bytes),
        title = escape(&picture.title)
    );
    Ok(())
}

const HEAD: &str = "<!doctype html><html lang=en><meta charset=utf-8>\
<meta name=viewport content=\"width=device-width\"><title>annulus validate</title><style>\
body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:72em;padding:0 1em;color:#1e293b}\
table{border-collapse:collapse;margin:.8em 0}td,th{border:1px solid #cbd5e1;padding:.25em .6em;\
text-align:left;vertical-align:top}th{background:#f1f5f9}figure{margin:1em 0}img{max-width:100%}\
figcaption{color:#475569}code{background:#f1f5f9;padding:.1em .3em}h2{margin-top:2.2em}\
.plots{display:flex;flex-wrap:wrap;gap:1.2em}.plots figure{width:26em}svg{width:100%;font:11px \
system-ui,sans-serif}.pass{background:#dcfce7}.fail{background:#fee2e2}\
.verdict{font-size:1.5em;padding:.4em .7em;border-radius:.3em}</style><main>";
