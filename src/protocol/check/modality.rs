//! What belongs to another kind of scanner.

use super::Problems;
use crate::protocol::acquisition::Acquisition;
use crate::protocol::forward::Degradation;
use crate::protocol::likelihood::Likelihood;
use crate::protocol::preparation::{self, Preparation};
use crate::protocol::sampler::McgForm;
use crate::protocol::{Modality, Nuisance, Protocol, known};
use toml::Table;

/// Tables, methods and keys of another modality.
pub(super) fn modality(protocol: &Protocol, problems: &mut Problems) {
    for (key, owners) in tables(protocol) {
        if !owners.contains(&protocol.modality) {
            let names: Vec<_> = owners.iter().map(|o| format!("\"{}\"", o.name())).collect();
            let owners = names.join(" or ");
            problems.add(&key, format!("[{key}] belongs to `modality` = {owners}"));
        }
    }
    for name in protocol.method.tables() {
        if !known::fits(name, protocol.modality) {
            let message = known::unfit(name, protocol.modality);
            problems.add(&format!("method.{name}"), message);
        }
    }
    mcg(protocol, problems);
    let [given, default] = [&protocol.preparation, &Preparation::default()].map(table);
    for (key, owner) in preparation::foreign(protocol.modality) {
        if given
            .get(key)
            .is_some_and(|value| Some(value) != default.get(key))
        {
            let (key, owner) = (format!("preparation.{key}"), owner.name());
            let message = format!("`{key}` belongs to `modality` = \"{owner}\"");
            problems.add(&key, message);
        }
    }
}

/// MCG where it would be something else.
fn mcg(protocol: &Protocol, problems: &mut Problems) {
    let Some(mcg) = protocol.method.mcg.as_ref() else {
        return;
    };
    if protocol.modality == Modality::Ct {
        return;
    }
    match (mcg.zeta, mcg.form) {
        (Some(_), None | Some(McgForm::BackProjection)) => problems.add(
            "method.mcg.form",
            "`method.mcg.form` = \"back-projection\", the published form for CT, is for `modality` = \
             \"ct\"; here `zeta` goes with `form` = \"projection\""
                .into(),
        ),
        (None, _) if !has_singular_values(protocol) => problems.add(
            "method.mcg.weight",
            "[method.mcg] without `zeta` needs to know what was not measured, as for CT, inpainting, \
             super-resolution and a blur; here it would be `dps`: take that"
                .into(),
        ),
        _ => {}
    }
}

/// Whether the operator tells what it does not measure.
fn has_singular_values(protocol: &Protocol) -> bool {
    let tables = protocol.forward.as_ref().map(|f| f.tables());
    tables.unwrap_or_default().iter().any(|one| {
        matches!(
            one,
            Degradation::Inpainting(_) | Degradation::SuperResolution(_) | Degradation::Blur(_)
        )
    })
}

const MRI: &[Modality] = &[Modality::Mri];
const CT: &[Modality] = &[Modality::Ct];
const IMAGING: &[Modality] = &[Modality::Imaging];
const CT_OR_IMAGING: &[Modality] = &[Modality::Ct, Modality::Imaging];

/// The tables that are there and belong to some modalities alone.
fn tables(protocol: &Protocol) -> Vec<(String, &'static [Modality])> {
    let mut found = Vec::new();
    if let Some(acquisition) = &protocol.acquisition {
        let owner = match acquisition {
            Acquisition::Cartesian(_) => MRI,
            Acquisition::Parallel(_) | Acquisition::Fan(_) => CT,
        };
        found.push((format!("acquisition.{}", acquisition.name()), owner));
    }
    if protocol.sensitivities.is_some() {
        found.push(("sensitivities.espirit".to_string(), MRI));
    }
    if protocol.image.is_some() {
        found.push(("image".to_string(), CT_OR_IMAGING));
    }
    if protocol.forward.is_some() {
        found.push(("forward".to_string(), IMAGING));
    }
    if let Some(likelihood) = &protocol.likelihood {
        let owners = match likelihood {
            Likelihood::Poisson(_) | Likelihood::Pwls(_) => CT,
            Likelihood::Gaussian(_) => CT_OR_IMAGING,
            Likelihood::Emission(_) | Likelihood::Rician(_) => IMAGING,
        };
        found.push((format!("likelihood.{}", likelihood.name()), owners));
    }
    if let Some(nuisance) = &protocol.nuisance {
        let owners = match nuisance {
            Nuisance::Kernel(_) => IMAGING,
            Nuisance::Sensitivities(_) => MRI,
            Nuisance::Centre(_) => CT,
        };
        found.push((format!("nuisance.{}", nuisance.name()), owners));
    }
    found
}

/// A count too large for TOML has no table; it is no key of another modality.
fn table(preparation: &Preparation) -> Table {
    Table::try_from(preparation).unwrap_or_default()
}
