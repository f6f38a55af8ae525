//! The pixel grid of a CT image.

use ndarray::Array2;

use crate::PhantomError;
use crate::pure::exp;

/// Square pixels around the centre of rotation: `x_i = (i - (nx - 1) / 2) pixel_mm`, row 0 has the
/// largest y.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CtGrid {
    /// Rows.
    pub ny: usize,
    /// Columns.
    pub nx: usize,
    /// Width and height of a pixel.
    pub pixel_mm: f64,
}

/// The largest pixel; beyond it places overflow.
const MOST_MM: f64 = 1000.0;
/// The longest blur, in pixels to either side.
const MOST_REACH: usize = 4096;
/// Samples of a drawing are at most this far apart.
const SAMPLE_MM: f64 = 0.6;
/// What a sample takes while it is drawn, about: three images and a copy.
const SAMPLE_BYTES: f64 = 16.0;
/// Memory that a drawing may take: 8 GiB.
const MOST_BYTES: f64 = (8u64 << 30) as f64;

impl CtGrid {
    /// A grid of `ny` rows and `nx` columns.
    pub fn new(ny: usize, nx: usize, pixel_mm: f64) -> Result<Self, PhantomError> {
        if ny == 0 || nx == 0 {
            return Err(PhantomError::Size { ny, nx });
        }
        check_pixel(pixel_mm)?;
        Ok(Self { ny, nx, pixel_mm })
    }

    /// x of the centre of a column.
    pub fn x_mm(&self, column: usize) -> f64 {
        (column as f64 - 0.5 * (self.nx - 1) as f64) * self.pixel_mm
    }

    /// y of the centre of a row.
    pub fn y_mm(&self, row: usize) -> f64 {
        (0.5 * (self.ny - 1) as f64 - row as f64) * self.pixel_mm
    }

    /// The grid with each pixel cut into `times x times`.
    pub fn finer(&self, times: usize) -> Self {
        Self {
            ny: self.ny * times,
            nx: self.nx * times,
            pixel_mm: self.pixel_mm / times as f64,
        }
    }

    /// The grid with pixels added all around, until it is `side_mm` wide and high or more.
    ///
    /// Errors: more than 8 GiB for pixels that are drawn as `samples x samples` each.
    pub(crate) fn covering(&self, side_mm: f64, samples: usize) -> Result<Self, PhantomError> {
        let added = |n: usize| {
            let missing = 0.5 * (side_mm / self.pixel_mm - n as f64);
            2.0 * missing.max(0.0).ceil()
        };
        let (ny, nx) = (added(self.ny), added(self.nx));
        let pixels = (self.ny as f64 + ny) * (self.nx as f64 + nx);
        let bytes = pixels * (samples * samples) as f64 * SAMPLE_BYTES;
        if bytes > MOST_BYTES {
            return Err(PhantomError::Canvas {
                side_mm: side_mm.max(self.pixel_mm * self.ny.max(self.nx) as f64),
                pixel_mm: self.pixel_mm,
                gib: bytes / MOST_BYTES * 8.0,
            });
        }
        Ok(Self {
            ny: self.ny + ny as usize,
            nx: self.nx + nx as usize,
            pixel_mm: self.pixel_mm,
        })
    }

    /// How finely pixels are cut so that samples lie 0.6 mm apart or closer.
    pub(crate) fn samples_per_pixel(&self) -> usize {
        (self.pixel_mm / SAMPLE_MM - 1e-6).ceil().clamp(1.0, 16.0) as usize
    }
}

/// An error unless it is the width of a pixel.
pub(crate) fn check_pixel(pixel_mm: f64) -> Result<(), PhantomError> {
    match pixel_mm > 0.0 && pixel_mm <= MOST_MM {
        true => Ok(()),
        false => Err(PhantomError::Pixel { pixel_mm }),
    }
}

/// A value between 0 and the most that there is; what is no number is 0.
pub(crate) fn at_most(most: f64, value: f64) -> f64 {
    if value > 0.0 { value.min(most) } else { 0.0 }
}

/// The mean of each block of `times x times` samples.
pub(crate) fn block_mean(fine: &Array2<f32>, times: usize) -> Array2<f32> {
    if times == 1 {
        return fine.clone();
    }
    let (ny, nx) = (fine.nrows() / times, fine.ncols() / times);
    let mut mean = Array2::zeros((ny, nx));
    for (j, row) in fine.rows().into_iter().enumerate() {
        let row = row.to_slice().expect("drawings have standard layout");
        let mut out = mean.row_mut(j / times);
        let out = out.as_slice_mut().expect("it has standard layout");
        match times {
            2 => add_blocks::<2>(row, out),
            3 => add_blocks::<3>(row, out),
            _ => out
                .iter_mut()
                .zip(row.chunks(times))
                .for_each(|(sum, block)| {
                    block.iter().for_each(|v| *sum += v);
                }),
        }
    }
    mean / (times * times) as f32
}

/// Adds up a line in blocks, whose size the compiler knows.
fn add_blocks<const TIMES: usize>(line: &[f32], sums: &mut [f32]) {
    for (sum, block) in sums.iter_mut().zip(line.chunks_exact(TIMES)) {
        block.iter().for_each(|v| *sum += v);
    }
}

/// The image under a Gaussian of the given standard deviation, its edges repeated.
pub(crate) fn blurred(image: Array2<f32>, sigma_mm: f64, pixel_mm: f64) -> Array2<f32> {
    let sigma = sigma_mm / pixel_mm;
    if sigma < 0.2 {
        return image;
    }
    let reach = ((3.0 * sigma).ceil() as usize).min(MOST_REACH);
    let bell: Vec<f32> = (0..=2 * reach)
        .map(|n| (n as f64 - reach as f64) / sigma)
        .map(|u| exp(-0.5 * u * u) as f32)
        .collect();
    let sum: f32 = bell.iter().sum();
    let (ny, nx) = image.dim();
    let pixels = image.as_slice().expect("drawings have standard layout");
    let mut upright = Array2::<f32>::zeros((ny, nx));
    for (j, mut out) in upright.rows_mut().into_iter().enumerate() {
        let out = out.as_slice_mut().expect("it has standard layout");
        let from = |n: usize| (j + n).saturating_sub(reach).min(ny - 1) * nx;
        let lines = bell.iter().enumerate();
        let lines: Vec<(f32, &[f32])> = lines.map(|(n, w)| (w / sum, &pixels[from(n)..])).collect();
        weighted_sum(&lines, out);
    }
    let mut line = vec![0f32; nx + 2 * reach];
    for mut row in upright.rows_mut() {
        for (n, v) in line.iter_mut().enumerate() {
            *v = row[n.saturating_sub(reach).min(nx - 1)];
        }
        let row = row.as_slice_mut().expect("it has standard layout");
        let lines = bell.iter().enumerate();
        let lines: Vec<(f32, &[f32])> = lines.map(|(n, w)| (*w, &line[n..])).collect();
        weighted_sum(&lines, row);
        row.iter_mut().for_each(|v| *v /= sum);
    }
    upright
}

/// The sum of lines times their weights, a few pixels at a time so that sums stay in registers.
fn weighted_sum(lines: &[(f32, &[f32])], out: &mut [f32]) {
    const AT_ONCE: usize = 16;
    for (chunk, out) in out.chunks_mut(AT_ONCE).enumerate() {
        let start = chunk * AT_ONCE;
        let mut sums = [0f32; AT_ONCE];
        if out.len() == AT_ONCE {
            for (w, line) in lines {
                let line = &line[start..start + AT_ONCE];
                sums.iter_mut().zip(line).for_each(|(s, v)| *s += w * v);
            }
        } else {
            for (w, line) in lines {
                sums.iter_mut()
                    .zip(&line[start..start + out.len()])
                    .for_each(|(s, v)| *s += w * v);
            }
        }
        out.copy_from_slice(&sums[..out.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_centre_of_the_grid_is_the_origin() {
        for n in [4, 5] {
            let grid = CtGrid::new(n, n + 1, 1.5).unwrap();
            assert_eq!(grid.x_mm(0), -grid.x_mm(n));
            assert_eq!(grid.y_mm(0), -grid.y_mm(n - 1));
            assert!(grid.y_mm(0) > 0.0 && grid.x_mm(0) < 0.0);
            let fine = grid.finer(3);
            let mean = (0..3).map(|k| fine.x_mm(3 + k)).sum::<f64>() / 3.0;
            assert!((mean - grid.x_mm(1)).abs() < 1e-12);
        }
    }

    #[test]
    fn a_blur_keeps_the_sum_and_has_its_width() {
        let mut image = Array2::zeros((31, 41));
        image[(15, 20)] = 1.0;
        let image = blurred(image, 3.0, 1.5);
        let moment: f32 = image
            .indexed_iter()
            .map(|((j, _), v)| v * (j as f32 - 15.0).powi(2))
            .sum();
        assert!(
            (image.sum() - 1.0).abs() < 1e-5 && (moment - 4.0).abs() < 0.1,
            "{moment}"
        );
    }

    #[test]
    fn a_canvas_that_no_memory_holds_is_refused() {
        let grid = CtGrid::new(10, 12, 2.0).unwrap();
        let covering = grid.covering(60.0, 4).unwrap();
        assert_eq!((covering.ny, covering.nx), (30, 30));
        for pixel_mm in [1e-2, 1e-300] {
            let grid = CtGrid::new(10, 12, pixel_mm).unwrap();
            let message = grid.covering(440.0, 4).unwrap_err().to_string();
            assert!(
                message.contains("440 mm") && message.contains("larger"),
                "{message}"
            );
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        let found = [f64::NAN, -1.0, 0.4, 7.0, f64::INFINITY].map(|v| at_most(3.0, v));
        assert_eq!(found, [0.0, 0.0, 0.4, 3.0, 3.0]);
    }

    #[test]
    fn samples_lie_close() {
        for (pixel_mm, times) in [(1.2, 2), (0.6, 1), (0.5, 1), (1.0, 2), (2.0, 4)] {
            assert_eq!(
                CtGrid::new(1, 1, pixel_mm).unwrap().samples_per_pixel(),
                times
            );
        }
        assert!(CtGrid::new(0, 1, 1.0).is_err() && CtGrid::new(1, 1, 0.0).is_err());
        for pixel_mm in [1e40, 1000.1, f64::INFINITY, f64::NAN, -1.0] {
            let error = CtGrid::new(4, 4, pixel_mm).unwrap_err();
            assert!(error.to_string().contains("at most 1000 mm"), "{error}");
        }
    }
}
