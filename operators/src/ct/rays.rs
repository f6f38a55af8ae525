//! The rays of a scan as the kernels walk them: on every line of pixels across their way, at a
//! position between two pixels of that line.

use super::geometry::turned;
use super::kernel::{FRACTION, LINES, Line};
use super::{Geometry, Grid, Ray};
use std::ops::Range;

/// Empty pixels on either side of a line of a padded image: a ray that meets one of [`LINES`] lines
/// within the image stays within the padding on the others.
pub(super) const PADDING: usize = LINES + 2;

/// No ray that meets an image of [`MOST`] lines starts farther away, and positions still fit.
const FARTHEST: f64 = 30_000.0;
/// Most rows or columns of an image, for [`FARTHEST`].
pub(super) const MOST: usize = 1 << 13;

/// A ray that meets nothing.
const NOWHERE: Line = Line { start: 0, slope: 0 };

/// The rays of a [`Geometry`], sorted by the lines that they cross.
///
/// Joseph's rule (Joseph 1982, IEEE TMI 1:192): a ray closer to the y axis visits every row and
/// reads between two columns, any other visits every column and reads between two rows. Closer is
/// meant in pixels, so that a step along the ray never skips one.
#[derive(Clone, Debug)]
pub struct Rays {
    scan: Geometry,
    /// Sine and cosine of each view.
    turns: Vec<(f64, f64)>,
    /// The rays at angle 0.
    bundle: Vec<Ray>,
    rows: Frame,
    columns: Frame,
}

/// One of the two directions in which rays cross the image: over its rows, or over its columns.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub across: Across,
    /// How many lines there are to cross.
    pub lines: usize,
    /// Pixels of a line.
    pub samples: usize,
    /// The bins of each view that cross this way, in runs.
    pub runs: Vec<Run>,
    /// Coordinate of line 0, step to the next.
    line_mm: [f64; 2],
    /// Position along a line: `sample = zero + scale * coordinate`.
    zero: f64,
    scale: f64,
}

/// What the lines of a frame are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Across {
    Rows,
    Columns,
}

/// Neighbouring bins of one view that cross the image the same way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    pub view: usize,
    pub bins: Range<usize>,
}

impl Frame {
    fn new(grid: &Grid, across: Across) -> Self {
        let [x0, y0] = grid.point_mm(0.0, 0.0);
        let [py, px] = grid.pixel_mm;
        let (lines, samples, line_mm, [first, step]) = match across {
            Across::Rows => (grid.rows, grid.columns, [y0, -py], [x0, px]),
            Across::Columns => (grid.columns, grid.rows, [x0, px], [y0, -py]),
        };
        Frame {
            across,
            lines,
            samples,
            runs: Vec::new(),
            line_mm,
            zero: -first / step,
            scale: 1.0 / step,
        }
    }

    /// Pixels of a padded line.
    pub fn pitch(&self) -> usize {
        self.samples + 2 * PADDING
    }

    /// A point or vector as (across the lines, along a line).
    fn split(&self, [x, y]: [f64; 2]) -> (f64, f64) {
        match self.across {
            Across::Rows => (y, x),
            Across::Columns => (x, y),
        }
    }

    fn line(&self, ray: &Ray) -> Line {
        let ((o, s), (dl, ds)) = (self.split(ray.origin_mm), self.split(ray.direction));
        let slope = self.scale * (ds / dl);
        let start = self.zero + self.scale * s + slope * (self.line_mm[0] - o) + PADDING as f64;
        if start.abs() > FARTHEST {
            return NOWHERE;
        }
        let fixed = |cells: f64| (cells * (1u64 << FRACTION) as f64) as i64;
        Line {
            start: fixed(start),
            slope: fixed(slope * self.line_mm[1]),
        }
    }

    /// Length of a ray between two lines.
    fn step_mm(&self, ray: &Ray) -> f64 {
        self.line_mm[1].abs() / self.split(ray.direction).0.abs()
    }

    /// Whether a ray comes within a cell of the image on these lines.
    fn meets(&self, line: Line, lines: &Range<usize>) -> bool {
        let (a, b) = (line.at(lines.start), line.at(lines.end - 1));
        let edge = |cell: usize| (cell as i64) << FRACTION;
        a.max(b) > edge(PADDING - 1) && a.min(b) < edge(PADDING + self.samples)
    }

    /// `[x, y]` of a sample on a line.
    fn point_mm(&self, line: f64, sample: f64) -> [f64; 2] {
        let across = self.line_mm[0] + line * self.line_mm[1];
        let along = (sample - self.zero) / self.scale;
        match self.across {
            Across::Rows => [along, across],
            Across::Columns => [across, along],
        }
    }
}

impl Rays {
    /// Sorts the rays of a scan.
    pub fn new(scan: Geometry) -> Self {
        let mut rays = Rays {
            turns: scan.angles_rad().iter().map(|t| t.sin_cos()).collect(),
            bundle: (0..scan.detector().bins)
                .map(|k| scan.bundle(k as f64))
                .collect(),
            rows: Frame::new(scan.grid(), Across::Rows),
            columns: Frame::new(scan.grid(), Across::Columns),
            scan,
        };
        for view in 0..rays.turns.len() {
            let mut start = 0;
            for bin in 1..=rays.bundle.len() {
                let across = rays.across(view, start);
                if bin < rays.bundle.len() && rays.across(view, bin) == across {
                    continue;
                }
                let run = Run {
                    view,
                    bins: start..bin,
                };
                match across {
                    Across::Rows => rays.rows.runs.push(run),
                    Across::Columns => rays.columns.runs.push(run),
                }
                start = bin;
            }
        }
        rays
    }

    /// The scan.
    pub fn scan(&self) -> &Geometry {
        &self.scan
    }

    pub(super) fn frames(&self) -> [&Frame; 2] {
        [&self.rows, &self.columns]
    }

    fn ray(&self, view: usize, bin: usize) -> Ray {
        let (sin, cos) = self.turns[view];
        let ray = &self.bundle[bin];
        Ray {
            origin_mm: turned(ray.origin_mm, sin, cos),
            direction: turned(ray.direction, sin, cos),
        }
    }

    fn across(&self, view: usize, bin: usize) -> Across {
        let [dx, dy] = self.ray(view, bin).direction;
        let [py, px] = self.scan.grid().pixel_mm;
        if (dx * py).abs() <= (dy * px).abs() {
            Across::Rows
        } else {
            Across::Columns
        }
    }

    /// Appends the rays of some bins of a view.
    pub(super) fn lines(&self, frame: &Frame, view: usize, bins: Range<usize>, to: &mut Vec<Line>) {
        to.extend(bins.map(|bin| frame.line(&self.ray(view, bin))));
    }

    /// The lengths of a step along each ray of a run.
    pub(super) fn steps_mm<'a>(
        &'a self,
        frame: &'a Frame,
        run: &'a Run,
    ) -> impl Iterator<Item = f64> + 'a {
        run.bins
            .clone()
            .map(|bin| frame.step_mm(&self.ray(run.view, bin)))
    }

    /// The bins of a run whose rays come within a pixel of the given lines, and one or two more at
    /// each end: what rounds here is decided by [`Rays::meeting`].
    pub(super) fn shadow(&self, frame: &Frame, run: &Run, lines: &Range<usize>) -> Range<usize> {
        let (first, last) = (lines.start as f64, lines.end as f64 - 1.0);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for line in [first, last] {
            for sample in [-1.0, frame.samples as f64] {
                let [x, y] = frame.point_mm(line, sample);
                let bin = self.scan.project_at(self.turns[run.view], x, y);
                low = low.min(bin);
                high = high.max(bin);
            }
        }
        let clamped = |bin: f64| (bin.max(0.0) as usize).clamp(run.bins.start, run.bins.end);
        let start = clamped(low.floor() - 1.0);
        start..clamped(high.ceil() + 2.0).max(start)
    }

    /// Those of `bins` whose rays do come within a pixel of the given lines; `rays` holds the
    /// bins from `from` on.
    pub(super) fn meeting(
        frame: &Frame,
        rays: &[Line],
        from: usize,
        bins: Range<usize>,
        lines: &Range<usize>,
    ) -> Range<usize> {
        let meets = |bin: usize| frame.meets(rays[bin - from], lines);
        let (mut start, mut end) = (bins.start, bins.end);
        while start < end && !meets(start) {
            start += 1;
        }
        while start < end && !meets(end - 1) {
            end -= 1;
        }
        start..end
    }
}
