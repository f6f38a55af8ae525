//! What a head is made of, as X-rays see it, and which tissue a label of SynthSeg stands for.

/// A tissue class of a head section.
///
/// Left and right are one. The order is that of the packed sections under `data/`.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tissue {
    /// Around the head, and in its cavities.
    #[default]
    Air,
    /// The outermost two millimetres.
    Skin,
    /// Fat under the skin and in the orbit.
    Fat,
    /// Muscle with planes of fat between, glands, the rest of the soft parts.
    Soft,
    /// Compact bone: the outer and the inner table.
    Table,
    /// Spongy bone between the tables, marrow.
    Diploe,
    /// The inside of thick bone: petrous bone, mastoid.
    DeepBone,
    /// Lining of the nose, turbinates.
    Mucosa,
    /// Vitreous body of the eye.
    Vitreous,
    /// Lens of the eye.
    Lens,
    /// Muscles of the eye, optic nerve.
    Orbit,
    /// Arteries and venous sinuses.
    Blood,
    /// Cerebrospinal fluid around the brain.
    Fluid,
    /// Cerebrospinal fluid in the ventricles.
    Ventricle,
    /// Cortex.
    Grey,
    /// White matter of the cerebrum.
    White,
    /// Thalamus, caudate, putamen, hippocampus, amygdala.
    DeepGrey,
    /// Globus pallidus.
    Pallidum,
    /// Cortex of the cerebellum.
    CerebellarGrey,
    /// White matter of the cerebellum.
    CerebellarWhite,
    /// Brain stem and spinal cord.
    Stem,
    /// Choroid plexus.
    Choroid,
    /// Falx and tentorium.
    Dura,
}

/// Number of tissues.
pub(crate) const TISSUES: usize = 23;

impl Tissue {
    /// All tissues, each at its own number.
    pub const ALL: [Self; TISSUES] = [
        Self::Air,
        Self::Skin,
        Self::Fat,
        Self::Soft,
        Self::Table,
        Self::Diploe,
        Self::DeepBone,
        Self::Mucosa,
        Self::Vitreous,
        Self::Lens,
        Self::Orbit,
        Self::Blood,
        Self::Fluid,
        Self::Ventricle,
        Self::Grey,
        Self::White,
        Self::DeepGrey,
        Self::Pallidum,
        Self::CerebellarGrey,
        Self::CerebellarWhite,
        Self::Stem,
        Self::Choroid,
        Self::Dura,
    ];

    /// Whether lesions of the brain grow here.
    pub fn is_brain(self) -> bool {
        self >= Self::Grey && self <= Self::Stem
    }

    /// Whether it is bone.
    pub fn is_bone(self) -> bool {
        matches!(self, Self::Table | Self::Diploe | Self::DeepBone)
    }

    /// The tissue of a label of SynthSeg's whole-head maps; unknown labels are soft tissue.
    ///
    /// Labels above 500 are clusters of what is outside of the brain. The map does not tell fat
    /// from muscle, nor the layers of the skull: [`Section`](super::Section) works them out.
    pub fn of_synthseg(label: u16) -> Self {
        match label {
            0 => Self::Air,
            511 => Self::Skin,
            515 => Self::Table,
            516 => Self::Diploe,
            509 => Self::Mucosa,
            506 => Self::Vitreous,
            85 | 508 | 530 => Self::Orbit,
            30 | 62 | 502 | 514 => Self::Blood,
            24 => Self::Fluid,
            4 | 5 | 14 | 15 | 43 | 44 | 72 => Self::Ventricle,
            3 | 42 => Self::Grey,
            2 | 41 | 77 => Self::White,
            10..=12 | 17 | 18 | 26 | 49..=51 | 53 | 54 | 58 => Self::DeepGrey,
            13 | 52 => Self::Pallidum,
            8 | 47 => Self::CerebellarGrey,
            7 | 46 => Self::CerebellarWhite,
            16 | 28 | 60 | 512 => Self::Stem,
            136 | 137 | 163 | 164 => Self::Choroid,
            _ => Self::Soft,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tissues_stand_at_their_numbers() {
        for (n, tissue) in Tissue::ALL.into_iter().enumerate() {
            assert_eq!(tissue as usize, n);
        }
    }

    #[test]
    fn left_and_right_are_one() {
        for (left, right) in [(2, 41), (3, 42), (4, 43), (10, 49), (13, 52), (28, 60)] {
            assert_eq!(Tissue::of_synthseg(left), Tissue::of_synthseg(right));
        }
        assert_eq!(Tissue::of_synthseg(507), Tissue::Soft);
    }
}
