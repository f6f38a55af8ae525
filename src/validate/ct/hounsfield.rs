//! Inserts of known Hounsfield units.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Panel, Plot, Table};
use super::super::through::scanned;
use super::disc::mean_within;
use crate::protocol::Protocol;
use ndarray::Axis;
use phantoms::ct::{Material, mu_per_mm, mu_to_hu};

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

/// The ACR phantom and the Catphan; HU of the latter are those of its materials.
fn phantoms(energy_kev: f64) -> Result<[Inserts; 2], Failure> {
    let water = mu_per_mm(Material::Water, energy_kev)?;
    let of = |material| -> Result<f64, Failure> {
        Ok(mu_to_hu(mu_per_mm(material, energy_kev)?, water))
    };
    Ok([
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
                ("air", 90.0, of(Material::Air)?),
                ("pmp", 120.0, of(Material::Pmp)?),
                ("polyethylene", 180.0, of(Material::Polyethylene)?),
                ("polystyrene", -120.0, of(Material::Polystyrene)?),
                ("acrylic", -60.0, of(Material::Acrylic)?),
                ("delrin", 0.0, of(Material::Delrin)?),
                ("teflon", 60.0, of(Material::Teflon)?),
            ],
        },
    ])
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
        "method.fbp.window=hann",
    ])?;
    for phantom in phantoms(70.0)? {
        linearity(bench, evidence, &protocol, &phantom)?;
    }
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
            "the accuracy that a site asks of a scanner's water is 4 to 7 HU",
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
