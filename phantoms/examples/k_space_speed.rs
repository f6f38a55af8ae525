//! Times the analytic multi-coil k-space of every MR phantom of shapes.
//!
//! `cargo run --example k_space_speed [-- SIZE]`

use std::error::Error;
use std::time::Instant;

use phantoms::mr::Sequence;
use phantoms::{TrigCoils, list, named, section_k_space};

fn main() -> Result<(), Box<dyn Error>> {
    let size = std::env::args().nth(1).map_or(Ok(256), |n| n.parse())?;
    let coils = TrigCoils::eight();
    for (name, _) in list() {
        let Ok(phantom) = named(name) else { continue };
        let Ok(scene) = phantom.scene_mr(&|tissue| Sequence::T2.signal(tissue)) else {
            continue;
        };
        let section = scene.section(phantom.principal_mm / phantom.half_mm);
        let start = Instant::now();
        let k = section_k_space(&section, &coils, size, size);
        let seconds = start.elapsed().as_secs_f64();
        let peak = k.iter().fold(0.0, |m: f64, v| m.max(v.norm()));
        eprintln!("{name}: {seconds:.3} s for 8 coils of {size} x {size}, largest {peak:.3}");
    }
    Ok(())
}
