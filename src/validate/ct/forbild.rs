//! The FORBILD head: brain at 1.05 of water, lesions of a quarter of a percent.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Panel, Table};
use super::super::gate::largest;
use super::super::through::scanned;
use super::disc::mean_within;
use crate::protocol::Protocol;
use ndarray::Axis;

/// Discs of plain brain: centre and radius in mm.
const PLATEAU: [([f64; 2], f64); 5] = [
    ([-50.0, -30.0], 14.0),
    ([50.0, -25.0], 14.0),
    ([-35.0, -70.0], 14.0),
    ([30.0, -80.0], 12.0),
    ([-45.0, 0.0], 12.0),
];
/// HU of the brain, 1.05 of water.
const BRAIN_HU: f64 = 50.0;
/// The small lesions: centre in mm, and HU more than the brain.
const LESIONS: [([f64; 2], f64); 2] = [([-10.8, -90.0], 2.5), ([10.8, -90.0], -2.5)];
/// Pixels of the image.
const PIXEL_MM: f64 = 0.64;

/// Filtered back-projection of a scan nearly without noise.
pub(in super::super) fn forbild(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    let mut protocol = Protocol::find("ct/head-lowdose")?;
    protocol.set_all(&[
        "acquisition.fan.views=720",
        "acquisition.fan.bins=736",
        "acquisition.fan.pitch_mm=0.7",
        "acquisition.fan.offset_mm=0.175",
        "acquisition.fan.photons=1e12",
        "acquisition.fan.slices=1",
        "image.matrix=[400,400]",
        &format!("image.pixel_mm={PIXEL_MM}"),
        "method.fbp.window=hann",
    ])?;
    let scan = scanned(bench, "forbild-head", protocol, "forbild")?;
    let made = scan.by(bench, "fbp")?;
    let image = made.mean.index_axis(Axis(0), 0).to_owned();
    let mut table = Table::new("Means of discs, in HU", &["at mm", "true", "measured"]);
    let mut errors = Vec::new();
    for (at, radius) in PLATEAU {
        let found = mean_within(&image, PIXEL_MM, at, radius);
        errors.push(found - BRAIN_HU);
        table.row(&format!("{at:?}"), &[BRAIN_HU, found]);
    }
    evidence.at_most(
        "ct.forbild.plateau",
        "|mean of the brain - 50 HU|, in HU",
        (errors.iter().sum::<f64>() / errors.len() as f64).abs(),
        0.525,
        "0.05 % of a density of 1.05",
    );
    evidence.at_most(
        "ct.forbild.cupping",
        "largest |mean of a disc of brain - 50 HU|, in HU",
        largest(errors.iter().map(|e| e.abs())),
        1.0,
        "a fifth of the contrast of the ventricle",
    );
    for (at, contrast) in LESIONS {
        let beside = [at[0], at[1] + 12.0];
        let found =
            mean_within(&image, PIXEL_MM, at, 2.5) - mean_within(&image, PIXEL_MM, beside, 2.5);
        table.row(&format!("{at:?}, against 12 mm above"), &[contrast, found]);
        let name = if contrast > 0.0 { "denser" } else { "thinner" };
        evidence.between(
            &format!("ct.forbild.{name}"),
            "contrast of a lesion of 8 mm, over its true 2.5 HU",
            found / contrast,
            [0.5, 1.5],
            "seen with its sign, and half to one and a half of its size",
        );
    }
    evidence.tables.push(table);
    let truth = scan.truth.index_axis(Axis(0), 0).to_owned();
    evidence.picture(
        "FORBILD head, 40 to 60 HU",
        vec![
            Panel::new("truth", &truth, [40.0, 60.0]),
            Panel::new("fbp", &image, [40.0, 60.0]),
        ],
    );
    Ok(())
}
