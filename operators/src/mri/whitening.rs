//! Noise of the coils: its covariance, the whitening that makes it independent with a known
//! deviation, and a rule for scans that come without a noise readout.
//!
//! `y' = W y`, `W = f L⁻¹`, `Ψ = L Lᴴ`: Pruessmann, Weiger, Börnert, Boesiger, Magn. Reson. Med.
//! 46:638 (2001).
//!
//! Whitened data with `f` = [`bandwidth_factor`] or [`unit_variance_factor`] have unit deviation
//! per real component, `E|n|² = 2`; with `f = 1` they have `E|n|² = 1`, deviation 1/√2 per real
//! component.

use faer::{Mat, Side};
use ndarray::{Array2, Array3, ArrayView2, Axis};
use num_complex::{Complex32, Complex64};
use rayon::prelude::*;

pub use level::noise_level;

mod level;

/// A coil is dead at this part of the largest variance, and dependent where so little of its own
/// variance is left beside the coils before it.
const SINGULAR: f64 = 1e-12;

/// Why noise could not be estimated or removed.
#[derive(Debug, thiserror::Error)]
pub enum WhiteningError {
    /// An array of a shape that does not fit, or a number outside its range.
    #[error("{what}: expected {expected}, got {got}")]
    Argument {
        /// Which array or number.
        what: &'static str,
        /// What fits.
        expected: String,
        /// What came.
        got: String,
    },
    /// Too few values to estimate from.
    #[error("{what}: expected at least {needed} values, got {got}")]
    TooFew {
        /// The estimate.
        what: &'static str,
        /// Smallest number.
        needed: usize,
        /// What there is.
        got: usize,
    },
    /// NaN or infinity among the values.
    #[error("noise of coil {coil} (from 0) is not finite")]
    NonFinite {
        /// The coil, from 0.
        coil: usize,
    },
    /// A coil without noise: switched off, or never connected.
    #[error("noise of coil {coil} (from 0) is zero: leave this coil out")]
    Dead {
        /// The coil, from 0.
        coil: usize,
    },
    /// A coil that the coils before it already determine.
    #[error(
        "noise of coil {coil} (from 0) is a combination of the coils before it, so that the \
         covariance has no inverse: leave this coil out, or compress the coils"
    )]
    Dependent {
        /// The coil, from 0.
        coil: usize,
    },
    /// The eigenvalues of the covariance did not converge.
    #[error("noise covariance: the eigenvalues did not converge")]
    Eigen,
}

/// Noise covariance of the coils, `Ψ = N Nᴴ / (n - 1)`, in the squared unit of the data.
///
/// `noise`: (coil, sample), n samples of a readout without signal. No mean is subtracted: thermal
/// noise has none, and a constant offset is a fault that whitening must not hide. Errors: fewer
/// samples than coils (or than 2), non-finite.
pub fn covariance(noise: ArrayView2<Complex32>) -> Result<Array2<Complex64>, WhiteningError> {
    let (coils, n) = noise.dim();
    let needed = coils.max(2);
    if n < needed || coils == 0 {
        return Err(WhiteningError::TooFew {
            what: "noise covariance, samples a coil",
            needed,
            got: n,
        });
    }
    finite(
        noise
            .outer_iter()
            .map(|samples| samples.iter().all(|v| v.is_finite())),
    )?;
    let noise = noise.mapv(widen);
    Ok(noise.dot(&noise.t().mapv(|v| v.conj())) / (n as f64 - 1.0))
}

/// Sum of the coils' variances, `tr Ψ`.
pub fn trace(psi: ArrayView2<Complex64>) -> f64 {
    psi.diag().iter().map(|v| v.re).sum()
}

/// `λ_max/λ_min` of a noise covariance; infinite if it is singular.
///
/// Errors: eigenvalues that do not converge, as from entries that are not finite.
pub fn condition_number(psi: ArrayView2<Complex64>) -> Result<f64, WhiteningError> {
    let psi = Mat::from_fn(psi.nrows(), psi.ncols(), |c, d| psi[[c, d]]);
    let values = psi
        .self_adjoint_eigenvalues(Side::Lower)
        .map_err(|_| WhiteningError::Eigen)?;
    match values[..] {
        [min, .., max] if min > 0.0 => Ok(max / min),
        [only] if only > 0.0 => Ok(1.0),
        _ => Ok(f64::INFINITY),
    }
}

/// `√(2 Δt/Δt_noise B)`: scales `L⁻¹` of a noise scan with another bandwidth to unit deviation per
/// real component.
///
/// `dwell_us` and `noise_dwell_us` are the sampling intervals of the data and of the noise scan,
/// the noise variance being inverse to them; `relative_bandwidth` is `B`, the part of the noise
/// scan's band that its filter leaves (`relativeReceiverNoiseBandwidth` in ISMRMRD, about 0.79).
/// Kellman, McVeigh, Magn. Reson. Med. 54:1439 (2005).
pub fn bandwidth_factor(dwell_us: f64, noise_dwell_us: f64, relative_bandwidth: f64) -> f64 {
    (2.0 * dwell_us / noise_dwell_us * relative_bandwidth).sqrt()
}

/// `√2`: unit deviation per real component where noise scan and data have the same bandwidth.
///
/// With the bandwidth correction switched off and this factor kept, the numbers are too large by
/// `√(Δt_noise/(Δt B))` where the bandwidths do differ. BART's `whiten` and the golden values of
/// our data have neither: their factor is 1, and `E|n|² = 1` if the bandwidths agree.
pub fn unit_variance_factor() -> f64 {
    std::f64::consts::SQRT_2
}

/// The whitening `y' = W y` over the coils.
#[derive(Clone, Debug)]
pub struct Whitening {
    /// `W = f L⁻¹`, shape (coil, coil), lower triangular, in the inverse unit of the data.
    pub matrix: Array2<Complex64>,
    /// `f`, already contained in `matrix`.
    pub bandwidth_factor: f64,
}

impl Whitening {
    /// `W = factor · L⁻¹` with `Ψ = L Lᴴ` from a noise readout (coil, sample).
    ///
    /// `factor`: [`bandwidth_factor`] as a rule, else [`unit_variance_factor`], or 1 as in BART.
    /// Errors: those of [`covariance`], a dead or dependent coil (named), a factor not positive.
    pub fn from_noise(noise: ArrayView2<Complex32>, factor: f64) -> Result<Self, WhiteningError> {
        positive("whitening factor", factor)?;
        let l = cholesky(&covariance(noise)?)?;
        Ok(Self {
            matrix: inverse(&l) * Complex64::from(factor),
            bandwidth_factor: factor,
        })
    }

    /// `W = I/sigma`, for independent coils of equal noise: `sigma` is the deviation per real
    /// component, as from [`noise_level`], and so becomes 1. `bandwidth_factor` is 1.
    ///
    /// Errors: `sigma` not positive.
    pub fn identity(coils: usize, sigma: f64) -> Result<Self, WhiteningError> {
        positive("noise deviation", sigma)?;
        Ok(Self {
            matrix: Array2::eye(coils) / Complex64::from(sigma),
            bandwidth_factor: 1.0,
        })
    }

    /// Replaces k-space (coil, y, x) by `W k`, computed in f64; positions that are zero stay zero.
    ///
    /// Errors: another number of coils than the noise had.
    pub fn apply(&self, k: &mut Array3<Complex32>) -> Result<(), WhiteningError> {
        let (expected, got) = (self.matrix.ncols(), k.len_of(Axis(0)));
        if expected != got {
            return Err(WhiteningError::Argument {
                what: "whitening, k-space",
                expected: format!("{expected} coils"),
                got: format!("{got}"),
            });
        }
        k.axis_iter_mut(Axis(1))
            .into_par_iter()
            .for_each(|mut line| {
                let white = self.matrix.dot(&line.mapv(widen));
                line.zip_mut_with(&white, |to, v| {
                    *to = Complex32::new(v.re as f32, v.im as f32)
                });
            });
        Ok(())
    }
}

/// Lower triangular `L` with `Ψ = L Lᴴ`, naming the coil that has no variance of its own.
fn cholesky(psi: &Array2<Complex64>) -> Result<Array2<Complex64>, WhiteningError> {
    let largest = psi.diag().iter().map(|v| v.re).fold(0.0, f64::max);
    let mut l = Array2::<Complex64>::zeros(psi.raw_dim());
    for i in 0..psi.nrows() {
        let variance = psi[[i, i]].re;
        if variance <= SINGULAR * largest {
            return Err(WhiteningError::Dead { coil: i });
        }
        for j in 0..i {
            let known: Complex64 = (0..j).map(|k| l[[i, k]] * l[[j, k]].conj()).sum();
            l[[i, j]] = (psi[[i, j]] - known) / l[[j, j]];
        }
        let own = variance - (0..i).map(|k| l[[i, k]].norm_sqr()).sum::<f64>();
        if own <= SINGULAR * variance {
            return Err(WhiteningError::Dependent { coil: i });
        }
        l[[i, i]] = own.sqrt().into();
    }
    Ok(l)
}

/// `L⁻¹` by forward substitution.
fn inverse(l: &Array2<Complex64>) -> Array2<Complex64> {
    let mut w = Array2::<Complex64>::zeros(l.raw_dim());
    for j in 0..l.nrows() {
        w[[j, j]] = l[[j, j]].inv();
        for i in j + 1..l.nrows() {
            let known: Complex64 = (j..i).map(|k| l[[i, k]] * w[[k, j]]).sum();
            w[[i, j]] = -known / l[[i, i]];
        }
    }
    w
}

fn finite(mut coils: impl Iterator<Item = bool>) -> Result<(), WhiteningError> {
    match coils.position(|finite| !finite) {
        Some(coil) => Err(WhiteningError::NonFinite { coil }),
        None => Ok(()),
    }
}

fn positive(what: &'static str, got: f64) -> Result<(), WhiteningError> {
    if got.is_finite() && got > 0.0 {
        Ok(())
    } else {
        Err(WhiteningError::Argument {
            what,
            expected: "a positive number".to_owned(),
            got: format!("{got:e}"),
        })
    }
}

fn widen(v: Complex32) -> Complex64 {
    Complex64::new(v.re.into(), v.im.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, s};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    const COILS: usize = 3;

    /// Mixed complex noise of the scale of a scanner, (coil, sample).
    fn noise(samples: usize, scale: f32, seed: u64) -> Array2<Complex32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut normal = || -> f32 { StandardNormal.sample(&mut rng) };
        let white =
            Array2::from_shape_simple_fn((COILS, samples), || Complex32::new(normal(), normal()));
        let mixing = Array2::from_shape_fn((COILS, COILS), |(c, d)| {
            scale
                * Complex32::new(
                    if c == d { 1.0 + c as f32 } else { 0.3 },
                    0.2 * (c as f32 - d as f32),
                )
        });
        mixing.dot(&white)
    }

    fn close(a: &Array2<Complex64>, b: &Array2<Complex64>, tolerance: f64) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).norm() <= tolerance)
    }

    #[test]
    fn whitened_noise_has_the_covariance_of_its_factor() {
        let n = noise(5000, 1e-6, 1);
        for (factor, variance) in [(1.0, 1.0), (unit_variance_factor(), 2.0)] {
            let whitening = Whitening::from_noise(n.view(), factor).unwrap();
            let mut k = n.clone().into_shape_with_order((COILS, 50, 100)).unwrap();
            whitening.apply(&mut k).unwrap();
            let white = k.into_shape_with_order((COILS, 5000)).unwrap();
            let psi = covariance(white.view()).unwrap();
            assert!(close(
                &psi,
                &(Array2::eye(COILS) * Complex64::from(variance)),
                1e-5
            ));
        }
    }

    #[test]
    fn matrix_is_the_inverse_cholesky_factor() {
        let n = noise(64, 3.0, 2);
        let psi = covariance(n.view()).unwrap();
        let w = Whitening::from_noise(n.view(), 1.0).unwrap().matrix;
        let identity = w.dot(&psi).dot(&w.t().mapv(|v| v.conj()));
        assert!(close(&identity, &Array2::eye(COILS), 1e-12));
        assert!((0..COILS).all(|c| (c + 1..COILS).all(|d| w[[c, d]] == Complex64::ZERO)));
    }

    #[test]
    fn trace_and_condition_of_a_diagonal_covariance() {
        let psi = Array2::from_diag(&Array1::from(vec![2.0, 5.0, 1.0]).mapv(Complex64::from));
        assert_eq!(trace(psi.view()), 8.0);
        assert!((condition_number(psi.view()).unwrap() - 5.0).abs() < 1e-12);
        let flat = Array2::zeros((2, 2));
        assert_eq!(condition_number(flat.view()).unwrap(), f64::INFINITY);
    }

    #[test]
    fn bandwidth_factors_of_the_bottles() {
        let factor = bandwidth_factor(2.4, 20.0, 0.793);
        assert!((factor - 0.43625681).abs() < 1e-7);
        assert!((factor / unit_variance_factor() - 0.30848014).abs() < 1e-7);
    }

    #[test]
    fn identity_divides_by_the_deviation_and_other_coils_are_refused() {
        let whitening = Whitening::identity(2, 4.0).unwrap();
        let mut k = Array3::from_elem((2, 3, 5), Complex32::new(2.0, -1.0));
        whitening.apply(&mut k).unwrap();
        assert!(k.iter().all(|&k| k == Complex32::new(0.5, -0.25)));
        let error = whitening.apply(&mut Array3::zeros((3, 3, 5))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "whitening, k-space: expected 2 coils, got 3"
        );
        assert!(Whitening::identity(2, 0.0).is_err());
    }

    #[test]
    fn unusable_noise_is_refused_and_the_coil_named() {
        let message = |n: &Array2<Complex32>| {
            Whitening::from_noise(n.view(), 1.0)
                .unwrap_err()
                .to_string()
        };
        let good = noise(64, 1e-6, 3);
        let mut dead = good.clone();
        dead.row_mut(1).fill(Complex32::ZERO);
        assert!(message(&dead).contains("coil 1 (from 0) is zero"));
        let mut twin = good.clone();
        let sum = &good.row(0) + &good.row(1);
        twin.row_mut(2).assign(&sum);
        assert!(message(&twin).contains("coil 2 (from 0) is a combination"));
        let mut broken = good.clone();
        broken[[2, 7]].im = f32::INFINITY;
        assert!(message(&broken).contains("coil 2 (from 0) is not finite"));
        assert!(message(&good.slice(s![.., ..2]).to_owned()).contains("at least 3 values, got 2"));
        assert!(Whitening::from_noise(good.view(), f64::NAN).is_err());
    }
}
