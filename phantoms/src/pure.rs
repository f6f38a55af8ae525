//! Elementary functions and normal numbers that have the same bits on every machine.
//!
//! The system's own sine or logarithm may err in the last bit, each in its way; `libm` is Rust.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

pub(crate) use libm::{cos, exp, log, pow, sin};

/// The length of a vector of ordinary size: a square root is exact everywhere.
pub(crate) fn hypot(x: f64, y: f64) -> f64 {
    (x * x + y * y).sqrt()
}

/// Sine and cosine.
pub(crate) fn sin_cos(angle: f64) -> (f64, f64) {
    (sin(angle), cos(angle))
}

/// Where normal numbers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Normals {
    /// The ziggurat of `rand_distr`, whose tails ask the system for a logarithm: one number in a
    /// thousand may differ in its last bit. For streams that priors were trained on.
    Ziggurat,
    /// The quantile of a uniform number: the same bits on every machine.
    Pure,
}

impl Normals {
    /// One number.
    #[inline]
    pub fn next<R: Rng>(self, rng: &mut R) -> f64 {
        match self {
            Self::Ziggurat => rng.sample(StandardNormal),
            // Odd multiples of 2^-54: never 0 nor 1.
            Self::Pure => {
                const STEP: f64 = 1.0 / (1u64 << 53) as f64;
                quantile(((rng.next_u64() >> 11) as f64 + 0.5) * STEP)
            }
        }
    }
}

/// Where the normal distribution reaches a share of 0 to 1, to 1e-15 or so.
///
/// Source: Wichura 1988, algorithm AS 241, PPND16.
#[inline]
fn quantile(share: f64) -> f64 {
    let off = share - 0.5;
    if off.abs() <= 0.425 {
        return off * ratio(&CENTRE, 0.180625 - off * off);
    }
    let r = (-log(share.min(1.0 - share))).sqrt();
    let tail = match r {
        r if r <= 5.0 => ratio(&TAIL, r - 1.6),
        r => ratio(&FAR, r - 5.0),
    };
    tail.copysign(off)
}

/// Coefficients of two polynomials, the lowest first.
type Ratio = [[f64; 8]; 2];

#[inline]
fn ratio([above, below]: &Ratio, r: f64) -> f64 {
    let sum = |c: &[f64; 8]| c.iter().rev().fold(0.0, |sum, c| sum * r + c);
    sum(above) / sum(below)
}

const CENTRE: Ratio = [
    [
        3.3871328727963666080e0,
        1.3314166789178437745e+2,
        1.9715909503065514427e+3,
        1.3731693765509461125e+4,
        4.5921953931549871457e+4,
        6.7265770927008700853e+4,
        3.3430575583588128105e+4,
        2.5090809287301226727e+3,
    ],
    [
        1.0,
        4.2313330701600911252e+1,
        6.8718700749205790830e+2,
        5.3941960214247511077e+3,
        2.1213794301586595867e+4,
        3.9307895800092710610e+4,
        2.8729085735721942674e+4,
        5.2264952788528545610e+3,
    ],
];
const TAIL: Ratio = [
    [
        1.42343711074968357734e0,
        4.63033784615654529590e0,
        5.76949722146069140550e0,
        3.64784832476320460504e0,
        1.27045825245236838258e0,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ],
    [
        1.0,
        2.05319162663775882187e0,
        1.67638483018380384940e0,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ],
];
const FAR: Ratio = [
    [
        6.65790464350110377720e0,
        5.46378491116411436990e0,
        1.78482653991729133580e0,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ],
    [
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ],
];

/// FNV-1a over the bits of an image: a number to know it by.
#[cfg(test)]
pub(crate) fn fingerprint<'a>(values: impl IntoIterator<Item = &'a f32>) -> u64 {
    let bytes = values.into_iter().flat_map(|v| v.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn the_quantile_undoes_the_distribution() {
        for n in 1..2000 {
            // From 1e-15 to 1/2.
            let share = 0.5 * pow(2e-15, f64::from(n) / 2000.0);
            let x = quantile(share);
            let back = 0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2);
            assert!((back / share - 1.0).abs() < 1e-13, "{share}: {x} {back}");
            assert!((quantile(1.0 - share) + quantile(1.0 - (1.0 - share))).abs() < 1e-14);
        }
        assert_eq!(quantile(0.5), 0.0);
    }

    #[test]
    fn numbers_are_normal_from_either_source() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for normals in [Normals::Ziggurat, Normals::Pure] {
            let n = 200_000;
            let (mut sums, mut beyond) = ([0.0; 4], 0);
            for _ in 0..n {
                let x = normals.next(&mut rng);
                let square = x * x;
                [x, square, square * x, square * square]
                    .into_iter()
                    .zip(&mut sums)
                    .for_each(|(v, sum)| *sum += v / f64::from(n));
                beyond += i32::from(x > 3.0);
            }
            // Within four standard errors of 0, 1, 0, 3 and 270 of 200 000.
            for (mean, (expected, error)) in
                sums.iter()
                    .zip([(0.0, 0.009), (1.0, 0.0127), (0.0, 0.035), (3.0, 0.088)])
            {
                assert!((mean - expected).abs() < error, "{normals:?}: {sums:?}");
            }
            assert!((205..335).contains(&beyond), "{normals:?}: {beyond}");
        }
    }
}
