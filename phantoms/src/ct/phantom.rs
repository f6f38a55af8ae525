//! CT phantoms by name.

use ndarray::Array2;

use super::family::HeadCt;
use super::grid::CtGrid;
use super::image::{Attenuation, PixelImage};
use super::materials::{Material, mu_per_mm, mu_to_hu};
use crate::PhantomError;
use crate::named::named;
use crate::scene::Section;

/// A CT phantom at one energy: analytic, or a slice of a held-out head.
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
        slice: usize,
        slices: usize,
    },
}

impl CtPhantom {
    /// A phantom of [`list`](crate::list). Of those made of shapes a single slice is the principal
    /// one, and several share the height of the phantom ([`NamedPhantom`](crate::NamedPhantom)).
    /// Tissues of the head keep the HU of 70 keV at every energy.
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
                slice,
                slices,
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
        match &self.kind {
            Kind::Analytic(section) => section
                .raster(&(*grid).into())
                .mapv(|mu| mu_to_hu(mu, self.water_per_mm)),
            Kind::Head {
                seed,
                slice,
                slices,
            } => HeadCt::held_out_volume(*seed, *slice, *slices, grid)
                .expect("the slice was checked")
                .hu
                .mapv(f64::from),
        }
    }

    /// What X-rays meet: the analytic section itself; of a head its image on the pixels of `grid`
    /// cut into `2 x 2`.
    pub fn attenuation(&self, grid: &CtGrid) -> Box<dyn Attenuation> {
        match &self.kind {
            Kind::Analytic(section) => Box::new(section.clone()),
            Kind::Head { .. } => {
                let fine = grid.finer(2);
                let hu = self.raster_hu(&fine).mapv(|hu| hu as f32);
                let image = PixelImage::from_hu(&hu, fine, self.water_per_mm);
                Box::new(image.expect("drawn on this grid"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::{Ray, hu_to_mu};

    #[test]
    fn raster_and_rays_are_of_one_object() {
        let grid = CtGrid::new(128, 128, 2.0).unwrap();
        for name in [
            "water-disc",
            "acr-ct",
            "forbild-head",
            "forbild-head-3d",
            "head",
        ] {
            let phantom = CtPhantom::named(name, 3, 4, 9, 70.0).unwrap();
            let water = phantom.water_per_mm();
            let mu = phantom.raster_hu(&grid).mapv(|hu| hu_to_mu(hu, water));
            let object = phantom.attenuation(&grid);
            let lines: f64 = (0..4000)
                .map(|i| -130.0 + (f64::from(i) + 0.5) * 0.065)
                .map(|s| object.line_integral(&Ray::parallel(s, 0.0)) * 0.065)
                .sum();
            let mass = mu.sum() * 4.0;
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
