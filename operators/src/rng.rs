//! Counter-based randomness: one stream per (slice, sample), the same bits on every backend.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// One ChaCha8 stream per item of a batch.
///
/// Stream `(slice << 32) | sample` of the user's seed: an item draws the same numbers alone, in a
/// batch, after `--slices`, and in another process.
#[derive(Clone, Debug)]
pub struct SliceRng {
    items: Vec<ChaCha8Rng>,
}

impl SliceRng {
    /// Streams for the given `(slice, sample)` pairs.
    pub fn new(seed: u64, items: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let stream = |(slice, sample): (u32, u32)| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(u64::from(slice) << 32 | u64::from(sample));
            rng
        };
        SliceRng {
            items: items.into_iter().map(stream).collect(),
        }
    }

    /// Streams for `samples` samples of one slice.
    pub fn samples(seed: u64, slice: u32, samples: u32) -> Self {
        Self::new(seed, (0..samples).map(|s| (slice, s)))
    }

    /// The streams, one an item.
    pub fn items(&mut self) -> &mut [ChaCha8Rng] {
        &mut self.items
    }
}
