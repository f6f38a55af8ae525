//! `annulus phantom`.

use super::{Outcome, arguments::Phantom};
use crate::io::{NiftiWriter, atomic, png_sheet, write_npy_f32};
use ndarray::{Array2, Array3, Axis};
use phantoms::ct::{CtGrid, CtPhantom};
use phantoms::{Contrast, NamedPhantom, PhantomError, named};

/// Half the field of view of the phantoms that are drawn by a seed: of the brain and of the head.
const BRAIN_MM: f64 = 110.0;
const HEAD_MM: f64 = 128.0;
/// Distance of slices that are alike, or of a phantom without a height.
const SPACING_MM: f64 = 5.0;
/// Energy at which materials have their HU.
const ENERGY_KEV: f64 = 70.0;

/// Memory that a phantom may take: 8 GiB, f64 while it is drawn and f32 in the volume.
const MOST_BYTES: u128 = 8 << 30;

pub(super) fn run(a: &Phantom) -> Outcome {
    if a.list {
        let line = |(name, what): &(&str, &str)| format!("{name:<19} {what}\n");
        return Ok(phantoms::list().iter().map(line).collect());
    }
    let (Some(name), Some(output)) = (&a.name, &a.output) else {
        return Err("a phantom needs a name and -o FILE".into());
    };
    let (n, depth) = (a.size, a.depth);
    let bytes = (n as u128).pow(2) * depth as u128 * 12;
    if n == 0 || depth == 0 || bytes > MOST_BYTES {
        return Err(format!(
            "--size {n} --depth {depth}: needs {bytes} bytes of memory; expected at least 1 of each \
             and at most {MOST_BYTES} bytes in all"
        )
        .into());
    }
    let picture = Picture::new(name, a)?;
    let mut volume = Array3::zeros((depth, n, n));
    for (slice, mut to) in volume.axis_iter_mut(Axis(0)).enumerate() {
        to.assign(&picture.slice(slice)?.mapv(|v| v as f32));
    }
    let file = output.to_string_lossy();
    if file.ends_with(".nii") || file.ends_with(".nii.gz") {
        let affine = picture.affine_lps_mm();
        let about = picture.about();
        let mut writer = NiftiWriter::create(output, [n, n, depth], &affine, about, a.force)?;
        for slice in volume.axis_iter(Axis(0)) {
            writer.slice(&slice.to_owned())?;
        }
        writer.finish()?;
    } else if file.ends_with(".npy") {
        write_npy_f32(output, &volume, a.force)?;
    } else if file.ends_with(".png") {
        atomic::may_write(output, a.force)?;
        png_sheet(output, &volume, None)?;
    } else {
        return Err(
            format!("{file}: expected a name ending in .nii, .nii.gz, .npy or .png").into(),
        );
    }
    Ok(format!("written to {file}\n"))
}

/// What is drawn.
struct Picture<'a> {
    name: &'a str,
    seed: u64,
    size: usize,
    depth: usize,
    /// HU where there is none.
    contrast: Option<Contrast>,
    /// Of those made of shapes.
    shapes: Option<NamedPhantom>,
}

impl<'a> Picture<'a> {
    fn new(name: &'a str, a: &Phantom) -> Result<Self, Box<dyn std::error::Error>> {
        let shapes = match named(name) {
            Ok(phantom) => Some(phantom),
            Err(error @ PhantomError::UnknownName { .. }) => return Err(error.into()),
            Err(_) => None,
        };
        let has_mr = shapes.map_or(name == "brain", |phantom| phantom.has_mr());
        let contrast = match a.contrast.as_deref() {
            None => has_mr.then_some(Contrast::T1),
            Some("t1") => Some(Contrast::T1),
            Some("t2") => Some(Contrast::T2),
            Some("pd") => Some(Contrast::Pd),
            Some("flair") => Some(Contrast::Flair),
            Some("hu") => None,
            Some(other) => {
                let problem = format!("contrast `{other}`: expected t1, t2, pd, flair or hu");
                return Err(problem.into());
            }
        };
        Ok(Self {
            name,
            seed: a.seed,
            size: a.size,
            depth: a.depth,
            contrast,
            shapes,
        })
    }

    fn slice(&self, slice: usize) -> Result<Array2<f64>, PhantomError> {
        let (name, n) = (self.name, self.size);
        if let Some(contrast) = self.contrast {
            return phantoms::raster(name, self.seed, slice, self.depth, n, n, contrast);
        }
        let phantom = CtPhantom::named(name, self.seed, slice, self.depth, ENERGY_KEV)?;
        Ok(phantom.raster_hu(&CtGrid::new(n, n, self.pixel_mm())?))
    }

    fn about(&self) -> &'static str {
        match self.contrast {
            Some(_) => "digital phantom",
            None => "digital phantom, HU",
        }
    }

    fn pixel_mm(&self) -> f64 {
        let half_mm = match self.shapes {
            Some(phantom) => phantom.half_mm,
            None if self.contrast.is_some() => BRAIN_MM,
            None => HEAD_MM,
        };
        2.0 * half_mm / self.size as f64
    }

    /// Columns to the left of the patient, rows to the back, slices upwards. Pixels of MR lie on the
    /// grid of the Fourier transform, those of CT around the axis.
    fn affine_lps_mm(&self) -> [[f64; 4]; 3] {
        let d = self.pixel_mm();
        let before = match self.contrast {
            Some(_) => (self.size / 2) as f64,
            None => 0.5 * (self.size as f64 - 1.0),
        };
        let shapes = self.shapes;
        let step = shapes.and_then(|phantom| phantom.spacing_mm(self.depth));
        let first = shapes.and_then(|phantom| phantom.height_mm(0, self.depth).ok());
        [
            [d, 0.0, 0.0, -before * d],
            [0.0, d, 0.0, -before * d],
            [0.0, 0.0, step.unwrap_or(SPACING_MM), first.unwrap_or(0.0)],
        ]
    }
}
