//! Total variation of an image, and the nearest image that has less of it.

use super::line_integrals::bounded;
use super::metric::Metric;
use super::optimised_gradient::next_momentum;
use operators::{Array, Field};

/// Differences below it count by their square: nothing in any unit of attenuation, nor in deviations of noise.
const NONE: f64 = 1e-12;

/// Isotropic total variation `Σ_pixels |D x|` per item, of the last two axes, in units of the
/// image: a step of height `h` along `n` pixels has `h n`, whatever the pixel size. Of a complex
/// image `|D x|² = |D Re x|² + |D Im x|²`, so that a global phase changes nothing.
pub fn total_variation<T: Array>(x: &T) -> Vec<f64> {
    let differences = x.differences();
    let directions = differences.scaled(1.0 / NONE).shortened(1.0);
    differences.dot(&directions)
}

/// `argmin_v ½ Σ l (v - z)² / g + λ TV(v)` with `v ≥ bound`, by accelerated projected gradient on
/// the dual field `q`, `|q| ≤ λ` (Beck and Teboulle 2009, IEEE TIP 18:2419).
///
/// It remembers `q` and its momentum: between the iterations of an outer method the problem
/// hardly moves, so that a few steps at a time are enough.
pub(super) struct Proximal<T> {
    lambda: f64,
    bound: Option<f64>,
    l: Metric<T>,
    /// One over the step of each dual pair for `g = 1`.
    dual: Metric<T>,
    q: T,
    /// `q` with momentum.
    ahead: T,
    momentum: Vec<f64>,
}

impl<T: Array> Proximal<T> {
    /// For images shaped like `like`.
    pub(super) fn new(l: Metric<T>, like: &T, lambda: f64, bound: Option<f64>) -> Self {
        let q = like.differences().zeros_like();
        Proximal {
            lambda,
            bound,
            dual: dual_metric(&l),
            l,
            ahead: q.clone(),
            q,
            momentum: vec![1.0; like.batch()],
        }
    }

    /// `q`, near `λ ∂|D v|` of the last image `v`.
    pub(super) fn dual(&self) -> &T {
        &self.q
    }

    /// The image that belongs to a dual field.
    fn image(&self, z: &T, q: &T, g: &[f64]) -> T {
        let mut v = z.clone();
        let minus: Vec<f64> = g.iter().map(|g| -g).collect();
        v.axpy(&minus, &self.l.divide(&q.differences_adjoint()));
        bounded(v, self.bound)
    }

    /// `steps` steps on; `g` is one number an item.
    pub(super) fn apply(&mut self, z: &T, g: &[f64], steps: usize) -> T {
        let inverse: Vec<f64> = g.iter().map(|g| 1.0 / g).collect();
        for _ in 0..steps {
            let rise = self.image(z, &self.ahead, g).differences();
            let mut q = self.ahead.clone();
            q.axpy(&inverse, &self.dual.divide(&rise));
            let q = q.shortened(self.lambda);
            let moved = q.minus(&self.q);
            let uphill = self.ahead.minus(&q).dot(&moved);
            let weights = self.momentum.iter_mut().zip(uphill).map(|(t, uphill)| {
                // O'Donoghue and Candes 2015: momentum that points back is dropped.
                let old = if uphill > 0.0 { 1.0 } else { *t };
                *t = next_momentum(old);
                (old - 1.0) / *t
            });
            let weights: Vec<f64> = weights.collect();
            self.ahead = q.clone();
            self.ahead.axpy(&weights, &moved);
            self.q = q;
        }
        self.image(z, &self.q, g)
    }
}

/// `|D| l⁻¹ |D|ᵀ 1`, the same for the two of a pair: one over steps that the dual gradient bears
/// where `l` varies (Pock and Chambolle 2011).
fn dual_metric<T: Array>(l: &Metric<T>) -> Metric<T> {
    let l = match l {
        Metric::Even(l) => return Metric::Even(8.0 / l),
        Metric::Pixels { l, .. } => l,
    };
    let sizes = l.sizes();
    let (rows, columns) = (sizes[sizes.len() - 2], sizes[sizes.len() - 1]);
    let mut metric = Vec::new();
    for plane in l.to_reals().chunks(rows * columns) {
        let share = |y: usize, x: usize| match y < rows && x < columns {
            true => 4.0 / plane[y * columns + x],
            false => 0.0,
        };
        let pixels = (0..rows * columns).map(|i| (i / columns, i % columns));
        let curvature = |(y, x)| share(y, x) + share(y + 1, x).max(share(y, x + 1));
        let of_plane: Vec<f64> = pixels.map(curvature).collect();
        metric.extend(of_plane.repeat(2));
    }
    let pairs = l.differences().sizes();
    Metric::pixels(T::from_reals(&l.device(), &pairs, Field::Real, &metric))
}

#[cfg(test)]
mod tests {
    use super::*;
    use operators::{Host, Vector};

    fn image(rows: usize, columns: usize, f: impl Fn(f64, f64) -> f64) -> Host<f64> {
        let at = |i: usize| {
            let (y, x) = (i / columns, i % columns);
            f(
                y as f64 - 0.5 * (rows as f64 - 1.0),
                x as f64 - 0.5 * (columns as f64 - 1.0),
            )
        };
        let reals = (0..rows * columns).map(at).collect();
        Host::new(&[1, rows, columns], Field::Real, reals)
    }

    #[test]
    fn a_step_has_its_height_times_its_length() {
        let x = image(12, 9, |y, _| if y > 0.0 { 0.02 } else { 0.0 });
        assert!((total_variation(&x)[0] - 0.02 * 9.0).abs() < 1e-9);
        let ramp = image(5, 5, |y, x| 3.0 * x + 4.0 * y);
        assert!((total_variation(&ramp)[0] - (16.0 * 5.0 + 4.0 * 3.0 + 4.0 * 4.0)).abs() < 1e-9);
        let tiny: Host<f32> = Host::new(&[1, 1, 2], Field::Real, vec![0.0, 1e-5]);
        assert!((total_variation(&tiny)[0] / 1e-5 - 1.0).abs() < 1e-5);
    }

    /// Of a column the minimum is known: a step of height 1 between 4 and 6 pixels comes down by
    /// λ/4 on one side and λ/6 on the other.
    #[test]
    fn a_step_is_lowered_as_it_must_be() {
        let z = image(10, 1, |y, _| if y > -1.0 { 1.0 } else { 0.0 });
        let (lambda, g) = (0.4, [2.0]);
        let l = z.elementwise(&[], &|_, _| 2.0);
        let l = Metric::pixels(l);
        let mut proximal = Proximal::new(l.clone(), &z, lambda, None);
        let v = proximal.apply(&z, &g, 3000);
        let expected = image(10, 1, |y, _| {
            if y > -1.0 {
                1.0 - lambda / 6.0
            } else {
                lambda / 4.0
            }
        });
        assert!(v.minus(&expected).norm()[0] < 1e-9, "{:?}", v.reals());
        let mut held = Proximal::new(l, &z, lambda, Some(0.2));
        let v = held.apply(&z, &g, 3000);
        assert!((v.reals()[0] - 0.2).abs() < 1e-9);
    }

    /// Steps of an uneven metric ascend: the dual value never falls below the start, and the
    /// image ends where a long run with tiny steps ends.
    #[test]
    fn an_uneven_metric_is_borne() {
        let z = image(8, 7, |y, x| (3.0 * x).sin() + (2.0 * y).cos());
        let l = image(8, 7, |y, x| 1.0 + 50.0 * ((y * y + x).sin() + 1.0));
        let l = Metric::pixels(l);
        let mut fast = Proximal::new(l.clone(), &z, 3.0, None);
        let mut slow = Proximal::new(l, &z, 3.0, None);
        slow.dual = Metric::Even(8.0);
        let fast = fast.apply(&z, &[1.0], 4000);
        let slow = slow.apply(&z, &[1.0], 60_000);
        assert!(fast.minus(&slow).norm()[0] < 1e-7);
    }
}
