//! Every metric with its value, whole and in the mask, and its convention.

use super::{Both, Volumes};
use crate::metrics::{
    DataRange, MetricsError, Normalisation, Pair, Ssim, Value, Window, nmse, nrmse, nrmse_fitted,
    phase_error, psnr, windowed,
};
use num_complex::Complex64;
use serde::Serialize;

/// A metric.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) whole: Cell,
    /// None without a mask, or where the convention knows none.
    pub(super) mask: Option<Cell>,
    pub(super) convention: String,
}

/// A value, or why there is none; in JSON a number, or null (also for infinity), or the reason.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Cell {
    Number(f64),
    None(String),
}

impl From<Result<f64, MetricsError>> for Cell {
    fn from(value: Result<f64, MetricsError>) -> Self {
        match value {
            Ok(value) => Cell::Number(value),
            Err(error) => Cell::None(error.to_string()),
        }
    }
}

/// What the user asked for.
pub(super) struct Wanted<'a> {
    /// Empty for all.
    pub(super) names: &'a [String],
    pub(super) range: Option<f64>,
}

impl Wanted<'_> {
    pub(super) fn asks(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|n| n == name)
    }

    /// Kinds of PSNR: name, range, and where the range is from.
    fn peaks(&self) -> Vec<(&'static str, DataRange, String)> {
        if let Some(range) = self.range {
            let from = format!("range = {range}");
            return vec![("psnr fixed", DataRange::Fixed(range), from)];
        }
        let from = |range: DataRange, who: &str| format!("range = {}; {who}", range.convention());
        [
            ("psnr max", DataRange::Maximum, "fastMRI"),
            ("psnr max-min", DataRange::MaximumMinusMinimum, "LoDoPaB"),
        ]
        .map(|(name, range, who)| (name, range, from(range, who)))
        .into()
    }
}

/// `<x, t> / <x, x>`: the real scale that fits best.
pub(super) fn fit(pair: &Pair<f64>) -> f64 {
    let pixels = pair.image().into_iter().zip(pair.reference());
    let (dot, own) = pixels.fold((0.0, 0.0), |(dot, own), (x, t)| (dot + x * t, own + x * x));
    if own > 0.0 { dot / own } else { 1.0 }
}

/// A metric of both pairs.
fn row<T: Value>(
    (name, unit): (&'static str, &'static str),
    both: &Both<T>,
    convention: String,
    measure: impl Fn(&Pair<T>) -> Result<f64, MetricsError>,
) -> Row {
    Row {
        name,
        unit,
        whole: measure(&both.whole).into(),
        mask: both.mask.as_ref().map(|pair| measure(pair).into()),
        convention,
    }
}

/// NMSE, PSNR and SSIM of real values or magnitudes.
pub(super) fn of_images(wanted: &Wanted, both: &Both<f64>) -> Vec<Row> {
    let mut rows = Vec::new();
    if wanted.asks("nmse") {
        let convention = "sum |A - B|^2 / sum |B|^2; fastMRI".into();
        rows.push(row(("nmse", ""), both, convention, nmse));
    }
    if wanted.asks("psnr") {
        for (name, range, from) in wanted.peaks() {
            let convention = format!("10 log10(range^2 / mean |A - B|^2), {from}");
            rows.push(row((name, "dB"), both, convention, |p| psnr(p, range)));
        }
    }
    if wanted.asks("ssim") {
        rows.extend(similarities(wanted, both));
    }
    rows
}

/// The field's three kinds of SSIM, or both windows of the user's range.
fn similarities(wanted: &Wanted, both: &Both<f64>) -> Vec<Row> {
    let of = |name, ssim: Ssim, who: &str| {
        let convention = format!("{}; {who}", ssim.convention());
        row((name, ""), both, convention, |p| ssim.measure(p))
    };
    let uniform = |range| Ssim {
        range,
        ..Ssim::FASTMRI
    };
    if let Some(range) = wanted.range {
        let range = DataRange::Fixed(range);
        let gaussian = Ssim {
            window: Window::Gaussian,
            ..uniform(range)
        };
        return vec![
            of("ssim 7x7 fixed", uniform(range), "scikit-image"),
            of("ssim Gauss fixed", gaussian, "Wang 2004"),
        ];
    }
    vec![
        of("ssim 7x7 max", Ssim::FASTMRI, "fastMRI"),
        of(
            "ssim 7x7 max-min",
            uniform(DataRange::MaximumMinusMinimum),
            "scikit-image, LoDoPaB",
        ),
        of("ssim Gauss max-min", Ssim::WANG, "Wang 2004"),
    ]
}

/// NRMSE and errors of the phase, of the complex numbers where there are any; no scale but that of the fit.
pub(super) fn of_numbers(wanted: &Wanted, volumes: &Volumes) -> Vec<Row> {
    let mut rows = Vec::new();
    if wanted.asks("nrmse") {
        rows.extend(match &volumes.complex {
            Some(both) => relative(both),
            None => relative(&volumes.real),
        });
    }
    let Some(both) = volumes.complex.as_ref().filter(|_| wanted.asks("phase")) else {
        return rows;
    };
    let weak = "root mean square of arg(A B*) where |B| > 10 % of its max";
    rows.push(row(("phase", "rad"), both, weak.into(), |p| {
        Ok(phase_error(p)?.rmse_rad)
    }));
    let without = match phase_error(&both.whole) {
        Ok(e) => format!(
            "{weak}, without the global phase ({:+.4} rad)",
            e.global_rad
        ),
        Err(_) => weak.into(),
    };
    rows.push(row(("phase local", "rad"), both, without, |p| {
        Ok(phase_error(p)?.rmse_without_global_rad)
    }));
    rows
}

fn relative<T: Value>(both: &Both<T>) -> Vec<Row> {
    let plain = "|A - B| / |B|; BART nrmse, scikit-image euclidean".into();
    let fitted = match nrmse_fitted(&both.whole) {
        Ok(fit) => format!(
            "|A - s B| / |s B|, B fitted to A by s = {}; BART nrmse -s",
            factor(fit.scale)
        ),
        Err(_) => "BART nrmse -s".into(),
    };
    vec![
        row(("nrmse", ""), both, plain, |p| {
            nrmse(p, Normalisation::Euclidean)
        }),
        row(("nrmse fitted", ""), both, fitted, |p| {
            Ok(nrmse_fitted(p)?.nrmse)
        }),
    ]
}

/// A scale in digits, complex only if it is.
fn factor(scale: Complex64) -> String {
    match scale.im == 0.0 {
        true => format!("{:.6}", scale.re),
        false => format!("{:.6}{:+.6}i", scale.re, scale.im),
    }
}

/// RED-CNN's three, in the window of soft tissue.
pub(super) fn in_the_window(pair: &Pair<f64>) -> Vec<Row> {
    let convention = "clipped to [-160, 240] HU, range = 400 HU, mean over slices, no fit; RED-CNN";
    let found = windowed(pair);
    let one = |name, unit, value: fn(&crate::metrics::Windowed) -> f64, more: &str| Row {
        name,
        unit,
        whole: found.as_ref().map(value).map_err(Clone::clone).into(),
        mask: None,
        convention: format!("{convention}{more}"),
    };
    vec![
        one("psnr window", "dB", |w| w.psnr, ""),
        one(
            "ssim window",
            "",
            |w| w.ssim,
            ", 11x11 Gaussian of sigma 1.5, population covariance, zeros outside",
        ),
        one("rmse window", "HU", |w| w.rmse_hu, ""),
    ]
}
