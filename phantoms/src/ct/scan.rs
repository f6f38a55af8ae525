//! The rays of a scan, several for each bin of the detector.

use super::ray::Ray;

/// Where the rays of a scan run: any geometry, by a function of the view and of places on the
/// detector and on the focal spot.
pub struct ScanRays<'a> {
    views: usize,
    bins: usize,
    sub_rays: usize,
    spots: usize,
    ray: Box<dyn Fn(usize, f64, f64) -> Ray + Sync + 'a>,
}

/// Rays that a bin averages, unless told otherwise.
const SUB_RAYS: usize = 8;

impl<'a> ScanRays<'a> {
    /// `ray(view, bin, spot)` is the ray to the place `bin` of the detector, k at the middle of bin
    /// k and `k +- 1/2` at its edges, from the place `spot` of the focal spot, -1/2 to 1/2.
    pub fn new(
        views: usize,
        bins: usize,
        ray: impl Fn(usize, f64, f64) -> Ray + Sync + 'a,
    ) -> Self {
        Self {
            views,
            bins,
            sub_rays: SUB_RAYS,
            spots: 1,
            ray: Box::new(ray),
        }
    }

    /// Parallel rays `x cos(t) + y sin(t) = u` with `u = (k - (bins - 1) / 2) bin_mm + offset_mm`.
    pub fn parallel(angles_rad: &'a [f64], bins: usize, bin_mm: f64, offset_mm: f64) -> Self {
        let middle = 0.5 * (bins as f64 - 1.0);
        Self::new(angles_rad.len(), bins, move |view, bin, _| {
            Ray::parallel((bin - middle) * bin_mm + offset_mm, angles_rad[view])
        })
    }

    /// Rays from a source at `source_mm (sin t, -cos t)` to a flat detector across the central ray,
    /// `detector_mm` from the source; bins as for parallel rays, along `(cos t, sin t)`.
    pub fn fan(
        angles_rad: &'a [f64],
        bins: usize,
        bin_mm: f64,
        offset_mm: f64,
        source_mm: f64,
        detector_mm: f64,
    ) -> Self {
        let middle = 0.5 * (bins as f64 - 1.0);
        Self::new(angles_rad.len(), bins, move |view, bin, _| {
            let (s, c) = angles_rad[view].sin_cos();
            let u = (bin - middle) * bin_mm + offset_mm;
            Ray {
                origin_mm: [source_mm * s, -source_mm * c],
                direction: [u * c - detector_mm * s, u * s + detector_mm * c],
            }
        })
    }

    /// The same rays, with `count` over the width of each bin.
    pub fn with_sub_rays(mut self, count: usize) -> Self {
        self.sub_rays = count.max(1);
        self
    }

    /// The same rays, each from `count` places of the focal spot.
    pub fn with_spots(mut self, count: usize) -> Self {
        self.spots = count.max(1);
        self
    }

    /// Number of views.
    pub fn views(&self) -> usize {
        self.views
    }

    /// Number of bins.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// The mean of a function over the rays of a bin.
    pub(super) fn mean(&self, view: usize, bin: usize, of: &dyn Fn(&Ray) -> f64) -> f64 {
        let middle = |n: usize, count: usize| (n as f64 + 0.5) / count as f64 - 0.5;
        let mut sum = 0.0;
        for m in 0..self.sub_rays {
            for n in 0..self.spots {
                let place = bin as f64 + middle(m, self.sub_rays);
                sum += of(&(self.ray)(view, place, middle(n, self.spots)));
            }
        }
        sum / (self.sub_rays * self.spots) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_far_source_gives_parallel_rays() {
        let angles = [0.3, 2.0];
        let parallel = ScanRays::parallel(&angles, 9, 2.0, 0.5);
        let fan = ScanRays::fan(&angles, 9, 4.0, 1.0, 1e7, 2e7);
        for view in 0..2 {
            for bin in 0..9 {
                // The distance from the origin, with its sign.
                let s = |rays: &ScanRays| {
                    rays.mean(view, bin, &|ray| {
                        let ray = ray.unit();
                        ray.origin_mm[0] * ray.direction[1] - ray.origin_mm[1] * ray.direction[0]
                    })
                };
                assert!((s(&parallel) - s(&fan)).abs() < 1e-4);
                assert!((s(&parallel) - ((bin as f64 - 4.0) * 2.0 + 0.5)).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn rays_spread_over_the_bin_and_the_spot() {
        let rays = ScanRays::new(1, 4, |_, bin, spot| Ray {
            origin_mm: [bin, spot],
            direction: [1.0, 0.0],
        });
        let mean = |of: &dyn Fn(&Ray) -> f64| rays.mean(0, 2, of);
        assert!((mean(&|ray| ray.origin_mm[0]) - 2.0).abs() < 1e-12);
        assert!((mean(&|ray| (ray.origin_mm[0] - 2.0).powi(2)) - 1.0 / 12.0).abs() < 2e-3);
        let spots = ScanRays::new(1, 1, |_, _, spot| Ray {
            origin_mm: [spot, 0.0],
            direction: [1.0, 0.0],
        })
        .with_spots(16)
        .with_sub_rays(1);
        let square = spots.mean(0, 0, &|ray| ray.origin_mm[0].powi(2));
        assert!((square - 1.0 / 12.0).abs() < 1e-3, "{square}");
    }
}
