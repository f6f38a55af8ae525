//! The lesions of a subject, in space.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::mapped::Mapped;
use crate::ct::{Lesion, settle};

/// How many lesions a subject has that has some, each as often as it stands here.
const COUNTS: [usize; 6] = [1, 1, 2, 2, 3, 4];
/// Heights over half widths: blood and tumours are about balls.
const FLATNESS: std::ops::Range<f64> = 0.8..1.3;
/// The stream of numbers of lesions.
const STREAM: u64 = 1;

/// A lesion of a head: column, row and plane of its centre, and what is within a plane.
pub(super) struct SolidLesion {
    lesion: Lesion,
    plane: f64,
    /// Distances along the head count that often.
    flatness: f64,
}

impl SolidLesion {
    /// The lesions of a subject, of whom `share` have some.
    pub fn random(seed: u64, head: &Mapped, share: f64) -> Vec<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(STREAM);
        if !rng.random_bool(share) {
            return Vec::new();
        }
        let count = COUNTS[rng.random_range(0..COUNTS.len() as u32) as usize];
        (0..count)
            .filter_map(|_| {
                let [x, y, plane] = head.place_in_brain(&mut rng)?;
                let mut lesion = Lesion::random(&mut rng, [x, y]);
                if lesion.follows_bone() {
                    settle(std::slice::from_mut(&mut lesion), &head.to_bone(plane), 1.0);
                }
                let flatness = rng.random_range(FLATNESS);
                Some(Self {
                    lesion,
                    plane,
                    flatness,
                })
            })
            .collect()
    }

    /// What a plane cuts out.
    pub fn cut(&self, plane: f64) -> Option<Lesion> {
        self.lesion.cut(self.flatness * (plane - self.plane))
    }
}
