//! Which phase-encoding lines are acquired.

use crate::protocol::{Cartesian, Pattern};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// A pattern that cannot be acquired line by line.
#[derive(Debug, thiserror::Error)]
#[error(
    "acquisition.cartesian.pattern = \"poisson\" samples two phase-encoding directions; a 2-D scan \
     has one: choose random, equispaced or full"
)]
pub struct MaskError;

/// `true` for each acquired line: the calibration lines in the centre, and `lines / acceleration`
/// lines in all, drawn without replacement or evenly spaced.
pub fn lines(c: &Cartesian, seed: u64) -> Result<Vec<bool>, MaskError> {
    let n = c.matrix[1];
    let first = n / 2 - c.calibration_lines / 2;
    let mut taken: Vec<bool> = (0..n)
        .map(|y| (first..first + c.calibration_lines).contains(&y))
        .collect();
    match c.pattern {
        Pattern::Full => taken.fill(true),
        Pattern::Equispaced => {
            let spacing = c.acceleration;
            let mut at = (n / 2) as f64 % spacing;
            while at.round() < n as f64 {
                taken[at.round() as usize] = true;
                at += spacing;
            }
        }
        Pattern::Random => {
            let wanted = (n as f64 / c.acceleration).round() as usize;
            let mut free: Vec<usize> = (0..n).filter(|y| !taken[*y]).collect();
            free.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
            for y in free
                .into_iter()
                .take(wanted.saturating_sub(c.calibration_lines))
            {
                taken[y] = true;
            }
        }
        Pattern::Poisson => return Err(MaskError),
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_mask_has_the_acceleration_and_its_centre() {
        let text = "title='t'\nmodality='mri'\nrun='cg-sense'\n[acquisition.cartesian]\n\
                    matrix=[64,192]\nfov_mm=[220.0,220.0]\ncoils=8\nacceleration=4.0\n\
                    calibration_lines=24\npattern='random'\nsnr=30.0\n[method.cg-sense]\n";
        let protocol = crate::protocol::Protocol::parse(text, "test").unwrap();
        let Some(crate::protocol::Acquisition::Cartesian(c)) = protocol.acquisition else {
            unreachable!("it is Cartesian")
        };
        let taken = lines(&c, 3).unwrap();
        assert_eq!(taken.iter().filter(|t| **t).count(), 48);
        assert!(taken[84..108].iter().all(|t| *t));
        assert_eq!(taken, lines(&c, 3).unwrap());
        assert_ne!(taken, lines(&c, 4).unwrap());
    }
}
