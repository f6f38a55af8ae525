//! Inserts of known Hounsfield units.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Panel, Plot, Table};
use super::super::through::scanned;
use super::disc::mean_within;
use crate::protocol::Protocol;
use ndarray::Axis;
use phantoms::ct::water_at_120kv_per_mm;

/// A phantom with inserts.
struct Inserts {
    phantom: &'static str,
    /// From the centre to the inserts, and the radius within each that is averaged.
    distance_mm: f64,
    radius_mm: f64,
    /// What the inserts lie in.
    about: &'static str,
    window: [f32; 2],
    /// Name, angle in degrees and HU.
    inserts: Vec<(&'static str, f64, f64)>,
}

/// Energy at which the HU of the materials are known.
const ENERGY_KEV: f64 = 70.0;

/// The ACR phantom by its nominal HU; the Catphan by those of its materials at 70 keV, from tables of
/// attenuation that the simulator does not read.
fn phantoms() -> [Inserts; 2] {
    [
        Inserts {
            phantom: "acr-ct",
            distance_mm: 63.0,
            radius_mm: 6.25,
            about: "ACR phantom",
            window: [-200.0, 200.0],
            inserts: vec![
                ("bone", 45.0, 955.0),
                ("acrylic", -135.0, 120.0),
                ("air", -45.0, -1000.0),
                ("polyethylene", 135.0, -95.0),
                ("water", 180.0, 0.0),
            ],
        },
        Inserts {
            phantom: "catphan-504",
            distance_mm: 58.7,
            radius_mm: 3.0,
            about: "Catphan 504",
            window: [-250.0, 450.0],
            inserts: vec![
                ("air", 90.0, -998.9),
                ("pmp", 120.0, -187.4),
                ("polyethylene", 180.0, -99.3),
                ("polystyrene", -120.0, -26.2),
                ("acrylic", -60.0, 116.7),
                ("delrin", 0.0, 344.6),
                ("teflon", 60.0, 939.5),
            ],
        },
    ]
}

/// Filtered back-projection of scans nearly without noise: HU of each insert, and the slope of
/// measured over true HU.
pub(in super::super) fn hounsfield(
    bench: &Bench<'_>,
    evidence: &mut Evidence,
) -> Result<(), Failure> {
    let mut protocol = Protocol::find("ct/head-lowdose")?;
    protocol.set_all(&[
        "acquisition.fan.photons=1e9",
        "acquisition.fan.slices=1",
        &format!("acquisition.fan.energy_kev={ENERGY_KEV}"),
        "method.fbp.window=hann",
    ])?;
    for phantom in phantoms() {
        linearity(bench, evidence, &protocol, &phantom)?;
    }
    hardening(evidence);
    Ok(())
}

fn linearity(
    bench: &Bench<'_>,
    evidence: &mut Evidence,
    protocol: &Protocol,
    phantom: &Inserts,
) -> Result<(), Failure> {
    let pixel_mm = protocol.image.as_ref().map_or(1.2, |i| i.pixel_mm);
    let name = phantom.phantom;
    let scan = scanned(bench, name, protocol.clone(), name)?;
    let made = scan.by(bench, "fbp")?;
    let image = made.mean.index_axis(Axis(0), 0).to_owned();
    let title = format!("{}: mean within each insert, in HU", phantom.about);
    let mut table = Table::new(&title, &["insert", "true", "measured", "difference"]);
    let mut points = Vec::new();
    for (insert, degrees, hu) in &phantom.inserts {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let at = [phantom.distance_mm * cos, phantom.distance_mm * sin];
        let found = mean_within(&image, pixel_mm, at, phantom.radius_mm);
        table.row(insert, &[*hu, found, found - hu]);
        points.push([*hu, found]);
        evidence.at_most(
            &format!("ct.hu.{name}.{insert}"),
            "difference of the insert's mean from its HU, in HU",
            (found - hu).abs(),
            3.0,
            "of a scan without noise; sites allow water alone 4 to 7 HU",
        );
    }
    evidence.tables.push(table);
    evidence.between(
        &format!("ct.hu.{name}.slope"),
        "slope of measured over true HU",
        slope(&points),
        [0.995, 1.005],
        "HU are linear in attenuation",
    );
    points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    evidence.plots.push(Plot {
        title: format!(
            "{}: HU linearity of filtered back-projection",
            phantom.about
        ),
        axes: ["true HU".into(), "measured HU".into()],
        curves: vec![("inserts".into(), points)],
        ..Plot::default()
    });
    let truth = scan.truth.index_axis(Axis(0), 0).to_owned();
    let [low, high] = phantom.window;
    evidence.picture(
        &format!("{}, {low} to {high} HU", phantom.about),
        vec![
            Panel::new("truth", &truth, phantom.window),
            Panel::new("fbp", &image, phantom.window),
        ],
    );
    Ok(())
}

/// What a tube's spectrum would do to water: shown, since scans are simulated at one energy.
fn hardening(evidence: &mut Evidence) {
    let lengths = (0..=30).map(|n| 10.0 * f64::from(n));
    let per_cm = lengths.map(|l| [l, 10.0 * water_at_120kv_per_mm(l)]);
    evidence.plots.push(Plot {
        title: "Effective attenuation of water at 120 kV".into(),
        axes: ["water in mm".into(), "per cm".into()],
        curves: vec![("water".into(), per_cm.collect())],
        ..Plot::default()
    });
    evidence.notes.push(
        "simulated scans have one energy: the curve shows what a spectrum does to water, and what \
         is not simulated"
            .into(),
    );
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
