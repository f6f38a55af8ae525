//! What is said when an MRD file is opened: whether it can be read, its description, the warnings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::io::IoError;
use crate::io::mrd_header::MrdHeader;
use crate::io::mrd_index::{Index, Line};
use crate::io::raw::{self, RawHeader, ReadOptions};

/// Refuses what this reader does not do.
pub(super) fn check_header(path: &Path, mrd: &MrdHeader) -> Result<(), IoError> {
    if mrd.trajectory != "cartesian" {
        let name = if mrd.trajectory.is_empty() {
            "none"
        } else {
            &mrd.trajectory
        };
        return Err(IoError::new(
            path,
            "the trajectory cartesian",
            name,
            "only Cartesian MRD files can be read so far",
        ));
    }
    if mrd.encoded[2] > 1 {
        return Err(three_d(
            path,
            &format!("encodedSpace/matrixSize/z = {}", mrd.encoded[2]),
        ));
    }
    Ok(())
}

fn three_d(path: &Path, found: &str) -> IoError {
    IoError::new(
        path,
        "2-D slices",
        format!("a 3-D scan ({found})"),
        "transform along the third axis first and write slices; 3-D scans cannot be read so far",
    )
}

/// The description, without the affine.
pub(super) fn describe(
    path: &Path,
    mrd: &MrdHeader,
    index: &Index,
    options: &ReadOptions,
) -> Result<RawHeader, IoError> {
    let images: Vec<&Line> = index.lines.iter().filter(|l| l.purpose.images()).collect();
    let Some(first) = images.first() else {
        return Err(IoError::new(
            path,
            "imaging lines",
            format!(
                "none ({} for calibration, {} of noise, {} others)",
                index.lines.len(),
                index.noise.len(),
                index.other + index.other_encoding + index.empty
            ),
            "use the file of the imaging scan",
        ));
    };
    if let Some(line) = index.lines.iter().find(|l| l.step_2 != 0) {
        let found = format!(
            "kspace_encode_step_2 = {} in acquisition {}",
            line.step_2, line.number
        );
        return Err(three_d(path, &found));
    }
    let [nx, ny, _] = mrd.encoded;
    raw::check_size(path, [first.channels, ny, nx])?;
    let count = |of: fn(&Line) -> u16| {
        images
            .iter()
            .map(|l| usize::from(of(l)) + 1)
            .max()
            .unwrap_or(1)
    };
    let mut header = RawHeader {
        kind: "mrd",
        slices: count(|l| l.slice),
        coils: first.channels,
        encoded: [ny, nx],
        recon: [mrd.recon[1], mrd.recon[0]],
        dwell_us: first.dwell_us,
        relative_noise_bandwidth: mrd.relative_noise_bandwidth.unwrap_or(0.793),
        vendor: mrd.vendor.clone(),
        field_t: mrd.field_t,
        protocol_name: mrd.protocol_name.clone(),
        acceleration: mrd.acceleration,
        averages: count(|l| l.average),
        repetitions: count(|l| l.frame[0]),
        contrasts: count(|l| l.frame[1]),
        phases: count(|l| l.frame[2]),
        sets: count(|l| l.frame[3]),
        imaging_lines: most_lines(&index.lines, |l| l.purpose.images()),
        calibration_lines: most_lines(&index.lines, |l| l.purpose.calibrates()),
        ..RawHeader::default()
    };
    header.warnings = warnings(mrd, index, &header, options);
    Ok(header)
}

/// Distinct lines of the slice that has most.
fn most_lines(lines: &[Line], which: impl Fn(&Line) -> bool) -> usize {
    let mut steps: BTreeMap<u16, BTreeSet<usize>> = BTreeMap::new();
    for line in lines.iter().filter(|l| which(l)) {
        steps.entry(line.slice).or_default().insert(line.step_1);
    }
    steps.values().map(BTreeSet::len).max().unwrap_or(0)
}

fn warnings(
    mrd: &MrdHeader,
    index: &Index,
    header: &RawHeader,
    options: &ReadOptions,
) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut say = |when: bool, text: String| {
        if when {
            warnings.push(text);
        }
    };
    for (name, count, chosen) in [
        ("repetitions", header.repetitions, options.repetition),
        ("contrasts", header.contrasts, options.contrast),
        ("cardiac phases", header.phases, options.phase),
        ("sets", header.sets, options.set),
    ] {
        say(
            count > 1,
            format!("the file has {count} {name}: number {chosen} is read"),
        );
    }
    say(
        header.averages > 1,
        format!("{} averages are averaged", header.averages),
    );
    say(
        mrd.encodings > 1,
        format!(
            "the file has {} encodings: the first is read",
            mrd.encodings
        ),
    );
    say(
        index.other_encoding > 0,
        format!(
            "{} lines of another encoding are left aside",
            index.other_encoding
        ),
    );
    say(
        index.other > 0,
        format!(
            "{} navigators, phase corrections or dummies are left aside",
            index.other
        ),
    );
    say(
        index.empty > 0,
        format!("{} acquisitions have no samples", index.empty),
    );
    say(
        mrd.centre_step_1.is_none() && mrd.encoded[1] > 1,
        format!(
            "the header has no centre line: line {} is taken as the centre of k-space",
            mrd.encoded[1] / 2
        ),
    );
    say(
        index.lines.iter().any(|l| l.centre == 0),
        "center_sample is not filled: half the samples is taken".to_owned(),
    );
    let present = index.frames.len();
    say(
        present < header.slices,
        format!(
            "only {present} of {} slices have imaging lines",
            header.slices
        ),
    );
    let promised = mrd.slices.unwrap_or(0);
    say(
        promised > header.slices,
        format!(
            "the header promises {promised} slices, the file has {}",
            header.slices
        ),
    );
    warnings
}
