//! Curves as SVG, drawn by hand: a report needs no more.

use super::{Marks, Plot, number};
use std::fmt::Write as _;

/// Width and height of a plot, and the room for numbers at its left and below.
const SIZE: [f64; 2] = [420.0, 260.0];
const MARGIN: [f64; 2] = [62.0, 44.0];
/// Colours that differ in brightness too.
const COLOURS: [&str; 6] = [
    "#0b5cad", "#c2410c", "#15803d", "#7e22ce", "#64748b", "#b91c1c",
];

/// From the values to the picture.
struct Scale {
    low: [f64; 2],
    high: [f64; 2],
}

impl Scale {
    /// Around every point and the band; none without points.
    fn of(plot: &Plot) -> Option<Self> {
        let points = plot.curves.iter().flat_map(|(_, points)| points.iter());
        let band = plot.band.iter().flat_map(|[x, a, b]| [[*x, *a], [*x, *b]]);
        let mut low = [f64::INFINITY; 2];
        let mut high = [f64::NEG_INFINITY; 2];
        for p in points.copied().chain(band) {
            for n in 0..2 {
                if p[n].is_finite() {
                    low[n] = low[n].min(p[n]);
                    high[n] = high[n].max(p[n]);
                }
            }
        }
        if low.iter().chain(&high).any(|v| !v.is_finite()) {
            return None;
        }
        for n in 0..2 {
            if high[n] - low[n] < 1e-300 {
                (low[n], high[n]) = (low[n] - 0.5, high[n] + 0.5);
            }
        }
        let room = 0.05 * (high[1] - low[1]);
        (low[1], high[1]) = (low[1] - room, high[1] + room);
        Some(Scale { low, high })
    }

    fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let share = |v: f64, n: usize| (v - self.low[n]) / (self.high[n] - self.low[n]);
        [
            MARGIN[0] + share(x, 0) * (SIZE[0] - MARGIN[0] - 12.0),
            SIZE[1] - MARGIN[1] - share(y, 1) * (SIZE[1] - MARGIN[1] - 12.0),
        ]
    }
}

/// The plot as an `<svg>` element; a word where it has no points.
pub(crate) fn svg(plot: &Plot) -> String {
    let Some(scale) = Scale::of(plot) else {
        return "<p>no points</p>".to_owned();
    };
    let mut out = format!(
        "<svg viewBox=\"0 0 {} {}\" role=img aria-label=\"{}\">",
        SIZE[0],
        SIZE[1] + 16.0 * plot.curves.len().div_ceil(2) as f64,
        escape(&plot.title)
    );
    draw_band(&mut out, plot, &scale);
    draw_axes(&mut out, plot, &scale);
    for (n, (name, points)) in plot.curves.iter().enumerate() {
        let colour = COLOURS[n % COLOURS.len()];
        draw_points(&mut out, points, plot.marks, &scale, colour);
        let (x, y) = (
            MARGIN[0] + 170.0 * (n % 2) as f64,
            SIZE[1] + 8.0 + 16.0 * (n / 2) as f64,
        );
        let _ = write!(
            out,
            "<path d=\"M{x} {y}h18\" stroke={colour} stroke-width=2 />\
             <text x={} y={}>{}</text>",
            x + 22.0,
            y + 4.0,
            escape(name)
        );
    }
    out + "</svg>"
}

fn draw_points(out: &mut String, points: &[[f64; 2]], marks: Marks, scale: &Scale, colour: &str) {
    let finite = points.iter().filter(|p| p.iter().all(|v| v.is_finite()));
    let places = finite.map(|p| scale.at(*p));
    match marks {
        Marks::Lines => {
            let path: Vec<String> = places.map(|[x, y]| format!("{x:.1},{y:.1}")).collect();
            let _ = write!(
                out,
                "<polyline points=\"{}\" fill=none stroke={colour} stroke-width=1.6 />",
                path.join(" ")
            );
        }
        Marks::Dots => places.for_each(|[x, y]| {
            let _ = write!(
                out,
                "<circle cx={x:.1} cy={y:.1} r=1.3 fill={colour} fill-opacity=.5 />"
            );
        }),
    }
}

fn draw_band(out: &mut String, plot: &Plot, scale: &Scale) {
    if plot.band.is_empty() {
        return;
    }
    let upper = plot.band.iter().map(|[x, _, high]| [*x, *high]);
    let lower = plot.band.iter().rev().map(|[x, low, _]| [*x, *low]);
    let corners: Vec<String> = upper
        .chain(lower)
        .map(|p| scale.at(p))
        .map(|[x, y]| format!("{x:.1},{y:.1}"))
        .collect();
    let _ = write!(
        out,
        "<polygon points=\"{}\" fill=#dbeafe />",
        corners.join(" ")
    );
}

fn draw_axes(out: &mut String, plot: &Plot, scale: &Scale) {
    let [x0, y0] = scale.at(scale.low);
    let [x1, y1] = scale.at(scale.high);
    let _ = write!(
        out,
        "<path d=\"M{x0:.1} {y1:.1}V{y0:.1}H{x1:.1}\" fill=none stroke=#444 />"
    );
    for n in 0..=4 {
        let share = f64::from(n) / 4.0;
        let at = |axis: usize| scale.low[axis] + share * (scale.high[axis] - scale.low[axis]);
        let [x, y] = scale.at([at(0), at(1)]);
        let _ = write!(
            out,
            "<text x={x:.1} y={:.1} text-anchor=middle>{}</text>\
             <text x={:.1} y={:.1} text-anchor=end>{}</text>",
            y0 + 14.0,
            number(at(0)),
            x0 - 5.0,
            y + 4.0,
            number(at(1))
        );
    }
    let _ = write!(
        out,
        "<text x={:.1} y={:.1} text-anchor=middle>{}</text>\
         <text x=12 y={:.1} text-anchor=middle transform=\"rotate(-90 12 {:.1})\">{}</text>",
        0.5 * (x0 + x1),
        y0 + 30.0,
        escape(&plot.axes[0]),
        0.5 * (y0 + y1),
        0.5 * (y0 + y1),
        escape(&plot.axes[1])
    );
}

/// Text between tags.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_holds_its_curves_and_their_names() {
        let plot = Plot {
            title: "a < b".into(),
            axes: ["x".into(), "y".into()],
            curves: vec![
                ("one".into(), vec![[0.0, 1.0], [1.0, 2.0]]),
                ("two".into(), vec![[0.0, 2.0], [f64::NAN, 1.0], [1.0, 0.0]]),
            ],
            band: vec![[0.0, 0.5, 1.5], [1.0, 1.5, 2.5]],
            ..Plot::default()
        };
        let text = svg(&plot);
        assert_eq!(text.matches("<polyline").count(), 2);
        assert!(text.contains("a &lt; b") && !text.contains("NaN"));
        assert!(text.contains("<polygon") && text.contains(">two<"));
        let dots = Plot {
            marks: Marks::Dots,
            ..plot
        };
        assert_eq!(svg(&dots).matches("<circle").count(), 4);
        assert_eq!(svg(&Plot::default()), "<p>no points</p>");
    }
}
