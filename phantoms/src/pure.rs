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

/// Coefficients of two polynomials, the lowest first, as doubles hold them.
type Ratio = [[f64; 8]; 2];

#[inline]
fn ratio([above, below]: &Ratio, r: f64) -> f64 {
    let sum = |c: &[f64; 8]| c.iter().rev().fold(0.0, |sum, c| sum * r + c);
    sum(above) / sum(below)
}

const CENTRE: Ratio = [
    [
        3.3871328727963665,
        133.14166789178438,
        1971.5909503065513,
        13731.69376550946,
        45921.95393154987,
        67265.7709270087,
        33430.57558358813,
        2509.0809287301227,
    ],
    [
        1.0,
        42.31333070160091,
        687.1870074920579,
        5394.196021424751,
        21213.794301586597,
        39307.89580009271,
        28729.085735721943,
        5226.495278852854,
    ],
];
const TAIL: Ratio = [
    [
        1.4234371107496835,
        4.630337846156546,
        5.769497221460691,
        3.6478483247632045,
        1.2704582524523684,
        0.2417807251774506,
        0.022723844989269184,
        0.0007745450142783414,
    ],
    [
        1.0,
        2.053191626637759,
        1.6763848301838038,
        0.6897673349851,
        0.14810397642748008,
        0.015198666563616457,
        0.0005475938084995345,
        1.0507500716444169e-09,
    ],
];
const FAR: Ratio = [
    [
        6.657904643501103,
        5.463784911164114,
        1.7848265399172913,
        0.29656057182850487,
        0.026532189526576124,
        0.0012426609473880784,
        2.7115555687434876e-05,
        2.0103343992922881e-07,
    ],
    [
        1.0,
        0.599832206555888,
        0.1369298809227358,
        0.014875361290850615,
        0.0007868691311456133,
        1.8463183175100548e-05,
        1.421511758316446e-07,
        2.0442631033899397e-15,
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
