//! The textures of a head: fields of the place that its tissues differ by.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::field::{Field, Fractal};
use super::looks::Looks;
use crate::pure::Normals;

/// Sizes of the cells of the grain, from its coarsest octave to its finest, and of the others.
const GRAIN_MM: [f64; 2] = [12.0, 1.5];
const SLOW_MM: f64 = 40.0;
const MUSCLES_MM: f64 = 11.0;
const CELLS_MM: f64 = 3.0;
/// The streams of numbers of the planes begin here, those of each field so far apart.
const STREAM: u64 = 1000;
const STREAMS: u64 = 1 << 32;

/// The fields of one head, or of one section of it.
pub(crate) struct Textures {
    pub(super) grain: Fractal,
    /// Slow changes of the brain.
    pub(super) slow: Field,
    /// Muscles: fat runs where it crosses zero, and fills where it is large.
    pub(super) muscles: Field,
    /// Air cells of deep bone where it is large.
    pub(super) cells: Field,
}

impl Textures {
    /// Those of a section of its own.
    pub fn random(rng: &mut ChaCha8Rng, looks: &Looks, normals: Normals) -> Self {
        Self {
            grain: Fractal::random(rng, GRAIN_MM, looks.fall, normals),
            slow: Field::random(rng, SLOW_MM, normals),
            muscles: Field::random(rng, MUSCLES_MM, normals),
            cells: Field::random(rng, CELLS_MM, normals),
        }
    }

    /// Those of the head of a seed at a height; along the head they change as within a section.
    pub fn at_height(seed: u64, z_mm: f64, looks: &Looks) -> Self {
        let mut fields = 0;
        let mut field = |cell_mm: f64| {
            let first = STREAM + fields * STREAMS;
            fields += 1;
            let of_plane = |n: i64| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(first.wrapping_add_signed(n));
                rng
            };
            Field::at_height(&of_plane, cell_mm, z_mm)
        };
        Self {
            grain: Fractal::of(GRAIN_MM, looks.fall, &mut field),
            slow: field(SLOW_MM),
            muscles: field(MUSCLES_MM),
            cells: field(CELLS_MM),
        }
    }
}
