//! Readout oversampling: removed once.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Panel};
use super::super::toolkit::Job;
use crate::protocol::Protocol;
use ndarray::{Array2, Axis};
use num_complex::Complex64;

/// A full, nearly noiseless scan with twice the samples along the readout, against its truth.
pub(in super::super) fn readout(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    let mut protocol = Protocol::find("mri/brain-cartesian-r4")?;
    protocol.set_all(&[
        "acquisition.cartesian.matrix=[96,80]",
        "acquisition.cartesian.fov_mm=[240,200]",
        "acquisition.cartesian.slices=1",
        "acquisition.cartesian.coils=4",
        "acquisition.cartesian.pattern=full",
        "acquisition.cartesian.acceleration=1",
        "acquisition.cartesian.readout_oversampling=2",
        "acquisition.cartesian.snr=1e5",
    ])?;
    let job = Job {
        protocol,
        input: "shepp-logan".into(),
        output: bench.file("scan.h5"),
        truth: None,
        seed: bench.seed,
        threads: bench.threads,
    };
    let truth_path = bench.toolkit.simulate(&job, bench.interrupted)?;
    let truth = bench.toolkit.read_volume(&truth_path)?.data;
    let truth = truth.index_axis(Axis(0), 0).mapv(f64::from);
    let k = bench.toolkit.k_space(&job.output, 0)?;
    let k = k.mapv(|z| Complex64::new(f64::from(z.re), f64::from(z.im)));
    let image = phantoms::rss_image(&k);
    let same = image.dim() == truth.dim();
    evidence.at_least(
        "mri.readout.matrix",
        "whether the raw slice has the matrix that was scanned (1: yes)",
        f64::from(u8::from(same)),
        1.0,
        "oversampling that is removed twice, or not at all, leaves another number of columns",
    );
    if !same {
        let (rows, columns) = image.dim();
        evidence
            .notes
            .push(format!("the raw slice is {rows} x {columns}"));
        return Ok(());
    }
    // Raw data have a scale of their own.
    let dot = |a: &Array2<f64>, b: &Array2<f64>| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let scale = dot(&image, &truth) / dot(&image, &image);
    let difference = image.mapv(|v| v * scale) - &truth;
    evidence.at_most(
        "mri.readout.image",
        "error of the root sum of squares, relative to the truth",
        (dot(&difference, &difference) / dot(&truth, &truth)).sqrt(),
        1e-3,
        "the noise of this scan and its single precision",
    );
    let shown = |image: &Array2<f64>| image.mapv(|v| v as f32);
    let peak = truth.iter().fold(0.0, |m: f64, v| m.max(*v)) as f32;
    evidence.picture(
        "A scan with twice the samples along the readout (columns)",
        vec![
            Panel::new("truth", &shown(&truth), [0.0, 0.5 * peak]),
            Panel::new(
                "read",
                &shown(&image.mapv(|v| v * scale)),
                [0.0, 0.5 * peak],
            ),
        ],
    );
    Ok(())
}
