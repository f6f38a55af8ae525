//! Published rules that bound the denoised image to the range of the data.

use super::{Guidance, Step};
use crate::score::{Covariance, Denoiser, Estimate, Pullback, Want};
use operators::{Array, Result};
use std::cell::RefCell;

/// A rule under `D` bounded to `[-limit, limit]` in each real component, and differentiated through the bound.
///
/// Source: the published code of DPS, whose images lie between -1 and 1.
pub struct Clipped<G> {
    /// The rule.
    pub rule: G,
    /// Largest magnitude of a real component.
    pub limit: f64,
}

impl<T: Array, G: Guidance<T>> Guidance<T> for Clipped<G> {
    fn step(&self, at: &mut Step<'_, T>) -> Result<T> {
        let prior = Bounded {
            prior: at.prior,
            limit: self.limit,
            first: RefCell::new(None),
        };
        let next = self.rule.step(&mut at.under(&prior))?;
        if let Some(d) = prior.first.into_inner() {
            at.measure(at.x, &d);
        }
        Ok(next)
    }
}

/// The prior whose denoised images are bounded.
struct Bounded<'a, T> {
    prior: &'a dyn Denoiser<T>,
    limit: f64,
    /// `D` of the state itself, without the bound.
    first: RefCell<Option<T>>,
}

impl<T: Array> Denoiser<T> for Bounded<'_, T> {
    fn estimate<'a>(&'a self, x: &T, sigma: f64, want: Want) -> Result<Estimate<'a, T>> {
        let d = self.prior.estimate(x, sigma, want)?;
        let like = |x: &T, reals: &[f64]| T::from_reals(&x.device(), &x.sizes(), x.field(), reals);
        let reals = d.x0.to_reals();
        let inside: Vec<bool> = reals.iter().map(|r| r.abs() <= self.limit).collect();
        let bounded: Vec<f64> = reals
            .iter()
            .map(|r| r.clamp(-self.limit, self.limit))
            .collect();
        let x0 = like(&d.x0, &bounded);
        self.first.borrow_mut().get_or_insert(d.x0);
        let pullback = d.pullback.map(|pull| {
            Box::new(move |v: &T| {
                let mut kept = v.to_reals();
                for (r, inside) in kept.iter_mut().zip(&inside) {
                    *r *= f64::from(u8::from(*inside));
                }
                pull(&like(v, &kept))
            }) as Pullback<'a, T>
        });
        Ok(Estimate {
            x0,
            pullback,
            deviation: d.deviation,
        })
    }

    fn covariance(&self) -> Option<&Covariance> {
        self.prior.covariance()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::StationaryGaussian;
    use operators::{Field, Host, SliceRng, Vector};

    type Image = Host<f64>;

    /// `<J u, v>` by differences of the bounded image is `<u, Jᴴ v>`.
    #[test]
    fn the_pullback_goes_through_the_bound() {
        let prior = StationaryGaussian::new(4.0, 0.2, 1.4);
        let bounded = Bounded {
            prior: &prior,
            limit: 0.5,
            first: RefCell::new(None),
        };
        let zero = Image::zeros(&[1, 8, 9], Field::Complex);
        let mut rng = SliceRng::samples(1, 0, 1);
        let [x, u, v] = [(); 3].map(|()| zero.normal_like(&mut rng));
        let sigma = 0.6;
        let d = bounded.estimate(&x, sigma, Want::Pullback).unwrap();
        let reals = d.x0.to_reals();
        let at_bound = reals.iter().filter(|r| r.abs() == 0.5).count();
        assert!(
            (10..130).contains(&at_bound),
            "{at_bound} of {}",
            reals.len()
        );
        assert!(reals.iter().all(|r| r.abs() <= 0.5));
        let h = 1e-6;
        let near = |h: f64| {
            let mut near = x.clone();
            near.axpy(&[h], &u);
            bounded.denoise(&near, sigma).unwrap()
        };
        let slope = near(h).minus(&near(-h)).scaled(0.5 / h).dot(&v)[0];
        let pulled = d.pull(&v).unwrap().dot(&u)[0];
        assert!(
            (slope - pulled).abs() < 1e-6 * u.norm()[0] * v.norm()[0],
            "{slope} {pulled}"
        );
    }

    /// A bound that nothing meets changes nothing; none changes what the distance is told of.
    #[test]
    fn a_wide_bound_leaves_the_step_as_it_is() {
        use crate::guidance::{Ancestral, Variance};
        let prior = StationaryGaussian::new(4.0, 0.2, 1.4);
        let zero = Image::zeros(&[2, 8, 9], Field::Complex);
        let x = zero.normal_like(&mut SliceRng::samples(1, 0, 2));
        let stepped = |rule: &dyn Guidance<Image>| {
            let mut rng = SliceRng::samples(2, 0, 2);
            let mut memory = Vec::new();
            let mut at = Step::new(&x, [0.6, 0.3], &prior, None, &mut rng, &mut memory);
            let next = rule.step(&mut at).unwrap();
            (next, at.distance)
        };
        let rule = || Ancestral(Variance::Small);
        let clipped = |limit| Clipped {
            rule: rule(),
            limit,
        };
        assert_eq!(stepped(&clipped(1e3)), stepped(&rule()));
        let narrow = stepped(&clipped(0.1));
        assert_ne!(narrow.0, stepped(&rule()).0);
        assert_eq!(narrow.1, stepped(&rule()).1);
    }
}
