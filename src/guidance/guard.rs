//! How long a correction may be that went through the network.

/// At most how many times the correction of the model C, `‖p - z‖`.
///
/// At an edge the network's own covariance `σ² J` is far above a C that is the same everywhere, and the correction
/// `σ² Jᴴ C⁻¹ (p - z)` far too long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Guard {
    /// So many times, at every level.
    Times(f64),
    /// `1 / share` times, 1.5 at least, where the state goes `share` of the way to `x0`: as far at a level as `p - z`
    /// itself would in one. Close levels leave a long correction, for the next ones take back what was too much; no
    /// number of levels goes more than half of a step beyond the data.
    Rule,
}

impl Guard {
    /// Whatever the length.
    pub const NONE: Self = Guard::Times(f64::INFINITY);

    /// The times at a level whose step goes `share` of the way.
    pub(super) fn times(self, share: f64) -> f64 {
        match self {
            Guard::Times(times) => times,
            Guard::Rule => (1.0 / share).max(1.5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guidance::Transition;
    use crate::score::Schedule;

    /// What is left of a residual that one correction of the model would remove, when each is as long as it may.
    fn left(guard: Guard, levels: usize) -> f64 {
        let levels = Schedule::karras(levels, 0.002, 1.5, 7.0);
        levels.steps().fold(1.0, |residual, (sigma, next)| {
            let share = Transition::Ancestral.share(sigma, next);
            residual * (1.0 - share * guard.times(share))
        })
    }

    #[test]
    fn no_number_of_levels_runs_away() {
        for levels in [3, 5, 10, 30, 1000] {
            let residual = left(Guard::Rule, levels).abs();
            assert!(residual < 0.3, "{levels}: {residual}");
        }
        // The ruler: one number for all of them does.
        assert!(left(Guard::Times(3.0), 5).abs() > 2.0);
    }

    #[test]
    fn close_levels_leave_a_long_correction() {
        assert_eq!(Guard::Rule.times(0.1), 10.0);
        assert_eq!(Guard::Rule.times(1.0), 1.5);
        assert_eq!(Guard::Times(3.0).times(0.1), 3.0);
    }
}
