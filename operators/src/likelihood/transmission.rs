//! Photon counts behind an absorber: Poisson noise in the count domain, electronic noise as a
//! shift.

mod curvature;

use super::counts::{count, drawn, sums};
use super::{Likelihood, Surrogate};
use crate::{Array, Error, Result, SliceRng};
use rand_distr::{Distribution, StandardNormal};

/// What was counted, and with what, each `Real[1, View, Detector]`.
pub struct Scan<T> {
    /// Counts, in photons; zero is a measurement, negative values come from electronic noise.
    pub counts: T,
    /// `I0`: photons that would arrive without the object; 0 where the detector is dead.
    pub photons: T,
    /// Mean of what arrives beside them (scatter, dark current), in photons.
    pub background: T,
    /// Variance of the electronic noise, in photons².
    pub electronic_variance: f64,
}

/// `λ = I0 exp(-z) + s`, `y ~ Poisson(λ)`: `-log p(y | z) = Σ λ - y ln λ` of line integrals `z`.
///
/// Electronic noise of variance σ² is the shifted Poisson model: `y + σ²` has mean and variance
/// `λ + σ²` to second order (Snyder, Hammoud and White 1993), so both are shifted by σ² and a
/// negative sum is taken as 0. With `t = I0 exp(-z)` the gradient is `t (y/λ - 1)` and the Fisher
/// information `t²/λ`. The constant is chosen so that a perfect fit has 0.
pub struct TransmissionPoisson<T> {
    y: T,
    photons: T,
    background: T,
    shift: f64,
    measurements: f64,
}

/// `z` beyond which `exp(∓z)` says nothing more: 1e26 photons or 1e-26.
const LARGEST: f64 = 60.0;

/// `I0 exp(-z)` with a bounded exponent.
fn transmitted(z: f64, photons: f64) -> f64 {
    photons * (-z.clamp(-LARGEST, LARGEST)).exp()
}

impl<T: Array> TransmissionPoisson<T> {
    /// From a scan.
    ///
    /// Errors: counts that are not finite, negative photons, background or variance, no ray with
    /// photons, a ray with counts but without photons or background.
    pub fn new(scan: Scan<T>) -> Result<Self> {
        let parameter = |what, expected, got: String| Error::Parameter {
            what,
            expected,
            got,
        };
        if !scan.counts.finite()[0] {
            return Err(Error::NonFinite {
                what: "the counts",
                item: 0,
            });
        }
        let not_negative = "a number that is not negative";
        let shift = scan.electronic_variance;
        if !(shift.is_finite() && shift >= 0.0) {
            let what = "variance of the electronic noise";
            return Err(parameter(what, not_negative, shift.to_string()));
        }
        for (what, values) in [
            ("photons of a ray", &scan.photons),
            ("background of a ray", &scan.background),
        ] {
            let bad = values.to_reals();
            if let Some(bad) = bad.iter().find(|v| !(v.is_finite() && **v >= 0.0)) {
                return Err(parameter(what, not_negative, bad.to_string()));
            }
        }
        let photons = scan.photons.to_reals();
        let measured = photons.iter().filter(|n| **n > 0.0).count();
        if measured == 0 {
            let expected = "photons on at least one ray";
            return Err(parameter("I0", expected, "0 on every ray".into()));
        }
        let y = scan.counts.elementwise(&[&scan.photons], &|y, photons| {
            if photons[0] > 0.0 {
                (y + shift).max(0.0)
            } else {
                0.0
            }
        });
        Ok(TransmissionPoisson {
            y,
            photons: scan.photons,
            background: scan.background,
            shift,
            measurements: measured as f64,
        })
    }

    /// Rays measured.
    pub fn measurements(&self) -> f64 {
        self.measurements
    }

    /// `f(y, t, s)` of every measured ray at `z`, 0 on the others.
    fn each(&self, z: &T, f: impl Fn(f64, f64, f64) -> f64 + Sync) -> T {
        let (others, shift) = ([&self.y, &self.photons, &self.background], self.shift);
        z.elementwise(&others, &|z, ray| {
            let [y, photons, background] = [ray[0], ray[1], ray[2]];
            if photons > 0.0 {
                f(y, transmitted(z, photons), background + shift)
            } else {
                0.0
            }
        })
    }
}

/// The mean that turns a difference of logarithms into a difference: `(a - b) / (ln a - ln b)`.
fn logarithmic_mean(a: f64, b: f64) -> f64 {
    let ratio = (a - b) / (a + b);
    if ratio.abs() < 1e-3 {
        0.5 * (a + b) * (1.0 - ratio * ratio / 3.0)
    } else {
        (a - b) / (a / b).ln()
    }
}

impl<T: Array> Likelihood<T> for TransmissionPoisson<T> {
    fn nll(&self, z: &T) -> Vec<f64> {
        sums(&self.each(z, |y, t, s| {
            let lambda = t + s;
            if y > 0.0 {
                lambda - y + y * (y / lambda).ln()
            } else {
                lambda
            }
        }))
    }

    fn gradient(&self, z: &T) -> Result<T> {
        Ok(self.each(z, |y, t, s| t * (y / (t + s) - 1.0)))
    }

    /// `ln(I0 / (N - s + ½)) - z`: the shift by a half makes the logarithm unbiased down to five
    /// photons, and leaves a zero count finite.
    fn residual(&self, z: &T) -> Result<T> {
        let others = [&self.y, &self.photons, &self.background];
        let shift = self.shift;
        Ok(z.elementwise(&others, &|z, ray| {
            let [y, photons, background] = [ray[0], ray[1], ray[2]];
            if photons > 0.0 {
                (photons / ((y - background - shift).max(0.0) + 0.5)).ln() - z
            } else {
                0.0
            }
        }))
    }

    fn precision(&self, z: &T, v: &T) -> Result<T> {
        Ok(self.each(z, |_, t, s| t * t / (t + s)).times(v))
    }

    /// The slope of the gradient between `z` and the line integral that fits the ray alone: the
    /// logarithmic mean of predicted and measured photons (times `t/λ` with a background). One
    /// step with it reaches the fit exactly from either side, and it is the Fisher information
    /// where the two agree.
    fn surrogate(&self, z: &T) -> Result<Surrogate<'_, T>> {
        let w = self.each(z, |y, t, s| {
            logarithmic_mean(t, (y - s).max(0.5)) * t / (t + s)
        });
        Ok(Box::new(move |v| Ok(v.times(&w))))
    }

    fn gradient_noise(&self, z: &T, rng: &mut SliceRng) -> Result<T> {
        let root = self.each(z, |_, t, s| t / (t + s).sqrt());
        Ok(root.times(&z.normal_like(rng)))
    }

    /// Poisson counts of `λ`, plus the electronic noise: of the scan, not shifted.
    fn simulate(&self, z: &T, rng: &mut SliceRng) -> Result<T> {
        let shift = self.shift;
        let mean = self.each(z, |_, t, s| t + s - shift);
        drawn(&mean, rng, "a mean number of photons", |lambda, rng| {
            let photons = count(lambda, rng);
            let noise: f64 = match shift > 0.0 {
                true => StandardNormal.sample(rng),
                false => 0.0,
            };
            photons + shift.sqrt() * noise
        })
    }

    /// `Σ (y - λ)²/λ` over the number of rays.
    fn misfit(&self, z: &T) -> Vec<f64> {
        sums(&self.each(z, |y, t, s| (y - t - s).powi(2) / (t + s)))
            .iter()
            .map(|chi| chi / self.measurements)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradient_gap;
    use crate::testing::{Backend, for_each_backend};
    use crate::{Field, Host, Vector};

    /// 20 to 400 photons a ray, a background of 3, electronic noise; a few dead bins.
    fn scan<T: Array>(b: &Backend<T>, sizes: &[usize], counts: T, electronic: f64) -> Scan<T> {
        let photons = b
            .random(sizes, Field::Real, 7)
            .elementwise(&[], &|r, _| if r < -1.8 { 0.0 } else { 150.0 + 50.0 * r });
        let background = b
            .random(sizes, Field::Real, 8)
            .elementwise(&[], &|r, _| 3.0 + r.abs());
        Scan {
            counts,
            photons,
            background,
            electronic_variance: electronic,
        }
    }

    fn lines<T: Array>(b: &Backend<T>, sizes: &[usize], seed: u64) -> T {
        b.random(sizes, Field::Real, seed)
            .elementwise(&[], &|r, _| 1.0 + 0.5 * r)
    }

    fn simulated<T: Array>(b: &Backend<T>, sizes: &[usize], z: &T, electronic: f64) -> T {
        let blank = TransmissionPoisson::new(scan(b, sizes, z.zeros_like(), electronic)).unwrap();
        blank.simulate(z, &mut SliceRng::samples(3, 0, 1)).unwrap()
    }

    fn the_gradient_is_the_slope<T: Array>(b: Backend<T>) {
        let sizes = [1, 20, 31];
        let counts = simulated(&b, &sizes, &lines(&b, &sizes, 1), 2.0);
        let noise = TransmissionPoisson::new(scan(&b, &sizes, counts, 2.0)).unwrap();
        let z = lines(&b, &[2, 20, 31], 2);
        let g = noise.gradient(&z).unwrap();
        let (h, limit) = if b.tolerance < 1e-9 {
            (1e-4, 1e-6)
        } else {
            (1e-2, 1e-2)
        };
        let gap = gradient_gap(|z| noise.nll(z), &g, &z, &g.scaled(1.0 / g.norm()[0]), h);
        assert!(gap < limit, "{gap:.1e}");
    }
    for_each_backend!(gradient, the_gradient_is_the_slope);

    /// Nothing counted, less than nothing, and far less than electronic noise explains.
    #[test]
    fn the_gradient_is_the_slope_at_zero_counts() {
        let b = Backend::host_f64();
        let sizes = [1, 6, 7];
        let few: [f64; 3] = [0.0, -1.5, -40.0];
        let z = lines(&b, &sizes, 2);
        for electronic in [0.0, 2.0] {
            // Without electronic noise a count is never below 0.
            let least = if electronic > 0.0 { f64::MIN } else { 0.0 };
            let counts = (0..42).map(|i| few[i % 3].max(least)).collect();
            let counts = Host::<f64>::new(&sizes, Field::Real, counts);
            let noise = TransmissionPoisson::new(scan(&b, &sizes, counts, electronic)).unwrap();
            let g = noise.gradient(&z).unwrap();
            assert!(g.norm()[0] > 1.0);
            let unit = g.scaled(1.0 / g.norm()[0]);
            let gap = gradient_gap(|z| noise.nll(z), &g, &z, &unit, 1e-4);
            assert!(gap < 1e-6, "{electronic}: {gap:.1e}");
        }
    }

    /// The mean of the second derivative over counts is the Fisher information.
    #[test]
    fn the_information_is_the_variance_of_the_gradient() {
        let b = Backend::host_f64();
        let sizes = [1, 300, 301];
        let z = lines(&b, &sizes, 1);
        let counts = simulated(&b, &sizes, &z, 0.0);
        let noise = TransmissionPoisson::new(scan(&b, &sizes, counts, 0.0)).unwrap();
        let g = noise.gradient(&z).unwrap();
        let one = z.elementwise(&[], &|_, _| 1.0);
        let information = noise.precision(&z, &one).unwrap();
        let ratio = g.dot(&g)[0] / information.reals().iter().sum::<f64>();
        assert!((ratio - 1.0).abs() < 0.02, "{ratio}");
    }

    #[test]
    fn the_truth_has_misfit_one() {
        let b = Backend::host_f64();
        let sizes = [1, 300, 301];
        let z = lines(&b, &sizes, 1);
        for electronic in [0.0, 9.0] {
            let counts = simulated(&b, &sizes, &z, electronic);
            let noise = TransmissionPoisson::new(scan(&b, &sizes, counts, electronic)).unwrap();
            let chi = noise.misfit(&z)[0];
            assert!((chi - 1.0).abs() < 0.02, "{electronic}: {chi}");
            assert!(noise.misfit(&z.scaled(1.1))[0] > 1.05);
        }
    }

    #[test]
    fn simulated_counts_have_the_mean_and_the_variance_of_poisson() {
        for mean in [0.5, 5.0, 500.0] {
            let sizes = [1, 1000, 1000];
            let all = |v: f64| Host::<f64>::new(&sizes, Field::Real, vec![v; 1_000_000]);
            let noise = TransmissionPoisson::new(Scan {
                counts: all(0.0),
                photons: all(mean),
                background: all(0.0),
                electronic_variance: 0.0,
            })
            .unwrap();
            let y = noise
                .simulate(&all(0.0), &mut SliceRng::samples(5, 0, 1))
                .unwrap();
            let m = y.reals().iter().sum::<f64>() / 1e6;
            let v = y.reals().iter().map(|y| (y - m).powi(2)).sum::<f64>() / 1e6;
            assert!((m / mean - 1.0).abs() < 0.01, "mean {m} of {mean}");
            assert!((v / mean - 1.0).abs() < 0.01, "variance {v} of {mean}");
        }
    }

    /// A step by the surrogate lands where the ray fits, from far below and from far above.
    #[test]
    fn the_surrogate_reaches_the_fit_in_one_step() {
        let all = |v: f64| Host::<f64>::new(&[1, 1, 2], Field::Real, vec![v; 2]);
        let noise = TransmissionPoisson::new(Scan {
            counts: all(100.0),
            photons: all(1000.0),
            background: all(0.0),
            electronic_variance: 0.0,
        })
        .unwrap();
        for start in [0.0, 6.0] {
            let z = all(start);
            let g = noise.gradient(&z).unwrap();
            let h = noise.surrogate(&z).unwrap()(&all(1.0)).unwrap();
            let reached = start - g.reals()[0] / h.reals()[0];
            assert!((reached - 10f64.ln()).abs() < 1e-9, "{start}: {reached}");
        }
    }

    /// ct.md 2.2: the bias of ln with N + 1/2 is below 0.003 from five photons on.
    #[test]
    fn post_log_data_are_nearly_unbiased() {
        let sizes = [1, 1000, 1000];
        let all = |v: f64| Host::<f64>::new(&sizes, Field::Real, vec![v; 1_000_000]);
        let scan = |counts| Scan {
            counts,
            photons: all(5.0),
            background: all(0.0),
            electronic_variance: 0.0,
        };
        let truth = all(0.0);
        let blank = TransmissionPoisson::new(scan(all(0.0))).unwrap();
        let counts = blank
            .simulate(&truth, &mut SliceRng::samples(6, 0, 1))
            .unwrap();
        let noise = TransmissionPoisson::new(scan(counts)).unwrap();
        let residual = noise.residual(&truth).unwrap();
        let bias = residual.reals().iter().sum::<f64>() / 1e6;
        assert!(bias.abs() < 0.003, "{bias}");
    }

    #[test]
    fn zero_counts_are_data_and_dead_bins_are_not() {
        let all = |v: &[f64]| Host::<f64>::new(&[1, 1, 3], Field::Real, v.to_vec());
        let scan = |photons: &[f64]| Scan {
            counts: all(&[0.0, 0.0, 70.0]),
            photons: all(photons),
            background: all(&[0.0; 3]),
            electronic_variance: 0.0,
        };
        let noise = TransmissionPoisson::new(scan(&[100.0, 0.0, 100.0])).unwrap();
        let z = all(&[40.0, 1.0, 0.3]);
        assert_eq!(noise.measurements(), 2.0);
        assert!(noise.nll(&z)[0].is_finite() && noise.misfit(&z)[0].is_finite());
        let g = noise.gradient(&z).unwrap();
        assert!(g.reals()[0] < 0.0 && g.reals()[1] == 0.0);
        assert!(TransmissionPoisson::new(scan(&[0.0; 3])).is_err());
        assert!(TransmissionPoisson::new(scan(&[-1.0, 1.0, 1.0])).is_err());
    }
}
