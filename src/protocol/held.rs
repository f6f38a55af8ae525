//! Where a closed form holds the draws of the bridge: what its claim rests on.

use super::{Bridge, ByRule, Likelihood};

impl Bridge {
    /// An empty table but for what counts want: the Fisher information differs from ray to ray as much as the counts
    /// do, which no spectrum preconditions (`guidance.posteriors`, from 4 to 3000 photons: of line integrals 30
    /// iterations leave samples a third too wide).
    pub fn of_counts() -> Self {
        Self {
            rounds: 3,
            cg_iterations: 200,
            ..Self::default()
        }
    }

    /// Whether a closed form holds its draws under a likelihood; of none, white noise.
    ///
    /// Nothing holds those of emission and of magnitudes, nor those from a level that was chosen by hand: too low a
    /// one keeps the errors of the classical image.
    pub fn is_held(&self, likelihood: Option<&Likelihood>) -> bool {
        let counts = Self::of_counts();
        if self.start_sigma.and_then(ByRule::given).is_some() {
            return false;
        }
        match likelihood {
            None | Some(Likelihood::Gaussian(_)) => {
                self.cg_iterations >= Self::default().cg_iterations
            }
            Some(Likelihood::Pwls(_)) => self.cg_iterations >= counts.cg_iterations,
            Some(Likelihood::Poisson(_)) => {
                self.rounds >= counts.rounds && self.cg_iterations >= counts.cg_iterations
            }
            Some(Likelihood::Emission(_) | Likelihood::Rician(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Poisson, Pwls, Rician, Rule};

    #[test]
    fn draws_are_held_where_a_closed_form_is() {
        let bridge = |rounds, cg_iterations| Bridge {
            rounds,
            cg_iterations,
            ..Bridge::default()
        };
        let poisson = Likelihood::Poisson(Poisson::default());
        let pwls = Likelihood::Pwls(Pwls::default());
        assert!(bridge(1, 12).is_held(None) && !bridge(1, 11).is_held(None));
        assert!(bridge(1, 200).is_held(Some(&pwls)) && !bridge(3, 30).is_held(Some(&pwls)));
        assert!(Bridge::of_counts().is_held(Some(&poisson)));
        for [rounds, iterations] in [[2, 200], [3, 30]] {
            assert!(!bridge(rounds, iterations).is_held(Some(&poisson)));
        }
        let from = |start| Bridge {
            start_sigma: Some(start),
            ..Bridge::default()
        };
        assert!(from(ByRule::Rule(Rule::Rule)).is_held(None));
        assert!(!from(ByRule::Given(1.0)).is_held(None));
        let rician = Likelihood::Rician(Rician { std: 1.0 });
        assert!(!bridge(9, 400).is_held(Some(&rician)));
    }
}
