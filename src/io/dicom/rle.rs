//! RLE Lossless (PS3.5, annex G), whose decoder elsewhere does not survive damaged streams.
//!
//! A frame is one fragment: 16 numbers of 4 bytes (how many segments, where they start), then a segment for each
//! byte of a pixel, the highest byte first, in runs: `n < 128` precedes n + 1 bytes as they are, `n > 128` a byte
//! that stands 257 − n times.

/// The pixels of a frame, little-endian; nothing if the stream ends too early or is of another size.
pub(super) fn decode(fragment: &[u8], pixels: usize, bytes: usize) -> Option<Vec<u8>> {
    let number = |k: usize| {
        let four = fragment.get(4 * k..4 * k + 4)?.try_into().ok()?;
        Some(u32::from_le_bytes(four) as usize)
    };
    if number(0)? != bytes {
        return None;
    }
    let mut out = vec![0; pixels * bytes];
    for plane in 0..bytes {
        let from = number(1 + plane)?;
        let to = if plane + 1 < bytes {
            number(2 + plane)?
        } else {
            fragment.len()
        };
        let place = out.iter_mut().skip(bytes - 1 - plane).step_by(bytes);
        unpack(fragment.get(from..to)?, place)?;
    }
    Some(out)
}

/// Fills places from runs.
fn unpack<'a>(mut runs: &[u8], mut places: impl Iterator<Item = &'a mut u8>) -> Option<()> {
    let mut place = places.next();
    while let Some(to) = place {
        let (&n, rest) = runs.split_first()?;
        let (count, used, step) = match n {
            128 => (0, 0, 0),
            n if n < 128 => (usize::from(n) + 1, usize::from(n) + 1, 1),
            n => (257 - usize::from(n), 1, 0),
        };
        let values = rest.get(..used)?;
        runs = &rest[used..];
        place = Some(to);
        for k in 0..count {
            // A run may go on beyond the last pixel, by the byte that makes the length even.
            let Some(to) = place else { break };
            *to = values[k * step];
            place = places.next();
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two pixels of two bytes: 0x0102 and 0x0103.
    fn stream() -> Vec<u8> {
        let mut bytes = [2_u32, 64, 66].map(u32::to_le_bytes).concat();
        bytes.resize(64, 0);
        bytes.extend([255, 1, 1, 2, 3]);
        bytes
    }

    #[test]
    fn runs_and_plain_bytes_are_decoded_plane_by_plane() {
        assert_eq!(decode(&stream(), 2, 2).unwrap(), [2, 1, 3, 1]);
    }

    #[test]
    fn streams_that_end_too_early_or_lie_are_refused() {
        let good = stream();
        for length in 0..good.len() {
            assert_eq!(decode(&good[..length], 2, 2), None, "{length}");
        }
        for (pixels, bytes) in [(3, 2), (2, 1), (2, 4)] {
            assert_eq!(decode(&good, pixels, bytes), None);
        }
        for at in 0..12 {
            let mut bad = good.clone();
            bad[at] = 0xff;
            assert_eq!(decode(&bad, 2, 2), None, "{at}");
        }
    }
}
