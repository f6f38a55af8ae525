//! What `annulus phantom` draws, and where it lies.

use crate::cli::arguments::Phantom;
use crate::simulate::LabelMap;
use ndarray::Array2;
use phantoms::anatomy::{BrainMr, HeadVolume, Thorax};
use phantoms::ct::{CtGrid, CtPhantom, HeadCt};
use phantoms::mr::Sequence;
use phantoms::{Contrast, MrGrid, PhantomError, named};
use std::error::Error;

/// Half the field of view of a brain, and of one from a label map: its whole head, large or turned.
const BRAIN_MM: f64 = 110.0;
const MAPPED_MM: f64 = 140.0;
/// Distance of slices that are alike, or of a single one.
const SPACING_MM: f64 = 5.0;
/// Energy at which materials have their HU.
const ENERGY_KEV: f64 = 70.0;

/// What is drawn.
pub(super) struct Picture<'a> {
    name: &'a str,
    seed: u64,
    size: usize,
    depth: usize,
    object: Object,
    place: Place,
}

/// Where it comes from.
enum Object {
    /// By its name.
    Mr(Contrast),
    /// By its name, in HU.
    Ct,
    /// From a label map.
    Brain(BrainMr, Sequence),
    /// From a label map, in HU.
    Head(HeadVolume),
}

/// Where it lies.
struct Place {
    half_mm: f64,
    step_mm: f64,
    first_mm: f64,
}

/// A slice of it.
pub(super) struct Drawn {
    pub(super) image: Array2<f32>,
    /// Of objects whose lesions are known.
    pub(super) lesion_share: Option<Array2<f32>>,
}

impl<'a> Picture<'a> {
    pub(super) fn new(
        name: &'a str,
        a: &Phantom,
        labels: Option<&LabelMap>,
    ) -> Result<Self, Box<dyn Error>> {
        let contrast = contrast(name, a.contrast.as_deref())?;
        let object = match (labels, name, contrast) {
            (None, _, Some(contrast)) => Object::Mr(contrast),
            (None, _, None) => Object::Ct,
            (Some(map), "brain", Some(contrast)) => {
                let pixel_mm = 2.0 * MAPPED_MM / a.size as f64;
                let family = map.brain()?.with_grid(a.size, a.size, pixel_mm)?;
                let sequence = family.sequence(a.seed, contrast);
                Object::Brain(family, sequence)
            }
            (Some(map), "head", None) => Object::Head(map.head()?),
            (Some(_), "brain" | "head", _) => {
                return Err(format!(
                    "--labels: expected `brain` in t1, t2, pd, flair, ir or ssfp, or `head` in \
                     hu; got `{name}` with --contrast {}",
                    a.contrast.as_deref().unwrap_or_default()
                )
                .into());
            }
            (Some(_), ..) => {
                return Err(format!(
                    "--labels: expected `brain` or `head`, which are drawn from label maps, got \
                     `{name}`; leave --labels out"
                )
                .into());
            }
        };
        Ok(Self {
            name,
            seed: a.seed,
            size: a.size,
            depth: a.depth,
            place: place(name, &object, a),
            object,
        })
    }

    pub(super) fn slice(&self, slice: usize) -> Result<Drawn, PhantomError> {
        let (n, seed, depth) = (self.size, self.seed, self.depth);
        // Families of label maps run down.
        let from_top = depth - 1 - slice;
        match &self.object {
            Object::Mr(contrast) => {
                let image = phantoms::raster(
                    self.name,
                    seed,
                    (slice, depth),
                    &MrGrid::own(n, n),
                    *contrast,
                )?;
                Ok(Drawn {
                    image: image.mapv(|v| v as f32),
                    lesion_share: None,
                })
            }
            Object::Ct => {
                let phantom = CtPhantom::named(self.name, seed, slice, depth, ENERGY_KEV)?;
                let drawn = phantom.draw(&self.grid()?);
                Ok(Drawn {
                    image: drawn.hu.mapv(|v| v as f32),
                    lesion_share: drawn.lesion_share,
                })
            }
            Object::Brain(family, sequence) => {
                let signal = |tissue: &_| sequence.signal(tissue).abs();
                let drawn = family.slice(seed, from_top, depth, &signal)?;
                Ok(Drawn {
                    image: drawn.magnitude(),
                    lesion_share: Some(drawn.lesion_share),
                })
            }
            Object::Head(family) => {
                let drawn = family.slice(seed, from_top, depth, &self.grid()?)?;
                Ok(Drawn {
                    image: drawn.hu,
                    lesion_share: Some(drawn.lesion_share),
                })
            }
        }
    }

    /// Why there is no file of lesions.
    pub(super) fn no_lesions(&self) -> String {
        format!(
            "--lesions: expected `head` or `thorax`, or `brain` with --labels, whose lesions are \
             known; got `{}`",
            self.name
        )
    }

    fn grid(&self) -> Result<CtGrid, PhantomError> {
        CtGrid::new(self.size, self.size, self.pixel_mm())
    }

    fn is_mr(&self) -> bool {
        matches!(self.object, Object::Mr(_) | Object::Brain(..))
    }

    pub(super) fn about(&self) -> &'static str {
        match self.is_mr() {
            true => "digital phantom",
            false => "digital phantom, HU",
        }
    }

    fn pixel_mm(&self) -> f64 {
        2.0 * self.place.half_mm / self.size as f64
    }

    /// Columns to the left of the patient, rows to the back, slices upwards. Pixels of MR lie on the
    /// grid of the Fourier transform, those of CT around the axis.
    pub(super) fn affine_lps_mm(&self) -> [[f64; 4]; 3] {
        let d = self.pixel_mm();
        let before = match self.is_mr() {
            true => (self.size / 2) as f64,
            false => 0.5 * (self.size as f64 - 1.0),
        };
        [
            [d, 0.0, 0.0, -before * d],
            [0.0, d, 0.0, -before * d],
            [0.0, 0.0, self.place.step_mm, self.place.first_mm],
        ]
    }
}

/// The weighting asked for, or the phantom's own: of MR T1, of CT none.
fn contrast(name: &str, asked: Option<&str>) -> Result<Option<Contrast>, Box<dyn Error>> {
    let has_mr = match named(name) {
        Ok(phantom) => phantom.has_mr(),
        Err(error @ PhantomError::UnknownName { .. }) => return Err(error.into()),
        Err(_) => name == "brain",
    };
    Ok(match asked {
        None => has_mr.then_some(Contrast::T1),
        Some("t1") => Some(Contrast::T1),
        Some("t2") => Some(Contrast::T2),
        Some("pd") => Some(Contrast::Pd),
        Some("flair") => Some(Contrast::Flair),
        Some("ir") => Some(Contrast::Ir),
        Some("ssfp") => Some(Contrast::Ssfp),
        Some("hu") => None,
        Some(other) => {
            let problem = format!("contrast `{other}`: expected t1, t2, pd, flair, ir, ssfp or hu");
            return Err(problem.into());
        }
    })
}

fn place(name: &str, object: &Object, a: &Phantom) -> Place {
    let depth = a.depth;
    // The slices of a head without a height of its own lie around 0.
    let around = |half_mm: f64, step_mm: f64| Place {
        half_mm,
        step_mm,
        first_mm: -0.5 * step_mm * (depth as f64 - 1.0),
    };
    let several = |step_mm: f64| if depth > 1 { step_mm } else { SPACING_MM };
    let flat = |half_mm: f64| Place {
        half_mm,
        step_mm: SPACING_MM,
        first_mm: 0.0,
    };
    match object {
        Object::Brain(family, _) => around(MAPPED_MM, several(family.spacing_mm(depth))),
        Object::Head(family) => around(HeadVolume::HALF_MM, several(family.spacing_mm(depth))),
        Object::Mr(_) | Object::Ct if name == "thorax" => Place {
            half_mm: Thorax::HALF_MM,
            step_mm: several(Thorax::spacing_mm(depth)),
            first_mm: Thorax::height_mm(depth - 1, depth).unwrap_or(0.0),
        },
        Object::Mr(_) | Object::Ct => match named(name) {
            Ok(phantom) => Place {
                half_mm: phantom.half_mm,
                step_mm: phantom.spacing_mm(depth).unwrap_or(SPACING_MM),
                first_mm: phantom.height_mm(0, depth).unwrap_or(0.0),
            },
            Err(_) if matches!(object, Object::Mr(_)) => flat(BRAIN_MM),
            Err(_) => {
                let step_mm = HeadCt::held_out_spacing_mm(a.seed, depth);
                around(HeadVolume::HALF_MM, several(step_mm))
            }
        },
    }
}
