//! What a head may suffer from: blood, infarcts, tumours, calcifications.

use std::f64::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::pure::sin_cos;

/// The kind of a lesion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LesionKind {
    /// Fresh blood within the brain, 55 to 80 HU, with oedema around.
    Haemorrhage,
    /// 8 to 20 HU below the brain.
    Infarct,
    /// A mass with or without a rim, and oedema in the white matter.
    Tumour,
    /// A small spot of 120 to 700 HU.
    Calcification,
    /// Blood in the fluid around the brain.
    SubarachnoidBlood,
    /// A crescent between the skull and the brain, fresh or old.
    Subdural,
}

/// One lesion, in millimetres of the section before it is deformed.
#[derive(Clone, Debug)]
pub(crate) struct Lesion {
    pub kind: LesionKind,
    pub(super) centre: [f64; 2],
    /// Distance of the section from the plane of the centre.
    off_plane: f64,
    radius: f64,
    /// Cosine and sine parts of the harmonics 2 to 5 of the outline.
    outline: [[f64; 2]; 4],
    edge: f64,
    /// HU of the core: absolute for blood and calcium, a change for the others.
    core: f32,
    /// HU of the rim of a tumour, and of the oedema: changes.
    rim: f32,
    oedema: f32,
    oedema_reach: f64,
}

/// What stands at a place: shares of brain, white matter and fluid, and the distance to bone.
#[derive(Clone, Copy)]
pub(crate) struct Suffering {
    pub at: [f64; 2],
    pub brain: f32,
    pub white: f32,
    pub fluid: f32,
    pub to_bone: f32,
}

/// The shares of a place that a lesion and the oedema around it take.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    pub lesion: f32,
    pub oedema: f32,
}

impl Marks {
    /// The larger of each.
    pub fn max(self, other: Self) -> Self {
        Self {
            lesion: self.lesion.max(other.lesion),
            oedema: self.oedema.max(other.oedema),
        }
    }
}

impl Lesion {
    /// A lesion of any kind.
    pub fn random(rng: &mut ChaCha8Rng, centre: [f64; 2]) -> Self {
        use LesionKind::*;
        let kind = match rng.random_range(0..100) {
            0..25 => Haemorrhage,
            25..48 => Infarct,
            48..66 => Tumour,
            66..84 => Calcification,
            84..91 => SubarachnoidBlood,
            _ => Subdural,
        };
        let (radius, core): (f64, f32) = match kind {
            Haemorrhage => (rng.random_range(3.0..22.0), rng.random_range(55.0..82.0)),
            Infarct => (rng.random_range(5.0..35.0), -rng.random_range(8.0..20.0)),
            Tumour => (rng.random_range(5.0..22.0), rng.random_range(-15.0..20.0)),
            Calcification => (rng.random_range(0.7..3.0), rng.random_range(120.0..700.0)),
            SubarachnoidBlood => (rng.random_range(15.0..60.0), rng.random_range(40.0..68.0)),
            Subdural => (rng.random_range(25.0..70.0), rng.random_range(12.0..75.0)),
        };
        let roughness = if kind == Calcification { 0.3 } else { 0.7 };
        let outline = std::array::from_fn(|k| {
            let height = roughness / (k + 2) as f64;
            let height = rng.random_range(-height..height);
            let (sin, cos) = sin_cos(rng.random_range(0.0..TAU));
            [height * cos, -height * sin]
        });
        let edge = match kind {
            Infarct => rng.random_range(1.5..8.0),
            Calcification => 0.8,
            _ => rng.random_range(0.8..2.5),
        };
        Self {
            kind,
            centre,
            off_plane: 0.0,
            radius,
            outline,
            edge,
            core,
            rim: if rng.random_bool(0.5) {
                rng.random_range(5.0..25.0)
            } else {
                0.0
            },
            oedema: -rng.random_range(4.0..14.0),
            oedema_reach: match kind {
                Haemorrhage => radius * rng.random_range(1.15..1.5),
                Tumour => radius * rng.random_range(1.1..2.2),
                _ => 0.0,
            },
        }
    }

    /// Whether it lies along the skull.
    pub fn follows_bone(&self) -> bool {
        self.kind == LesionKind::Subdural
    }

    /// What a section at a distance from the plane of the centre cuts out.
    pub fn cut(&self, off_plane: f64) -> Option<Self> {
        let reach = self.radius.max(self.oedema_reach) + self.edge;
        (off_plane.abs() < reach).then(|| Self {
            off_plane,
            ..self.clone()
        })
    }

    /// What lesions do to the HU at a place; the largest share of each kind of mark.
    pub fn apply_all(lesions: &[Self], place: &Suffering, hu: &mut f32) -> Marks {
        let marks = lesions.iter().map(|lesion| lesion.apply(place, hu));
        marks.fold(Marks::default(), Marks::max)
    }

    /// Distance of a place from the centre, and how far the outline lies there, over the radius; nothing
    /// where the lesion cannot be.
    ///
    /// The outline is a sum of the spherical harmonics of equal degree and order, which are those of
    /// a circle within the plane of the centre.
    fn polar(&self, at: [f64; 2]) -> Option<(f64, f64)> {
        let [x, y] = [at[0] - self.centre[0], at[1] - self.centre[1]];
        let reach = 2.2 * self.radius.max(self.oedema_reach) + self.edge;
        if x.abs() > reach || y.abs() > reach {
            return None;
        }
        let distance = (x * x + y * y + self.off_plane * self.off_plane).sqrt();
        if distance > reach {
            return None;
        }
        let [c, s] = [x, y].map(|v| v / distance.max(1e-9));
        let (mut power, mut stretch) = ([c, s], 1.0);
        for [a, b] in self.outline {
            power = [power[0] * c - power[1] * s, power[0] * s + power[1] * c];
            stretch += a * power[0] + b * power[1];
        }
        Some((distance, stretch))
    }

    /// Changes the HU at a place; the shares of the lesion itself and of its oedema.
    fn apply(&self, place: &Suffering, hu: &mut f32) -> Marks {
        let Some((distance, stretch)) = self.polar(place.at) else {
            return Marks::default();
        };
        let mut oedema = 0.0;
        let inside =
            |radius: f64| (0.5 + (radius * stretch - distance) / self.edge).clamp(0.0, 1.0) as f32;
        if self.oedema_reach > 0.0 {
            oedema = place.white * inside(self.oedema_reach);
            *hu += self.oedema * place.white * inside(self.oedema_reach);
        }
        let core = inside(self.radius);
        match self.kind {
            LesionKind::Infarct => *hu += core * place.brain * self.core,
            LesionKind::Tumour => {
                let ring = core - inside(0.75 * self.radius);
                *hu += place.brain * (core * self.core + ring * self.rim);
            }
            LesionKind::SubarachnoidBlood => *hu += core * place.fluid * (self.core - *hu),
            LesionKind::Subdural => {
                // Thickest in the middle of the crescent.
                let thickness = 3.0 + 0.12 * (self.radius - distance).max(0.0) as f32;
                let share = core
                    * (0.5 + thickness - place.to_bone).clamp(0.0, 1.0)
                    * (place.brain + place.fluid);
                *hu += share * (self.core - *hu);
                return Marks {
                    lesion: share,
                    oedema,
                };
            }
            LesionKind::Haemorrhage | LesionKind::Calcification => {
                *hu += core * place.brain * (self.core - *hu);
            }
        }
        let of = match self.kind {
            LesionKind::SubarachnoidBlood => place.fluid,
            _ => place.brain,
        };
        Marks {
            lesion: core * of,
            oedema,
        }
    }
}
