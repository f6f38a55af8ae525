//! A CT scan of either kind, with its beam, angles and centre worked out.

use super::probe::Beam;
use super::tomography::{Fan, Parallel, Rotation};

/// What `[acquisition.parallel]` and `[acquisition.fan]` share, and the beam in which they differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Projections {
    /// How the rays of a view run.
    pub beam: Beam,
    /// Views.
    pub views: usize,
    /// Angle of the first view, in degrees.
    pub first_angle_deg: f64,
    /// The arc of all views, in degrees, whichever way the gantry turns.
    pub arc_deg: f64,
    /// The way the gantry turns.
    pub rotation: Rotation,
    /// Detector bins.
    pub bins: usize,
    /// Distance of two bins, in mm, at the detector.
    pub pitch_mm: f64,
    /// Shift of the detector towards +u, in mm, where the protocol says it.
    pub offset_mm: Option<f64>,
    /// The column that the ray through the rotation axis meets, where the protocol says it.
    pub centre_column: Option<f64>,
    /// Photons of a ray without an object.
    pub photons: f64,
    /// Mean photons of a ray that did not come straight.
    pub background: f64,
    /// Deviation of the electronic noise, in photons.
    pub electronic_noise: f64,
    /// Slices.
    pub slices: usize,
    /// Thickness of a slice, in mm.
    pub slice_thickness_mm: f64,
    /// Effective energy, in keV.
    pub energy_kev: Option<f64>,
    /// Frames without an object.
    pub flats: usize,
    /// Frames without a beam.
    pub darks: usize,
}

impl Projections {
    /// The angle of each view: view `i` of `n` stands at `first ± arc i / n`.
    pub fn angles_deg(&self) -> Vec<f64> {
        let step_deg = self.signed_arc_deg() / self.views as f64;
        (0..self.views)
            .map(|view| self.first_angle_deg + step_deg * view as f64)
            .collect()
    }

    /// The arc from the first view on, negative for a clockwise turn.
    pub fn signed_arc_deg(&self) -> f64 {
        match self.rotation {
            Rotation::CounterClockwise => self.arc_deg,
            Rotation::Clockwise => -self.arc_deg,
        }
    }

    /// What the protocol says of the column that the ray through the rotation axis meets, on a
    /// detector of so many bins (the raw file's number may be another).
    pub fn stated_centre_column(&self, bins: usize) -> Option<f64> {
        let middle = (bins as f64 - 1.0) / 2.0;
        let moved = self
            .offset_mm
            .map(|offset_mm| middle - offset_mm / self.pitch_mm);
        self.centre_column.or(moved)
    }

    /// The distance of two bins, seen at the rotation axis.
    pub fn pitch_at_axis_mm(&self) -> f64 {
        match self.beam {
            Beam::Parallel => self.pitch_mm,
            Beam::Fan {
                source_mm,
                detector_mm,
                ..
            } => self.pitch_mm * source_mm / detector_mm,
        }
    }

    /// The column that the ray through the rotation axis meets; the middle if nothing is said.
    pub fn axis_column(&self) -> f64 {
        self.stated_centre_column(self.bins)
            .unwrap_or((self.bins as f64 - 1.0) / 2.0)
    }
}

impl From<&Parallel> for Projections {
    fn from(table: &Parallel) -> Self {
        Self {
            beam: Beam::Parallel,
            views: table.views,
            first_angle_deg: table.first_angle_deg,
            arc_deg: table.arc_deg,
            rotation: table.rotation,
            bins: table.bins,
            pitch_mm: table.pitch_mm,
            offset_mm: table.offset_mm,
            centre_column: table.centre_column,
            photons: table.photons,
            background: table.background,
            electronic_noise: table.electronic_noise,
            slices: table.slices,
            slice_thickness_mm: table.slice_thickness_mm,
            energy_kev: table.energy_kev,
            flats: table.flats,
            darks: table.darks,
        }
    }
}

impl From<&Fan> for Projections {
    fn from(table: &Fan) -> Self {
        Self {
            beam: Beam::Fan {
                source_mm: table.source_mm,
                detector_mm: table.detector_mm,
                detector: table.detector,
            },
            views: table.views,
            first_angle_deg: table.first_angle_deg,
            arc_deg: table.arc_deg,
            rotation: table.rotation,
            bins: table.bins,
            pitch_mm: table.pitch_mm,
            offset_mm: table.offset_mm,
            centre_column: table.centre_column,
            photons: table.photons,
            background: table.background,
            electronic_noise: table.electronic_noise,
            slices: table.slices,
            slice_thickness_mm: table.slice_thickness_mm,
            energy_kev: table.energy_kev,
            flats: table.flats,
            darks: table.darks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::probe::column;
    use super::*;

    fn scan(more: &str) -> Projections {
        let text = format!("views = 4\nbins = 10\npitch_mm = 2\nphotons = 1e5\n{more}");
        Projections::from(&toml::from_str::<Parallel>(&text).unwrap())
    }

    #[test]
    fn the_end_of_the_arc_is_no_view() {
        assert_eq!(scan("").angles_deg(), [0.0, 45.0, 90.0, 135.0]);
        let back = scan("first_angle_deg = 10\narc_deg = 360\nrotation = \"clockwise\"");
        assert_eq!(back.angles_deg(), [10.0, -80.0, -170.0, -260.0]);
    }

    #[test]
    fn the_axis_lies_in_the_middle_unless_something_is_said() {
        assert_eq!(scan("").axis_column(), 4.5);
        assert_eq!(scan("").stated_centre_column(10), None);
        assert_eq!(scan("centre_column = 3.25").axis_column(), 3.25);
        let moved = scan("offset_mm = 0.5");
        assert_eq!(moved.axis_column(), 4.25);
        assert_eq!(moved.stated_centre_column(21), Some(9.75));
    }

    #[test]
    fn the_axis_column_is_where_the_axis_lands() {
        for more in ["", "offset_mm = -0.7", "centre_column = 6.5"] {
            let scan = scan(more);
            let axis = scan.axis_column();
            let lands = column(scan.beam, 33.0, [0.0, 0.0], scan.pitch_mm, axis);
            assert_eq!(lands, axis, "{more}");
        }
    }
}
