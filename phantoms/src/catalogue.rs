//! Phantoms by name.

use std::sync::OnceLock;

use ndarray::{Array2, Array3};
use num_complex::Complex64;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::analytic::section_k_space_over;
use crate::brain::BrainSlice;
use crate::coils::TrigCoils;
use crate::error::PhantomError;
use crate::grid::MrGrid;
use crate::maps::MAPS;
use crate::named::{self, NamedPhantom};
use crate::scan::{SmoothPhase, complex_fine_grid_k_space};
use crate::scene::{Raster, Section};
use crate::tissue::Contrast;

/// Grid of the brain, times the one of the scan.
const OVERSAMPLING: usize = 6;
/// Half the width of the brain's own field of view.
const BRAIN_HALF_MM: f64 = 110.0;
/// Strength of the brain's phase in radians.
const PHASE_RAD: f64 = 0.8;

/// Phantoms that are drawn by a seed.
const BRAIN: (&str, &str) = (
    "brain",
    "MR: brain from splines, warped by seed and slice, lesions, vessels",
);
const HEAD: (&str, &str) = (
    "head",
    "CT: section of a segmented head in Hounsfield units, changed by seed and slice, lesions",
);
const THORAX: (&str, &str) = (
    "thorax",
    "CT: section of a chest in Hounsfield units, grown by the seed: ribs, vessels, nodules",
);

/// Names and one line about each phantom.
pub fn list() -> &'static [(&'static str, &'static str)] {
    static LIST: OnceLock<Vec<(&str, &str)>> = OnceLock::new();
    LIST.get_or_init(|| {
        let shapes = named::ALL.iter().map(|p| (p.name, p.about));
        [BRAIN, HEAD, THORAX].into_iter().chain(shapes).collect()
    })
}

/// Names of the phantoms with CT values.
pub(crate) fn names_of_ct() -> Vec<&'static str> {
    let shapes = named::ALL.iter().filter(|p| p.has_ct());
    [HEAD.0, THORAX.0]
        .into_iter()
        .chain(shapes.map(|p| p.name))
        .collect()
}

/// Names of the phantoms with MR contrast.
fn names_of_mr() -> Vec<&'static str> {
    let shapes = named::ALL.iter().filter(|p| p.has_mr());
    std::iter::once(BRAIN.0)
        .chain(shapes.map(|p| p.name))
        .collect()
}

/// The phantom of shapes of a name; an unknown one is answered with the nearest.
pub fn named(name: &str) -> Result<NamedPhantom, PhantomError> {
    let found = named::ALL.iter().find(|phantom| phantom.name == name);
    found.copied().ok_or_else(|| match name {
        "brain" | "head" | "thorax" => PhantomError::Modality {
            reason: format!("`{name}` is drawn by a seed and not made of shapes"),
        },
        _ => unknown(name),
    })
}

/// Noiseless, fully sampled multi-coil k-space of a named phantom: `Complex64[coil, ny, nx]`.
///
/// k = 0 is at `(ny / 2, nx / 2)`; scaled as the centred unitary transform of the raster. Of a
/// phantom that is larger than the field of view the rest folds in, but of `brain`, which is cut.
pub fn phantom_k_space(
    name: &str,
    seed: u64,
    (slice, slices): (usize, usize),
    coils: &TrigCoils,
    grid: &MrGrid,
    contrast: Contrast,
) -> Result<Array3<Complex64>, PhantomError> {
    check((slice, slices), grid)?;
    let MrGrid { ny, nx, .. } = *grid;
    if name != BRAIN.0 {
        let stretch = grid.stretch(named(name)?.half_mm);
        let section = section(name, slice, slices, contrast)?;
        return Ok(section_k_space_over(&section, coils, (ny, nx), stretch));
    }
    let brain = brain(seed, (slice, slices), grid, contrast);
    let phase = object_phase(seed, slice);
    Ok(complex_fine_grid_k_space(
        &|rows, columns| phase.times(&brain.raster(rows, columns)),
        coils,
        ny,
        nx,
        OVERSAMPLING,
    ))
}

/// The true magnitude of a named phantom, averaged over each pixel: `f64[ny, nx]`, without coils
/// and phase.
pub fn raster(
    name: &str,
    seed: u64,
    (slice, slices): (usize, usize),
    grid: &MrGrid,
    contrast: Contrast,
) -> Result<Array2<f64>, PhantomError> {
    check((slice, slices), grid)?;
    let MrGrid { ny, nx, .. } = *grid;
    if name != BRAIN.0 {
        let section = section(name, slice, slices, contrast)?;
        let widths = grid.stretch(named(name)?.half_mm).map(|s| 2.0 * s);
        return Ok(section.raster(&Raster::field_of_view(ny, nx, widths)));
    }
    Ok(brain(seed, (slice, slices), grid, contrast).raster(ny, nx))
}

/// A slice of the brain in a field of view.
fn brain(
    seed: u64,
    (slice, slices): (usize, usize),
    grid: &MrGrid,
    contrast: Contrast,
) -> BrainSlice {
    BrainSlice::new(seed, slice, slices)
        .with_contrast(contrast)
        .stretched(grid.stretch(BRAIN_HALF_MM))
}

/// A slice of a phantom of shapes: magnitudes, as the sequence of a contrast has them.
fn section(
    name: &str,
    slice: usize,
    slices: usize,
    contrast: Contrast,
) -> Result<Section, PhantomError> {
    let phantom: NamedPhantom = match name {
        "head" | "thorax" => return Err(no_mr(name)),
        _ => named(name)?,
    };
    if !phantom.has_mr() {
        return Err(no_mr(name));
    }
    let sequence = phantom.sequence(contrast);
    let scene = phantom.scene_mr(&|tissue| sequence.signal(tissue).abs())?;
    Ok(scene.section(phantom.height_mm(slice, slices)? / phantom.half_mm))
}

/// The phase of a brain slice: of its own stream of random numbers, so that the anatomy does not
/// depend on it.
fn object_phase(seed: u64, slice: usize) -> SmoothPhase {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(1 + slice as u64);
    SmoothPhase::random(&mut rng, PHASE_RAD)
}

fn check((slice, slices): (usize, usize), grid: &MrGrid) -> Result<(), PhantomError> {
    if slice >= slices {
        return Err(PhantomError::Slice { slice, slices });
    }
    let MrGrid { ny, nx, fov_mm } = *grid;
    if ny == 0 || nx == 0 {
        return Err(PhantomError::Size { ny, nx });
    }
    let bad = fov_mm.and_then(|fov| fov.into_iter().find(|mm| !(mm.is_finite() && *mm > 0.0)));
    bad.map_or(Ok(()), |got| {
        Err(PhantomError::Quantity {
            name: "the field of view in mm",
            expected: "above 0",
            got,
        })
    })
}

/// A name without MR contrast.
fn no_mr(name: &str) -> PhantomError {
    let names = names_of_mr().join(", ");
    let reason = format!("`{name}` is a CT phantom without MR contrast; MR phantoms: {names}");
    PhantomError::Modality { reason }
}

fn unknown(name: &str) -> PhantomError {
    let all = list().iter().chain(&MAPS);
    let names: Vec<&str> = all.map(|(name, _)| *name).collect();
    let nearest = names
        .iter()
        .min_by_key(|known| edits(name, known))
        .copied()
        .unwrap_or_default();
    PhantomError::UnknownName {
        name: name.to_string(),
        nearest: nearest.to_string(),
        known: names.join(", "),
    }
}

/// Number of insertions, deletions and replacements between two words (Levenshtein).
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod registration;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let error = raster("brian", 0, (0, 1), &MrGrid::own(8, 8), Contrast::T1).unwrap_err();
        assert!(matches!(&error, PhantomError::UnknownName { nearest, .. } if nearest == "brain"));
        assert!(error.to_string().contains("shepp-logan"));
        assert!(
            matches!(unknown("sheplogan"), PhantomError::UnknownName { nearest, .. } if nearest == "shepp-logan")
        );
        let error = named("catphan-50").unwrap_err().to_string();
        assert!(error.contains("`catphan-504`"), "{error}");
        assert!(named("brain").unwrap_err().to_string().contains("seed"));
        for phantom in named::ALL {
            assert_eq!(named(phantom.name).unwrap().about, phantom.about);
        }
    }

    #[test]
    fn a_ct_phantom_says_that_it_has_no_mr_contrast() {
        for name in ["head", "thorax"] {
            let error = raster(name, 0, (0, 1), &MrGrid::own(8, 8), Contrast::T1).unwrap_err();
            assert!(
                error.to_string().contains("CT phantom without MR contrast"),
                "{error}"
            );
        }
        let coils = TrigCoils::eight();
        let grid = MrGrid::own(8, 8);
        assert!(phantom_k_space("acr-ct", 0, (0, 1), &coils, &grid, Contrast::T1).is_err());
    }

    #[test]
    fn the_list_names_every_phantom_and_its_modality() {
        for (name, line) in list() {
            assert_eq!(line.contains("CT"), names_of_ct().contains(name), "{name}");
            assert_eq!(line.contains("MR"), names_of_mr().contains(name), "{name}");
        }
        assert_eq!(list().len(), 23);
    }

    #[test]
    fn slices_and_sizes_are_checked() {
        let (own, none, coils) = (MrGrid::own(8, 8), MrGrid::own(0, 8), TrigCoils::eight());
        assert!(raster("brain", 0, (3, 3), &own, Contrast::T1).is_err());
        assert!(phantom_k_space("brain", 0, (0, 1), &coils, &none, Contrast::T1).is_err());
        let flat = MrGrid::over(8, 8, [220.0, 0.0]);
        assert!(raster("brain", 0, (0, 1), &flat, Contrast::T1).is_err());
    }
}
