//! Pictures for people: a contact sheet of a volume, and labelled panels side by side. 8-bit grey PNG.
//!
//! Both replace an existing file of the name, by writing beside it and renaming.

use std::path::Path;

use ndarray::{Array2, Array3, ArrayView2, Axis, s};

use super::{IoError, atomic, font};

/// At most so many slices on a sheet; of more, evenly spaced ones are shown.
const MAX_SLICES: usize = 64;
/// Smaller images are enlarged by an integer up to about this.
const SMALL: usize = 200;
/// Panels in a row: six of 200 pixels fit a page.
const ACROSS: usize = 6;
/// Pixels between images.
const GAP: usize = 2;
/// The grey of gaps and margins.
const BACKGROUND: u8 = 48;

/// Writes a contact sheet of a volume (slice, row, column) on a grid near a square.
///
/// Values are shown from `window[0]` (black) to `window[1]` (white); without a window from 0 to the 99.5th
/// percentile of the finite values. NaN is black.
pub fn png_sheet(
    path: &Path,
    volume: &Array3<f32>,
    window: Option<[f32; 2]>,
) -> Result<(), IoError> {
    let (slices, rows, columns) = volume.dim();
    if slices * rows * columns == 0 {
        return Err(empty(path));
    }
    let window = window.unwrap_or_else(|| [0.0, percentile(volume, 0.995)]);
    let shown = slices.min(MAX_SLICES);
    let across = (1..=shown)
        .find(|n| n * n * columns >= shown * rows)
        .unwrap_or(shown);
    let down = shown.div_ceil(across);
    let zoom = zoom(rows.max(columns));
    let cell = [rows * zoom + GAP, columns * zoom + GAP];
    let mut picture = Array2::from_elem([down * cell[0] - GAP, across * cell[1] - GAP], BACKGROUND);
    for place in 0..shown {
        let slice = volume.index_axis(Axis(0), place * slices / shown);
        let at = [place / across * cell[0], place % across * cell[1]];
        draw(&mut picture, at, slice, window, zoom);
    }
    save(path, &picture)
}

/// Writes images in rows of six, each with its label above and its own window.
pub fn png_panels(path: &Path, panels: &[(&str, Array2<f32>, [f32; 2])]) -> Result<(), IoError> {
    if panels.iter().all(|(_, image, _)| image.is_empty()) {
        return Err(empty(path));
    }
    let rows: Vec<Array2<u8>> = panels.chunks(ACROSS).map(row).collect();
    let width = rows.iter().map(|r| r.ncols()).max().unwrap_or(0);
    let height: usize = rows.iter().map(|r| r.nrows() + GAP).sum();
    let mut picture = Array2::from_elem([height - GAP, width], BACKGROUND);
    let mut y = 0;
    for row in &rows {
        let place = s![y..y + row.nrows(), ..row.ncols()];
        picture.slice_mut(place).assign(row);
        y += row.nrows() + GAP;
    }
    save(path, &picture)
}

/// Images side by side.
fn row(panels: &[(&str, Array2<f32>, [f32; 2])]) -> Array2<u8> {
    let zooms: Vec<usize> = panels
        .iter()
        .map(|(_, image, _)| zoom(image.nrows().max(image.ncols())))
        .collect();
    let labels: Vec<Vec<String>> = panels
        .iter()
        .zip(&zooms)
        .map(|((label, image, _), z)| lines(label, image.ncols() * z / font::WIDTH))
        .collect();
    let width = |i: usize| {
        let letters = labels[i].iter().map(|line| line.chars().count()).max();
        (panels[i].1.ncols() * zooms[i]).max(letters.unwrap_or(0) * font::WIDTH)
    };
    let deepest = labels.iter().map(Vec::len).max().unwrap_or(0);
    let top = font::HEIGHT * deepest + GAP;
    let height = panels
        .iter()
        .zip(&zooms)
        .map(|((_, image, _), z)| image.nrows() * z)
        .max()
        .unwrap_or(0);
    let total: usize = (0..panels.len()).map(|i| width(i) + GAP).sum();
    let mut picture = Array2::from_elem([top + height, total - GAP], BACKGROUND);
    let mut x = 0;
    for (i, (_, image, window)) in panels.iter().enumerate() {
        for (n, line) in labels[i].iter().enumerate() {
            write(&mut picture, [GAP + n * font::HEIGHT, x], line);
        }
        draw(&mut picture, [top, x], image.view(), *window, zooms[i]);
        x += width(i) + GAP;
    }
    picture
}

/// A label in lines of at most so many letters, but for words that are longer.
fn lines(label: &str, letters: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in label.split_whitespace() {
        let line = lines.last_mut().expect("there is a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= letters {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Whether a contact sheet of a volume of so many slices shows this one.
pub fn on_sheet(slice: usize, slices: usize) -> bool {
    let shown = slices.min(MAX_SLICES);
    (0..shown).any(|place| place * slices / shown == slice)
}

fn zoom(size: usize) -> usize {
    (SMALL / size.max(1)).max(1)
}

/// The value below which the given fraction of the finite values lies.
fn percentile(volume: &Array3<f32>, fraction: f64) -> f32 {
    let mut values: Vec<f32> = volume.iter().copied().filter(|v| v.is_finite()).collect();
    if values.is_empty() {
        return 1.0;
    }
    let rank = (fraction * (values.len() - 1) as f64).round() as usize;
    *values.select_nth_unstable_by(rank, f32::total_cmp).1
}

fn draw(
    picture: &mut Array2<u8>,
    [row, column]: [usize; 2],
    image: ArrayView2<f32>,
    window: [f32; 2],
    zoom: usize,
) {
    let [low, high] = window;
    // An empty window shows a step at its place.
    let span = (high - low).max(f32::MIN_POSITIVE);
    for ((j, i), &value) in image.indexed_iter() {
        let grey = (255.0 * ((value - low) / span).clamp(0.0, 1.0)).round() as u8;
        let (j, i) = (row + j * zoom, column + i * zoom);
        picture.slice_mut(s![j..j + zoom, i..i + zoom]).fill(grey);
    }
}

fn write(picture: &mut Array2<u8>, [row, column]: [usize; 2], label: &str) {
    for (n, letter) in label.chars().enumerate() {
        for (j, i) in (0..font::HEIGHT).flat_map(|j| (0..font::WIDTH).map(move |i| (j, i))) {
            let at = [row + j, column + n * font::WIDTH + i];
            if let (true, Some(pixel)) = (font::ink(letter, j, i), picture.get_mut(at)) {
                *pixel = 255;
            }
        }
    }
}

fn empty(path: &Path) -> IoError {
    IoError::new(
        path,
        "an image to draw",
        "one without pixels",
        "this is a mistake in the caller",
    )
}

fn save(path: &Path, picture: &Array2<u8>) -> Result<(), IoError> {
    let (height, width) = picture.dim();
    let mut bytes = Vec::new();
    let encoded = || -> Result<(), png::EncodingError> {
        let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&picture.iter().copied().collect::<Vec<u8>>())?;
        writer.finish()
    };
    let mut encoded = encoded;
    encoded().map_err(|e| IoError::new(path, "to write a picture", e, "choose another format"))?;
    atomic::write(path, &bytes, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::testing::message;

    fn load(path: &Path) -> Array2<u8> {
        let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        Array2::from_shape_vec([info.height as usize, info.width as usize], bytes).unwrap()
    }

    #[test]
    fn a_sheet_shows_every_slice_in_order_of_reading() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let volume = Array3::from_shape_fn([5, 100, 110], |(k, _, _)| k as f32);
        png_sheet(&path, &volume, Some([0.0, 5.0])).unwrap();
        let picture = load(&path);
        assert_eq!(picture.dim(), (202, 334));
        for (k, at) in [[50, 50], [50, 162], [50, 280], [150, 50], [150, 162]]
            .into_iter()
            .enumerate()
        {
            assert_eq!(picture[at], 51 * k as u8);
        }
        assert_eq!(
            (picture[[100, 50]], picture[[150, 280]]),
            (BACKGROUND, BACKGROUND)
        );
    }

    #[test]
    fn many_slices_nan_and_one_value_are_fine() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let mut volume = Array3::from_elem([200, 3, 2], 1.0);
        volume[[0, 0, 0]] = f32::NAN;
        png_sheet(&path, &volume, None).unwrap();
        png_sheet(&path, &Array3::zeros([1, 300, 300]), None).unwrap();
        assert_eq!(load(&path).dim(), (300, 300));
        assert!(
            message(png_sheet(&path, &Array3::zeros([0, 3, 3]), None)).contains("without pixels")
        );
    }

    #[test]
    fn many_panels_are_several_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let size = |count: usize| {
            let panel = ("p", Array2::from_elem([200, 200], 1.0), [0.0, 1.0]);
            png_panels(&path, &vec![panel; count]).unwrap();
            load(&path).dim()
        };
        let (one, full, more) = (size(1), size(ACROSS), size(ACROSS + 1));
        assert_eq!(full, (one.0, ACROSS * (one.1 + GAP) - GAP));
        assert_eq!(more, (2 * one.0 + GAP, full.1));
    }

    #[test]
    fn panels_have_readable_labels() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let image = Array2::from_shape_fn([40, 20], |(j, _)| j as f32);
        let panels = [
            ("T", image.clone(), [0.0, 40.0]),
            ("posterior standard deviation µ", image, [0.0, 1.0]),
        ];
        png_panels(&path, &panels).unwrap();
        let picture = load(&path);
        let letter: Vec<String> = (0..7)
            .map(|j| {
                (0..5)
                    .map(|i| {
                        if picture[[GAP + j, i]] == 255 {
                            '#'
                        } else {
                            '.'
                        }
                    })
                    .collect()
            })
            .collect();
        assert_eq!(
            letter,
            [
                "#####", "#.#.#", "..#..", "..#..", "..#..", "..#..", "..#.."
            ]
        );
        assert_eq!(
            picture.dim(),
            (3 * font::HEIGHT + GAP + 200, 100 + GAP + 100)
        );
    }
}
