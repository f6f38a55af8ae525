//! Phantoms of shapes by name: analytic in the plane, some of them in space.

mod acr_ct;
mod acr_mri;
mod brain_splines;
mod catphan;
mod contrast_detail;
mod derenzo;
mod forbild_abdomen;
mod forbild_head;
mod forbild_head_3d;
mod forbild_thorax;
mod gach;
#[cfg(test)]
mod laws;
mod nist_t2;
mod orientation;
mod parts;
mod shepp_logan;
mod siemens_star;
mod vertebra;
mod water_disc;
mod xrays;

pub use nist_t2::{Vial, nist_t2_vials};

use crate::error::PhantomError;
use crate::mr::{Relaxation, Sequence};
use crate::scene::Scene;
use crate::tissue::Contrast;
use xrays::Xrays;

/// What a tissue shows in an image: such as [`Sequence::signal`](crate::mr::Sequence::signal).
pub type Signal<'a> = dyn Fn(&Relaxation) -> f64 + 'a;

/// A phantom made of shapes.
#[derive(Clone, Copy)]
pub struct NamedPhantom {
    /// Its name.
    pub name: &'static str,
    /// One line about it, which begins with what it is for: `MR`, `CT` or both.
    pub about: &'static str,
    /// Half the width of its square field of view, in which it lies: 1 in the unit square.
    pub half_mm: f64,
    /// Heights that several slices share, all of it or what is worth a picture; none where every
    /// section is the same.
    pub heights_mm: Option<[f64; 2]>,
    /// Height of the section that stands for it where only one is asked for.
    pub principal_mm: f64,
    /// T1 of its fluid in seconds, which FLAIR darkens; none where it has none, or BrainWeb's.
    pub fluid_t1_s: Option<f64>,
    mr: Option<fn(&Signal) -> Scene>,
    ct: Option<fn(&Xrays) -> Scene>,
}

/// All of them.
pub(crate) const ALL: [NamedPhantom; 20] = [
    shepp_logan::PLANE,
    shepp_logan::ORIGINAL,
    shepp_logan::TOFT,
    shepp_logan::SPACE,
    shepp_logan::ZHU,
    gach::PHANTOM,
    brain_splines::PHANTOM,
    acr_mri::PHANTOM,
    nist_t2::PHANTOM,
    forbild_head::PHANTOM,
    forbild_head_3d::PHANTOM,
    forbild_thorax::PHANTOM,
    forbild_abdomen::PHANTOM,
    water_disc::PHANTOM,
    acr_ct::PHANTOM,
    catphan::PHANTOM,
    derenzo::PHANTOM,
    contrast_detail::PHANTOM,
    siemens_star::PHANTOM,
    orientation::PHANTOM,
];

impl NamedPhantom {
    /// Whether it has MR contrast.
    pub fn has_mr(&self) -> bool {
        self.mr.is_some()
    }

    /// Whether it has CT values.
    pub fn has_ct(&self) -> bool {
        self.ct.is_some()
    }

    /// The sequence of a weighting; FLAIR darkens the fluid of this phantom.
    pub fn sequence(&self, contrast: Contrast) -> Sequence {
        match (contrast, self.fluid_t1_s) {
            (Contrast::Flair, Some(t1_s)) => Sequence::flair(t1_s),
            _ => contrast.sequence(),
        }
    }

    /// Its signal in the unit square, z in the same unit. Phantoms defined by their intensities
    /// alone, such as the Shepp-Logan heads, take no notice of `signal`.
    pub fn scene_mr(&self, signal: &Signal) -> Result<Scene, PhantomError> {
        let lacking = || self.lacking("a CT phantom without MR contrast", "scene_ct");
        Ok(self.mr.ok_or_else(lacking)?(signal))
    }

    /// Its attenuation per millimetre at an energy of 40 to 140 keV, in millimetres.
    pub fn scene_ct(&self, energy_kev: f64) -> Result<Scene, PhantomError> {
        let lacking = || self.lacking("an MR phantom without CT values", "scene_mr");
        Ok(self.ct.ok_or_else(lacking)?(&Xrays::new(energy_kev)?))
    }

    /// Height of a slice, at the middle of its share of the height of the phantom; a single slice
    /// is the principal one.
    pub fn height_mm(&self, slice: usize, slices: usize) -> Result<f64, PhantomError> {
        if slice >= slices {
            return Err(PhantomError::Slice { slice, slices });
        }
        Ok(match self.heights_mm {
            Some([low, high]) if slices > 1 => {
                low + (high - low) * (slice as f64 + 0.5) / slices as f64
            }
            _ => self.principal_mm,
        })
    }

    /// From the middle of a slice to the next, where they differ.
    pub fn spacing_mm(&self, slices: usize) -> Option<f64> {
        let [low, high] = self.heights_mm?;
        (slices > 1).then(|| (high - low) / slices as f64)
    }

    fn lacking(&self, what: &str, instead: &str) -> PhantomError {
        let reason = format!("`{}` is {what}; it has `{instead}`", self.name);
        PhantomError::Modality { reason }
    }
}

impl std::fmt::Debug for NamedPhantom {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_tuple("NamedPhantom").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn what_it_lacks_is_an_error_that_says_what_it_has() {
        let thorax = forbild_thorax::PHANTOM;
        let error = thorax.scene_mr(&|_| 1.0).unwrap_err().to_string();
        assert!(error.contains("CT phantom without MR contrast"), "{error}");
        let nist = nist_t2::PHANTOM;
        let error = nist.scene_ct(70.0).unwrap_err().to_string();
        assert!(error.contains("MR phantom without CT values"), "{error}");
        let error = thorax.scene_ct(20.0).unwrap_err().to_string();
        assert!(error.contains("40 to 140 keV"), "{error}");
    }

    #[test]
    fn slices_share_the_height() {
        let acr = acr_mri::PHANTOM;
        for slice in 0..11 {
            let z = acr.height_mm(slice, 11).unwrap();
            assert!((z - 10.0 * slice as f64).abs() < 1e-12);
        }
        assert_eq!(acr.spacing_mm(11), Some(10.0));
        assert_eq!(acr.height_mm(0, 1).unwrap(), acr.principal_mm);
        assert!(acr.height_mm(11, 11).is_err());
        assert_eq!(acr.spacing_mm(1), None);
        assert_eq!(water_disc::PHANTOM.spacing_mm(3), None);
    }

    #[test]
    fn flair_darkens_the_fluid_of_each_phantom() {
        let mut dark = Vec::new();
        for phantom in ALL.iter().filter(|phantom| phantom.has_mr()) {
            let sequence = phantom.sequence(Contrast::Flair);
            let Sequence::Flair { fluid_t1_s, .. } = sequence else {
                panic!("{sequence:?}");
            };
            let seen = RefCell::new(Vec::new());
            let signal = |tissue: &Relaxation| {
                seen.borrow_mut()
                    .push((tissue.t1_s, sequence.signal(tissue)));
                1.0
            };
            phantom.scene_mr(&signal).unwrap();
            let seen = seen.into_inner();
            let fluid = seen.iter().filter(|(t1_s, _)| *t1_s == fluid_t1_s);
            assert!(fluid.clone().all(|(_, v)| v.abs() < 1e-3), "{phantom:?}");
            if fluid.count() > 0 {
                dark.push(phantom.name);
            }
            // Nothing of a long T1 is left out.
            assert!(phantom.fluid_t1_s.is_none() || dark.contains(&phantom.name));
        }
        assert_eq!(dark, ["mr-shepp-logan", "brain-splines"]);
    }
}
