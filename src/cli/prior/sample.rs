//! `annulus prior sample`.

use crate::cli::Outcome;
use crate::cli::arguments::SamplePrior;
use crate::cli::threads::set_threads;
use crate::guidance::{Churn, Heun, SampleError, sample};
use crate::interrupt::Interrupt;
use crate::io::npy::write as write_npy;
use crate::io::{atomic, png_sheet};
use crate::progress::Progress;
use crate::recon::{find_device, load_prior};
use crate::score::{Card, Denoiser, Planes, Schedule};
use ndarray::{Array3, Array4, ArrayView3, Axis, s};
use operators::{Field, Host, SliceRng, Vector};

/// What is drawn.
pub(super) struct Drawing {
    pub(super) count: usize,
    /// Rows and columns.
    pub(super) size: [usize; 2],
    pub(super) levels: usize,
    pub(super) seed: u64,
}

pub(super) fn run(a: &SamplePrior) -> Outcome {
    set_threads(a.threads);
    atomic::may_write(&a.output, a.force)?;
    let sheet = match a.output.extension().and_then(|e| e.to_str()) {
        Some("png") => true,
        Some("npy") => false,
        _ => return Err(format!("{}: expected .png or .npy", a.output.display()).into()),
    };
    let model = load_prior(&a.prior, find_device(a.device.parse()?)?)?;
    let drawing = Drawing {
        count: a.count,
        size: a.size,
        levels: a.levels,
        seed: a.seed,
    };
    let images = draw(&drawing, &Planes(&model), &model.card)?;
    match sheet {
        true => png_sheet(&a.output, &shown(&images), window(&model.card))?,
        false => write_npy(&a.output, &images, true)?,
    }
    Ok(format!(
        "written to {}\n{} images: {}\n",
        a.output.display(),
        a.count,
        Statistics::of(images.iter().copied())
    ))
}

/// Images of the prior alone, one after the other: (image, channel, row, column).
pub(super) fn draw(
    drawing: &Drawing,
    prior: &Planes<'_>,
    card: &Card,
) -> Result<Array4<f32>, Box<dyn std::error::Error>> {
    let [rows, columns] = drawing.size;
    let blank = Host::<f32>::zeros(&[1, card.channels * rows, columns], Field::Real);
    let interrupt = Interrupt::install()?;
    let progress = Progress::for_stderr();
    let bar = progress.stage("samples", (drawing.count * drawing.levels) as u64);
    let mut images = Array4::zeros((drawing.count, card.channels, rows, columns));
    for (i, mut image) in images.axis_iter_mut(Axis(0)).enumerate() {
        let mut rng = SliceRng::new(drawing.seed, [(0, i as u32)]);
        let mut step = || {
            bar.step();
            !interrupt.asked()
        };
        let x = flow(prior, card, drawing.levels, &blank, &mut rng, &mut step)?;
        image.assign(&ArrayView3::from_shape(
            (card.channels, rows, columns),
            x.reals(),
        )?);
    }
    bar.finish();
    Ok(images)
}

/// The probability flow from the largest σ of the prior, by the second-order sampler of EDM: images like
/// `blank`; `each_step` may stop it by returning false.
pub(in crate::cli) fn flow(
    prior: &dyn Denoiser<Host<f32>>,
    card: &Card,
    levels: usize,
    blank: &Host<f32>,
    rng: &mut SliceRng,
    each_step: &mut dyn FnMut() -> bool,
) -> Result<Host<f32>, SampleError> {
    let [least, most] = card.sigma_range;
    let schedule = Schedule::karras(levels, least, most, 7.0);
    let heun = Heun {
        churn: Churn::NONE,
        steps: levels,
    };
    let start = blank.normal_like(rng).scaled(most);
    sample(&heun, prior, None, &schedule, start, rng, &mut |_| {
        each_step()
    })
}

/// What a sheet shows: magnitudes of complex images, else every channel under the one before.
fn shown(images: &Array4<f32>) -> Array3<f32> {
    let (count, channels, rows, columns) = images.dim();
    if channels == 2 {
        let part = |c: usize| images.slice(s![.., c, .., ..]);
        return ndarray::Zip::from(part(0))
            .and(part(1))
            .map_collect(|re, im| re.hypot(*im));
    }
    Array3::from_shape_fn((count, channels * rows, columns), |(i, y, x)| {
        images[(i, y / rows, y % rows, x)]
    })
}

/// CT is shown from -1000 to 1000 HU, colours and the like from 0 to 1.
fn window(card: &Card) -> Option<[f32; 2]> {
    match (card.unit_hu, card.channels) {
        (Some(unit), _) => Some([-1000.0, 1000.0].map(|hu| (hu / unit) as f32)),
        (None, 2) => None,
        (None, _) => Some([0.0, 1.0]),
    }
}

/// Mean, deviation and ends of many numbers.
pub(super) struct Statistics {
    mean: f64,
    pub(super) deviation: f64,
    ends: [f32; 2],
}

impl Statistics {
    pub(super) fn of(values: impl Iterator<Item = f32>) -> Self {
        let values: Vec<f32> = values.collect();
        let count = values.len().max(1) as f64;
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
        let square = values.iter().map(|v| (f64::from(*v) - mean).powi(2));
        let ends = values
            .iter()
            .fold([f32::MAX, f32::MIN], |[a, b], v| [a.min(*v), b.max(*v)]);
        Statistics {
            mean,
            deviation: (square.sum::<f64>() / count).sqrt(),
            ends,
        }
    }
}

impl std::fmt::Display for Statistics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "mean {:.4}, deviation {:.4}, {:.3} to {:.3}",
            self.mean, self.deviation, self.ends[0], self.ends[1]
        )
    }
}
