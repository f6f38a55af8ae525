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
    pub layers: Vec<(f64, Region)>,
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

    /// The value at a point.
    pub fn value(&self, p: [f64; 2]) -> f64 {
        let mut sum = 0.0;
        for (value, region) in self.layers.iter().rev() {
            let share = region.value(p);
            sum += value * share;
            if self.overlap == Overlap::LastWins && share > 0.0 && !region.is_bell() {
                break;
            }
        }
        sum
    }

    /// The integral along the line `origin + t direction`, over its whole length: exact.
    pub fn line_integral(&self, origin: [f64; 2], direction: [f64; 2]) -> f64 {
        let speed = direction[0].hypot(direction[1]);
        let mut bells = 0.0;
        let mut sum = 0.0;
        self.each_stretch(origin, direction, &mut |value, [from, to]| {
            sum += value * (to - from);
        });
        for (value, region) in self.layers.iter().filter(|(_, region)| region.is_bell()) {
            bells += value * region.line_integral(origin, direction);
        }
        sum * speed + bells
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
fn misses([low, high]: &[[f64; 2]; 2], origin: [f64; 2], direction: [f64; 2]) -> bool {
    let side = |x: f64, y: f64| direction[0] * (y - origin[1]) - direction[1] * (x - origin[0]);
    let sides = [
        side(low[0], low[1]),
        side(high[0], low[1]),
        side(high[0], high[1]),
        side(low[0], high[1]),
    ];
    sides.iter().all(|s| *s > 0.0) || sides.iter().all(|s| *s < 0.0)
}
