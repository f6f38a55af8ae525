//! Contrast to noise, and uniformity, as the ACR's phantoms ask for them.

use super::{MetricsError, Value};
use ndarray::ArrayView2;

/// `|mean(A) - mean(B)| / SD(B)`, B the background; SD with n - 1.
///
/// Errors for an empty A, fewer than two pixels of B, or a B without noise. Source: ACR CT accreditation.
pub fn cnr<T: Value + Into<f64>>(object: &[T], background: &[T]) -> Result<f64, MetricsError> {
    if object.is_empty() || background.len() < 2 {
        return Err(MetricsError::TooFew {
            what: "pixels of the object and of its background",
            needed: 2,
            found: object.len().min(background.len()),
            remedy: "take larger ROIs",
        });
    }
    let mean = |v: &[T]| v.iter().map(|v| (*v).into()).sum::<f64>() / v.len() as f64;
    let (a, b) = (mean(object), mean(background));
    let squares = background.iter().map(|v| ((*v).into() - b).powi(2));
    let sd = (squares.sum::<f64>() / (background.len() - 1) as f64).sqrt();
    if sd > 0.0 {
        return Ok((a - b).abs() / sd);
    }
    Err(MetricsError::Domain {
        what: "standard deviation of the background",
        expected: "above 0",
        found: sd,
    })
}

/// Percent integral uniformity, `100 (1 - (H - L) / (H + L))`.
///
/// H and L are the highest and lowest mean over small discs (ACR: 1 cm²) that lie within the mask (ACR: 200 cm²). Errors
/// if no disc fits, or H + L is not above 0. Source: ACR MRI quality control manual.
pub fn uniformity<T: Value + Into<f64>>(
    image: ArrayView2<T>,
    mask: ArrayView2<bool>,
    disc_radius_px: f64,
) -> Result<f64, MetricsError> {
    let (rows, columns) = image.dim();
    if mask.dim() != image.dim() {
        let at = |(rows, columns)| (1, rows, columns);
        return Err(MetricsError::MaskShape {
            mask: at(mask.dim()),
            images: at(image.dim()),
        });
    }
    let offsets = disc(disc_radius_px);
    let (mut high, mut low) = (f64::NEG_INFINITY, f64::INFINITY);
    for at in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
        if let Some(mean) = disc_mean(image, mask, &offsets, at) {
            (high, low) = (high.max(mean), low.min(mean));
        }
    }
    if high == f64::NEG_INFINITY {
        return Err(MetricsError::TooFew {
            what: "small discs within the mask",
            needed: 1,
            found: 0,
            remedy: "take a larger mask or smaller discs",
        });
    }
    if high + low > 0.0 {
        return Ok(100.0 * (1.0 - (high - low) / (high + low)));
    }
    Err(MetricsError::Domain {
        what: "sum of the highest and lowest mean",
        expected: "above 0: a magnitude image",
        found: high + low,
    })
}

/// The mean over a disc around a pixel; none if a part of it is outside of the mask.
fn disc_mean<T: Value + Into<f64>>(
    image: ArrayView2<T>,
    mask: ArrayView2<bool>,
    offsets: &[(isize, isize)],
    (row, column): (usize, usize),
) -> Option<f64> {
    let values = offsets.iter().map(|(dy, dx)| {
        let at = (
            row.checked_add_signed(*dy)?,
            column.checked_add_signed(*dx)?,
        );
        mask.get(at).filter(|inside| **inside)?;
        Some(image[at].into())
    });
    let sum: Option<f64> = values.sum();
    sum.map(|sum| sum / offsets.len() as f64)
}

/// Offsets of the pixels whose centres lie within a radius.
fn disc(radius_px: f64) -> Vec<(isize, isize)> {
    let reach = radius_px.max(0.0).floor() as isize;
    let square = (-reach..=reach).flat_map(|y| (-reach..=reach).map(move |x| (y, x)));
    square
        .filter(|(y, x)| (*y as f64).hypot(*x as f64) <= radius_px.max(0.0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn cnr_is_in_deviations_of_the_background() {
        let background = [8.0, 12.0, 8.0, 12.0, 10.0];
        let sd: f64 = 2.0;
        assert!((cnr(&[25.0, 27.0], &background).unwrap() - 16.0 / sd).abs() < 1e-12);
        assert_eq!(cnr(&[-6.0f32], &[8.0, 12.0]).unwrap(), 16.0 / 8f64.sqrt());
        assert!(cnr::<f32>(&[], &[8.0, 12.0]).is_err());
        assert!(cnr(&[1.0], &[3.0, 3.0]).is_err());
    }

    #[test]
    fn a_ramp_has_the_uniformity_of_its_ends() {
        let image = Array2::from_shape_fn((31, 40), |(_, x)| 100.0 + x as f32);
        let mask = Array2::from_shape_fn((31, 40), |(y, x)| y < 29 && (5..=34).contains(&x));
        // Discs of radius 3 reach from column 8 to column 31.
        let found = uniformity(image.view(), mask.view(), 3.2).unwrap();
        let expected = 100.0 * (1.0 - (131.0 - 108.0) / (131.0 + 108.0));
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        assert!(uniformity(image.view(), mask.view(), 16.0).is_err());
        let below = image.mapv(|v| v - 1000.0);
        assert!(uniformity(below.view(), mask.view(), 3.2).is_err());
        assert!(uniformity(image.view(), mask.t(), 3.2).is_err());
    }
}
