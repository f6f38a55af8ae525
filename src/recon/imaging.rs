//! Degraded images: from an npy stack of data to slices with an operator and a likelihood.

mod affine;
mod blind;
mod classical;
mod degraded;
mod model;
mod noise;
mod spectral;

pub(super) use affine::Affine;

use super::study::{DicomFacts, Facts, Slice, Study};
use super::{Plan, ReconError};
use crate::io::read_measurements;
use crate::progress::Progress;
use crate::protocol::{Degradation, Forward, Likelihood};
use crate::score::Channels;
use degraded::Degraded;
use model::image_size;
use ndarray::{Array3, Axis};
use operators::Operator;

/// HU that pictures of heads are shown in: brain and bone.
const WINDOW_HU: [f32; 2] = [-200.0, 600.0];

/// Data of degraded images that are ready to be reconstructed.
pub(super) struct Scan<D> {
    /// (slice, row, column); not a number where nothing was measured.
    data: Array3<f32>,
    device: D,
    facts: Facts,
    slope: f64,
}

impl<D> Scan<D> {
    /// Reads the data, and finds the size of the image that they are of.
    pub(super) fn open(plan: &Plan, device: D) -> Result<Self, ReconError> {
        let (forward, one, likelihood) = parts(plan)?;
        let data = read_measurements(&plan.options.input)?;
        let (slices, rows, columns) = data.dim();
        let image = image_size(one, [rows, columns]).map_err(|why| refused(plan, why))?;
        check_gaps(plan, one, &data)?;
        let mut warnings =
            vec!["npy has no geometry: pixels of 1 mm around 0 are assumed".to_owned()];
        if let Degradation::PhaseRetrieval(_) = one {
            warnings.push(
                "magnitudes do not tell an image from itself turned by half a turn or, if it is \
                 dark around, shifted: which one came is chance"
                    .to_owned(),
            );
        }
        let hu = forward.is_hu();
        let centre = |n: usize| -((n / 2) as f64);
        let facts = Facts {
            slices,
            image,
            affine_lps_mm: [
                [1.0, 0.0, 0.0, centre(image[1])],
                [0.0, 1.0, 0.0, centre(image[0])],
                [0.0, 0.0, 1.0, centre(slices)],
            ],
            geometry_known: false,
            units: match hu {
                true => "HU; -1000 + 1000 x what the operator sees".to_owned(),
                false => format!(
                    "values of the image; {} + {} x what the operator sees",
                    forward.zero, forward.unit
                ),
            },
            complex: false,
            window: hu.then_some(WINDOW_HU),
            coils: 0,
            scale: forward.unit,
            noise_std: match likelihood {
                Likelihood::Gaussian(table) => table.std,
                Likelihood::Rician(table) => Some(table.std),
                _ => None,
            },
            noise_rule: format!("likelihood.{} of the protocol", likelihood.name()),
            noise_estimated: false,
            rotation_centre_column: None,
            dicom: DicomFacts::default(),
            warnings,
        };
        Ok(Scan {
            data,
            device,
            facts,
            slope: Affine::<()>::scale(plan)[1],
        })
    }
}

/// Operator and noise, which the protocol's check demands.
fn parts(plan: &Plan) -> Result<(&Forward, Degradation<'_>, &Likelihood), ReconError> {
    let protocol = &plan.protocol;
    let one = protocol.forward.as_ref();
    let one = one.and_then(|f| f.tables().first().copied().map(|one| (f, one)));
    match (one, &protocol.likelihood) {
        (Some((forward, one)), Some(likelihood)) => Ok((forward, one, likelihood)),
        _ => Err(ReconError::Request(format!(
            "protocol `{}`: `modality` = \"imaging\" needs [forward.*] and [likelihood.*]",
            protocol.title
        ))),
    }
}

fn refused(plan: &Plan, why: String) -> ReconError {
    ReconError::Request(format!("{}: {why}", plan.options.input.display()))
}

/// Every slice has something measured, and missing pixels where they are what is asked.
fn check_gaps(plan: &Plan, one: Degradation<'_>, data: &Array3<f32>) -> Result<(), ReconError> {
    for (slice, plane) in data.axis_iter(Axis(0)).enumerate() {
        let gaps = plane.iter().filter(|v| v.is_nan()).count();
        if gaps == plane.len() {
            let why = format!("slice {slice} is NaN everywhere: expected measurements");
            return Err(refused(plan, why));
        }
        if gaps == 0 && matches!(one, Degradation::Inpainting(_)) {
            return Err(refused(
                plan,
                format!(
                    "slice {slice} has no missing pixels: expected NaN where [forward.inpainting] \
                     has nothing seen; write NaN into the pixels to fill"
                ),
            ));
        }
    }
    Ok(())
}

impl<T: Channels> Study<T> for Scan<T::Device>
where
    Affine<T>: Operator<T>,
{
    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    /// The protocol says it.
    fn find_unit(
        &mut self,
        _: &Plan,
        _: &Progress,
        _: &dyn Fn() -> bool,
    ) -> Result<(), ReconError> {
        Ok(())
    }

    fn unit(&self) -> f64 {
        self.slope
    }

    fn slice<'a>(
        &mut self,
        plan: &'a Plan,
        index: usize,
    ) -> Result<Box<dyn Slice<T> + 'a>, ReconError> {
        let plane = self.data.index_axis(Axis(0), index).to_owned();
        let made = Degraded::<T>::new(plan, &self.device, &plane, self.facts.image, index)?;
        Ok(Box::new(made))
    }
}
