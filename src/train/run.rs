//! The training loop: EDM loss, Adam, moving average, checkpoints; exact after a kill.

use super::TrainConfig;
use super::checkpoint::{State, load, save};
use super::curves::{Curves, Row};
use super::data::{Images, TrainError};
use super::finish::{averaged_model, finish};
use super::optimiser::Adam;
use super::step::step;
use super::validation::Validation;
use crate::progress::{Progress, Stage};
use crate::score::{Card, Fresh, Model, NetworkCard, Preconditioning, UNet};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tch::{Device, Tensor};

/// What a run tells while it goes.
pub enum Event<'a> {
    /// A step was made, with this loss.
    Step {
        /// Its index, from 0.
        step: usize,
        /// The loss of its crops.
        loss: f64,
    },
    /// It is time to look at samples of the averaged network.
    Samples {
        /// The network.
        model: &'a Model,
        /// Crops seen.
        images: usize,
        /// Side of an image.
        size: usize,
    },
}

/// Whether a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It does.
    Continue,
    /// It writes its checkpoint and stops.
    Stop,
}

/// Told of every event of a run.
pub type Observer<'a> = dyn FnMut(Event<'_>) -> Result<Flow, TrainError> + 'a;

/// Trains the prior of `config` and writes it to `output`; goes on from `output`'s checkpoint.
///
/// Beside the prior lie its checkpoint, the curves as CSV and their picture.
pub fn train(
    config: &TrainConfig,
    output: &Path,
    device: Device,
    progress: &Progress,
    observer: &mut Observer,
) -> Result<Card, TrainError> {
    let mut run = Run::open(config, output, device)?;
    run.draw(progress)?;
    run.go_on(progress, observer)?;
    run.ship(output, progress)
}

/// Writes the prior as the checkpoint of `output` has it, without another step.
pub fn ship(
    config: &TrainConfig,
    output: &Path,
    device: Device,
    progress: &Progress,
) -> Result<Card, TrainError> {
    let checkpoint = beside(output, "checkpoint");
    if !checkpoint.exists() {
        let words = "no checkpoint to ship: train first, or name the output of that run with -o";
        return Err(TrainError::Config(format!(
            "{}: {words}",
            checkpoint.display()
        )));
    }
    let mut run = Run::open(config, output, device)?;
    if run.state.data_range.is_none() {
        run.draw(progress)?;
    }
    run.ship(output, progress)
}

/// `PRIOR.kind`.
fn beside(output: &Path, kind: &str) -> PathBuf {
    PathBuf::from(format!("{}.{kind}", output.display()))
}

/// A run in memory.
struct Run<'a> {
    config: &'a TrainConfig,
    device: Device,
    checkpoint: PathBuf,
    curves_path: PathBuf,
    state: State,
    network: NetworkCard,
    images: Images,
    /// Which drawing the images are.
    drawing: Option<usize>,
    validation: Validation,
    curves: Curves,
}

impl<'a> Run<'a> {
    /// At the checkpoint, or before the first step; without images to train on.
    fn open(config: &'a TrainConfig, output: &Path, device: Device) -> Result<Self, TrainError> {
        if let Some(problem) = config.problems().into_iter().next() {
            return Err(TrainError::Config(problem));
        }
        let first = leaves(config, device);
        let checkpoint = beside(output, "checkpoint");
        let state = match checkpoint.exists() {
            true => {
                let order: Vec<String> = first.into_iter().map(|(name, _)| name).collect();
                load(&checkpoint, config, &order, device)?
            }
            false => State::new(Adam::new(first)),
        };
        let validation = Validation::of(config)?;
        let curves_path = beside(output, "curves.csv");
        let curves = Curves::load(&curves_path, &validation.sigmas(), state.step)?;
        Ok(Run {
            network: network_card(config, state.sigma_data),
            config,
            device,
            checkpoint,
            curves_path,
            state,
            images: Images::none(config.family),
            drawing: None,
            validation,
            curves,
        })
    }

    /// Draws the images of the next step, if they are not there.
    fn draw(&mut self, progress: &Progress) -> Result<(), TrainError> {
        let drawing = self.config.drawing_at(self.state.step);
        if self.drawing == Some(drawing) {
            return Ok(());
        }
        // Two sets at a time might not fit memory.
        self.images = Images::none(self.config.family);
        self.images = Images::make(self.config, drawing, progress)?;
        self.drawing = Some(drawing);
        self.state.widen(self.images.range());
        if self.state.step == 0 {
            self.state.sigma_data = self.images.deviation();
            self.network.sigma_data = self.state.sigma_data;
        }
        Ok(())
    }

    /// Steps until the end, or until the observer stops it.
    fn go_on(&mut self, progress: &Progress, observer: &mut Observer) -> Result<(), TrainError> {
        let config = self.config;
        let edm = Preconditioning::of(&self.network);
        let bar = progress.stage("training", config.steps() as u64);
        bar.set(self.state.step as u64);
        let (began, before) = (Instant::now(), self.state.seconds);
        let mut saved = Instant::now();
        let mut speed = Speed::from(self.state.step);
        while self.state.step < config.steps() {
            self.draw(progress)?;
            if std::mem::take(&mut self.state.changed) {
                self.state.extended_at.push(self.state.step);
            }
            let (index, rate) = (self.state.step, config.rate(self.state.step));
            let loss = step(
                config,
                &mut self.state,
                &self.images,
                &self.network,
                edm,
                self.device,
            )?;
            self.state.seconds = before + began.elapsed().as_secs_f64();
            self.state.losses.0 += loss;
            self.state.losses.1 += 1;
            let mut flow = observer(Event::Step { step: index, loss })?;
            let due = [config.curve_images, config.validation_images];
            if due.iter().any(|every| config.is_due(*every, index)) {
                self.tell(rate, &mut speed, &bar)?;
            }
            if config.is_due(config.sample_images, index) {
                let asked = self.show_samples(observer)?;
                flow = if asked == Flow::Stop { asked } else { flow };
                speed = Speed::from(self.state.step);
            }
            bar.set(self.state.step as u64);
            if flow == Flow::Stop || saved.elapsed().as_secs_f64() > config.checkpoint_seconds {
                self.save()?;
                saved = Instant::now();
            }
            if flow == Flow::Stop {
                let checkpoint = self.checkpoint.display().to_string();
                let step = self.state.step;
                return Err(TrainError::Interrupted { step, checkpoint });
            }
        }
        self.save()?;
        bar.finish();
        Ok(())
    }

    /// A line of the curves and of the progress; the validation error where it is due.
    fn tell(&mut self, rate: f64, speed: &mut Speed, bar: &Stage) -> Result<(), TrainError> {
        let config = self.config;
        let last = self.state.step - 1;
        let images_per_s = speed.images_per_s(self.state.step, config.batch);
        let validation = match config.is_due(config.validation_images, last) {
            true => Some(self.validation.errors(&self.model()?)?),
            false => None,
        };
        let loss = self.state.mean_loss();
        bar.message(&format!("loss {loss:.4}, {images_per_s:.1} images/s"));
        self.curves.rows.push(Row {
            step: self.state.step,
            images: self.state.step * config.batch,
            loss,
            rate,
            images_per_s,
            validation,
        });
        *speed = Speed::from(self.state.step);
        Ok(())
    }

    fn show_samples(&self, observer: &mut Observer) -> Result<Flow, TrainError> {
        let model = self.model()?;
        let images = self.state.step * self.config.batch;
        let size = self.config.late_crop.max(128);
        observer(Event::Samples {
            model: &model,
            images,
            size,
        })
    }

    /// The averaged network as it stands.
    fn model(&self) -> Result<Model, TrainError> {
        let volumes = self.validation.volume_words.as_deref();
        averaged_model(
            self.config,
            &self.state,
            volumes,
            &self.network,
            self.device,
        )
    }

    fn save(&self) -> Result<(), TrainError> {
        // The curves first: what they have beyond the checkpoint is cut when the run goes on.
        self.curves.save(&self.curves_path)?;
        save(&self.checkpoint, self.config, &self.state)
    }

    /// Measures the averaged network and writes it with its card.
    fn ship(&self, output: &Path, progress: &Progress) -> Result<Card, TrainError> {
        let model = self.model()?;
        finish(
            output,
            &model,
            &self.state,
            self.config,
            &self.validation,
            progress,
        )
    }
}

/// The network's first weights by name; they depend on the seed alone.
fn leaves(config: &TrainConfig, device: Device) -> Vec<(String, Tensor)> {
    let rng = ChaCha8Rng::seed_from_u64(config.seed);
    let mut fresh = Fresh {
        device,
        rng,
        made: Vec::new(),
    };
    let network = network_card(config, 1.0);
    UNet::new(&mut fresh, &network, config.family.channels());
    fresh.made
}

fn network_card(config: &TrainConfig, sigma_data: f64) -> NetworkCard {
    NetworkCard {
        channels: config.channels.clone(),
        blocks: config.blocks.clone(),
        sigma_data,
        compand: config.family.compand(),
        bounded: config.bounded,
        parameters: 0,
    }
}

/// Crops per second since the last line of the curves.
struct Speed {
    since: Instant,
    step: usize,
}

impl Speed {
    fn from(step: usize) -> Self {
        Speed {
            since: Instant::now(),
            step,
        }
    }

    fn images_per_s(&self, step: usize, batch: usize) -> f64 {
        ((step - self.step) * batch) as f64 / self.since.elapsed().as_secs_f64().max(1e-9)
    }
}
