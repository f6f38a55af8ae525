//! The cubic B-spline, which rounds label maps and interpolates lattices of noise.

/// Mean of the squared weights at a random place: the variance that one axis of interpolation
/// leaves of a lattice of variance 1.
pub(crate) const SPLINE_VARIANCE: f32 = 151.0 / 315.0;

/// The weights of four neighbours, from one before to two after, at a fraction between the middle
/// two.
#[inline]
pub(crate) fn spline(t: f64) -> [f32; 4] {
    let s = 1.0 - t;
    let inner = |t: f64| (4.0 - 6.0 * t * t + 3.0 * t * t * t) / 6.0;
    [
        (s * s * s / 6.0) as f32,
        inner(t) as f32,
        inner(s) as f32,
        (t * t * t / 6.0) as f32,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_one_and_have_the_mean_of_their_place() {
        let mut squares = 0.0;
        for n in 0..1000 {
            let t = (f64::from(n) + 0.5) / 1000.0;
            let w = spline(t).map(f64::from);
            assert!((w.iter().sum::<f64>() - 1.0).abs() < 1e-6);
            let mean = -w[0] + w[2] + 2.0 * w[3];
            assert!((mean - t).abs() < 1e-6, "{t}: {mean}");
            squares += w.iter().map(|v| v * v).sum::<f64>() / 1000.0;
        }
        assert!((squares - f64::from(SPLINE_VARIANCE)).abs() < 1e-6);
    }
}
