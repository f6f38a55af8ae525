//! How strongly a scan holds each frequency of the image: the diagonal of `F AᴴA Fᴴ`.

use crate::{Array, Direction, Error, Field, Result};

/// `h(k) = Σ_q M²(q) Σ_c |ŝ_c(q - k)|² / n`, the diagonal of `F AᴴA Fᴴ` of `A = M F C`, `n` pixels.
///
/// Of one coil that sees everything it is `M²` and all of the operator; of several it says how much of
/// each frequency the samples around it hold through the coils. `maps` is `Complex[1, Coil, Y, X]`,
/// `mask` `Real[1, Y, X]` as of [`super::sense`]; the values are in the order of the image's modes.
///
/// Errors: maps and a mask of other shapes.
pub fn normal_diagonal<T: Array>(maps: &T, mask: &T) -> Result<Vec<f64>> {
    let sizes = maps.sizes();
    let fits = matches!(sizes[..], [1, _, rows, columns] if mask.sizes() == [1, rows, columns])
        && (maps.field(), mask.field()) == (Field::Complex, Field::Real);
    if !fits {
        return Err(Error::Space {
            operator: "the diagonal of a scan".into(),
            expected: "maps Complex[1, Coil, Y, X], a mask Real[1, Y, X]".into(),
            got: format!(
                "{:?}{sizes:?}, {:?}{:?}",
                maps.field(),
                mask.field(),
                mask.sizes()
            ),
        });
    }
    let (rows, columns) = (sizes[2], sizes[3]);
    let pixels = rows * columns;
    let transform = |values: Vec<f64>| {
        let reals: Vec<f64> = values.into_iter().flat_map(|v| [v, 0.0]).collect();
        T::from_reals(
            &maps.device(),
            &[1, 1, rows, columns],
            Field::Complex,
            &reals,
        )
        .fft2(Direction::Forward)
    };
    let mut power = vec![0.0; pixels];
    let spectra = maps.fft2(Direction::Forward).to_reals();
    for coil in spectra.chunks_exact(2 * pixels) {
        for (p, z) in power.iter_mut().zip(coil.chunks_exact(2)) {
            *p += z[0] * z[0] + z[1] * z[1];
        }
    }
    // The correlation theorem of unitary transforms, with 1/n: √n / n.
    let samples = mask.to_reals().iter().map(|m| m * m).collect();
    let product = transform(samples).gather(&transform(power));
    let held = product.fft2(Direction::Inverse).to_reals();
    let root = (pixels as f64).sqrt();
    // Rounding may leave less than nothing.
    let held = held
        .chunks_exact(2)
        .map(|z| (z[0] / root).clamp(0.0, f64::INFINITY));
    Ok(held.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LinearOperator;
    use crate::mri::sense;
    use crate::testing::{Backend, for_each_backend};

    /// One frequency after the other through the operator itself; odd and unequal sides.
    fn is_the_diagonal<T: Array + 'static>(b: Backend<T>) {
        for (coils, rows, columns) in [(3, 7, 10), (2, 8, 5), (1, 1, 6)] {
            let maps = b.random(&[1, coils, rows, columns], Field::Complex, 6);
            let averages = b.mask(rows, columns, 7).scaled(1.5);
            let a = sense(maps.clone(), averages.clone()).unwrap();
            let held = normal_diagonal(&maps, &averages).unwrap();
            let largest = held.iter().copied().fold(0.0, f64::max);
            for (k, held) in held.iter().enumerate() {
                let mut unit = vec![0.0; 2 * rows * columns];
                unit[2 * k] = 1.0;
                let unit = T::from_reals(&b.device, &[1, rows, columns], Field::Complex, &unit);
                let seen = a.forward(&unit.fft2(Direction::Inverse)).unwrap();
                let expected = seen.dot(&seen)[0];
                let off = (held - expected).abs();
                assert!(
                    off < 100.0 * b.tolerance * largest,
                    "{k}: {held} {expected}"
                );
            }
        }
    }
    for_each_backend!(diagonal, is_the_diagonal);

    /// A coil that sees everything alike leaves the mask.
    fn of_one_flat_coil_it_is_the_mask<T: Array + 'static>(b: Backend<T>) {
        let ones = [1.0, 0.0].repeat(63);
        let maps = T::from_reals(&b.device, &[1, 1, 7, 9], Field::Complex, &ones);
        let mask = b.mask(7, 9, 7);
        let held = normal_diagonal(&maps, &mask).unwrap();
        for (held, m) in held.iter().zip(mask.to_reals()) {
            assert!((held - m * m).abs() < 100.0 * b.tolerance, "{held} {m}");
        }
    }
    for_each_backend!(flat, of_one_flat_coil_it_is_the_mask);

    fn shapes_that_do_not_fit_are_refused<T: Array + 'static>(b: Backend<T>) {
        let maps = b.random(&[1, 2, 7, 9], Field::Complex, 6);
        let error = normal_diagonal(&maps, &b.mask(9, 7, 7)).unwrap_err();
        assert!(error.to_string().contains("[1, 9, 7]"), "{error}");
        let several = b.random(&[2, 2, 7, 9], Field::Complex, 6);
        assert!(normal_diagonal(&several, &b.mask(7, 9, 7)).is_err());
    }
    for_each_backend!(refusal, shapes_that_do_not_fit_are_refused);
}
