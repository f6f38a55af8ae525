//! Magnetic resonance: from a raw file to slices with coil sensitivities and white noise.

mod blind;
mod grid;
mod hold;
mod model;
mod prepare;
mod sense;

pub use grid::Grid;
pub use prepare::{Noise, Prepared};

use super::held_out::HeldOut;
use super::study::{DicomFacts, Facts, Slice, Study};
use super::{Plan, ReconError};
use crate::io::dicom::SourceModules;
use crate::io::{KSpaceSource, ReadOptions, mrd_study, open_k_space};
use crate::progress::Progress;
use crate::protocol::{Acquisition, Method};
use crate::score::Channels;
use sense::Sense;

/// Slices that set the volume's scale, at most: evenly spaced, whatever `--slices` says.
const SCALE_SLICES: usize = 16;

/// A raw MRI file that is ready to be reconstructed.
pub(super) struct Scan<D> {
    source: Box<dyn KSpaceSource>,
    grid: Grid,
    noise: Noise,
    device: D,
    warnings: Vec<String>,
    /// Patient, study and scanner, where the raw file names them.
    study: Option<SourceModules>,
    /// Coils whose sensitivities are written.
    coils: usize,
    /// One unit of the prior, in units of the whitened data.
    unit: f64,
}

impl<D> Scan<D> {
    /// Opens the raw file and finds its noise.
    pub(super) fn open(plan: &Plan, device: D) -> Result<Self, ReconError> {
        let p = &plan.protocol.preparation;
        let fov_mm = match &plan.protocol.acquisition {
            Some(Acquisition::Cartesian(c)) => Some(c.fov_mm),
            _ => None,
        };
        let options = ReadOptions {
            group: None,
            repetition: p.repetition,
            contrast: p.contrast,
            phase: p.phase,
            set: p.set,
            fov_mm,
        };
        let mut source = open_k_space(&plan.options.input, &options)?;
        let grid = Grid::new(source.header())?;
        let noise = Noise::find(source.as_mut(), p, &grid)?;
        let warnings = warnings(plan, source.as_ref(), &noise);
        let study = match source.header().kind {
            "mrd" => mrd_study(&plan.options.input)?,
            _ => None,
        };
        let coils = match plan.method {
            Method::ZeroFilled(_) => 0,
            _ => source.header().coils,
        };
        Ok(Scan {
            source,
            grid,
            noise,
            device,
            warnings,
            study,
            coils,
            unit: 1.0,
        })
    }
}

impl<T: Channels> Study<T> for Scan<T::Device> {
    fn facts(&self) -> Facts {
        let header = self.source.header();
        Facts {
            slices: header.slices,
            image: self.grid.image,
            affine_lps_mm: self.grid.affine_lps_mm,
            geometry_known: header.geometry_known,
            units: "arbitrary; value = scale x image of the whitened data".into(),
            complex: true,
            window: None,
            coils: self.coils,
            scale: self.noise.scale,
            noise_std: Some(self.noise.scale * self.noise.sigma),
            noise_rule: self.noise.rule.clone(),
            noise_estimated: self.noise.estimated,
            rotation_centre_column: None,
            dicom: DicomFacts {
                source: self.study.clone(),
                patient_position: None,
                slice_thickness_mm: Some(header.slice_thickness_mm).filter(|mm| *mm > 0.0),
                kvp: None,
                field_t: header.field_t,
            },
            warnings: self.warnings.clone(),
        }
    }

    /// The magnitude at the card's quantile of the CG-SENSE images of the volume is the card's
    /// value there.
    fn find_unit(
        &mut self,
        plan: &Plan,
        progress: &Progress,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<(), ReconError> {
        let Some(prior) = &plan.prior else {
            return Ok(());
        };
        let slices = self.source.header().slices;
        let count = slices.min(SCALE_SLICES);
        let bar = progress.stage("scale of the volume", count as u64);
        let mut magnitudes = Vec::new();
        for index in (0..count).map(|i| i * slices / count) {
            if interrupted() {
                return Err(ReconError::Interrupted { slice: index });
            }
            let sense = self.sense::<T>(plan, index)?;
            magnitudes.extend(sense.reference_magnitudes()?);
            bar.step();
        }
        bar.finish();
        let rank = ((magnitudes.len() - 1) as f64 * prior.card.quantile) as usize;
        let (_, value, _) = magnitudes.select_nth_unstable_by(rank, f32::total_cmp);
        if *value > 0.0 {
            self.unit = f64::from(*value) / prior.card.quantile_value;
            return Ok(());
        }
        let why = "the data are zero almost everywhere: there is nothing to reconstruct";
        Err(ReconError::Request(why.into()))
    }

    fn unit(&self) -> f64 {
        self.unit
    }

    fn held_out<'a>(
        &mut self,
        plan: &'a Plan,
        index: usize,
    ) -> Result<Option<HeldOut<'a, T>>, ReconError> {
        self.sense::<T>(plan, index)?.held_out(plan)
    }

    fn slice<'a>(
        &mut self,
        plan: &'a Plan,
        index: usize,
    ) -> Result<Box<dyn Slice<T> + 'a>, ReconError> {
        Ok(Box::new(self.sense::<T>(plan, index)?))
    }
}

impl<D> Scan<D> {
    fn sense<'a, T: Channels<Device = D>>(
        &mut self,
        plan: &'a Plan,
        index: usize,
    ) -> Result<Sense<'a, T>, ReconError> {
        let raw = self.source.slice(index)?;
        let prepared = Prepared::new(&raw, &self.noise, &self.grid)?;
        Sense::new(
            plan,
            &self.device,
            prepared,
            &self.grid,
            &self.noise,
            self.unit,
            index,
        )
    }
}

/// What the user should know before looking at the image.
fn warnings(plan: &Plan, source: &dyn KSpaceSource, noise: &Noise) -> Vec<String> {
    let header = source.header();
    let mut found = header.warnings.clone();
    if noise.estimated {
        found.push(format!(
            "the noise level {:.4e} is an estimate ({}); give preparation.noise_std or a noise \
             scan to replace it",
            noise.scale, noise.rule
        ));
    }
    if let Some(Acquisition::Cartesian(c)) = &plan.protocol.acquisition {
        let says = [c.matrix[1], c.matrix[0]];
        if says != header.recon {
            found.push(format!(
                "the protocol's matrix is {} x {} (readout, phase), the file's {} x {}: the \
                 file's is used",
                says[1], says[0], header.recon[1], header.recon[0]
            ));
        }
        if c.coils != header.coils {
            found.push(format!(
                "the protocol has {} coils, the file {}: the file's are used",
                c.coils, header.coils
            ));
        }
    }
    found
}
