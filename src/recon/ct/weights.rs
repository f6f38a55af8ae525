//! What a line integral or a count is worth: the noise of its photons and the error of the model.

use super::counts::Rays;
use ndarray::Array2;

impl Rays {
    /// `1/w = (N̂ + s + σ_e²) / N̂² + (edge dp/du)² + floor²`: the precisions of the post-log data, 0
    /// where nothing was measured. Without photons `1/w = std² + …`. N̂: [`Rays::expected`].
    pub(super) fn precisions(&self, edge_error: f64, floor: f64, std: f64) -> Array2<f32> {
        let model = self.model_variance(edge_error, floor);
        let expected = self.expected();
        let scattered = self.background + self.electronic_variance;
        Array2::from_shape_fn(self.lines.dim(), |at| {
            if !self.measured[at] {
                return 0.0;
            }
            let noise = match &expected {
                Some(expected) => (expected[at] + scattered) / expected[at].powi(2),
                None => std * std,
            };
            (1.0 / (noise + model[at])) as f32
        })
    }

    /// The share of the photons that the model can be held to, `1 / (1 + (N̂ + s) ((edge dp/du)² +
    /// floor²))`: counts and photons thinned by it have the variance of photons and model error
    /// together.
    pub(super) fn thinning(&self, edge_error: f64, floor: f64) -> Array2<f32> {
        let model = self.model_variance(edge_error, floor);
        let expected = self.expected();
        Array2::from_shape_fn(self.lines.dim(), |at| {
            let n = expected.as_ref().map_or(0.0, |n| n[at] + self.background);
            (1.0 / (1.0 + n * model[at])) as f32
        })
    }

    /// `(edge dp/du)² + floor²`.
    fn model_variance(&self, edge_error: f64, floor: f64) -> Array2<f64> {
        slopes(&self.lines).mapv(|slope| (edge_error * f64::from(slope)).powi(2) + floor * floor)
    }

    /// N̂, the photons to expect of a ray: the geometric mean over the measured of five bins, at
    /// least a half.
    ///
    /// A weight that rises with the noise of its own count pulls `ln N` up by `1/N`, tens of HU
    /// behind bone at a low dose; of five counts a fifth of that is left. Geometric, so that a
    /// steep edge does not look bright.
    fn expected(&self) -> Option<Array2<f64>> {
        let counts = self.counts.as_ref()?;
        let net = |n: f32| (f64::from(n) - self.background).max(0.0) + 0.5;
        let (_, bins) = counts.dim();
        Some(Array2::from_shape_fn(counts.dim(), |(v, b)| {
            let near = b.saturating_sub(2)..(b + 3).min(bins);
            let alive = near.filter(|&k| self.measured[(v, k)]);
            let (sum, n) = alive.fold((0.0, 0.0), |(sum, n), k| {
                (sum + net(counts[(v, k)]).ln(), n + 1.0)
            });
            if n > 0.0 { f64::exp(sum / n) } else { 0.5 }
        }))
    }
}

/// Central differences along the detector, in line integral a bin.
fn slopes(lines: &Array2<f32>) -> Array2<f32> {
    let (_, bins) = lines.dim();
    Array2::from_shape_fn(lines.dim(), |(v, b)| {
        let (before, after) = (b.saturating_sub(1), (b + 1).min(bins - 1));
        (lines[(v, after)] - lines[(v, before)]) / (after - before).max(1) as f32
    })
}

/// The deviation of post-log data whose photons nobody knows: from second differences along the
/// detector, which a smooth sinogram has small (median, robust to edges).
pub(super) fn estimated_std(lines: &Array2<f32>) -> f64 {
    let mut differences: Vec<f32> = lines
        .rows()
        .into_iter()
        .flat_map(|row| {
            let row = row.to_vec();
            row.windows(3)
                .map(|w| (w[0] - 2.0 * w[1] + w[2]).abs())
                .collect::<Vec<_>>()
        })
        .collect();
    if differences.is_empty() {
        return 0.0;
    }
    let middle = differences.len() / 2;
    let (_, median, _) = differences.select_nth_unstable_by(middle, f32::total_cmp);
    // Var(a - 2 b + c) = 6 σ²; the median of |N(0, 1)| is 0.6745.
    f64::from(*median) / 0.6745 / 6f64.sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::counts::post_log;
    use super::*;
    use rand::SeedableRng;
    use rand_distr::{Distribution, Poisson};

    /// A mean of `n` photons of 1000 everywhere, drawn.
    fn constant(n: f64, views: usize, bins: usize) -> Rays {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let law = Poisson::new(n).unwrap();
        let counts = Array2::from_shape_simple_fn((views, bins), || law.sample(&mut rng) as f32);
        let photons = Array2::from_elem((views, bins), 1000.0);
        Rays {
            lines: post_log(&counts, &photons, 0.0),
            measured: Array2::from_elem((views, bins), true),
            counts: Some(counts),
            photons: Some(photons),
            background: 0.0,
            electronic_variance: 0.0,
            gain: 1.0,
            rule: String::new(),
            estimated: false,
        }
    }

    /// Counts as their own weights pull the weighted mean of the lines down by 1/N, and their own
    /// thinning that of the counts: of the expected counts little of that is left.
    #[test]
    fn weights_do_not_know_the_noise_of_their_ray() {
        let rays = constant(20.0, 500, 100);
        let counts = rays.counts.clone().unwrap();
        let truth = (1000.0f64 / 20.0).ln();
        let off = |w: &Array2<f32>| {
            let sum = |v: &Array2<f32>| v.iter().map(|v| f64::from(*v)).sum::<f64>();
            sum(&(w * &rays.lines)) / sum(w) - truth
        };
        let (w, own) = (off(&rays.precisions(0.0, 0.0, 0.0)), off(&counts));
        assert!((own + 1.0 / 20.0).abs() < 0.005, "the ruler: {own}");
        assert!(w.abs() < 0.3 / 20.0, "{w}");

        let share = rays.thinning(0.0, 0.5);
        let mean = |w: &Array2<f32>| (w * &counts).sum() / w.sum() - 20.0;
        let own = counts.mapv(|n| 1.0 / (1.0 + n * 0.25));
        assert!(mean(&own) < -0.6, "the ruler: {}", mean(&own));
        assert!(mean(&share).abs() < 0.3, "{}", mean(&share));
    }

    #[test]
    fn weights_of_odd_rays_are_finite() {
        let mut one = constant(3.0, 4, 1);
        one.measured[(2, 0)] = false;
        one.clear_unmeasured();
        let w = one.precisions(0.04, 0.001, 0.0);
        assert!(w.iter().all(|w| w.is_finite()) && w[(2, 0)] == 0.0 && w[(0, 0)] > 0.0);

        let mut dark = constant(3.0, 1, 30);
        dark.counts.as_mut().unwrap().fill(0.0);
        dark.lines.fill(100.0);
        let w = dark.precisions(0.04, 0.001, 0.0);
        assert!(w.iter().all(|w| w.is_finite() && *w > 0.0));
    }
}
