//! Writes slices of head CT as raw little-endian f32, and how long they took.
//!
//! `cargo run --example head_contact_sheet -- OUTPUT COUNT [held-out]`

use std::error::Error;
use std::time::Instant;

use phantoms::ct::{CtGrid, HeadCt};
use rayon::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [output, count, rest @ ..] = &arguments[..] else {
        return Err("expected a file to write to and a number of slices".into());
    };
    let family = match rest.first() {
        Some(_) => HeadCt::held_out(1),
        None => HeadCt::training(1),
    };
    let grid = CtGrid::new(192, 192, 1.2)?;
    let start = Instant::now();
    let slices: Vec<_> = (0..count.parse::<u64>()?)
        .into_par_iter()
        .map(|index| family.slice(index, &grid))
        .collect();
    let seconds = start.elapsed().as_secs_f64();
    eprintln!("{:.1} slices a second", slices.len() as f64 / seconds);
    let bytes: Vec<u8> = slices
        .iter()
        .flatten()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    std::fs::write(output, bytes)?;
    Ok(())
}
