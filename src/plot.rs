//! Curves in reports: what they are, and how they are drawn.

mod svg;

pub(crate) use svg::{escape, svg};

use serde::{Deserialize, Serialize};

/// Curves over one axis.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Plot {
    /// What it shows.
    pub title: String,
    /// Names of the axes, with units.
    pub axes: [String; 2],
    /// Curves: name and points.
    pub curves: Vec<(String, Vec<[f64; 2]>)>,
    /// A band that a curve should stay in: x, lower and upper end.
    pub band: Vec<[f64; 3]>,
    /// How points are drawn.
    pub marks: Marks,
}

/// How the points of a curve are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Marks {
    /// Joined by lines.
    #[default]
    Lines,
    /// Each as a dot.
    Dots,
}

/// A number with four digits, in powers of ten where it is far from 1.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-3..1e5).contains(&size) {
        let digits = (3 - size.max(1e-3).log10().floor() as i32).clamp(0, 5) as usize;
        let text = format!("{value:.digits$}");
        if text.contains('.') {
            return text.trim_end_matches('0').trim_end_matches('.').to_owned();
        }
        return text;
    }
    format!("{value:.2e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (0.078, "0.078"),
            (1.0, "1"),
            (12345.6, "12346"),
            (3.2e-13, "3.20e-13"),
            (-955.04, "-955"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
