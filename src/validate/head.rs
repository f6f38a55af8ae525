//! The Shepp-Logan head in Toft's contrast, the phantom that both modalities share.

use super::error::Failure;
use phantoms::named;
use phantoms::scene::Section;

/// The head in the unit square, y down.
pub(super) fn toft() -> Result<Section, Failure> {
    let head = named("shepp-logan")?;
    // Its values are its own: it takes no notice of the sequence.
    Ok(head.scene_mr(&|_| 0.0)?.section(0.0))
}
