//! What a run needs to know of a sampler's table, whatever the sampler.

use super::by_rule::ByRule;
use super::published::{
    Csgm, Daps, Ddnm, Ddrm, DiffPir, Ilvr, PiGdm, PnpDm, Projection, RedDiff, Smc,
};
use super::sampler::{Bridge, Covariance, Dds, Dps, Draw, Mcg, Weight};
use super::unconditional::Unconditional;

/// What the samples of a method are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Draws from the posterior: `annulus validate` holds them to closed forms.
    Calibrated,
    /// Draws whose spread is near that of the posterior, by how much is in docs/validation.md.
    Approximate,
    /// Likely images: their spread says nothing.
    ModeSeeking,
    /// Draws from the prior; the data are not used.
    Prior,
}

impl Claim {
    /// `calibrated`, `approximate`, `mode-seeking` or `prior`.
    pub fn name(self) -> &'static str {
        match self {
            Claim::Calibrated => "calibrated",
            Claim::Approximate => "approximate",
            Claim::ModeSeeking => "mode-seeking",
            Claim::Prior => "prior",
        }
    }
}

/// How a method takes the data, which decides what the misfit of its samples says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// Weighed by their noise: the misfit is 1 where the prior and the noise level are right.
    Weighed,
    /// As if they had no noise: the misfit is what a step towards `A†` leaves.
    Exact,
    /// With a weight that is a setting, which decides the misfit.
    Tuned,
    /// By their noise and an assumption of the method of what the image still lacks, which biases the misfit.
    Assumed,
    /// Not at all.
    Unused,
}

/// The common part of the samplers' tables.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Noise levels.
    pub levels: usize,
    /// Evaluations of the network in all, a sample.
    pub evaluations: usize,
    /// Samples a slice.
    pub samples: usize,
    /// Start from the classical reconstruction noised to this level, in image units.
    pub start_sigma: Option<ByRule>,
    /// First level of a start from noise, in image units; the prior's largest without.
    pub sigma_max: Option<f64>,
    /// What the samples are.
    pub claim: Claim,
    /// How the data are taken.
    pub data: Data,
}

impl Sampling {
    /// The first noise level that is asked for.
    pub fn first_sigma(&self) -> Option<f64> {
        self.start_sigma.and_then(ByRule::given).or(self.sigma_max)
    }
}

/// The table of a method that draws samples with a learned prior.
pub trait Sampler {
    /// The common part.
    fn sampling(&self) -> Sampling;
    /// The number of samples, to be changed.
    fn samples_mut(&mut self) -> &mut usize;
    /// Where it starts from a classical image, to be changed; nothing for a method that does not.
    fn start_mut(&mut self) -> Option<&mut Option<ByRule>>;
}

/// The start of a table that has one, and of one that begins in noise.
macro_rules! start {
    (warm, $m:ident) => {
        $m.start_sigma
    };
    (cold, $m:ident) => {
        None
    };
    (mut warm, $m:ident) => {
        Some(&mut $m.start_sigma)
    };
    (mut cold, $m:ident) => {{
        let _ = $m;
        None
    }};
}

/// A table that has `samples`: its levels, its evaluations in all, whether it may start from a classical image and
/// its largest level, its claim, how it takes the data.
macro_rules! sampler {
    ($table:ty, $m:ident: $levels:expr, $evaluations:expr, [$start:ident, $max:expr], $claim:expr, $data:expr) => {
        impl Sampler for $table {
            fn sampling(&self) -> Sampling {
                let $m = self;
                Sampling {
                    levels: $levels,
                    evaluations: $evaluations,
                    samples: $m.samples,
                    start_sigma: start!($start, $m),
                    sigma_max: $max,
                    claim: $claim,
                    data: $data,
                }
            }

            fn samples_mut(&mut self) -> &mut usize {
                &mut self.samples
            }

            fn start_mut(&mut self) -> Option<&mut Option<ByRule>> {
                let $m = self;
                start!(mut $start, $m)
            }
        }
    };
}

use Claim::{Approximate, Calibrated, ModeSeeking, Prior};
use Data::{Assumed, Exact, Tuned, Unused, Weighed};

/// Of a step by rule, or by the ζ of the publication.
fn by_rule(weight: Option<Weight>) -> Data {
    weight.map_or(Tuned, |_| Weighed)
}

sampler!(Dps, m: m.steps, m.evaluations(), [warm, Some(m.sigma_max)], Approximate, by_rule(m.effective_weight()));
sampler!(Bridge, m: m.levels, m.levels, [warm, Some(m.sigma_max)], match (m.draw, m.covariance) {
    // White and σ² are no covariances of images; those of the network are held to no closed form in `validate`.
    (Draw::Model, Covariance::Spectrum) => Calibrated,
    _ => Approximate,
}, Weighed);
sampler!(Mcg, m: m.steps, m.evaluations(), [warm, Some(m.sigma_max)], Approximate, by_rule(m.effective_weight()));
sampler!(Dds, m: m.levels, m.levels, [warm, Some(m.sigma_max)], Approximate, Tuned);
sampler!(Projection, m: m.levels, 2 * m.levels, [warm, Some(m.sigma_max)], Approximate, Exact);
sampler!(Ilvr, m: m.levels, m.levels, [warm, Some(m.sigma_max)], Approximate, Exact);
sampler!(PiGdm, m: m.levels, m.levels, [warm, Some(m.sigma_max)], Approximate, Assumed);
sampler!(Ddnm, m: m.levels, m.levels, [warm, Some(m.sigma_max)], Approximate, Exact);
sampler!(Ddrm, m: m.levels, m.levels, [warm, Some(m.sigma_max)], Approximate, Tuned);
sampler!(DiffPir, m: m.levels, m.levels, [warm, Some(m.sigma_max)], Approximate, Tuned);
sampler!(Daps, m: m.levels, m.levels * m.flow_steps, [warm, Some(m.sigma_max)], Approximate, Assumed);
sampler!(PnpDm, m: m.levels, m.levels * m.diffusion_steps, [warm, Some(m.sigma_max)], Approximate, Assumed);
sampler!(Csgm, m: m.levels, m.levels * m.repeats + 1, [warm, Some(m.sigma_max)], Approximate, Weighed);
sampler!(RedDiff, m: m.levels, m.levels, [cold, Some(m.sigma_max)], ModeSeeking, Tuned);
sampler!(Smc, m: m.levels, m.levels * m.particles, [cold, Some(m.sigma_max)], Approximate, Weighed);
sampler!(Unconditional, m: m.levels, m.evaluations(), [cold, None], Prior, Unused);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_draws_under_the_covariance_of_the_card_are_called_calibrated() {
        let claim = |draw, covariance| {
            let table = Bridge {
                draw,
                covariance,
                ..Bridge::default()
            };
            table.sampling().claim
        };
        assert_eq!(claim(Draw::Model, Covariance::Spectrum), Calibrated);
        for other in [
            (Draw::Mean, Covariance::Spectrum),
            (Draw::Network, Covariance::Spectrum),
            (Draw::Model, Covariance::White),
            (Draw::Model, Covariance::Sigma),
            (Draw::Model, Covariance::Learned),
            (Draw::Model, Covariance::Jacobian),
        ] {
            assert_eq!(claim(other.0, other.1), Approximate, "{other:?}");
        }
        assert_eq!(Smc::default().sampling().claim, Approximate);
    }

    #[test]
    fn a_step_by_rule_weighs_the_data_a_published_one_is_tuned() {
        assert_eq!(Dps::default().sampling().data, Weighed);
        let zeta = Some(1.0);
        let published = Dps {
            zeta,
            ..Dps::default()
        };
        assert_eq!(published.sampling().data, Tuned);
        let published = Mcg {
            zeta,
            ..Mcg::default()
        };
        assert_eq!(published.sampling().data, Tuned);
        assert_eq!(Ddnm::default().sampling().data, Exact);
    }
}
