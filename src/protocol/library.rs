//! Where protocols come from: files, and those built into the program.

use super::error::ProtocolError;
use super::nearest::nearest;
use std::path::Path;

struct Builtin {
    name: &'static str,
    title: &'static str,
    text: &'static str,
}

const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "mri/cartesian",
        title: "Any Cartesian raw file: CG-SENSE with ESPIRiT sensitivities",
        text: include_str!("../../protocols/mri/cartesian.toml"),
    },
    Builtin {
        name: "mri/brain-cartesian-r4",
        title: "Brain, Cartesian, 4x: posterior mean and spread",
        text: include_str!("../../protocols/mri/brain-cartesian-r4.toml"),
    },
    Builtin {
        name: "mri/brain-poisson-r8",
        title: "Brain, 2-D Poisson-disc, 8x: posterior mean and spread",
        text: include_str!("../../protocols/mri/brain-poisson-r8.toml"),
    },
    Builtin {
        name: "ct/parallel",
        title: "Any parallel-beam scan: filtered back-projection",
        text: include_str!("../../protocols/ct/parallel.toml"),
    },
    Builtin {
        name: "ct/head-sparse60",
        title: "Head, fan beam, 60 views: posterior mean and spread",
        text: include_str!("../../protocols/ct/head-sparse60.toml"),
    },
    Builtin {
        name: "ct/head-lowdose",
        title: "Head, fan beam, low dose: posterior mean and spread",
        text: include_str!("../../protocols/ct/head-lowdose.toml"),
    },
    Builtin {
        name: "imaging/inpainting-random92",
        title: "Inpainting, 92 % of the pixels missing: posterior mean and spread",
        text: include_str!("../../protocols/imaging/inpainting-random92.toml"),
    },
    Builtin {
        name: "imaging/inpainting-box",
        title: "Inpainting, a box missing: posterior mean and spread",
        text: include_str!("../../protocols/imaging/inpainting-box.toml"),
    },
    Builtin {
        name: "imaging/super-resolution-4x",
        title: "Super-resolution, 4x along each axis: posterior mean and spread",
        text: include_str!("../../protocols/imaging/super-resolution-4x.toml"),
    },
    Builtin {
        name: "imaging/blur-gaussian",
        title: "Deblurring, out of focus: posterior mean and spread",
        text: include_str!("../../protocols/imaging/blur-gaussian.toml"),
    },
    Builtin {
        name: "imaging/blur-motion",
        title: "Deblurring, moved along a line: posterior mean and spread",
        text: include_str!("../../protocols/imaging/blur-motion.toml"),
    },
    Builtin {
        name: "imaging/blur-nonuniform",
        title: "Deblurring, sharper at one side than at the other: posterior mean and spread",
        text: include_str!("../../protocols/imaging/blur-nonuniform.toml"),
    },
    Builtin {
        name: "imaging/blur-saturated",
        title: "Deblurring, a detector that saturates: posterior mean and spread",
        text: include_str!("../../protocols/imaging/blur-saturated.toml"),
    },
    Builtin {
        name: "imaging/phase-retrieval",
        title: "Phase retrieval, magnitudes of diffraction: posterior mean and spread",
        text: include_str!("../../protocols/imaging/phase-retrieval.toml"),
    },
    Builtin {
        name: "imaging/script",
        title: "An operator of your own, a TorchScript network: posterior mean and spread",
        text: include_str!("../../protocols/imaging/script.toml"),
    },
];

const NAMES: [(&str, &str); BUILTINS.len()] = {
    let mut names = [("", ""); BUILTINS.len()];
    let mut i = 0;
    while i < BUILTINS.len() {
        names[i] = (BUILTINS[i].name, BUILTINS[i].title);
        i += 1;
    }
    names
};

/// The built-in protocols: `(name, title)`.
pub fn builtins() -> &'static [(&'static str, &'static str)] {
    &NAMES
}

/// The text of a protocol as it was written, comments and all: a file's or a built-in one's.
///
/// # Errors
/// An unreadable file; an unknown name, with the nearest and the list.
pub fn source(name_or_path: &str) -> Result<String, ProtocolError> {
    Ok(locate(name_or_path)?.0)
}

/// The text of a protocol, and the name that errors give it.
pub(super) fn locate(name_or_path: &str) -> Result<(String, String), ProtocolError> {
    let path = Path::new(name_or_path);
    if name_or_path.ends_with(".toml") || path.is_file() {
        return Ok((read(path)?, name_or_path.to_string()));
    }
    match BUILTINS.iter().find(|known| known.name == name_or_path) {
        Some(found) => Ok((found.text.to_string(), format!("{name_or_path} (built-in)"))),
        None => Err(ProtocolError::Name(refusal(name_or_path))),
    }
}

/// The text of a file.
pub(super) fn read(path: &Path) -> Result<String, ProtocolError> {
    std::fs::read_to_string(path).map_err(|source| ProtocolError::Read {
        path: path.to_path_buf(),
        source,
    })
}

fn refusal(name: &str) -> String {
    let names: Vec<&str> = BUILTINS.iter().map(|known| known.name).collect();
    let hint = nearest(name, &names)
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default();
    let list = names.join(", ");
    format!("no protocol is named `{name}`{hint} (built in: {list}; or the path of a .toml file)")
}

#[cfg(test)]
mod tests {
    use super::super::{Method, Protocol};
    use super::*;
    use crate::protocol::{ByRule, Rule};

    #[test]
    fn every_builtin_parses_and_passes_the_check() {
        for (name, title) in builtins() {
            let protocol = Protocol::find(name).unwrap();
            assert_eq!(protocol.title, *title, "{name}");
            assert!(protocol.check().is_empty(), "{name}");
            assert!(protocol.selected().is_ok(), "{name}");
        }
    }

    #[test]
    fn the_builtins_say_what_scripts_rely_on() {
        assert_eq!(Protocol::find("mri/cartesian").unwrap().run, "cg-sense");
        assert_eq!(Protocol::find("ct/parallel").unwrap().run, "fbp");
        for name in ["ct/head-sparse60", "ct/head-lowdose"] {
            let head = Protocol::find(name).unwrap();
            assert_eq!(head.prior.as_ref().unwrap().model, "head-local");
            assert!(matches!(
                head.selected().unwrap(),
                Method::Bridge(bridge) if bridge.draw == crate::protocol::Draw::Network && bridge.start_sigma == Some(ByRule::Rule(Rule::Rule))
            ));
        }
        let brain = Protocol::find("mri/brain-cartesian-r4").unwrap();
        assert!(matches!(
            brain.selected().unwrap(),
            Method::Bridge(bridge) if (bridge.levels, bridge.samples) == (40, 8)
        ));
    }

    #[test]
    fn an_unknown_name_gets_the_nearest_and_the_list() {
        let error = Protocol::find("mri/brain-cartesian-r8").unwrap_err();
        let said = error.to_string();
        assert!(said.contains("did you mean `mri/brain-cartesian-r4`?"));
        assert!(said.contains("mri/brain-poisson-r8"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let said = Protocol::find("no/such/file.toml").unwrap_err().to_string();
        assert!(said.contains("no/such/file.toml"), "{said}");
    }
}
