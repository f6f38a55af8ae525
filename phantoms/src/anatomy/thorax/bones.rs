//! Spine, ribs, sternum and shoulder blades.

use std::f64::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::canvas::{Canvas, Fill};
use super::chest::Side;
use super::palette::Palette;
use super::ring::{Ring, bump, step};
use super::tube::Tube;
use super::wall::{BACK, FRONT};

const RIBS: usize = 11;
/// Distance of two vertebrae, and of two ribs.
const LEVEL_MM: f64 = 23.0;
/// Height of the uppermost rib at the spine.
const FIRST_MM: f64 = 128.0;
/// Half height and half thickness of a rib, and its cortex.
const RIB_MM: [f64; 2] = [6.5, 3.8];
const CORTEX_MM: f64 = 1.1;
/// Where along its arc a rib turns into cartilage.
const CARTILAGE_FROM: f64 = 0.72;
/// Points along a rib.
const POINTS: usize = 240;

/// The skeleton of one body.
#[derive(Clone, Debug)]
pub(super) struct Bones {
    size: f64,
    /// How far ribs fall from the spine to the front.
    fall_mm: f64,
    /// y of the middle of the vertebral bodies.
    spine_y: f64,
    /// Height of the middle of one disc.
    disc_mm: f64,
    processes: Vec<Tube>,
}

/// A stretch of a curve along the wall: angle, and half thickness across.
type Strip = Vec<(f64, f64)>;

impl Bones {
    /// Bones behind a cavity of the given half width and depth at the back.
    pub fn random(rng: &mut ChaCha8Rng, [side, _, back]: [f64; 3]) -> Self {
        let size = (side / 135.0).clamp(0.85, 1.15);
        let spine_y = 6.0 - back;
        let disc_mm = rng.random_range(0.0..LEVEL_MM);
        let levels = (-8..8).map(|n| disc_mm + LEVEL_MM * (f64::from(n) + 0.5));
        Self {
            size,
            fall_mm: rng.random_range(50.0..80.0),
            spine_y,
            disc_mm,
            processes: levels.flat_map(|z| processes(size, spine_y, z)).collect(),
        }
    }

    /// Paints all bones of a section.
    pub fn paint(&self, canvas: &mut Canvas, cage: &Ring, z: f64, palette: &Palette) {
        self.spine(canvas, z, palette);
        for side in Side::BOTH {
            self.scapula(canvas, (cage, side), z, palette);
            for rib in 0..RIBS {
                self.rib(canvas, (cage, side), (rib, z), palette);
            }
        }
        self.sternum(canvas, cage, z, palette);
    }

    fn spine(&self, canvas: &mut Canvas, z: f64, palette: &Palette) {
        let bone = self.processes.iter();
        canvas.tubes(bone, z, Fill::Other(palette.cortex));
        let marrow: Vec<Tube> = self
            .processes
            .iter()
            .map(|t| t.with_radius(t.radius_mm - 1.3))
            .collect();
        canvas.tubes(marrow.iter(), z, Fill::Other(palette.marrow));
        // 1 within a vertebra, 0 within a disc.
        let off = (z - self.disc_mm).rem_euclid(LEVEL_MM);
        let from_disc = off.min(LEVEL_MM - off);
        let body = step(1.8, 2.8, from_disc) as f32;
        let waist = 1.0 - 0.08 * step(4.0, 0.5 * LEVEL_MM, from_disc);
        let semi = [17.0, 13.5].map(|v| v * self.size * waist);
        let cortex = palette.disc + body * (palette.cortex - palette.disc);
        let plate = 0.35 * step(4.0, 3.0, from_disc) as f32;
        let core = palette.marrow + plate * (palette.cortex - palette.marrow);
        let core = palette.disc + body * (core - palette.disc);
        let ellipse = |[a, b]: [f64; 2], y: f64| -> Vec<[f64; 2]> {
            let circle = Ring::new(|_, _| 1.0).polygon();
            circle.iter().map(|[c, s]| [a * c, y + b * s]).collect()
        };
        canvas.polygon(&ellipse(semi, self.spine_y), Fill::Other(cortex));
        let inner = semi.map(|v| v - CORTEX_MM);
        canvas.polygon(&ellipse(inner, self.spine_y), Fill::Other(core));
        let canal = self.spine_y - self.size * 21.0;
        canvas.polygon(&ellipse([9.0, 7.5], canal), Fill::Other(palette.fluid));
        canvas.polygon(&ellipse([5.5, 4.2], canal), Fill::Other(palette.cord));
    }

    /// A rib falls from the spine to the front; its cartilage rises again to the sternum.
    fn rib(
        &self,
        canvas: &mut Canvas,
        (cage, side): (&Ring, Side),
        (rib, z): (usize, f64),
        palette: &Palette,
    ) {
        let n = rib as f64;
        let end: f64 = [1.0, 0.88, 0.62][(rib / 7).min(2) + usize::from(rib > 9)];
        let top = FIRST_MM - LEVEL_MM * n;
        let fall = self.fall_mm * (0.8 + 0.06 * n);
        let height = |s: f64| {
            let rise = (s - CARTILAGE_FROM).max(0.0) / (1.0 - CARTILAGE_FROM);
            top - fall * step(-0.25, 0.95, s.min(CARTILAGE_FROM)) + (12.0 + 4.0 * n) * rise * rise
        };
        let angle = |s: f64| BACK + side.sign() * (0.30 + s * (TAU / 2.0 - 0.42));
        let strip = |from: f64, to: f64, thinner: f64| -> Vec<Strip> {
            let [h, w] = RIB_MM.map(|v| v * self.size - thinner);
            strips(POINTS, |t| {
                let s = from + t * (to - from);
                let off = (z - height(s)) / h;
                (angle(s), w * (1.0 - off * off).max(0.0).sqrt())
            })
        };
        let bone = end.min(CARTILAGE_FROM);
        for (from, to, thinner, hu) in [
            (bone - 0.002, end, 0.0, palette.cartilage),
            (0.0, bone, 0.0, palette.cortex),
            (0.005, bone - 0.005, CORTEX_MM, palette.marrow),
        ] {
            if from < to {
                paint(canvas, cage, &strip(from, to, thinner), (0.0, hu));
            }
        }
    }

    /// A thin plate behind the upper ribs.
    fn scapula(&self, canvas: &mut Canvas, (cage, side): (&Ring, Side), z: f64, palette: &Palette) {
        let high = step(-45.0, 70.0, z);
        let [from, to] = [0.5, 0.62 + 0.62 * high];
        for (thinner, hu) in [(0.0, palette.cortex), (CORTEX_MM, palette.marrow)] {
            let plate = strips(POINTS / 4, |t| {
                let angle = BACK + side.sign() * (from + t * (to - from));
                // Thicker at its edges, most at the outer one.
                let thick = 1.6 + 1.5 * bump(t / 0.12) + 4.0 * high * bump((t - 0.9) / 0.15);
                let end = (1.0 - (2.0 * t - 1.0).powi(8)).max(0.0).sqrt();
                (
                    angle,
                    ((thick - thinner) * end * step(-50.0, -35.0, z)).max(0.0),
                )
            });
            paint(canvas, cage, &plate, (11.0 * self.size, hu));
        }
    }

    fn sternum(&self, canvas: &mut Canvas, cage: &Ring, z: f64, palette: &Palette) {
        let off = (z - 5.0) / 82.0;
        let end = (1.0 - off.powi(8)).max(0.0).sqrt();
        let semi = [
            13.0 + 9.0 * bump((z - 66.0) / 18.0),
            5.0 + 1.5 * bump((z - 66.0) / 20.0),
        ];
        for (thinner, hu) in [(0.0, palette.cortex), (CORTEX_MM, palette.marrow)] {
            let [wide, thick] = semi.map(|v| v * self.size * end - thinner);
            if wide <= 0.0 || thick <= 0.0 {
                continue;
            }
            let radius = cage.at(FRONT);
            let plate = strips(POINTS / 4, |t| {
                let x = 2.0 * t - 1.0;
                let angle = x * wide / radius + FRONT;
                (angle, thick * (1.0 - x.powi(4)).max(0.0).sqrt())
            });
            paint(canvas, cage, &plate, (0.0, hu));
        }
    }
}

/// Pedicles, transverse processes, laminae and the spinous process of a vertebra.
fn processes(size: f64, spine_y: f64, z: f64) -> Vec<Tube> {
    let at = |x: f64, y: f64, h: f64| [size * x, spine_y + size * y, z + h];
    let mut tubes = Tube::path(&[at(0.0, -31.0, 0.0), at(0.0, -46.0, -14.0)], 3.2 * size);
    for sign in [-1.0, 1.0] {
        let points = [
            at(sign * 11.0, -10.0, 3.0),
            at(sign * 13.0, -22.0, 2.0),
            at(sign * 31.0, -28.0, 4.0),
        ];
        tubes.extend(Tube::path(&points, 4.0 * size));
        let lamina = [at(sign * 13.0, -22.0, 2.0), at(0.0, -32.0, -4.0)];
        tubes.extend(Tube::path(&lamina, 3.4 * size));
    }
    tubes
}

/// The stretches of a curve, sampled at equal steps of 0..1, where it has a thickness.
fn strips(points: usize, curve: impl Fn(f64) -> (f64, f64)) -> Vec<Strip> {
    let mut found = vec![Strip::new()];
    for n in 0..=points {
        let (angle, thickness) = curve(n as f64 / points as f64);
        let last = found.len() - 1;
        if thickness > 0.0 {
            found[last].push((angle, thickness));
        } else if !found[last].is_empty() {
            found.push(Strip::new());
        }
    }
    found.retain(|strip| strip.len() > 1);
    found
}

/// Paints stretches of a curve at a distance outside of a ring.
fn paint(canvas: &mut Canvas, ring: &Ring, strips: &[Strip], (outside, hu): (f64, f32)) {
    for strip in strips {
        let side = |sign: f64| {
            strip
                .iter()
                .map(move |(angle, half)| ring.point(*angle, outside + sign * half))
        };
        let polygon: Vec<[f64; 2]> = side(1.0).chain(side(-1.0).rev()).collect();
        canvas.polygon(&polygon, Fill::Other(hu));
    }
}
