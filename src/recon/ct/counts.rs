//! From the numbers of a detector to photons and line integrals.

use super::super::ReconError;
use crate::io::{Content, Flats, ProjectionSlice};
use crate::protocol::{Preparation, Projections};
use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut1};

/// One sinogram, (view, bin), in photons where they are known.
pub(super) struct Rays {
    /// Detected photons; not known for line integrals without statistics.
    pub(super) counts: Option<Array2<f32>>,
    /// Photons without an object; 0 where nothing was measured.
    pub(super) photons: Option<Array2<f32>>,
    /// Mean photons that did not come straight.
    pub(super) background: f64,
    /// Variance of the electronic noise, in photons².
    pub(super) electronic_variance: f64,
    /// Post-log data: `ln(I0 / (N - s + ½))`, or what the file says.
    pub(super) lines: Array2<f32>,
    /// Whether a ray was measured.
    pub(super) measured: Array2<bool>,
    /// Photons of one count of the file.
    pub(super) gain: f64,
    /// How photons were found.
    pub(super) rule: String,
    /// Whether that is an estimate.
    pub(super) estimated: bool,
}

/// What the protocol says of the noise, in photons.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Physics {
    /// Photons of one count, by the protocol.
    pub(super) gain: Option<f64>,
    /// The same, by the file.
    pub(super) file_gain: Option<f64>,
    pub(super) photons: Option<f64>,
    pub(super) background: f64,
    pub(super) electronic_noise: f64,
}

impl Physics {
    pub(super) fn of(
        preparation: &Preparation,
        acquisition: Option<&Projections>,
        file_gain: Option<f64>,
    ) -> Self {
        Physics {
            gain: preparation.gain,
            file_gain,
            photons: preparation.photons,
            background: acquisition.map_or(0.0, |a| a.background),
            electronic_noise: acquisition.map_or(0.0, |a| a.electronic_noise),
        }
    }
}

impl Rays {
    /// From a slice and the flats and darks at its bins.
    pub(super) fn new(
        slice: &ProjectionSlice,
        content: Content,
        flats: Option<&Flats>,
        physics: Physics,
    ) -> Result<Self, ReconError> {
        let mut rays = match (content, flats) {
            (Content::Counts, Some(flats)) => from_counts(slice, flats, physics)?,
            (Content::Counts, None) => {
                let why = "the raw data are counts without flats: give preparation.photons, the \
                           photons of a ray without an object";
                return Err(ReconError::Request(why.into()));
            }
            (Content::LineIntegrals, _) => from_lines(slice, slice.data.clone(), physics),
            (Content::Transmission, _) => {
                // Nothing came through: no line integral, but no reason to refuse the others.
                let lines = slice.data.mapv(|t| if t > 0.0 { -t.ln() } else { 0.0 });
                let mut rays = from_lines(slice, lines, physics);
                rays.measured
                    .zip_mut_with(&slice.data, |m, t| *m &= *t > 0.0);
                rays
            }
        };
        for ((_, bin), measured) in rays.measured.indexed_iter_mut() {
            *measured &= !slice.dead.get(bin).copied().unwrap_or(false);
        }
        rays.clear_unmeasured();
        if !rays.measured.iter().any(|m| *m) {
            let why = "no detector bin measured anything: every flat is zero or every bin is dead";
            return Err(ReconError::Request(why.into()));
        }
        Ok(rays)
    }

    /// Counts of dead bins are no data; their line integrals are those of the bins beside, for
    /// what needs every bin (filtering, the axis), and weigh nothing in a likelihood.
    pub(super) fn clear_unmeasured(&mut self) {
        let clear = |values: &mut Array2<f32>, measured: &Array2<bool>| {
            values.zip_mut_with(measured, |v, m| {
                if !m {
                    *v = 0.0;
                }
            });
        };
        for (mut lines, measured) in self.lines.rows_mut().into_iter().zip(self.measured.rows()) {
            bridge_gaps(&mut lines, measured);
        }
        for values in [&mut self.counts, &mut self.photons].into_iter().flatten() {
            clear(values, &self.measured);
        }
    }
}

/// Replaces what was not measured by the line between the measured bins on either side.
fn bridge_gaps(lines: &mut ArrayViewMut1<f32>, measured: ArrayView1<bool>) {
    let alive: Vec<usize> = (0..lines.len()).filter(|b| measured[*b]).collect();
    for bin in (0..lines.len()).filter(|b| !measured[*b]) {
        let after = alive.partition_point(|a| *a < bin);
        let (left, right) = (after.checked_sub(1).map(|i| alive[i]), alive.get(after));
        lines[bin] = match (left, right) {
            (Some(l), Some(&r)) => {
                let t = (bin - l) as f32 / (r - l) as f32;
                lines[l] * (1.0 - t) + lines[r] * t
            }
            (Some(l), None) => lines[l],
            (None, Some(&r)) => lines[r],
            (None, None) => 0.0,
        };
    }
}

/// Counts with flats: photons by the gain.
fn from_counts(
    slice: &ProjectionSlice,
    flats: &Flats,
    physics: Physics,
) -> Result<Rays, ReconError> {
    let open = &flats.flat_mean - &flats.dark_mean;
    let (gain, rule, estimated) = gain(flats, &open, physics)?;
    let gain32 = gain as f32;
    let dim = slice.data.dim();
    let counts = Array2::from_shape_fn(dim, |at| (slice.data[at] - flats.dark_mean[at.1]) * gain32);
    let photons = Array2::from_shape_fn(dim, |(_, b)| (open[b] * gain32).max(0.0));
    let measured = photons.mapv(|n| n > 0.0);
    if !counts.iter().any(|n| *n > 0.0) {
        let why = "no projection is brighter than the darks: the scan was taken without a \
                   beam, or the numbers are no counts (`units` of the data in the file)";
        return Err(ReconError::Request(why.into()));
    }
    let lines = post_log(&counts, &photons, physics.background);
    // The darks know the electronic noise of one reading, if there are some.
    let dark = match flats.dark_frames {
        1 => 0.0,
        _ => median(&flats.dark_variance) * gain * gain,
    };
    Ok(Rays {
        counts: Some(counts),
        photons: Some(photons),
        background: physics.background,
        electronic_variance: physics.electronic_noise.powi(2).max(dark),
        lines,
        measured,
        gain,
        rule,
        estimated,
    })
}

/// Photons of one count: what the user says, 1 where the flat is stated in photons, else mean over
/// variance of the flats.
fn gain(
    flats: &Flats,
    open: &Array1<f32>,
    physics: Physics,
) -> Result<(f64, String, bool), ReconError> {
    if let Some(gain) = physics.gain {
        return Ok((
            gain,
            format!("preparation.gain = {gain} photons a count"),
            false,
        ));
    }
    if let Some(photons) = physics.photons {
        let alive = open.iter().filter(|n| **n > 0.0);
        let mean = f64::from(alive.clone().sum::<f32>()) / alive.count().max(1) as f64;
        let rule = format!("preparation.photons = {photons} for the mean of the flats");
        return Ok((photons / mean.max(f64::MIN_POSITIVE), rule, false));
    }
    if let Some(gain) = physics.file_gain {
        let rule = format!("{gain} photons a count, as the file says");
        return Ok((gain, rule, false));
    }
    if flats.flat_frames == 0 {
        return Ok((1.0, "counts are photons".into(), false));
    }
    let ratios: Vec<f32> = open
        .iter()
        .zip(&flats.flat_variance)
        .zip(&flats.dark_variance)
        .filter(|((open, flat), dark)| **open > 0.0 && **flat > **dark)
        .map(|((open, flat), dark)| open / (flat - dark))
        .collect();
    if flats.flat_frames < 2 || ratios.is_empty() {
        let why = "the flats do not say how many photons a count is (it takes two frames that \
                   differ): give preparation.gain, photons a count";
        return Err(ReconError::Request(why.into()));
    }
    // The median of mean over variance is biased by the few frames; the mean of 1/ratio is not.
    let inverse = ratios.iter().map(|r| 1.0 / f64::from(*r)).sum::<f64>() / ratios.len() as f64;
    let gain = 1.0 / inverse;
    let rule = format!(
        "{gain:.4} photons a count, from mean and variance of {} flats",
        flats.flat_frames
    );
    Ok((gain, rule, true))
}

/// Line integrals, with photon statistics where the file has them.
fn from_lines(slice: &ProjectionSlice, lines: Array2<f32>, physics: Physics) -> Rays {
    let (counts, photons, rule) = match (&slice.photons, physics.photons) {
        (Some(n), _) => {
            let open = Array2::from_shape_fn(n.dim(), |at| n[at] * lines[at].exp());
            (
                Some(n.clone()),
                Some(open),
                "photon statistics of the file".into(),
            )
        }
        (None, Some(i0)) => {
            let n = lines.mapv(|p| i0 as f32 * (-p).exp());
            let open = Array2::from_elem(lines.dim(), i0 as f32);
            (Some(n), Some(open), format!("preparation.photons = {i0}"))
        }
        (None, None) => (None, None, "one deviation for all line integrals".into()),
    };
    let measured = match &photons {
        Some(photons) => photons.mapv(|n| n > 0.0),
        None => Array2::from_elem(lines.dim(), true),
    };
    Rays {
        counts,
        photons,
        background: 0.0,
        // Noise-equivalent photons have it already.
        electronic_variance: 0.0,
        lines,
        measured,
        gain: 1.0,
        rule,
        estimated: false,
    }
}

/// `ln(I0 / (N - s + ½))`: unbiased from five photons on, and a zero count is finite.
pub(super) fn post_log(
    counts: &Array2<f32>,
    photons: &Array2<f32>,
    background: f64,
) -> Array2<f32> {
    Array2::from_shape_fn(counts.dim(), |at| {
        let net = (f64::from(counts[at]) - background).max(0.0) + 0.5;
        let open = f64::from(photons[at]);
        if open > 0.0 {
            (open / net).ln() as f32
        } else {
            0.0
        }
    })
}

fn median(values: &Array1<f32>) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted.get(sorted.len() / 2).copied().map_or(0.0, f64::from)
}
