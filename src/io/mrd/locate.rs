//! Fields of view, thickness and affine of an MRD file, with the assumptions where it does not say.

use crate::io::mrd_geometry::{Grid, place};
use crate::io::mrd_header::MrdHeader;
use crate::io::mrd_index::Index;
use crate::io::raw::{RawHeader, ReadOptions, assumed_affine};

/// Fills the geometry of the header; returns the order of the slices by position.
pub(super) fn locate(
    header: &mut RawHeader,
    mrd: &MrdHeader,
    index: &Index,
    options: &ReadOptions,
) -> Vec<u16> {
    let known = fields_of_view(header, mrd, options);
    let thickness = [mrd.recon_fov_mm[2], mrd.encoded_fov_mm[2]]
        .into_iter()
        .find(|&t| t > 0.0);
    if thickness.is_none() {
        header
            .warnings
            .push("the header has no slice thickness: 1 mm is assumed".to_owned());
    }
    header.slice_thickness_mm = thickness.unwrap_or(1.0);
    let pixel_mm = [0, 1].map(|a| header.recon_fov_mm[a] / header.recon[a] as f64);
    let grid = Grid {
        recon: header.recon,
        pixel_mm,
        thickness_mm: header.slice_thickness_mm,
        slices: header.slices,
    };
    let siemens = mrd
        .vendor
        .as_deref()
        .is_some_and(|v| v.eq_ignore_ascii_case("siemens"));
    let placed = place(&index.frames, grid, siemens);
    header.warnings.extend(placed.warnings);
    header.geometry_known = known && placed.affine_lps_mm.is_some();
    header.affine_lps_mm = placed
        .affine_lps_mm
        .unwrap_or_else(|| assumed_affine(grid.recon, grid.slices, pixel_mm, grid.thickness_mm));
    placed.order
}

/// The fields of view (y, x): the header's, else from each other, else from the options, else 1 mm pixels.
/// Returns whether they come from the header.
fn fields_of_view(header: &mut RawHeader, mrd: &MrdHeader, options: &ReadOptions) -> bool {
    let mut known = true;
    for (a, axis) in [(0, 1), (1, 0)] {
        let [encoded, recon] = [header.encoded[a] as f64, header.recon[a] as f64];
        let (encoded_fov, recon_fov) = match (mrd.encoded_fov_mm[axis], mrd.recon_fov_mm[axis]) {
            (e, r) if e > 0.0 && r > 0.0 => (e, r),
            (e, _) if e > 0.0 => (e, e * recon / encoded),
            (_, r) if r > 0.0 => (r * encoded / recon, r),
            _ => {
                known = false;
                let recon_fov = options.fov_mm.map_or(recon, |fov| fov[axis]);
                (recon_fov * encoded / recon, recon_fov)
            }
        };
        header.encoded_fov_mm[a] = encoded_fov;
        header.recon_fov_mm[a] = recon_fov;
    }
    if !known && options.fov_mm.is_none() {
        header
            .warnings
            .push("the header has no field of view: pixels of 1 mm are assumed".to_owned());
    }
    known || options.fov_mm.is_some()
}
