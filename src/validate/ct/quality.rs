//! Resolution, noise and detectability, beside what the detector and the photons promise.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Panel, Plot, Table};
use super::super::through::scanned;
use super::promise::Promise;
use crate::metrics::{
    Channels, Detectability, Detrend, Edge, EdgeProfile, Mtf, MtfSettings, Nps, cnr, npw, rois,
};
use crate::protocol::{Image, Protocol};
use ndarray::{Array2, Array3, ArrayView3, Axis, s};
use std::f64::consts::FRAC_1_SQRT_2;

/// Photons of a ray through air: of the low dose, and of four times as much.
const PHOTONS: [f64; 2] = [1e5, 4e5];
/// Modules of the ACR phantom: inserts, rods of 6 HU, nothing, bars.
const MODULES: usize = 4;
const RODS: usize = 1;
const EVEN: usize = 2;
/// The acrylic insert, and one of the rods of 6 mm: centres in mm.
const ACRYLIC_MM: [f64; 2] = [-63.0 * FRAC_1_SQRT_2, -63.0 * FRAC_1_SQRT_2];
const ACRYLIC_RADIUS_MM: f64 = 12.5;
const ROD_MM: [f64; 2] = [48.96, 35.20];
/// The large rod, and water beside it as far from the axis.
const LARGE_ROD_MM: [f64; 2] = [0.0, 60.0];
const BESIDE_MM: [f64; 2] = [-60.0, 0.0];
/// Pixels of a side: of the noise power spectrum, and of what an observer sees.
const SPECTRUM: usize = 32;
const SEEN: usize = 12;

/// An image by filtered back-projection: `MTF(f)` of an edge, `NPS(f)` of repeated scans of water,
/// and d' of a rod at two doses.
pub(in super::super) fn quality(bench: &Bench<'_>, evidence: &mut Evidence) -> Result<(), Failure> {
    let of_acr = |photons: f64, name: &str| made(bench, "acr-ct", (MODULES, photons), name);
    let (clean, image) = of_acr(1e12, "clean.h5")?;
    let repeats = bench.extent.pick(24, 96);
    let (low, _) = made(bench, "water-disc", (repeats, PHOTONS[0]), "low.h5")?;
    let (high, _) = made(bench, "water-disc", (repeats, PHOTONS[1]), "high.h5")?;
    let promise = Promise::of(&protocol(MODULES, PHOTONS[0])?)?;
    resolution(evidence, &clean, &image, &promise)?;
    noise(evidence, &low, &image, &promise)?;
    let (noisy, _) = of_acr(PHOTONS[1], "noisy.h5")?;
    detectability(evidence, &clean, [&low, &high], &noisy, &image)?;
    let slice = |v: &Array3<f32>, module: usize| v.index_axis(Axis(0), module).to_owned();
    evidence.picture(
        "ACR phantom, inserts in -200 to 200 HU, rods of 6 HU in -30 to 30 HU",
        vec![
            Panel::new("inserts", &slice(&noisy, 0), [-200.0, 200.0]),
            Panel::new("rods", &slice(&noisy, RODS), [-30.0, 30.0]),
            Panel::new("rods, without noise", &slice(&clean, RODS), [-30.0, 30.0]),
        ],
    );
    Ok(())
}

fn protocol(slices: usize, photons: f64) -> Result<Protocol, Failure> {
    let mut protocol = Protocol::find("ct/head-lowdose")?;
    protocol.set_all(&[
        format!("acquisition.fan.photons={photons:e}"),
        format!("acquisition.fan.slices={slices}"),
        "method.fbp.window=hann".into(),
    ])?;
    Ok(protocol)
}

/// Slices of a phantom in HU, and their grid.
fn made(
    bench: &Bench<'_>,
    phantom: &str,
    (slices, photons): (usize, f64),
    name: &str,
) -> Result<(Array3<f32>, Image), Failure> {
    let scan = scanned(bench, phantom, protocol(slices, photons)?, name)?;
    let image = scan.protocol.image.clone().ok_or("no [image] table")?;
    Ok((scan.by(bench, "fbp")?.mean, image))
}

/// Row and column of a place about the axis, y up; pixel centres are whole.
fn pixel(image: &Image, [x, y]: [f64; 2]) -> [f64; 2] {
    let [columns, rows] = image.matrix.map(|n| 0.5 * (n - 1) as f64);
    [rows - y / image.pixel_mm, columns + x / image.pixel_mm]
}

/// The corner of a square of pixels around a place.
fn corner(image: &Image, at_mm: [f64; 2], side: usize) -> [usize; 2] {
    pixel(image, at_mm).map(|p| p.round() as usize - side / 2)
}

fn resolution(
    evidence: &mut Evidence,
    clean: &Array3<f32>,
    image: &Image,
    promise: &Promise,
) -> Result<(), Failure> {
    let inserts = clean.slice(s![..1, .., ..]);
    let rim = Edge::Disc {
        centre: pixel(image, ACRYLIC_MM),
        radius_px: ACRYLIC_RADIUS_MM / image.pixel_mm,
    };
    let profile = EdgeProfile::measure(inserts, &rim.centred(inserts), 6.0)?;
    let mtf = Mtf::of(&profile, image.pixel_mm, MtfSettings::default())?;
    let (half, tenth) = (
        mtf.mtf50_per_mm.unwrap_or(f64::NAN),
        mtf.mtf10_per_mm.unwrap_or(f64::NAN),
    );
    for (name, level, found) in [("mtf50", 0.5, half), ("mtf10", 0.1, tenth)] {
        evidence.between(
            &format!("ct.quality.{name}"),
            &format!("frequency at which the transfer function is {level}, over that of the scan"),
            found / promise.where_mtf_is(level),
            [0.95, 1.05],
            "bin width, interpolation and window are known; so is what they leave of an edge",
        );
    }
    let nyquist_per_mm = 0.5 / image.pixel_mm;
    let measured = mtf.frequencies_per_mm.iter().zip(&mtf.values);
    let points = measured.map(|(f, v)| [*f, *v]);
    evidence.plots.push(Plot {
        title: "Modulation transfer at the rim of the acrylic insert".into(),
        axes: ["cycles per mm".into(), "MTF".into()],
        curves: vec![
            (
                "measured".into(),
                points.take_while(|p| p[0] <= nyquist_per_mm).collect(),
            ),
            (
                "of the scan".into(),
                frequencies(nyquist_per_mm, &|f| promise.mtf(f)),
            ),
        ],
        ..Plot::default()
    });
    Ok(())
}

fn frequencies(most_per_mm: f64, of: &dyn Fn(f64) -> f64) -> Vec<[f64; 2]> {
    let at = (0..=80).map(|n| most_per_mm * f64::from(n) / 80.0);
    at.map(|f| [f, of(f)]).collect()
}

fn noise(
    evidence: &mut Evidence,
    water: &Array3<f32>,
    image: &Image,
    promise: &Promise,
) -> Result<(), Failure> {
    let middle = rois(water.view(), &[corner(image, [0.0; 2], SPECTRUM)], SPECTRUM)?;
    evidence.between(
        "ct.quality.noise",
        "deviation of repeated scans in the middle of 200 mm of water, over that of the photons",
        deviation(middle.view()) / promise.deviation_hu(),
        [0.95, 1.05],
        "counts are Poisson's, the filter is known: so is the variance that is left",
    );
    let nps = Nps::measure(middle.view(), [image.pixel_mm; 2], Detrend::Mean)?.radial();
    let expected = frequencies(0.5 / image.pixel_mm, &|f| promise.nps(f));
    let mean = |points: &mut dyn Iterator<Item = [f64; 2]>| {
        let (sum, weight) = points.fold((0.0, 0.0), |(a, b), [f, v]| (a + f * v, b + v));
        sum / weight
    };
    let rings = nps.frequencies_per_mm.iter().zip(&nps.values);
    let measured: Vec<[f64; 2]> = rings.map(|(f, v)| [*f, *v]).collect();
    let at_rings = measured.iter().map(|p| [p[0], promise.nps(p[0])]);
    evidence.between(
        "ct.quality.nps",
        "mean frequency of the noise power spectrum over that of the scan",
        nps.mean_frequency_per_mm() / mean(&mut at_rings.into_iter()),
        [0.92, 1.08],
        "the ramp makes noise fine-grained, the window takes the finest away; so few scans tell 2 %",
    );
    evidence.plots.push(Plot {
        title: "Noise power in the middle of 200 mm of water".into(),
        axes: ["cycles per mm".into(), "HU² mm²".into()],
        curves: vec![
            ("measured".into(), measured),
            ("of the scan".into(), expected),
        ],
        ..Plot::default()
    });
    Ok(())
}

/// Of repeated scans, pixel by pixel.
fn deviation(repeats: ArrayView3<f32>) -> f64 {
    let n = repeats.len_of(Axis(0)) as f64;
    let mut sum = 0.0;
    for pixel in repeats.lanes(Axis(0)) {
        let mean = pixel.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
        sum += pixel
            .iter()
            .map(|v| (f64::from(*v) - mean).powi(2))
            .sum::<f64>()
            / (n - 1.0);
    }
    (sum / (repeats.len() as f64 / n)).sqrt()
}

fn detectability(
    evidence: &mut Evidence,
    clean: &Array3<f32>,
    doses: [&Array3<f32>; 2],
    noisy: &Array3<f32>,
    image: &Image,
) -> Result<(), Failure> {
    // The rod is linear in its small contrast: what it adds is the same with noise and without.
    let at = corner(image, ROD_MM, SEEN);
    let patch = |module: usize| -> Result<Array2<f64>, Failure> {
        let square = rois(clean.slice(s![module..=module, .., ..]), &[at], SEEN)?;
        Ok(square.index_axis(Axis(0), 0).mapv(f64::from))
    };
    let rod = patch(RODS)? - patch(EVEN)?;
    let [row, column] = corner(image, [0.0; 2], 2 * SEEN);
    let corners = [0, 1, 2, 3].map(|n| [row + n / 2 * SEEN, column + n % 2 * SEEN]);
    let title = "d' of a rod of 6 HU, 6 mm across, by dose";
    let columns = ["photons", "non-prewhitening", "channelised Hotelling"];
    let mut table = Table::new(title, &columns);
    let mut seen = Vec::new();
    for (water, photons) in doses.iter().zip(PHOTONS) {
        let noise = rois(water.view(), &corners, SEEN)?.mapv(f64::from);
        let nps = Nps::measure(noise.view(), [image.pixel_mm; 2], Detrend::Mean)?;
        let half = noise.len_of(Axis(0)) / 2;
        let (with, without) = noise.view().split_at(Axis(0), half);
        let channels = Channels::laguerre_gauss(SEEN, SEEN, 5, 6.0 / image.pixel_mm);
        let with = &with + &rod;
        let observed = Detectability::hotelling(&channels, with.view(), without)?;
        let found = npw(rod.view(), &nps)?;
        table.row(&format!("{photons:.0}"), &[found, observed.d_prime]);
        seen.push(found);
    }
    evidence.tables.push(table);
    evidence.between(
        "ct.quality.dose",
        "d' of the rod at four times the photons, over the one before",
        seen[1] / seen[0],
        [1.8, 2.2],
        "the square root of the dose: 2; some percent of it is what so few scans can tell",
    );
    contrast_to_noise(evidence, noisy, image)
}

/// As the ACR measures it, at the higher dose.
fn contrast_to_noise(
    evidence: &mut Evidence,
    noisy: &Array3<f32>,
    image: &Image,
) -> Result<(), Failure> {
    let rods = noisy.index_axis(Axis(0), RODS);
    let within = |at_mm: [f64; 2]| -> Vec<f32> {
        let [row, column] = pixel(image, at_mm);
        let near = |(j, i): (usize, usize)| {
            (j as f64 - row).hypot(i as f64 - column) * image.pixel_mm <= 10.0
        };
        let pixels = rods.indexed_iter().filter(|(at, _)| near(*at));
        pixels.map(|(_, v)| *v).collect()
    };
    let mut table = Table::new("ACR phantom, 4e5 photons", &["quantity", "value"]);
    let ratio = cnr(&within(LARGE_ROD_MM), &within(BESIDE_MM))?;
    table.row("contrast to noise of the rod of 25 mm and 6 HU", &[ratio]);
    evidence.tables.push(table);
    Ok(())
}
