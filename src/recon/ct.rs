//! Computed tomography: from raw projections to slices with a projector and a likelihood.

mod attenuation;
mod blind;
mod centre;
mod classical;
mod counts;
mod likelihood;
mod outside;
mod scan_geometry;
mod section;
mod unmeasured;
mod weights;

use super::study::{DicomFacts, Facts, Slice, Study};
use super::{Plan, ReconError};
use crate::io::dicom::{self, SourceModules};
use crate::io::{ProjectionSlice, ProjectionSource};
use crate::progress::Progress;
use crate::protocol::{Acquisition, Preparation};
use crate::score::Channels;
use attenuation::Scale;
use centre::find_centre;
use counts::{Physics, Rays};
use ndarray::Axis;
use operators::array::Torch;
use operators::ct::water_per_mm;
use outside::outside;
pub(super) use scan_geometry::ScanGeometry;
use scan_geometry::{Position, open};
use section::Section;

/// HU of the brain window that pictures of heads are shown in.
const WINDOW_HU: [f32; 2] = [-100.0, 200.0];
/// Largest attenuation of an object of unknown energy, in units of its own reference: bone.
const BRIGHTEST: f64 = 2.0;

/// A raw CT scan that is ready to be reconstructed.
pub(super) struct Scan<T: Channels> {
    source: Box<dyn ProjectionSource>,
    device: T::Device,
    geometry: ScanGeometry,
    physics: Physics,
    /// Attenuation of water, where the energy is known.
    water_per_mm: Option<f64>,
    scale: Scale,
    facts: Facts,
}

impl<T: Channels> Scan<T> {
    /// Opens the raw data, finds the axis and the photons of a count.
    pub(super) fn open(plan: &Plan, device: T::Device) -> Result<Self, ReconError> {
        let protocol = &plan.protocol;
        let acquisition = protocol
            .acquisition
            .as_ref()
            .and_then(Acquisition::projections);
        let preparation = &protocol.preparation;
        let mut source = open(&plan.options.input, acquisition.as_ref(), preparation)?;
        let mut warnings = source.header().warnings.clone();
        if Torch::projects_on_host(plan.device) {
            warnings.push(format!(
                "projections run on the processor, the network on {:?}: right, but slower than both \
                 in one place",
                plan.device
            ));
        }
        let mut geometry = ScanGeometry::merge(
            source.header(),
            acquisition.as_ref(),
            protocol.image.as_ref(),
            &mut warnings,
        )?;
        let file_gain = source.header().photons_per_count;
        let mut physics = Physics::of(preparation, acquisition.as_ref(), file_gain);
        let middle = source.header().slices / 2;
        let (rays, angles_rad) = read(source.as_mut(), middle, plan, physics)?;
        // One gain for all slices: that of the middle one.
        physics.file_gain = physics.file_gain.or(Some(rays.gain));
        if rays.estimated {
            warnings.push(format!(
                "photons are an estimate ({}); give preparation.gain to replace it",
                rays.rule
            ));
        }
        let wanted = match preparation.find_centre {
            Some(wanted) => wanted,
            None => geometry.centre_column.is_none(),
        };
        if geometry.is_parallel() && wanted {
            match find_centre(&rays.lines, &angles_rad) {
                Some(column) => geometry.centre_column = Some(column),
                None => warnings.push(format!(
                    "the rotation axis was not found in the data: column {:.2} is taken; give \
                     acquisition.parallel.centre_column",
                    geometry.axis_column()
                )),
            }
        }
        warnings.extend(outside(&geometry.at(angles_rad)?, &rays));
        let energy = source
            .header()
            .energy_kev
            .or(acquisition.as_ref().and_then(|a| a.energy_kev));
        let water_per_mm = match (source.header().water_per_mm, energy) {
            (Some(mu), _) => Some(mu),
            (None, Some(kev)) => Some(
                water_per_mm(kev).map_err(|e| ReconError::Request(format!("energy_kev: {e}")))?,
            ),
            (None, None) => None,
        };
        let facts = facts(
            plan,
            source.as_ref(),
            &geometry,
            &rays,
            water_per_mm,
            warnings,
        )?;
        let reference_per_mm = water_per_mm.unwrap_or(1.0);
        Ok(Scan {
            source,
            device,
            geometry,
            physics,
            water_per_mm,
            scale: Scale {
                reference_per_mm,
                units: 1000.0 / unit_hu(plan),
            },
            facts,
        })
    }

    fn section<'a>(&mut self, plan: &'a Plan, index: usize) -> Result<Section<'a, T>, ReconError> {
        let (rays, angles_rad) = read(self.source.as_mut(), index, plan, self.physics)?;
        let geometry = self.geometry.at(angles_rad)?;
        Section::new(
            plan,
            &self.device,
            geometry,
            rays,
            self.scale,
            self.water_per_mm,
            index,
        )
    }
}

/// One unit of the prior in HU; 1000 without a prior.
fn unit_hu(plan: &Plan) -> f64 {
    plan.prior
        .as_ref()
        .and_then(|p| p.card.unit_hu)
        .unwrap_or(1000.0)
}

/// A slice in photons, with the views that the protocol asks for.
fn read(
    source: &mut dyn ProjectionSource,
    index: usize,
    plan: &Plan,
    physics: Physics,
) -> Result<(Rays, Vec<f64>), ReconError> {
    let content = source.header().content;
    let flats = source.flats(index)?;
    let mut slice = source.slice(index)?;
    take_views(&mut slice, &plan.protocol.preparation)?;
    let rays = Rays::new(&slice, content, flats.as_ref(), physics)?;
    Ok((rays, slice.angles_rad))
}

/// Leaves out the views that the protocol does not ask for.
fn take_views(slice: &mut ProjectionSlice, p: &Preparation) -> Result<(), ReconError> {
    let there = slice.data.nrows();
    let [first, last] = p.views.unwrap_or([0, there - 1]);
    if first > last || last >= there {
        return Err(ReconError::Request(format!(
            "preparation.views = [{first}, {last}]: the scan has views 0 to {}",
            there - 1
        )));
    }
    if (first, last, p.every_nth_view) == (0, there - 1, 1) {
        return Ok(());
    }
    let kept: Vec<usize> = (first..=last).step_by(p.every_nth_view).collect();
    slice.data = slice.data.select(Axis(0), &kept);
    if let Some(photons) = &mut slice.photons {
        *photons = photons.select(Axis(0), &kept);
    }
    slice.angles_rad = kept.iter().map(|v| slice.angles_rad[*v]).collect();
    Ok(())
}

fn facts(
    plan: &Plan,
    source: &dyn ProjectionSource,
    geometry: &ScanGeometry,
    rays: &Rays,
    water_per_mm: Option<f64>,
    warnings: Vec<String>,
) -> Result<Facts, ReconError> {
    let header = source.header();
    let acquisition = plan
        .protocol
        .acquisition
        .as_ref()
        .and_then(Acquisition::projections);
    let spacing_mm = header.z_mm.as_deref().and_then(scan_geometry::spacing_mm);
    let stated = acquisition.map_or(1.0, |a| a.slice_thickness_mm);
    let thickness_mm = spacing_mm.unwrap_or(stated);
    let position = Position::of(header.patient_position.as_deref())?;
    if let Some(z_mm) = &header.z_mm {
        scan_geometry::check_even(z_mm)?;
    }
    let middle = (header.slices as f64 - 1.0) / 2.0;
    let assumed = (0..header.slices).map(|k| (k as f64 - middle) * thickness_mm);
    let stated = header.z_mm.clone();
    let z_mm = stated.unwrap_or_else(|| assumed.collect());
    let (units, scale) = match water_per_mm {
        Some(mu) => (
            format!("HU; 1000 (mu / {mu:.6} - 1), mu in 1/mm"),
            1000.0 / mu,
        ),
        None => ("1/mm; the energy is not known, so not HU".to_owned(), 1.0),
    };
    Ok(Facts {
        slices: header.slices,
        image: [geometry.grid.rows, geometry.grid.columns],
        affine_lps_mm: geometry.affine_lps_mm(&z_mm, thickness_mm, position),
        geometry_known: geometry.known,
        units,
        complex: false,
        window: water_per_mm.map(|_| WINDOW_HU),
        coils: 0,
        scale,
        noise_std: None,
        noise_rule: rays.rule.clone(),
        noise_estimated: rays.estimated,
        rotation_centre_column: geometry.is_parallel().then(|| geometry.axis_column()),
        dicom: DicomFacts {
            source: match &header.dicom_source {
                Some(path) => Some(SourceModules::of_raw_file(path, dicom::Modality::Ct)?),
                None => None,
            },
            patient_position: header.patient_position.clone(),
            slice_thickness_mm: Some(thickness_mm),
            kvp: header.kvp,
            field_t: None,
        },
        warnings,
    })
}

impl<T: Channels> Study<T> for Scan<T> {
    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    /// Where the energy is known a unit is a number of HU. Elsewhere the brightest 0.5 % of the
    /// middle slice, by filtered back-projection, are what bone is to water.
    fn find_unit(
        &mut self,
        plan: &Plan,
        _: &Progress,
        _: &dyn Fn() -> bool,
    ) -> Result<(), ReconError> {
        if plan.prior.is_none() || self.water_per_mm.is_some() {
            return Ok(());
        }
        let middle = self.facts.slices / 2;
        let mut values = self.section(plan, middle)?.fbp_per_mm()?;
        let rank = ((values.len() - 1) as f64 * 0.995) as usize;
        let (_, value, _) = values.select_nth_unstable_by(rank, f64::total_cmp);
        if *value <= 0.0 {
            let why = "the data show no attenuation: there is nothing to reconstruct";
            return Err(ReconError::Request(why.into()));
        }
        self.scale.reference_per_mm = *value / BRIGHTEST;
        Ok(())
    }

    fn unit(&self) -> f64 {
        self.scale.slope_per_mm()
    }

    fn slice<'a>(
        &mut self,
        plan: &'a Plan,
        index: usize,
    ) -> Result<Box<dyn Slice<T> + 'a>, ReconError> {
        Ok(Box::new(self.section(plan, index)?))
    }
}
