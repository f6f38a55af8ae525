//! The words of a model card, by family.

use super::{Family, TrainConfig};
use crate::score::{Card, Network, NetworkCard, TrainingCard};

/// What a training run can say of its prior before it is measured.
pub(super) fn card(
    config: &TrainConfig,
    data_range: [f64; 2],
    volumes: Option<&str>,
    network: NetworkCard,
    training: TrainingCard,
    weights_sha256: String,
) -> Card {
    let (intended_use, normalisation) = words(config.family);
    Card {
        name: config.name.clone(),
        training_set: training_set(config, volumes),
        intended_use: intended_use.into(),
        channels: config.family.channels(),
        normalisation: normalisation.into(),
        unit_hu: config.family.unit_hu(),
        quantile: 0.995,
        quantile_value: 1.0,
        data_range,
        sigma_range: config.sigma_range,
        network: Network::Local(network),
        training: Some(training),
        levels: Vec::new(),
        weights_sha256,
    }
}

fn words(family: Family) -> (&'static str, &'static str) {
    match family {
        Family::BrainMr => (
            "Complex MR images of about 1 mm pixels; a local prior of edges and textures, not of \
             one organ. A demonstration: not for diagnosis.",
            "magnitude divided by its 99.5 % quantile over the volume",
        ),
        Family::MrMagnitude => (
            "Magnitude MR images; a local prior of edges and textures, not of one organ. A \
             demonstration: not for diagnosis.",
            "divided by the 99.5 % quantile over the volume",
        ),
        Family::HeadCt => (
            "CT of the head, pixels of about 1 mm. A structural demonstration made from drawings, \
             not from scans of patients: it knows edges, textures and the HU of tissues, not \
             disease. Not for diagnosis.",
            "HU / 1000: water is 0, air -1",
        ),
    }
}

fn training_set(config: &TrainConfig, volumes: Option<&str>) -> String {
    let size = config.size;
    let drawn = match config.family {
        Family::BrainMr | Family::MrMagnitude => procedural(config, volumes.is_some()),
        Family::HeadCt => format!(
            "{} drawings of {size} x {size} pixels of {} to {} mm: sections of heads of label maps \
             (subjects 1 to 18, see NOTICE) with tissues at 70 keV, layered skulls, texture and \
             lesions, and regions, ellipses and lines that are no anatomy (annulus-phantoms, seed \
             {}){}",
            config.slices,
            config.pixel_mm[0],
            config.pixel_mm[1],
            config.seed,
            if volumes.is_some() {
                ""
            } else {
                "; no scan of a patient"
            }
        ),
    };
    match volumes {
        None => drawn,
        Some(volumes) => format!(
            "{drawn}; {:.0} % of the images are instead sections of the user's own volumes, mildly \
             deformed ({volumes}): {}",
            100.0 * config.volume_share,
            match config.volume_origin.as_str() {
                "" => "their origin was not stated",
                origin => origin,
            }
        ),
    }
}

fn procedural(config: &TrainConfig, volumes: bool) -> String {
    let size = config.size;
    let labels = match &config.labels {
        Some(_) => format!(
            " and, {:.0} % of them, sections of the label maps that the user named, with random \
             contrasts",
            100.0 * config.label_share
        ),
        None if volumes => String::new(),
        None => "; no patient data".into(),
    };
    let rich = match config.rich_texture {
        0.0 => String::new(),
        share => format!(
            ", {:.0} % with networks, fibres, lobules and fine noise as texture",
            100.0 * share
        ),
    };
    let drawn_anew = match config.redraw_images {
        0 => String::new(),
        n => format!(", drawn anew every {n} crops"),
    };
    format!(
        "{} procedural images of {size} x {size} pixels{drawn_anew}: warped spline brains with \
         random contrasts, random regions, ellipses, lines, texture, bias field and phase{rich} \
         (annulus-phantoms, seed {}){labels}",
        config.slices, config.seed
    )
}
