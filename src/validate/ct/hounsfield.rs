//! Inserts of the ACR phantom.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Panel, Plot, Table};
use super::super::through::scanned;
use crate::protocol::Protocol;
use ndarray::{Array2, Axis};

/// Name, angle in degrees and HU of the inserts, 25 mm wide at 60 mm from the centre.
const INSERTS: [(&str, f64, f64); 5] = [
    ("bone", 45.0, 955.0),
    ("acrylic", -135.0, 120.0),
    ("air", -45.0, -1000.0),
    ("polyethylene", 135.0, -95.0),
    ("water", 180.0, 0.0),
];

/// Filtered back-projection of a scan nearly without noise: HU of each insert, and the slope of
/// measured over true HU.
pub(in super::super) fn hounsfield(
    bench: &Bench<'_>,
    evidence: &mut Evidence,
) -> Result<(), Failure> {
    let mut protocol = Protocol::find("ct/head-lowdose")?;
    protocol.set_all(&[
        "acquisition.fan.photons=1e9",
        "acquisition.fan.slices=1",
        "method.fbp.window=hann",
    ])?;
    let pixel_mm = protocol.image.as_ref().map_or(1.2, |i| i.pixel_mm);
    let scan = scanned(bench, "acr-ct", protocol, "acr")?;
    let made = scan.by(bench, "fbp")?;
    let image = made.mean.index_axis(Axis(0), 0).to_owned();
    let mut table = Table::new(
        "Mean of a disc of 12.5 mm within each insert, in HU",
        &["insert", "true", "measured", "difference"],
    );
    let mut points = Vec::new();
    for (name, degrees, hu) in INSERTS {
        let (sin, cos) = f64::to_radians(degrees).sin_cos();
        let found = mean_within(&image, pixel_mm, [60.0 * cos, 60.0 * sin], 6.25);
        table.row(name, &[hu, found, found - hu]);
        points.push([hu, found]);
        evidence.at_most(
            &format!("ct.hu.{name}"),
            "difference of the insert's mean from its HU, in HU",
            (found - hu).abs(),
            3.0,
            "the accuracy that a site asks of a scanner's water is 4 to 7 HU",
        );
    }
    evidence.tables.push(table);
    let slope = slope(&points);
    evidence.between(
        "ct.hu.slope",
        "slope of measured over true HU",
        slope,
        [0.995, 1.005],
        "HU are linear in attenuation",
    );
    points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    evidence.plots.push(Plot {
        title: "HU linearity of filtered back-projection".into(),
        axes: ["true HU".into(), "measured HU".into()],
        curves: vec![("inserts".into(), points)],
        ..Plot::default()
    });
    let truth = scan.truth.index_axis(Axis(0), 0).to_owned();
    evidence.picture(
        "ACR phantom, -200 to 200 HU",
        vec![
            Panel::new("truth", &truth, [-200.0, 200.0]),
            Panel::new("fbp", &image, [-200.0, 200.0]),
        ],
    );
    Ok(())
}

/// The mean over the pixels whose centres lie within a disc.
fn mean_within(image: &Array2<f32>, pixel_mm: f64, centre_mm: [f64; 2], radius_mm: f64) -> f64 {
    let (rows, columns) = image.dim();
    let (mut sum, mut n) = (0.0, 0.0);
    for ((j, i), v) in image.indexed_iter() {
        let x = (i as f64 - 0.5 * (columns - 1) as f64) * pixel_mm - centre_mm[0];
        let y = (0.5 * (rows - 1) as f64 - j as f64) * pixel_mm - centre_mm[1];
        if x.hypot(y) <= radius_mm {
            (sum, n) = (sum + f64::from(*v), n + 1.0);
        }
    }
    sum / n
}

/// Of the least-squares line.
fn slope(points: &[[f64; 2]]) -> f64 {
    let n = points.len() as f64;
    let mean = [0, 1].map(|a| points.iter().map(|p| p[a]).sum::<f64>() / n);
    let product = |a: usize, b: usize| -> f64 {
        let about = |p: &[f64; 2]| (p[a] - mean[a]) * (p[b] - mean[b]);
        points.iter().map(about).sum()
    };
    product(0, 1) / product(0, 0)
}
