//! Readout oversampling: removed once.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Panel};
use super::super::gate::largest;
use super::super::toolkit::Job;
use crate::io::Volume;
use crate::protocol::Protocol;
use ndarray::{Array2, Axis};
use num_complex::Complex64;

/// A full, nearly noiseless scan with twice the samples along the readout, against its truth.
pub(in super::super) fn readout(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    let mut protocol = Protocol::find("mri/brain-cartesian-r4")?;
    protocol.set_all(&[
        "acquisition.cartesian.matrix=[96,80]",
        "acquisition.cartesian.fov_mm=[216,240]",
        "acquisition.cartesian.slices=3",
        "acquisition.cartesian.slice_thickness_mm=4",
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
        progress: bench.progress,
    };
    let truth_path = bench.toolkit.simulate(&job, bench.interrupted)?;
    let truth = bench.toolkit.read_volume(&truth_path)?;
    place(bench, evidence, &job, &truth)?;
    let truth = truth.data.index_axis(Axis(0), 0).mapv(f64::from);
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

/// Where a reconstruction says that its corners are, against the field of view of the protocol.
fn place(
    bench: &Bench<'_>,
    evidence: &mut Evidence,
    scan: &Job,
    truth: &Volume,
) -> Result<(), Failure> {
    let mut protocol = scan.protocol.clone();
    protocol.select("zero-filled")?;
    let job = Job {
        protocol,
        input: scan.output.clone(),
        output: bench.file("by-zero-filled"),
        ..scan.clone()
    };
    bench.toolkit.recon(&job, bench.interrupted)?;
    let made = bench.toolkit.read_volume(&job.output.join("mean.nii.gz"))?;
    let asked = [216.0 / 96.0, 240.0 / 80.0, 4.0];
    let side =
        |m: &[[f64; 4]; 3], axis: usize| m.iter().map(|row| row[axis].powi(2)).sum::<f64>().sqrt();
    let sides = (0..3).map(|axis| (side(&made.affine_lps_mm, axis) / asked[axis] - 1.0).abs());
    evidence.at_most(
        "mri.readout.spacing",
        "largest relative error of the voxel of a reconstruction: columns, rows, slices",
        largest(sides),
        1e-5,
        "2.25 x 3 x 4 mm, as the field of view and the matrix say, in NIfTI's single precision",
    );
    let [nz, ny, nx] = [2.0, 79.0, 95.0];
    let corners = (0..8).map(|n| {
        [
            f64::from(n & 1) * nx,
            f64::from(n >> 1 & 1) * ny,
            f64::from(n >> 2) * nz,
        ]
    });
    let at =
        |m: &[[f64; 4]; 3], v: [f64; 3]| m.map(|r| r[3] + r[0] * v[0] + r[1] * v[1] + r[2] * v[2]);
    let apart = corners.map(|v| {
        let (a, b) = (at(&made.affine_lps_mm, v), at(&truth.affine_lps_mm, v));
        (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt()
    });
    evidence.at_most(
        "mri.readout.place",
        "largest distance of a corner of the reconstruction from that of the truth, in mm",
        largest(apart),
        1e-3,
        "the geometry of the raw data, in NIfTI's single precision",
    );
    Ok(())
}
