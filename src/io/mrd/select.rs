//! Which acquisitions are read, and where each belongs on the grid.

use std::path::Path;

use crate::io::IoError;
use crate::io::mrd_header::MrdHeader;
use crate::io::mrd_index::{Index, Line};
use crate::io::mrd_record::Purpose;
use crate::io::raw::{RawHeader, ReadOptions};

/// A line with its place on the grid.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub number: usize,
    pub purpose: Purpose,
    pub slice: u16,
    pub reverse: bool,
    /// Samples of the acquisition.
    pub samples: usize,
    pub y: usize,
    /// Column of the first sample that is kept.
    pub x: usize,
    /// The first sample that is kept, after mirroring.
    pub first: usize,
    /// How many are kept.
    pub count: usize,
    /// Of another frame than the chosen one.
    pub borrowed: bool,
}

/// The lines of the chosen frame, each with its place; errors name the acquisition.
///
/// Calibration-only lines are often acquired once, for all repetitions: a slice without any in the chosen frame
/// takes those of the first frame that has some.
pub(super) fn select(
    path: &Path,
    mrd: &MrdHeader,
    header: &mut RawHeader,
    index: &Index,
    options: &ReadOptions,
) -> Result<Vec<Placed>, IoError> {
    let chosen = [
        options.repetition,
        options.contrast,
        options.phase,
        options.set,
    ];
    let is_chosen = |line: &Line| line.frame.map(usize::from) == chosen;
    let only: Vec<&Line> = index
        .lines
        .iter()
        .filter(|l| l.purpose == Purpose::Calibration)
        .collect();
    let mut lines: Vec<&Line> = index
        .lines
        .iter()
        .filter(|l| l.purpose.images() && is_chosen(l))
        .collect();
    if lines.is_empty() {
        return Err(IoError::new(
            path,
            format!("imaging lines of repetition, contrast, phase, set = {chosen:?}"),
            "none",
            "choose others: `annulus inspect` shows how many there are",
        ));
    }
    let mut borrowed = false;
    for slice in index.frames.keys() {
        let here = || only.iter().copied().filter(|l| l.slice == *slice);
        let frame = here()
            .find(|l| is_chosen(l))
            .or_else(|| here().min_by_key(|l| l.frame))
            .map(|l| l.frame);
        borrowed |= frame.is_some_and(|f| f.map(usize::from) != chosen);
        lines.extend(here().filter(|l| Some(l.frame) == frame));
    }
    if borrowed {
        let text = "calibration lines are taken from another repetition, contrast, phase or set; \
                    they serve the sensitivities only";
        header.warnings.push(text.to_owned());
    }
    lines.sort_by_key(|l| l.number);
    check_uniform(path, &lines)?;
    let mut clipped = 0;
    let placed = lines
        .iter()
        .map(|l| {
            let borrowed = !is_chosen(l);
            place(path, mrd, l, &mut clipped).map(|p| Placed { borrowed, ..p })
        })
        .collect::<Result<_, _>>()?;
    if clipped > 0 {
        header.warnings.push(format!(
            "{clipped} reversed lines lose one sample at the edge of the grid"
        ));
    }
    Ok(placed)
}

fn check_uniform(path: &Path, lines: &[&Line]) -> Result<(), IoError> {
    let Some(first) = lines.first() else {
        return Ok(());
    };
    let differs =
        |what: &str, of: fn(&Line) -> usize| match lines.iter().find(|l| of(l) != of(first)) {
            None => Ok(()),
            Some(other) => Err(IoError::new(
                path,
                format!(
                    "{} {what} in every line, as in acquisition {}",
                    of(first),
                    first.number
                ),
                format!("{} in acquisition {}", of(other), other.number),
                "split the file: one matrix and one coil set at a time",
            )),
        };
    differs("coils", |l| l.channels)?;
    differs("readout samples", |l| l.samples)
}

fn place(
    path: &Path,
    mrd: &MrdHeader,
    line: &Line,
    clipped: &mut usize,
) -> Result<Placed, IoError> {
    let [nx, ny, _] = mrd.encoded;
    let outside = |what: String, got: String| {
        Err(IoError::new(
            path,
            what,
            format!("{got} in acquisition {}", line.number),
            "the header (encodingLimits, center_sample) does not fit the data: convert the scan again",
        ))
    };
    let centre = mrd.centre_step_1.unwrap_or(ny / 2);
    let Some(y) = (line.step_1 + ny / 2)
        .checked_sub(centre)
        .filter(|&y| y < ny)
    else {
        let got = format!(
            "kspace_encode_step_1 = {} with centre {centre}",
            line.step_1
        );
        return outside(format!("a line within the encoded matrix of {ny}"), got);
    };
    let n = line.samples;
    let mut centre = line.centre;
    let [mut pre, mut post] = line.discard;
    if line.reverse {
        centre = (n - 1).saturating_sub(centre);
        std::mem::swap(&mut pre, &mut post);
    }
    if line.centre == 0 {
        centre = n / 2;
    }
    let mut count = n.saturating_sub(pre + post);
    let mut x = (pre + nx / 2) as i64 - centre as i64;
    // The mirror image of samples around n/2 starts or ends one sample outside.
    if line.reverse && x == -1 {
        (x, pre, count) = (0, pre + 1, count.saturating_sub(1));
        *clipped += 1;
    } else if line.reverse && x + count as i64 == nx as i64 + 1 {
        count -= 1;
        *clipped += 1;
    }
    let start = usize::try_from(x)
        .ok()
        .filter(|x| count > 0 && x + count <= nx);
    let Some(x) = start else {
        let got = format!(
            "{n} samples ({} and {} discarded) with center_sample {}",
            line.discard[0], line.discard[1], line.centre
        );
        return outside(format!("a readout within the encoded matrix of {nx}"), got);
    };
    let Line {
        number,
        purpose,
        slice,
        reverse,
        ..
    } = *line;
    Ok(Placed {
        number,
        purpose,
        slice,
        reverse,
        samples: n,
        y,
        x,
        first: pre,
        count,
        borrowed: false,
    })
}
