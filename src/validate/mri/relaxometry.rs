//! T2 of the NIST array from a series of spin echoes.

use super::super::bench::Bench;
use super::super::error::Failure;
use super::super::evidence::{Evidence, Marks, Panel, Plot, Table};
use super::super::gate::largest;
use super::{image_of, one_coil};
use ndarray::Array2;
use phantoms::mr::Sequence;
use phantoms::{Vial, named, nist_t2_vials, position};

/// Repetition time, long enough for every vial.
const TR_S: f64 = 15.0;
/// Echo times: a geometric series from 3 ms, each sqrt(2) times the one before.
const ECHOES: usize = 16;
/// Share of a vial's radius within which signals are averaged, away from its edge's rings.
const INNER: f64 = 0.6;

fn echo_s(n: usize) -> f64 {
    3e-3 * 2f64.powf(n as f64 / 2.0)
}

/// T2 of each of the 14 vials, fitted to images of their analytic k-space, against its true value.
pub(in super::super) fn relaxometry(
    bench: &Bench<'_>,
    evidence: &mut Evidence,
) -> Result<(), Failure> {
    let n = bench.extent.pick(256, 512);
    let phantom = named("nist-t2")?;
    let a = one_coil(bench, n)?;
    let vials = nist_t2_vials();
    let mut signals = vec![Vec::new(); vials.len()];
    let mut shown = Vec::new();
    for echo in 0..ECHOES {
        let te_s = echo_s(echo);
        let sequence = Sequence::SpinEcho { tr_s: TR_S, te_s };
        let section = phantom.scene_mr(&|r| sequence.signal(r))?.section(0.0);
        let image = image_of(&section, a.as_ref(), n)?.mapv(|v| v.re);
        for (vial, signals) in vials.iter().zip(&mut signals) {
            signals.push(mean_within(&image, vial));
        }
        if echo % 5 == 0 {
            let label = format!("TE {:.0} ms", 1e3 * te_s);
            shown.push(Panel::new(label, &image.mapv(|v| v as f32), [0.0, 1.0]));
        }
    }
    report(evidence, &vials, &signals);
    evidence.picture("NIST T2 array, spin echo, 0 to 1", shown);
    Ok(())
}

fn report(evidence: &mut Evidence, vials: &[Vial], signals: &[Vec<f64>]) {
    let mut table = Table::new("T2 in ms", &["vial", "true", "fitted", "relative error"]);
    let (mut errors, mut points) = (Vec::new(), Vec::new());
    for (n, (vial, signals)) in vials.iter().zip(signals).enumerate() {
        let (found, exact) = (t2_s(signals), vial.relaxation.t2_s);
        errors.push((found / exact - 1.0).abs());
        points.push([1e3 * exact, 1e3 * found]);
        let row = [1e3 * exact, 1e3 * found, found / exact - 1.0];
        table.row(&format!("{}", n + 1), &row);
    }
    evidence.tables.push(table);
    evidence.at_most(
        "mri.t2.array",
        "largest relative error of a vial's T2",
        largest(errors),
        0.01,
        "what is left are rings of the water around a vial; a change of scale from echo to echo, \
         or images that are not of the same place, give more",
    );
    evidence.plots.push(Plot {
        title: "T2 of the vials".into(),
        axes: ["true T2 in ms".into(), "fitted T2 in ms".into()],
        curves: vec![("vials".into(), points)],
        marks: Marks::Dots,
        ..Plot::default()
    });
}

/// The mean over the pixels well within a vial.
fn mean_within(image: &Array2<f64>, vial: &Vial) -> f64 {
    let (rows, columns) = image.dim();
    let (mut sum, mut n) = (0.0, 0.0);
    for ((j, i), v) in image.indexed_iter() {
        let [x, y] = vial.centre;
        if (position(i, columns) - x).hypot(position(j, rows) - y) < INNER * vial.radius {
            (sum, n) = (sum + v, n + 1.0);
        }
    }
    sum / n
}

/// `argmin Σ (S(TE) - A exp(-TE / T2))²` by Gauss-Newton on A and `R = 1 / T2`, from the line through
/// the logarithms of the echoes above a third of the first.
fn t2_s(signals: &[f64]) -> f64 {
    let first = signals[0];
    let (mut n, mut t, mut l, mut tt, mut tl) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (echo, s) in signals
        .iter()
        .enumerate()
        .filter(|(_, s)| **s > first / 3.0)
    {
        let (te, log) = (echo_s(echo), s.ln());
        (n, t, l) = (n + 1.0, t + te, l + log);
        (tt, tl) = (tt + te * te, tl + te * log);
    }
    let mut rate = -(n * tl - t * l) / (n * tt - t * t);
    let mut amplitude = ((l + rate * t) / n).exp();
    for _ in 0..20 {
        let (mut aa, mut ar, mut rr, mut a, mut r) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (echo, s) in signals.iter().enumerate() {
            let te = echo_s(echo);
            let by_amplitude = (-te * rate).exp();
            let by_rate = -te * amplitude * by_amplitude;
            let residual = s - amplitude * by_amplitude;
            (aa, ar) = (aa + by_amplitude.powi(2), ar + by_amplitude * by_rate);
            (rr, a) = (rr + by_rate.powi(2), a + by_amplitude * residual);
            r += by_rate * residual;
        }
        let determinant = aa * rr - ar * ar;
        amplitude += (a * rr - r * ar) / determinant;
        rate += (r * aa - a * ar) / determinant;
    }
    1.0 / rate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fit_finds_the_rate_of_a_pure_decay() {
        for t2 in [0.006, 0.046, 0.581] {
            let signals: Vec<f64> = (0..ECHOES).map(|n| 0.8 * (-echo_s(n) / t2).exp()).collect();
            assert!((t2_s(&signals) / t2 - 1.0).abs() < 1e-9);
        }
    }
}
