//! What each view and each ray counts in filtered back-projection.

use super::{Beam, Geometry, require};
use crate::Result;
use std::f64::consts::{FRAC_PI_4, PI, TAU};

/// A gap this many times the median gap was not scanned.
const OPEN: f64 = 2.0;

/// The arc of every view, and how rays that were measured twice share.
#[derive(Clone, Debug)]
pub(super) struct Coverage {
    /// Arc that each view stands for, as measured by the gaps to its neighbours.
    pub arcs_rad: Vec<f64>,
    sharing: Sharing,
}

#[derive(Clone, Debug)]
enum Sharing {
    /// The arcs count every line once.
    Once,
    /// A full turn of a fan sees every line twice.
    Half,
    /// A part of a turn (Parker 1982, Med. Phys. 9:254; Silver 2000, Med. Phys. 27:773): angles
    /// after the beginning of the scan, and half of what it has more than half a turn.
    Parker {
        after_rad: Vec<f64>,
        excess_rad: f64,
    },
}

impl Coverage {
    /// Parallel views count over half a turn, whatever their range and order; a fan needs a full
    /// turn, or half a turn and the fan angle.
    pub fn new(scan: &Geometry) -> Result<Self> {
        if scan.beam() == Beam::Parallel {
            let (arcs_rad, _) = arcs(scan.angles_rad(), PI);
            return Ok(Coverage {
                arcs_rad,
                sharing: Sharing::Once,
            });
        }
        require(scan.views() >= 3, "views of a fan", "at least 3", || {
            scan.views().to_string()
        })?;
        let (arcs_rad, begin) = arcs(scan.angles_rad(), TAU);
        let Some(begin) = begin else {
            return Ok(Coverage {
                arcs_rad,
                sharing: Sharing::Half,
            });
        };
        let scanned = arcs_rad.iter().sum::<f64>();
        let excess_rad = (scanned - PI) / 2.0;
        let last = scan.detector().bins as f64 - 1.0;
        let widest = [0.0, last]
            .map(|bin| scan.fan_angle_rad(scan.detector().position_mm(bin)).abs())
            .into_iter()
            .fold(0.0, f64::max);
        require(
            excess_rad >= widest - 1e-9,
            "angles_rad",
            "a full turn, or at least half a turn plus the fan angle",
            || {
                let needed = (PI + 2.0 * widest).to_degrees();
                format!(
                    "{:.2} degrees of the needed {needed:.2}",
                    scanned.to_degrees()
                )
            },
        )?;
        let after = |t: &f64| (t - begin).rem_euclid(TAU);
        Ok(Coverage {
            arcs_rad,
            sharing: Sharing::Parker {
                after_rad: scan.angles_rad().iter().map(after).collect(),
                excess_rad,
            },
        })
    }

    /// What a ray counts beside the ray that runs the other way, for a fan angle towards +u.
    pub fn share(&self, view: usize, fan_rad: f64) -> f64 {
        match &self.sharing {
            Sharing::Once => 1.0,
            Sharing::Half => 0.5,
            Sharing::Parker {
                after_rad,
                excess_rad,
            } => {
                let after = after_rad[view];
                let before = PI + 2.0 * excess_rad - after;
                let (rise, fall) = (excess_rad + fan_rad, excess_rad - fan_rad);
                let eased = |x: f64, over: f64| {
                    if x >= 2.0 * over {
                        1.0
                    } else {
                        (FRAC_PI_4 * x.max(0.0) / over).sin().powi(2)
                    }
                };
                eased(after, rise) * eased(before, fall)
            }
        }
    }
}

/// Half the gaps to the neighbours on a circle of the given circumference; where a gap is open,
/// the views beside it stand for a median gap, and the scan begins after it. Equal angles share.
fn arcs(angles_rad: &[f64], circle: f64) -> (Vec<f64>, Option<f64>) {
    let n = angles_rad.len();
    let mut order: Vec<(f64, usize)> = angles_rad
        .iter()
        .enumerate()
        .map(|(view, t)| (t.rem_euclid(circle), view))
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let gap = |i: usize| match i + 1 {
        next if next < n => order[next].0 - order[i].0,
        _ => order[0].0 + circle - order[i].0,
    };
    let mut sorted: Vec<f64> = (0..n).map(gap).filter(|g| *g > 1e-9).collect();
    sorted.sort_by(f64::total_cmp);
    // The lower of two: of two views beside each other the other gap is what was not scanned.
    let median = sorted[(sorted.len() - 1) / 2];
    let widest = (0..n)
        .max_by(|&i, &k| gap(i).total_cmp(&gap(k)))
        .unwrap_or(0);
    let open = |i: usize| i == widest && gap(i) > OPEN * median;
    let counted = |i: usize| if open(i) { median } else { gap(i) };
    let mut arcs = vec![0.0; n];
    for (i, &(_, view)) in order.iter().enumerate() {
        arcs[view] = 0.5 * (counted((i + n - 1) % n) + counted(i));
    }
    let begin = open(widest).then(|| order[(widest + 1) % n].0 - 0.5 * median);
    (arcs, begin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::{Detector, Grid, Rotation, Shape, equal_angles_rad};

    #[test]
    fn arcs_add_up_to_what_was_scanned() {
        let equal = equal_angles_rad(7, 0.3, PI, Rotation::Clockwise);
        assert!(
            arcs(&equal, PI)
                .0
                .iter()
                .all(|a| (a - PI / 7.0).abs() < 1e-12)
        );
        // A full turn counts every line twice, and so does a repeated view.
        let turn = equal_angles_rad(14, 0.3, TAU, Rotation::CounterClockwise);
        assert!(
            arcs(&turn, PI)
                .0
                .iter()
                .all(|a| (a - PI / 14.0).abs() < 1e-9)
        );
        let mut repeated = equal_angles_rad(9, 0.0, TAU, Rotation::CounterClockwise);
        repeated.push(TAU);
        let (found, begin) = arcs(&repeated, TAU);
        assert!((found.iter().sum::<f64>() - TAU).abs() < 1e-12 && begin.is_none());
        assert!((found[0] + found[9] - TAU / 9.0).abs() < 1e-12);
        let uneven = [0.0, 0.5, 0.9, 1.6, 2.2, 2.8];
        assert!((arcs(&uneven, PI).0.iter().sum::<f64>() - PI).abs() < 1e-12);
        assert!((arcs(&uneven, PI).0[1] - 0.45).abs() < 1e-12);
        // Two thirds of half a turn: nothing stands for the missing third.
        let part = equal_angles_rad(20, 0.0, 2.0, Rotation::CounterClockwise);
        let (found, begin) = arcs(&part, PI);
        assert!((found.iter().sum::<f64>() - 2.0).abs() < 1e-12);
        assert!((begin.unwrap() + 0.05).abs() < 1e-12);
        assert!((arcs(&[1.0], PI).0[0] - PI).abs() < 1e-12);
    }

    fn fan(arc: f64, views: usize, rotation: Rotation) -> Geometry {
        let beam = Beam::Fan {
            source_mm: 100.0,
            detector_mm: 150.0,
            shape: Shape::Flat,
        };
        let grid = Grid::new(32, 32, [1.0, 1.0]);
        let angles = equal_angles_rad(views, 0.4, arc, rotation);
        Geometry::new(grid, beam, Detector::new(65, 1.5), angles).unwrap()
    }

    /// The two rays along one line count 1 together.
    #[test]
    fn opposite_rays_share() {
        let views = 4000;
        for arc in [PI + 0.7, PI + 1.3, 1.9 * PI] {
            for rotation in [Rotation::CounterClockwise, Rotation::Clockwise] {
                let scan = fan(arc, views, rotation);
                let c = Coverage::new(&scan).unwrap();
                let step = arc / views as f64;
                for fan_rad in [-0.3, -0.1, 0.0, 0.2] {
                    for view in (0..views).step_by(97) {
                        let sign = if rotation == Rotation::Clockwise {
                            -1.0
                        } else {
                            1.0
                        };
                        let other = |half: f64| {
                            let at = view as f64 + (half - sign * 2.0 * fan_rad) / step;
                            let inside = at >= 0.0 && at <= views as f64 - 1.0;
                            if inside {
                                c.share(at.round() as usize, -fan_rad)
                            } else {
                                0.0
                            }
                        };
                        let sum = c.share(view, fan_rad) + other(PI) + other(-PI);
                        assert!((sum - 1.0).abs() < 5e-3, "{arc} {fan_rad} {view}: {sum}");
                    }
                }
            }
        }
    }

    #[test]
    fn too_short_a_scan_is_refused() {
        let error = Coverage::new(&fan(PI, 50, Rotation::Clockwise))
            .err()
            .unwrap();
        assert!(error.to_string().contains("180.00 degrees"), "{error}");
        let full = Coverage::new(&fan(TAU, 50, Rotation::Clockwise)).unwrap();
        assert_eq!(full.share(3, 0.1), 0.5);
    }
}
