//! Makes `data/heads-*.bin` from a folder of SynthSeg's label maps.
//!
//! `cargo run --release --example make_head_sections -- FOLDER OUTPUT_FOLDER`
//!
//! Subjects 1 to 18 are for training, 19 and 20 are held out.

use std::error::Error;
use std::path::{Path, PathBuf};

use ndarray::{Array3, s};
use nifti::{IntoNdArray, NiftiObject, ReaderOptions};
use phantoms::ct::{Section, pack_sections};

/// Millimetres between two sections.
const STEP: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let (Some(folder), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("expected a folder of label maps and a folder to write to".into());
    };
    for (name, subjects) in [("training", 1..=18), ("held-out", 19..=20)] {
        let mut heads = Vec::new();
        for subject in subjects {
            let labels = read(&folder.join(format!("training_seg_{subject:02}.nii.gz")))?;
            heads.push(Section::of_synthseg_volume(&labels, STEP));
        }
        let packed = pack_sections(&heads)?;
        eprintln!("{name}: {} bytes", packed.len());
        std::fs::write(output.join(format!("heads-{name}.bin")), packed)?;
    }
    Ok(())
}

/// Labels from top to bottom, from front to back, and from right to left: the files run from right
/// to left, from top to bottom, and from back to front.
fn read(path: &Path) -> Result<Array3<u16>, Box<dyn Error>> {
    let volume = ReaderOptions::new().read_file(path)?.into_volume();
    let labels = volume
        .into_ndarray::<f32>()?
        .into_dimensionality::<ndarray::Ix3>()?;
    let turned = labels.permuted_axes([1, 2, 0]);
    Ok(turned.slice(s![.., ..;-1, ..]).mapv(|label| label as u16))
}
