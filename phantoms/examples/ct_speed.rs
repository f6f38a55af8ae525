//! Times the counts of a head image: `cargo run --example ct_speed`.

use std::error::Error;
use std::f64::consts::PI;
use std::time::Instant;

use phantoms::ct::{CtGrid, CtPhantom, Exposure, ScanRays, expected_counts, noisy_counts};

fn main() -> Result<(), Box<dyn Error>> {
    let grid = CtGrid::new(192, 192, 1.2)?;
    let angles: Vec<f64> = (0..360).map(|v| PI * f64::from(v) / 360.0).collect();
    let rays = ScanRays::parallel(&angles, 277, 1.2, 0.0);
    let exposure = Exposure {
        photons: 1e5,
        background: 5.0,
        electronic: 3.0,
    };
    for name in ["head", "forbild-head", "water-disc"] {
        let start = Instant::now();
        let object = CtPhantom::named(name, 1, 20, 40, 70.0)?.attenuation(&grid)?;
        let drawn = start.elapsed();
        let expected = expected_counts(object.as_ref(), &rays, &exposure)?;
        let traced = start.elapsed();
        let counts = noisy_counts(&expected, exposure.electronic, 1, 20)?;
        eprintln!(
            "{name}: drawn {drawn:?}, counts {:?}, noise {:?}, fewest {:.1}",
            traced - drawn,
            start.elapsed() - traced,
            counts.iter().copied().fold(f64::INFINITY, f64::min)
        );
    }
    Ok(())
}
