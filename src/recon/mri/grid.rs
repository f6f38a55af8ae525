//! The grid of the image: its size, its affine, and the readout oversampling that it is free of.

use super::ReconError;
use crate::io::RawHeader;
use ndarray::{Array2, Array3, s};
use num_complex::Complex32;
use operators::{Array, Direction, Field, Host};

/// From the encoded matrix of a raw file to the image.
///
/// Along the readout, oversampling is removed exactly once: inverse transform, centred crop by the
/// ratio of the fields of view, transform. Along phase encoding the whole encoded field of view is
/// reconstructed and the image cropped at the end.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Encoded rows and columns.
    pub encoded: [usize; 2],
    /// Columns without oversampling.
    pub columns: usize,
    /// Rows and columns of the image that is written.
    pub image: [usize; 2],
    /// Voxel to LPS in mm, of the image that is written.
    pub affine_lps_mm: [[f64; 4]; 3],
    /// Pixel size (y, x) in mm.
    pub pixel_mm: [f64; 2],
}

impl Grid {
    /// From the header of a raw file.
    ///
    /// Errors: fields of view that are not positive, or an encoded one below the image's.
    pub fn new(header: &RawHeader) -> Result<Self, ReconError> {
        let kept = |axis: usize, name: &str| -> Result<usize, ReconError> {
            let n = header.encoded[axis];
            let (encoded, wanted) = (header.encoded_fov_mm[axis], header.recon_fov_mm[axis]);
            let kept = (n as f64 * wanted / encoded).round();
            if kept.is_finite() && kept >= 1.0 && kept <= n as f64 {
                return Ok(kept as usize);
            }
            Err(ReconError::Request(format!(
                "header: the {name} field of view is {encoded} mm encoded and {wanted} mm \
                 reconstructed: expected 0 < reconstructed <= encoded; correct the header"
            )))
        };
        let (rows, columns) = (kept(0, "phase-encoding")?, kept(1, "readout")?);
        let image = [rows, columns];
        let pixel_mm = [
            header.encoded_fov_mm[0] / header.encoded[0] as f64,
            header.encoded_fov_mm[1] / header.encoded[1] as f64,
        ];
        let affine_lps_mm = regrid(&header.affine_lps_mm, header.recon, image, pixel_mm);
        Ok(Grid {
            encoded: header.encoded,
            columns,
            image,
            affine_lps_mm,
            pixel_mm,
        })
    }

    /// The affine of the part of the volume that starts with slice `first`.
    pub fn affine_from(&self, first: usize) -> [[f64; 4]; 3] {
        self.affine_lps_mm
            .map(|[x, y, z, origin]| [x, y, z, origin + first as f64 * z])
    }

    /// k-space without readout oversampling: `(coil, y, x)` to `(coil, y, columns)`.
    pub fn remove_oversampling(&self, k: &Array3<Complex32>) -> Array3<Complex32> {
        let (coils, rows, full) = k.dim();
        if full == self.columns {
            return k.clone();
        }
        // A transform along x alone: rows are taken as planes of one row.
        let along_x = |k: Array3<Complex32>, direction: Direction| {
            let (c, y, x) = k.dim();
            let elements: Vec<Complex32> = k.iter().copied().collect();
            let lines = Host::from_complex(&[c * y, 1, x], &elements).fft2(direction);
            Array3::from_shape_fn((c, y, x), |(i, j, l)| lines.complex()[(i * y + j) * x + l])
        };
        debug_assert_eq!((rows, full), (self.encoded[0], self.encoded[1]));
        let start = full / 2 - self.columns / 2;
        let images = along_x(k.clone(), Direction::Inverse);
        let cropped = images
            .slice(s![.., .., start..start + self.columns])
            .to_owned();
        debug_assert_eq!(cropped.dim().0, coils);
        along_x(cropped, Direction::Forward)
    }

    /// How often each sample was measured, on the grid without oversampling.
    pub fn thin(&self, averages: &Array2<f32>) -> Array2<f32> {
        let full = averages.dim().1;
        if full == self.columns {
            return averages.clone();
        }
        let at = |x: usize| {
            let offset = x as f64 - (self.columns / 2) as f64;
            let column = (full / 2) as f64 + offset * full as f64 / self.columns as f64;
            (column.round() as usize).min(full - 1)
        };
        Array2::from_shape_fn((averages.dim().0, self.columns), |(y, x)| {
            averages[(y, at(x))]
        })
    }

    /// The part of a reconstructed image that is written: centre on centre.
    pub fn crop<A: Clone>(&self, image: &Array2<A>) -> Array2<A> {
        let start = |full: usize, kept: usize| full / 2 - kept / 2;
        let (y, x) = (
            start(image.dim().0, self.image[0]),
            start(image.dim().1, self.image[1]),
        );
        image
            .slice(s![y..y + self.image[0], x..x + self.image[1]])
            .to_owned()
    }
}

/// The affine of a grid with another matrix and pixel size and the same centre sample `⌊n/2⌋`.
fn regrid(
    affine: &[[f64; 4]; 3],
    from: [usize; 2],
    to: [usize; 2],
    pixel_mm: [f64; 2],
) -> [[f64; 4]; 3] {
    let length = |column: usize| affine.iter().map(|r| r[column].powi(2)).sum::<f64>().sqrt();
    let (dx, dy) = (length(0), length(1));
    let mut out = *affine;
    for (row, old) in out.iter_mut().zip(affine) {
        let centre = old[3] + old[0] * (from[1] / 2) as f64 + old[1] * (from[0] / 2) as f64;
        row[0] = old[0] / dx * pixel_mm[1];
        row[1] = old[1] / dy * pixel_mm[0];
        row[3] = centre - row[0] * (to[1] / 2) as f64 - row[1] * (to[0] / 2) as f64;
    }
    out
}

/// An image of the host as a 2-D array.
pub(crate) fn image<A: Clone>(elements: &[A], rows: usize, columns: usize) -> Array2<A> {
    Array2::from_shape_fn((rows, columns), |(y, x)| elements[y * columns + x].clone())
}

/// Complex elements of (coil, y, x) or (y, x) data on a backend, batch 1.
pub(crate) fn upload<T: Array>(
    device: &T::Device,
    sizes: &[usize],
    elements: impl Iterator<Item = Complex32>,
) -> T {
    let reals: Vec<f64> = elements
        .flat_map(|z| [f64::from(z.re), f64::from(z.im)])
        .collect();
    T::from_reals(device, &[&[1], sizes].concat(), Field::Complex, &reals)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A point at the centre sample keeps its place and the others their distance.
    #[test]
    fn regridding_keeps_the_centre_sample() {
        let affine = [
            [-2.0, 0.0, 0.0, 10.0],
            [0.0, 3.0, 0.0, 20.0],
            [0.0, 0.0, 5.0, 30.0],
        ];
        let out = regrid(&affine, [10, 9], [8, 5], [3.0, 2.0]);
        for i in 0..3 {
            let before = affine[i][3] + affine[i][0] * 4.0 + affine[i][1] * 5.0;
            let after = out[i][3] + out[i][0] * 2.0 + out[i][1] * 4.0;
            assert!((before - after).abs() < 1e-12);
        }
        let same = regrid(&affine, [10, 9], [10, 9], [3.0, 2.0]);
        assert_eq!(same, affine);
    }
}
