//! What a check found: gates, pictures, curves and tables.

use super::gate::{Gate, Limit, number};
pub use crate::plot::{Marks, Plot};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// Everything that one check found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// Numbers against their limits.
    pub gates: Vec<Gate>,
    /// Images side by side.
    pub pictures: Vec<Picture>,
    /// Curves.
    pub plots: Vec<Plot>,
    /// Tables.
    pub tables: Vec<Table>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// Images side by side, each with its label and its window.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Picture {
    /// What it shows, and in which window.
    pub title: String,
    /// The panels; pixels as rows of numbers.
    pub panels: Vec<Panel>,
}

/// One image.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Panel {
    /// Its name.
    pub label: String,
    /// Rows and columns.
    pub size: [usize; 2],
    /// Pixels, row by row; `report.json` leaves them to `report.html`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pixels: Vec<f32>,
    /// Black and white.
    pub window: [f32; 2],
}

impl Panel {
    /// An image in its window.
    pub fn new(label: impl Into<String>, image: &Array2<f32>, window: [f32; 2]) -> Self {
        Panel {
            label: label.into(),
            size: [image.nrows(), image.ncols()],
            pixels: image.iter().copied().collect(),
            window,
        }
    }
}

/// Rows of words and numbers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new(title: &str, header: &[&str]) -> Self {
        Table {
            title: title.to_owned(),
            header: header.iter().map(|h| (*h).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// A row: its name, then numbers.
    pub fn row(&mut self, name: &str, values: &[f64]) {
        let numbers = values.iter().map(|v| number(*v));
        self.rows
            .push([name.to_owned()].into_iter().chain(numbers).collect());
    }
}

impl Evidence {
    /// A number that may be at most so much.
    pub fn at_most(&mut self, id: &str, what: &str, value: f64, most: f64, why: &str) {
        self.gate(id, what, value, Limit::AtMost(most), why);
    }

    /// A number that must be at least so much.
    pub fn at_least(&mut self, id: &str, what: &str, value: f64, least: f64, why: &str) {
        self.gate(id, what, value, Limit::AtLeast(least), why);
    }

    /// A number within a range.
    pub fn between(&mut self, id: &str, what: &str, value: f64, range: [f64; 2], why: &str) {
        self.gate(id, what, value, Limit::Between(range[0], range[1]), why);
    }

    /// A number and its limit.
    pub fn gate(&mut self, id: &str, what: &str, value: f64, limit: Limit, why: &str) {
        self.gates.push(Gate::new(id, what, value, limit, why));
    }

    /// A gate that is not passed: what should have been measured was not.
    pub fn shut(&mut self, id: &str, what: &str, why: &str) {
        self.at_least(id, what, 0.0, 1.0, why);
    }

    /// Images side by side.
    pub fn picture(&mut self, title: &str, panels: Vec<Panel>) {
        self.pictures.push(Picture {
            title: title.to_owned(),
            panels,
        });
    }

    /// The same without the pixels of its pictures.
    pub fn without_pixels(&self) -> Self {
        let mut light = self.clone();
        let panels = light.pictures.iter_mut().flat_map(|p| &mut p.panels);
        panels.for_each(|panel| panel.pixels.clear());
        light
    }

    /// Whether every gate is passed.
    pub fn passed(&self) -> bool {
        self.gates.iter().all(|gate| gate.passed)
    }
}
