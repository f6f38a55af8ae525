//! The noise scan of an MRD file, which may lie in another group.

use std::path::Path;

use hdf5::Dataset;
use ndarray::{Array2, Axis, concatenate};
use num_complex::Complex32;

use super::assemble::samples;
use super::groups::Groups;
use crate::io::mrd_index::{Index, Line, Run, read_block};
use crate::io::mrd_record::DataRecord;
use crate::io::raw::{NoiseScan, RawHeader};
use crate::io::{IoError, hdf5_read};

/// Enough samples of each coil for a covariance; the rest of a long noise scan is not read.
const MAX_SAMPLES: usize = 1 << 20;

/// The noise of this group, else of another group of the file.
pub(super) fn read(
    path: &Path,
    groups: &Groups,
    data: &Dataset,
    lines: &[Line],
    header: &mut RawHeader,
) -> Result<Option<NoiseScan>, IoError> {
    if !lines.is_empty() {
        return one(path, data, lines, header);
    }
    for (name, data) in groups.others() {
        let index = Index::read(path, &data)?;
        if let Some(noise) = one(path, &data, &index.noise, header)? {
            header
                .warnings
                .push(format!("the noise scan is taken from the group {name}"));
            return Ok(Some(noise));
        }
    }
    Ok(None)
}

fn one(
    path: &Path,
    data: &Dataset,
    lines: &[Line],
    header: &mut RawHeader,
) -> Result<Option<NoiseScan>, IoError> {
    let Some(first) = lines.first() else {
        return Ok(None);
    };
    if first.channels != header.coils {
        header.warnings.push(format!(
            "the noise scan has {} coils and the data {}: it is not used",
            first.channels, header.coils
        ));
        return Ok(None);
    }
    let alike = |l: &&Line| l.channels == first.channels && l.dwell_us == first.dwell_us;
    let mut blocks: Vec<Array2<Complex32>> = Vec::new();
    let mut total = 0;
    for line in lines.iter().filter(alike) {
        if total >= MAX_SAMPLES {
            header
                .warnings
                .push(format!("only the first {total} noise samples are used"));
            break;
        }
        let run = Run {
            start: line.number,
            step: 1,
            count: 1,
        };
        let records = read_block::<DataRecord>(data, run).map_err(|e| {
            hdf5_read::failed(path, &format!("noise acquisition {}", line.number), &e)
        })?;
        for record in &records {
            blocks.push(samples(
                path,
                line.number,
                &record.data,
                [line.channels, line.samples],
            )?);
        }
        total += line.samples;
    }
    let views: Vec<_> = blocks.iter().map(|b| b.view()).collect();
    let joined = concatenate(Axis(1), &views).ok();
    Ok(joined.map(|samples| NoiseScan {
        samples,
        dwell_us: first.dwell_us,
    }))
}
