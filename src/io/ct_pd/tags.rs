//! The private elements of DICOM-CT-PD and how they are decoded.
//!
//! Under implicit VR, and after some anonymisers, a private element arrives as bytes without a type (UN); the type
//! is then the published one.

use dicom_core::{Tag, VR};
use dicom_object::DefaultDicomObject;
use dicom_object::mem::InMemElement;

pub(in crate::io) const SPACING: Tag = Tag(0x7029, 0x1002);
pub(in crate::io) const SPACING_AXIAL: Tag = Tag(0x7029, 0x1006);
pub(in crate::io) const SHAPE: Tag = Tag(0x7029, 0x100b);
pub(in crate::io) const ROWS: Tag = Tag(0x7029, 0x1010);
pub(in crate::io) const COLUMNS: Tag = Tag(0x7029, 0x1011);
pub(in crate::io) const ANGLE: Tag = Tag(0x7031, 0x1001);
pub(in crate::io) const AXIAL_POSITION: Tag = Tag(0x7031, 0x1002);
pub(in crate::io) const SOURCE_RADIUS: Tag = Tag(0x7031, 0x1003);
pub(in crate::io) const SOURCE_TO_DETECTOR: Tag = Tag(0x7031, 0x1031);
pub(in crate::io) const CENTRAL_ELEMENT: Tag = Tag(0x7031, 0x1033);
/// The angular shift as published, the axial one in dictionary version 8.
pub(in crate::io) const SHIFT_B: Tag = Tag(0x7033, 0x100b);
/// The axial shift as published, the angular one in dictionary version 8.
pub(in crate::io) const SHIFT_C: Tag = Tag(0x7033, 0x100c);
pub(in crate::io) const SHIFT_RADIAL: Tag = Tag(0x7033, 0x100d);
pub(in crate::io) const FOCAL_SPOT_MODE: Tag = Tag(0x7033, 0x100e);
pub(in crate::io) const VIEWS_PER_TURN: Tag = Tag(0x7033, 0x1013);
pub(in crate::io) const SPECTRUM: Tag = Tag(0x7033, 0x1063);
pub(in crate::io) const PHOTONS: Tag = Tag(0x7033, 0x1065);
pub(in crate::io) const DATA_TYPE: Tag = Tag(0x7037, 0x1009);
pub(in crate::io) const GEOMETRY: Tag = Tag(0x7037, 0x100a);
pub(in crate::io) const BEAM_HARDENING_FLAG: Tag = Tag(0x7039, 0x1003);
pub(in crate::io) const GAIN_FLAG: Tag = Tag(0x7039, 0x1004);
pub(in crate::io) const DARK_FLAG: Tag = Tag(0x7039, 0x1005);
pub(in crate::io) const FLAT_FLAG: Tag = Tag(0x7039, 0x1006);
pub(in crate::io) const BAD_PIXEL_FLAG: Tag = Tag(0x7039, 0x1007);
pub(in crate::io) const SCATTER_FLAG: Tag = Tag(0x7039, 0x1008);
pub(in crate::io) const LOG_FLAG: Tag = Tag(0x7039, 0x1009);
pub(in crate::io) const WATER: Tag = Tag(0x7041, 0x1001);
/// Where dictionary version 8 keeps the attenuation of water.
pub(in crate::io) const WATER_OLD: Tag = Tag(0x0018, 0x0061);

/// Our own block: what recovers the counts.
pub(in crate::io) const OWN_GROUP: u16 = 0x7051;
pub(in crate::io) const OWN_CREATOR: &str = "ANNULUS CT";
pub(in crate::io) const OWN_FLAT: u8 = 0x01;
pub(in crate::io) const OWN_FLAT_VARIANCE: u8 = 0x02;
pub(in crate::io) const OWN_DARK: u8 = 0x03;
pub(in crate::io) const OWN_DARK_VARIANCE: u8 = 0x04;
pub(in crate::io) const OWN_FRAMES: u8 = 0x05;
pub(in crate::io) const OWN_COUNTS: u8 = 0x06;

/// The published type of a private element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::io) enum Published {
    /// 16-bit whole numbers.
    Us,
    /// 32-bit floats.
    Fl,
    /// Numbers as text.
    Ds,
}

/// The numbers of an element, or nothing where it is absent, empty or no number.
pub(super) fn numbers(
    object: &DefaultDicomObject,
    tag: Tag,
    published: Published,
) -> Option<Vec<f64>> {
    decode(object.get(tag)?, published)
}

/// The numbers of an element of our own block.
pub(super) fn own_numbers(
    object: &DefaultDicomObject,
    element: u8,
    published: Published,
) -> Option<Vec<f64>> {
    let element = object
        .private_element(OWN_GROUP, OWN_CREATOR, element)
        .ok()?;
    decode(element, published)
}

fn decode(element: &InMemElement, published: Published) -> Option<Vec<f64>> {
    let untyped = matches!(element.vr(), VR::UN | VR::OB | VR::OW);
    let numbers: Vec<f64> = match (untyped, published) {
        (true, Published::Us) => pieces(element, |b: [u8; 2]| u16::from_le_bytes(b).into())?,
        (true, Published::Fl) => pieces(element, |b: [u8; 4]| f32::from_le_bytes(b).into())?,
        (true, Published::Ds) => {
            let bytes = element.to_bytes().ok()?;
            parse(&String::from_utf8_lossy(&bytes))?
        }
        (false, _) if is_text(element.vr()) => parse(&element.to_str().ok()?)?,
        (false, _) => element.to_multi_float64().ok()?,
    };
    (!numbers.is_empty()).then_some(numbers)
}

fn is_text(vr: VR) -> bool {
    matches!(
        vr,
        VR::DS | VR::IS | VR::LO | VR::SH | VR::CS | VR::LT | VR::ST | VR::UT
    )
}

/// Numbers of N bytes each; a rest that is too short is padding.
fn pieces<const N: usize>(element: &InMemElement, read: fn([u8; N]) -> f64) -> Option<Vec<f64>> {
    let bytes = element.to_bytes().ok()?;
    let whole = bytes.chunks_exact(N);
    Some(whole.filter_map(|b| b.try_into().ok()).map(read).collect())
}

fn parse(text: &str) -> Option<Vec<f64>> {
    let trim = |s: &str| s.trim_matches(['\0', ' ']).parse().ok();
    text.trim_end_matches(['\0', ' '])
        .split('\\')
        .map(trim)
        .collect()
}

/// The text of an element, in capitals; nothing where it is absent or empty.
pub(super) fn code(object: &DefaultDicomObject, tag: Tag) -> Option<String> {
    let element = object.get(tag)?;
    let text = match element.vr() {
        VR::UN | VR::OB | VR::OW => String::from_utf8_lossy(&element.to_bytes().ok()?).into_owned(),
        _ => element.to_str().ok()?.into_owned(),
    };
    let text = text.trim_matches(['\0', ' ']).to_uppercase();
    (!text.is_empty()).then_some(text)
}
