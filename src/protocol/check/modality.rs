//! What belongs to another kind of scanner.

use super::Problems;
use crate::protocol::acquisition::Acquisition;
use crate::protocol::preparation::{self, Preparation};
use crate::protocol::{Modality, Protocol, known};
use toml::Table;

/// Tables, methods and keys of another modality.
pub(super) fn modality(protocol: &Protocol, problems: &mut Problems) {
    for (key, owner) in tables(protocol) {
        if owner != protocol.modality {
            let owner = owner.name();
            problems.add(&key, format!("[{key}] belongs to `modality` = \"{owner}\""));
        }
    }
    for name in protocol.method.tables() {
        if !known::fits(name, protocol.modality) {
            let message = known::unfit(name, protocol.modality);
            problems.add(&format!("method.{name}"), message);
        }
    }
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

/// The tables that are there and belong to one modality.
fn tables(protocol: &Protocol) -> Vec<(String, Modality)> {
    let mut found = Vec::new();
    if let Some(acquisition) = &protocol.acquisition {
        let owner = match acquisition {
            Acquisition::Cartesian(_) => Modality::Mri,
            Acquisition::Parallel(_) | Acquisition::Fan(_) => Modality::Ct,
        };
        found.push((format!("acquisition.{}", acquisition.name()), owner));
    }
    if protocol.sensitivities.is_some() {
        found.push(("sensitivities.espirit".to_string(), Modality::Mri));
    }
    if protocol.image.is_some() {
        found.push(("image".to_string(), Modality::Ct));
    }
    if let Some(likelihood) = &protocol.likelihood {
        found.push((format!("likelihood.{}", likelihood.name()), Modality::Ct));
    }
    found
}

/// A count too large for TOML has no table; it is no key of another modality.
fn table(preparation: &Preparation) -> Table {
    Table::try_from(preparation).unwrap_or_default()
}
