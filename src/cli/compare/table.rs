//! The comparison as a table.

use super::Comparison;
use super::rows::{Cell, Row};
use crate::metrics::HuError;

pub(super) fn words(c: &Comparison) -> String {
    let [slices, rows, columns] = c.shape;
    let mut out = format!(
        "A  {}\nB  {} (reference)\n   {slices} x {rows} x {columns} (slice, row, column)\n",
        c.image.display(),
        c.reference.display()
    );
    if let (Some(mask), Some(pixels)) = (&c.mask, c.pixels_in_mask) {
        out += &format!(
            "mask  {}, {pixels} of {} pixels; ranges are those of the whole B\n",
            mask.display(),
            c.pixels
        );
    }
    if c.scale != 1.0 {
        out += &format!(
            "A was multiplied by {:.6} for nmse, psnr and ssim: least squares over the volume\n",
            c.scale
        );
    }
    for note in &c.notes {
        out += &format!("note: {note}\n");
    }
    out += &format!("\n{}", metrics(c));
    if let Some(hu) = &c.hu {
        out += &tissues("whole", &hu.whole);
        if let Some(mask) = &hu.mask {
            out += &tissues("in the mask", mask);
        }
    }
    out
}

fn metrics(c: &Comparison) -> String {
    let masked = c.mask.is_some();
    let line = |name: &str, unit: &str, whole: &str, mask: &str, convention: &str| {
        let mask = if masked {
            format!("{mask:>12}")
        } else {
            String::new()
        };
        format!("{name:<19}{whole:>12}{mask} {unit:<4} {convention}\n")
    };
    let mut out = line("metric", "", "whole", "mask", "convention");
    for row in &c.metrics {
        let mask = row.mask.as_ref().map_or("-".into(), number);
        let convention = &row.convention;
        out += &line(row.name, row.unit, &number(&row.whole), &mask, convention);
        if let Some(why) = why(row) {
            out += &format!("{:<19}{why}\n", "");
        }
    }
    out
}

/// Why a row has no value, whole or in the mask.
fn why(row: &Row) -> Option<&str> {
    [Some(&row.whole), row.mask.as_ref()]
        .into_iter()
        .flatten()
        .find_map(|cell| match cell {
            Cell::None(why) => Some(why.as_str()),
            Cell::Number(_) => None,
        })
}

/// Six digits, or a dash.
fn number(cell: &Cell) -> String {
    match cell {
        Cell::None(_) => "-".into(),
        Cell::Number(v) => digits(*v),
    }
}

fn digits(v: f64) -> String {
    match v.abs() {
        0.0 => "0".into(),
        a if !a.is_finite() => format!("{v}"),
        a if (1e-3..1e5).contains(&a) => {
            let whole = a.log10().floor().max(0.0) as usize;
            format!("{v:.0$}", 5 - whole)
        }
        _ => format!("{v:.4e}"),
    }
}

fn tissues(part: &str, errors: &[HuError]) -> String {
    let mut out = format!(
        "\nHU error, {part}: tissue by the HU of B, no fit\n{:<24}{:>16}{:>10}{:>12}{:>12}\n",
        "tissue", "HU of B", "pixels", "RMSE", "bias"
    );
    for e in errors.iter().filter(|e| e.pixels > 0) {
        let bound = |hu: Option<f64>| hu.map_or(String::new(), |hu| format!("{hu:.0}"));
        let range = match (e.tissue.from_hu, e.tissue.to_hu) {
            (None, None) => "all".into(),
            (from, to) => format!("{}..{}", bound(from), bound(to)),
        };
        let value = |v: Option<f64>| v.map_or("-".into(), digits);
        out += &format!(
            "{:<24}{range:>16}{:>10}{:>12}{:>12}\n",
            e.tissue.name,
            e.pixels,
            value(e.rmse_hu),
            value(e.bias_hu)
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_six_digits() {
        for (v, expected) in [
            (0.0, "0"),
            (31.4159265, "31.4159"),
            (0.0123456789, "0.01235"),
            (-0.5, "-0.50000"),
            (99999.4, "99999.4"),
            (1.23456789e-7, "1.2346e-7"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(digits(v), expected);
        }
    }
}
