//! Curves as a PNG: panels one below the other, each with its axes, linear or logarithmic, and a legend.
//!
//! Replaces an existing file of the name, by writing beside it and renaming.

use std::path::Path;

use ndarray::Array3;

use super::{IoError, atomic, font};

/// One pair of axes with its curves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// What it shows, above the axes.
    pub title: String,
    /// Name of the x axis, below it.
    pub x_axis: String,
    /// Whether x, y are logarithmic: points that are not positive are then left out.
    pub logarithmic: [bool; 2],
    /// Name and points of each curve.
    pub curves: Vec<(String, Vec<[f64; 2]>)>,
}

/// Width and height of a panel.
const SIZE: [usize; 2] = [640, 300];
/// Room at the left, the right, above and below the axes.
const ROOM: [usize; 4] = [64, 150, 22, 36];
const WHITE: u8 = 255;
const BLACK: [u8; 3] = [40, 40, 40];
/// Colours that differ in brightness too.
const COLOURS: [[u8; 3]; 8] = [
    [11, 92, 173],
    [194, 65, 12],
    [21, 128, 61],
    [126, 34, 206],
    [100, 116, 139],
    [185, 28, 28],
    [14, 165, 183],
    [202, 138, 4],
];

/// Draws the panels that have points; a file without any is not written.
pub fn png_curves(path: &Path, panels: &[Panel]) -> Result<(), IoError> {
    let drawable: Vec<(&Panel, Axes)> = panels
        .iter()
        .filter_map(|panel| Some((panel, Axes::of(panel)?)))
        .collect();
    if drawable.is_empty() {
        return Ok(());
    }
    let mut canvas = Canvas::new(SIZE[0], SIZE[1] * drawable.len());
    for (n, (panel, axes)) in drawable.iter().enumerate() {
        draw(&mut canvas, (SIZE[1] * n) as f64, panel, axes);
    }
    canvas.save(path)
}

/// From values to the place within a panel.
struct Axes {
    low: [f64; 2],
    high: [f64; 2],
    logarithmic: [bool; 2],
}

impl Axes {
    /// Around every point that can be shown; none without points.
    fn of(panel: &Panel) -> Option<Self> {
        let mut low = [f64::INFINITY; 2];
        let mut high = [f64::NEG_INFINITY; 2];
        for p in panel.curves.iter().flat_map(|(_, points)| points) {
            let Some(p) = scaled(*p, panel.logarithmic) else {
                continue;
            };
            for n in 0..2 {
                low[n] = low[n].min(p[n]);
                high[n] = high[n].max(p[n]);
            }
        }
        if !low[0].is_finite() {
            return None;
        }
        for n in 0..2 {
            let room = if n == 1 {
                0.05 * (high[n] - low[n])
            } else {
                0.0
            };
            let least = if high[n] - low[n] < 1e-12 { 0.5 } else { room };
            (low[n], high[n]) = (low[n] - least, high[n] + least);
        }
        Some(Axes {
            low,
            high,
            logarithmic: panel.logarithmic,
        })
    }

    fn place(&self, p: [f64; 2]) -> [f64; 2] {
        let share = |n: usize| (p[n] - self.low[n]) / (self.high[n] - self.low[n]);
        let width = (SIZE[0] - ROOM[0] - ROOM[1]) as f64;
        let height = (SIZE[1] - ROOM[2] - ROOM[3]) as f64;
        [
            ROOM[0] as f64 + share(0) * width,
            ROOM[2] as f64 + (1.0 - share(1)) * height,
        ]
    }

    /// Four to six marks of an axis: place and number.
    fn marks(&self, n: usize) -> Vec<(f64, String)> {
        (0..=4)
            .map(|i| {
                let at = self.low[n] + f64::from(i) / 4.0 * (self.high[n] - self.low[n]);
                let value = if self.logarithmic[n] {
                    10f64.powf(at)
                } else {
                    at
                };
                (at, short(value))
            })
            .collect()
    }
}

/// A point on axes that may be logarithmic; none where it cannot be shown.
fn scaled(p: [f64; 2], logarithmic: [bool; 2]) -> Option<[f64; 2]> {
    let mut q = p;
    for n in 0..2 {
        if logarithmic[n] {
            q[n] = (p[n] > 0.0).then(|| p[n].log10())?;
        }
    }
    q.iter().all(|v| v.is_finite()).then_some(q)
}

/// A number in at most seven letters.
fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if size >= 1e6 => format!("{:.2}M", value / 1e6),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 0.1 => format!("{value:.2}"),
        size if size >= 0.001 => format!("{value:.4}"),
        _ => format!("{value:.1e}"),
    }
}

fn draw(canvas: &mut Canvas, top: f64, panel: &Panel, axes: &Axes) {
    let at = |p: [f64; 2]| {
        let [x, y] = axes.place(p);
        [x, y + top]
    };
    let (low, high) = (axes.low, axes.high);
    for (from, to) in [(low, [high[0], low[1]]), (low, [low[0], high[1]])] {
        canvas.line(at(from), at(to), BLACK);
    }
    for (x, text) in axes.marks(0) {
        let [x, y] = at([x, low[1]]);
        canvas.text(
            [x - (text.len() * font::WIDTH) as f64 / 2.0, y + 5.0],
            &text,
            BLACK,
        );
    }
    for (y, text) in axes.marks(1) {
        let [x, y] = at([low[0], y]);
        let left = x - 5.0 - (text.len() * font::WIDTH) as f64;
        canvas.text([left, y - font::HEIGHT as f64 / 2.0], &text, BLACK);
    }
    let [left, bottom] = at(low);
    canvas.text([left, top + 6.0], &panel.title, BLACK);
    canvas.text([left, bottom + 20.0], &panel.x_axis, BLACK);
    for (n, (name, points)) in panel.curves.iter().enumerate() {
        let colour = COLOURS[n % COLOURS.len()];
        let shown: Vec<[f64; 2]> = points
            .iter()
            .filter_map(|p| scaled(*p, panel.logarithmic))
            .map(at)
            .collect();
        for pair in shown.windows(2) {
            canvas.line(pair[0], pair[1], colour);
        }
        if let [only] = shown[..] {
            canvas.line([only[0] - 1.5, only[1]], [only[0] + 1.5, only[1]], colour);
        }
        let y = top + (ROOM[2] + n * (font::HEIGHT + 5)) as f64;
        let x = (SIZE[0] - ROOM[1] + 10) as f64;
        canvas.line([x, y + 4.0], [x + 14.0, y + 4.0], colour);
        canvas.text([x + 19.0, y], name, BLACK);
    }
}

/// Red, green and blue of every pixel.
struct Canvas(Array3<u8>);

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Canvas(Array3::from_elem((height, width, 3), WHITE))
    }

    fn blend(&mut self, row: usize, column: usize, colour: [u8; 3], share: f64) {
        for (c, ink) in colour.into_iter().enumerate() {
            if let Some(v) = self.0.get_mut((row, column, c)) {
                *v = (f64::from(*v) + share * (f64::from(ink) - f64::from(*v))).round() as u8;
            }
        }
    }

    /// A line a little wider than a pixel, with soft edges.
    fn line(&mut self, from: [f64; 2], to: [f64; 2], colour: [u8; 3]) {
        let (height, width, _) = self.0.dim();
        let range = |n: usize, size: usize| {
            let (low, high) = (from[n].min(to[n]) - 2.0, from[n].max(to[n]) + 3.0);
            (low.max(0.0) as usize)..(high.max(0.0) as usize).min(size)
        };
        let along = [to[0] - from[0], to[1] - from[1]];
        let length_squared = along[0] * along[0] + along[1] * along[1];
        for row in range(1, height) {
            for column in range(0, width) {
                let d = [column as f64 - from[0], row as f64 - from[1]];
                let t = match length_squared > 0.0 {
                    true => ((d[0] * along[0] + d[1] * along[1]) / length_squared).clamp(0.0, 1.0),
                    false => 0.0,
                };
                let distance = (d[0] - t * along[0]).hypot(d[1] - t * along[1]);
                let share = (1.3 - distance).clamp(0.0, 1.0);
                if share > 0.0 {
                    self.blend(row, column, colour, share);
                }
            }
        }
    }

    fn text(&mut self, [x, y]: [f64; 2], text: &str, colour: [u8; 3]) {
        let (left, top) = (x.max(0.0).round() as usize, y.max(0.0).round() as usize);
        for (n, letter) in text.chars().enumerate() {
            for (j, i) in (0..font::HEIGHT).flat_map(|j| (0..font::WIDTH).map(move |i| (j, i))) {
                if font::ink(letter, j, i) {
                    self.blend(top + j, left + n * font::WIDTH + i, colour, 1.0);
                }
            }
        }
    }

    fn save(&self, path: &Path) -> Result<(), IoError> {
        let (height, width, _) = self.0.dim();
        let mut bytes = Vec::new();
        let mut encoded = || -> Result<(), png::EncodingError> {
            let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
            encoder.set_color(png::ColorType::Rgb);
            encoder.set_depth(png::BitDepth::Eight);
            let mut writer = encoder.write_header()?;
            writer.write_image_data(&self.0.iter().copied().collect::<Vec<u8>>())?;
            writer.finish()
        };
        let remedy = "choose another folder";
        encoded().map_err(|e| IoError::new(path, "to write a picture", e, remedy))?;
        atomic::write(path, &bytes, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(path: &Path) -> (Vec<u8>, [usize; 2]) {
        let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        (bytes, [info.width as usize, info.height as usize])
    }

    #[test]
    fn a_curve_is_where_its_points_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let panel = Panel {
            title: "loss".into(),
            x_axis: "images".into(),
            logarithmic: [false, true],
            curves: vec![("all".into(), vec![[0.0, 1.0], [5.0, 0.0], [10.0, 0.01]])],
        };
        png_curves(&path, &[panel.clone(), panel]).unwrap();
        let (bytes, [width, height]) = load(&path);
        assert_eq!([width, height], [SIZE[0], 2 * SIZE[1]]);
        // The middle of a straight line on logarithmic axes; the point at 0 is left out.
        let x = ROOM[0] + (SIZE[0] - ROOM[0] - ROOM[1]) / 2;
        let y = ROOM[2] + (SIZE[1] - ROOM[2] - ROOM[3]) / 2;
        let pixel = |x: usize, y: usize| &bytes[3 * (y * width + x)..][..3];
        assert_eq!(pixel(x, y), COLOURS[0]);
        assert_eq!(pixel(x, y - 30), [WHITE; 3]);
        assert_eq!(pixel(x, y + SIZE[1]), COLOURS[0]);
    }

    #[test]
    fn without_points_there_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let panel = Panel {
            logarithmic: [true, true],
            curves: vec![("none".into(), vec![[0.0, 1.0], [1.0, f64::NAN]])],
            ..Panel::default()
        };
        png_curves(&path, &[panel]).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (1_250_000.0, "1.25M"),
            (40000.0, "40000"),
            (0.25, "0.25"),
            (0.0123, "0.0123"),
            (0.00042, "4.2e-4"),
        ] {
            assert_eq!(short(value), text);
        }
    }
}
