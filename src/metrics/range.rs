//! The range of values that PSNR and SSIM are relative to: the commonest reason why two papers disagree.

use super::{MetricsError, Value};
use ndarray::ArrayView3;

/// How the range of values is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DataRange {
    /// The maximum of the reference over the volume: fastMRI.
    Maximum,
    /// Maximum minus minimum of the reference over the volume: LoDoPaB, scikit-image's advice.
    MaximumMinusMinimum,
    /// A fixed one, such as 400 HU.
    Fixed(f64),
}

impl DataRange {
    /// The range of a reference; errors if it is not above 0.
    ///
    /// It is that of the whole volume, also where a mask says what is compared.
    pub fn of<T: Value + Into<f64>>(self, reference: ArrayView3<T>) -> Result<f64, MetricsError> {
        let fold = |pick: fn(f64, f64) -> f64, from: f64| {
            reference.iter().fold(from, |m, v| pick(m, (*v).into()))
        };
        let range = match self {
            DataRange::Maximum => fold(f64::max, f64::NEG_INFINITY),
            DataRange::MaximumMinusMinimum => {
                fold(f64::max, f64::NEG_INFINITY) - fold(f64::min, f64::INFINITY)
            }
            DataRange::Fixed(range) => range,
        };
        if range > 0.0 && range.is_finite() {
            return Ok(range);
        }
        Err(MetricsError::Range {
            range,
            convention: self.convention(),
        })
    }

    /// In words.
    pub fn convention(self) -> &'static str {
        match self {
            DataRange::Maximum => "max of the reference volume",
            DataRange::MaximumMinusMinimum => "max - min of the reference volume",
            DataRange::Fixed(_) => "fixed range",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    #[test]
    fn ranges_are_of_the_reference() {
        let t = Array3::from_shape_fn((2, 3, 5), |(s, y, x)| (s * 15 + y * 5 + x) as f32 - 9.0);
        let of = |r: DataRange| r.of(t.view());
        assert_eq!(of(DataRange::Maximum), Ok(20.0));
        assert_eq!(of(DataRange::MaximumMinusMinimum), Ok(29.0));
        assert_eq!(of(DataRange::Fixed(400.0)), Ok(400.0));
        assert!(of(DataRange::Fixed(0.0)).is_err());
        let below = t.mapv(|v| v - 100.0);
        let message = DataRange::Maximum.of(below.view()).unwrap_err().to_string();
        assert!(message.contains("-80"), "{message}");
        let flat = Array3::<f32>::ones((2, 3, 5));
        assert!(DataRange::MaximumMinusMinimum.of(flat.view()).is_err());
    }
}
