//! Noise levels: decreasing, in f64, ending in zero.

/// A list of noise deviations σ that ends in 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule(Vec<f64>);

impl Schedule {
    /// `σ_i = (σ_max^{1/ρ} + i/(n-1) (σ_min^{1/ρ} - σ_max^{1/ρ}))^ρ`, then 0: `levels` positive
    /// levels, so `levels` calls of the denoiser. Source: Karras et al. 2022, eq. 5.
    pub fn karras(levels: usize, min: f64, max: f64, rho: f64) -> Self {
        let (a, b) = (max.powf(1.0 / rho), min.powf(1.0 / rho));
        let at = |i: usize| {
            if levels == 1 {
                return max;
            }
            let t = i as f64 / (levels - 1) as f64;
            (a * (1.0 - t) + b * t).powf(rho)
        };
        Schedule((0..levels).map(at).chain([0.0]).collect())
    }

    /// `σ_i = σ_max (σ_min / σ_max)^{i/(n-1)}`, then 0. Source: Song and Ermon 2019.
    pub fn geometric(levels: usize, min: f64, max: f64) -> Self {
        let at = |i: usize| max * (min / max).powf(i as f64 / (levels.max(2) - 1) as f64);
        Self::of((0..levels).map(at))
    }

    /// Of falling levels above 0; 0 is added.
    pub fn of(levels: impl IntoIterator<Item = f64>) -> Self {
        Schedule(levels.into_iter().chain([0.0]).collect())
    }

    /// The first level.
    pub fn max(&self) -> f64 {
        self.0[0]
    }

    /// The last level above 0.
    pub fn min(&self) -> f64 {
        self.0[self.0.len().saturating_sub(2)]
    }

    /// Calls of the denoiser.
    pub fn levels(&self) -> usize {
        self.0.len() - 1
    }

    /// Pairs `(σ, σ')` of this level and the next.
    pub fn steps(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.0.windows(2).map(|w| (w[0], w[1]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list of EDM's `generate.py`: 18 levels from 80 to 0.002.
    #[test]
    fn karras_reproduces_the_published_list() {
        let s: Vec<f64> = Schedule::karras(18, 0.002, 80.0, 7.0)
            .steps()
            .map(|s| s.0)
            .collect();
        assert_eq!(s.len(), 18);
        assert!((s[0] - 80.0).abs() < 1e-12 && (s[17] - 0.002).abs() < 1e-15);
        // Second level, from the closed form by hand.
        let (a, b) = (80f64.powf(1.0 / 7.0), 0.002f64.powf(1.0 / 7.0));
        assert!((s[1] - (a + (b - a) / 17.0).powi(7)).abs() < 1e-10);
    }

    #[test]
    fn it_decreases_and_ends_in_zero() {
        let s = Schedule::karras(30, 0.01, 4.0, 7.0);
        assert!(s.steps().all(|(a, b)| a > b));
        assert_eq!(s.steps().last().map(|(_, b)| b), Some(0.0));
        assert_eq!(s.levels(), 30);
    }
}
