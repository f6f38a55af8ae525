//! What is impossible in what is unknown beside the image.

use super::Problems;
use crate::protocol::sampler::Covariance;
use crate::protocol::{Method, Nuisance, Protocol};

/// Widest square that a kernel may deviate in: each pixel of it is a coefficient.
const MOST_SIZE: usize = 41;
/// Most half waves of a coil: 45 coefficients each.
const MOST_ORDER: usize = 8;

/// The table, and the method that runs.
pub(super) fn nuisance(protocol: &Protocol, problems: &mut Problems) {
    let Some(nuisance) = &protocol.nuisance else {
        return;
    };
    match nuisance {
        Nuisance::Kernel(table) => {
            let size = table.size_pixels;
            let key = "nuisance.kernel.size_pixels";
            let holds = (3..=MOST_SIZE).contains(&size);
            problems.need(holds, key, size, format!("from 3 to {MOST_SIZE}"));
            problems.positive("nuisance.kernel.weight_std", table.weight_std);
            if protocol.forward.as_ref().is_some_and(|f| f.blur.is_none()) {
                let message = "[nuisance.kernel] goes with [forward.blur], whose kernel it is of";
                problems.add("nuisance.kernel", message.into());
            }
        }
        Nuisance::Sensitivities(table) => {
            let (order, key) = (table.order, "nuisance.sensitivities.order");
            let holds = order <= MOST_ORDER;
            problems.need(holds, key, order, format!("at most {MOST_ORDER}"));
            let key = "nuisance.sensitivities.relative_std";
            problems.positive(key, table.relative_std);
        }
        Nuisance::Centre(table) => {
            problems.positive("nuisance.centre.std_columns", table.std_columns);
        }
    }
    let Ok(method) = protocol.selected() else {
        return;
    };
    if !draws_pairs(&method) {
        let table = format!("nuisance.{}", nuisance.name());
        let message = format!(
            "[{table}] goes with methods `bridge` (but for covariance = \"jacobian\") and `dps` (without \
             `clip`), `run` = \"{}\": choose one of them, or leave the table out",
            protocol.run
        );
        problems.add(&table, message);
    }
}

fn draws_pairs(method: &Method) -> bool {
    match method {
        Method::Bridge(m) => m.covariance != Covariance::Jacobian,
        Method::Dps(m) => m.clip.is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::{Protocol, ProtocolError};

    const KERNEL: &str = "nuisance.kernel={size_pixels=9, weight_std=0.01}";
    const COILS: &str = "nuisance.sensitivities={order=2, relative_std=0.1}";
    const CENTRE: &str = "nuisance.centre.std_columns=2";

    /// What is said of these arguments.
    fn said(name: &str, arguments: &[&str]) -> Vec<String> {
        let mut protocol = Protocol::find(name).unwrap();
        match protocol.set_all(arguments) {
            Ok(()) => Vec::new(),
            Err(ProtocolError::Invalid(problems)) => {
                problems.into_iter().map(|p| p.message).collect()
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn each_goes_with_its_modality_and_two_methods() {
        let (imaging, mri, ct) = (
            "imaging/blur-motion",
            "mri/brain-cartesian-r4",
            "ct/head-sparse60",
        );
        for (name, own) in [(imaging, KERNEL), (mri, COILS), (ct, CENTRE)] {
            assert!(
                said(name, &[own]).is_empty(),
                "{name}: {:?}",
                said(name, &[own])
            );
            let dps = |table| said(name, &[table, "run=dps", own]);
            for table in ["method.dps.weight=sigma", "method.dps.zeta=1"] {
                assert!(dps(table).is_empty(), "{name}");
            }
            for refused in [
                dps("method.dps={zeta=1, clip=1}"),
                said(
                    name,
                    &[
                        own,
                        "method.bridge.covariance=jacobian",
                        "method.bridge.pullback=true",
                    ],
                ),
                said(name, &[own, "method.dds={}", "run=dds"]),
            ] {
                assert!(
                    refused
                        .iter()
                        .any(|m| m.contains("goes with methods `bridge`")),
                    "{refused:?}"
                );
            }
            for other in [KERNEL, COILS, CENTRE]
                .into_iter()
                .filter(|other| *other != own)
            {
                let refused = said(name, &[other]);
                assert!(
                    refused[0].contains("belongs to `modality` ="),
                    "{refused:?}"
                );
            }
        }
    }

    #[test]
    fn numbers_are_checked() {
        for (name, own, bad) in [
            (
                "imaging/blur-motion",
                KERNEL,
                "nuisance.kernel.size_pixels=2",
            ),
            (
                "imaging/blur-motion",
                KERNEL,
                "nuisance.kernel.weight_std=0",
            ),
            (
                "mri/brain-cartesian-r4",
                COILS,
                "nuisance.sensitivities.order=9",
            ),
            (
                "mri/brain-cartesian-r4",
                COILS,
                "nuisance.sensitivities.relative_std=-1",
            ),
            (
                "ct/head-sparse60",
                CENTRE,
                "nuisance.centre.std_columns=nan",
            ),
        ] {
            let key = bad.split('=').next().unwrap();
            let found = said(name, &[own, bad]);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with(&format!("`{key}`")), "{found:?}");
        }
        let found = said("imaging/inpainting-box", &[KERNEL]);
        assert!(found[0].contains("goes with [forward.blur]"), "{found:?}");
    }
}
