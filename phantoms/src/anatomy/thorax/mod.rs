//! A chest in CT from closed forms, with everything known.

mod bones;
mod canvas;
mod chest;
#[cfg(test)]
mod laws;
mod nodule;
mod palette;
mod ring;
mod room;
mod texture;
mod tree;
mod tube;
mod vessels;
mod wall;

use ndarray::{Array2, Zip};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::Lesions;
use crate::PhantomError;
use crate::ct::{CtGrid, Material, PixelImage, block_mean, mu_per_mm};

use bones::Bones;
use canvas::{Canvas, Fill, add, covered};
use chest::{Chest, Side};
pub use nodule::Nodule;
use palette::Palette;
use vessels::Vessels;
use wall::Wall;

/// Heights of the first and the last section.
const TOP_MM: f64 = 112.0;
const BOTTOM_MM: f64 = -122.0;
/// Samples of a drawing are at most this far apart, and at least two a pixel.
const SAMPLE_MM: f64 = 0.9;

/// The chest of a seed: its slices are sections of one body, in Hounsfield units at 70 keV.
///
/// A structural model, not a patient: a super-elliptic body with skin, fat and muscles; ribs,
/// sternum, shoulder blades and spine with cortex and marrow; lungs with trees of vessels that
/// fork by Murray's law from 6 to 0.5 mm, airways, heart, great vessels and diaphragm; up to three
/// nodules in the lungs; a texture of 5 to 15 HU. Around it are -1000 HU. Half widths are 138 to
/// 206 mm by 90 to 134 mm, the patient's left is at positive x, the front up.
///
/// The same bits on every machine.
#[derive(Clone, Debug)]
pub struct Thorax {
    seed: u64,
    wall: Wall,
    chest: Chest,
    bones: Bones,
    vessels: Vessels,
    nodules: Vec<Nodule>,
    palette: Palette,
    lesions: Lesions,
}

/// One section of a chest.
#[derive(Clone, Debug, PartialEq)]
pub struct ThoraxSlice {
    /// Hounsfield units at 70 keV, averaged over the pixels: `f32[ny, nx]`.
    pub hu: Array2<f32>,
    /// The share of each pixel that is nodule: `f32[ny, nx]`.
    pub nodule_share: Array2<f32>,
    /// The share of each pixel that is lung with its vessels and nodules: `f32[ny, nx]`.
    pub lung_share: Array2<f32>,
    /// The nodules that the section cuts.
    pub nodules: Vec<Nodule>,
}

impl Thorax {
    /// Half the side of a square that every chest lies in.
    pub const HALF_MM: f64 = 220.0;

    /// The chest of a seed.
    pub fn new(seed: u64) -> Self {
        let stream = |n| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(n);
            rng
        };
        let mut rng = stream(0);
        let wall = Wall::random(&mut rng);
        let chest = Chest::random(&mut rng, &wall);
        let palette = Palette::random(&mut rng);
        let bones = Bones::random(&mut rng, chest.room);
        let nodules = Nodule::random(&mut stream(1), &chest, palette.lung);
        let vessels = Vessels::random(&mut stream(2), &chest, &nodules);
        Self {
            seed,
            wall,
            chest,
            bones,
            vessels,
            nodules,
            palette,
            lesions: Lesions::Shown,
        }
    }

    /// The same chest with or without its nodules.
    pub fn with_lesions(mut self, lesions: Lesions) -> Self {
        self.lesions = lesions;
        self
    }

    /// All nodules of the chest.
    pub fn nodules(&self) -> &[Nodule] {
        match self.lesions {
            Lesions::Shown => &self.nodules,
            Lesions::Hidden => &[],
        }
    }

    /// Height of slice `slice` of `slices`, from the top down.
    pub fn height_mm(slice: usize, slices: usize) -> Result<f64, PhantomError> {
        if slice >= slices {
            return Err(PhantomError::Slice { slice, slices });
        }
        Ok(TOP_MM + (BOTTOM_MM - TOP_MM) * (slice as f64 + 0.5) / slices as f64)
    }

    /// From one of so many slices to the next.
    pub fn spacing_mm(slices: usize) -> f64 {
        (TOP_MM - BOTTOM_MM) / slices.max(1) as f64
    }

    /// Slice `slice` of `slices`.
    pub fn slice(
        &self,
        slice: usize,
        slices: usize,
        grid: &CtGrid,
    ) -> Result<ThoraxSlice, PhantomError> {
        Ok(self.section(Self::height_mm(slice, slices)?, grid))
    }

    /// The section at a height, 112 to -122 mm.
    pub fn section(&self, z_mm: f64, grid: &CtGrid) -> ThoraxSlice {
        let times = samples_per_pixel(grid.pixel_mm);
        let fine = grid.finer(times);
        let mut canvas = self.paint(z_mm, fine);
        let mut share = Array2::zeros(canvas.hu.dim());
        let cut = self
            .nodules
            .iter()
            .filter_map(|n| Some((n, n.section(z_mm)?)));
        let cut: Vec<(&Nodule, Vec<[f64; 2]>)> = cut.collect();
        for (nodule, polygon) in &cut {
            let Some(window) = covered(&fine, polygon) else {
                continue;
            };
            // Vessels give way to a nodule whether it is shown or not.
            canvas.polygon(polygon, Fill::Within(self.palette.lung));
            if self.lesions == Lesions::Shown {
                add(
                    &mut canvas.hu,
                    &mut share,
                    &window,
                    nodule.contrast_hu as f32,
                );
            }
        }
        let mut hu = block_mean(&canvas.hu, times);
        let lung_share = block_mean(&canvas.lung, times);
        self.finish(&mut hu, &lung_share, z_mm, grid);
        let shown = cut.iter().filter(|_| self.lesions == Lesions::Shown);
        ThoraxSlice {
            hu,
            nodule_share: block_mean(&share, times),
            lung_share,
            nodules: shown.map(|(nodule, _)| (*nodule).clone()).collect(),
        }
    }

    /// What X-rays of an energy meet in a slice: the whole chest, on pixels of `grid` cut into
    /// 2 x 2; tissues keep the Hounsfield units of 70 keV.
    pub fn attenuation(
        &self,
        slice: usize,
        slices: usize,
        grid: &CtGrid,
        energy_kev: f64,
    ) -> Result<PixelImage, PhantomError> {
        let water = mu_per_mm(Material::Water, energy_kev)?;
        self.attenuation_at(Self::height_mm(slice, slices)?, grid, water)
    }

    /// The same at a height, by the attenuation of water.
    pub(crate) fn attenuation_at(
        &self,
        z_mm: f64,
        grid: &CtGrid,
        water_per_mm: f64,
    ) -> Result<PixelImage, PhantomError> {
        let samples = 2 * samples_per_pixel(0.5 * grid.pixel_mm);
        let fine = grid.covering(2.0 * Self::HALF_MM, samples)?.finer(2);
        PixelImage::from_hu(&self.section(z_mm, &fine).hu, fine, water_per_mm)
    }

    /// Everything but nodules and texture.
    fn paint(&self, z: f64, grid: CtGrid) -> Canvas {
        let (p, layers) = (&self.palette, self.wall.layers(z));
        let mut canvas = Canvas::new(grid);
        for (ring, hu) in [
            (&layers.skin, p.skin),
            (&layers.fat, p.fat),
            (&layers.muscle, p.muscle),
            (&layers.cavity, p.fat + 10.0),
        ] {
            canvas.polygon(&ring.polygon(), Fill::Other(hu));
        }
        for side in Side::BOTH {
            if let Some(lung) = self.chest.lung(side, z, &layers.cavity) {
                canvas.polygon(&lung, Fill::Lung(p.lung));
            }
        }
        self.vessels.paint_lungs(&mut canvas, z, p);
        let organs = [(&self.chest.sac, p.fat), (&self.chest.heart, p.muscle)];
        let chambers = self.chest.chambers.iter().map(|chamber| (chamber, p.blood));
        let domes = self.chest.domes.iter().zip([p.liver, p.spleen, p.liver]);
        for (organ, hu) in organs.into_iter().chain(chambers).chain(domes) {
            if let Some(outline) = organ.section(z) {
                let outline: Vec<_> = outline.iter().map(|q| layers.cavity.confine(*q)).collect();
                canvas.polygon(&outline, Fill::Other(hu));
            }
        }
        self.vessels.paint_great(&mut canvas, z, p);
        self.bones.paint(&mut canvas, &layers.cage, z, p);
        canvas
    }

    /// The lung's change from front to back, and the texture of all that is not air.
    fn finish(&self, hu: &mut Array2<f32>, lung: &Array2<f32>, z: f64, grid: &CtGrid) {
        let grain = texture::texture(self.seed, z, grid);
        for (j, mut row) in hu.rows_mut().into_iter().enumerate() {
            let slope = self.palette.lung_per_mm * grid.y_mm(j) as f32;
            Zip::from(&mut row)
                .and(lung.row(j))
                .and(grain.row(j))
                .for_each(|v, &lung, &grain| {
                    let solid = ((*v + 1000.0) * 0.01).clamp(0.0, 1.0);
                    *v += lung * slope + solid * self.palette.grain * grain;
                });
        }
    }
}

/// How finely pixels are cut.
fn samples_per_pixel(pixel_mm: f64) -> usize {
    ((pixel_mm / SAMPLE_MM).ceil() as usize).clamp(2, 16)
}
