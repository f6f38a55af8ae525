//! CT phantoms by name.

use ndarray::Array2;

use super::family::{HeadCt, HeadSlice};
use super::grid::CtGrid;
use super::image::{Attenuation, PixelImage};
use super::materials::{Material, mu_per_mm, mu_to_hu};
use crate::PhantomError;
use crate::anatomy::Thorax;
use crate::catalogue::named;
use crate::scene::Section;

/// A CT phantom at one energy: analytic, or a slice of a held-out head or of a chest.
#[derive(Clone, Debug)]
pub struct CtPhantom {
    kind: Kind,
    water_per_mm: f64,
}

#[derive(Clone, Debug)]
enum Kind {
    Analytic(Section),
    Head {
        seed: u64,
        /// From the top down.
        slice: usize,
        slices: usize,
    },
    Thorax {
        body: Box<Thorax>,
        z_mm: f64,
    },
}

/// A phantom on a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct CtImage {
    /// Hounsfield units, averaged over each pixel: `f64[ny, nx]`.
    pub hu: Array2<f64>,
    /// The share of each pixel that is lesion, of phantoms that may have some: `f32[ny, nx]`.
    pub lesion_share: Option<Array2<f32>>,
}

impl CtPhantom {
    /// A phantom of [`list`](crate::list). Of those made of shapes a single slice is the principal
    /// one, and several share the height of the phantom ([`NamedPhantom`](crate::NamedPhantom)).
    /// Slices of head and chest run upwards. Tissues of head and chest keep the HU of 70 keV at every
    /// energy.
    pub fn named(
        name: &str,
        seed: u64,
        slice: usize,
        slices: usize,
        energy_kev: f64,
    ) -> Result<Self, PhantomError> {
        let water_per_mm = mu_per_mm(Material::Water, energy_kev)?;
        if slice >= slices {
            return Err(PhantomError::Slice { slice, slices });
        }
        let kind = match name {
            "head" => Kind::Head {
                seed,
                slice: slices - 1 - slice,
                slices,
            },
            "thorax" => Kind::Thorax {
                body: Box::new(Thorax::new(seed)),
                z_mm: Thorax::height_mm(slices - 1 - slice, slices)?,
            },
            "brain" => {
                let names = crate::catalogue::names_of_ct().join(", ");
                let reason =
                    format!("`brain` is an MR phantom without CT values; CT phantoms: {names}");
                return Err(PhantomError::Modality { reason });
            }
            _ => {
                let phantom = named(name)?;
                let height_mm = phantom.height_mm(slice, slices)?;
                Kind::Analytic(phantom.scene_ct(energy_kev)?.section(height_mm))
            }
        };
        Ok(Self { kind, water_per_mm })
    }

    /// Attenuation of water at the energy.
    pub fn water_per_mm(&self) -> f64 {
        self.water_per_mm
    }

    /// Hounsfield units, averaged over each pixel: `f64[ny, nx]`.
    pub fn raster_hu(&self, grid: &CtGrid) -> Array2<f64> {
        self.draw(grid).hu
    }

    /// The image, and where its lesions are.
    pub fn draw(&self, grid: &CtGrid) -> CtImage {
        let (hu, lesion_share) = match &self.kind {
            Kind::Analytic(section) => {
                let mu = section.raster(&(*grid).into());
                let hu = mu.mapv(|mu| mu_to_hu(mu, self.water_per_mm));
                return CtImage {
                    hu,
                    lesion_share: None,
                };
            }
            Kind::Head {
                seed,
                slice,
                slices,
            } => {
                let drawn = HeadCt::held_out_volume(*seed, *slice, *slices, grid);
                let HeadSlice {
                    hu, lesion_share, ..
                } = drawn.expect("the slice was checked");
                (hu, lesion_share)
            }
            Kind::Thorax { body, z_mm } => {
                let drawn = body.section(*z_mm, grid);
                (drawn.hu, drawn.nodule_share)
            }
        };
        CtImage {
            hu: hu.mapv(f64::from),
            lesion_share: Some(lesion_share),
        }
    }

    /// What X-rays meet: the analytic section itself; of head and chest the image on the pixels of
    /// `grid` cut into `2 x 2`, and of the chest also what lies around `grid`.
    ///
    /// Errors: more memory for it than 8 GiB.
    pub fn attenuation(&self, grid: &CtGrid) -> Result<Box<dyn Attenuation>, PhantomError> {
        Ok(match &self.kind {
            Kind::Analytic(section) => Box::new(section.clone()),
            Kind::Head { .. } => {
                let fine = grid.finer(2);
                let hu = self.raster_hu(&fine).mapv(|hu| hu as f32);
                Box::new(PixelImage::from_hu(&hu, fine, self.water_per_mm)?)
            }
            Kind::Thorax { body, z_mm } => {
                Box::new(body.attenuation_at(*z_mm, grid, self.water_per_mm)?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::{Ray, hu_to_mu};

    #[test]
    fn raster_and_rays_are_of_one_object() {
        for (name, pixel_mm) in [
            ("water-disc", 2.0),
            ("acr-ct", 2.0),
            ("forbild-head", 2.0),
            ("forbild-head-3d", 2.0),
            ("head", 2.0),
            ("thorax", 3.5),
        ] {
            let grid = CtGrid::new(128, 128, pixel_mm).unwrap();
            let phantom = CtPhantom::named(name, 3, 4, 9, 70.0).unwrap();
            let water = phantom.water_per_mm();
            let mu = phantom.raster_hu(&grid).mapv(|hu| hu_to_mu(hu, water));
            let object = phantom.attenuation(&grid).unwrap();
            let lines: f64 = (0..4000)
                .map(|i| (f64::from(i) - 1999.5) * 0.11)
                .map(|s| object.line_integral(&Ray::parallel(s, 0.0)) * 0.11)
                .sum();
            let mass = mu.sum() * pixel_mm * pixel_mm;
            assert!((mass / lines - 1.0).abs() < 1e-3, "{name}: {mass} {lines}");
            assert!(mass > 100.0 * water);
        }
    }

    #[test]
    fn other_names_and_energies_are_explained() {
        let error = |name, kev| {
            CtPhantom::named(name, 0, 0, 1, kev)
                .unwrap_err()
                .to_string()
        };
        assert!(error("brain", 70.0).contains("without CT values"));
        assert!(error("acr-tc", 70.0).contains("`acr-ct`"));
        assert!(error("acr-ct", 20.0).contains("40 to 140 keV"));
        assert!(CtPhantom::named("head", 0, 2, 2, 70.0).is_err());
        assert!(error("nist-t2", 70.0).contains("without CT values"));
    }

    #[test]
    fn a_chest_has_its_seed_its_nodules_and_runs_upwards() {
        let grid = CtGrid::new(96, 96, 4.6).unwrap();
        let draw = |seed, slice| {
            let phantom = CtPhantom::named("thorax", seed, slice, 20, 70.0).unwrap();
            phantom.draw(&grid)
        };
        assert_eq!(draw(3, 7), draw(3, 7));
        assert_ne!(draw(3, 7).hu, draw(4, 7).hu);
        let seeds = 0..40u64;
        let seed = seeds
            .into_iter()
            .find(|s| !Thorax::new(*s).nodules().is_empty());
        let seed = seed.unwrap();
        let body = Thorax::new(seed);
        // The slice of the first nodule, counted from the bottom.
        let z_mm = body.nodules()[0].centre_mm[2];
        let slice = ((z_mm + 122.0) / Thorax::spacing_mm(20)) as usize;
        let drawn = draw(seed, slice);
        let expected = body.slice(19 - slice, 20, &grid).unwrap();
        assert_eq!(drawn.hu.mapv(|v| v as f32), expected.hu);
        assert_eq!(drawn.lesion_share, Some(expected.nodule_share));
        assert!(drawn.lesion_share.unwrap().sum() > 0.0);
        let head = CtPhantom::named("head", 1, 0, 1, 70.0).unwrap();
        assert!(head.draw(&grid).lesion_share.is_some());
        let disc = CtPhantom::named("water-disc", 1, 0, 1, 70.0).unwrap();
        assert_eq!(disc.draw(&grid).lesion_share, None);
        assert!(CtPhantom::named("thorax", 1, 5, 5, 70.0).is_err());
    }

    #[test]
    fn slices_of_the_head_run_upwards() {
        let grid = CtGrid::new(64, 64, 4.0).unwrap();
        for seed in [0, 1] {
            let draw = |slice, slices| {
                let head = CtPhantom::named("head", seed, slice, slices, 70.0).unwrap();
                head.draw(&grid)
            };
            let from_top = |slice| HeadCt::held_out_volume(seed, slice, 20, &grid).unwrap();
            assert_eq!(draw(3, 20).lesion_share.unwrap(), from_top(16).lesion_share);
            // Brain is what lies within bone: of the neck and the face hardly any does.
            let brain = |slice| {
                let hu = draw(slice, 20).hu;
                hu.iter().filter(|v| (22.0..42.0).contains(*v)).count()
            };
            let areas: Vec<usize> = (0..20).map(brain).collect();
            let [low, middle, high] =
                [0..4, 12..16, 16..20].map(|r| areas[r].iter().sum::<usize>());
            assert!(2 * low < middle && high < middle, "{areas:?}");
            assert_eq!(draw(0, 1), draw(0, 1));
        }
        let [few, many] = [10, 40].map(|slices| HeadCt::held_out_spacing_mm(0, slices));
        assert!(
            (few / many - 4.0).abs() < 1e-12 && (8.0..25.0).contains(&few),
            "{few}"
        );
    }

    #[test]
    fn slices_are_sections_at_their_heights() {
        let grid = CtGrid::new(60, 60, 4.0).unwrap();
        let slice = |slice, slices| {
            let phantom = CtPhantom::named("acr-ct", 0, slice, slices, 70.0).unwrap();
            phantom.raster_hu(&grid)
        };
        assert_eq!(slice(0, 1), slice(0, 4));
        // The third module is even.
        let flat = slice(2, 4);
        assert!(flat[(30, 30)].abs() < 1e-9 && flat[(20, 40)].abs() < 1e-9);
        assert!(slice(0, 4)[(19, 40)] > 900.0);
    }
}
