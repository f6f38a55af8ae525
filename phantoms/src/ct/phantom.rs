//! CT phantoms by name.

use ndarray::Array2;

use super::family::HeadCt;
use super::grid::CtGrid;
use super::image::{Attenuation, PixelImage};
use super::materials::{Material, mu_per_mm};
use super::named::{acr, forbild_head, shepp_logan_ct, water_disc};
use super::object::CtObject;
use crate::PhantomError;
use crate::catalogue::unknown;

/// Names of the CT phantoms.
pub(crate) const NAMES: [&str; 5] = [
    "water-disc",
    "shepp-logan",
    "acr-ct",
    "forbild-head",
    "head",
];

/// A CT phantom at one energy: analytic, or a slice of a held-out head.
#[derive(Clone, Debug)]
pub struct CtPhantom {
    kind: Kind,
    water_per_mm: f64,
}

#[derive(Clone, Debug)]
enum Kind {
    Analytic(CtObject),
    Head {
        seed: u64,
        slice: usize,
        slices: usize,
    },
}

impl CtPhantom {
    /// A phantom of [`list`](crate::list). The analytic ones are alike in every slice; tissues of
    /// the head keep the HU of 70 keV at every energy.
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
            "water-disc" => Kind::Analytic(water_disc(water_per_mm)),
            "shepp-logan" => Kind::Analytic(shepp_logan_ct(water_per_mm)),
            "acr-ct" => Kind::Analytic(acr(water_per_mm)),
            "forbild-head" => Kind::Analytic(forbild_head(water_per_mm)),
            "head" => Kind::Head {
                seed,
                slice,
                slices,
            },
            "brain" => {
                let names = NAMES.join(", ");
                let reason =
                    format!("`brain` is an MR phantom without CT values; CT phantoms: {names}");
                return Err(PhantomError::Modality { reason });
            }
            _ => return Err(unknown(name)),
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
            Kind::Analytic(object) => object.raster_hu(grid, self.water_per_mm),
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

    /// What X-rays meet: the analytic object itself; of a head its image on the pixels of `grid`
    /// cut into `2 x 2`.
    pub fn attenuation(&self, grid: &CtGrid) -> Box<dyn Attenuation> {
        match &self.kind {
            Kind::Analytic(object) => Box::new(object.clone()),
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
        for name in NAMES {
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
    }
}
