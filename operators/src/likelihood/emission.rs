//! Counts of what an object emits: Poisson noise around a mean that is linear in the activity.

use super::counts::{count, drawn, sums};
use super::{Likelihood, Surrogate};
use crate::{Array, Error, Result, SliceRng};

/// What was counted, and with what, each real; the counts have batch 1 or one an item, the others
/// batch 1.
pub struct Emission<T> {
    /// Counts; zero is a measurement.
    pub counts: T,
    /// `g`: counts expected per unit of `z`; 0 where nothing was measured.
    pub gain: T,
    /// `b`: mean of what is counted beside them (scatter, randoms, dark current), in counts.
    pub background: T,
}

impl<T: Array> Emission<T> {
    /// The same gain and the same background for every measurement.
    pub fn uniform(counts: T, gain: f64, background: f64) -> Self {
        let first = counts.items(0, 1);
        Emission {
            gain: first.elementwise(&[], &|_, _| gain),
            background: first.elementwise(&[], &|_, _| background),
            counts,
        }
    }

    /// The same with 0 counts where nothing was measured, and how many measurements an item has.
    ///
    /// Errors: unequal shapes; counts, gain or background that are negative or not finite; no gain
    /// above 0.
    pub(super) fn checked(mut self) -> Result<(Self, f64)> {
        let expected = [&[1], &self.counts.sizes()[1..]].concat();
        for values in [&self.gain, &self.background] {
            if values.sizes() != expected || values.field() != self.counts.field() {
                return Err(Error::Space {
                    operator: "emission, gain and background".into(),
                    expected: format!("{:?}{expected:?}", self.counts.field()),
                    got: format!("{:?}{:?}", values.field(), values.sizes()),
                });
            }
        }
        for (what, values) in [
            ("counts", &self.counts),
            ("gain of a measurement", &self.gain),
            ("background of a measurement", &self.background),
        ] {
            let values = values.to_reals();
            if let Some(bad) = values.iter().find(|v| !(v.is_finite() && **v >= 0.0)) {
                return Err(Error::Parameter {
                    what,
                    expected: "a number that is not negative",
                    got: bad.to_string(),
                });
            }
        }
        let gains = self.gain.to_reals();
        let measured = gains.iter().filter(|g| **g > 0.0).count();
        if measured == 0 {
            return Err(Error::Parameter {
                what: "gain",
                expected: "one above 0 in at least one measurement",
                got: "0 in all".into(),
            });
        }
        let measured_only = |y: f64, g: &[f64]| if g[0] > 0.0 { y } else { 0.0 };
        self.counts = self.counts.elementwise(&[&self.gain], &measured_only);
        Ok((self, measured as f64))
    }

    /// `f(z, y, g, b)` of every measurement, 0 where nothing was measured.
    ///
    /// Panics if `z` has another shape.
    pub(super) fn each(&self, z: &T, f: impl Fn(f64, f64, f64, f64) -> f64 + Sync) -> T {
        let (own, sizes) = (self.counts.sizes(), z.sizes());
        let fits = own[1..] == sizes[1..] && (own[0] == 1 || own[0] == sizes[0]);
        assert!(fits, "a prediction {sizes:?} of counts {own:?}");
        let others = [&self.counts, &self.gain, &self.background];
        z.elementwise(&others, &|z, beside| {
            let [y, g, b] = [beside[0], beside[1], beside[2]];
            if g > 0.0 { f(z, y, g, b) } else { 0.0 }
        })
    }

    /// `(y - b) / g - z`.
    pub(super) fn residual(&self, z: &T) -> T {
        self.each(z, |z, y, g, b| (y - b) / g - z)
    }

    /// Poisson counts of `g z + b`; 0 where that is not positive.
    pub(super) fn simulate(&self, z: &T, rng: &mut SliceRng) -> Result<T> {
        let mean = self.each(z, |z, _, g, b| g * z + b);
        drawn(&mean, rng, "a mean number of counts", count)
    }
}

/// `λ = g z + b`, `y ~ Poisson(λ)`: `-log p(y | z) = Σ λ - y ln λ` of mean activities `z`, with
/// `0 ln 0 = 0`.
///
/// Real in, real out. The gradient is `g (1 - y/λ)`, the Fisher information `g²/λ`. A mean below
/// [`EmissionPoisson::FLOOR`] counts, negative ones included, is one of a model that has left its
/// domain: there `-log p` goes on along its tangent where that pulls `z` up, and is flat where it
/// does not (nothing was counted), so that it stays finite, continuous and convex in `z`; the
/// information is that of the floor. The constant is chosen so that a perfect fit has 0.
pub struct EmissionPoisson<T> {
    scan: Emission<T>,
    measurements: f64,
}

impl<T: Array> EmissionPoisson<T> {
    /// The mean, in counts, below which one is as improbable as the model allows.
    pub const FLOOR: f64 = 1e-3;

    /// From counts.
    ///
    /// Errors: counts, gain or background that are negative or not finite; no gain above 0.
    pub fn new(scan: Emission<T>) -> Result<Self> {
        let (scan, measurements) = scan.checked()?;
        Ok(EmissionPoisson { scan, measurements })
    }

    /// Counts measured, an item.
    pub fn measurements(&self) -> f64 {
        self.measurements
    }

    /// `f(y, λ, g)` of every measurement, 0 where nothing was measured.
    fn each(&self, z: &T, f: impl Fn(f64, f64, f64) -> f64 + Sync) -> T {
        self.scan.each(z, |z, y, g, b| f(y, g * z + b, g))
    }
}

/// `d/dλ (λ - y ln λ)`, with the rule below the floor.
fn slope(y: f64, lambda: f64, floor: f64) -> f64 {
    if lambda < floor {
        (1.0 - y / floor).min(0.0)
    } else {
        1.0 - y / lambda
    }
}

impl<T: Array> Likelihood<T> for EmissionPoisson<T> {
    fn nll(&self, z: &T) -> Vec<f64> {
        sums(&self.each(z, |y, lambda, _| {
            let mean = lambda.max(Self::FLOOR);
            let log_ratio = if y > 0.0 { (y / mean).ln() } else { 0.0 };
            let below = (lambda - mean) * slope(y, lambda, Self::FLOOR);
            mean - y + y * log_ratio + below
        }))
    }

    fn gradient(&self, z: &T) -> Result<T> {
        Ok(self.each(z, |y, lambda, g| g * slope(y, lambda, Self::FLOOR)))
    }

    /// `(y - b) / g - z`.
    fn residual(&self, z: &T) -> Result<T> {
        Ok(self.scan.residual(z))
    }

    fn precision(&self, z: &T, v: &T) -> Result<T> {
        let information = self.each(z, |_, lambda, g| g * g / lambda.max(Self::FLOOR));
        Ok(information.times(v))
    }

    /// The slope of the gradient between `z` and the activity that fits the count alone: one step
    /// with it reaches the fit exactly from either side. Above the floor that is the Fisher
    /// information.
    fn surrogate(&self, z: &T) -> Result<Surrogate<'_, T>> {
        let w = self.each(z, |y, lambda, g| {
            let floor = Self::FLOOR;
            if lambda < floor && y > floor {
                g * g * (y - floor) / (floor * (y - lambda))
            } else {
                g * g / lambda.max(floor)
            }
        });
        Ok(Box::new(move |v| Ok(v.times(&w))))
    }

    fn gradient_noise(&self, z: &T, rng: &mut SliceRng) -> Result<T> {
        let root = self.each(z, |_, lambda, g| g / lambda.max(Self::FLOOR).sqrt());
        Ok(root.times(&z.normal_like(rng)))
    }

    fn simulate(&self, z: &T, rng: &mut SliceRng) -> Result<T> {
        self.scan.simulate(z, rng)
    }

    /// `Σ (y - λ)²/λ` over the number of measurements; one whose true mean lies below the floor
    /// adds less than 1.
    fn misfit(&self, z: &T) -> Vec<f64> {
        sums(&self.each(z, |y, lambda, _| {
            (y - lambda).powi(2) / lambda.max(Self::FLOOR)
        }))
        .iter()
        .map(|chi| chi / self.measurements)
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradient_gap;
    use crate::testing::{Backend, assert_items_alone, for_each_backend};
    use crate::{Field, Host, Vector};

    /// Gains of about 20, a background of 3; a few dead bins.
    fn scan<T: Array>(b: &Backend<T>, counts: T) -> Emission<T> {
        let sizes = [&[1], &counts.sizes()[1..]].concat();
        let gain = b
            .random(&sizes, Field::Real, 7)
            .elementwise(&[], &|r, _| if r < -1.8 { 0.0 } else { 20.0 + 5.0 * r });
        let background = b
            .random(&sizes, Field::Real, 8)
            .elementwise(&[], &|r, _| 3.0 + r.abs());
        Emission {
            counts,
            gain,
            background,
        }
    }

    fn activity<T: Array>(b: &Backend<T>, sizes: &[usize], seed: u64) -> T {
        b.random(sizes, Field::Real, seed)
            .elementwise(&[], &|r, _| (1.0 + 0.5 * r).abs())
    }

    fn measured<T: Array>(b: &Backend<T>, z: &T) -> EmissionPoisson<T> {
        let blank = EmissionPoisson::new(scan(b, z.zeros_like())).unwrap();
        let mut rng = SliceRng::samples(3, 0, z.batch() as u32);
        let counts = blank.simulate(z, &mut rng).unwrap();
        EmissionPoisson::new(scan(b, counts)).unwrap()
    }

    fn the_gradient_is_the_slope<T: Array>(b: Backend<T>) {
        let noise = measured(&b, &activity(&b, &[1, 20, 31], 1));
        let z = activity(&b, &[3, 20, 31], 2);
        let g = noise.gradient(&z).unwrap();
        let (h, limit) = if b.tolerance < 1e-9 {
            (1e-4, 1e-6)
        } else {
            (1e-2, 1e-2)
        };
        let unit = g.scaled(1.0 / g.norm()[0]);
        let gap = gradient_gap(|z| noise.nll(z), &g, &z, &unit, h);
        assert!(gap < limit, "{gap:.1e}");
        assert_items_alone(&noise, &z);
    }
    for_each_backend!(gradient, the_gradient_is_the_slope);

    /// Mean 0, and the variance is the information, of the gradient and of the noise that is
    /// drawn for it.
    #[test]
    fn the_information_is_the_variance_of_the_gradient() {
        let b = Backend::host_f64();
        let z = activity(&b, &[1, 300, 301], 1);
        let noise = measured(&b, &z);
        let one = z.elementwise(&[], &|_, _| 1.0);
        let information = noise.precision(&z, &one).unwrap();
        let total = information.reals().iter().sum::<f64>();
        let mut rng = SliceRng::samples(4, 0, 1);
        for g in [
            noise.gradient(&z).unwrap(),
            noise.gradient_noise(&z, &mut rng).unwrap(),
        ] {
            let ratio = g.dot(&g)[0] / total;
            let mean = g.reals().iter().sum::<f64>() / total.sqrt();
            // var (y - λ)²/λ = 2 + 1/λ, λ ≥ 3; the weights vary by less than 4 around their mean.
            let band = 4.0 * (4.0 * 2.4 / noise.measurements()).sqrt();
            assert!((ratio - 1.0).abs() < band, "{ratio} not 1 within {band}");
            assert!(mean.abs() < 4.0, "{mean} standard errors");
        }
    }

    #[test]
    fn the_truth_has_misfit_one() {
        let b = Backend::host_f64();
        let z = activity(&b, &[1, 300, 301], 1);
        let noise = measured(&b, &z);
        let band = 4.0 * (2.4 / noise.measurements()).sqrt();
        let chi = noise.misfit(&z)[0];
        assert!((chi - 1.0).abs() < band, "{chi} not 1 within {band}");
        assert!(noise.misfit(&z.scaled(1.1))[0] > 1.0 + band);
        let residual = noise.residual(&z).unwrap();
        let bias = residual.reals().iter().sum::<f64>() / residual.norm()[0];
        assert!(bias.abs() < 4.0, "the residual's bias: {bias} errors");
    }

    fn two(v: [f64; 2]) -> Host<f64> {
        Host::new(&[1, 1, 2], Field::Real, v.to_vec())
    }

    /// One step by the surrogate lands where the count fits, from either side of it and of the
    /// floor.
    #[test]
    fn the_surrogate_reaches_the_fit_in_one_step() {
        let scan = Emission::uniform(two([7.0, 2.0]), 2.0, 1.0);
        let noise = EmissionPoisson::new(scan).unwrap();
        for start in [-5.0, -0.5, 0.0, 0.2, 90.0] {
            let z = two([start; 2]);
            let g = noise.gradient(&z).unwrap();
            let h = noise.surrogate(&z).unwrap()(&two([1.0; 2])).unwrap();
            let reached = |i: usize| start - g.reals()[i] / h.reals()[i];
            assert!((reached(0) - 3.0).abs() < 1e-9, "{start}: {}", reached(0));
            assert!((reached(1) - 0.5).abs() < 1e-9, "{start}: {}", reached(1));
        }
    }

    /// Below the floor: finite, continuous, its gradient is its slope, pulled up by counts and
    /// left alone without.
    #[test]
    fn a_mean_below_zero_is_defined() {
        let noise = EmissionPoisson::new(Emission::uniform(two([4.0, 0.0]), 2.0, 0.0)).unwrap();
        let at = |z: f64| noise.nll(&two([z; 2]))[0];
        let edge = EmissionPoisson::<Host<f64>>::FLOOR / 2.0;
        assert!((at(edge + 1e-12) - at(edge - 1e-12)).abs() < 1e-6);
        for z in [-3.0, -1e-3, 0.0] {
            let z = two([z; 2]);
            let g = noise.gradient(&z).unwrap();
            assert!(g.reals()[0] < 0.0 && g.reals()[1] == 0.0, "{:?}", g.reals());
            let gap = gradient_gap(|z| noise.nll(z), &g, &z, &two([1.0; 2]), 1e-4);
            assert!(gap < 1e-8, "{gap:.1e}");
        }
        let drawn = noise.simulate(&two([-1.0, 0.0]), &mut SliceRng::samples(1, 0, 1));
        assert_eq!(drawn.unwrap().reals(), [0.0, 0.0]);
    }

    #[test]
    fn what_is_no_count_is_refused_and_dead_bins_say_nothing() {
        let new = |counts, gain, background| {
            EmissionPoisson::new(Emission {
                counts: two(counts),
                gain: two(gain),
                background: two(background),
            })
        };
        assert!(new([-1.0, 1.0], [1.0; 2], [0.0; 2]).is_err());
        assert!(new([f64::NAN, 1.0], [1.0; 2], [0.0; 2]).is_err());
        assert!(new([1.0; 2], [0.0; 2], [0.0; 2]).is_err());
        assert!(new([1.0; 2], [1.0; 2], [-1.0, 0.0]).is_err());
        let longer = Host::new(&[1, 1, 3], Field::Real, vec![1.0; 3]);
        assert!(
            EmissionPoisson::new(Emission {
                counts: two([1.0; 2]),
                gain: longer,
                background: two([0.0; 2]),
            })
            .is_err()
        );
        let dead = new([5.0, 5.0], [1.0, 0.0], [0.0; 2]).unwrap();
        assert_eq!(dead.measurements(), 1.0);
        assert_eq!(dead.gradient(&two([1.0; 2])).unwrap().reals()[1], 0.0);
    }
}
