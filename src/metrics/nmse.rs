//! Normalised mean square error.

use super::{MetricsError, Pair, Value};

/// `‖x - t‖² / ‖t‖²` over the volume, or over the mask; of complex pixels with their phases.
///
/// Errors if the reference is zero there. Source: fastMRI's `evaluate.py`, on magnitudes.
pub fn nmse<T: Value>(pair: &Pair<T>) -> Result<f64, MetricsError> {
    let (error, energy) = pair.energies();
    if energy == 0.0 {
        return Err(MetricsError::ZeroReference);
    }
    Ok(error / energy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    #[test]
    fn it_is_the_square_of_the_relative_error() {
        let t = Array3::from_shape_fn((2, 5, 3), |(s, y, x)| (1 + s + y * x) as f32);
        let x = t.mapv(|v| 0.9 * v);
        let pair = Pair::new(x.view(), t.view()).unwrap();
        assert!((nmse(&pair).unwrap() - 0.01).abs() < 1e-8);
        let zero = Array3::<f32>::zeros((2, 5, 3));
        let pair = Pair::new(x.view(), zero.view()).unwrap();
        assert_eq!(nmse(&pair), Err(MetricsError::ZeroReference));
    }
}
