//! A section of a scene: regions of the plane, each with a value.

use super::Overlap;
use super::covered::Covered;
use crate::shape::Region;

/// A phantom in the plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// What two regions are where both of them are.
    pub overlap: Overlap,
    /// Values and regions, in order.
    layers: Vec<(f64, Region)>,
    /// Rectangles around the regions.
    bounds: Vec<[[f64; 2]; 2]>,
}

impl Section {
    /// Regions with their values, in order.
    pub fn new(overlap: Overlap, layers: Vec<(f64, Region)>) -> Self {
        let bounds = layers.iter().map(|(_, region)| region.bounds()).collect();
        Self {
            overlap,
            layers,
            bounds,
        }
    }

    /// Values and regions, in order.
    pub fn layers(&self) -> &[(f64, Region)] {
        &self.layers
    }

    /// The value at a point.
    pub fn value(&self, p: [f64; 2]) -> f64 {
        let topmost = self.layers.iter().rev();
        let shapes = topmost.map(|(value, region)| (*value, region.is_bell(), || region.value(p)));
        self.overlap.value(shapes)
    }

    /// The integral along the line `origin + t direction`, over its whole length: exact.
    pub fn line_integral(&self, origin: [f64; 2], direction: [f64; 2]) -> f64 {
        let speed = (direction[0] * direction[0] + direction[1] * direction[1]).sqrt();
        let mut sum = 0.0;
        match self.overlap {
            Overlap::Adds => {
                for ((value, region), bounds) in self.layers.iter().zip(&self.bounds) {
                    if !misses(bounds, origin, direction) {
                        sum += value * region.chords(origin, direction);
                    }
                }
            }
            Overlap::LastWins => {
                self.each_stretch(origin, direction, &mut |value, [from, to]| {
                    sum += value * (to - from);
                });
            }
        }
        let bells = self.layers.iter().filter(|(_, region)| region.is_bell());
        let bells = bells.map(|(value, bell)| value * bell.line_integral(origin, direction));
        sum * speed + bells.sum::<f64>()
    }

    /// Gives the stretches of a line with their values; bells are left out.
    pub(super) fn each_stretch(
        &self,
        origin: [f64; 2],
        direction: [f64; 2],
        give: &mut dyn FnMut(f64, [f64; 2]),
    ) {
        let mut covered = Covered::new(self.overlap);
        for ((value, region), bounds) in self.layers.iter().zip(&self.bounds).rev() {
            if misses(bounds, origin, direction) {
                continue;
            }
            region.intervals(origin, direction, &mut |range| {
                covered.add(range, &mut |part| give(*value, part));
            });
            covered.close();
        }
    }

    /// Rectangles around the regions, in their order.
    pub(super) fn bounds(&self) -> &[[[f64; 2]; 2]] {
        &self.bounds
    }
}

/// Whether all corners of a rectangle lie on one side of a line.
fn misses([low, high]: &[[f64; 2]; 2], [x, y]: [f64; 2], [dx, dy]: [f64; 2]) -> bool {
    // Twice the distances along the normal of the line: of the middle, and of the farthest corner.
    let middle = dx * (low[1] + high[1] - 2.0 * y) - dy * (low[0] + high[0] - 2.0 * x);
    let reach = dx.abs() * (high[1] - low[1]) + dy.abs() * (high[0] - low[0]);
    middle.abs() > reach
}
