//! Attenuation at an energy.

use crate::PhantomError;
use crate::ct::{Material, hu_to_mu, mu_per_mm};

/// X-rays of one energy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Xrays {
    energy_kev: f64,
    water_per_mm: f64,
}

impl Xrays {
    /// Of 40 to 140 keV.
    pub fn new(energy_kev: f64) -> Result<Self, PhantomError> {
        let water_per_mm = mu_per_mm(Material::Water, energy_kev)?;
        Ok(Self {
            energy_kev,
            water_per_mm,
        })
    }

    /// Attenuation of water of a density, 1 for water as it is.
    pub fn water(&self, density: f64) -> f64 {
        density * self.water_per_mm
    }

    /// Attenuation of some Hounsfield units.
    pub fn hu(&self, hu: f64) -> f64 {
        hu_to_mu(hu, self.water_per_mm)
    }

    /// Attenuation of a material.
    pub fn of(&self, material: Material) -> f64 {
        mu_per_mm(material, self.energy_kev).expect("the energy was checked")
    }
}
