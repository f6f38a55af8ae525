//! What a run tells while it goes: loss, rate and speed, and the denoising error on validation images.

use super::data::TrainError;
use crate::io::{IoError, Panel, atomic, png_curves};
use std::fmt::Write;
use std::path::Path;

/// One line of the curves.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Optimiser steps done.
    pub step: usize,
    /// Crops seen.
    pub images: usize,
    /// Mean loss since the last line.
    pub loss: f64,
    /// Learning rate of the last step.
    pub rate: f64,
    /// Crops per second since the last line.
    pub images_per_s: f64,
    /// Denoising error over σ² at each of [`Curves::sigmas`], where it was measured.
    pub validation: Option<Vec<f64>>,
}

/// The curves of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// Noise deviations of the validation.
    pub sigmas: Vec<f64>,
    /// In order of steps.
    pub rows: Vec<Row>,
}

/// Columns before those of the validation.
const COLUMNS: [&str; 5] = ["step", "images", "loss", "rate", "images_per_s"];
/// What the columns of the validation begin with.
const ERROR_AT: &str = "error_at_";

impl Curves {
    /// Reads what an earlier part of the run wrote, up to the step of its checkpoint; empty curves where
    /// there is no file.
    pub fn load(path: &Path, sigmas: &[f64], step: usize) -> Result<Self, TrainError> {
        let mut curves = Curves {
            sigmas: sigmas.to_vec(),
            rows: Vec::new(),
        };
        if step == 0 || !path.exists() {
            return Ok(curves);
        }
        let text = std::fs::read_to_string(path).map_err(|e| IoError::reading(path, &e))?;
        let mut lines = text.lines();
        let fail = |found: &str| {
            let expected = "the curves of this run (CSV)";
            let remedy = "move the file away: the run goes on without its earlier curves";
            IoError::new(path, expected, format!("the line `{found}`"), remedy)
        };
        let header = lines.next().unwrap_or_default();
        if header != curves.header() {
            return Err(fail(header).into());
        }
        for line in lines {
            let row = row(line, sigmas.len()).ok_or_else(|| fail(line))?;
            if row.step <= step {
                curves.rows.push(row);
            }
        }
        Ok(curves)
    }

    /// Writes the CSV at `path` and its picture beside it.
    pub fn save(&self, path: &Path) -> Result<(), TrainError> {
        let mut text = self.header() + "\n";
        for row in &self.rows {
            let _ = write!(
                text,
                "{},{},{:e},{:e},{:.2}",
                row.step, row.images, row.loss, row.rate, row.images_per_s
            );
            for n in 0..self.sigmas.len() {
                let _ = match &row.validation {
                    Some(errors) => write!(text, ",{:e}", errors[n]),
                    None => write!(text, ","),
                };
            }
            text.push('\n');
        }
        atomic::write(path, text.as_bytes(), true)?;
        Ok(png_curves(&path.with_extension("png"), &self.panels())?)
    }

    fn header(&self) -> String {
        let errors = self.sigmas.iter().map(|s| format!("{ERROR_AT}{s}"));
        let names: Vec<String> = COLUMNS
            .iter()
            .map(|c| (*c).to_owned())
            .chain(errors)
            .collect();
        names.join(",")
    }

    fn panels(&self) -> [Panel; 3] {
        let of = |f: &dyn Fn(&Row) -> Option<f64>| -> Vec<[f64; 2]> {
            let point = |r: &Row| Some([r.images as f64, f(r)?]);
            self.rows.iter().filter_map(point).collect()
        };
        let panel = |title: &str, logarithmic: bool, curves| Panel {
            title: title.to_owned(),
            x_axis: "images".to_owned(),
            logarithmic: [false, logarithmic],
            curves,
        };
        let errors = (0..self.sigmas.len())
            .step_by(2)
            .map(|n| {
                let name = format!("sigma {}", self.sigmas[n]);
                (name, of(&|r| r.validation.as_ref().map(|v| v[n])))
            })
            .collect();
        [
            panel(
                "loss",
                true,
                vec![("training".to_owned(), of(&|r| Some(r.loss)))],
            ),
            panel(
                "denoising error over sigma^2, validation images",
                true,
                errors,
            ),
            panel(
                "speed",
                false,
                vec![("images per s".to_owned(), of(&|r| Some(r.images_per_s)))],
            ),
        ]
    }
}

/// A line of the CSV; none if it is not one.
fn row(line: &str, sigmas: usize) -> Option<Row> {
    let cells: Vec<&str> = line.split(',').collect();
    if cells.len() != COLUMNS.len() + sigmas {
        return None;
    }
    let errors = &cells[COLUMNS.len()..];
    let validation = match errors.iter().all(|c| c.is_empty()) {
        true => None,
        false => Some(
            errors
                .iter()
                .map(|c| c.parse().ok())
                .collect::<Option<Vec<f64>>>()?,
        ),
    };
    Some(Row {
        step: cells[0].parse().ok()?,
        images: cells[1].parse().ok()?,
        loss: cells[2].parse().ok()?,
        rate: cells[3].parse().ok()?,
        images_per_s: cells[4].parse().ok()?,
        validation,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Curves {
        let row = |step: usize, validation| Row {
            step,
            images: 4 * step,
            loss: 0.1 / step as f64,
            rate: 1e-3,
            images_per_s: 61.25,
            validation,
        };
        Curves {
            sigmas: vec![0.01, 0.1, 1.0],
            rows: vec![
                row(10, None),
                row(20, Some(vec![0.5, 0.25, 1.0 / 3.0])),
                row(30, None),
            ],
        }
    }

    #[test]
    fn curves_come_back_up_to_the_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.curves.csv");
        let curves = some();
        curves.save(&path).unwrap();
        assert!(folder.path().join("p.curves.png").exists());
        assert_eq!(Curves::load(&path, &curves.sigmas, 30).unwrap(), curves);
        let earlier = Curves::load(&path, &curves.sigmas, 25).unwrap();
        assert_eq!(earlier.rows, curves.rows[..2]);
        assert!(
            Curves::load(&path, &curves.sigmas, 0)
                .unwrap()
                .rows
                .is_empty()
        );
    }

    #[test]
    fn other_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.curves.csv");
        let curves = some();
        std::fs::write(&path, "a,b\n1,2\n").unwrap();
        let message = Curves::load(&path, &curves.sigmas, 5)
            .unwrap_err()
            .to_string();
        assert!(message.contains("`a,b`"), "{message}");
        std::fs::write(&path, curves.header() + "\n1,2,x,4,5,,,\n").unwrap();
        let message = Curves::load(&path, &curves.sigmas, 5)
            .unwrap_err()
            .to_string();
        assert!(message.contains("1,2,x"), "{message}");
    }
}
