//! `annulus train`.

use super::prior::flow;
use super::threads::set_threads;
use super::{Outcome, arguments::Train};
use crate::interrupt::Interrupt;
use crate::io::{IoError, atomic, png_sheet};
use crate::progress::Progress;
use crate::recon::find_device;
use crate::score::Model;
use crate::train::{Event, Flow, TrainConfig, TrainError, ship, train};
use ndarray::Array3;
use operators::{Field, Host, SliceRng};
use std::path::Path;

pub(super) fn run(a: &Train) -> Outcome {
    let config: TrainConfig = match &a.protocol {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| IoError::reading(path, &e))?;
            toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?
        }
        None => TrainConfig::default(),
    };
    atomic::may_write(&a.output, a.force)?;
    set_threads(a.threads);
    let device = find_device(a.device.parse()?)?;
    let progress = Progress::for_stderr();
    let card = if a.ship {
        ship(&config, &a.output, device, &progress)?
    } else {
        let interrupt = Interrupt::install()?;
        let mut observer = |event: Event| {
            if let Event::Samples {
                model,
                images,
                size,
            } = event
            {
                let name = format!("{}.samples-{images:08}.png", a.output.display());
                sheet(Path::new(&name), model, size)?;
            }
            Ok(if interrupt.asked() {
                Flow::Stop
            } else {
                Flow::Continue
            })
        };
        train(&config, &a.output, device, &progress, &mut observer)?
    };
    let mut words = format!(
        "written to {}\n{}",
        a.output.display(),
        super::prior::table(&card, None)
    );
    words.push('\n');
    Ok(words)
}

/// Samples on a sheet.
const SAMPLES: usize = 6;
/// Noise levels of a sample.
const LEVELS: usize = 18;
/// Seed of the samples: every sheet of a run starts from the same noise.
const SEED: u64 = 1;

/// A contact sheet of samples of the prior alone.
fn sheet(path: &Path, model: &Model, size: usize) -> Result<(), TrainError> {
    let field = match model.card.channels {
        2 => Field::Complex,
        _ => Field::Real,
    };
    let mut rng = SliceRng::samples(SEED, 0, SAMPLES as u32);
    let blank = Host::<f32>::zeros(&[SAMPLES, size, size], field);
    let samples = flow(model, &model.card, LEVELS, &blank, &mut rng, &mut || true)
        .map_err(|e| TrainError::Samples(e.to_string()))?;
    let reals = samples.reals();
    let pixels: Vec<f32> = match field {
        Field::Complex => reals.chunks(2).map(|z| z[0].hypot(z[1])).collect(),
        Field::Real => reals.to_vec(),
    };
    let window = match model.card.unit_hu {
        Some(_) => [-1.0, 1.0],
        None => [0.0, 1.0],
    };
    let volume = Array3::from_shape_vec((SAMPLES, size, size), pixels)
        .map_err(|e| TrainError::Samples(e.to_string()))?;
    Ok(png_sheet(path, &volume, Some(window))?)
}
