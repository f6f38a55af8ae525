//! `annulus train`.

use super::threads::set_threads;
use super::{Outcome, arguments::Train};
use crate::interrupt::Interrupt;
use crate::io::{IoError, atomic};
use crate::progress::Progress;
use crate::recon::find_device;
use crate::train::{TrainConfig, train};

pub(super) fn run(a: &Train) -> Outcome {
    let config = match &a.protocol {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| IoError::reading(path, &e))?;
            toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?
        }
        None => TrainConfig::default(),
    };
    atomic::may_write(&a.output, a.force)?;
    set_threads(a.threads);
    let device = find_device(a.device.parse()?)?;
    let interrupt = Interrupt::install()?;
    let card = train(&config, &a.output, device, &Progress::for_stderr(), &|| {
        interrupt.asked()
    })?;
    let mut words = format!(
        "written to {}\n{}",
        a.output.display(),
        super::prior::table(&card, None)
    );
    words.push('\n');
    Ok(words)
}
