//! Objects without anatomy, of the Hounsfield units of a head: regions, shapes, rings, lines.

use ndarray::Array2;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::field::{Field, Fractal};
use super::grid::{CtGrid, blurred};
use super::looks::random_blur_mm;
use crate::polygon::Coverage;
use crate::procedural::drawing::outline;
use crate::procedural::lines::{curve, grating, ribbon};
use crate::procedural::shapes::random_shape;
use crate::pure::{Normals, pow};

/// Half width of the square that the objects fill.
const REACH_MM: f64 = 112.0;

/// What fills a region: HU and the standard deviation of its texture.
#[derive(Clone, Copy, Debug)]
struct Fill {
    hu: f32,
    grain: f32,
}

/// A polygon in millimetres and what it is filled with.
struct Layer {
    polygon: Vec<[f64; 2]>,
    fill: Fill,
}

/// The largest of several fields decides on the filling of a place.
struct Regions {
    fields: Vec<(Field, Fill)>,
    /// Change of a field from a place to the next, so that borders are 0.6 mm wide.
    sharpness: f32,
}

/// An object without anatomy, the same on every grid.
pub(super) struct Plain {
    /// Painted below everything.
    under: Vec<Layer>,
    /// Within this outline.
    regions: Option<(Vec<[f64; 2]>, Regions)>,
    over: Vec<Layer>,
    grain: Fractal,
    blur_mm: f64,
}

impl Plain {
    /// A random object.
    pub fn new(rng: &mut ChaCha8Rng) -> Self {
        let bounded = rng.random_bool(0.85);
        let semi = [rng.random_range(0.45..0.95), rng.random_range(0.45..0.95)];
        let centre = [rng.random_range(-0.12..0.12), rng.random_range(-0.12..0.12)];
        let rough = rng.random_range(0.0..0.3);
        let edge = outline(rng, centre, semi, rough);
        let narrow = rng.random_bool(0.5);
        let base = rng.random_range(5.0..60.0);
        let mut under = if rng.random_bool(0.7) {
            rings(rng, centre, &edge)
        } else {
            Vec::new()
        };
        let mut fill = |rng: &mut ChaCha8Rng| random_fill(rng, narrow.then_some(base));
        let inner = fill(rng);
        if bounded {
            under.push(Layer {
                polygon: millimetres(&edge),
                fill: inner,
            });
        }
        let regions = rng.random_bool(0.55).then(|| {
            let cell = 6.0 * pow(8.0, rng.random());
            let fields = (0..rng.random_range(3..8))
                .map(|_| (Field::random(rng, cell, Normals::Ziggurat), fill(rng)))
                .collect();
            let sharpness = (0.8 * cell) as f32;
            (millimetres(&edge), Regions { fields, sharpness })
        });
        let mut over = Vec::new();
        if regions.is_none() || rng.random_bool(0.3) {
            let (largest, fewest) = if bounded {
                (0.06..0.4, 6)
            } else {
                (0.5..0.9, 20)
            };
            let largest = rng.random_range(largest);
            for _ in 0..rng.random_range(fewest..40) {
                let polygon = millimetres(&random_shape(rng, largest));
                over.push(Layer {
                    polygon,
                    fill: fill(rng),
                });
            }
        }
        if rng.random_bool(0.35) {
            lines(rng, &mut over, &mut fill);
        }
        let fall = rng.random_range(0.0..0.8);
        let grain = Fractal::random(rng, [12.0, 1.5], fall, Normals::Ziggurat);
        let blur_mm = random_blur_mm(rng);
        Self {
            under,
            regions,
            over,
            grain,
            blur_mm,
        }
    }

    /// HU at the centres of the pixels, averaged over each.
    pub fn samples(&self, grid: &CtGrid) -> Array2<f32> {
        let mut canvas = Canvas {
            grid: *grid,
            hu: Array2::from_elem((grid.ny, grid.nx), -1000.0),
            grain: Array2::zeros((grid.ny, grid.nx)),
        };
        self.under.iter().for_each(|layer| canvas.paint(layer));
        if let Some((edge, regions)) = &self.regions {
            canvas.fill_regions(edge, regions);
        }
        self.over.iter().for_each(|layer| canvas.paint(layer));
        let hu = canvas.hu + canvas.grain * self.grain.on(grid);
        blurred(hu, self.blur_mm, grid.pixel_mm)
    }
}

/// HU of everything that a head holds; mostly near `base` where there is one, so that contrasts
/// are those of the brain.
fn random_fill(rng: &mut ChaCha8Rng, base: Option<f32>) -> Fill {
    let soft = 4.0 * rng.random::<f32>().powi(2);
    if let Some(base) = base
        && rng.random_bool(0.8)
    {
        return Fill {
            hu: base + rng.random_range(-25.0..25.0),
            grain: soft,
        };
    }
    let (hu, grain) = match rng.random_range(0..100) {
        0..40 => (rng.random_range(0.0..80.0), soft),
        40..55 => (rng.random_range(-130.0..-50.0), 2.5 * soft),
        55..65 => (rng.random_range(80.0..300.0), 4.0 * soft),
        65..83 => (rng.random_range(300.0..1800.0), 25.0 * soft),
        83..95 => (-1000.0, 0.0),
        _ => (rng.random_range(-950.0..-200.0), 15.0 * soft),
    };
    Fill { hu, grain }
}

/// One to four closed layers around an outline, such as skin, fat and bone, the outermost first.
fn rings(rng: &mut ChaCha8Rng, centre: [f64; 2], edge: &[[f64; 2]]) -> Vec<Layer> {
    let mut factor = 1.0;
    let mut layers: Vec<Layer> = (0..rng.random_range(1..5))
        .map(|_| {
            factor += rng.random_range(0.012..0.07);
            let scaled: Vec<[f64; 2]> = edge
                .iter()
                .map(|p| [0, 1].map(|n| centre[n] + factor * (p[n] - centre[n])))
                .collect();
            let hu = match rng.random_range(0..3) {
                0 => rng.random_range(700.0..1700.0),
                1 => rng.random_range(-120.0..-60.0),
                _ => rng.random_range(-20.0..120.0),
            };
            let fill = Fill {
                hu,
                grain: 0.04 * hu.abs() * rng.random::<f32>(),
            };
            Layer {
                polygon: millimetres(&scaled),
                fill,
            }
        })
        .collect();
    layers.reverse();
    layers
}

/// A few curves and gratings, 0.6 to 5 mm wide.
fn lines(
    rng: &mut ChaCha8Rng,
    over: &mut Vec<Layer>,
    fill: &mut dyn FnMut(&mut ChaCha8Rng) -> Fill,
) {
    for _ in 0..rng.random_range(2..10) {
        let width = 0.6 * pow(8.0, rng.random()) / REACH_MM;
        let fill = fill(rng);
        let polygons = if rng.random_bool(0.7) {
            vec![ribbon(&curve(rng), width)]
        } else {
            grating(rng, width)
        };
        over.extend(polygons.iter().map(|p| Layer {
            polygon: millimetres(p),
            fill,
        }));
    }
}

fn millimetres(polygon: &[[f64; 2]]) -> Vec<[f64; 2]> {
    polygon.iter().map(|p| p.map(|v| v * REACH_MM)).collect()
}

/// What has been painted so far.
struct Canvas {
    grid: CtGrid,
    hu: Array2<f32>,
    grain: Array2<f32>,
}

impl Canvas {
    /// Covers what is below a layer.
    fn paint(&mut self, layer: &Layer) {
        self.blend(&layer.polygon, &|_| layer.fill);
    }

    /// Covers the inside of an outline by regions.
    fn fill_regions(&mut self, edge: &[[f64; 2]], regions: &Regions) {
        let values: Vec<(Array2<f32>, Fill)> = regions
            .fields
            .iter()
            .map(|(field, fill)| (field.on(&self.grid), *fill))
            .collect();
        self.blend(edge, &|at| {
            let (mut first, mut second) = ((f32::NEG_INFINITY, 0), (f32::NEG_INFINITY, 0));
            for (n, (values, _)) in values.iter().enumerate() {
                if values[at] > first.0 {
                    (first, second) = ((values[at], n), first);
                } else if values[at] > second.0 {
                    second = (values[at], n);
                }
            }
            let share = (0.5 + (first.0 - second.0) * regions.sharpness).min(1.0);
            let (a, b) = (values[first.1].1, values[second.1].1);
            Fill {
                hu: b.hu + share * (a.hu - b.hu),
                grain: b.grain + share * (a.grain - b.grain),
            }
        });
    }

    /// Mixes a filling in by the covered share of each pixel.
    fn blend(&mut self, polygon: &[[f64; 2]], fill: &dyn Fn((usize, usize)) -> Fill) {
        let (ny, nx) = self.hu.dim();
        let whole = Coverage::upright((ny, nx), self.grid.pixel_mm);
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for p in polygon.iter().map(|p| whole.pixel(p)) {
            low = [low[0].min(p[0]), low[1].min(p[1])];
            high = [high[0].max(p[0]), high[1].max(p[1])];
        }
        let first = |v: f64| v.max(0.0) as usize;
        let after = |v: f64, n: usize| (v.ceil().max(0.0) as usize).min(n);
        let (x0, x1) = (first(low[0]), after(high[0], nx));
        let (y0, y1) = (first(low[1]), after(high[1], ny));
        if x0 >= x1 || y0 >= y1 {
            return;
        }
        let mut window = whole.window((y0, x0), (y1 - y0, x1 - x0));
        window.add(polygon, 1.0);
        for ((j, i), share) in window.finish().indexed_iter() {
            let share = share.abs().min(1.0) as f32;
            if share < 1e-6 {
                continue;
            }
            let at = (y0 + j, x0 + i);
            let fill = fill(at);
            self.hu[at] += share * (fill.hu - self.hu[at]);
            self.grain[at] += share * (fill.grain - self.grain[at]);
        }
    }
}
