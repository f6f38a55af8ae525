//! What the likelihoods of counts share.

use crate::{Array, Error, Result, SliceRng, Vector};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};

/// The sum over each item.
pub(super) fn sums<T: Array>(x: &T) -> Vec<f64> {
    let per_item = x.to_reals();
    per_item
        .chunks(Vector::reals(x).max(1))
        .map(|item| item.iter().sum())
        .collect()
}

/// One Poisson count; 0 of a mean that is not positive, not a number where no count can be drawn.
pub(super) fn count(mean: f64, rng: &mut ChaCha8Rng) -> f64 {
    if mean <= 0.0 {
        return 0.0;
    }
    Poisson::new(mean).map_or(f64::NAN, |p| p.sample(rng))
}

/// `draw(mean, rng)` of every element, each item from its own stream.
///
/// Errors: a draw that is not finite, under the name `what`.
pub(super) fn drawn<T: Array>(
    means: &T,
    rng: &mut SliceRng,
    what: &'static str,
    draw: impl Fn(f64, &mut ChaCha8Rng) -> f64,
) -> Result<T> {
    let n = Vector::reals(means).max(1);
    let mut reals = means.to_reals();
    for (item, rng) in reals.chunks_mut(n).zip(rng.items()) {
        item.iter_mut().for_each(|mean| *mean = draw(*mean, rng));
    }
    if let Some(at) = reals.iter().position(|y| !y.is_finite()) {
        let item = at / n;
        return Err(Error::NonFinite { what, item });
    }
    Ok(T::from_reals(
        &means.device(),
        &means.sizes(),
        means.field(),
        &reals,
    ))
}
